# SPDX-License-Identifier: Apache-2.0
"""The sendgrid adapter against a peer that refuses what SendGrid's documentation says is refused, and fails as it is told."""

import base64
import json
import resource
import threading
import time

import pytest

from peers import CONNECTION_LOST, NO_ENDPOINT, NOT_ASCII, TIMED_OUT_AFTER, Blackhole, Server, answer, answering, read_request, send

KEY = {"SENDGRID_KEY": "SG.secret"}
TOO_LARGE = 1006


def field(name, message="it is wrong"):
    return {"message": message, "field": name, "help": "http://sendgrid.test/errors"}


class SendGrid(Server):
    """POST /v3/mail/send by its documentation: what it takes stands in `mails`, as it would be read by the recipient."""

    def __init__(self, is_bad=lambda address: False, names_culprits=True, whole=None):
        self.is_bad, self.names_culprits, self.whole = is_bad, names_culprits, whole
        self.mails, self.sizes, self.lock = {}, [], threading.Lock()
        super().__init__(SendGrid.talk)

    def errors_of(self, mail):
        people = mail["personalizations"]
        addresses = [person["to"][0]["email"].lower() for person in people]
        if len(people) > 1000:
            return [field("personalizations", "The personalization block is limited to 1000 personalizations per API request.")]
        if len(set(addresses)) < len(addresses):
            return [field("personalizations", "Each unique email address in the personalizations array should only be included once.")]
        if not mail["subject"] or any(not part["value"] for part in mail["content"]):
            return [field("content.0.value", "The content value must be a string at least one character in length.")]
        for person in people:
            values = person.get("substitutions", {})
            assert sum(len(k.encode()) + len(v.encode()) for k, v in values.items()) <= 10000
        bad = [i for i, address in enumerate(addresses) if self.is_bad(address)]
        if bad and not self.names_culprits:
            return [field(None, "Bad Request")]
        return [field(f"personalizations.{i}.to.0.email", "Does not contain a valid address.") for i in bad]

    def read_as(self, mail, person):
        texts = {"subject": mail["subject"], **{part["type"]: part["value"] for part in mail["content"]}}
        for mark, value in person.get("substitutions", {}).items():
            texts = {name: text.replace(mark, value) for name, text in texts.items()}
        return {**texts, "token": person["custom_args"]["tocsin"], "headers": person.get("headers"), "from": mail["from"]}

    def talk(self, connection, _):
        while True:
            request = read_request(self, connection)
            if request is None:
                return
            assert (request.method, request.path) == ("POST", "/v3/mail/send")
            assert request.headers["authorization"] == "Bearer SG.secret"
            assert request.headers["content-type"] == "application/json"
            mail = json.loads(request.body)
            with self.lock:
                self.sizes.append(len(mail["personalizations"]))
                number = len(self.sizes)
            errors = [field(self.whole)] if self.whole else self.errors_of(mail)
            if errors:
                answer(connection, 400, json.dumps({"errors": errors}).encode(), "Content-Type: application/json\r\n")
                continue
            with self.lock:
                for person in mail["personalizations"]:
                    self.mails.setdefault(person["to"][0]["email"], []).append(self.read_as(mail, person))
            answer(connection, 202, b"", f"X-Message-Id: m-{number}\r\n")


def settings(server, **more):
    return {"url": server.url("/"), "api_key": "env:SENDGRID_KEY", "from": "notices@bank.test", "from_name": "Bank",
            "connections": 2, **more}


def people(count, **more):
    """Attempts of one message."""
    return [{"to": f"user{i}@mail.test", "subject": "News for {{name}}", "text": "Dear {{name}}: {{code}}", "token": f"{i:032d}",
             "variables": {"name": f"N{i}", "code": f"c-{i}"}, **more} for i in range(count)]


def go(tmp_path, server, attempts, **more):
    return send(tmp_path, "sendgrid", settings(server, **more), attempts, env=KEY)


