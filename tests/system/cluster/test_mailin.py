# SPDX-License-Identifier: Apache-2.0
"""What comes back by mail: a relay of ours (Postfix) hands on to a customer's host (another Postfix) that knows two mailboxes, and
gives every mail to our own domain to tocsin-mailin: by its pipe transport, or by a Maildir that is watched."""

import email.message
import os
import shutil
import smtplib
import subprocess
import time

import pytest

from support import BUILD, Process, free_port, reports, wait_for
from postfix import Postfix, why_not  # on the path since support

pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not() or "it runs")

PIPE = "mailin unix - n n - 4 pipe flags=R user=nobody:nogroup argv={dir}/mailin --recipient ${{original_recipient}}\n"
PEOPLE = ("alice", "nobody", "bob")
MAIL = {"email": {"subject": "Outage", "text": "Reply ACK {{reply_code}} to confirm"}}


class Relay:
    """Postfix before tocsin-mailin, and the customer's host behind it. `keeps`: mail to our own domain goes into one Maildir."""

    def __init__(self, keeps=False):
        self.customer = Postfix()
        self.own = Postfix((), {"customer.test": f"smtp:[127.0.0.1]:{self.customer.port}", "n.test": "virtual:" if keeps else "mailin:"})
        self.dir = self.own.dir
        self.add("conf/master.cf", PIPE.format(dir=self.dir))
        self.add("conf/main.cf", "mailin_destination_recipient_limit = 1\n")
        if keeps:
            self.add("conf/main.cf", "virtual_mailbox_maps = static:n.test/all/\n")
        shutil.copy(os.path.join(BUILD, "bin", "tocsin-mailin"), self.path("tocsin-mailin"))
        self.counters_dir = self.path("counters")
        os.mkdir(self.counters_dir)
        os.chmod(self.counters_dir, 0o777)

    def path(self, name):
        return os.path.join(self.dir, name)

    def add(self, name, lines):
        with open(self.path(name), "a", encoding="utf-8") as f:
            f.write(lines)

    def log(self):
        """What Postfix and tocsin-mailin said, for a test that failed."""
        said = ""
        for path in (self.path("maillog"), os.path.join(self.counters_dir, "mailin.log")):
            if os.path.exists(path):
                with open(path, encoding="utf-8", errors="replace") as f:
                    said += f.read()[-3000:]
        return said

    def arguments(self, cluster):
        """The pipe may read neither the data directory nor the token in it: it gets a relay's, as an operator would give it."""
        made = cluster.api.post("/v1/tokens", {"name": f"mailin-{time.monotonic_ns()}", "role": "relay"})
        with open(self.path("token"), "w", encoding="ascii") as f:
            f.write(made["token"])
        shutil.chown(self.path("token"), "nobody", "nogroup")
        os.chmod(self.path("token"), 0o400)
        return ["--provider", "relay", "--api", cluster.url(), "--token-file", self.path("token"),
                "--counters", os.path.join(self.counters_dir, "mails.prom")]

    def start(self, cluster):
        words = " ".join(self.arguments(cluster))
        self.own.write("mailin", f'#!/bin/sh\nexec {self.path("tocsin-mailin")} {words} "$@" 2>>{self.counters_dir}/mailin.log\n')
        os.chmod(self.path("mailin"), 0o755)
        self.customer.start()
        self.own.start()

    def stop(self):
        try:
            self.own.stop()
        finally:
            self.customer.stop()

    def counts(self):
        """(kind, result) -> mails."""
        try:
            with open(os.path.join(self.counters_dir, "mails.prom"), encoding="ascii") as f:
                lines = [line.split() for line in f if not line.startswith("#")]
        except FileNotFoundError:
            return {}
        found = {}
        for name, count in lines:
            words = name.split('"')
            found[words[1], words[3]] = int(count)
        return found

    def wait_count(self, kind, result, count=1):
        try:
            wait_for(f"{count} mails that are {kind} and {result}", lambda: self.counts().get((kind, result), 0) >= count, 30)
        except TimeoutError as late:
            raise AssertionError(f"{late}: {self.counts()}\n{self.log()}") from late

    def deliver(self, sender, recipient, text):
        with smtplib.SMTP("127.0.0.1", self.own.port, timeout=10) as client:
            client.sendmail(sender, [recipient], text)


@pytest.fixture
def relay(request):
    relay = Relay(getattr(request, "param", False))
    found = []
    try:
        yield relay
        found = reports(relay.counters_dir)
    finally:
        relay.stop()
    assert not found, "\n".join(found)


