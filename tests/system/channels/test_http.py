# SPDX-License-Identifier: Apache-2.0
"""The http adapter against nginx, and against a socket that misbehaves in every way we know of."""

import json
import ssl
import time
import urllib.parse

import pytest

import peers
from cluster import free_port, start_nginx
from peers import Blackhole, Server, answer, answering, read_request, reset, send

ONE = [{"to": "+4790000001", "text": "Hi \"you\"\n"}]
OK_FALSE = [{"status": 200, "body_contains": "ok:false", "outcome": "rejected"}]
BODY = {"to": "{{to}}", "text": "{{text}}", "reference": "{{token}}"}


def many_of(count):
    return [{**ONE[0], "repeat": count}]


def settings(url, **more):
    return {"url": url, "body": BODY, "connections": 4, "timeout": "5s", **more}


@pytest.fixture(scope="module")
def nginx(tmp_path_factory):
    date = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + 3600))
    process, port = start_nginx(str(tmp_path_factory.mktemp("nginx")), {
        "/seconds": 'add_header Retry-After 7 always; return 429;',
        "/date": f'add_header Retry-After "{date}" always; return 429;',
        "/busy": 'add_header Retry-After 3 always; return 503;',
        "/down": "return 503;",
        "/error": "return 500;",
        "/gateway": "return 504;",
        "/forbidden": "return 401;",
        "/gone": "return 410;",
        "/moved": "return 301 http://127.0.0.1:1/;",
        "/id": 'add_header X-Message-Id h-1 always; return 202 \'{"message":{"id":"m-1"}}\';',
    })
    yield f"http://127.0.0.1:{port}"
    process.stop()


@pytest.mark.parametrize("path, outcome, status", [
    ("/", "accepted", 202), ("/error", "deferred", 500), ("/down", "deferred", 503), ("/gateway", "uncertain", 504),
    ("/forbidden", "misconfigured", 401), ("/gone", "rejected", 410), ("/moved", "misconfigured", 301)])
def test_a_status_is_an_outcome(nginx, tmp_path, path, outcome, status):
    assert send(tmp_path, "http", settings(nginx + path), ONE).outcomes() == [(outcome, status)]


def test_retry_after_is_read_in_both_forms(nginx, tmp_path):
    result = send(tmp_path, "http", settings(nginx + "/seconds"), ONE)[0]
    assert (result["outcome"], result["reason"], result["retry_after_ms"]) == ("throttled", 429, 7000)
    result = send(tmp_path, "http", settings(nginx + "/date"), ONE)[0]
    assert result["outcome"] == "throttled" and 3500_000 < result["retry_after_ms"] <= 3600_000
    result = send(tmp_path, "http", settings(nginx + "/busy"), ONE)[0]
    assert (result["outcome"], result["reason"], result["retry_after_ms"]) == ("throttled", 503, 3000)


@pytest.mark.parametrize("ref, expected", [
    ({"json": "/message/id"}, "m-1"), ({"header": "X-Message-Id"}, "h-1"), ({"regex": '"id":"([^"]*)"'}, "m-1")])
def test_the_providers_id_is_found(nginx, tmp_path, ref, expected):
    assert send(tmp_path, "http", settings(nginx + "/id", ref=ref), ONE)[0]["ref"] == expected


def test_many_attempts_share_few_connections(nginx, tmp_path):
    run = send(tmp_path, "http", settings(nginx, connections=16), [{**ONE[0], "repeat": 5000}])
    assert run.counts() == {"accepted": 5000}
    assert run.summary["longest_stall_ms"] < 500


def test_connections_are_kept_and_bounded(tmp_path):
    with Server(answering(202)) as server:
        run = send(tmp_path, "http", settings(server.url(), connections=8), [{**ONE[0], "repeat": 400}])
        assert run.counts() == {"accepted": 400}
        assert len(server.requests) == 400
        assert len(server.connections) <= 8


