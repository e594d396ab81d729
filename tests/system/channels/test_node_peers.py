# SPDX-License-Identifier: Apache-2.0
"""The Node packages of tests/peers are there and load, and the recorder records what it is sent."""

import json
import os

import pytest

from peers import make_certificate, send
from node_peer import SCRIPTS, node_peer, node_run
from recorder import Recorder


@pytest.mark.parametrize("folder", ["", "heavy"])
def test_every_package_of_the_lock_file_is_installed_and_loads(folder):
    with open(os.path.join(SCRIPTS, folder, "package-lock.json"), encoding="utf-8") as f:
        lock = json.load(f)
    assert not any("resolved" in package for package in lock["packages"].values())
    versions = json.loads(node_run("versions.js", os.path.join(SCRIPTS, folder, "package.json")))
    wanted = lock["packages"][""]["devDependencies"]
    assert set(versions) == {"node", *wanted}
    for name in wanted:
        assert versions[name] == lock["packages"][f"node_modules/{name}"]["version"]
    assert int(versions["node"].split(".")[0]) >= 20


HTTP = {"method": "POST", "format": "json", "body": {"to": "{{to}}", "text": "{{text}}"}, "headers": {"X-Key": "{{key}}"}}
ATTEMPTS = [{"to": f"+479000000{i}", "text": "blåbær", "key": f"k{i}"} for i in range(5)]


def test_the_recorder_keeps_every_part_of_a_request(tmp_path):
    with Recorder(tmp_path, answers=[{"path": "^/v1/", "status": 202, "body": {"id": "m1"}}]) as recorder:
        run = send(tmp_path, "http", {**HTTP, "url": recorder.url("/v1/send?a=1"), "ref": {"json": "/id"}}, ATTEMPTS)
        assert run.counts() == {"accepted": 5} and {result["ref"] for result in run} == {"m1"}
        requests = sorted(recorder.requests(), key=lambda request: request.headers["x-key"])
        assert [(r.method, r.path, r.protocol) for r in requests] == [("POST", "/v1/send?a=1", "1.1")] * 5
        assert [r.headers["x-key"] for r in requests] == [f"k{i}" for i in range(5)]
        assert [r.json() for r in requests] == [{"to": a["to"], "text": a["text"]} for a in ATTEMPTS]


def test_the_recorder_speaks_tls_and_answers_by_path(tmp_path):
    cert, key = make_certificate(tmp_path)
    answers = [{"path": "/gone$", "status": 400, "body": "no"}, {"path": "", "status": 204}]
    with Recorder(tmp_path, tls={"cert": cert, "key": key}, answers=answers) as recorder:
        settings = {**HTTP, "url": recorder.url("/gone"), "ca_file": cert}
        assert send(tmp_path, "http", settings, ATTEMPTS[:1]).outcomes() == [("rejected", 400)]
        settings["url"] = recorder.url("/there")
        assert send(tmp_path, "http", settings, ATTEMPTS[:1]).outcomes() == [("accepted", 204)]
        assert [request.path for request in recorder.requests()] == ["/gone", "/there"]


def test_a_script_that_ends_before_it_is_ready_says_why(tmp_path):
    with pytest.raises(RuntimeError, match="ENOENT"):
        node_peer(tmp_path, "recorder.js", tmp_path / "record", {"tls": {"cert": "/nowhere", "key": "/nowhere"}})