@pytest.fixture
def cluster(make_cluster, relay):
    provider = {"name": "relay", "channel": "email", "adapter": "smtp", "receipts": True,
                "settings": {"host": "127.0.0.1", "port": relay.own.port, "starttls": "off", "from": "notices@n.test",
                             "envelope_from": "bounces+{{token}}@n.test", "reply_to": "reply+{{token}}@n.test"}}
    cluster = make_cluster([provider], {"public_url": "https://n.test"})
    relay.start(cluster)
    return cluster


def send(cluster, people=PEOPLE):
    rows = "id,email\n" + "".join(f"{user},{user}@customer.test\n" for user in people)
    audience = cluster.api.upload(rows.encode()).json()["id"]
    return audience, cluster.campaign(audience, "email", MAIL, {"until": "delivered", "within": "1h"})["id"]


def state(cluster, campaign, user):
    return cluster.api.get(f"/v1/campaigns/{campaign}/recipients/{user}")


def wait_state(cluster, campaign, user, wanted):
    wait_for(f"{user} {wanted}", lambda: state(cluster, campaign, user)["state"] == wanted, 30)


def receipts(cluster, result):
    text = cluster.api.call("GET", "/metrics").body.decode()
    return int(text.split(f'tocsin_receipts_total{{provider="relay",result="{result}"}} ')[1].split("\n")[0])


def suppression(cluster, user):
    answer = cluster.api.call("GET", f"/v1/suppressions/email/{user}@customer.test")
    return answer.json() if answer.status == 200 else None


def mail_of(relay, user):
    return relay.customer.mailbox(f"{user}@customer.test", 1)[0]


def token_of(mail):
    return mail["Return-Path"].split("+")[1].split("@")[0]


def test_a_bounce_of_the_next_host_fails_its_recipient_alone(relay, cluster):
    audience, campaign = send(cluster)
    relay.wait_count("bounced", "told")
    wait_state(cluster, campaign, "nobody", "failed")
    events = state(cluster, campaign, "nobody")["timeline"]
    assert [event["event"] for event in events].count("accepted") == 1, "the relay had taken it"
    assert 550 in [event.get("reason") for event in events]
    assert {state(cluster, campaign, user)["state"] for user in ("alice", "bob")} == {"accepted"}
    assert wait_for("nobody on the list", lambda: suppression(cluster, "nobody"))["reason"] == "bounced"
    after = cluster.campaign(audience, "email", MAIL, {"until": "delivered", "within": "1h"})["id"]
    wait_state(cluster, after, "nobody", "suppressed")
    wait_state(cluster, after, "alice", "accepted")
    mail = mail_of(relay, "alice")
    token = token_of(mail)
    assert len(token) == 32 and mail["Reply-To"].addresses[0].addr_spec == f"reply+{token}@n.test"
    assert mail["List-Unsubscribe"] == f"<https://n.test/u/{token}>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_a_bounce_of_an_address_of_any_script_is_read(relay, cluster):
    """Postfix writes it in UTF-8, as message/global-delivery-status (RFC 6533)."""
    rows = "id,email\nalice,alice@customer.test\nbjorg,bjørg@customer.test\n"
    audience = cluster.api.upload(rows.encode()).json()["id"]
    campaign = cluster.campaign(audience, "email", MAIL, {"until": "delivered", "within": "1h"})["id"]
    relay.wait_count("bounced", "told")
    wait_state(cluster, campaign, "bjorg", "failed")
    assert state(cluster, campaign, "alice")["state"] == "accepted"
    assert wait_for("bjørg on the list", lambda: suppression(cluster, "bj%C3%B8rg"))["reason"] == "bounced"


def report_of(token, status="5.1.1"):
    return f"""From: MAILER-DAEMON@customer.test
To: bounces+{token}@n.test
Subject: Undelivered
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; customer.test

Final-Recipient: rfc822; alice@customer.test
Action: failed
Status: {status}

--b--
"""


def test_a_forged_bounce_is_taken_and_changes_nothing(relay, cluster):
    _, campaign = send(cluster, ("alice", "bob"))
    token = token_of(mail_of(relay, "alice"))
    other = token_of(mail_of(relay, "bob"))
    forged = token[:16] + other[16:]
    relay.deliver("", f"bounces+{forged}@n.test", report_of(forged))
    relay.wait_count("bounced", "forged")
    assert state(cluster, campaign, "alice")["state"] == "accepted"
    assert receipts(cluster, "forged") == 1
    relay.deliver("", f"bounces+{token}@n.test", report_of(token, "5.2.2"))
    relay.wait_count("failed", "told")
    wait_state(cluster, campaign, "alice", "failed")
    assert suppression(cluster, "alice") is None, "a full mailbox is not the address's fault"
    assert 552 in [event.get("reason") for event in state(cluster, campaign, "alice")["timeline"]]
    assert "status=bounced" not in relay.log()


