# SPDX-License-Identifier: Apache-2.0
"""Replies are passed on to the help desk: each once, signed so that the verifiers of Standard Webhooks and Svix know it, also
when the desk is away for a while and the coordinator is killed meanwhile."""

import base64
import http.server
import json
import os
import re
import threading
import time

import pytest

from support import BUILD, Cluster, QUICK, coordinator, free_port, wait_for
from node_peer import node_run  # on the path since support
from watch import WATCH

OLD, NEW, WRONG = ("whsec_" + base64.b64encode(letter * 32).decode() for letter in (b"o", b"n", b"w"))


class Desk:
    """Keeps what it gets, and answers as it is told."""

    def __init__(self, port):
        self.port = port
        self.seen = []
        self.answer = lambda number: (204, {})
        self.server = None

    def open(self):
        desk = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                desk.seen.append({"path": self.path, "headers": {k.lower(): v for k, v in self.headers.items()}, "body": body})
                status, headers = desk.answer(len(desk.seen))
                self.send_response(status)
                for name, value in {"Content-Length": "0", **headers}.items():
                    self.send_header(name, value)
                self.end_headers()

            def do_GET(self):
                desk.seen.append({"path": self.path, "headers": {}, "body": b""})
                self.send_error(404)

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def close(self):
        if self.server is not None:
            self.server.shutdown()
            self.server.server_close()
            self.server = None

    def ids(self):
        return [request["headers"]["webhook-id"] for request in self.seen]

    def texts(self):
        return [json.loads(request["body"])["data"]["text"] for request in self.seen]


@pytest.fixture
def desk():
    desk = Desk(free_port()).open()
    yield desk
    desk.close()
    WATCH.take_webhooks("reply", [request for request in desk.seen if request["body"]])


@pytest.fixture
def make(place, desk):
    clusters = []

    def start(**more):
        keys = []
        for name, key in (("new", NEW), ("old", OLD)):
            keys.append(os.path.join(place, name))
            with open(keys[-1], "w", encoding="ascii") as f:
                f.write(key + "\n")
        forward = {"url": f"http://127.0.0.1:{desk.port}/hook", "keys": [f"file:{path}" for path in keys], "allow_http": True,
                   "allow_private": True, "classes": ["other", "help"], **more}
        cluster = Cluster(os.path.join(place, "cluster"), BUILD, [], {**QUICK, "replies": {"forward": forward}})
        clusters.append(cluster)
        cluster.start_coordinator()
        return cluster

    yield start
    for cluster in clusters:
        cluster.close()


def write(cluster, *texts):
    cluster.api.post("/v1/replies", [{"channel": "sms", "from": f"+479000{i:04}", "text": text} for i, text in enumerate(texts)])


def metric(cluster, name):
    text = cluster.api.call("GET", "/metrics").body.decode()
    return int(re.search(rf"^{re.escape(name)} (\d+)$", text, re.MULTILINE).group(1))


def waiting(cluster):
    return metric(cluster, "tocsin_reply_forwards_waiting")


def failed(cluster):
    return metric(cluster, 'tocsin_reply_forwards_total{result="failed"}')


def verify(desk):
    """Both verifiers know all requests by either key, and by no other."""
    lines = "".join(json.dumps({"headers": request["headers"], "body": base64.b64encode(request["body"]).decode()}) + "\n"
                    for request in desk.seen)
    said = [json.loads(line) for line in node_run("webhook_verify.js", [NEW, OLD, WRONG], stdin=lines.encode()).splitlines()]
    assert len(said) == len(desk.seen)
    for request, verdicts in zip(desk.seen, said):
        document = json.loads(request["body"])
        for verifier in ("standardwebhooks", "svix"):
            assert verdicts[NEW][verifier] == verdicts[OLD][verifier] == document
            assert isinstance(verdicts[WRONG][verifier], str)


