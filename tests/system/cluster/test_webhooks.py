# SPDX-License-Identifier: Apache-2.0
"""Webhooks through a whole cluster: customers' servers that are down, slow or want no more are their own trouble, and a
request that is repeated is known by its id."""

import collections
import http.server
import json
import threading
import time
import urllib.parse

import pytest

from support import free_port, pages, wait_for

KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
Call = collections.namedtuple("Call", "key at_s id timestamp signature")


class Customers(http.server.ThreadingHTTPServer):
    """/KEY/WORD: `ok`; `once`, 503 the first time; `limit`, always 429; `gone`, 410; `slow`, an answer after 20 s."""

    request_queue_size = 512

    def __init__(self):
        self.calls, self.lock, self.closing = [], threading.Lock(), threading.Event()
        super().__init__(("127.0.0.1", 0), Answer)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def url(self, path):
        return f"http://127.0.0.1:{self.server_address[1]}{path}"

    def calls_of(self, key):
        with self.lock:
            return [call for call in self.calls if call.key == key]

    def stop(self):
        self.closing.set()
        self.shutdown()
        self.server_close()


class Answer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        customers, (key, word) = self.server, self.path.strip("/").split("/")
        document = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        assert document["data"]["recipient"] == key
        with customers.lock:
            customers.calls.append(Call(key, time.time(), *(self.headers[f"webhook-{name}"] for name in
                                                            ("id", "timestamp", "signature"))))
        if word == "slow":
            customers.closing.wait(20)
        is_first = len(customers.calls_of(key)) == 1
        self.send_response({"limit": 429, "gone": 410}.get(word, 503 if word == "once" and is_first else 200))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *arguments):
        pass


@pytest.fixture
def customers():
    server = Customers()
    yield server
    server.stop()


def send(make_cluster, monkeypatch, endpoints, plan):
    monkeypatch.setenv("WEBHOOK_KEY", KEY)
    provider = {"name": "hooks", "channel": "webhook", "adapter": "webhook",
                "settings": {"keys": ["env:WEBHOOK_KEY"], "allow_private": ["127.0.0.0/8"], "allow_http": True, "timeout": "1s"}}
    cluster = make_cluster([provider], {"log_level": "info"})
    rows = "id,webhook\n" + "".join(f"{key},{url}\n" for key, url in endpoints.items())
    audience = cluster.api.upload(rows.encode()).json()["id"]
    return cluster, cluster.campaign(audience, "webhook", {"webhook": {"text": "Boil your water"}}, plan)["id"]


def states(cluster, campaign):
    return {item["key"]: (item["state"], item.get("reason")) for item in pages(cluster, f"/v1/campaigns/{campaign}/recipients")}


def test_one_customers_trouble_is_nobody_elses(make_cluster, monkeypatch, customers):
    dead = f"http://127.0.0.1:{free_port()}/"
    words = {**{f"ok{i}": "ok" for i in range(300)}, **{f"limit{i}": "limit" for i in range(40)},
             **{f"slow{i}": "slow" for i in range(20)}}
    endpoints = {key: customers.url(f"/{key}/{word}") for key, word in words.items()}
    # The troubled ones come first, and many of them on end, as a breaker would count them.
    endpoints = {**{f"dead{i}": dead for i in range(60)}, **{f"far{i}": f"http://10.9.{i}.1/" for i in range(40)},
                 **dict(sorted(endpoints.items()))}
    began = time.time()
    cluster, campaign = send(make_cluster, monkeypatch, endpoints, {"attempts": 2, "backoff": "200ms", "on_uncertain": "hold"})
    view = cluster.wait_campaign(campaign, 60)
    assert view["counts"]["accepted"] == 300
    assert max(customers.calls_of(f"ok{i}")[0].at_s for i in range(300)) - began < 15
    reached = states(cluster, campaign)
    kinds = {kind: {state for key, state in reached.items() if key.rstrip("0123456789") == kind}
             for kind in ("dead", "far", "ok", "limit", "slow")}
    assert {kind: {state for state, _ in found} for kind, found in kinds.items()} == {
        "dead": {"failed"}, "far": {"failed"}, "ok": {"accepted"}, "limit": {"failed"}, "slow": {"uncertain"}}
    # Who was down was tried twice, and who stands behind a wall not at all.
    timeline = cluster.api.get(f"/v1/campaigns/{campaign}/recipients/dead0")["timeline"]
    assert [entry["reason"] for entry in timeline if entry.get("reason")][-1] == 1111
    timeline = cluster.api.get(f"/v1/campaigns/{campaign}/recipients/far0")["timeline"]
    assert [entry["reason"] for entry in timeline if entry.get("reason")] == [1110]
    assert all(len(customers.calls_of(f"limit{i}")) == 2 for i in range(40))
    provider = cluster.api.get("/v1/providers")["items"][0]
    assert provider["name"] == "hooks" and provider["breaker"] == "closed"
    with open(cluster.coordinator.log, encoding="utf-8") as log:
        assert not any("breaker_open" in line or "throttled" in line for line in log)


def test_a_repeated_request_has_its_id_and_a_signature_of_its_own(make_cluster, monkeypatch, customers):
    endpoints = {key: customers.url(f"/{key}/once") for key in ("a", "b")}
    cluster, campaign = send(make_cluster, monkeypatch, endpoints, {"attempts": 3, "backoff": "4s"})
    assert cluster.wait_campaign(campaign, 30)["counts"]["accepted"] == 2
    first, second = customers.calls_of("a")
    assert first.id == second.id and "." not in first.id and first.id.startswith("msg_")
    assert int(first.timestamp) < int(second.timestamp) and first.signature != second.signature
    assert customers.calls_of("b")[0].id != first.id


def test_a_customer_who_wants_no_more_is_not_called_again(make_cluster, monkeypatch, customers):
    gone = customers.url("/g/gone")
    endpoints = {"g": gone, "k": customers.url("/k/ok")}
    cluster, campaign = send(make_cluster, monkeypatch, endpoints, {"attempts": 3, "backoff": "100ms"})
    counts = cluster.wait_campaign(campaign, 30)["counts"]
    assert (counts["accepted"], counts["failed"]) == (1, 1) and len(customers.calls_of("g")) == 1
    path = f"/v1/suppressions/webhook/{urllib.parse.quote(gone, safe='')}"
    wait_for("the endpoint on the list", lambda: cluster.api.call("GET", path).status == 200, 10)
    audience = cluster.api.get(f"/v1/campaigns/{campaign}")["audience"]
    again = cluster.campaign(audience, "webhook", {"webhook": {"text": "More"}})["id"]
    assert cluster.wait_campaign(again, 30)["counts"]["suppressed"] == 1
    assert len(customers.calls_of("g")) == 1 and len(customers.calls_of("k")) == 2
