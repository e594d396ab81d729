# SPDX-License-Identifier: Apache-2.0
"""What providers send back, signed and checked by packages that are not ours: it moves recipients when it is genuine, and what
is forged, altered or outdated changes nothing and is counted. Replayed it changes nothing."""

import base64
import json
import os
import signal
import subprocess
import time
import urllib.parse

import pytest

from support import free_port, http_provider, tocsin, wait_for
from cluster import Api  # on the path since support
from certificate import make_certificate
from node_peer import node_peer, node_run

PEOPLE = 12
SECRET = "3f6c0d7be1a94b52"
PUBLIC = "https://alerts.example/in"
TOPIC = "arn:aws:sns:eu-west-1:123456789012:events"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def sign(kind, **asked):
    env = asked.pop("env", None)
    answer = json.loads(node_run("inbound_sign.js", {"kind": kind, **asked}, env=env))
    assert answer.get("valid", True), "the provider's own package refuses what it should accept"
    return answer


def openssl(*arguments):
    return subprocess.run(["openssl", *arguments], check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout


class World:
    """People who have a message by the gateway, and a provider that reports of them in its own form."""

    def __init__(self, gateway, make_cluster, provider):
        self.name = provider["name"]
        self.cluster = make_cluster([http_provider(gateway, receipts=True), provider],
                                    {"log_level": "warn", "public_url": PUBLIC})
        self.cluster.public_port = free_port()
        self.cluster.coordinator.stop()
        self.cluster.start_coordinator()
        self.cluster.wait_workers(1)
        self.public = Api(self.cluster.public_port)
        rows = "id,phone\n" + "".join(f"a{i},+4790{i:08d}\n" for i in range(PEOPLE))
        audience = self.cluster.api.upload(rows.encode()).json()
        plan = {"until": "delivered", "within": "1h"}
        self.campaign = self.cluster.campaign(audience["id"], "sms", {"sms": {"text": "Boil your water"}}, plan)["id"]
        wait_for("messages", lambda: self.counts().get("accepted") == PEOPLE)
        keys = gateway.keys()
        self.tokens = [keys[f"a{i}"][0] for i in range(PEOPLE)]

    def counts(self):
        return self.cluster.api.get(f"/v1/campaigns/{self.campaign}")["counts"]

    def state(self, person):
        return self.cluster.api.get(f"/v1/campaigns/{self.campaign}/recipients/a{person}")["state"]

    def tally(self, result):
        line = f'tocsin_receipts_total{{provider="{self.name}",result="{result}"}} '
        text = self.cluster.api.call("GET", "/metrics").body.decode()
        return int(text.split(line)[1].split("\n")[0])

    def on_list(self, person):
        answer = self.cluster.api.call("GET", f"/v1/suppressions/sms/%2B4790{person:08d}")
        return answer.json()["reason"] if answer.status == 200 else None

    def post(self, path, body, headers):
        return self.public.call("POST", path, body=body.encode(), headers=headers)


# ---- Twilio ----


@pytest.fixture
def twilio(gateway, make_cluster, monkeypatch):
    monkeypatch.setenv("TWILIO_TOKEN", SECRET)
    return World(gateway, make_cluster, {
        "name": "call", "channel": "voice", "adapter": "twilio_voice", "receipts": True,
        "settings": {"account": "AC00000000000000000000000000000001", "auth_token": "env:TWILIO_TOKEN", "from": "+15550001111",
                     "thanks": "Thank you & good night"}})


def call_back(world, path, params, altered=None, token=SECRET, to=None):
    signature = sign("twilio", token=token, url=PUBLIC + path, params=params)["signature"]
    return world.post(to or path, urllib.parse.urlencode(altered or params), {**FORM, "X-Twilio-Signature": signature})


def test_twilio_is_known_by_its_signature(twilio):
    paths = [f"/r/call/{token}" for token in twilio.tokens]
    done = {"CallSid": "CA1", "CallStatus": "completed", "AnsweredBy": "human", "To": "+4790000000", "ÆØ": "å &+ü"}
    assert call_back(twilio, paths[0], done).status == 204
    assert twilio.state(0) == "delivered"
    # Out of order, and once more.
    assert call_back(twilio, paths[0], {"CallSid": "CA1", "CallStatus": "ringing"}).status == 204
    assert call_back(twilio, paths[0], done).status == 204
    assert twilio.state(0) == "delivered"
    # Forged, altered, replayed for somebody else, unsigned.
    assert call_back(twilio, paths[1], done, token=SECRET + "x").status == 403
    assert call_back(twilio, paths[1], {**done, "CallStatus": "busy"}, altered=done).status == 403
    assert call_back(twilio, paths[0], done, to=paths[1]).status == 403
    assert twilio.post(paths[1], urllib.parse.urlencode(done), FORM).status == 403
    assert twilio.state(1) == "accepted" and twilio.tally("forged") == 4
    assert call_back(twilio, paths[2], {**done, "CallStatus": "failed", "SipResponseCode": "404"}).status == 204
    assert call_back(twilio, paths[3], {**done, "CallStatus": "busy"}).status == 204
    wait_for("the dead number", lambda: twilio.on_list(2) == "invalid")
    assert twilio.on_list(3) is None and twilio.counts()["failed"] == 2


def test_a_key_acknowledges(twilio):
    path = f"/v/call/{twilio.tokens[5]}"
    assert call_back(twilio, path, {"CallSid": "CA1", "Digits": "7"}).status == 200
    assert twilio.state(5) == "accepted"
    answer = call_back(twilio, path, {"CallSid": "CA1", "Digits": "1"})
    assert answer.status == 200 and b"<Say language=\"en-US\">Thank you &amp; good night</Say>" in answer.body
    assert answer.headers["Content-Type"].startswith("text/xml") and twilio.state(5) == "acknowledged"
    assert call_back(twilio, path, {"CallSid": "CA1", "Digits": "1"}, token="x").status == 403


# ---- SendGrid ----


@pytest.fixture
def sendgrid(gateway, make_cluster, place, monkeypatch):
    key = os.path.join(place, "events.key")
    openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", key)
    public = base64.b64encode(openssl("pkey", "-in", key, "-pubout", "-outform", "DER")).decode()
    monkeypatch.setenv("SENDGRID_KEY", "SG.x")
    world = World(gateway, make_cluster, {
        "name": "mail", "channel": "email", "adapter": "sendgrid", "receipts": True,
        "settings": {"api_key": "env:SENDGRID_KEY", "from": "ops@alerts.example", "events_key": public}})
    with open(key, encoding="ascii") as f:
        world.key = f.read()
    world.public_key, world.key_file = public, key
    return world


def post_events(world, events, at_s=None, altered=None):
    stamp, body = str(int(at_s or time.time())), json.dumps(events) + "\r\n"
    signature = sign("sendgrid", key=world.key, publicKey=world.public_key, timestamp=stamp, body=body)["signature"]
    return world.post("/r/mail", altered or body, {
        "Content-Type": "application/json", "X-Twilio-Email-Event-Webhook-Signature": signature,
        "X-Twilio-Email-Event-Webhook-Timestamp": stamp})


def test_sendgrid_is_known_by_its_signature(sendgrid):
    def event(person, **members):
        return {"email": "a@b.test", "sg_event_id": f"e{person}", "tocsin": sendgrid.tokens[person], **members}

    events = [event(0, event="delivered"), event(1, event="bounce", type="bounce", status="5.1.1", reason="550 no such user"),
              event(2, event="bounce", type="blocked", status="4.7.1"), event(3, event="spamreport"),
              event(4, event="unsubscribe"), event(5, event="open"), {"event": "delivered", "email": "other@b.test"}]
    assert post_events(sendgrid, events).status == 204
    assert post_events(sendgrid, events).status == 204  # replayed
    assert sendgrid.state(0) == "delivered" and sendgrid.counts()["delivered"] == 1
    assert sendgrid.state(1) == "failed" and sendgrid.state(2) == "failed"
    wait_for("marks", lambda: (sendgrid.on_list(1), sendgrid.on_list(3)) == ("invalid", "complaint"))
    assert sendgrid.on_list(4) == "opt_out" and sendgrid.on_list(2) is None
    assert sendgrid.tally("ignored") == 4 and sendgrid.tally("forged") == 0
    # Altered by one byte, outdated, and of another key.
    genuine = [event(6, event="delivered")]
    assert post_events(sendgrid, genuine, altered=json.dumps([event(7, event="delivered")])).status == 403
    assert post_events(sendgrid, genuine, altered=json.dumps(genuine)).status == 403  # without its line end
    assert post_events(sendgrid, genuine, at_s=time.time() - 26 * 3600).status == 403
    assert sendgrid.tally("forged") == 3 and sendgrid.state(6) == "accepted" and sendgrid.state(7) == "accepted"
    # A genuine request with a token that is not: that event alone is refused.
    forged = {"event": "delivered", "tocsin": sendgrid.tokens[8][:-1] + ("A" if sendgrid.tokens[8][-1] != "A" else "Q")}
    assert post_events(sendgrid, [forged, *genuine]).status == 204
    assert sendgrid.tally("forged") == 4 and sendgrid.state(6) == "delivered" and sendgrid.state(8) == "accepted"


def test_sendgrid_may_send_much_at_once(sendgrid):
    events = [{"email": "somebody@customer.test", "event": "delivered", "sg_event_id": "e" * 22, "smtp-id": "<14c5d75ce93@x>",
               "tocsin": sendgrid.tokens[i % PEOPLE]} for i in range(5000)]
    body = json.dumps(events)
    assert len(body) > 700_000
    stamp = str(int(time.time()))
    path = os.path.join(sendgrid.cluster.directory, "signed")
    with open(path, "wb") as f:
        f.write((stamp + body).encode())
    signature = base64.b64encode(openssl("dgst", "-sha256", "-sign", sendgrid.key_file, path)).decode()
    headers = {"X-Twilio-Email-Event-Webhook-Signature": signature, "X-Twilio-Email-Event-Webhook-Timestamp": stamp}
    assert sendgrid.post("/r/mail", body, headers).status == 204
    assert sendgrid.counts()["delivered"] == PEOPLE and sendgrid.tally("delivered") == 5000
    # Who is no such provider may not.
    assert sendgrid.post("/r/nobody", body, headers).status == 413


# ---- Amazon SES, through SNS ----


@pytest.fixture
def ses(gateway, make_cluster, place, monkeypatch):
    cert, key = make_certificate(place)
    with open(cert, encoding="ascii") as f:
        text = f.read()
    record = os.path.join(place, "sns.ndjson")
    with node_peer(place, "recorder.js", record, {
            "tls": {"cert": cert, "key": key},
            "answers": [{"path": "pem$", "headers": {"content-type": "text/plain"}, "body": text},
                        {"path": "ConfirmSubscription", "body": "<ConfirmSubscriptionResponse/>"}]}) as sns:
        monkeypatch.setenv("AWS_KEY", "AKIDEXAMPLE")
        monkeypatch.setenv("AWS_SECRET", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
        world = World(gateway, make_cluster, {
            "name": "mail", "channel": "email", "adapter": "ses", "receipts": True,
            "settings": {"region": "eu-west-1", "access_key": "env:AWS_KEY", "secret_key": "env:AWS_SECRET",
                         "from": "ops@alerts.example", "topic_arn": TOPIC, "ca_file": cert,
                         "sns_url": f"https://localhost:{sns.port}/"}})
        with open(key, encoding="ascii") as f:
            world.key = f.read()
        world.host, world.cert, world.record = f"localhost:{sns.port}", cert, record
        yield world


def sns_time(age_s=0):
    return time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(time.time() - age_s))


def sns_post(world, kind="Notification", version="2", altered=None, **members):
    url = f"https://{world.host}/SimpleNotificationService-0a1b.pem"
    message = {"Type": kind, "MessageId": "m-1", "TopicArn": TOPIC, "Timestamp": sns_time(), "SignatureVersion": version,
               "SigningCertURL": url, **members}
    signed = sign("sns", key=world.key, host=world.host, message=message, env={"NODE_EXTRA_CA_CERTS": world.cert})["message"]
    return world.post("/r/mail", json.dumps({**signed, **(altered or {})}),
                      {"Content-Type": "text/plain; charset=UTF-8", "x-amz-sns-message-type": kind})


def requests_of(world, part):
    with open(world.record, encoding="utf-8") as f:
        return [line for line in f if part in json.loads(line)["path"]]


def test_ses_is_known_by_its_topic_and_certificate(ses):
    def event(person, **members):
        return json.dumps({"mail": {"messageId": "x", "tags": {"tocsin": [ses.tokens[person]]}}, **members})

    bounced = {"bounceType": "Permanent", "bounceSubType": "General", "bouncedRecipients": [{"status": "5.1.1"}]}
    confirm = f"https://{ses.host}/?Action=ConfirmSubscription&Token=t1"
    assert sns_post(ses, "SubscriptionConfirmation", Message="You have chosen to subscribe", Token="t1",
                    SubscribeURL=confirm).status == 204
    assert len(requests_of(ses, "ConfirmSubscription")) == 1
    assert sns_post(ses, Message=event(0, eventType="Delivery"), Subject="Amazon SES").status == 204
    assert sns_post(ses, Message=event(0, eventType="Delivery"), version="1").status == 204
    assert ses.state(0) == "delivered"
    assert sns_post(ses, Message=event(1, eventType="Bounce", bounce=bounced)).status == 204
    assert sns_post(ses, Message=event(2, eventType="Bounce", bounce={"bounceType": "Transient"})).status == 204
    wait_for("the dead address", lambda: ses.on_list(1) == "invalid")
    assert ses.on_list(2) is None and ses.state(2) == "failed"
    # Altered, outdated, of another topic, and of a host that is not SNS's: it is not even asked.
    assert sns_post(ses, Message=event(3, eventType="Delivery"), altered={"MessageId": "m-2"}).status == 403
    assert sns_post(ses, Message=event(3, eventType="Delivery"), Timestamp=sns_time(26 * 3600)).status == 403
    assert sns_post(ses, Message=event(3, eventType="Delivery"), TopicArn=TOPIC + "2").status == 403
    assert sns_post(ses, Message=event(3, eventType="Delivery"),
                    altered={"SigningCertURL": "https://127.0.0.1:1/SimpleNotificationService-0.pem"}).status == 403
    assert ses.state(3) == "accepted" and ses.tally("forged") == 4
    # What is no certificate is a trouble of its own, not a forgery: SNS is to come again.
    assert sns_post(ses, Message=event(3, eventType="Delivery"),
                    altered={"SigningCertURL": f"https://{ses.host}/nothing"}).status == 503
    assert sns_post(ses, Message=event(3, eventType="Delivery")).status == 204 and ses.state(3) == "delivered"


# ---- WhatsApp and Slack ----


@pytest.fixture
def whatsapp(gateway, make_cluster, monkeypatch):
    monkeypatch.setenv("META_SECRET", SECRET)
    return World(gateway, make_cluster, {
        "name": "chat", "channel": "chat", "adapter": "whatsapp", "receipts": True,
        "settings": {"phone_number_id": "1055", "token": "env:META_SECRET", "template": "outage", "language": "en",
                     "app_secret": "env:META_SECRET", "verify_token": "env:META_SECRET"}})


def test_whatsapp_is_known_by_its_signature(whatsapp):
    def post(value, secret=SECRET, altered=None):
        body = json.dumps({"entry": [{"changes": [{"field": "messages", "value": value}]}]})
        signature = sign("whatsapp", secret=secret, body=body)["signature"]
        return whatsapp.post("/r/chat", altered or body, {"Content-Type": "application/json", "X-Hub-Signature-256": signature})

    def status(person, word):
        return {"statuses": [{"id": "wamid.1", "status": word, "biz_opaque_callback_data": whatsapp.tokens[person]}]}

    asked = f"/r/chat?hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token={SECRET}"
    answer = whatsapp.public.call("GET", asked)
    assert answer.status == 200 and answer.body == b"1158201444"
    assert whatsapp.public.call("GET", asked + "x").status == 403
    assert post(status(0, "read")).status == 204 and post(status(0, "sent")).status == 204
    assert whatsapp.state(0) == "delivered"
    assert post(status(1, "read"), secret="x").status == 403
    assert post(status(1, "read"), altered="{\"entry\":[]}").status == 403
    assert whatsapp.state(1) == "accepted" and whatsapp.tally("forged") == 3
    assert post({"messages": [{"from": "4790000001", "id": "wamid.2", "text": {"body": "STOP"}}]}).status == 204
    replies = whatsapp.cluster.api.get("/v1/replies")["items"]
    assert [(r["class"], r["from"], r["channel"]) for r in replies] == [("stop", "+4790000001", "chat")]


@pytest.fixture
def slack(gateway, make_cluster, monkeypatch):
    monkeypatch.setenv("SLACK_SECRET", SECRET)
    return World(gateway, make_cluster, {
        "name": "chat", "channel": "chat", "adapter": "slack",
        "settings": {"token": "env:SLACK_SECRET", "signing_secret": "env:SLACK_SECRET"}})


def test_slack_is_known_by_its_signature(slack):
    def press(person, at_s=None, altered=None):
        stamp = str(int(at_s or time.time()))
        action = {"type": "block_actions", "actions": [{"action_id": "acknowledge", "value": slack.tokens[person]}]}
        body = urllib.parse.urlencode({"payload": json.dumps(action)})
        signature = sign("slack", secret=SECRET, timestamp=stamp, body=body)["signature"]
        return slack.post("/r/chat", altered or body,
                          {**FORM, "X-Slack-Signature": signature, "X-Slack-Request-Timestamp": stamp})

    assert press(0).status == 200 and press(0).status == 200
    assert slack.state(0) == "acknowledged"
    assert press(1, at_s=time.time() - 400).status == 403
    assert press(1, altered="payload=%7B%7D").status == 403
    assert slack.state(1) == "accepted" and slack.tally("forged") == 2


# ---- secrets ----


def test_a_secret_is_read_anew(gateway, make_cluster, place):
    path = os.path.join(place, "token")
    world = World(gateway, make_cluster, {
        "name": "call", "channel": "voice", "adapter": "twilio_voice", "receipts": True,
        "settings": {"account": "AC00000000000000000000000000000001", "auth_token": f"file:{path}", "from": "+15550001111"}})
    done = {"CallSid": "CA1", "CallStatus": "completed"}
    receipt = f"/r/call/{world.tokens[0]}"
    assert call_back(world, receipt, done).status == 503  # it is not there yet
    said = tocsin(world.cluster, "doctor")[1]
    assert "cannot check what provider call sends back" in said and path in said, said
    with open(path, "w", encoding="ascii") as f:
        f.write(SECRET + "\n")
    os.kill(world.cluster.coordinator.pid, signal.SIGHUP)
    wait_for("the secret", lambda: call_back(world, receipt, done).status == 204, every=0.3)
    assert world.state(0) == "delivered" and world.cluster.coordinator.is_alive()
    assert "sends back" not in tocsin(world.cluster, "doctor")[1]
