# SPDX-License-Identifier: Apache-2.0
"""What leaves by a chat service comes back: the button that a Slack message brought acknowledges it, and the callback data
that went to Meta moves the recipient by its webhook. Both are signed by what is not ours, from what was really sent."""

import json
import time
import urllib.parse

import pytest

from support import wait_for
from node_peer import node_run
from recorder import Recorder

SECRET = "3f6c0d7be1a94b52"
PEOPLE = 4
PLAN = {"until": "acknowledged", "within": "1h"}


def sign(kind, **asked):
    return json.loads(node_run("inbound_sign.js", {"kind": kind, "secret": SECRET, **asked}))["signature"]


@pytest.fixture
def sent(place, make_cluster, monkeypatch):
    """sent(adapter, path, settings, answer, until): (cluster, the campaign's id, requests by their recipients)."""
    recorders = []

    def go(adapter, path, settings, answer, until):
        monkeypatch.setenv("CHAT_SECRET", SECRET)
        recorder = Recorder(place, answers=[{"path": "", "status": 200, "body": answer}])
        recorders.append(recorder)
        provider = {"name": "chat", "channel": "chat", "adapter": adapter, "receipts": until == "delivered",
                    "settings": {"url": recorder.url(path), "token": "env:CHAT_SECRET", **settings}}
        cluster = make_cluster([provider], {"log_level": "warn", "public_url": "https://alerts.example/in"})
        rows = "id,phone,locale\n" + "".join(f"a{i},+4790{i:08d},{'de' if i % 2 else 'en-GB'}\n" for i in range(PEOPLE))
        audience = cluster.api.upload(rows.encode()).json()["id"]
        campaign = cluster.campaign(audience, "chat", {"chat": {"text": "Boil your water"}}, {**PLAN, "until": until})["id"]
        wait_for("messages", lambda: len(recorder.requests()) == PEOPLE)
        wait_for("acceptance", lambda: cluster.api.get(f"/v1/campaigns/{campaign}")["counts"].get("accepted") == PEOPLE)
        return cluster, campaign, [request.json() for request in recorder.requests()]

    yield go
    for recorder in recorders:
        recorder.stop()


def state(cluster, campaign, phone):
    return cluster.api.get(f"/v1/campaigns/{campaign}/recipients/a{int(phone[-8:])}")["state"]


def test_the_button_of_a_slack_message_acknowledges_it(sent):
    cluster, campaign, messages = sent("slack", "/api/chat.postMessage", {"button": "Got it", "signing_secret": "env:CHAT_SECRET"},
                                       {"ok": True, "channel": "C1", "ts": "1.2"}, "acknowledged")
    section, actions = messages[0]["blocks"]
    assert section["text"]["text"] == "Boil your water"
    payload = {"type": "block_actions", "user": {"id": "U1"}, "actions": actions["elements"]}
    body, stamp = urllib.parse.urlencode({"payload": json.dumps(payload)}), str(int(time.time()))
    answer = cluster.api.call("POST", "/r/chat", body=body.encode(), headers={
        "Content-Type": "application/x-www-form-urlencoded", "Authorization": "none", "X-Slack-Request-Timestamp": stamp,
        "X-Slack-Signature": sign("slack", timestamp=stamp, body=body)})
    assert answer.status // 100 == 2
    assert [state(cluster, campaign, message["channel"]) for message in messages[:2]] == ["acknowledged", "accepted"]


def test_a_whatsapp_status_moves_whom_the_message_was_for(sent):
    cluster, campaign, messages = sent("whatsapp", "/v21.0", {
        "phone_number_id": "1055", "template": "outage", "languages": ["de"], "app_secret": "env:CHAT_SECRET"},
        {"messages": [{"id": "wamid.1"}]}, "delivered")
    languages = {message["to"]: message["template"]["language"]["code"] for message in messages}
    assert languages == {f"+4790{i:08d}": "de" if i % 2 else "en" for i in range(PEOPLE)}
    status = {"id": "wamid.1", "status": "delivered", "biz_opaque_callback_data": messages[0]["biz_opaque_callback_data"]}
    body = json.dumps({"entry": [{"changes": [{"field": "messages", "value": {"statuses": [status]}}]}]})
    answer = cluster.api.call("POST", "/r/chat", body=body.encode(), headers={
        "Content-Type": "application/json", "Authorization": "none", "X-Hub-Signature-256": sign("whatsapp", body=body)})
    assert answer.status // 100 == 2
    assert [state(cluster, campaign, message["to"]) for message in messages[:2]] == ["delivered", "accepted"]
