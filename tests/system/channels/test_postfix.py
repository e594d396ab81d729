# SPDX-License-Identifier: Apache-2.0
"""The smtp adapter against a Postfix of our own: its own directories, one port on loopback. Needs root, as Postfix does."""

import pytest

from peers import send
from postfix import Postfix, why_not


pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not() or "it runs")


@pytest.fixture(scope="module")
def postfix():
    server = Postfix()
    try:
        server.start()
        yield server
    finally:
        server.stop()


def settings(postfix, **more):
    return {"host": "127.0.0.1", "port": postfix.port, "from": "notices@bank.test", "from_name": "Bänk",
            "ca_file": postfix.cert, "connections": 4, "timeout": "20s", **more}


def test_mail_arrives_over_starttls_as_it_was_written(tmp_path, postfix):
    attempts = [{"to": "alice@customer.test", "subject": f"Strømbrudd {i}", "text": f"Hei Åse,\n.\nnr {i}\n",
                 "html": f"<p>nr {i}</p>", "ordinal": i} for i in range(20)]
    run = send(tmp_path, "smtp", settings(postfix), attempts)
    assert run.counts() == {"accepted": 20}
    assert all(len(result["ref"]) >= 9 for result in run), "the queue id"
    mails = {str(mail["Subject"]): mail for mail in postfix.mailbox("alice@customer.test", 20)}
    assert len(mails) == 20
    mail = mails["Strømbrudd 7"]
    assert mail.get_body(("plain",)).get_content().replace("\r\n", "\n").rstrip("\n") == "Hei Åse,\n.\nnr 7"
    assert mail["From"].addresses[0].display_name == "Bänk"
    assert "ESMTPS" in str(mail["Received"])
    assert len({str(mail["Message-ID"]) for mail in mails.values()}) == 20


def test_a_refusal_is_that_of_its_recipient_alone(tmp_path, postfix):
    attempts = [{"to": "bob@customer.test", "subject": "x", "text": "x", "ordinal": 1},
                {"to": "nobody@customer.test", "subject": "x", "text": "x", "ordinal": 2},
                {"to": "bob@customer.test", "subject": "x", "text": "x", "ordinal": 3},
                {"to": "eve@elsewhere.test", "subject": "x", "text": "x", "ordinal": 4},
                {"to": "bob@customer.test", "subject": "x", "text": "x", "ordinal": 5}]
    run = send(tmp_path, "smtp", settings(postfix, connections=1), attempts)
    assert run.outcomes() == [("accepted", 250), ("rejected", 550), ("accepted", 250), ("misconfigured", 554),
                              ("accepted", 250)]
    assert len(postfix.mailbox("bob@customer.test", 3)) == 3