def test_a_complaint_a_reply_and_an_absence(relay, cluster):
    _, campaign = send(cluster, ("alice", "bob"))
    mail = mail_of(relay, "alice")
    token = token_of(mail)
    away = f"From: alice@customer.test\nTo: reply+{token}@n.test\nAuto-Submitted: auto-replied\nSubject: Away\n\nUntil Monday.\n"
    relay.deliver("", f"reply+{token}@n.test", away)
    relay.wait_count("automatic", "nothing")
    assert state(cluster, campaign, "alice")["state"] == "accepted"
    reply = email.message.EmailMessage()
    reply["From"], reply["To"], reply["Subject"] = "Alice <alice@customer.test>", f"reply+{token}@n.test", "Re: Outage"
    reply["In-Reply-To"] = mail["Message-ID"]
    code = mail.get_content().split("ACK ")[1].split()[0]
    reply.set_content(f"ack {code}\n\nOn Sunday the bank wrote:\n> Reply ACK {code} to confirm\n")
    relay.deliver("alice@customer.test", f"reply+{token}@n.test", reply.as_string())
    relay.wait_count("reply", "told")
    wait_state(cluster, campaign, "alice", "acknowledged")
    other = mail_of(relay, "bob")
    for words in ("Please call me: ring, ring.", "Stop."):
        answer = email.message.EmailMessage()
        answer["From"], answer["To"], answer["Subject"] = "bob@customer.test", f"reply+{token_of(other)}@n.test", "Re: Outage"
        answer.set_content(f"{words}\n\n-- \nBob\n")
        relay.deliver("bob@customer.test", f"reply+{token_of(other)}@n.test", answer.as_string())
    relay.wait_count("reply", "told", 3)
    kept = {reply["text"]: reply for reply in cluster.api.get(f"/v1/campaigns/{campaign}/replies")["items"]}
    call = kept["Please call me: ring, ring."]
    assert (call["class"], call["recipient"], call["found_by"], call["provider"]) == ("other", "bob", "token", "relay")
    assert call["to"] == f"reply+{token_of(other)}@n.test" and kept["Stop."]["result"] == "opted_out"
    assert suppression(cluster, "bob")["reason"] == "opt_out"
    complaint = f"""From: feedback@isp.test
To: feedback@n.test
Subject: FW
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="b"

--b
Content-Type: message/feedback-report

Feedback-Type: abuse
Version: 1

--b
Content-Type: message/rfc822

{mail.as_string()}
--b--
"""
    relay.deliver("feedback@isp.test", "feedback@n.test", complaint)
    relay.wait_count("complained", "told")
    assert receipts(cluster, "complained") == 1
    assert wait_for("alice on the list", lambda: suppression(cluster, "alice"))["reason"] == "complaint"


def test_receipts_and_replies_go_to_ports_of_their_own(make_cluster, place):
    """What recipients and providers reach is not the API where that has a port of its own."""
    cluster = make_cluster([{"name": "relay", "channel": "email", "adapter": "null", "receipts": True}], workers=0)
    cluster.coordinator.kill()
    cluster.public_port = free_port()
    cluster.start_coordinator()
    token = os.path.join(place, "token")
    with open(token, "w", encoding="ascii") as f:
        f.write(cluster.api.token + "\n")
    argv = [os.path.join(BUILD, "bin", "tocsin-mailin"), "--provider", "relay", "--token-file", token,
            "--api", cluster.url()]
    public = ["--public", f"http://127.0.0.1:{cluster.tapped(cluster.public_port)}"]
    forged = report_of("A" * 32)
    reply = "From: eve@customer.test\nTo: reply@n.test\nMessage-ID: <1@x>\n\nHello\n"
    for mail, more, code, result in ((forged, public, 0, "forged"), (forged, [], 75, "later"), (reply, public, 0, "told")):
        done = subprocess.run([*argv, *more], input=mail.encode(), capture_output=True, timeout=20)
        assert (done.returncode, f"result={result}" in done.stderr.decode()) == (code, True), done.stderr
    subprocess.run([*argv, *public], input=reply.replace("To:", "X-Trace: again\nTo:").encode(), capture_output=True, timeout=20)
    assert [kept["text"] for kept in cluster.api.get("/v1/replies")["items"]] == ["Hello"], "one answer, however often it comes"


