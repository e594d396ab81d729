# SPDX-License-Identifier: Apache-2.0
"""The kannel adapter, and the http adapter with settings for it, against Kannel: bearerbox, smsbox and its fake SMSC."""

import base64
import re
import urllib.parse

import pytest

import peers
from peers import Server, answering, send
from cluster import wait_for
from kannel import Kannel, is_there

pytestmark = pytest.mark.skipif(not is_there(), reason="Kannel is not installed")


@pytest.fixture(scope="module")
def kannel(tmp_path_factory):
    server = Kannel(tmp_path_factory.mktemp("kannel"))
    try:
        server.start()
        yield server
    finally:
        server.stop()


def by_http(kannel, **more):
    return {
        "url": kannel.url(),
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


def settings(kannel, **more):
    return {"url": kannel.url(), "user": "tester", "password": "env:KANNEL_PASSWORD", "from": "12345", "connections": 4, **more}


PASSWORD = {"KANNEL_PASSWORD": "foobar"}
BOTH = pytest.mark.parametrize("method", ["post", "get"])


def lines(kannel, pattern):
    """What the fake SMSC got that fits."""
    return re.findall(pattern, kannel.received())


def wait_for_lines(kannel, pattern, count):
    wait_for(f"{count} messages", lambda: len(lines(kannel, pattern)) >= count, 15)
    return lines(kannel, pattern)


def test_the_http_adapter_reaches_the_smsc(tmp_path, kannel):
    attempts = [{"to": f"+47900000{i:02}", "text": f"Hi & 100% \"{i}\""} for i in range(20)]
    run = send(tmp_path, "http", by_http(kannel), attempts, env=PASSWORD)
    assert run.counts() == {"accepted": 20}
    assert all(result["reason"] == 202 for result in run)
    expected = [f'<12345 {attempt["to"]} text {attempt["text"]}>' for attempt in attempts]
    wait_for("the messages", lambda: all(line in kannel.received() for line in expected), 15)


def test_the_http_adapter_transliterates_and_caps_too(tmp_path, kannel):
    texts = ["“Tűz” – fuss…", "x" * 307]
    run = send(tmp_path, "http", by_http(kannel, transliterate=True, max_parts=2),
               [{"to": "+4790510001", "text": text} for text in texts], env=PASSWORD)
    assert run.outcomes() == [("accepted", 202), ("rejected", peers.TOO_MANY_PARTS)]
    assert wait_for_lines(kannel, r"<12345 \+4790510001 text ([^>]*)>", 1) == ['"Tuz" - fuss...']


@BOTH
def test_messages_reach_the_smsc(tmp_path, kannel, method):
    attempts = [{"to": f"+47901000{i:02}", "text": f"{method} & 100% \"{i}\" +é[€]"} for i in range(20)]
    run = send(tmp_path, "kannel", settings(kannel, method=method), attempts, env=PASSWORD)
    assert run.outcomes() == [("accepted", 202)] * 20
    expected = [f'<12345 {attempt["to"]} text {attempt["text"]}>' for attempt in attempts]
    wait_for("the messages", lambda: all(line in kannel.received() for line in expected), 15)


@BOTH
def test_several_numbers_go_in_one_request_while_the_text_is_the_same(tmp_path, kannel, method):
    attempts = [{"to": f"+479020{i:04}", "text": f"{method}: the same"} for i in range(250)]
    attempts += [{"to": "+4790209999", "text": f"{method}: another"}, {"to": "+4790209999", "text": f"{method}: another"}]
    run = send(tmp_path, "kannel", settings(kannel, method=method, numbers=100, receipts=False), attempts, env=PASSWORD)
    assert run.outcomes() == [("accepted", 202)] * 252
    numbers = wait_for_lines(kannel, rf"<12345 (\S+) text {method}: the same>", 250)
    assert sorted(numbers) == [attempt["to"] for attempt in attempts[:250]]
    assert len(wait_for_lines(kannel, rf"text {method}: another", 2)) == 2, "the same number twice is two messages"


def test_how_many_numbers_a_request_has(tmp_path):
    """As a gateway sees it: full requests, and what is left."""
    with Server(answering(202, b"0: Accepted for delivery")) as server:
        run = send(tmp_path, "kannel", {"url": server.url("/cgi-bin/sendsms"), "user": "u", "password": "env:P", "numbers": 40},
                   [{"to": f"+479030{i:04}", "text": "same"} for i in range(100)], env={"P": "p"})
        assert run.counts() == {"accepted": 100}
        seen = [request.headers["x-kannel-to"].split(" ") for request in server.requests]
    assert sorted(len(numbers) for numbers in seen) == [20, 40, 40]
    assert sorted(number for numbers in seen for number in numbers) == [f"+479030{i:04}" for i in range(100)]


def test_what_is_no_number_never_leaves(tmp_path):
    bad = ["", "nobody", "+47 90000001", "+4790000001 +4790000002", "++4790000001", "+", "4790000001,", "+47900\r\nX: y",
           "+" + "1" * 40]
    with Server(answering(202, b"0: Accepted for delivery")) as server:
        run = send(tmp_path, "kannel", {"url": server.url(), "user": "u", "password": "env:P", "numbers": 10},
                   [{"to": to, "text": "x"} for to in bad], env={"P": "p"})
        assert run.outcomes() == [("rejected", peers.NO_ENDPOINT)] * len(bad)
        assert server.requests == []


def test_a_text_that_is_too_long_never_leaves_and_is_not_cut(tmp_path, kannel):
    texts = ["fits " + "x" * 454, "too long " + "y" * 451, "ж" * 3 * 67, "ж" * (3 * 67 + 1)]
    run = send(tmp_path, "kannel", settings(kannel, max_parts=3), [{"to": "+4790400001", "text": text} for text in texts],
               env=PASSWORD)
    assert run.outcomes() == [("accepted", 202), ("rejected", peers.TOO_MANY_PARTS)] * 2
    parts = wait_for_lines(kannel, r"<12345 \+4790400001 udh %05%00%03(?:%..|.)%03%(..) data ([^>]*)>", 6)
    assert sorted(number for number, _ in parts) == ["01", "01", "02", "02", "03", "03"]
    assert "".join(text for _, text in parts if "x" in text) == "fits+" + "x" * 454


def test_a_text_is_transliterated_where_that_saves_ucs2(tmp_path, kannel):
    texts = ["“Tűz” – fuss… é", "“Пожар” – беги…"]
    run = send(tmp_path, "kannel", settings(kannel, transliterate=True),
               [{"to": "+4790500001", "text": text} for text in texts], env=PASSWORD)
    assert run.counts() == {"accepted": 2}
    assert wait_for_lines(kannel, r"<12345 \+4790500001 text ([^>]*)>", 1) == ['"Tuz" - fuss... é']
    assert len(wait_for_lines(kannel, r"<12345 \+4790500001 ucs-2 ([^>]*)>", 1)) == 1


@BOTH
def test_a_receipt_comes_to_its_token(tmp_path, kannel, method):
    tokens = {f"+479060000{i}": chr(ord("A") + i) * 32 for i in range(5)}
    with Server(answering(204)) as receiver:
        run = send(tmp_path, "kannel", settings(kannel, method=method, dlr_mask=31, receipt_secret="env:SECRET"),
                   [{"to": to, "text": "x", "token": token, "public_url": receiver.url("/a%20b")} for to, token in tokens.items()],
                   env={**PASSWORD, "SECRET": "s"})
        assert run.counts() == {"accepted": 5}
        # The fake SMSC says that it took the message, and that it was delivered.
        wait_for("receipts", lambda: len(receiver.requests) >= 10, 15)
        seen = {}
        for request in receiver.requests:
            url = urllib.parse.urlsplit(request.path)
            assert url.path.startswith("/a%20b/r/test/")
            query = urllib.parse.parse_qs(url.query)
            seen.setdefault(url.path.rsplit("/", 1)[1], {}).update({query["d"][0]: query["sig"]})
    assert set(seen) == set(tokens.values())
    assert all(set(codes) == {"8", "1"} for codes in seen.values())
    # echo -n AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA | openssl dgst -sha256 -hmac s
    assert seen["A" * 32]["1"] == ["1b146ca5c7942cf5c1feba32801039127672a07b926d2be2eae828c2136a1b05"]


def test_receipts_of_a_request_with_several_numbers_name_the_number(tmp_path, kannel):
    numbers = [f"+479070{i:04}" for i in range(30)]
    with Server(answering(204)) as receiver:
        run = send(tmp_path, "kannel", settings(kannel, numbers=10, receipt_url=receiver.url("")),
                   [{"to": to, "text": "same", "campaign": 7, "step": 2, "ordinal": i} for i, to in enumerate(numbers)],
                   env=PASSWORD)
        assert run.counts() == {"accepted": 30}
        wait_for("receipts", lambda: len(receiver.requests) >= 30, 15)
        urls = [urllib.parse.urlsplit(request.path) for request in receiver.requests]
    assert sorted(urllib.parse.parse_qs(url.query)["to"][0] for url in urls) == numbers
    token = base64.urlsafe_b64decode(urls[0].path.rsplit("/", 1)[1])
    assert (token[0], int.from_bytes(token[1:6], "little"), token[6:10], token[10] & 15) == (1, 7, b"\xff" * 4, 2)
    assert len({url.path for url in urls}) == 1, "all requests of a step share a token"


def test_a_wrong_password_is_a_matter_of_configuration(tmp_path, kannel):
    for adapter, given in (("http", by_http(kannel)), ("kannel", settings(kannel)), ("kannel", settings(kannel, method="get"))):
        run = send(tmp_path, adapter, given, [{"to": "+4790000001", "text": "x"}], env={"KANNEL_PASSWORD": "wrong"})
        assert run.outcomes() == [("misconfigured", 403)]


def test_what_can_never_work_is_rejected(tmp_path, kannel):
    run = send(tmp_path, "http", by_http(kannel), [{"to": "", "text": "x"}, {"to": "nobody", "text": "x"}], env=PASSWORD)
    assert run.outcomes() == [("rejected", 400), ("rejected", 400)]


ANSWERS = [
    # status, body, outcome of one number, outcomes of +471 and +472 in one request
    (202, b"0: Accepted for delivery", "accepted", ["accepted", "accepted"]),
    (202, b"3: Queued for later delivery", "accepted", ["accepted", "accepted"]),
    (202, b"Sent. Denied receivers are: +472 Message splits: 2", "accepted", ["accepted", "rejected"]),
    (202, b"what?", "uncertain", ["uncertain", "uncertain"]),
    (403, b"Not routable. Do not try again.", "rejected", ["uncertain", "uncertain"]),
    (403, b"Authorization failed for sendsms", "misconfigured", ["misconfigured", "misconfigured"]),
    (400, b"Sender missing and no global set, rejected", "misconfigured", ["misconfigured", "misconfigured"]),
    (400, b"Number(s) has/have been denied by white- and/or black-lists.", "rejected", ["rejected", "rejected"]),
    (503, b"Temporal failure, try again later.", "throttled", ["uncertain", "uncertain"]),
    (500, b"Sending failed. Failed receivers are: +471", "deferred", ["deferred", "accepted"]),
    (404, b"", "misconfigured", ["misconfigured", "misconfigured"]),
    (502, b"", "uncertain", ["uncertain", "uncertain"]),
]


@pytest.mark.parametrize("status,body,one,two", ANSWERS, ids=lambda value: str(value)[:24])
def test_what_an_answer_says_of_each_number(tmp_path, status, body, one, two):
    with Server(answering(status, body)) as server:
        given = {"url": server.url(), "user": "u", "password": "env:P", "numbers": 2}
        run = send(tmp_path, "kannel", given, [{"to": "+471", "text": "x"}], env={"P": "p"})
        assert run.outcomes() == [(one, status)]
        run = send(tmp_path, "kannel", given, [{"to": "+471", "text": "x"}, {"to": "+472", "text": "x"}], env={"P": "p"})
        assert [result["outcome"] for result in run] == two
        assert len(server.requests) == 2


def test_a_link_that_is_down_still_takes_messages_and_a_box_that_is_down_none(tmp_path, kannel):
    kannel.stop_smsc()
    attempts = [{"to": "+4790000001", "text": "x"}]
    assert send(tmp_path, "http", by_http(kannel), attempts, env=PASSWORD).outcomes() == [("accepted", 202)]
    assert send(tmp_path, "kannel", settings(kannel), attempts, env=PASSWORD).outcomes() == [("accepted", 202)]
    kannel.stop()
    assert send(tmp_path, "http", by_http(kannel), attempts, env=PASSWORD).outcomes() == [("deferred", peers.CONNECT_FAILED)]
    assert send(tmp_path, "kannel", settings(kannel, numbers=5), attempts * 3,
                env=PASSWORD).outcomes() == [("deferred", peers.CONNECT_FAILED)] * 3
