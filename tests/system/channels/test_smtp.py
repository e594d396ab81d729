# SPDX-License-Identifier: Apache-2.0
"""The smtp adapter against Postfix's smtp-sink and its fault switches, and against a server that says what it is told."""

import email
import email.policy
import email.utils
import os
import random
import time

import aiosmtpd.controller
import pytest

import peers
from cluster import free_port, start_smtp_sink
from peers import CLOSE, HANG, RESET, Blackhole, SmtpServer, send

ONE = [{"to": "alice@customer.test", "subject": "Outage", "text": "Dear Alice,\nsorry.\n", "campaign": 7, "ordinal": 9}]


def settings(port, **more):
    return {"host": "127.0.0.1", "port": port, "from": "notices@bank.test", "starttls": "off", "connections": 2,
            "helo": "worker.test", "timeout": "5s", "connect_timeout": "3s", **more}


def many(count, **more):
    return [{**ONE[0], **more, "repeat": count}]


class Sink:
    """smtp-sink, with a file for each mail."""

    def __init__(self, directory, *options):
        self.directory = str(directory)
        self.process, self.port = start_smtp_sink(self.directory, "-u", "root", "-h", "sink.test", "-d",
                                                  f"{self.directory}/mail.", *options)

    def __enter__(self):
        os.chmod(self.directory, 0o777)
        return self

    def __exit__(self, *_):
        self.process.stop()

    def mails(self):
        """What came, as bytes, without the lines that smtp-sink puts in front."""
        found = []
        for name in sorted(os.listdir(self.directory)):
            if name.startswith("mail."):
                with open(os.path.join(self.directory, name), "rb") as f:
                    found.append(f.read())
        return found


def without_trace(raw):
    """smtp-sink puts X-...-Args and Received fields in front."""
    lines = raw.split(b"\n")
    first = next(i for i, line in enumerate(lines) if line.startswith(b"Date:"))
    return b"\n".join(lines[first:])


def content(mail, kind):
    """Python leaves the line ends of base64 as they are, and the last one of a part belongs to the boundary."""
    return mail.get_body((kind,)).get_content().replace("\r\n", "\n").rstrip("\n")


def parse(raw):
    return email.message_from_bytes(without_trace(raw), policy=email.policy.default)


@pytest.fixture
def sink_directory(tmp_path_factory):
    # Its user must be able to write there.
    directory = tmp_path_factory.mktemp("sink")
    for parent in [directory, *directory.parents][:3]:
        os.chmod(parent, 0o777)
    return directory


# --- what is sent ---

def test_a_mail_is_what_a_reader_of_mail_expects(tmp_path, sink_directory):
    attempt = {**ONE[0], "subject": "Strømbrudd i området rundt Tromsø, vi beklager ulempene dette medfører for deg",
               "text": "Hei Åse,\n.\n..to\nHilsen\n", "html": "<p>Hei Åse</p>\n", "variables": {"city": "Tromsø"},
               "token": "t" * 32}
    with Sink(sink_directory) as sink:
        run = send(tmp_path, "smtp", settings(sink.port, from_name="Bänk, \"den\" beste", reply_to="help@bank.test",
                                              headers={"X-City": "in {{city}}", "Auto-Submitted": "auto-generated"}), [attempt])
        assert run.outcomes() == [("accepted", 250)]
        raw = sink.mails()[0]
    mail = parse(raw)
    assert mail["Subject"] == attempt["subject"]
    sender = mail["From"].addresses[0]
    assert (sender.display_name, sender.addr_spec) == ("Bänk, \"den\" beste", "notices@bank.test")
    assert mail["To"].addresses[0].addr_spec == "alice@customer.test"
    assert mail["Reply-To"].addresses[0].addr_spec == "help@bank.test"
    assert mail["X-City"] == "in Tromsø"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert abs(email.utils.parsedate_to_datetime(mail["Date"]).timestamp() - time.time()) < 60
    assert mail["Message-ID"].startswith("<7-9-0.") and mail["Message-ID"].endswith("@bank.test>")
    assert mail.get_content_type() == "multipart/alternative"
    assert content(mail, "plain") == attempt["text"].rstrip("\n")
    assert content(mail, "html") == attempt["html"].rstrip("\n")
    assert not mail.defects
    assert b"MAIL FROM:<notices@bank.test>" in raw or b"<notices@bank.test>" in raw.split(b"\n\n")[0]


