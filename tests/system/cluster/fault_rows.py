# SPDX-License-Identifier: Apache-2.0
"""What the fault runs know of each adapter: its settings against a peer on a bad day, its message, and where its recipients
stand. The peer's side of a row is its form in tests/peers/fault_forms.js."""

import base64
import collections
import dataclasses
import json
import os
import subprocess
import typing

from cluster import start_smtp_sink
from kannel import Kannel


def nothing(run):
    return {}


@dataclasses.dataclass(frozen=True)
class Row:
    """settings(run) makes the provider's settings; run is the test's Run: its peer, url(path), ca_file, directory. before(run)
    starts what stands behind the peer and gives further options for it. address(run, number) is what the audience's `column`
    holds of a recipient, seen(run, number) what his request shows the peer; got(run) is the Counter of addresses of what stands
    behind it."""
    channel: str
    column: str
    content: dict
    address: typing.Callable
    settings: typing.Callable
    seen: typing.Callable = None  # as the address
    before: typing.Callable = nothing
    got: typing.Callable = None
    recipients: int = 3000
    tls: bool = False
    secrets: dict = dataclasses.field(default_factory=dict)  # the worker's environment
    peer: str = "faults.js"


def phone(run, number):
    return f"+4790{number:08d}"


def email(run, number):
    return f"r{number}@customer.test"


def sink(run):
    process, port = start_smtp_sink(os.path.join(run.directory, "sink"))
    run.others.append(process)
    return {"to": port}


def kannel(run):
    """Kannel itself, which takes what the peer lets through."""
    behind = Kannel(os.path.join(run.directory, "kannel"))
    run.others.append(behind)
    behind.start()
    return {"kannel": behind.url("")}


def run_openssl(*arguments, stdin=None):
    return subprocess.run(["openssl", *arguments], input=stdin, check=True, capture_output=True).stdout


def write(run, name, text):
    path = os.path.join(run.directory, name)
    with open(path, "wb") as f:
        f.write(text)
    return path


def ec_key(run, name):
    """A P-256 key in PEM (PKCS #8), in a file; and its public point, as browsers write it."""
    private = run_openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")
    public = run_openssl("pkey", "-pubout", "-outform", "DER", stdin=private)
    return write(run, name, private), base64.urlsafe_b64encode(public[-65:]).rstrip(b"=").decode()


def browsers(run):
    run.vapid_key, _ = ec_key(run, "vapid.pem")
    _, run.point = ec_key(run, "browser.pem")
    return {}


def subscription(run, number):
    return json.dumps({"endpoint": f"https://localhost:{run.peer.port}/push/{number}",
                       "keys": {"p256dh": run.point, "auth": "BTBZMqHH6r4Tts7J_aSIgg"}})


