# SPDX-License-Identifier: Apache-2.0
"""The watch over what the coordinator says, before a server that says what it should not: nothing that goes through a tap, no
event and no webhook is passed over."""

import copy
import http.client
import json
import os
import socket
import sys
import threading

import pytest

from description import Description

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "harness"))

from tap import Answer, Tap, exchanges  # noqa: E402
from watch import Watch  # noqa: E402

DESCRIPTION = Description()
ALIVE = b'{"status":"alive"}'
NONE = b'{"items":[],"next":null}'
OPENED = {"specversion": "1.0", "id": "s3.17", "source": "urn:uuid:1", "type": "com.tocsin.stream.opened",
          "time": "2026-11-29T10:00:00.123Z", "datacontenttype": "application/json",
          "data": {"newest": "e1", "resumed_after": None, "epoch": 3, "version": "1.0.0"}}
WEBHOOK = {"content-type": "application/json", "webhook-id": "e1", "webhook-timestamp": "1790000000", "webhook-signature": "v1,AAAA"}
REPLY = (b'{"type":"reply.received","timestamp":"2026-11-29T10:00:00.123Z","data":{"id":"r1","received":"2026-11-29T10:00:00.123Z",'
         b'"class":"other","result":"kept","channel":"sms","from":"+4790000000","text":"Hi"}}')


def ask(*requests):
    return b"".join(request.encode() + b" HTTP/1.1\r\nHost: x\r\n\r\n" for request in requests)


def answer(body, status=200, media="application/json", more=b""):
    return b"HTTP/1.1 %d X\r\nContent-Type: %s\r\nContent-Length: %d\r\n%s\r\n%s" % (status, media.encode(), len(body), more, body)


def chunked(*pieces, media="application/json", end=b"0\r\n\r\n"):
    return (b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\nTransfer-Encoding: chunked\r\n\r\n" % media.encode() +
            b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + end)


def problems(sent, received):
    watch = Watch(DESCRIPTION)
    for exchange in exchanges(sent, received):
        watch.take(*exchange)
    return watch.problems()


class Server:
    """Takes one connection after the other, and says to each the same whatever it is asked."""

    def __init__(self, says):
        self.says = says
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                connection = self.listener.accept()[0]
            except OSError:
                return
            with connection:
                connection.recv(65536)
                connection.sendall(self.says)

    def close(self):
        self.listener.close()


def through_a_tap(says, path="/healthz"):
    """(what the client got, what the watch found)"""
    server, watch = Server(says), Watch(DESCRIPTION)
    tap = Tap(server.port, watch.take)
    client = http.client.HTTPConnection("127.0.0.1", tap.port, timeout=20)
    client.request("GET", path)
    got = client.getresponse().read()
    client.close()
    tap.close()
    server.close()
    return got, watch.problems()


def test_a_tap_changes_nothing_and_tells_all():
    assert through_a_tap(answer(ALIVE)) == (ALIVE, [])
    got, found = through_a_tap(answer(b'{"status":"asleep"}'))
    assert got == b'{"status":"asleep"}' and "asleep" in found[0]
    assert through_a_tap(answer(NONE), "/v1/nothing")[1] == ["GET /v1/nothing is not described, and answered 200"]


def test_who_finds_no_server_behind_a_tap_gets_no_answer():
    server, watch = Server(b""), Watch(DESCRIPTION)
    server.close()
    tap = Tap(server.port, watch.take)
    client = http.client.HTTPConnection("127.0.0.1", tap.port, timeout=20)
    with pytest.raises((OSError, http.client.HTTPException)):
        client.request("GET", "/healthz")
        client.getresponse()
    client.close()
    tap.close()
    assert watch.problems() == []


def test_several_answers_on_a_connection_are_told_apart():
    body = b"POST /v1/replies HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n\r\n\r\n"
    pieces = b"POST /v1/replies HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n\r\n\r\n\r\n0\r\n\r\n"
    sent = ask("HEAD /healthz", "GET /healthz") + body + pieces + ask("GET /v1/campaigns")
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 18\r\n\r\n"
    taken = answer(b'{"result":"other"}', more=b"X: y\r\n")
    received = head + chunked(ALIVE[:5], ALIVE[5:]) + b"HTTP/1.1 100 Continue\r\n\r\n" + taken + taken + answer(NONE)
    seen = [(method, path, told.body) for method, path, told in exchanges(sent, received)]
    assert seen == [("HEAD", "/healthz", b""), ("GET", "/healthz", ALIVE)] + [("POST", "/v1/replies", b'{"result":"other"}')] * 2 + \
        [("GET", "/v1/campaigns", NONE)]
    assert problems(sent, received) == []
    assert problems(sent, received[:-len(answer(NONE))] + answer(ALIVE)) != []


