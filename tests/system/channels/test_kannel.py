# SPDX-License-Identifier: Apache-2.0
"""The http adapter, with the settings of docs/channels.md, against Kannel: bearerbox, smsbox and its fake SMSC."""

import pytest

import peers
from cluster import wait_for
from kannel import Kannel, is_there
from peers import send

pytestmark = pytest.mark.skipif(not is_there(), reason="Kannel is not installed")


@pytest.fixture(scope="module")
def kannel(tmp_path_factory):
    server = Kannel(str(tmp_path_factory.mktemp("kannel")))
    try:
        server.start()
        yield server
    finally:
        server.stop()


def settings(port, **more):
    return {
        "url": f"http://127.0.0.1:{port}/cgi-bin/sendsms",
        "format": "query",
        "body": {"username": "tester", "password": "{{secret.password}}", "from": "12345", "to": "{{to}}",
                 "text": "{{text}}", "charset": "UTF-8", "coding": 0},
        "secrets": {"password": "env:KANNEL_PASSWORD"},
        "rules": [
            {"status": 202, "body_regex": "^[03]:", "outcome": "accepted"},
            {"status": 202, "outcome": "uncertain"},
            {"status": 403, "outcome": "misconfigured"},
            {"status": 400, "outcome": "rejected"},
            {"status": 503, "outcome": "deferred"},
        ],
        "connections": 4, **more}


PASSWORD = {"KANNEL_PASSWORD": "foobar"}


def test_messages_reach_the_smsc(tmp_path, kannel):
    attempts = [{"to": f"+47900000{i:02}", "text": f"Hi & 100% \"{i}\""} for i in range(20)]
    run = send(tmp_path, "http", settings(kannel.ports["sendsms"]), attempts, env=PASSWORD)
    assert run.counts() == {"accepted": 20}
    assert all(result["reason"] == 202 for result in run)
    expected = [f'<12345 {attempt["to"]} text {attempt["text"]}>' for attempt in attempts]
    wait_for("the messages", lambda: all(line in kannel.received() for line in expected), 15)


def test_a_wrong_password_is_a_matter_of_configuration(tmp_path, kannel):
    run = send(tmp_path, "http", settings(kannel.ports["sendsms"]), [{"to": "+4790000001", "text": "x"}],
               env={"KANNEL_PASSWORD": "wrong"})
    assert run.outcomes() == [("misconfigured", 403)]


def test_what_can_never_work_is_rejected(tmp_path, kannel):
    run = send(tmp_path, "http", settings(kannel.ports["sendsms"]), [{"to": "", "text": "x"}, {"to": "nobody", "text": "x"}],
               env=PASSWORD)
    assert run.outcomes() == [("rejected", 400), ("rejected", 400)]


def test_a_link_that_is_down_still_takes_messages_and_a_box_that_is_down_none(tmp_path, kannel):
    kannel.stop_smsc()
    run = send(tmp_path, "http", settings(kannel.ports["sendsms"]), [{"to": "+4790000001", "text": "x"}], env=PASSWORD)
    assert run.outcomes() == [("accepted", 202)]
    kannel.stop()
    run = send(tmp_path, "http", settings(kannel.ports["sendsms"]), [{"to": "+4790000001", "text": "x"}], env=PASSWORD)
    assert run.outcomes() == [("deferred", peers.CONNECT_FAILED)]
