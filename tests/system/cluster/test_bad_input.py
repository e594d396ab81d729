# SPDX-License-Identifier: Apache-2.0
"""What cannot be right is refused, by a status and a text that say what, where, and what would be right."""

import gzip
import http.client
import json
import socket
import subprocess
import time

import pytest

from support import BUILD, Cluster, customers, problem_of, reports, wait_for

MESSAGE = {"sms": {"text": "Dear {{first_name}}"}}
GOOD = {"name": "n", "audience": "a1", "channel": "sms", "content": MESSAGE}


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """One for all: what is refused changes nothing."""
    directory = str(tmp_path_factory.mktemp("bad"))
    provider = {"name": "gateway", "channel": "sms", "adapter": "null"}
    with Cluster(directory, BUILD, [provider]) as cluster:
        cluster.start_coordinator()
        assert cluster.api.upload(b"".join(customers(20)), name="good").status == 201
        yield cluster
        assert [audience["id"] for audience in cluster.api.get("/v1/audiences")["items"]] == ["a1"]
        assert cluster.api.get("/v1/campaigns")["items"] == []
        assert cluster.coordinator.stop() == 0
    assert reports(directory) == []


def refused_upload(cluster, data, status=422, query="", **headers):
    return problem_of(cluster.api.upload(data, query=query, headers={k.replace("_", "-"): v for k, v in headers.items()}),
                      status)


# --- files ---

@pytest.mark.parametrize("data, line, column, words", [
    (b"id,phone\nc1,hello\n", 2, "phone", ["hello", "not a phone number", "write it as"]),
    (b"id,email\nc1,a@b.test\nc2,nobody\n", 3, "email", ["nobody"]),
    (b"id,phone\nc1,+4790000001\n,+4790000002\n", 3, "id", ["is empty"]),
    (b'id,phone\nc1,"+4790000001\n', 2, "phone", ["a quote is opened and never closed"]),
    (b'id,phone\nc1,"+4790000001"x\n', 2, "phone", ["closing quote", "must be doubled"]),
    (b"id,phone\nc1,+4790000001,more\n", 2, None, ["3 fields, the header has 2"]),
    (b"id,phone\nc1\n", 2, None, ["the header has 2"]),
    (b"id,phone,first_name\nc1,+4790000001,\xff\xfe\n", 2, "first_name", ["UTF-8"]),
    (b"id,phone,first_name\nc1,+4790000001,a\x01b\n", 2, "first_name", ["control character"]),
    (b"id,phone\n" + b"".join(b"c%d,+479%07d\n" % (i, i) for i in range(3000)) + b"c9,+47\n", 3002, "phone", ["+47"]),
], ids=["phone", "email", "id", "quote", "behind a quote", "too many", "too few", "UTF-8", "control", "far down"])
def test_a_flawed_row_is_named_by_line_and_column(cluster, data, line, column, words):
    problem = refused_upload(cluster, data)
    assert (problem.get("line"), problem.get("column")) == (line, column), problem
    assert all(word in problem["detail"] for word in words), problem["detail"]


@pytest.mark.parametrize("data, words", [
    (b"", ["empty"]),
    (b"customer,phone\nc1,+4790000001\n", ['no column "id"', "customer, phone", "map id="]),
    (b"id,phone,phone\nc1,+4790000001,+4790000001\n", ['"phone" comes twice']),
    (b"id,,phone\nc1,x,+4790000001\n", ["without a name"]),
    (b"id,first name\nc1,Ann\n", ["first name", "--map"]),
    (b"\xff\xfei\x00d\x00\n\x00", ["UTF-16", "UTF-8"]),
], ids=["empty", "no id", "twice", "nameless", "no name", "UTF-16"])
def test_a_flawed_file_is_refused_as_a_whole(cluster, data, words):
    problem = refused_upload(cluster, data)
    assert all(word in problem["detail"] for word in words), problem["detail"]


