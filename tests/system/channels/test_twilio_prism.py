# SPDX-License-Identifier: Apache-2.0
"""The adapters for Twilio against Twilio's OpenAPI document, by Prism, which refuses what is not allowed there."""

import pytest

from peers import send
from prism import Prism

ACCOUNT, KEY, SERVICE = "AC" + "1" * 32, "SK" + "2" * 32, "MG" + "3" * 32
SECRETS = {"TWILIO_TOKEN": "t0ken", "TWILIO_SECRET": "s3cret"}
ATTEMPTS = [{"to": f"+47900000{i:02}", "text": f"Nr. {i}: h\u00e9 & +1", "token": "T" * 32, "public_url": "https://n.example"}
            for i in range(20)]


@pytest.fixture(scope="module")
def prism(tmp_path_factory):
    with Prism(tmp_path_factory.mktemp("prism")) as peer:
        yield peer


def settings(prism, **more):
    return {"url": prism.url(), "account": ACCOUNT, "auth_token": "env:TWILIO_TOKEN", "from": "+15550001111", **more}


@pytest.mark.parametrize("more", [{}, {"validity": "2h"}, {"messaging_service": SERVICE},
                                  {"api_key": KEY, "api_secret": "env:TWILIO_SECRET"}], ids=str)
def test_messages_are_what_the_document_allows(tmp_path, prism, more):
    run = send(tmp_path, "twilio", settings(prism, **more), ATTEMPTS, env=SECRETS)
    assert run.outcomes() == [("accepted", 201)] * len(ATTEMPTS)
    assert all(result["ref"].startswith(("SM", "MM")) for result in run)


@pytest.mark.parametrize("more", [{}, {"machine": "message_end", "time_limit": "2m", "ring": "15s", "voice": "alice"}], ids=str)
def test_calls_are_what_the_document_allows(tmp_path, prism, more):
    run = send(tmp_path, "twilio_voice", settings(prism, **more), ATTEMPTS, env=SECRETS)
    assert run.outcomes() == [("accepted", 201)] * len(ATTEMPTS)
    assert all(result["ref"].startswith("CA") for result in run)


def test_the_document_is_what_decides(tmp_path, prism):
    """The check checks: an account that is none is refused there with 422, which is no matter of ours."""
    run = send(tmp_path, "twilio", settings(prism, account="AC1"), ATTEMPTS[:1], env=SECRETS)
    assert run.outcomes() == [("rejected", 422)]