def test_the_message_id_stays_over_retries_and_differs_between_mails(tmp_path, sink_directory):
    attempts = [{**ONE[0], "token": "a" * 32}, {**ONE[0], "token": "b" * 32}, {**ONE[0], "ordinal": 10},
                {**ONE[0], "to": "bob@customer.test"}, {**ONE[0], "step": 1}, {**ONE[0], "campaign": 8}]
    with Sink(sink_directory) as sink:
        assert send(tmp_path, "smtp", settings(sink.port), attempts).counts() == {"accepted": 6}
        ids = [parse(raw)["Message-ID"] for raw in sink.mails()]
    assert len(ids) == 6 and len(set(ids)) == 5


def test_bounces_and_answers_come_back_with_the_token(tmp_path):
    token = "AQEAAAAAAAAAAAAAPtLtLyOru4kAK_9Z"
    with SmtpServer() as server:
        run = send(tmp_path, "smtp", settings(server.port, envelope_from="bounces+{{token}}@bank.test",
                                              reply_to="reply+{{token}}@bank.test"), [{**ONE[0], "token": token}])
        assert run.outcomes() == [("accepted", 250)]
        command = next(line for _, line in server.commands if line.startswith("MAIL"))
        mail = email.message_from_bytes(server.mails[0][1], policy=email.policy.default)
    assert command.startswith(f"MAIL FROM:<bounces+{token}@bank.test>")
    assert mail["Reply-To"].addresses[0].addr_spec == f"reply+{token}@bank.test"
    assert mail["From"].addresses[0].addr_spec == "notices@bank.test"


@pytest.mark.parametrize("url, one_click", [("https://n.bank.test/u/t", True), ("http://n.bank.test/u/t", False), (None, False)])
def test_whoever_has_a_link_to_unsubscribe_has_it_in_the_header(tmp_path, sink_directory, url, one_click):
    attempt = {**ONE[0], "variables": {"unsubscribe_url": url} if url else {}}
    with Sink(sink_directory) as sink:
        assert send(tmp_path, "smtp", settings(sink.port), [attempt]).counts() == {"accepted": 1}
        off = send(tmp_path, "smtp", settings(sink.port, list_unsubscribe=False, headers={"List-Unsubscribe": "<mailto:u@bank.test>"}),
                   [attempt])
        assert off.counts() == {"accepted": 1}
        mails = sorted((parse(raw) for raw in sink.mails()), key=lambda mail: "mailto" in str(mail["List-Unsubscribe"]))
    assert mails[0]["List-Unsubscribe"] == (f"<{url}>" if url else None)
    assert mails[0]["List-Unsubscribe-Post"] == ("List-Unsubscribe=One-Click" if one_click else None)
    assert mails[1]["List-Unsubscribe"] == "<mailto:u@bank.test>" and mails[1]["List-Unsubscribe-Post"] is None


def test_files_are_attached_by_their_names(tmp_path, sink_directory):
    files = tmp_path / "files"
    files.mkdir()
    contents = {"Recall notice.pdf": bytes(range(256)) * 40, "Rückruf – \"neu\".pdf": b"%PDF", "x" * 120 + ".csv": b"a,b\n"}
    for name, content_of in contents.items():
        (files / name).write_bytes(content_of)
    attempt = {**ONE[0], "html": "<p>sorry</p>", "attachments": list(contents)}
    with Sink(sink_directory) as sink:
        run = send(tmp_path, "smtp", settings(sink.port, attachments=str(files)), [attempt, {**attempt, "attachments": ["Rückruf – \"neu\".pdf"]}])
        assert run.counts() == {"accepted": 2}
        mails = sorted((parse(raw) for raw in sink.mails()), key=lambda mail: -len(list(mail.iter_attachments())))
    assert mails[0].get_content_type() == "multipart/mixed" and content(mails[0], "html") == "<p>sorry</p>"
    got = {part.get_filename(): part for part in mails[0].iter_attachments()}
    assert {name: part.get_payload(decode=True) for name, part in got.items()} == contents
    assert [got[name].get_content_type() for name in contents] == ["application/pdf", "application/pdf", "text/csv"]
    assert not mails[0].defects and len(list(mails[1].iter_attachments())) == 1