def test_what_broke_off_is_checked_as_far_as_it_came():
    sent = ask("GET /v1/campaigns")
    assert problems(sent, answer(NONE)[:-5]) == problems(sent, chunked(NONE[:5], end=b"")) == []
    assert problems(sent, answer(NONE)[:20]) == [] == problems(sent, b"")
    assert problems(sent, answer(NONE, media="text/plain")[:-5]) != []
    assert problems(sent, answer(NONE, status=299)[:-5]) != []
    assert problems(sent, b"220 mail.example ESMTP\r\n\r\n") != []


def test_an_answer_to_what_is_no_http_may_only_be_a_refusal():
    refused = b'{"type":"about:blank","title":"Bad Request","status":400,"detail":"x"}'
    for sent in (b"\x16\x03\x01\r\n\r\n", b"GET\r\n\r\n", b""):
        assert problems(sent, answer(b"<html>", 400, "text/html")) == []
        assert problems(sent, answer(refused, 200)) != []


@pytest.mark.parametrize("path, good, bad", [
    ("/v1/campaigns/c1/export", b'{"end":true,"rows":0,"campaign":"c1","campaign_state":"draft","recipients":0}', b'{"end":true,"rows":"0"}'),
    ("/v1/campaigns/c1/evidence", b'{"type":"end"}', b'{"type":"ende"}')])
def test_each_line_is_checked(path, good, bad):
    media = "application/x-ndjson"
    assert problems(ask(f"GET {path}"), chunked(good + b"\n", good + b"\n" + bad, media=media)) == []  # the last is no line yet
    assert problems(ask(f"GET {path}"), chunked(good + b"\n", bad + b"\n", good + b"\n", media=media)) != []
    assert problems(ask(f"GET {path}"), chunked(good + b"\n", b"{\n", media=media)) != []
    many = good + b"\n"
    assert problems(ask(f"GET {path}"), answer(many * 1000, media=media)) == []
    assert problems(ask(f"GET {path}"), answer(many * 1000 + bad + b"\n", media=media)) != []


def stream(*events):
    text = b"retry: 3000\n" + b"".join(b"id: e1\ndata: %s\n\n" % repr_of(event) for event in events) + b": still here\n\n"
    return problems(ask("GET /v1/events"), chunked(text, media="text/event-stream", end=b""))


def repr_of(event):
    return json.dumps(event).encode()


@pytest.mark.parametrize("change", [
    lambda e: e.update(type="com.tocsin.stream.ended"), lambda e: e.update(more=1), lambda e: e.pop("time"),
    lambda e: e["data"].pop("epoch"), lambda e: e["data"].update(more=1), lambda e: e.update(id="17"),
    lambda e: e.update(type="com.tocsin.campaign.progress", subject="c1"), lambda e: e.update(type="com.tocsin.worker.left")])
def test_each_event_of_a_stream_is_checked(change):
    wrong = copy.deepcopy(OPENED)
    change(wrong)
    assert stream(OPENED) == stream() == []
    assert len(stream(OPENED, wrong)) == 1
    watch = Watch(DESCRIPTION)
    watch.take_event(wrong)
    assert len(watch.problems()) == 1 and watch.problems() == []


def test_webhooks_are_checked_with_their_headers():
    def found(name, body, **headers):
        watch = Watch(DESCRIPTION)
        watch.take_webhooks(name, [{"headers": {**WEBHOOK, **headers}, "body": body}])
        return watch.problems()

    event = repr_of({**OPENED, "id": "gap-e7", "type": "com.tocsin.stream.gap", "data": {"from": "e1", "to": "e7", "detail": "x"}})
    assert found("event", event) == found("reply", REPLY) == []
    assert found("event", REPLY) and found("reply", event) and found("reply", REPLY[:-1])
    assert found("reply", REPLY.replace(b'"sms"', b'"SMS"')) and found("reply", REPLY.replace(b'"kept"', b"7"))
    for name, value in (("webhook-id", "7"), ("webhook-timestamp", "soon"), ("webhook-signature", "AAAA"), ("content-type", "text/plain")):
        assert found("event", event, **{name: value}), name
    without = {name: value for name, value in WEBHOOK.items() if name != "webhook-signature"}
    assert DESCRIPTION.check_webhook("event", without, event)


def test_no_more_than_enough_is_kept_of_what_is_alike():
    watch = Watch(DESCRIPTION)
    for _ in range(2 * Watch.ENOUGH):
        watch.take("GET", "/v1/campaigns/c1", Answer(404, {"Content-Type": "application/problem+json"}, b"{}"))
        watch.take_event(OPENED)
    assert len(watch.said) == 2 * Watch.ENOUGH
    watch.take("GET", "/healthz", Answer(200, {"Content-Type": "application/json"}, b"{}"))
    assert len(watch.problems()) == 2
