# SPDX-License-Identifier: Apache-2.0
"""The same message by the provider's own client and by our adapter: whatever differs is named, with its reason."""

import base64
import json
import os
import re
import subprocess
import uuid
import xml.etree.ElementTree as ElementTree

import pytest

from peers import make_certificate, send
from golden import compare
from node_peer import node_run
from recorder import Recorded, Recorder

ACCOUNT, TOKEN = "AC" + "1" * 32, "T" * 32
SECRETS = {"TWILIO_TOKEN": "t0ken", "SENDGRID_KEY": "SG.key"}
ODD = 'Strømbrudd & "vann" +1 100% €\u2028\U0001f6b0'


@pytest.fixture
def both(tmp_path):
    """both(adapter, settings(recorder), attempts, client, message, answer): (ours, theirs), one request each."""
    def record(adapter, settings, attempts, client, message, answer, env=None, tls=None):
        with Recorder(tmp_path, tls=tls, answers=[{"headers": {"content-type": "application/json"}, **answer}]) as recorder:
            run = send(tmp_path, adapter, settings(recorder), attempts, env={**SECRETS, **(env or {})})
            assert run.counts() == {"accepted": len(attempts)}, run.outcomes()
            [ours] = recorder.requests()
            node_run("clients.js", client, {"url": recorder.url("").rstrip("/"), **message(ours)},
                     env={"NODE_EXTRA_CA_CERTS": tls["cert"]} if tls else None)
            return recorder.requests()

    return record


def twilio(recorder, **more):
    return {"url": recorder.url(""), "account": ACCOUNT, "auth_token": "env:TWILIO_TOKEN", "from": "+15550001111", **more}


ATTEMPT = {"to": "+4790000001", "text": ODD, "token": TOKEN, "public_url": "https://n.example/x/"}


def test_a_message_to_twilio(both):
    ours, theirs = both(
        "twilio", lambda recorder: twilio(recorder, validity="2h"), [ATTEMPT], "twilio",
        lambda _: {"account": ACCOUNT, "token": "t0ken", "to": "+4790000001", "from": "+15550001111", "text": ODD, "validity": 7200,
                   "callback": f"https://n.example/x/r/test/{TOKEN}"}, {"status": 201, "body": {"sid": "SM" + "0" * 32}})
    compare(ours, theirs)


def test_a_call_by_twilio(both):
    """What is said is ours to choose: their client carries the TwiML that we wrote, and that it must parse."""
    def message(ours):
        form = dict(ours.form())
        spoken = ElementTree.fromstring(form["Twiml"])
        assert spoken.tag == "Response" and ODD in spoken.find("Gather/Say").text
        return {"account": ACCOUNT, "token": "t0ken", "to": "+4790000001", "from": "+15550001111", "twiml": form["Twiml"],
                "callback": f"https://n.example/x/r/test/{TOKEN}", "timeout": 20, "machine": "Enable"}

    ours, theirs = both("twilio_voice", lambda recorder: twilio(recorder, ring="20s", machine="detect"), [ATTEMPT], "twilio_voice",
                        message, {"status": 201, "body": {"sid": "CA" + "0" * 32}})
    compare(ours, theirs)


def test_mail_by_sendgrid(both):
    """Two people, one text with their names in it. The marks that stand for values are made anew for each request; which mark
    stands for what is read from ours."""
    names = ("Åse", "Bo")
    attempts = [{"to": f"p{i}@customer.test", "subject": "Strøm", "text": "Hei {{name}}, " + ODD, "html": "<p>Hei {{name}}</p>",
                 "variables": {"name": name}, "token": "AB"[i] * 32, "campaign": 1, "ordinal": i} for i, name in enumerate(names)]

    def message(ours):
        mail = ours.json()
        people = []
        for attempt, person in zip(attempts, mail["personalizations"]):
            text = mail["content"][0]["value"]
            for mark, value in person["substitutions"].items():
                text = text.replace(mark, value)
            assert text == f"Hei {attempt['variables']['name']}, {ODD}"
            people.append({"to": attempt["to"], "customArgs": {"tocsin": attempt["token"]},
                           "substitutions": person["substitutions"]})
        return {"key": "SG.key", "mail": {
            "from": {"email": "notices@bank.example", "name": "Bänk"}, "replyTo": "help@bank.example", "subject": "Strøm",
            "text": mail["content"][0]["value"], "html": mail["content"][1]["value"], "personalizations": people,
            "categories": ["outage"]}}

    ours, theirs = both("sendgrid", lambda recorder: {
        "url": recorder.url(""), "api_key": "env:SENDGRID_KEY", "from": "notices@bank.example", "from_name": "Bänk",
        "reply_to": "help@bank.example", "categories": ["outage"], "connections": 1}, attempts, "sendgrid", message,
        {"status": 202, "body": "", "headers": {"x-message-id": "m1"}})
    compare(ours, theirs)