def test_a_file_that_is_not_there_or_too_large_is_nobodys_mail(tmp_path, sink_directory):
    (tmp_path / "large.bin").write_bytes(b"x" * (10 * 1024 * 1024 + 1))
    (tmp_path / "nine.bin").write_bytes(b"x" * 9 * 1024 * 1024)
    with Sink(sink_directory) as sink:
        run = send(tmp_path, "smtp", settings(sink.port, attachments=str(tmp_path)),
                   [{**ONE[0], "attachments": names} for names in (["none.pdf"], ["large.bin"], ["nine.bin"] * 3, ["../etc/passwd"])])
        none = send(tmp_path, "smtp", settings(sink.port), [{**ONE[0], "attachments": ["nine.bin"]}])
        assert sink.mails() == []
    assert run.outcomes() == [("deferred", 1011), ("rejected", 1006), ("rejected", 1006), ("deferred", 1011)]
    assert none.outcomes() == [("deferred", 1011)]


class Inbox:
    """A handler for aiosmtpd that keeps envelopes."""

    def __init__(self):
        self.envelopes = []

    async def handle_DATA(self, _server, _session, envelope):
        self.envelopes.append(envelope)
        return "250 ok"


@pytest.mark.parametrize("offers", [True, False])
def test_addresses_of_any_script_go_where_they_can(tmp_path, offers):
    inbox = Inbox()
    controller = aiosmtpd.controller.Controller(inbox, hostname="127.0.0.1", port=free_port(), enable_SMTPUTF8=offers)
    controller.start()
    try:
        run = send(tmp_path, "smtp", settings(controller.port, connections=1),
                   [{**ONE[0], "to": "kari@bücher.test"}, {**ONE[0], "to": "jørn@bücher.test"}, {**ONE[0], "to": "\"a b\"@x.test"}])
    finally:
        controller.stop()
    rejected = ("rejected", peers.NOT_ASCII)
    assert run.outcomes() == [("accepted", 250), ("accepted", 250) if offers else rejected, ("accepted", 250)]
    expected = ["kari@xn--bcher-kva.test", "jørn@xn--bcher-kva.test", "\"a b\"@x.test"]
    got = [(envelope.rcpt_tos, bool(envelope.smtp_utf8)) for envelope in inbox.envelopes]
    assert got == [([address], "ø" in address) for address in expected if offers or "ø" not in address]
    for envelope, (recipients, _) in zip(inbox.envelopes, got):
        content = envelope.content if isinstance(envelope.content, bytes) else envelope.content.encode()
        assert f"To: <{recipients[0]}>".encode() in content


def random_text(dice, length):
    alphabets = ["abcdefg hijk.lmnop qrstuvw=xyz,?_\"\\<>@:;()", "æøåÆØÅéü ñ", "Привет мир", "日本語 テキスト", "😀🎉 ",
                 "\t ", "=?utf-8?q?_", "From .", "x" * 50]
    return "".join(dice.choice(dice.choice(alphabets)) for _ in range(length))