@pytest.mark.parametrize("data, line, words", [
    (b'{"id":"c1","phone":"+4790000001"}\n{"id":"c2","phone":\n', 2, []),
    (b'{"id":"c1","phone":"+4790000001"}\n[1,2]\n', 2, ["object"]),
    (b'{"id":"c1","phone":"+4790000001"}\n\n{"id":"c2","phone":"x"}\n', 3, ["not a phone number"]),
    (b'{"id":"c1","phone":"+4790000001"}\n{"id":"c2","phone":{"a":1}}\n', 2, []),
], ids=["open", "array", "phone", "nested"])
def test_a_flawed_line_of_ndjson_is_named(cluster, data, line, words):
    problem = refused_upload(cluster, data, query="format=ndjson", Content_Type="application/x-ndjson")
    assert problem.get("line") == line, problem
    assert all(word in problem["detail"] for word in words), problem["detail"]


def test_a_mapping_to_nowhere_names_the_nearest_column(cluster):
    problem = refused_upload(cluster, b"customer_no,phone\nc1,+4790000001\n", query="map=id%3Dcustomer_n")
    assert 'did you mean "customer_no"' in problem["detail"]


def test_damaged_compression_is_refused(cluster):
    data = b"".join(customers(20000))
    squeezed = gzip.compress(data)
    zstd = subprocess.run(["zstd", "-c"], input=data, capture_output=True, check=True).stdout
    broken = bytearray(squeezed)
    broken[len(broken) // 2] ^= 0xff
    for body, encoding, words in ((squeezed[:-20], "gzip", ["broken off", "truncated", "ends"]),
                                  (squeezed[:len(squeezed) // 2], "gzip", ["broken off", "truncated", "ends"]),
                                  (zstd[:len(zstd) // 2], "zstd", ["broken off", "truncated", "ends"]),
                                  (data, "gzip", ["gzip"]), (data, "zstd", ["zstd"]),
                                  (bytes(broken), "gzip", ["gzip", "the row"])):
        problem = refused_upload(cluster, body, Content_Encoding=encoding)
        assert any(word in problem["detail"] for word in words), (encoding, problem["detail"])
    problem = refused_upload(cluster, data, 415, Content_Encoding="br")
    assert "gzip or zstd" in problem["detail"]


@pytest.mark.parametrize("query, parameter, word", [
    ("format=xml", "format", "csv or ndjson"), ("on_error=never", "on_error", "stop, skip or max"),
    ("on_error=max", "max", "max=N"), ("on_error=max&max=-3", "max", "max=N"), ("nam=x", "nam", "name"),
    ("name=again", "name", "twice"), ("map=id", "map", "=")])
def test_a_wrong_parameter_is_named(cluster, query, parameter, word):
    problem = refused_upload(cluster, b"id,phone\nc1,+4790000001\n", 400, query=query)
    assert problem["parameter"] == parameter and word in problem["detail"], problem


def test_more_refused_rows_than_allowed_stop_the_upload(cluster):
    problem = refused_upload(cluster, b"id,phone\nc1,x\nc2,y\nc3,z\n", query="on_error=max&max=2")
    assert problem["line"] == 4, problem


# --- JSON ---

@pytest.mark.parametrize("body, line, column", [
    (b"", 1, None), (b"{", 1, None), (b'{"name": "n",\n "audience" "a1"}', 2, None), (b'{"name": "\xff"}', 1, None),
    (b'{"name":"a"} x', 1, None), (b"[" * 100000, 1, None), (b'{"name": 1e999}', 1, None)],
    ids=["empty", "open", "colon", "UTF-8", "more", "deep", "huge"])
def test_json_that_is_none_is_refused_where_it_ends_to_be(cluster, body, line, column):
    problem = problem_of(cluster.api.call("POST", "/v1/campaigns", body=body, headers={"Content-Type": "application/json"}),
                         400)
    assert problem.get("line") == line, problem


def changed(path, value):
    """GOOD with one thing changed; None takes it away."""
    document = json.loads(json.dumps(GOOD))
    at = document
    *parents, last = path.strip("/").split("/")
    for parent in parents:
        at = at.setdefault(parent, {})
    if value is None:
        del at[last]
    else:
        at[last] = value
    return document


@pytest.mark.parametrize("path, value, pointer, words", [
    ("/name", None, None, ['"name" is required']),
    ("/name", 7, "/name", []),
    ("/name", "", "/name", []),
    ("/nmae", "x", "/nmae", ['did you mean "name"']),
    ("/audience", "a99", "/audience", ["a99"]),
    ("/audience", "customers", "/audience", []),
    ("/channel", "smss", "/channel", ['did you mean "sms"']),
    ("/channel", "fax", "/channel", ["email", "webhook"]),
    ("/content", {}, "/content/sms", ["no body"]),
    ("/content/sms", {"txt": "x"}, "/content/sms/txt", ['did you mean "text"']),
    ("/content/sms/text", "Dear {{first_nam}}", "/content/sms/text", ["column 8", 'did you mean "first_name"']),
    ("/content/sms/text", "Dear\n{{first_name", "/content/sms/text", ["line 2"]),
    ("/content/sms/text", "Dear {{}}", "/content/sms/text", ["column"]),
    ("/content/sms/text", "", "/content/sms/text", []),
    ("/priority", "urgent", "/priority", ["critical"]),
    ("/weight", 0, "/weight", ["1"]),
    ("/weight", "2", "/weight", []),
    ("/plan/provider", "gatway", "/plan/provider", ['did you mean "gateway"']),
    ("/plan/attempts", 0, "/plan/attempts", ["1"]),
    ("/plan/backof", "3s", "/plan/backof", ['did you mean "backoff"']),
    ("/plan/backoff", "3 bananas", "/plan/backoff", ["30s"]),
    ("/plan/on_uncertain", "maybe", "/plan/on_uncertain", ["resend", "hold"]),
])
def test_a_wrong_campaign_is_refused_at_its_place(cluster, path, value, pointer, words):
    answer = cluster.api.call("POST", "/v1/campaigns", body=changed(path, value))
    assert answer.status in (400, 404, 422), (answer.status, answer.body)
    problem = problem_of(answer, answer.status)
    assert pointer is None or problem.get("pointer") == pointer, problem
    assert all(word in problem["detail"] for word in words), problem["detail"]


def test_an_empty_list_is_an_audience_but_nobody_to_send_to(place):
    """A nightly export may have nobody in it."""
    with Cluster(place, BUILD, [{"name": "gateway", "channel": "sms", "adapter": "null"}]) as cluster:
        cluster.start_coordinator()
        for name, data in (("header", b"id,phone\n"), ("refused", b"id,phone\nc1,x\n")):
            audience = cluster.api.upload(data, name=name, query="on_error=skip").json()
            assert audience["accepted"] == 0
            answer = cluster.api.call("POST", "/v1/campaigns", body={**GOOD, "audience": audience["id"]})
            problem = problem_of(answer, 422)
            assert problem["pointer"] == "/audience" and "no recipients" in problem["detail"]


# --- HTTP ---

def raw(cluster, data, seconds=10):
    """Sends bytes and reads until the other side closes, or the time is over."""
    with socket.create_connection(("127.0.0.1", cluster.tapped(cluster.api_port)), timeout=seconds) as connection:
        answer = b""
        try:
            connection.sendall(data)
            while piece := connection.recv(65536):
                answer += piece
        except (TimeoutError, ConnectionResetError, BrokenPipeError):
            pass
        return answer


def token_line(cluster):
    return f"Authorization: Bearer {cluster.api.token}\r\n".encode()


def test_methods_and_paths_that_are_not_there(cluster):
    answer = cluster.api.call("DELETE", "/v1/campaigns")
    assert "GET" in answer.headers["Allow"] and "POST" in answer.headers["Allow"]
    assert "this path takes" in problem_of(answer, 405)["detail"]
    problem_of(cluster.api.call("GET", "/v1/campaign"), 404)
    problem_of(cluster.api.call("GET", "/v1/campaigns/c7"), 404)
    problem_of(cluster.api.call("GET", "/v1/campaigns/..%2f..%2fetc"), 404)
    problem = problem_of(cluster.api.call("GET", "/v1/campaigns?limt=3"), 400)
    assert problem["parameter"] == "limt" and "limit" in problem["detail"]
    for limit in ("0", "1001", "x", ""):
        assert problem_of(cluster.api.call("GET", f"/v1/campaigns?limit={limit}"), 400)["parameter"] == "limit"
    assert problem_of(cluster.api.call("GET", "/v1/campaigns?cursor=AAAA"), 400)["parameter"] == "cursor"
    key = {"Idempotency-Key": "x" * 256}
    assert "255" in problem_of(cluster.api.call("POST", "/v1/campaigns", body=GOOD, headers=key), 400)["detail"]


def test_bodies_and_headers_have_their_limits(cluster):
    document = {**GOOD, "name": "x" * (1 << 20)}
    assert "too large" in problem_of(cluster.api.call("POST", "/v1/campaigns", body=document), 413)["detail"]

    def endless():
        for _ in range(40):
            yield b"x" * 65536
    connection = http.client.HTTPConnection("127.0.0.1", cluster.tapped(cluster.api_port), timeout=20)
    connection.request("POST", "/v1/campaigns", body=endless(), encode_chunked=True,
                       headers={"Authorization": f"Bearer {cluster.api.token}", "Transfer-Encoding": "chunked"})
    assert connection.getresponse().status == 413
    connection.close()
    head = b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Long: "
    assert raw(cluster, head + b"y" * 200000 + b"\r\n\r\n").startswith(b"HTTP/1.1 431 ")
    many = b"".join(b"X-%d: y\r\n" % i for i in range(20000))
    assert raw(cluster, b"GET /healthz HTTP/1.1\r\nHost: x\r\n" + many + b"\r\n").startswith(b"HTTP/1.1 431 ")
    assert raw(cluster, b"GET /" + b"x" * 300000 + b" HTTP/1.1\r\n\r\n")[9:12] in (b"414", b"431")


@pytest.mark.parametrize("data", [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 500, b"\r\n" * 1000,
                                  b"GET\r\n\r\n", b"GET /healthz HTTP/9.9\r\n\r\n", b"\x00" * 10000,
                                  b"POST /v1/campaigns HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
                                  b"POST /v1/campaigns HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"],
                         ids=["TLS", "empty lines", "half a line", "another version", "zeros", "negative", "no chunk"])
def test_what_is_no_http_disturbs_nobody(cluster, data):
    with socket.create_connection(("127.0.0.1", cluster.tapped(cluster.api_port)), timeout=5) as connection:
        connection.sendall(data)
        connection.settimeout(0.5)
        try:
            connection.recv(1000)
        except OSError:
            pass
    assert cluster.api.call("GET", "/healthz", timeout=3).status == 200


def test_clients_that_break_off_leave_nothing(cluster):
    head = (b"POST /v1/audiences?name=half HTTP/1.1\r\nHost: x\r\nContent-Type: text/csv\r\n" + token_line(cluster) +
            b"Content-Length: 1000000\r\n\r\n")
    for body in (b"", b"id,pho", b"".join(customers(2000))):
        with socket.create_connection(("127.0.0.1", cluster.tapped(cluster.api_port)), timeout=5) as connection:
            connection.sendall(head + body)
            time.sleep(0.1)
    wait_for("no uploads", lambda: cluster.api.get("/v1/uploads") == [], 10)


def test_slow_clients_are_sent_away_and_others_served(cluster):
    """Heads and bodies that dribble have 30 s in all, however often a byte comes."""
    slow = [socket.create_connection(("127.0.0.1", cluster.tapped(cluster.api_port)), timeout=60) for _ in range(40)]
    heads = [b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ",
             b"POST /v1/campaigns HTTP/1.1\r\nHost: x\r\n" + token_line(cluster) + b"Content-Length: 1000\r\n\r\n"]
    for number, connection in enumerate(slow):
        connection.sendall(heads[number % 2])
    began = time.monotonic()
    ended = {}
    while len(ended) < len(slow) and time.monotonic() - began < 45:
        for connection in slow:
            if connection in ended:
                continue
            connection.setblocking(False)
            try:
                connection.send(b"y")
                piece = connection.recv(1000)
                ended[connection] = piece
            except BlockingIOError:
                pass
            except OSError:
                ended[connection] = b""
        assert cluster.api.call("GET", "/healthz", timeout=3).status == 200
        time.sleep(1)
    seconds = time.monotonic() - began
    for connection in slow:
        connection.close()
    assert len(ended) == len(slow) and 20 < seconds < 45
    assert sum(answer.startswith(b"HTTP/1.1 408 ") for answer in ended.values()) > 0