def firebase(run):
    """The service account's file; the peer's address, which it names, is known later."""
    run.account = {"type": "service_account", "project_id": "p", "client_email": "tocsin@p.iam.gserviceaccount.test",
                   "private_key": run_openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048").decode()}
    return {}


def fcm(run):
    account = write(run, "account.json", json.dumps({**run.account, "token_uri": run.url("/token")}).encode())
    return {"project": "p", "service_account": f"file:{account}", "url": run.url(), "ca_file": run.ca_file, "timeout": "4s"}


def apple(run):
    run.apple_key, _ = ec_key(run, "AuthKey.p8")
    return {}


def got_by_kannel(run):
    return collections.Counter(number for number, _ in run.others[-1].messages())


TEXT = {"text": "Dear {{first_name}}"}
SAME = {"text": "There is no water"}
MAIL = {"subject": "Outage", "text": "Dear {{first_name}}"}

TWILIO = {"TWILIO_TOKEN": "an-auth-token"}


def twilio(run):
    return {"url": run.url(), "account": "AC" + "0" * 32, "auth_token": "env:TWILIO_TOKEN", "from": "+15550001111", "connections": 64,
            "timeout": "4s"}


ROWS = {
    "http": Row("sms", "phone", TEXT, phone, lambda run: {
        "url": run.url("/send"), "body": {"to": "{{to}}", "text": "{{text}}"}, "ref": {"json": "/id"},
        "rules": [{"status": "2xx", "json": {"pointer": "/id"}, "outcome": "accepted"}, {"status": "2xx", "outcome": "uncertain"}],
        "connections": 64, "timeout": "4s"}),
    "smtp": Row("email", "email", MAIL, email, lambda run: {
        "host": "127.0.0.1", "port": run.peer.port, "starttls": "off", "from": "notices@bank.example", "connections": 64,
        "timeout": "4s"}, peer="smtp_faults.js", before=sink),
    "kannel": Row("sms", "phone", SAME, phone, lambda run: {
        "url": run.url("/cgi-bin/sendsms"), "user": "tester", "password": "env:KANNEL_PASSWORD", "from": "12345", "receipts": False,
        "numbers": 3, "connections": 64, "timeout": "4s"}, secrets={"KANNEL_PASSWORD": "foobar"}, before=kannel,
        got=got_by_kannel),
    "twilio": Row("sms", "phone", TEXT, phone, twilio, secrets=TWILIO),
    "twilio_voice": Row("voice", "phone", TEXT, phone, twilio, secrets=TWILIO),
    "sendgrid": Row("email", "email", MAIL, email, lambda run: {
        "url": run.url(), "api_key": "env:SENDGRID_KEY", "from": "notices@bank.example", "bulk": 4, "connections": 32, "timeout": "4s"},
        secrets={"SENDGRID_KEY": "SG.key"}),
    "ses": Row("email", "email", MAIL, email, lambda run: {
        "url": run.url(), "region": "eu-west-1", "access_key": "env:SES_ACCESS", "secret_key": "env:SES_SECRET",
        "from": "notices@bank.example", "bulk": 4, "connections": 32, "timeout": "4s"},
        secrets={"SES_ACCESS": "AKIDEXAMPLE", "SES_SECRET": "s/cret+key"}),
    "fcm": Row("push", "push_token", MAIL, lambda run, number: f"app-{number:08d}", fcm, tls=True, before=firebase),
    "apns": Row("push", "push_token", MAIL, lambda run, number: f"{number:064x}", lambda run: {
        "key": f"file:{run.apple_key}", "key_id": "KEY4567890", "team_id": "TEAM567890", "topic": "example.app", "url": run.url(),
        "ca_file": run.ca_file, "timeout": "4s"}, tls=True, before=apple),
    "webpush": Row("push", "push_token", MAIL, subscription, lambda run: {
        "key": f"file:{run.vapid_key}", "subject": "mailto:ops@bank.example", "hosts": ["localhost"], "allow_private": True,
        "ca_file": run.ca_file, "timeout": "4s"}, seen=lambda run, number: f"/push/{number}", tls=True, before=browsers),
    "webhook": Row("webhook", "webhook", TEXT, lambda run, number: run.url(f"/hook/{number}"), lambda run: {
        "keys": ["env:WEBHOOK_KEY"], "allow_private": ["127.0.0.0/8"], "ca_file": run.ca_file, "connections": 64, "timeout": "4s"},
        seen=lambda run, number: f"/hook/{number}", tls=True,
        secrets={"WEBHOOK_KEY": "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="}),
    "whatsapp": Row("chat", "phone", TEXT, phone, lambda run: {
        "url": run.url("/v21.0"), "phone_number_id": "1065", "token": "env:WHATSAPP_TOKEN", "template": "notice",
        "connections": 64, "timeout": "4s"}, secrets={"WHATSAPP_TOKEN": "EAAG"}),
    "slack": Row("chat", "phone", TEXT, phone, lambda run: {
        "url": run.url("/api/chat.postMessage"), "token": "env:SLACK_TOKEN", "connections": 64, "timeout": "4s"},
        secrets={"SLACK_TOKEN": "xoxb-1"}),
    "teams": Row("chat", "phone", TEXT, phone, lambda run: {
        "url": run.url("/{{to}}"), "connections": 64, "timeout": "4s"}, seen=lambda run, number: f"/%2B4790{number:08d}"),
}