def test_a_thousand_travel_together_and_everybody_reads_his_own(tmp_path):
    with SendGrid() as server:
        run = go(tmp_path, server, people(2500))
        assert run.counts() == {"accepted": 2500}
        assert sorted(server.sizes) == [500, 1000, 1000]
        for i in (0, 999, 1000, 2499):
            [mail] = server.mails[f"user{i}@mail.test"]
            assert (mail["subject"], mail["text/plain"]) == (f"News for N{i}", f"Dear N{i}: c-{i}")
            assert mail["token"] == f"{i:032d}" and mail["from"] == {"email": "notices@bank.test", "name": "Bank"}
        assert {result["ref"] for result in run} == {"m-1", "m-2", "m-3"}


def test_values_stand_as_each_part_asks_and_no_text_is_taken_for_a_mark(tmp_path):
    name = 'Ann "A" & <Co>\\ {{x}}\n\u00e9\u4e2d'
    text = 'a\\{{b}} -name- %name% -0000000000- "{{name}}"\n{{name}}'
    one = {"to": "a@b.test", "subject": "{{name}}", "text": text, "html": "<p>{{name}}</p><style>a{b}</style>",
           "variables": {"name": name, "unsubscribe_url": "https://n.test/u/1"}}
    with SendGrid() as server:
        assert go(tmp_path, server, [one]).counts() == {"accepted": 1}
        [mail] = server.mails["a@b.test"]
        assert mail["subject"] == name
        assert mail["text/plain"] == f'a{{{{b}}}} -name- %name% -0000000000- "{name}"\n{name}'
        escaped = name.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
        assert mail["text/html"] == f"<p>{escaped}</p><style>a{{b}}</style>"
        assert mail["headers"] == {"List-Unsubscribe": "<https://n.test/u/1>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}


def test_files_travel_once_a_request(tmp_path):
    folder = tmp_path / "files"
    folder.mkdir()
    contents = {"recall.pdf": bytes(range(256)) * 5, "R\u00fcck \"1\".txt": b"x", "large.bin": b"\0" * (10 * 1024 * 1024 + 1)}
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    names = list(contents)[:2]
    attempts = [*people(3, attachments=names), *people(1, text="a", attachments=["none.pdf"]),
                *people(1, text="b", attachments=["large.bin"])]
    with SendGrid() as server:
        run = go(tmp_path, server, attempts, attachments=str(folder), connections=4)
        assert run.outcomes() == [("accepted", 202)] * 3 + [("deferred", 1011), ("rejected", TOO_LARGE)]
        [request] = server.requests
        attached = json.loads(request.body)["attachments"]
        assert [(file["filename"], file["type"], file["disposition"]) for file in attached] == [
            (names[0], "application/pdf", "attachment"), (names[1], "text/plain", "attachment")]
        assert [base64.b64decode(file["content"], validate=True) for file in attached] == [contents[name] for name in names]
        assert go(tmp_path, server, people(1, attachments=names)).outcomes() == [("deferred", 1011)]


def test_halves_of_a_refused_request_do_not_pile_up(tmp_path):
    """Each has the files in it. Those that wait are few: a half is halved to its end before the next one's turn."""
    def refuse(server, connection):
        while read_request(server, connection) is not None:
            server.requests.clear()
            answer(connection, 400, b"")

    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "a.bin").write_bytes(b"\0" * 1024 * 1024)
    with Server(lambda server, connection, _: refuse(server, connection)) as server:
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        run = go(tmp_path, server, people(512, attachments=["a.bin"]), attachments=str(folder), connections=1)
        grown_mb = (resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss - before) >> 10
    assert run.counts() == {"rejected": 512}
    assert grown_mb < 250


def test_a_mail_may_be_html_alone_and_without_a_subject(tmp_path):
    with SendGrid() as server:
        one = {"to": "a@b.test", "html": "<b>hi</b>", "variables": {"unsubscribe_url": "https://n.test/u/1"}}
        assert go(tmp_path, server, [one], list_unsubscribe=False).counts() == {"accepted": 1}
        [mail] = server.mails["a@b.test"]
        assert mail["text/html"] == "<b>hi</b>" and "text/plain" not in mail and mail["headers"] is None


