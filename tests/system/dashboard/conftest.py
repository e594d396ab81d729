# SPDX-License-Identifier: Apache-2.0
"""The stage that all tests of a file play on, and how a script is played."""

import json
import os
import subprocess
import sys
import tempfile
import threading

import pytest

from stage import ROOT, Stage

sys.path.insert(0, os.path.join(ROOT, "tests", "openapi"))

from watch import all_is_as_described, the_rest_is_as_described  # noqa: E402,F401 (fixtures: what the browser gets, too)

HERE = os.path.dirname(os.path.abspath(__file__))


@pytest.fixture(scope="module", name="stage")
def a_stage():
    with tempfile.TemporaryDirectory(prefix="tocsin-dashboard-") as directory:
        stage = Stage(directory)
        stop = threading.Event()
        people = None
        try:
            running = stage.set()
            people = threading.Thread(target=stage.go_on, args=(running, stop))
            people.start()
            yield stage
        finally:
            stop.set()
            if people:
                people.join()
            stage.close()


@pytest.fixture(name="play")
def a_play(stage):
    def play(script, seconds=200, on_word=None, known=None):
        """on_word: what to do when the script says a word on a line of its own; known: another stage's."""
        known = {**(known or stage.known()), "thorough": bool(os.environ.get("TOCSIN_THOROUGH"))}
        child = subprocess.Popen(["node", os.path.join(HERE, script), json.dumps(known)], stdin=subprocess.DEVNULL,
                                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        late = threading.Timer(seconds * (2 if known["thorough"] else 1), child.kill)
        late.start()
        try:
            said = []
            for line in child.stdout:
                said.append(line)
                if on_word and line.strip() in on_word:
                    on_word[line.strip()]()
            status = child.wait()
        finally:
            late.cancel()
            child.kill()
        assert status == 0, "".join(said)[:4000]

    return play