SES_SECRETS = {"SES_ACCESS": "AKIDEXAMPLE", "SES_SECRET": "s/cret+key"}
SES_DIFFERENCES = {
    "header authorization": "theirs signs some headers of the client's own; that ours is right is seen in test_ses_peers.py",
    "header x-amz-content-sha256": "SigV4 wants this header for S3 alone; the hash is in the signature",
    "header x-amz-date": "the moment",
}


def ses(recorder, **more):
    return {"url": recorder.url(""), "region": "eu-west-1", "access_key": "env:SES_ACCESS", "secret_key": "env:SES_SECRET",
            "from": "notices@bank.example", "reply_to": "help@bank.example", "configuration_set": "tocsin", "connections": 1, **more}


def ses_message(client_mail):
    return lambda ours: {"region": "eu-west-1", "access_key": "AKIDEXAMPLE", "secret_key": "s/cret+key", "mail": client_mail(ours.json())}


def without_moment(ours, theirs, differences):
    """Two requests of one second have one x-amz-date."""
    same = ours.headers["x-amz-date"] == theirs.headers["x-amz-date"]
    return {name: why for name, why in differences.items() if not (same and name == "header x-amz-date")}


def test_mail_by_ses(both):
    """The template is ours to write; everything around it is what their client makes of the input."""
    names = ("Åse", "Bo")
    attempts = [{"to": f"p{i}@customer.test", "subject": "Strøm", "text": "Hei {{name}}, " + ODD, "html": "<p>Hei {{name}}</p>",
                 "variables": {"name": name}, "token": "AB"[i] * 32, "campaign": 1, "ordinal": i} for i, name in enumerate(names)]

    def client_mail(mail):
        template = mail["DefaultContent"]["Template"]
        return {"FromEmailAddress": "notices@bank.example", "ReplyToAddresses": ["help@bank.example"], "ConfigurationSetName": "tocsin",
                "DefaultContent": {"Template": {"TemplateContent": template["TemplateContent"], "TemplateData": template["TemplateData"]}},
                "BulkEmailEntries": [{
                    "Destination": {"ToAddresses": [attempt["to"]]},
                    "ReplacementTags": [{"Name": "tocsin", "Value": attempt["token"]}],
                    "ReplacementEmailContent": {"ReplacementTemplate": {"ReplacementTemplateData":
                        entry["ReplacementEmailContent"]["ReplacementTemplate"]["ReplacementTemplateData"]}},
                } for attempt, entry in zip(attempts, mail["BulkEmailEntries"])]}

    good = {"BulkEmailEntryResults": [{"Status": "SUCCESS", "MessageId": f"m{i}"} for i in range(len(attempts))]}
    ours, theirs = both("ses", ses, attempts, "ses_bulk", ses_message(client_mail), {"status": 200, "body": good}, SES_SECRETS)
    compare(ours, theirs, without_moment(ours, theirs, SES_DIFFERENCES))


def test_a_single_mail_by_ses(both):
    attempts = [{"to": "p@customer.test", "subject": "Strøm", "text": ODD, "html": "<p>Hei</p>", "token": TOKEN}]
    part = {"Charset": "UTF-8"}
    mail = {"FromEmailAddress": "notices@bank.example", "ReplyToAddresses": ["help@bank.example"], "ConfigurationSetName": "tocsin",
            "Destination": {"ToAddresses": ["p@customer.test"]}, "EmailTags": [{"Name": "tocsin", "Value": TOKEN}],
            "Content": {"Simple": {"Subject": {"Data": "Strøm", **part}, "Body": {"Text": {"Data": ODD, **part},
                                                                                    "Html": {"Data": "<p>Hei</p>", **part}}}}}
    ours, theirs = both("ses", lambda recorder: ses(recorder, bulk=1), attempts, "ses", ses_message(lambda _: mail),
                        {"status": 200, "body": {"MessageId": "m1"}}, SES_SECRETS)
    compare(ours, theirs, without_moment(ours, theirs, SES_DIFFERENCES))


NOTICE = {"subject": "Strøm", "text": ODD, "token": TOKEN, "campaign": 1, "ordinal": 2, "step": 0}


@pytest.fixture
def tls(tmp_path):
    cert, key = make_certificate(tmp_path)
    return {"cert": cert, "key": key}


def openssl(*arguments, stdin=None):
    return subprocess.run(["openssl", *arguments], input=stdin, check=True, capture_output=True).stdout


