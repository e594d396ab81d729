# SPDX-License-Identifier: Apache-2.0
"""The dashboard as people use it: Debian's Chromium before a real cluster. What is done in the browser stands in the
scripts beside this file."""

import time


def test_a_whole_day_from_signing_in_to_signing_out(play):
    play("day.mjs")


def test_plans_are_made_changed_and_deleted(play):
    play("plans.mjs")


def test_a_viewers_buttons_are_refused_by_the_coordinator(play):
    play("viewer.mjs")


def test_html_is_shown_as_text(play):
    play("text.mjs")


def test_everything_can_be_done_by_the_keyboard(play):
    play("keyboard.mjs")


def test_the_page_goes_on_when_the_coordinator_comes_back(stage, play):
    def kill_and_start():
        stage.cluster.coordinator.kill()
        time.sleep(4.5)
        stage.cluster.start_coordinator()

    play("back.mjs", on_word={"kill": kill_and_start})
