# SPDX-License-Identifier: Apache-2.0
"""The adapters for chat services against a server that answers as their documents say, by whom a message is for."""

import json
import ssl

import pytest

from peers import Server, answer, make_certificate, read_request, send
from golden import compare
from node_peer import node_run
from recorder import Recorder

ENV = {"SLACK_TOKEN": "xoxb-1-2-abc", "META_TOKEN": "EAAG", "WORKFLOW": "workflows/9f?sig=s%2Fx"}
ODD_TEXT = 'He said "no"\n\\ tab\t <&> \u2028 blåbær \U0001f6d1 {{x}} ' + "{" * 3
VARIABLE_MISSING, TOO_LARGE, ANSWER_MALFORMED, LOGIN = 1001, 1006, 1107, 1108
ENDPOINT, MESSAGE, TROUBLE, SETTINGS = 1114, 1115, 1116, 1117


def post(directory, adapter, settings, attempts, **kwargs):
    return send(directory, adapter, settings, attempts, env=ENV, **kwargs)


def told(answers, whom):
    """A handler that looks up (status, document or text, further headers) by whom a request is for."""
    def handle(server, connection, _):
        while (request := read_request(server, connection)) is not None:
            status, body, *headers = answers[whom(request)]
            text = body if isinstance(body, str) else json.dumps(body)
            answer(connection, status, text.encode(), headers[0] if headers else "Content-Type: application/json\r\n")
    return handle


def check_table(directory, adapter, settings_of, table, whom):
    """Rows (answer, outcome, reason, retry_after_ms[, ref]); each recipient gets one of them."""
    answers = {f"r{i}": row[0] for i, row in enumerate(table)}
    with Server(told(answers, whom)) as server:
        run = post(directory, adapter, settings_of(server), [{"to": name, "text": "t"} for name in answers])
        for row, result in zip(table, run):
            expected = {"outcome": row[1], "reason": row[2], "retry_after_ms": row[3], "ref": row[4] if len(row) > 4 else ""}
            assert {name: result[name] for name in expected} == expected, row
        assert len(server.requests) == len(table)


# ---- Slack ----

def slack_settings(server, **more):
    return {"url": server.url("/api/chat.postMessage"), "token": "env:SLACK_TOKEN", **more}


def slack_error(name, outcome, reason, retry_after_ms=0, status=200, headers=None):
    return (status, {"ok": False, "error": name}, *([headers] if headers else [])), outcome, reason, retry_after_ms


SLACK = [
    ((200, {"ok": True, "channel": "C1", "ts": "1700000000.000100"}), "accepted", 200, 0, "C1:1700000000.000100"),
    ((200, {"ok": True}), "accepted", 200, 0),
    slack_error("ratelimited", "throttled", 429, 30000, 429, "Retry-After: 30\r\n"),
    slack_error("rate_limited", "throttled", 429),
    slack_error("message_limit_exceeded", "throttled", 429),
    ((429, ""), "throttled", 429, 0),
    slack_error("service_unavailable", "deferred", 503, 0, 503),
    slack_error("request_timeout", "deferred", TROUBLE),
    slack_error("team_added_to_org", "deferred", TROUBLE),
    slack_error("internal_error", "uncertain", TROUBLE),
    slack_error("fatal_error", "uncertain", TROUBLE, 0, 500),
    *[slack_error(name, "rejected", ENDPOINT) for name in (
        "channel_not_found", "user_not_found", "user_is_bot", "cannot_dm_bot", "channel_type_not_supported", "is_archived",
        "not_in_channel", "restricted_action", "restricted_action_read_only_channel", "restricted_action_thread_only_channel",
        "restricted_action_non_threadable_channel")],
    *[slack_error(name, "rejected", TOO_LARGE) for name in ("msg_too_long", "msg_blocks_too_long")],
    *[slack_error(name, "rejected", MESSAGE) for name in (
        "no_text", "invalid_blocks", "too_many_attachments", "markdown_text_conflict", "slack_connect_blocked_file_type")],
    *[slack_error(name, "misconfigured", LOGIN) for name in (
        "invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive", "access_denied", "accesslimited",
        "missing_scope", "no_permission", "not_allowed_token_type", "org_login_required", "ekm_access_denied",
        "enterprise_is_restricted", "team_access_not_granted", "two_factor_setup_required")],
    *[slack_error(name, "misconfigured", SETTINGS) for name in (
        "as_user_not_supported", "deprecated_endpoint", "method_deprecated", "invalid_arg_name", "invalid_arguments",
        "invalid_array_arg", "invalid_blocks_format", "invalid_charset", "invalid_form_data", "invalid_post_type",
        "missing_post_type", "invalid_metadata_format", "invalid_metadata_schema", "metadata_too_large",
        "metadata_must_be_sent_from_app")],
    slack_error("an_error_of_next_year", "deferred", TROUBLE),
    ((200, "<html>Sign in to the Wi-Fi</html>"), "uncertain", ANSWER_MALFORMED, 0),
    ((200, "[]"), "uncertain", ANSWER_MALFORMED, 0),
    ((200, '{"ok":'), "uncertain", ANSWER_MALFORMED, 0),
    ((302, "", "Location: /login\r\n"), "misconfigured", 302, 0),
    ((500, "oops"), "deferred", 500, 0),
    ((502, ""), "uncertain", 502, 0),
    ((503, "", "Retry-After: 2\r\n"), "throttled", 503, 2000),
]


