# SPDX-License-Identifier: Apache-2.0
"""The adapters twilio and twilio_voice: what they send, and what the answers mean."""

import base64
import urllib.parse
import xml.etree.ElementTree as ElementTree

import pytest

import peers
from peers import Server, answer, answering, read_request, send

ACCOUNT, KEY, SERVICE = "AC" + "1" * 32, "SK" + "2" * 32, "MG" + "3" * 32
CREATED = b'{"sid": "SM0123456789abcdef0123456789abcdef", "status": "queued"}'
SECRETS = {"TWILIO_TOKEN": "t0ken", "TWILIO_SECRET": "s3cret"}
ADDRESS_UNKNOWN, ADDRESS_UNFIT, OPTED_OUT, TOO_LARGE = 1610, 1611, 1612, 1006
TOKEN = "T" * 32


def settings(server, **more):
    return {"url": server.url(""), "account": ACCOUNT, "auth_token": "env:TWILIO_TOKEN", "from": "+15550001111", **more}


def form_of(request):
    return dict(urllib.parse.parse_qsl(request.body.decode(), keep_blank_values=True, strict_parsing=True))


def test_a_message_is_a_form_for_the_account(tmp_path):
    with Server(answering(201, CREATED)) as server:
        run = send(tmp_path, "twilio", settings(server, validity="2h"),
                   [{"to": "+4790000001", "text": "h\u00e9 & +1", "token": TOKEN, "public_url": "https://n.example/x/"}], env=SECRETS)
        assert run.outcomes() == [("accepted", 201)]
        assert run[0]["ref"] == "SM0123456789abcdef0123456789abcdef"
        request = server.requests[0]
    assert (request.method, request.path) == ("POST", f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json")
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert base64.b64decode(request.headers["authorization"].split(" ")[1]).decode() == f"{ACCOUNT}:t0ken"
    assert form_of(request) == {"To": "+4790000001", "From": "+15550001111", "Body": "h\u00e9 & +1", "ValidityPeriod": "7200",
                                "StatusCallback": f"https://n.example/x/r/test/{TOKEN}"}


def test_an_api_key_and_a_messaging_service_do_as_well(tmp_path):
    with Server(answering(201, CREATED)) as server:
        given = settings(server, api_key=KEY, api_secret="env:TWILIO_SECRET", messaging_service=SERVICE)
        del given["from"]
        run = send(tmp_path, "twilio", given, [{"to": "+4790000001", "text": "x"}], env=SECRETS)
        assert run.counts() == {"accepted": 1}
        request = server.requests[0]
    assert base64.b64decode(request.headers["authorization"].split(" ")[1]).decode() == f"{KEY}:s3cret"
    assert form_of(request) == {"To": "+4790000001", "MessagingServiceSid": SERVICE, "Body": "x"}


def test_texts_are_counted_and_transliterated(tmp_path):
    texts = ["“Tűz”…", "x" * 1530, "x" * 1531, "ж" * 671]
    with Server(answering(201, CREATED)) as server:
        run = send(tmp_path, "twilio", settings(server, transliterate=True), [{"to": "+471", "text": text} for text in texts],
                   env=SECRETS)
        assert run.outcomes() == [("accepted", 201)] * 2 + [("rejected", peers.TOO_MANY_PARTS)] * 2
        assert sorted(form_of(request)["Body"] for request in server.requests) == ['"Tuz"...', "x" * 1530]
        run = send(tmp_path, "twilio", settings(server, max_parts=24), [{"to": "+471", "text": "x" * 1601}], env=SECRETS)
        assert run.outcomes() == [("rejected", TOO_LARGE)]


ANSWERS = [
    # status, body, headers, outcome, reason
    (201, b"{}", "", "uncertain", peers.ANSWER_MALFORMED),
    (200, b"<html>", "", "uncertain", peers.ANSWER_MALFORMED),
    (400, b'{"code": 21211, "message": "no", "status": 400}', "", "rejected", ADDRESS_UNKNOWN),
    (400, b'{"code": 21614}', "", "rejected", ADDRESS_UNFIT),
    (400, b'{"code": 21610}', "", "rejected", OPTED_OUT),
    (400, b'{"code": 21408}', "", "rejected", 400),
    (400, b'{"code": 21606}', "", "misconfigured", 400),
    (400, b'{"code": 99999}', "", "rejected", 400),
    (401, b'{"code": 20003}', "", "misconfigured", peers.AUTHENTICATION_FAILED),
    (404, b'{"code": 20404}', "", "misconfigured", 404),
    (429, b'{"code": 20429}', "Retry-After: 3\r\n", "throttled", 429),
    (400, b'{"code": 21611}', "", "throttled", 400),
    (429, b"slow down", "", "throttled", 429),
    (500, b'{"code": 20500}', "", "deferred", 500),
    (503, b"", "Retry-After: 2\r\n", "throttled", 503),
    (503, b"", "", "deferred", 503),
    (502, b"", "", "uncertain", 502),
    (302, b'{"code": 21211}', "Location: /\r\n", "misconfigured", 302),
]


@pytest.mark.parametrize("status,body,headers,outcome,reason", ANSWERS, ids=lambda value: str(value)[:24])
def test_what_an_answer_means(tmp_path, status, body, headers, outcome, reason):
    with Server(answering(status, body, headers)) as server:
        for adapter in ("twilio", "twilio_voice"):
            run = send(tmp_path, adapter, settings(server), [{"to": "+471", "text": "x"}], env=SECRETS)
            assert run.outcomes() == [(outcome, reason)]
        assert len(server.requests) == 2
        if "Retry-After" in headers:
            assert run[0]["retry_after_ms"] == 1000 * int(headers.split()[1])


def test_an_answer_that_breaks_off_is_uncertain(tmp_path):
    def cut(server, connection, _):
        read_request(server, connection)
        connection.sendall(b"HTTP/1.1 400 X\r\nContent-Length: 500\r\n\r\n{\"code\": 21211")

    with Server(cut) as server:
        run = send(tmp_path, "twilio", settings(server), [{"to": "+471", "text": "x"}], env=SECRETS)
        assert run.outcomes() == [("uncertain", peers.CONNECTION_LOST)]


def test_a_call_says_the_text_and_waits_for_a_key(tmp_path):
    text = "Fire & flood in <Troms\u00f8>, \"now\"!\nLeave\x07."
    with Server(answering(201, CREATED)) as server:
        run = send(tmp_path, "twilio_voice",
                   settings(server, voice="Polly.Joanna", loop=3, wait="9s", ring="20s", time_limit="2m", machine="detect",
                            prompt="Press 1 & hang up."),
                   [{"to": "+4790000001", "text": text, "token": TOKEN, "public_url": "https://n.example/?a=1&b"}], env=SECRETS)
        assert run.counts() == {"accepted": 1}
        request = server.requests[0]
    assert request.path == f"/2010-04-01/Accounts/{ACCOUNT}/Calls.json"
    form = form_of(request)
    twiml = ElementTree.fromstring(form.pop("Twiml"))
    assert form == {"To": "+4790000001", "From": "+15550001111", "Timeout": "20", "TimeLimit": "120", "MachineDetection": "Enable",
                    "StatusCallback": f"https://n.example/?a=1&b/r/test/{TOKEN}"}
    assert [child.tag for child in twiml] == ["Gather"]
    assert twiml[0].attrib == {"input": "dtmf", "numDigits": "1", "timeout": "9",
                               "action": f"https://n.example/?a=1&b/v/test/{TOKEN}"}
    assert [child.tag for child in twiml[0]] == ["Say"]
    assert twiml[0][0].attrib == {"language": "en-US", "voice": "Polly.Joanna", "loop": "3"}
    assert twiml[0][0].text == "Fire & flood in <Troms\u00f8>, \"now\"! Leave. Press 1 & hang up."


def test_a_call_without_a_public_url_or_a_prompt(tmp_path):
    with Server(answering(201, CREATED)) as server:
        attempts = [{"to": "+471", "text": "x", "token": TOKEN}, {"to": "+472", "text": "x", "public_url": "https://n.example"}]
        run = send(tmp_path, "twilio_voice", settings(server, loop=1, prompt="none", receipts=False), attempts, env=SECRETS)
        assert run.counts() == {"accepted": 2}
        forms = {form_of(request)["To"]: form_of(request) for request in server.requests}
    assert forms["+471"]["Twiml"] == '<Response><Say language="en-US">x</Say></Response>'
    assert forms["+472"]["Twiml"].endswith('<Say language="en-US">x</Say></Gather></Response>')
    assert not any("StatusCallback" in form for form in forms.values())


def test_a_call_that_is_too_long_never_leaves(tmp_path):
    with Server(answering(201, CREATED)) as server:
        run = send(tmp_path, "twilio_voice", settings(server), [{"to": "+471", "text": "ж" * n} for n in (3900, 4000)], env=SECRETS)
        assert run.outcomes() == [("accepted", 201), ("rejected", TOO_LARGE)]


def test_many_messages_share_the_connections(tmp_path):
    def handle(server, connection, _):
        while True:
            request = read_request(server, connection)
            if request is None:
                return
            answer(connection, 201, b'{"sid": "SM%s"}' % form_of(request)["To"].lstrip("+").encode())

    with Server(handle) as server:
        run = send(tmp_path, "twilio", settings(server, connections=8), [{"to": f"+47{i:08}", "text": "x"} for i in range(400)],
                   env=SECRETS)
        assert run.counts() == {"accepted": 400}
        assert all(result["ref"] == f"SM47{result['index']:08}" for result in run)
        assert len(server.connections) <= 8