def test_odd_things_in_a_maildir_stay_where_they_are(place):
    box = os.path.join(place, "box")
    new, cur = os.path.join(box, "new"), os.path.join(box, "cur")
    for directory in (new, cur, os.path.join(new, "folder")):
        os.makedirs(directory)
    os.mkfifo(os.path.join(new, "pipe"))
    os.symlink("/etc/hostname", os.path.join(new, "link"))
    for name in [".hidden"] + [f"spam{i}" for i in range(100)]:
        with open(os.path.join(new, name), "w", encoding="ascii") as f:
            f.write("Subject: buy\n\nnow\n")
    argv = [os.path.join(BUILD, "bin", "tocsin-mailin"), "--provider", "relay", "--maildir", box, "--every", "200ms",
            "--api", "http://127.0.0.1:1"]
    watchers = [Process(argv, os.path.join(place, f"mailin{i}.log")) for i in range(2)]
    try:
        wait_for("100 mails in cur/", lambda: len(os.listdir(cur)) == 100, 20)
        with open(os.path.join(new, "late:2,"), "w", encoding="ascii") as f:
            f.write("Subject: buy\n\nmore\n")
        wait_for("another", lambda: "late:2," in os.listdir(cur), 20)
        time.sleep(0.5)
        assert sorted(os.listdir(new)) == [".hidden", "folder", "link", "pipe"]
    finally:
        codes = [watcher.stop() for watcher in watchers]
    assert codes == [0, 0], "".join(watcher.tail() for watcher in watchers)


def test_mail_waits_while_the_coordinator_is_away(relay, cluster):
    _, campaign = send(cluster, ("alice", "bob"))
    token = token_of(mail_of(relay, "alice"))
    mail_of(relay, "bob")
    cluster.coordinator.kill()
    relay.deliver("", f"bounces+{token}@n.test", report_of(token))
    relay.deliver("", "postmaster@n.test", "Subject: nothing for us\n\nx\n")
    relay.wait_count("bounced", "later")
    relay.wait_count("other", "nothing")
    cluster.start_coordinator()
    relay.wait_count("bounced", "told")
    wait_state(cluster, campaign, "alice", "failed")


@pytest.mark.parametrize("relay", [True], indirect=True)
def test_a_maildir_is_emptied_as_far_as_can_be_told(relay, cluster, place):
    box = relay.own.maildir("all@n.test")
    _, campaign = send(cluster)
    new, cur = os.path.join(box, "new"), os.path.join(box, "cur")
    wait_for("a mail in the Maildir", lambda: os.path.isdir(new) and os.listdir(new), 30)
    watcher = Process([os.path.join(BUILD, "bin", "tocsin-mailin"), *relay.arguments(cluster), "--maildir", box, "--every", "1s"],
                      os.path.join(place, "mailin.log"))
    try:
        wait_state(cluster, campaign, "nobody", "failed")
        wait_for("an empty new/", lambda: not os.listdir(new) and len(os.listdir(cur)) == 1, 10)
        assert os.listdir(cur)[0].endswith(":2,S")
        token = token_of(mail_of(relay, "alice"))
        cluster.coordinator.kill()
        for number in range(40):
            relay.deliver("", f"x{number}@n.test", report_of(token))
        wait_for("40 mails", lambda: len(os.listdir(new)) == 40, 30)
        relay.wait_count("bounced", "later")
        time.sleep(1)
        assert len(os.listdir(new)) == 40
        cluster.start_coordinator()
        wait_for("an empty new/", lambda: not os.listdir(new) and len(os.listdir(cur)) == 41, 30)
        wait_state(cluster, campaign, "alice", "failed")
    finally:
        assert watcher.stop() == 0, watcher.tail()


@pytest.mark.parametrize("arguments, text", [
    ([], "--provider is missing"), (["--provder", "x"], "did you mean --provider"), (["--provider"], "wants something"),
    (["--provider", "a/b"], "is no name"), (["--provider", "x", "--every", "0"], "no duration"),
    (["--provider", "x", "--api", "ftp://x"], "no address of an API"), (["--provider", "x", "--token-file", "/none"], "/none"),
    (["--provider", "x", "--maildir", "/none"], "no Maildir")])
def test_a_wrong_command_line_leaves_the_mail_to_the_mta(arguments, text):
    done = subprocess.run([os.path.join(BUILD, "bin", "tocsin-mailin"), *arguments], input=b"Subject: x\n\nx\n",
                          capture_output=True, timeout=20)
    assert done.returncode == 75 and text in done.stderr.decode(), done.stderr