def test_slack_says_what_is_wrong_in_the_body(tmp_path):
    check_table(tmp_path, "slack", slack_settings, SLACK, lambda request: json.loads(request.body)["channel"])


def test_a_slack_message_and_its_escapes(tmp_path):
    attempt = {"to": "C7", "text": ODD_TEXT, "campaign": 17, "ordinal": 4, "step": 1, "token": "T" * 32, "key": "k",
               "variables": {"team": "<!channel> & co"}}
    with Server(told({"C7": (200, {"ok": True})}, lambda request: "C7")) as server:
        settings = slack_settings(server)
        blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": "*{{team}}*: {{text}}"}}]
        more = {"blocks": blocks, "options": {"unfurl_links": False, "username": "Notices"}}
        for each in (settings, {**settings, **more}, {**settings, **more, "escape": False, "channel": "#ops"}):
            assert post(tmp_path, "slack", each, [attempt]).counts() == {"accepted": 1}
        plain, rich, raw = (json.loads(request.body) for request in server.requests)
        text = ODD_TEXT.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        metadata = {"event_type": "tocsin_message", "event_payload": {"token": "T" * 32, "reference": "17-4-1"}}
        assert plain == {"channel": "C7", "text": text, "metadata": metadata}
        rich_blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": f"*&lt;!channel&gt; &amp; co*: {text}"}}]
        assert rich == {**plain, "blocks": rich_blocks, "unfurl_links": False, "username": "Notices"}
        assert raw["text"] == ODD_TEXT and raw["channel"] == "#ops"
        assert raw["blocks"][0]["text"]["text"] == f"*<!channel> & co*: {ODD_TEXT}"
        headers = server.requests[0].headers
        assert headers["authorization"] == "Bearer xoxb-1-2-abc" and headers["content-type"] == "application/json; charset=utf-8"


def test_a_slack_message_with_a_button_that_acknowledges(tmp_path):
    with Server(told({"C7": (200, {"ok": True})}, lambda request: "C7")) as server:
        attempt = {"to": "C7", "text": "a & b", "token": "T" * 32}
        divider = {"type": "divider"}
        for more in ({}, {"blocks": [divider]}):
            post(tmp_path, "slack", slack_settings(server, button='"OK"', **more), [attempt])
        button = {"type": "actions", "elements": [{"type": "button", "action_id": "acknowledge", "value": "T" * 32,
                                                   "text": {"type": "plain_text", "text": '"OK"'}}]}
        section = {"type": "section", "text": {"type": "mrkdwn", "text": "a &amp; b"}}
        assert [json.loads(request.body)["blocks"] for request in server.requests] == [[section, button], [divider, button]]


