# SPDX-License-Identifier: Apache-2.0
"""One ladder, push > SMS > voice > e-mail, against peers that are not ours: Firebase's form of push over HTTP/2 with a token that
is verified, Kannel with its fake SMSC, Twilio's API by its own document with callbacks that Twilio's package has signed, and
Postfix, whose bounce comes back through tocsin-mailin. Each person stops it on another rung."""

import base64
import html
import json
import os
import re
import subprocess
import urllib.parse

import pytest

from support import BUILD, Cluster, Process, QUICK, free_port, log_of, timeline_of, wait_for
from cluster import Api
from tap import Tap
from certificate import make_certificate
from kannel import Kannel, is_there
from node_peer import node_peer, node_run
from postfix import Postfix, why_not

pytestmark = pytest.mark.skipif(bool(why_not()) or not is_there(), reason=why_not() or "Kannel is not installed")

ACCOUNT, AUTH_TOKEN = "AC" + "0" * 32, "an-auth-token"
SERVICE = "tocsin@p.iam.gserviceaccount.test"
SECRET = "of-kannel"

# key: token of his app, number, address.
PEOPLE = {
    "reads": ("app-1", "+4790000001", "reads@customer.test"),     # the push message, and says so in the app
    "writes": ("app-2", "+4790000002", "writes@customer.test"),   # ACK and his code, by SMS
    "presses": ("app-3", "+4790000003", "presses@customer.test"),  # 1, on the telephone
    "sleeps": ("app-4", "+4790000004", "sleeps@customer.test"),   # and finds the mail in the morning
    "moved": ("UNREGISTERED-5", "+4790000005", "moved@gone.test"),  # from everywhere: his app is gone, his mail bounces
}
CONTENT = {
    "push": {"subject": "Outage", "text": "No water in Elm Street"},
    "sms": {"text": "No water in Elm Street. Reply ACK {{reply_code}}"},
    "voice": {"text": "There is no water in Elm Street"},
    "email": {"subject": "No water", "text": "There is no water in Elm Street."},
}
STEPS = [{"channel": "push", "until": "acknowledged", "within": "6s"}, {"channel": "sms", "until": "acknowledged", "within": "14s"},
         {"channel": "voice", "until": "acknowledged", "within": "14s"}, {"channel": "email"}]