def test_messages_and_duplicates_do_not_share_a_request(tmp_path):
    attempts = people(6) + people(3) + [{**one, "to": one["to"].upper()} for one in people(2)] + people(4, text="other {{name}}")
    with SendGrid() as server:
        run = go(tmp_path, server, attempts, connections=4)
        assert run.counts() == {"accepted": 15}
        assert sorted(server.sizes) == [2, 3, 4, 6]
        assert len(server.mails["user0@mail.test"]) == 3 and len(server.mails["USER0@MAIL.TEST"]) == 1


def test_more_duplicates_than_connections_wait_for_one(tmp_path):
    with SendGrid() as server:
        assert go(tmp_path, server, people(1) * 9, connections=2).counts() == {"accepted": 9}
        assert server.sizes == [1] * 9


@pytest.mark.parametrize("bulk", [1, 7, 300])
def test_a_setting_makes_requests_smaller(tmp_path, bulk):
    with SendGrid() as server:
        assert go(tmp_path, server, people(20), bulk=bulk).counts() == {"accepted": 20}
        assert max(server.sizes) == min(bulk, 20)


def test_a_bad_address_that_is_named_rejects_nobody_else(tmp_path):
    with SendGrid(is_bad=lambda address: address in ("user3@mail.test", "user77@mail.test")) as server:
        run = go(tmp_path, server, people(100))
        assert run.counts() == {"accepted": 98, "rejected": 2}
        assert run[3]["reason"] == 400 and run[77]["outcome"] == "rejected"
        assert server.sizes == [100, 98] and all(len(mails) == 1 for mails in server.mails.values())


def test_a_bad_address_that_is_not_named_is_found_by_halving(tmp_path):
    with SendGrid(is_bad=lambda address: address == "user37@mail.test", names_culprits=False) as server:
        run = go(tmp_path, server, people(100))
        assert run.counts() == {"accepted": 99, "rejected": 1} and run[37]["outcome"] == "rejected"
        assert len(server.sizes) <= 15 and all(len(mails) == 1 for mails in server.mails.values())


@pytest.mark.parametrize("whole,outcome", [
    ("from", "misconfigured"), ("from.email", "misconfigured"), ("reply_to", "misconfigured"), ("asm.group_id", "misconfigured"),
    ("ip_pool_name", "misconfigured"), ("categories", "misconfigured"), ("content.0.value", "rejected"), ("subject", "rejected")])
def test_what_is_wrong_for_all_is_not_halved(tmp_path, whole, outcome):
    with SendGrid(whole=whole) as server:
        assert go(tmp_path, server, people(10)).outcomes() == [(outcome, 400)] * 10
        assert server.sizes == [10]


@pytest.mark.parametrize("status,outcome", [
    (200, "accepted"), (202, "accepted"), (301, "misconfigured"), (401, "misconfigured"), (403, "misconfigured"),
    (404, "misconfigured"), (405, "misconfigured"), (408, "deferred"), (415, "misconfigured"), (429, "throttled"), (500, "deferred"),
    (502, "uncertain"), (503, "deferred"), (504, "uncertain")])
def test_what_a_status_means(tmp_path, status, outcome):
    with Server(answering(status)) as server:
        assert go(tmp_path, server, people(3)).outcomes() == [(outcome, status)] * 3
        assert len(server.requests) == 1


@pytest.mark.parametrize("status,reason", [(400, 400), (413, TOO_LARGE), (422, 422)])
@pytest.mark.parametrize("body", [b"", b"{", b'{"errors":[{"field":7}]}', b'{"errors":[{"field":"personalizations.99.to"}]}', b"[1]"])
def test_a_refusal_that_says_nothing_ends_with_each_alone(tmp_path, status, reason, body):
    with Server(answering(status, body)) as server:
        assert go(tmp_path, server, people(4)).outcomes() == [("rejected", reason)] * 4
        assert len(server.requests) == 7


def test_it_says_for_how_long_to_slow_down(tmp_path):
    with Server(answering(429, headers=f"X-RateLimit-Reset: {int(time.time()) + 40}\r\n")) as server:
        [result] = go(tmp_path, server, people(1))
        assert 30000 <= result["retry_after_ms"] <= 40000
    with Server(answering(429, headers="Retry-After: 7\r\nX-RateLimit-Reset: soon\r\n")) as server:
        [result] = go(tmp_path, server, people(1))
        assert result["retry_after_ms"] == 7000


