# SPDX-License-Identifier: Apache-2.0
"""Every page is fit for everybody: axe finds nothing, nothing is wider than the window. TOCSIN_THOROUGH=1 looks at both
themes in both widths; else it is the light one on a desktop and the dark one on a telephone."""


from stage import EmptyStage


def test_every_page_is_fit_for_everybody(play):
    play("pages.mjs")


def test_pages_with_nothing_on_them_are_fit_as_well(play, tmp_path):
    empty = EmptyStage(str(tmp_path))
    try:
        play("pages.mjs", known=empty.known())
    finally:
        empty.close()