class Services:
    """All peers. They know where the cluster will listen, and it where they do."""

    def __init__(self, place):
        self.place = place
        self.public_port, self.api_port = free_port(), free_port()
        self.tap = Tap(self.public_port, Api.on_answer)
        self.public_url = f"http://127.0.0.1:{self.tap.port}"
        self.running = []

    def path(self, name):
        return os.path.join(self.place, name)

    def directory(self, name):
        os.makedirs(self.path(name))
        return self.path(name)

    def add(self, peer):
        self.running.append(peer)
        return peer

    def start(self):
        self.start_push()
        self.kannel = self.add(Kannel(self.path("kannel"),
                                      f"{self.public_url}/i/kannel?secret={SECRET}&from=%p&to=%P&text=%b&charset=%C&id=%I&ts=%T"))
        self.kannel.start()
        self.twilio = self.add(node_peer(self.directory("twilio"), "twilio_api.js", self.path("calls.ndjson")))
        customers = [address for _, _, address in PEOPLE.values() if address.endswith("@customer.test")]
        self.postfix = self.add(Postfix(("bounces@bank.test", *customers), {"gone.test": "error:5.1.1 no such user here"}))
        self.postfix.start()

    def start_push(self):
        self.cert, key = make_certificate(self.place)
        private = subprocess.run(["openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"], check=True,
                                 capture_output=True).stdout
        public = subprocess.run(["openssl", "pkey", "-pubout"], input=private, check=True, capture_output=True).stdout
        self.push = self.add(node_peer(self.directory("push"), "push_services.js", self.path("push.ndjson"), {
            "tls": {"cert": self.cert, "key": key}, "fcm_key": public.decode(), "fcm_email": SERVICE}))
        with open(self.path("account.json"), "w", encoding="utf-8") as f:
            json.dump({"type": "service_account", "project_id": "p", "private_key": private.decode(), "client_email": SERVICE,
                       "token_uri": self.push.url("/token", "https")}, f)

    def providers(self):
        return [
            {"name": "firebase", "channel": "push", "adapter": "fcm", "settings": {
                "project": "p", "service_account": f"file:{self.path('account.json')}", "url": self.push.url("", "https"),
                "ca_file": self.cert}},
            {"name": "kannel", "channel": "sms", "adapter": "kannel", "receipts": True, "settings": {
                "url": self.kannel.url(), "user": "tester", "password": "env:KANNEL_PASSWORD", "from": "12345",
                "receipt_secret": "env:KANNEL_RECEIPTS", "inbound_secret": "env:KANNEL_INBOUND"}},
            {"name": "calls", "channel": "voice", "adapter": "twilio_voice", "receipts": True, "settings": {
                "url": self.twilio.url(""), "account": ACCOUNT, "auth_token": "env:TWILIO_TOKEN", "from": "+15550001111"}},
            {"name": "relay", "channel": "email", "adapter": "smtp", "receipts": True, "settings": {
                "host": "127.0.0.1", "port": self.postfix.port, "ca_file": self.postfix.cert, "from": "notices@bank.test",
                "envelope_from": "bounces+{{token}}@bank.test"}},
        ]

    def watch_bounces(self, cluster):
        """tocsin-mailin on the Maildir of our return path; Postfix makes it with the first bounce."""
        maildir = self.postfix.maildir("bounces@bank.test")
        for name in ("new", "cur", "tmp"):
            os.makedirs(os.path.join(maildir, name), exist_ok=True)
        subprocess.run(["chown", "-R", "5000:5000", os.path.dirname(maildir)], check=True)
        self.mailin = self.add(Process(
            [os.path.join(BUILD, "bin", "tocsin-mailin"), "--maildir", maildir, "--provider", "relay", "--api",
             cluster.url()], self.path("mailin.log")))

    def close(self):
        for peer in reversed(self.running):
            peer.stop()
        self.tap.close()

    # ---- what people do ----

    def records(self, name):
        if not os.path.exists(self.path(name)):
            return []
        with open(self.path(name), encoding="utf-8") as f:
            return [json.loads(line) for line in f]

    def text_to(self, number):
        return next((text for to, text in self.kannel.messages() if to == number), None)

    def calls(self):
        """The forms of the calls that were asked for; Twilio's document allows them all."""
        calls = self.records("calls.ndjson")
        assert all(call["status"] == 201 for call in calls), calls
        return [dict(urllib.parse.parse_qsl(base64.b64decode(call["body"]).decode())) for call in calls]

    def call_to(self, number):
        return next((form for form in self.calls() if form["To"] == number), None)

    def has_mail(self, *keys):
        return any(os.path.isdir(os.path.join(self.postfix.maildir(PEOPLE[key][2]), "new")) for key in keys)

    def twilio_calls_back(self, url, forge=False, **params):
        """Posts a form as Twilio does, signed by its own package for the URL that we gave it."""
        params = {"AccountSid": ACCOUNT, "CallSid": "CA" + "1" * 32, **params}
        asked = {"kind": "twilio", "token": "another's" if forge else AUTH_TOKEN, "url": url, "params": params}
        headers = {"Content-Type": "application/x-www-form-urlencoded",
                   "X-Twilio-Signature": json.loads(node_run("inbound_sign.js", asked))["signature"]}
        assert url.startswith(self.public_url)
        return Api(self.public_port).call("POST", url.removeprefix(self.public_url), urllib.parse.urlencode(params), headers)


@pytest.fixture
def services(place, monkeypatch):
    for name, value in (("KANNEL_PASSWORD", "foobar"), ("KANNEL_RECEIPTS", "of-receipts"), ("KANNEL_INBOUND", SECRET),
                        ("TWILIO_TOKEN", AUTH_TOKEN)):
        monkeypatch.setenv(name, value)
    services = Services(place)
    try:
        services.start()
        yield services
    finally:
        services.close()


@pytest.fixture
def cluster(place, services):
    cluster = Cluster(os.path.join(place, "cluster"), BUILD, services.providers(), {**QUICK, "public_url": services.public_url})
    cluster.public_port = services.public_port
    try:
        cluster.start_coordinator()
        cluster.start_worker("w0", 1)
        cluster.wait_workers(1)
        services.watch_bounces(cluster)
        wait_for("the access token", lambda: "token_made" in log_of(cluster))
        yield cluster
    finally:
        cluster.close()


def events(cluster, campaign, key):
    return [entry["event"] for entry in timeline_of(cluster, campaign, key)]


