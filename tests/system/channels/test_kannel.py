# SPDX-License-Identifier: Apache-2.0
"""The http adapter, with the settings of docs/channels.md, against Kannel: bearerbox, smsbox and its fake SMSC."""

import os
import shutil
import time

import pytest

import peers
from cluster import Process, free_port, port_answers, wait_for
from peers import send

FAKE_SMSC = "/usr/lib/kannel/test/fakesmsc"
pytestmark = pytest.mark.skipif(shutil.which("bearerbox") is None or not os.path.exists(FAKE_SMSC),
                                reason="Kannel is not installed")

CONFIG = """
group = core
admin-port = {admin}
admin-interface = "127.0.0.1"
admin-password = admpw
status-password = stpw
smsbox-port = {smsbox}
smsbox-interface = "127.0.0.1"
log-file = "{dir}/bearerbox.log"
dlr-storage = internal
store-type = file
store-location = "{dir}/store"

group = smsc
smsc = fake
smsc-id = FAKE
port = {smsc}
connect-allow-ip = 127.0.0.1

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = {sendsms}
sendsms-interface = "127.0.0.1"

group = sendsms-user
username = tester
password = foobar
max-messages = 10
concatenation = true

group = sms-service
keyword = default
catch-all = true
max-messages = 0
text = "x"
"""


class Kannel:
    def __init__(self, directory):
        self.dir = directory
        self.ports = {name: free_port() for name in ("admin", "smsbox", "smsc", "sendsms")}
        with open(os.path.join(directory, "kannel.conf"), "w", encoding="utf-8") as f:
            f.write(CONFIG.format(dir=directory, **self.ports).lstrip())
        self.processes = []

    def run(self, name, argv, port=None):
        process = Process(argv, os.path.join(self.dir, f"{name}.out"))
        self.processes.append(process)
        if port is not None:
            wait_for(name, lambda: port_answers(self.ports[port]), 20)
        return process

    def start(self):
        config = os.path.join(self.dir, "kannel.conf")
        self.run("bearerbox", ["bearerbox", config], "smsbox")
        self.run("smsbox", ["smsbox", config], "sendsms")
        # It prints each message that it gets, and answers success.
        self.smsc = self.run("fakesmsc", [FAKE_SMSC, "-H", "127.0.0.1", "-r", str(self.ports["smsc"]), "-i", "1", "-m", "1",
                                          "+4790000000 12345 text hello"])
        time.sleep(1)

    def stop(self):
        for process in reversed(self.processes):
            process.stop(5)

    def received(self):
        with open(self.smsc.log, encoding="utf-8", errors="replace") as f:
            return f.read()


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
    kannel.processes.pop().stop(5)
    run = send(tmp_path, "http", settings(kannel.ports["sendsms"]), [{"to": "+4790000001", "text": "x"}], env=PASSWORD)
    assert run.outcomes() == [("accepted", 202)]
    for process in reversed(kannel.processes):
        process.stop(5)
    run = send(tmp_path, "http", settings(kannel.ports["sendsms"]), [{"to": "+4790000001", "text": "x"}], env=PASSWORD)
    assert run.outcomes() == [("deferred", peers.CONNECT_FAILED)]
