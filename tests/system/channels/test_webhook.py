# SPDX-License-Identifier: Apache-2.0
"""The webhook adapter against a server that answers by the path it is called with, and against the verifiers of others."""

import base64
import json
import socket
import ssl
import time

import pytest

from peers import Server, answer, make_certificate, read_request, reset, send
from node_peer import node_run

KEYS = ["whsec_" + base64.b64encode(bytes(range(first, first + 32))).decode() for first in (0, 64, 128)]
ENV = {f"HOOK_KEY_{i}": key for i, key in enumerate(KEYS)}
LOOSE = {"keys": ["env:HOOK_KEY_0"], "allow_private": True, "allow_http": True}

ADDRESS_REFUSED, UNREACHABLE, TLS_FAILED, SILENT = 1110, 1111, 1112, 1113
VARIABLE_MISSING, TOO_LARGE, UNFIT = 1001, 1006, 1008


def hook(directory, settings, attempts, **kwargs):
    return send(directory, "webhook", settings, attempts, env=ENV, **kwargs)


def by_path(server, connection, _):
    """/410 is answered with 410; /429/7 with a Retry-After of 7, too; /302 leads to /200."""
    while (request := read_request(server, connection)) is not None:
        words = request.path.split("?")[0].strip("/").split("/")
        headers = f"Retry-After: {words[1]}\r\n" if len(words) > 1 else ""
        headers += f"Location: {server.url('/200')}\r\n" if words[0].startswith("3") else ""
        answer(connection, int(words[0]), b"ok", headers)


TABLE = [
    ("200", "accepted", 200, 0), ("202", "accepted", 202, 0), ("204", "accepted", 204, 0),
    ("301", "rejected", 301, 0), ("302", "rejected", 302, 0), ("307", "rejected", 307, 0), ("308", "rejected", 308, 0),
    ("400", "deferred", 400, 0), ("401", "deferred", 401, 0), ("403", "deferred", 403, 0), ("404", "deferred", 404, 0),
    ("408", "deferred", 408, 0), ("410", "rejected", 410, 0), ("413", "rejected", 413, 0), ("422", "deferred", 422, 0),
    ("429", "deferred", 429, 0), ("429/7", "deferred", 429, 7000), ("500", "deferred", 500, 0),
    ("502/3", "deferred", 502, 3000), ("503/4", "deferred", 503, 4000), ("504/2", "deferred", 504, 2000),
]


def test_the_status_decides_and_no_answer_slows_anybody_else_down(tmp_path):
    with Server(by_path) as server:
        run = hook(tmp_path, LOOSE, [{"to": server.url("/" + path)} for path, *_ in TABLE])
        assert [(r["outcome"], r["reason"], r["retry_after_ms"]) for r in run] == [tuple(row[1:]) for row in TABLE]
        assert len(server.requests) == len(TABLE)  # nobody was called twice, no redirect was followed


def test_the_document_and_its_headers(tmp_path):
    text = 'He said "no"\n\\ tab\t and \u2028 blåbær \U0001f6d1'
    attempt = {"to": "", "key": "c-7", "campaign": 17, "ordinal": 42, "step": 3, "token": "T" * 32, "subject": "S", "text": text,
               "html": "<p>x</p>", "variables": {"incident": "i\"9"}}
    with Server(by_path) as server:
        attempt["to"] = server.url("/200?a=b")
        before = time.time()
        assert hook(tmp_path, LOOSE, [attempt]).counts() == {"accepted": 1}
        request = server.requests[0]
        document = json.loads(request.body)
        assert (request.method, request.path, list(document)) == ("POST", "/200?a=b", ["type", "timestamp", "data"])
        assert document["type"] == "message"
        assert document["data"] == {"reference": "17-42-3", "recipient": "c-7", "token": "T" * 32, "subject": "S", "text": text,
                                    "html": "<p>x</p>"}
        assert request.headers["webhook-id"] == "msg_17-42-3" and request.headers["content-type"] == "application/json"
        assert before - 1 <= int(request.headers["webhook-timestamp"]) <= time.time() + 1
        settings = {**LOOSE, "type": "incident.notice", "data": {"n": 1, "incident": "{{incident}}", "to": [{"key": "{{key}}"}]}}
        assert hook(tmp_path, settings, [attempt]).counts() == {"accepted": 1}
        document = json.loads(server.requests[1].body)
        assert (document["type"], document["data"]) == ("incident.notice", {"n": 1, "incident": 'i"9', "to": [{"key": "c-7"}]})


def test_the_id_stays_through_all_attempts_and_the_rest_is_new(tmp_path):
    with Server(by_path) as server:
        attempt = {"to": server.url("/503"), "campaign": 5, "ordinal": 6, "step": 0}
        hook(tmp_path, LOOSE, [{**attempt, "token": "A" * 32}, {**attempt, "token": "B" * 32}], pause_ms=1100)
        ids, stamps, signatures = ([request.headers[f"webhook-{name}"] for request in server.requests]
                                   for name in ("id", "timestamp", "signature"))
        assert ids == ["msg_5-6-0"] * 2 and stamps[0] < stamps[1] and signatures[0] != signatures[1]