def test_a_provider_that_keeps_no_connection_gets_new_ones(tmp_path):
    def answer_once(server, connection, _):
        read_request(server, connection)
        answer(connection, 202, headers="Connection: close\r\n")
    with Server(answer_once) as server:
        run = send(tmp_path, "http", settings(server.url()), many_of(200))
        assert run.counts() == {"accepted": 200}
        assert len(server.requests) == 200


def test_a_recipient_whose_url_cannot_be_called_is_rejected_unsent(tmp_path):
    with Server(answering(202)) as server:
        run = send(tmp_path, "http", settings(server.url("/{{to|raw}}")), [{"to": "a b"}, {"to": "a\r\nb"}, {"to": "ab"}])
        assert run.outcomes() == [("rejected", peers.NO_ENDPOINT)] * 2 + [("accepted", 202)]
        assert [request.path for request in server.requests] == ["/ab"]


def test_what_is_sent_is_what_the_settings_say(tmp_path):
    attempt = {"to": "+47 90&1", "text": "æ\n\"x\"", "token": "T" * 32, "campaign": 5, "ordinal": 6, "step": 1,
               "key": "k", "variables": {"city": "Bodø"}}
    with Server(answering(202)) as server:
        run = send(tmp_path, "http", settings(
            server.url("/v1/{{key}}"), method="PUT", user="me", password="env:GATEWAY_PASSWORD",
            secrets={"token": "env:GATEWAY_TOKEN"},
            headers={"X-Api-Key": "{{secret.token}}", "Idempotency-Key": "{{token}}", "X-City": "{{city}}"},
            body={"to": "{{to}}", "text": "{{text}}", "id": "{{reference}}"}), [attempt],
            env={"GATEWAY_PASSWORD": "p:w", "GATEWAY_TOKEN": "s3cret"})
        assert run.outcomes() == [("accepted", 202)]
        request = server.requests[0]
    assert (request.method, request.path) == ("PUT", "/v1/k")
    assert json.loads(request.body) == {"to": "+47 90&1", "text": "æ\n\"x\"", "id": "5-6-1"}
    assert request.headers["authorization"] == "Basic bWU6cDp3"
    assert request.headers["x-api-key"] == "s3cret"
    assert request.headers["idempotency-key"] == "T" * 32
    assert request.headers["x-city"].encode("latin-1").decode() == "Bodø"
    assert request.headers["content-type"] == "application/json"
    assert "expect" not in request.headers


def test_forms_and_queries_are_encoded(tmp_path):
    attempt = {"to": "+47 9", "text": "a&b=c%d\næ"}
    with Server(answering(200)) as server:
        send(tmp_path, "http", {"url": server.url(), "format": "form", "body": {"to": "{{to}}", "text": "Hi: {{text}}"}},
             [attempt])
        send(tmp_path, "http", {"url": server.url("/s?x=1"), "format": "query", "body": {"to": "{{to}}", "t": "{{text}}"}},
             [attempt])
        form, query = server.requests
    assert form.method == "POST" and form.headers["content-type"] == "application/x-www-form-urlencoded"
    assert urllib.parse.parse_qs(form.body.decode()) == {"to": ["+47 9"], "text": ["Hi: a&b=c%d\næ"]}
    assert query.method == "GET" and query.body == b""
    assert urllib.parse.parse_qs(urllib.parse.urlsplit(query.path).query) == {
        "x": ["1"], "to": ["+47 9"], "t": ["a&b=c%d\næ"]}


def test_a_recipient_cannot_write_a_header(tmp_path):
    evil = {"to": "1", "text": "x", "variables": {"name": "a\r\nX-Evil: 1\r\n\r\nGET / HTTP/1.1"}}
    with Server(answering(202)) as server:
        run = send(tmp_path, "http", settings(server.url("/{{name}}"), headers={"X-Name": "{{name}}"}), [evil])
        assert run.outcomes() == [("accepted", 202)]
        assert len(server.requests) == 1
        assert "x-evil" not in server.requests[0].headers
        assert server.requests[0].headers["x-name"] == "a  X-Evil: 1    GET / HTTP/1.1"


