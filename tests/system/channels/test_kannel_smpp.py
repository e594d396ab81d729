# SPDX-License-Identifier: Apache-2.0
"""The kannel adapter through Kannel to an SMSC that speaks SMPP (npm smpp, tests/peers/smsc.js): what arrives there, and what its
failures come back as."""

import json
import urllib.parse

import pytest

from peers import Server, answering, send
from cluster import wait_for
from kannel import Kannel, is_there
from node_peer import NodePeer

pytestmark = pytest.mark.skipif(not is_there(), reason="Kannel is not installed")

PASSWORD = {"KANNEL_PASSWORD": "foobar"}


class Smsc(NodePeer):
    def __init__(self, directory):
        self.record = str(directory / "smsc.ndjson")
        super().__init__(str(directory), "smsc.js", self.record)

    def messages(self, to):
        """In the order of arrival, to numbers that begin so."""
        with open(self.record, encoding="utf-8") as f:
            return [message for message in map(json.loads, f) if message["to"].startswith(to)]


@pytest.fixture(scope="module")
def smsc(tmp_path_factory):
    with Smsc(tmp_path_factory.mktemp("smsc")) as peer:
        yield peer


@pytest.fixture(scope="module")
def kannel(tmp_path_factory, smsc):
    server = Kannel(tmp_path_factory.mktemp("kannel"), smpp=smsc.port)
    try:
        server.start()
        yield server
    finally:
        server.stop()


def settings(kannel, **more):
    return {"url": kannel.url(), "user": "tester", "password": "env:KANNEL_PASSWORD", "from": "12345", "connections": 4, **more}


def receipts_of(receiver):
    """By token (or number, where a receipt names one): the set of its codes, and what the SMSC said last."""
    seen = {}
    for request in list(receiver.requests):
        url = urllib.parse.urlsplit(request.path)
        query = urllib.parse.parse_qs(url.query)
        key = query["to"][0] if "to" in query else url.path.rsplit("/", 1)[1]
        codes, answers = seen.setdefault(key, (set(), []))
        codes.add(query["d"][0])
        answers.extend(query.get("A", []))
    return seen


def test_data_coding_and_parts_are_those_that_were_counted(tmp_path, kannel, smsc):
    texts = {
        "+4790000001": "Plain [€] éÇ~",
        "+4790000002": "g" * 160,
        "+4790000003": "g" * 161,
        "+4790000004": "Пожар 🚨",
        "+4790000005": "ж" * 70,
        "+4790000006": "ж" * 71,
        "+4790000007": "“Tűz”…",
    }
    run = send(tmp_path, "kannel", settings(kannel, transliterate=True, validity="2h", priority=3),
               [{"to": to, "text": text} for to, text in texts.items()], env=PASSWORD)
    assert run.outcomes() == [("accepted", 202)] * len(texts)
    wait_for("all parts", lambda: len(smsc.messages("+479000000") or smsc.messages("479000000")) >= 9, 20)
    got = {}
    for message in smsc.messages("+479000000") or smsc.messages("479000000"):
        got.setdefault("+" + message["to"].lstrip("+"), []).append(message)
    parts = {to: len(messages) for to, messages in got.items()}
    assert parts == {"+4790000001": 1, "+4790000002": 1, "+4790000003": 2, "+4790000004": 1, "+4790000005": 1, "+4790000006": 2,
                     "+4790000007": 1}
    for to, messages in got.items():
        is_ucs2 = to in ("+4790000004", "+4790000005", "+4790000006")
        assert {message["data_coding"] for message in messages} == {8 if is_ucs2 else 0}
        assert {message["priority"] for message in messages} == {3}
        assert all(message["validity"] for message in messages)
        if to != "+4790000007":
            assert "".join(message["text"] for message in messages) == texts[to]
    assert got["+4790000007"][0]["text"] == '"Tuz"...'


def test_failures_of_the_smsc_come_back_as_receipts(tmp_path, kannel, smsc):
    numbers = {"A": "+4790001100", "B": "+4790001200", "C": "+4790001400", "D": "+4790001001", "E": "+4790001300"}
    with Server(answering(204)) as receiver:
        run = send(tmp_path, "kannel", settings(kannel, receipt_url=receiver.url("")),
                   [{"to": to, "text": "x", "token": letter * 32} for letter, to in numbers.items()], env=PASSWORD)
        assert run.counts() == {"accepted": 5}
        wait_for("a receipt of each", lambda: len(receipts_of(receiver)) >= 5, 30)
        seen = receipts_of(receiver)
    codes = {token[0]: codes for token, (codes, _) in seen.items()}
    assert codes == {"A": {"16"}, "B": {"2"}, "C": {"2"}, "D": {"1"}, "E": {"1"}}
    assert any("0x0000000b" in answer for answer in seen["A" * 32][1])
    assert any("stat:UNDELIV" in answer for answer in seen["B" * 32][1])
    assert any("stat:EXPIRED" in answer for answer in seen["C" * 32][1])


def test_one_of_several_numbers_in_a_request_fails_alone(tmp_path, kannel, smsc):
    numbers = ["+4790002001", "+4790002100", "+4790002200", "+4790002002"]
    with Server(answering(204)) as receiver:
        run = send(tmp_path, "kannel", settings(kannel, receipt_url=receiver.url(""), numbers=4),
                   [{"to": to, "text": "same"} for to in numbers], env=PASSWORD)
        assert run.counts() == {"accepted": 4}
        wait_for("a receipt of each", lambda: len(receipts_of(receiver)) >= 4, 30)
        codes = {number: codes for number, (codes, _) in receipts_of(receiver).items()}
    assert codes == dict(zip(numbers, [{"1"}, {"16"}, {"2"}, {"1"}]))