def test_a_lost_answer_is_uncertain_for_all_of_the_request(tmp_path):
    def vanish(server, connection, _):
        read_request(server, connection)

    def hang(server, connection, _):
        read_request(server, connection)
        server.closing.wait(10)

    with Server(vanish) as server:
        assert go(tmp_path, server, people(3)).outcomes() == [("uncertain", CONNECTION_LOST)] * 3
    with Server(hang) as server:
        assert go(tmp_path, server, people(3), timeout="300ms").outcomes() == [("uncertain", TIMED_OUT_AFTER)] * 3


def test_what_never_left_is_deferred(tmp_path):
    with Blackhole() as hole:
        run = send(tmp_path, "sendgrid", {"url": f"http://127.0.0.1:{hole.port}", "api_key": "env:SENDGRID_KEY",
                                          "from": "a@b.test", "timeout": "300ms"}, people(2), env=KEY)
        assert run.counts() == {"deferred": 2}


def test_a_close_in_the_midst_tells_everybody(tmp_path):
    def hang(server, connection, _):
        read_request(server, connection)
        server.closing.wait(10)

    with Server(hang) as server:
        run = send(tmp_path, "sendgrid", settings(server, connections=1), people(3), close_after_ms=400, env=KEY)
        assert run.counts() == {"uncertain": 3}


def test_what_sendgrid_could_not_take_is_not_sent(tmp_path):
    attempts = people(5)
    attempts[0]["to"] = "no address"
    attempts[3]["to"] = "j\u00f6rg@mail.test"
    attempts[4]["to"] = "j@m\u00fcller.test"
    attempts[1]["variables"]["code"] = "x" * 10001
    with SendGrid() as server:
        run = go(tmp_path, server, attempts)
        assert run.outcomes() == [("rejected", NO_ENDPOINT), ("rejected", TOO_LARGE), ("accepted", 202),
                                  ("rejected", NOT_ASCII), ("accepted", 202)]
        assert server.sizes == [2] and "j@xn--mller-kva.test" in server.mails


def test_options_stand_in_every_request(tmp_path):
    more = {"reply_to": "help@bank.test", "categories": ["alerts", "breach"], "ip_pool": "urgent", "unsubscribe_group": 12,
            "tracking": False, "sandbox": True}
    with SendGrid() as server:
        assert go(tmp_path, server, people(1), **more).counts() == {"accepted": 1}
        mail = json.loads(server.requests[0].body)
        assert mail["reply_to"] == {"email": "help@bank.test"} and mail["categories"] == ["alerts", "breach"]
        assert mail["ip_pool_name"] == "urgent" and mail["asm"] == {"group_id": 12}
        assert mail["tracking_settings"] == {"click_tracking": {"enable": False, "enable_text": False},
                                             "open_tracking": {"enable": False}}
        assert mail["mail_settings"] == {"sandbox_mode": {"enable": True}}


@pytest.mark.parametrize("wrong,why", [
    ({"api_key": None}, "api_key is missing"), ({"from": None}, "from is missing"), ({"from": "Bank"}, "from must be an address"),
    ({"reply_to": "x"}, "reply_to must be an address"), ({"url": "ftp://x"}, "url must be one such as https://api.sendgrid.com"),
    ({"bulk": 1001}, "bulk must be a number from 1 to 1000"), ({"categories": [1]}, "categories must be a list of words"),
    ({"api_key": "env:NOT_THERE"}, "NOT_THERE"), ({"frm": "a@b.test"}, "frm")])
def test_settings_that_cannot_work_are_refused(tmp_path, wrong, why):
    given = {"url": "http://127.0.0.1:1", "api_key": "env:SENDGRID_KEY", "from": "a@b.test", **wrong}
    given = {key: value for key, value in given.items() if value is not None}
    with pytest.raises(AssertionError, match=why):
        send(tmp_path, "sendgrid", given, [], env=KEY)
