# SPDX-License-Identifier: Apache-2.0
"""What the fault runs know of each adapter: its settings against a peer on a bad day, its message, and where its recipients
stand. The peer's side of a row is its form in tests/peers/fault_forms.js."""

import dataclasses
import os
import typing

from cluster import start_smtp_sink

PHONE, EMAIL, PUSH = "phone", "email", "push"


def phone_of(number):
    return f"+4790{number:08d}"


def email_of(number):
    return f"r{number}@customer.test"


ADDRESSES = {PHONE: phone_of, EMAIL: email_of}


@dataclasses.dataclass(frozen=True)
class Row:
    """settings(run) makes the provider's settings; run is the test's Run: its peer, url(path) and ca_file. before(run) starts what
    stands behind the peer and gives further options for it."""
    channel: str
    column: str
    content: dict
    settings: typing.Callable
    recipients: int = 3000
    tls: bool = False
    before: typing.Callable = lambda run: {}
    secrets: dict = dataclasses.field(default_factory=dict)  # the worker's environment
    peer: str = "faults.js"


TEXT = {"text": "Dear {{first_name}}"}
MAIL = {"subject": "Outage", "text": "Dear {{first_name}}"}


def sink(run):
    process, port = start_smtp_sink(os.path.join(run.directory, "sink"))
    run.others.append(process)
    return {"to": port}


ROWS = {
    "http": Row("sms", PHONE, TEXT, lambda run: {
        "url": run.url("/send"), "body": {"to": "{{to}}", "text": "{{text}}"}, "ref": {"json": "/id"},
        "rules": [{"status": "2xx", "json": {"pointer": "/id"}, "outcome": "accepted"}, {"status": "2xx", "outcome": "uncertain"}],
        "connections": 64, "timeout": "1s"}),
    "smtp": Row("email", EMAIL, MAIL, lambda run: {
        "host": "127.0.0.1", "port": run.peer.port, "starttls": "off", "from": "notices@bank.example", "connections": 64,
        "timeout": "1s"}, peer="smtp_faults.js", before=sink),
}