def ec_key(path):
    """A P-256 key in PEM (PKCS #8), in a file: its public point and its private number, as browsers write them."""
    with open(path, "wb") as f:
        f.write(openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"))
    point = openssl("pkey", "-in", path, "-pubout", "-outform", "DER")[-65:]
    number = openssl("ec", "-in", path, "-outform", "DER")[7:39]
    return tuple(base64.urlsafe_b64encode(value).rstrip(b"=").decode() for value in (point, number))


def test_a_push_message_by_firebase(both, tls):
    ours, theirs = both(
        "fcm", lambda recorder: {"project": "bank", "service_account": "file:/nowhere", "url": recorder.url(""), "ca_file": tls["cert"],
                                 "ttl": "60s"}, [{**NOTICE, "to": "app-1"}], "fcm",
        lambda _: {"project": "bank", "access_token": "ya29.x", "message": {
            "token": "app-1", "notification": {"title": "Strøm", "body": ODD}, "data": {"token": TOKEN},
            "android": {"priority": "HIGH", "ttl": "60.000s", "notification": {"tag": "1-2-0"}}}},
        {"status": 200, "body": {"name": "projects/bank/messages/1"}}, {"TOCSIN_DRIVER_BEARERS": "fcm=ya29.x"}, tls)
    assert ours.protocol == "2.0"
    compare(ours, theirs)


def test_a_push_message_by_apple(both, tls, tmp_path):
    key_file = os.path.join(tmp_path, "AuthKey.p8")
    ec_key(key_file)
    device = "ab" * 32
    ours, theirs = both(
        "apns", lambda recorder: {"key": "file:/nowhere", "key_id": "KEY4567890", "team_id": "TEAM567890", "topic": "example.app",
                                  "url": recorder.url(""), "ca_file": tls["cert"], "ttl": "0s"}, [{**NOTICE, "to": device}], "apns",
        lambda ours: {"key_file": key_file, "key_id": "KEY4567890", "team_id": "TEAM567890", "device": device, "topic": "example.app",
                      "push_type": "alert", "id": ours.headers["apns-id"], "expiry": 0, "priority": 10, "collapse_id": "1-2-0",
                      "aps": {"alert": {"title": "Strøm", "body": ODD}, "sound": "default"}, "payload": {"token": TOKEN}},
        {"status": 200, "body": "", "headers": {}}, {"TOCSIN_DRIVER_BEARERS": "apns=a-token"}, tls)
    assert ours.protocol == "2.0" and uuid.UUID(ours.headers["apns-id"])
    assert ours.headers["authorization"] == "bearer a-token"
    compare(ours, theirs, {"header authorization": "the coordinator makes our token, their client its own",
                           "header content-type": "their client names none"})


def test_a_push_message_to_a_browser(tls, tmp_path):
    """Nobody knows what their client would encrypt to: sizes and headers are compared, the contents in test_push.py."""
    vapid_file = os.path.join(tmp_path, "vapid.pem")
    point, number = ec_key(vapid_file)
    browser, _ = ec_key(os.path.join(tmp_path, "browser.pem"))
    with Recorder(tmp_path, tls=tls, answers=[{"status": 201, "headers": {"location": "https://push.test/m/1"}, "body": ""}]) as recorder:
        subscription = {"endpoint": f"https://localhost:{recorder.port}/push/1", "keys": {"p256dh": browser, "auth": "BTBZMqHH6r4Tts7J_aSIgg"}}
        settings = {"key": f"file:{vapid_file}", "subject": "mailto:ops@bank.example", "hosts": ["localhost"], "allow_private": True,
                    "ca_file": tls["cert"], "ttl": "60s"}
        run = send(tmp_path, "webpush", settings, [{**NOTICE, "to": json.dumps(subscription, separators=(",", ":"))}])
        assert run.counts() == {"accepted": 1}, run.outcomes()
        [ours] = recorder.requests()
    text = json.dumps({"title": "Strøm", "body": ODD, "token": TOKEN}, ensure_ascii=False, separators=(",", ":"))
    made = json.loads(node_run("clients.js", "webpush", {
        "url": "", "subscription": subscription, "text": text, "ttl": 60, "urgency": "high", "topic": ours.headers["topic"],
        "vapid": {"subject": "mailto:ops@bank.example", "public_key": point, "private_key": number}}))
    theirs = Recorded({"protocol": "2.0", "method": made["method"], "path": "/push/1", "body": made["body"],
                       "headers": [[name.lower(), str(value)] for name, value in made["headers"].items()]})
    compare(ours, theirs, {"header authorization": "each is good for another time", "body": "each has its own salt and key"})
    assert len(ours.body) == len(theirs.body)
    assert claims_of(ours).keys() == claims_of(theirs).keys() and claims_of(ours)["aud"] == claims_of(theirs)["aud"]
    assert ours.headers["authorization"].split("k=")[1] == theirs.headers["authorization"].split("k=")[1]


def claims_of(request):
    """Of a VAPID token."""
    part = re.match(r"vapid t=[^.]+\.([^.]+)\.", request.headers["authorization"]).group(1)
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