def test_the_request_to_slack_is_that_of_its_own_client(tmp_path):
    answers = [{"path": "", "status": 200, "body": {"ok": True, "channel": "C1", "ts": "1.2"}}]
    with Recorder(tmp_path, answers=answers) as recorder:
        attempt = {"to": "C1", "text": 'blåbær & "x"', "campaign": 1, "ordinal": 2, "step": 0, "token": "T" * 32}
        post(tmp_path, "slack", slack_settings(recorder), [attempt])
        metadata = {"event_type": "tocsin_message", "event_payload": {"token": "T" * 32, "reference": "1-2-0"}}
        message = {"channel": "C1", "text": 'blåbær &amp; "x"', "metadata": metadata}
        node_run("clients.js", "slack", {"url": recorder.url("/api/"), "token": "xoxb-1-2-abc", "message": message})
        ours, theirs = recorder.requests()
        # Their client writes a form, in which what is no text is JSON; ours is the other form that the method takes.
        form = dict(theirs.form())
        theirs.body = json.dumps({**form, "metadata": json.loads(form["metadata"])}).encode()
        theirs.headers["content-type"] = ours.headers["content-type"]
        compare(ours, theirs)


# ---- WhatsApp ----

def whatsapp_settings(server, **more):
    return {"url": server.url("/v21.0"), "phone_number_id": "106540352242922", "token": "env:META_TOKEN",
            "template": "outage_notice", **more}


def meta_error(code, outcome, retry_after_ms=0, status=400):
    document = {"error": {"message": f"(#{code}) x", "type": "OAuthException", "code": code, "fbtrace_id": "A"}}
    return (status, document), outcome, status, retry_after_ms


WHATSAPP = [
    ((200, {"messaging_product": "whatsapp", "messages": [{"id": "wamid.HBgL=="}]}), "accepted", 200, 0, "wamid.HBgL=="),
    *[meta_error(code, "throttled") for code in (4, 80007, 130429)],
    meta_error(131048, "throttled", 600000),
    meta_error(131056, "deferred", 6000),
    *[meta_error(code, "deferred") for code in (1, 2, 131000, 131016, 133004)],
    meta_error(131057, "deferred", 60000),
    meta_error(131000, "deferred", 0, 500),
    *[meta_error(code, "misconfigured") for code in (0, 3, 10, 33, 190, 200, 299, 368, 131005, 131031, 131037, 131042, 131045,
                                                     132000, 132001, 132007, 132015, 132016, 132068, 133010)],
    meta_error(190, "misconfigured", 0, 401),
    *[meta_error(code, "rejected") for code in (100, 130472, 130497, 131008, 131009, 131021, 131026, 131030, 131047, 131049,
                                                131050, 131051, 131052, 132005, 132012, 132018)],
    meta_error(999999, "deferred"),
    ((200, {"messaging_product": "whatsapp"}), "uncertain", ANSWER_MALFORMED, 0),
    ((200, "<html>"), "uncertain", ANSWER_MALFORMED, 0),
    ((401, ""), "misconfigured", 401, 0),
    ((429, "", "Retry-After: 9\r\n"), "throttled", 429, 9000),
    ((500, ""), "deferred", 500, 0),
    ((502, "<html>"), "uncertain", 502, 0),
]


def test_metas_code_decides_and_not_the_status(tmp_path):
    check_table(tmp_path, "whatsapp", whatsapp_settings, WHATSAPP, lambda request: json.loads(request.body)["to"])