def test_a_reply_reaches_the_help_desk_signed(make, desk):
    cluster = make()
    write(cluster, "Who is this?", "STOP", "Hjelp! 😀 \"æøå\"", "help", "ACK 7KQ2")
    wait_for("three webhooks", lambda: len(desk.seen) == 3, 10)
    wait_for("all of them noted", lambda: waiting(cluster) == 0, 10)
    assert sorted(desk.texts()) == sorted(["Who is this?", "Hjelp! 😀 \"æøå\"", "help"])
    document = json.loads(next(r["body"] for r in desk.seen if b"Who" in r["body"]))
    assert document["type"] == "reply.received" and document["timestamp"] == document["data"]["received"]
    assert document["data"] == cluster.api.get(f"/v1/replies/{document['data']['id']}")
    assert desk.seen[0]["headers"]["content-type"] == "application/json"
    verify(desk)
    time.sleep(1)
    assert len(set(desk.ids())) == len(desk.ids()) == 3


def test_none_is_lost_or_doubled_while_the_desk_is_away_and_the_coordinator_killed(make, desk):
    cluster = make()
    desk.close()
    texts = [f"question {i}" for i in range(40)]
    write(cluster, *texts)
    wait_for("tries in vain", lambda: failed(cluster) >= 16, 10)
    cluster.coordinator.kill()
    cluster.start_coordinator()
    assert waiting(cluster) == 40
    desk.open()
    wait_for("all replies", lambda: len(desk.seen) >= 40, 60)
    wait_for("all of them noted", lambda: waiting(cluster) == 0, 10)
    assert sorted(desk.texts()) == sorted(texts)
    assert len(set(desk.ids())) == 40
    verify(desk)
    cluster.coordinator.kill()
    cluster.start_coordinator()
    time.sleep(2)
    assert len(desk.seen) == 40


def test_a_try_again_has_the_same_id_and_is_signed_anew(make, desk):
    cluster = make()
    desk.answer = lambda number: (503, {"Retry-After": "1"}) if number == 1 else (200, {})
    write(cluster, "Hello?")
    wait_for("the second try", lambda: len(desk.seen) == 2, 20)
    wait_for("it is noted", lambda: waiting(cluster) == 0, 10)
    assert len(set(desk.ids())) == 1 and desk.seen[0]["body"] == desk.seen[1]["body"]
    times = [int(request["headers"]["webhook-timestamp"]) for request in desk.seen]
    assert 4 <= times[1] - times[0] <= 12
    verify(desk)


def test_a_redirect_is_not_followed(make, desk):
    cluster = make()
    desk.answer = lambda number: (307, {"Location": "/elsewhere"}) if number == 1 else (200, {})
    write(cluster, "Hello?")
    wait_for("the second try", lambda: len(desk.seen) == 2, 20)
    assert [request["path"] for request in desk.seen] == ["/hook", "/hook"]


def test_examples_of_the_manual_are_taken_and_every_key_is_explained(tmp_path):
    root = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..")
    with open(os.path.join(root, "docs", "replies.md"), encoding="utf-8") as f:
        manual = f.read()
    with open(os.path.join(root, "coordinator", "coordinator_schema.c"), encoding="utf-8") as f:
        schema = f.read()
    blocks = re.findall(r"```yaml\n(.*?)```", manual, re.DOTALL)
    assert len(blocks) == 2
    for block in blocks:
        path = tmp_path / "coordinator.yaml"
        path.write_text(block, encoding="utf-8")
        status, _, err = coordinator("--check-settings", path)
        assert (status, err) == (0, "")
    keys = re.findall(r'"([a-z_]+)", (?:OPTIONAL\w*, )?struct raw_(?:forward|replies)', schema)
    assert len(keys) >= 9 and [key for key in keys if f"`{key}`" not in manual and f"{key}:" not in manual] == []


def test_a_private_address_is_not_called_unasked(make, desk):
    cluster = make(allow_private=False)
    write(cluster, "Hello?")
    wait_for("a try in vain", lambda: failed(cluster) == 1, 10)
    assert desk.seen == [] and waiting(cluster) == 1
