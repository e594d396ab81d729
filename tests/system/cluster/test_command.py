# SPDX-License-Identifier: Apache-2.0
"""The operator's command as it is used: asked for help, in pipes that close, on a terminal, and without its streams."""

import json
import os
import pty
import re
import signal
import socket
import subprocess
import threading

from support import BUILD, lines_of_json, tocsin, upload, wait_for

TOCSIN = os.path.join(BUILD, "bin", "tocsin")
PROVIDER = {"name": "gateway", "channel": "sms", "adapter": "null", "rate": 500}


def environment(cluster):
    return {**os.environ, "TOCSIN_API": cluster.url(), "TERM": "xterm",
            "TOCSIN_TOKEN_FILE": os.path.join(cluster.data_dir, "admin.token")}


def test_every_command_explains_itself_and_refuses_what_it_does_not_know():
    status, out, err = tocsin(None, "--help")
    assert (status, err) == (0, "")
    groups = set(re.findall(r"^  ([a-z]+) ", out.split("options\n")[0], re.M))
    commands = set(re.findall(r"^  ([a-z]+ [a-z]+) ", out.split("options\n")[0], re.M)) | groups
    assert {"send", "doctor", "keygen", "audience import", "campaign watch", "recipient show"} <= commands
    for command in commands:
        status, out, err = tocsin(None, *command.split(), "--help")
        assert (status, err) == (0, "") and out.startswith(f"tocsin {command}"), command
        status, out, err = tocsin(None, *command.split(), "--nonsense")
        assert status == 2 and out == "" and "there is no option --nonsense" in err and len(err.splitlines()) == 1, err


class Recorder(threading.Thread):
    """Answers each request with a list of one, and keeps all that was sent."""

    def __init__(self):
        super().__init__(daemon=True)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.got = b""
        self.start()

    def run(self):
        connection, _ = self.listener.accept()
        body = json.dumps({"items": [{"id": "c1", "name": "x" * 9000}], "next": None}).encode()
        while piece := connection.recv(65536):
            if b"\r\n\r\n" in piece:
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body))
                connection.sendall(body)
            self.got += piece


def test_without_a_standard_output_nothing_is_printed_elsewhere():
    """The first socket must not get its number."""
    for words in (("campaign", "list", "--json"), ("campaign", "list")):
        recorder = Recorder()
        done = subprocess.run(["sh", "-c", 'exec "$@" >&-', "sh", TOCSIN, *words], stderr=subprocess.PIPE, timeout=30, env={
            **os.environ, "TOCSIN_API": f"http://127.0.0.1:{recorder.port}", "TOCSIN_TOKEN": "x"})
        recorder.join(10)
        assert recorder.got.startswith(b"GET /v1/campaigns") and recorder.got.endswith(b"\r\n\r\n"), recorder.got
        assert done.returncode == 1 and b"standard output cannot be written" in done.stderr, done.stderr


def test_numbers_come_as_the_api_gives_them(make_cluster):
    cluster = make_cluster([{**PROVIDER, "rate": 442.1}])
    status, out, _ = tocsin(cluster, "provider", "list", "--json")
    assert status == 0 and '"rate_per_s":442.1,' in out
    assert lines_of_json(out)[0].keys() == cluster.api.get("/v1/providers")["items"][0].keys()


def test_every_list_is_shown(make_cluster):
    cluster = make_cluster([PROVIDER])
    cluster.campaign(upload(cluster, 10), "sms", {"sms": {"text": "Hi"}}, launch=False)
    help_text = tocsin(None, "--help")[1].split("options\n")[0]
    lists = set(re.findall(r"^  ([a-z]+ (?:list|refusals)) ", help_text, re.M))
    operands = {"audience refusals": ["a1"], "recipient list": ["c1"]}
    assert {"key list", "plan list", "suppression list", *operands} <= lists
    for command in lists:
        for more in ([], ["--json"], ["--quiet"]):
            status, _, err = tocsin(cluster, *command.split(), *operands.get(command, []), *more)
            assert status == 0, (command, more, err)
    assert re.search(r"^ +1 ", tocsin(cluster, "key", "list")[1], re.M)


def test_a_reader_that_has_enough_ends_the_command_quietly(make_cluster):
    cluster = make_cluster([PROVIDER], workers=0)
    cluster.campaign(upload(cluster, 20000), "sms", {"sms": {"text": "Hi"}}, launch=False)
    child = subprocess.Popen([TOCSIN, "recipient", "list", "c1"], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                             env=environment(cluster))
    assert child.stdout.readline().startswith(b"recipient")
    child.stdout.close()
    assert child.wait(30) == -signal.SIGPIPE and child.stderr.read() == b""
    child.stderr.close()


def read_of(terminal, seen):
    try:
        seen += os.read(terminal, 65536)
    except OSError:
        pass
    return bytes(seen)


def test_a_terminal_is_drawn_over_and_ctrl_c_leaves_the_campaign(make_cluster):
    cluster = make_cluster([PROVIDER])
    campaign = cluster.campaign(upload(cluster, 20000), "sms", {"sms": {"text": "Hi"}})["id"]
    terminal, end = pty.openpty()
    child = subprocess.Popen([TOCSIN, "campaign", "watch", campaign], stdin=end, stdout=end, stderr=end, close_fds=True,
                             start_new_session=True, env=environment(cluster))
    os.close(end)
    seen = bytearray()
    wait_for("a view drawn over", lambda: read_of(terminal, seen).count(b"a second") >= 3, 20)
    assert b"\x1b[" in seen
    child.send_signal(signal.SIGINT)
    wait_for("the end", lambda: b"no longer watching" in read_of(terminal, seen), 20)
    assert child.wait(20) == 130
    assert f"tocsin campaign watch {campaign}".encode() in read_of(terminal, seen)
    os.close(terminal)
    assert cluster.api.get(f"/v1/campaigns/{campaign}")["state"] == "running"