def launch(cluster):
    rows = "id,push_token,phone,email\n" + "".join(f"{key},{','.join(contacts)}\n" for key, contacts in PEOPLE.items())
    answer = cluster.api.upload(rows.encode())
    assert answer.status == 201, answer.body
    return cluster.campaign(answer.json()["id"], None, CONTENT, {"steps": STEPS})["id"]


def state_of(cluster, campaign, key):
    return cluster.api.get(f"/v1/campaigns/{campaign}/recipients/{key}")["state"]


def wait_event(cluster, campaign, key, event, seconds=20):
    wait_for(f"{key}: {event}", lambda: event in events(cluster, campaign, key), seconds, every=0.1)


def pushed(services):
    """token of an app -> the message that Firebase was asked to send it."""
    sent = [json.loads(request["body"])["message"] for request in services.records("push.ndjson")
            if request["path"].endswith("/messages:send")]
    return {message["token"]: message for message in sent}


def test_each_rung_reaches_who_is_left_and_an_acknowledgement_stops_it(services, cluster):
    campaign = launch(cluster)

    # Push. One app is gone: its owner is on the next rung at once. One person has read it and says so, by the token in it.
    wait_for("push messages", lambda: len(pushed(services)) == len(PEOPLE))
    messages = pushed(services)
    assert messages["app-1"]["notification"] == {"title": "Outage", "body": "No water in Elm Street"}
    assert cluster.api.call("POST", f"/a/{messages['app-1']['data']['token']}").status == 404, "that is the public port's"
    assert Api(services.public_port).call("POST", f"/a/{messages['app-1']['data']['token']}").status == 200
    wait_for("the SMS to who has no app", lambda: services.text_to("+4790000005"))
    assert services.text_to("+4790000002") is None

    # SMS through Kannel: receipts by its DLR, and the reply that ends the ladder for one.
    others = ["writes", "presses", "sleeps"]
    wait_for("the SMS", lambda: all(services.text_to(PEOPLE[key][1]) for key in others), 25)
    for key in others:
        wait_event(cluster, campaign, key, "delivered")
    code = re.search(r"Reply ACK (\w+)", services.text_to("+4790000002")).group(1)
    services.kannel.reply("+4790000002", f"ack {code.lower()}")
    wait_for("his acknowledgement", lambda: state_of(cluster, campaign, "writes") == "acknowledged", 10)

    # Voice: a forged key press is nobody's, a real one ends it.
    calls = wait_for("the calls", lambda: all(services.call_to(PEOPLE[key][1]) for key in ("presses", "sleeps", "moved")) and
                     {key: services.call_to(PEOPLE[key][1]) for key in ("presses", "sleeps", "moved")}, 30)
    action = html.unescape(re.search(r'action="([^"]+)"', calls["presses"]["Twiml"]).group(1))
    assert services.twilio_calls_back(action, forge=True, Digits="1", CallStatus="in-progress").status == 403
    assert state_of(cluster, campaign, "presses") != "acknowledged"
    answer = services.twilio_calls_back(action, Digits="1", CallStatus="in-progress")
    assert answer.status == 200 and b"<Say" in answer.body
    assert state_of(cluster, campaign, "presses") == "acknowledged"
    for key in ("sleeps", "moved"):
        done = services.twilio_calls_back(calls[key]["StatusCallback"], CallStatus="no-answer", CallDuration="0")
        assert done.status in (200, 204), done.body

    # Mail: one is in a mailbox, one comes back as Postfix's own bounce.
    [mail] = services.postfix.mailbox("sleeps@customer.test", 1)
    assert mail["Subject"] == "No water" and "Elm Street" in mail.get_content()
    wait_event(cluster, campaign, "moved", "bounced")
    path = "/v1/suppressions/email/moved@gone.test"
    wait_for("his address on the list", lambda: cluster.api.call("GET", path).status == 200)  # it is written a moment later
    assert cluster.api.get(path)["reason"] == "bounced"

    view = cluster.wait_campaign(campaign, 30)
    assert sum(view["counts"].values()) == len(PEOPLE) and view["counts"]["acknowledged"] == 3
    assert [rung["channel"] for rung in view["ladder"]] == ["push", "sms", "voice", "email"]
    # Nobody heard of it on a rung above the one that he stopped at.
    assert services.text_to("+4790000001") is None
    assert {form["To"] for form in services.calls()} == {PEOPLE[key][1] for key in ("presses", "sleeps", "moved")}
    assert not services.has_mail("reads", "writes", "presses")