def test_a_recipient_without_a_variable_is_rejected_unsent(tmp_path):
    with Server(answering(202)) as server:
        run = send(tmp_path, "http", settings(server.url(), body={"a": "{{nobody}}"}), ONE)
        assert run.outcomes() == [("rejected", peers.VARIABLE_MISSING)]
        assert not server.requests


def test_a_failure_in_an_answer_of_200_is_seen(tmp_path):
    rules = [{"status": 200, "json": {"pointer": "/ok", "equals": True}, "outcome": "accepted"},
             {"json": {"pointer": "/error", "equals": ["ratelimited"]}, "outcome": "throttled", "retry_after": "1s"},
             {"json": {"pointer": "/error", "equals": ["invalid_auth", "token_revoked"]}, "outcome": "misconfigured"},
             {"json": {"pointer": "/ok", "equals": False}, "outcome": "rejected"}]
    for body, outcome in [({"ok": True, "ts": "17.1"}, "accepted"), ({"ok": False, "error": "ratelimited"}, "throttled"),
                          ({"ok": False, "error": "invalid_auth"}, "misconfigured"),
                          ({"ok": False, "error": "channel_not_found"}, "rejected")]:
        with Server(answering(200, json.dumps(body).encode())) as server:
            run = send(tmp_path, "http", settings(server.url(), rules=rules, ref={"json": "/ts"}), ONE)
            assert run.outcomes() == [(outcome, 200)]
            assert run[0]["ref"] == body.get("ts", "")


# --- the provider cannot be reached: nothing left, the attempt is deferred ---

def test_a_refused_connection_is_deferred(tmp_path):
    run = send(tmp_path, "http", settings(f"http://127.0.0.1:{free_port()}/"), ONE)
    assert run.outcomes() == [("deferred", peers.CONNECT_FAILED)]


def test_a_connection_that_is_not_made_in_time_is_deferred(tmp_path):
    with Blackhole() as hole:
        run = send(tmp_path, "http", settings(f"http://127.0.0.1:{hole.port}/", connect_timeout="300ms"), ONE)
    assert run.outcomes() == [("deferred", peers.TIMED_OUT_BEFORE)]
    assert 250 <= run[0]["ms"] < 2000


def test_a_name_is_resolved(tmp_path):
    with Server(answering(202)) as server:
        url = f"http://localhost:{server.port}/"
        run = send(tmp_path, "http", settings(url), [{**ONE[0], "repeat": 50}])
        assert run.counts() == {"accepted": 50}


def test_a_name_that_does_not_exist_is_deferred(tmp_path):
    run = send(tmp_path, "http", settings("http://gateway.invalid/", connect_timeout="3s"), ONE)
    # Where nobody answers questions for names, it takes too long.
    assert run.outcomes()[0] in [("deferred", peers.RESOLVE_FAILED), ("deferred", peers.TIMED_OUT_BEFORE)]


# --- a proxy on the way to https: until its tunnel stands nothing has left ---

@pytest.mark.parametrize("status, outcome, reason", [
    (407, "misconfigured", 407), (403, "misconfigured", 403), (502, "deferred", peers.CONNECT_FAILED),
    (503, "deferred", peers.CONNECT_FAILED)])
def test_a_proxy_that_opens_no_tunnel_has_sent_nothing(tmp_path, status, outcome, reason):
    with Server(answering(status, b"no")) as proxy:
        run = send(tmp_path, "http", settings("https://gateway.invalid/", proxy=proxy.url()), ONE)
        assert run.outcomes() == [(outcome, reason)]


def test_a_proxy_that_is_lost_or_silent_has_sent_nothing(tmp_path):
    def lose(server, connection, _):
        read_request(server, connection)
        reset(connection)
    with Server(lose) as proxy:
        run = send(tmp_path, "http", settings("https://gateway.invalid/", proxy=proxy.url()), ONE)
        assert run.outcomes() == [("deferred", peers.CONNECT_FAILED)]
    with Server(hang) as proxy:
        run = send(tmp_path, "http", settings("https://gateway.invalid/", proxy=proxy.url(), connect_timeout="400ms"), ONE)
        assert run.outcomes() == [("deferred", peers.TIMED_OUT_BEFORE)]


