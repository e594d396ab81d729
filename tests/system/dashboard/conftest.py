# SPDX-License-Identifier: Apache-2.0
"""The stage that all tests of a file play on, and how a script is played."""

import json
import os
import subprocess
import tempfile
import threading

import pytest

from stage import Stage

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
    def play(script, seconds=200):
        known = {**stage.known(), "thorough": bool(os.environ.get("TOCSIN_THOROUGH"))}
        done = subprocess.run(["node", os.path.join(HERE, script), json.dumps(known)], stdin=subprocess.DEVNULL, timeout=seconds,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        assert done.returncode == 0, done.stdout[:4000]

    return play