def test_any_text_comes_out_as_it_went_in(tmp_path, sink_directory):
    dice = random.Random(20260101)
    attempts = []
    for number in range(300):
        text = "\n".join(random_text(dice, dice.choice([0, 1, 30, 75, 76, 77, 998, 1500])) for _ in range(dice.randint(1, 6)))
        subject = random_text(dice, dice.choice([1, 10, 40, 60, 61, 62, 63, 80, 300])).strip()
        attempts.append({"to": f"c{number}@customer.test", "subject": subject or "x", "text": text + "\n", "ordinal": number,
                         "html": text + "\n" if number % 3 == 0 else ""})
    with Sink(sink_directory) as sink:
        assert send(tmp_path, "smtp", settings(sink.port, connections=8), attempts).counts() == {"accepted": 300}
        mails = sink.mails()
    assert len(mails) == 300
    seen = set()
    for raw in mails:
        mail = parse(raw)
        number = int(mail["To"].addresses[0].username[1:])
        seen.add(number)
        expected = attempts[number]
        assert all(len(line) <= 998 for line in raw.split(b"\n"))
        head = without_trace(raw).split(b"\n\n", 1)[0]
        assert all(len(line) <= 998 and (len(line) <= 76 or b"=?UTF-8?" not in line) for line in head.split(b"\n"))
        # Blanks at a fold, and tabs, which became blanks, are all that may differ.
        assert str(mail["Subject"]).split() == expected["subject"].split()
        assert content(mail, "plain") == expected["text"].rstrip("\n"), number
        if expected["html"]:
            assert content(mail, "html") == expected["html"].rstrip("\n"), number
    assert len(seen) == 300


def test_a_recipients_data_cannot_become_a_header_or_a_command(tmp_path):
    evil = "a\r\nBcc: victim@other.test\r\n\r\n.\r\nMAIL FROM:<evil@x.test>\r\nRCPT TO:<victim@other.test>\r\nDATA\r\nX: y"
    with SmtpServer() as server:
        run = send(tmp_path, "smtp", settings(server.port, headers={"X-Name": "{{name}}"}), [
            {"to": "alice@customer.test", "subject": evil, "text": evil, "variables": {"name": evil}},
            {"to": "alice@customer.test>\r\nRCPT TO:<victim@other.test", "subject": "x", "text": "x"}])
        assert run.outcomes() == [("accepted", 250), ("rejected", peers.NO_ENDPOINT)]
        assert len(server.mails) == 1
        text = server.mails[0][1].decode()
        assert [command for _, command in server.commands if "victim" in command] == []
    header = text.split("\r\n\r\n", 1)[0].split("\r\n")
    names = [line.split(":")[0] for line in header if not line.startswith(" ")]
    assert names == ["Date", "From", "To", "Subject", "Message-ID", "X-Name", "MIME-Version", "Content-Type",
                     "Content-Transfer-Encoding"]
    assert "\r\n..\r\nMAIL FROM" in text


# --- connections ---

def test_mails_share_kept_connections(tmp_path):
    with SmtpServer() as server:
        run = send(tmp_path, "smtp", settings(server.port, connections=3), many(200))
        assert run.counts() == {"accepted": 200}
        assert len(server.mails) == 200 and len(server.connections) <= 3
        greetings = [command for _, command in server.commands if command.startswith("EHLO")]
        assert greetings == ["EHLO worker.test"] * len(server.connections)
        time.sleep(0.1)
        assert [command for _, command in server.commands].count("QUIT") == len(server.connections)


def test_a_slow_relay_does_not_stop_the_loop(tmp_path, sink_directory):
    with Sink(sink_directory, "-W", ".:1") as sink:
        run = send(tmp_path, "smtp", settings(sink.port, connections=16), many(32))
        assert run.counts() == {"accepted": 32}
        assert run.summary["seconds"] < 5
        assert run.summary["longest_stall_ms"] < 400


@pytest.mark.parametrize("options", [(), ("-p",), ("-e",)], ids=["pipelining", "one by one", "HELO only"])
def test_every_kind_of_server_is_spoken_to(tmp_path, sink_directory, options):
    with Sink(sink_directory, *options) as sink:
        run = send(tmp_path, "smtp", settings(sink.port), many(50))
        assert run.counts() == {"accepted": 50}
        assert len(sink.mails()) == 50


def test_a_connection_that_ended_while_idle_is_replaced(tmp_path):
    for last in (CLOSE, RESET):
        # The relay hangs up after each mail, a moment later.
        def linger(number, mail, last=last):
            time.sleep(0.05)
            return last
        with SmtpServer({"MAIL": lambda number, mail: "250 ok" if mail == 1 else linger(number, mail)}) as server:
            run = send(tmp_path, "smtp", settings(server.port), many(4), pause_ms=20)
            assert run.counts() == {"accepted": 4}
            assert len(server.mails) == 4