def verify(requests, keys=KEYS, change=lambda line: line):
    names = ("webhook-id", "webhook-timestamp", "webhook-signature")
    lines = [change({"headers": {name: request.headers[name] for name in names},
                     "body": base64.b64encode(request.body).decode()}) for request in requests]
    said = node_run("webhook_verify.js", list(keys), stdin="".join(json.dumps(line) + "\n" for line in lines).encode())
    return [json.loads(line) for line in said.split("\n") if line]  # a text may hold U+2028


def good_keys(verdicts, request):
    document = json.loads(request.body)
    return {name: [key for key in KEYS if verdicts[key][name] == document] for name in ("standardwebhooks", "svix")}


def test_others_verify_what_was_signed_and_refuse_what_was_changed(tmp_path):
    texts = ["plain", 'quote " back \\ line\n', "blåbær \U0001f6d1 \u2028", ""]
    with Server(by_path) as server:
        hook(tmp_path, LOOSE, [{"to": server.url("/200"), "ordinal": i, "text": text} for i, text in enumerate(texts)])
        assert len(server.requests) == len(texts)
        for request, verdicts in zip(server.requests, verify(server.requests)):
            assert good_keys(verdicts, request) == {"standardwebhooks": KEYS[:1], "svix": KEYS[:1]}

        def another_body(line):
            body = json.loads(base64.b64decode(line["body"]))
            body["data"]["text"] = "altered"
            return {**line, "body": base64.b64encode(json.dumps(body).encode()).decode()}

        def old(line):
            stamp = str(int(line["headers"]["webhook-timestamp"]) - 600)
            return {**line, "headers": {**line["headers"], "webhook-timestamp": stamp}}

        def another_id(line):
            return {**line, "headers": {**line["headers"], "webhook-id": "msg_1-1-1"}}
        for change, word in ((another_body, "signature"), (old, "old"), (another_id, "signature")):
            for verdicts in verify(server.requests, change=change):
                assert all(word in str(said) for said in verdicts[KEYS[0]].values()), verdicts


def test_while_a_key_is_replaced_the_receiver_may_know_either(tmp_path):
    with Server(by_path) as server:
        hook(tmp_path, {**LOOSE, "keys": ["env:HOOK_KEY_1", "env:HOOK_KEY_0"]}, [{"to": server.url("/200")}])
        request = server.requests[0]
        assert len(request.headers["webhook-signature"].split(" ")) == 2
        assert good_keys(verify([request])[0], request) == {"standardwebhooks": KEYS[:2], "svix": KEYS[:2]}


def test_a_recipient_may_have_keys_of_his_own(tmp_path):
    settings = {**LOOSE, "key_variable": "hook_key"}
    with Server(by_path) as server:
        attempts = [{"to": server.url("/200"), "ordinal": 0, "variables": {"hook_key": KEYS[1]}},
                    {"to": server.url("/200"), "ordinal": 1, "variables": {"hook_key": f" {KEYS[2]}  {KEYS[1]}"}},
                    {"to": server.url("/200"), "ordinal": 2, "variables": {"hook_key": ""}},
                    {"to": server.url("/200"), "ordinal": 3, "variables": {"hook_key": "whsec_short"}},
                    {"to": server.url("/200"), "ordinal": 4}]
        run = hook(tmp_path, settings, attempts)
        assert [r["outcome"] for r in run] == ["accepted", "accepted", "accepted", "rejected", "accepted"]
        assert run[3]["reason"] == VARIABLE_MISSING
        requests = sorted(server.requests, key=lambda request: request.headers["webhook-id"])
        assert [good_keys(verdicts, request)["svix"] for request, verdicts in zip(requests, verify(requests))] \
            == [KEYS[1:2], KEYS[1:3], KEYS[:1], KEYS[:1]]
        settings = {"key_variable": "hook_key", "allow_private": True, "allow_http": True}
        run = hook(tmp_path, settings, attempts)
        assert run.counts() == {"accepted": 2, "rejected": 3}


def test_private_addresses_are_not_called_whatever_they_are_written_like(tmp_path):
    with Server(by_path) as server:
        port = server.port
        urls = [f"https://127.0.0.1:{port}/200", f"https://localhost:{port}/200", f"https://127.1:{port}/200",
                f"https://2130706433:{port}/200", f"https://0x7f.1:{port}/200", f"https://[::1]:{port}/200",
                f"https://[::ffff:127.0.0.1]:{port}/200", f"https://0.0.0.0:{port}/200",
                f"https://{socket.gethostname()}:{port}/200", f"https://u:p@localhost:{port}/200",
                "https://10.0.0.1/", "https://169.254.169.254/latest/meta-data", "https://[fe80::1]/", "https://[fd00::1]/"]
        for allow in ({}, {"allow_private": False}, {"allow_private": ["10.255.0.0/16", "fd12::/48"]}):
            run = hook(tmp_path, {"keys": LOOSE["keys"], **allow}, [{"to": url} for url in urls])
            assert run.outcomes() == [("rejected", ADDRESS_REFUSED)] * len(urls)
        assert server.connections == []