# --- the request left and no answer came: uncertain ---

def hang(server, connection, _):
    read_request(server, connection)
    server.closing.wait(20)


def test_no_answer_in_time_is_uncertain(tmp_path):
    with Server(hang) as server:
        run = send(tmp_path, "http", settings(server.url(), timeout="400ms"), ONE)
    assert run.outcomes() == [("uncertain", peers.TIMED_OUT_AFTER)]
    assert 350 <= run[0]["ms"] < 2000


def test_each_attempt_has_a_deadline_of_its_own(tmp_path):
    def every_other(server, connection, number):
        while read_request(server, connection) is not None:
            if number % 2 == 1:
                server.closing.wait(20)
            answer(connection, 202)
    with Server(every_other) as server:
        run = send(tmp_path, "http", settings(server.url(), timeout="500ms", connections=8), [{**ONE[0], "repeat": 60}])
    assert run.counts()["accepted"] >= 50
    for result in run:
        assert result["outcome"] == "accepted" or (result["reason"] == peers.TIMED_OUT_AFTER and result["ms"] < 1500)


@pytest.mark.parametrize("how", [reset, lambda connection: connection.close()], ids=["reset", "close"])
def test_a_connection_lost_after_the_request_is_uncertain(tmp_path, how):
    def lose(server, connection, _):
        read_request(server, connection)
        how(connection)
    with Server(lose) as server:
        run = send(tmp_path, "http", settings(server.url()), ONE)
        assert run.outcomes() == [("uncertain", peers.CONNECTION_LOST)]
        assert len(server.requests) == 1


@pytest.mark.parametrize("how", [reset, lambda connection: connection.close()], ids=["reset", "close"])
def test_nothing_is_sent_twice_when_a_kept_connection_is_lost(tmp_path, how):
    def answer_then_lose(server, connection, _):
        read_request(server, connection)
        answer(connection, 202)
        if read_request(server, connection) is not None:
            how(connection)
    with Server(answer_then_lose) as server:
        run = send(tmp_path, "http", settings(server.url(), connections=1), [{**ONE[0], "repeat": 2}])
        assert run.outcomes() == [("accepted", 202), ("uncertain", peers.CONNECTION_LOST)]
        assert len(server.requests) == 2


def test_a_connection_that_ended_while_idle_is_replaced(tmp_path):
    def answer_once(server, connection, _):
        read_request(server, connection)
        answer(connection, 202)
    with Server(answer_once) as server:
        run = send(tmp_path, "http", settings(server.url()), [{**ONE[0], "repeat": 4}], pause_ms=100)
        assert run.counts() == {"accepted": 4}
        assert len(server.requests) == 4


def test_garbage_is_uncertain(tmp_path):
    def babble(server, connection, _):
        read_request(server, connection)
        connection.sendall(b"\x00\xff this is no HTTP\n" * 10)
    with Server(babble) as server:
        run = send(tmp_path, "http", settings(server.url()), ONE)
    assert run.outcomes() == [("uncertain", peers.ANSWER_MALFORMED)]