def test_a_relay_that_limits_mails_on_a_connection_gets_new_ones(tmp_path):
    with SmtpServer({"MAIL": lambda number, mail: "250 ok" if mail <= 5 else "421 4.7.0 enough, come again"}) as server:
        run = send(tmp_path, "smtp", settings(server.port, connections=1), many(20))
        assert run.counts() == {"accepted": 20}
        assert len(server.connections) == 4


def test_a_relay_that_says_goodbye_to_an_idle_connection_is_understood(tmp_path):
    class Impatient(SmtpServer):
        def say(self, connection, word, number, mail):
            goes_on = super().say(connection, word, number, mail)
            if word == ".":
                time.sleep(0.05)
                connection.sendall(b"421 idle too long\r\n")
                return False
            return goes_on
    with Impatient() as server:
        run = send(tmp_path, "smtp", settings(server.port), many(3), pause_ms=150)
        assert run.counts() == {"accepted": 3}
        assert len(server.connections) == 3


# --- refusals ---

@pytest.mark.parametrize("options, outcome, code", [
    (("-r", "MAIL"), "deferred", 450), (("-r", "RCPT"), "deferred", 450), (("-r", "DATA"), "deferred", 450),
    (("-r", "."), "deferred", 450), (("-f", "MAIL"), "misconfigured", 500), (("-f", "RCPT"), "rejected", 500),
    (("-f", "DATA"), "rejected", 500), (("-f", "."), "rejected", 500), (("-Q", "MAIL"), "throttled", 421),
    (("-Q", "RCPT"), "throttled", 421), (("-Q", "."), "throttled", 421), (("-Q", "CONNECT"), "throttled", 421),
    (("-f", "CONNECT"), "misconfigured", 500), (("-r", "CONNECT"), "deferred", 450)])
def test_a_refusal_is_an_outcome(tmp_path, sink_directory, options, outcome, code):
    with Sink(sink_directory, *options) as sink:
        run = send(tmp_path, "smtp", settings(sink.port), many(3))
        assert run.outcomes() == [(outcome, code)] * 3


def test_a_refused_recipient_does_not_cost_the_connection(tmp_path):
    with SmtpServer({"RCPT": lambda number, mail: "550 5.1.1 unknown" if mail % 2 else "250 ok"}) as server:
        run = send(tmp_path, "smtp", settings(server.port, connections=1), many(20))
        assert run.counts() == {"rejected": 10, "accepted": 10}
        assert len(server.connections) == 1


@pytest.mark.parametrize("rcpt, outcome", [
    ("554 5.7.1 <alice@customer.test>: Relay access denied", "misconfigured"),
    ("550 5.1.1 <bob@relay.example>: User unknown", "rejected"),
    ("550 5.1.8 <notices@bank.example>: Sender address rejected: Domain not found", "misconfigured"),
    ("530 5.7.0 Authentication required", "misconfigured"), ("550 5.1.1 unknown", "rejected"),
    ("450 4.2.0 greylisted", "deferred"), ("452 4.5.3 too many", "deferred"), ("454 4.7.0 throttled", "throttled")])
def test_the_relays_words_tell_whose_fault_it_is(tmp_path, rcpt, outcome):
    with SmtpServer({"RCPT": rcpt}) as server:
        run = send(tmp_path, "smtp", settings(server.port), ONE)
        assert run.outcomes() == [(outcome, int(rcpt[:3]))]


def test_the_relays_id_of_the_mail_is_kept(tmp_path):
    with SmtpServer({".": "250 2.0.0 Ok: queued as 57AE2AA2069"}) as server:
        assert send(tmp_path, "smtp", settings(server.port), ONE)[0]["ref"] == "57AE2AA2069"


# --- lost connections: before the end of the data nothing is lost, after it nobody knows ---