def test_a_whatsapp_template_is_filled_in_the_recipients_language(tmp_path):
    components = [{"type": "header", "parameters": [{"type": "text", "text": "{{place}}"}]},
                  {"type": "body", "parameters": [{"type": "text", "text": "{{text}}"}]},
                  {"type": "button", "sub_type": "quick_reply", "index": "0",
                   "parameters": [{"type": "payload", "payload": "ACK {{reference}}"}]}]
    with Server(told({"x": (200, {"messages": [{"id": "w"}]})}, lambda request: "x")) as server:
        settings = whatsapp_settings(server, languages=["de", "pt_BR", "zh_Hant"], language="en_US", components=components)
        locales = ["de-AT", "pt-br", "pt", "", None, "zh-Hant-TW", "fr", "en-GB"]
        attempts = [{"to": f"+479000000{i}", "text": ODD_TEXT, "ordinal": i, "token": f"{i}" * 32,
                     "variables": {"place": "Tromsø", **({} if locale is None else {"locale": locale})}}
                    for i, locale in enumerate(locales)]
        assert post(tmp_path, "whatsapp", settings, attempts).counts() == {"accepted": len(locales)}
        documents = sorted((json.loads(request.body) for request in server.requests), key=lambda document: document["to"])
        assert [document["template"]["language"]["code"] for document in documents] \
            == ["de", "pt_BR", "en_US", "en_US", "en_US", "zh_Hant", "en_US", "en_US"]
        flat = ODD_TEXT.replace("\n", " ").replace("\t", " ")
        assert documents[0] == {
            "messaging_product": "whatsapp", "recipient_type": "individual", "to": "+4790000000", "type": "template",
            "template": {"name": "outage_notice", "language": {"code": "de"}, "components": [
                {"type": "header", "parameters": [{"type": "text", "text": "Tromsø"}]},
                {"type": "body", "parameters": [{"type": "text", "text": flat}]},
                {"type": "button", "sub_type": "quick_reply", "index": "0",
                 "parameters": [{"type": "payload", "payload": "ACK 0-0-0"}]}]},
            "biz_opaque_callback_data": "0" * 32}
        request = server.requests[0]
        assert request.path == "/v21.0/106540352242922/messages" and request.headers["authorization"] == "Bearer EAAG"


@pytest.mark.parametrize("text, sent", [
    ("a\n\nb", "a  b"), ("a\r\n\t \n\n b", "a    b"), ("a      b", "a    b"), ("    ", "    "), ("\\n", "\\n"),
    ("\\\n\\", "\\ \\"), ('"\n"', '" "'), ("", ""),
])
def test_a_whatsapp_parameter_has_no_line_breaks_and_no_more_than_four_blanks(tmp_path, text, sent):
    with Server(told({"x": (200, {"messages": [{"id": "w"}]})}, lambda request: "x")) as server:
        post(tmp_path, "whatsapp", whatsapp_settings(server), [{"to": "+4790000001", "text": text}])
        template = json.loads(server.requests[0].body)["template"]
        assert template == {"name": "outage_notice", "language": {"code": "en"}, "components": [
            {"type": "body", "parameters": [{"type": "text", "text": sent}]}]}


# ---- Teams ----

def teams_settings(server, **more):
    return {"url": server.url("/") + "{{secret.flow|raw}}&r={{to}}", "secrets": {"flow": "env:WORKFLOW"}, **more}


def flow_error(status, code):
    return status, {"error": {"code": code, "message": "x"}}


TEAMS = [
    ((202, ""), "accepted", 202, 0),
    ((200, "1"), "accepted", 200, 0),
    (flow_error(400, "TriggerInputSchemaMismatch"), "rejected", 400, 0),
    (flow_error(400, "WorkflowTriggerIsNotEnabled"), "misconfigured", 400, 0),
    (flow_error(404, "WorkflowNotFound"), "misconfigured", 404, 0),
    (flow_error(404, "WorkflowTriggerNotFound"), "misconfigured", 404, 0),
    (flow_error(400, "AuthorizationFailed"), "misconfigured", 400, 0),
    (flow_error(401, "DirectApiAuthorizationRequired"), "misconfigured", 401, 0),
    ((403, ""), "misconfigured", 403, 0),
    ((413, ""), "rejected", 413, 0),
    ((429, "", "Retry-After: 5\r\n"), "throttled", 429, 5000),
    ((429, ""), "throttled", 429, 0),
    ((500, ""), "deferred", 500, 0),
    ((502, flow_error(502, "NoResponse")[1]), "uncertain", 502, 0),
    ((503, ""), "deferred", 503, 0),
]


