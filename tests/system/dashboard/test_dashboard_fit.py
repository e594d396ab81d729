# SPDX-License-Identifier: Apache-2.0
"""Every page is fit for everybody: axe finds nothing, nothing is wider than the window. TOCSIN_THOROUGH=1 looks at both
themes in both widths; else it is the light one on a desktop and the dark one on a telephone."""


def test_every_page_is_fit_for_everybody(play):
    play("pages.mjs")