@pytest.mark.parametrize("command", ["CONNECT", "EHLO", "MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize("how", [CLOSE, RESET])
def test_a_connection_lost_before_the_data_is_deferred(tmp_path, command, how):
    with SmtpServer({command: how, "DATA": "354 go" if command != "DATA" else how}) as server:
        run = send(tmp_path, "smtp", settings(server.port), ONE)
        assert run[0]["outcome"] == "deferred" and run[0]["ms"] < 2000
        assert not server.mails


@pytest.mark.parametrize("how", [CLOSE, RESET])
def test_a_connection_lost_after_the_data_is_uncertain(tmp_path, how):
    with SmtpServer({".": how}) as server:
        run = send(tmp_path, "smtp", settings(server.port), ONE)
        assert run.outcomes() == [("uncertain", peers.CONNECTION_LOST)]
        assert len(server.mails) == 1


def test_no_mail_is_sent_twice_when_its_reply_is_lost(tmp_path):
    with SmtpServer({".": lambda number, mail: "250 ok" if mail == 1 else CLOSE}) as server:
        run = send(tmp_path, "smtp", settings(server.port, connections=1), many(2))
        assert run.outcomes() == [("accepted", 250), ("uncertain", peers.CONNECTION_LOST)]
        assert len(server.mails) == 2


def test_silence_ends_at_the_deadline(tmp_path):
    for command, timeouts, outcome in [
            ("CONNECT", {"connect_timeout": "300ms"}, ("deferred", peers.TIMED_OUT_BEFORE)),
            ("EHLO", {"connect_timeout": "300ms"}, ("deferred", peers.TIMED_OUT_BEFORE)),
            ("MAIL", {"timeout": "300ms"}, ("deferred", peers.TIMED_OUT_BEFORE)),
            ("DATA", {"timeout": "300ms"}, ("deferred", peers.TIMED_OUT_BEFORE)),
            (".", {"timeout": "300ms"}, ("uncertain", peers.TIMED_OUT_AFTER))]:
        with SmtpServer({command: HANG}) as server:
            run = send(tmp_path, "smtp", settings(server.port, **timeouts), ONE)
            assert run.outcomes() == [outcome], command
            assert 250 <= run[0]["ms"] < 2000


def test_a_relay_that_is_not_there_is_deferred(tmp_path):
    run = send(tmp_path, "smtp", settings(free_port()), many(3))
    assert run.outcomes() == [("deferred", peers.CONNECT_FAILED)] * 3
    with Blackhole() as hole:
        run = send(tmp_path, "smtp", settings(hole.port, connect_timeout="300ms"), ONE)
        assert run.outcomes() == [("deferred", peers.TIMED_OUT_BEFORE)]


def test_something_that_is_no_mail_server_is_deferred(tmp_path):
    with SmtpServer({"CONNECT": "HTTP/1.1 400 Bad Request\r\n\r\n<html>"}) as server:
        run = send(tmp_path, "smtp", settings(server.port, connect_timeout="1s"), ONE)
        assert run[0]["outcome"] == "deferred"


def test_a_large_mail_to_a_slow_reader_arrives_whole(tmp_path):
    class SlowReader(SmtpServer):
        def say(self, connection, word, number, mail):
            if word == "DATA":
                connection.sendall(b"354 go\r\n")
                time.sleep(0.3)
                return True
            return super().say(connection, word, number, mail)
    text = "".join(f"line {i} of a very long mail, ....\n" for i in range(60000))
    with SlowReader() as server:
        run = send(tmp_path, "smtp", settings(server.port), [{**ONE[0], "text": text}])
        assert run.outcomes() == [("accepted", 250)]
        body = server.mails[0][1].decode().split("\r\n\r\n", 1)[1]
        assert body == text.replace("\n", "\r\n") + ".\r\n"


def test_closing_ends_what_is_under_way(tmp_path):
    with SmtpServer({".": HANG}) as server:
        run = send(tmp_path, "smtp", settings(server.port), many(2), close_after_ms=300)
        assert run.outcomes() == [("uncertain", peers.CONNECTION_LOST)] * 2
        assert run.summary["seconds"] < 3
    with SmtpServer({"EHLO": HANG}) as server:
        run = send(tmp_path, "smtp", settings(server.port), many(2), close_after_ms=300)
        assert run.counts() == {"deferred": 2}