def test_teams_answers(tmp_path):
    check_table(tmp_path, "teams", teams_settings, TEAMS, lambda request: request.path.split("r=")[1])


def test_a_teams_card(tmp_path):
    with Server(told({"x": (202, "")}, lambda request: "x")) as server:
        card = {"type": "AdaptiveCard", "version": "1.4", "body": [{"type": "TextBlock", "text": "{{subject}}", "weight": "Bolder"},
                                                                 {"type": "TextBlock", "text": "{{place}}: {{text}}"}]}
        attempt = {"to": "a b", "subject": "S", "text": ODD_TEXT, "variables": {"place": '"x"'}}
        for settings in (teams_settings(server), teams_settings(server, card=card)):
            assert post(tmp_path, "teams", settings, [attempt]).counts() == {"accepted": 1}
        plain, rich = (json.loads(request.body) for request in server.requests)
        assert server.requests[0].path == "/workflows/9f?sig=s%2Fx&r=a%20b"
        assert (plain["type"], len(plain["attachments"])) == ("message", 1)
        attachment = plain["attachments"][0]
        assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive" and attachment["contentUrl"] is None
        assert attachment["content"] == {"$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "type": "AdaptiveCard",
                                         "version": "1.4", "body": [{"type": "TextBlock", "text": ODD_TEXT, "wrap": True}]}
        assert [block["text"] for block in rich["attachments"][0]["content"]["body"]] == ["S", f'"x": {ODD_TEXT}']


def test_all_of_a_teams_url_may_be_a_secret(tmp_path):
    with Server(told({"x": (202, "")}, lambda request: "x")) as server:
        settings = {"url": "{{secret.workflow}}", "secrets": {"workflow": f"file:{tmp_path}/workflow"}}
        (tmp_path / "workflow").write_text(server.url("/workflows/9f/invoke?sp=%2Ftriggers&sig=a_-%2B") + "\n", encoding="utf-8")
        assert post(tmp_path, "teams", settings, [{"to": "x", "text": "t"}]).counts() == {"accepted": 1}
        assert server.requests[0].path == "/workflows/9f/invoke?sp=%2Ftriggers&sig=a_-%2B"


def test_a_teams_card_beyond_28_kb_is_not_sent(tmp_path):
    with Server(told({"x": (202, "")}, lambda request: "x")) as server:
        run = post(tmp_path, "teams", teams_settings(server), [{"to": "x", "text": "x" * size} for size in (28300, 28672)])
        assert run.outcomes() == [("accepted", 202), ("rejected", TOO_LARGE)] and len(server.requests) == 1


# ---- all of them ----

OF_ALL = [("slack", slack_settings), ("whatsapp", whatsapp_settings), ("teams", teams_settings)]


@pytest.mark.parametrize("adapter, settings_of", OF_ALL, ids=[adapter for adapter, _ in OF_ALL])
def test_tls_is_verified_and_a_lost_answer_is_uncertain(tmp_path, adapter, settings_of):
    cert, key = make_certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)

    def hang_up(server, connection, _):
        read_request(server, connection)
    with Server(hang_up, context) as server:
        attempt = [{"to": "x", "text": "t"}]
        assert post(tmp_path, adapter, settings_of(server), attempt).outcomes() == [("misconfigured", 1103)]
        assert post(tmp_path, adapter, settings_of(server, ca_file=cert), attempt).outcomes() == [("uncertain", 1106)]


@pytest.mark.parametrize("adapter, settings_of", OF_ALL, ids=[adapter for adapter, _ in OF_ALL])
def test_a_body_that_breaks_off_leaves_slack_and_whatsapp_in_doubt(tmp_path, adapter, settings_of):
    def break_off(server, connection, _):
        read_request(server, connection)
        connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"ok": true')
    with Server(break_off) as server:
        run = post(tmp_path, adapter, settings_of(server), [{"to": "x", "text": "t"}])
        assert run.outcomes() == [("accepted", 200) if adapter == "teams" else ("uncertain", 1106)]