@pytest.mark.parametrize("sent", [b"", b"HTTP/1.1 202 Accep", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"])
def test_a_reset_within_an_answer_is_seen_at_once(tmp_path, sent):
    def reset_within(server, connection, _):
        read_request(server, connection)
        connection.sendall(sent)
        reset(connection)
    with Server(reset_within) as server:
        run = send(tmp_path, "http", settings(server.url(), rules=OK_FALSE), many_of(4))
        assert run.outcomes() == [("uncertain", peers.CONNECTION_LOST)] * 4
        assert all(result["ms"] < 2000 for result in run)


def test_half_a_head_is_uncertain(tmp_path):
    def half(server, connection, _):
        read_request(server, connection)
        connection.sendall(b"HTTP/1.1 202 Accep")
    with Server(half) as server:
        run = send(tmp_path, "http", settings(server.url()), ONE)
    assert run[0]["outcome"] == "uncertain"


# --- the answer's body is not what it should be ---

def endless(server, connection, _):
    read_request(server, connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while not server.closing.is_set():
        connection.sendall(b"x" * 8192)


def test_an_endless_body_is_cut_off(tmp_path):
    with Server(endless) as server:
        run = send(tmp_path, "http", settings(server.url()), ONE)
        assert run.outcomes() == [("accepted", 200)]
        assert run[0]["ms"] < 3000
        run = send(tmp_path, "http", settings(server.url(), rules=OK_FALSE), ONE)
        assert run.outcomes() == [("uncertain", peers.ANSWER_MALFORMED)]


def test_a_slow_body_ends_at_the_deadline(tmp_path):
    def slow(server, connection, _):
        read_request(server, connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while not server.closing.wait(0.05):
            connection.sendall(b"x")
    with Server(slow) as server:
        run = send(tmp_path, "http", settings(server.url(), timeout="400ms", rules=OK_FALSE), ONE)
        assert run.outcomes() == [("uncertain", peers.TIMED_OUT_AFTER)]
        assert run[0]["ms"] < 2000
        run = send(tmp_path, "http", settings(server.url(), timeout="400ms"), ONE)
        assert run.outcomes() == [("accepted", 200)]


def test_a_body_cut_short_by_the_provider_decides_only_what_it_shows(tmp_path):
    def short(server, connection, _):
        request = read_request(server, connection)
        body = b"ok:false and more" if b"whole" in request.body else b"ok:fa"
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + body)
    with Server(short) as server:
        run = send(tmp_path, "http", settings(server.url(), rules=OK_FALSE), [{"text": "whole"}, {"text": "half"}])
    assert run.outcomes() == [("rejected", 200), ("uncertain", peers.CONNECTION_LOST)]


# --- TLS ---

@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    return peers.make_certificate(str(tmp_path_factory.mktemp("tls")))


def tls(certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    return context


def test_a_certificate_is_verified(tmp_path, certificate):
    with Server(answering(202), tls(certificate)) as server:
        run = send(tmp_path, "http", settings(server.url()), ONE)
        assert run.outcomes() == [("misconfigured", peers.TLS_FAILED)]
        run = send(tmp_path, "http", settings(server.url(), ca_file=certificate[0]), [{**ONE[0], "repeat": 20}])
        assert run.counts() == {"accepted": 20}
        run = send(tmp_path, "http", settings(server.url(), insecure_tls=True), ONE)
        assert run.outcomes() == [("accepted", 202)]
        assert len(server.requests) == 21


def test_a_certificate_of_another_host_is_refused(tmp_path, tmp_path_factory):
    other = peers.make_certificate(str(tmp_path_factory.mktemp("other")), "other.example", "127.0.0.9")
    with Server(answering(202), tls(other)) as server:
        run = send(tmp_path, "http", settings(server.url(), ca_file=other[0]), ONE)
        assert run.outcomes() == [("misconfigured", peers.TLS_FAILED)]
        assert not server.requests


# --- closing ---

def test_closing_ends_what_is_under_way(tmp_path):
    with Server(hang) as server:
        run = send(tmp_path, "http", settings(server.url()), [{**ONE[0], "repeat": 4}], close_after_ms=300)
        assert run.counts() == {"uncertain": 4}
        assert run.summary["seconds"] < 3


def test_closing_during_a_connect_ends_it(tmp_path):
    with Blackhole() as hole:
        run = send(tmp_path, "http", settings(f"http://127.0.0.1:{hole.port}/"), ONE, close_after_ms=200)
        assert run.outcomes() == [("deferred", peers.CONNECT_FAILED)]