def test_networks_can_be_let_in(tmp_path):
    with Server(by_path) as server:
        settings = {**LOOSE, "allow_private": ["127.0.0.0/8"]}
        attempts = [{"to": server.url("/200")}, {"to": f"http://localhost:{server.port}/200"}, {"to": "http://[::1]:1/200"}]
        assert hook(tmp_path, settings, attempts).outcomes()[::2] == [("accepted", 200), ("rejected", ADDRESS_REFUSED)]


def test_only_https_is_called_unless_http_is_allowed(tmp_path):
    with Server(by_path) as server:
        settings = {**LOOSE, "allow_http": False}
        urls = [server.url("/200"), server.url("/200").upper(), f"ftp://127.0.0.1:{server.port}/", "file:///etc/passwd",
                "gopher://127.0.0.1/", "https://", "", "customer.example/hook", "https://127.0.0.1/a b", "https://h\r\nX: y/",
                "https://h/" + "x" * 2048]
        run = hook(tmp_path, settings, [{"to": url} for url in urls])
        assert run.outcomes() == [("rejected", ADDRESS_REFUSED)] * 2 + [("rejected", UNFIT)] * (len(urls) - 2)
        assert server.connections == []


def test_certificates_are_checked_and_a_wrong_one_is_the_customers_own_trouble(tmp_path):
    cert, key = make_certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    settings = {"keys": LOOSE["keys"], "allow_private": True}
    with Server(by_path, context) as server:
        attempts = [{"to": server.url("/200")}]
        assert hook(tmp_path, settings, attempts).outcomes() == [("deferred", TLS_FAILED)]
        assert hook(tmp_path, {**settings, "ca_file": cert}, attempts).outcomes() == [("accepted", 200)]


def endless(server, connection, _):
    request = read_request(server, connection)
    if request is None:
        return
    status = request.path.strip("/")
    connection.sendall(f"HTTP/1.1 {status} X\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
    server.sent = 0
    while True:
        connection.sendall(b"4000\r\n" + b"x" * 16384 + b"\r\n")
        server.sent += 16384


@pytest.mark.parametrize("status, outcome", [("200", "accepted"), ("410", "rejected"), ("500", "deferred")])
def test_an_endless_body_is_cut_off_and_its_status_counts(tmp_path, status, outcome):
    with Server(endless) as server:
        run = hook(tmp_path, LOOSE, [{"to": server.url("/" + status)}])
        assert run.outcomes() == [(outcome, int(status))] and run[0]["ms"] < 5000
        assert server.sent < 16 << 20


def test_what_goes_wrong_on_the_way_is_the_endpoints_own(tmp_path):
    def misbehave(server, connection, _):
        request = read_request(server, connection)
        if request is None or request.path == "/close":
            return
        if request.path == "/reset":
            reset(connection)
        elif request.path == "/hang":
            server.closing.wait(20)
        elif request.path == "/odd":
            connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")
        elif request.path == "/drip":
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nx")
            server.closing.wait(20)
    with Server(misbehave) as server, socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        urls = [server.url("/" + path) for path in ("close", "reset", "hang", "odd", "drip")]
        urls += [f"http://127.0.0.1:{closed.getsockname()[1]}/", "http://no-such-host.invalid/"]
        run = hook(tmp_path, {**LOOSE, "timeout": "1s"}, [{"to": url} for url in urls])
        assert run.outcomes() == [("uncertain", SILENT)] * 4 + [("accepted", 200)] + [("deferred", UNREACHABLE)] * 2


def test_a_slow_customer_holds_nobody_else_up(tmp_path):
    def handle(server, connection, _):
        while (request := read_request(server, connection)) is not None:
            if request.path == "/slow":
                server.closing.wait(20)
                return
            answer(connection, 200)
    with Server(handle) as server:
        attempts = [{"to": server.url("/slow")}] * 4 + [{"to": server.url("/fast"), "repeat": 200}]
        run = hook(tmp_path, {**LOOSE, "connections": 8, "timeout": "2s"}, attempts)
        assert run.counts() == {"uncertain": 4, "accepted": 200}
        assert sum(result["ms"] < 1500 for result in run) == 200


def test_a_document_beyond_20_kb_is_not_sent(tmp_path):
    with Server(by_path) as server:
        attempts = [{"to": server.url("/200"), "text": "x" * size} for size in (19000, 20000)]
        run = hook(tmp_path, LOOSE, attempts)
        assert run.outcomes() == [("accepted", 200), ("rejected", TOO_LARGE)]


def test_a_variable_that_is_missing_rejects_that_recipient_alone(tmp_path):
    with Server(by_path) as server:
        attempts = [{"to": server.url("/200"), "variables": {"x": "1"}}, {"to": server.url("/200")}]
        run = hook(tmp_path, {**LOOSE, "data": {"x": "{{x}}"}}, attempts)
        assert run.outcomes() == [("accepted", 200), ("rejected", VARIABLE_MISSING)]
