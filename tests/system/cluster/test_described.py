# SPDX-License-Identifier: Apache-2.0
"""What hardly any other test gets to hear: each route's refusals, and every fact of a campaign. The watch over all tests sees
whether they are as docs/openapi.yaml describes them (tests/openapi/unseen says what nobody asked for)."""

import json
import re
import time

import pytest

from support import BUILD, Cluster, QUICK, free_port, problem_of, upload, wait_for
from cluster import Api
from description import FILE
from event_stream import EventStream
from test_reply_forward import Desk
from watch import WATCH

NULL = [{"name": "null", "channel": "sms", "adapter": "null"}]
MESSAGE = {"sms": {"text": "Dear {{first_name}}"}}
CAMPAIGN_FACTS = ("created", "changed", "scheduled", "launched", "paused", "resumed", "cancelled", "expired", "finished", "retried")
OPERATIONS = [(method, path, operation["x-roles"]) for method, path, operation, _ in WATCH.description.operations()]
LETTERS = {"audiences": "a", "campaigns": "c", "replies": "r", "tokens": "t", "subscriptions": "s"}
NAMES = {"provider": "null", "name": "null", "channel": "sms", "value": "x", "key": "r0", "token": "x"}


def filled(path):
    """With something for each part: nothing of it has to be there."""
    letter = LETTERS.get((path.split("/") + [""])[2])
    return re.sub(r"\{(\w+)\}", lambda part: f"{letter}1" if part[1] == "id" else NAMES[part[1]], path)


@pytest.fixture(scope="module", name="cluster")
def one_cluster(tmp_path_factory):
    settings = {"limits": {"events_kept": 100}, "subscriptions": {"allow_http": True, "allow_private": True}}
    with Cluster(tmp_path_factory.mktemp("described"), BUILD, NULL, {**QUICK, **settings}) as cluster:
        cluster.start_coordinator()
        cluster.start_worker("w0")
        cluster.wait_workers(1)
        yield cluster


def test_every_route_refuses_who_may_not_and_says_so(cluster):
    tokens = {role: cluster.api.post("/v1/tokens", {"name": role, "role": role})["token"] for role in ("relay", "viewer", "operator")}
    refused = {401: 0, 403: 0}
    for method, path, roles in OPERATIONS:
        if roles != ["anybody"]:
            others = [token for role, token in tokens.items() if role not in roles]
            for token in (None, *others):
                status = 403 if token else 401
                problem_of(Api(cluster.api_port, token).call(method, filled(path)), status)
                refused[status] += 1
    assert min(refused.values()) >= 70


def test_no_route_takes_a_parameter_that_it_does_not_know(cluster):
    for method, path, roles in OPERATIONS:
        if path.startswith("/v1/"):
            assert "nonsense" in problem_of(cluster.api.call(method, f"{filled(path)}?nonsense=1"), 400)["detail"], path


def test_what_is_no_part_of_the_api_is_described_too(cluster):
    for path in ("/", "/docs", "/openapi.yaml", "/healthz", "/readyz", "/metrics"):
        answer = cluster.api.call("GET", path)
        assert answer.status == 200 and answer.body, path
        if "ETag" in answer.headers:
            assert cluster.api.call("GET", path, headers={"If-None-Match": answer.headers["ETag"]}).status == 304, path
        assert "nonsense" in problem_of(cluster.api.call("GET", f"{path}?nonsense=1"), 400)["detail"], path
    with open(FILE, "rb") as f:
        assert cluster.api.call("GET", "/openapi.yaml").body == f.read()


def test_links_and_callbacks_of_nobody_are_refused(cluster):
    for method, path, roles in OPERATIONS:
        if roles == ["anybody"] and "{" in path:
            answer = cluster.api.call(method, filled(path))
            assert 400 <= answer.status < 500, (method, path, answer.status)


def test_entries_that_are_there_and_limits_that_are_taken_back(cluster):
    entry = {"channel": "sms", "endpoint": "+4790000001", "reason": "manual"}
    assert [cluster.api.call(method, "/v1/suppressions", entry).status for method in ("POST", "POST", "PUT")] == [201, 200, 200]
    assert cluster.api.call("PATCH", "/v1/providers/null", {"rate": 1000}).json()["limit"]["override"]["rate"] == 1000
    assert cluster.api.call("DELETE", "/v1/providers/null/limit").json()["limit"]["override"] is None


def test_every_fact_of_a_campaign_is_told(cluster):
    """The worker takes everybody at once, so those that are to be stopped have a rate."""
    stream = EventStream(cluster.api, "?types=campaign,replies")
    audience = upload(cluster, 10)
    slow = cluster.campaign(audience, "sms", MESSAGE, rate=1, launch=False)["id"]
    for word in ("launch", "pause", "resume"):
        cluster.api.post(f"/v1/campaigns/{slow}/{word}")
    assert cluster.api.call("PATCH", f"/v1/campaigns/{slow}", {"rate": 2}).status == 200
    cluster.api.post(f"/v1/campaigns/{slow}/cancel")
    cluster.campaign(audience, "sms", MESSAGE, rate=1, not_after="1s")
    later = cluster.campaign(audience, "sms", MESSAGE, start_at=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3600)))["id"]
    cluster.api.post(f"/v1/campaigns/{later}/cancel")
    again = cluster.campaign(upload(cluster, 1), "sms", MESSAGE)["id"]
    cluster.wait_campaign(again)
    report = {"provider": "null", "status": "failed", "campaign": again, "recipient": "r0"}
    assert cluster.api.post("/v1/receipts", [report])["taken"] == 1
    cluster.api.post(f"/v1/campaigns/{again}/retry")
    cluster.api.post("/v1/replies", {"channel": "sms", "from": "+4790000003", "text": "Hi"})
    for fact in CAMPAIGN_FACTS:
        assert stream.find(f"campaign.{fact}").data["state"]
    assert stream.find("replies.received").data["count"] == 1
    assert stream.find(lambda event: event.type == "campaign.finished" and event.data["round"] == 2)
    stream.close()


def test_who_was_away_for_too_long_is_told_what_was_missed(cluster):
    desk = Desk(free_port()).open()
    try:
        made = cluster.api.post("/v1/subscriptions", {"name": "desk", "url": f"http://127.0.0.1:{desk.port}/", "types": ["campaign"]})
        path = f"/v1/subscriptions/{made['id']}"
        assert cluster.api.call("PATCH", path, {"state": "paused"}).status == 200
        draft = cluster.campaign(upload(cluster, 1), "sms", MESSAGE, launch=False)["id"]
        for weight in range(1, 150):
            assert cluster.api.call("PATCH", f"/v1/campaigns/{draft}", {"weight": weight}).status == 200
        cluster.coordinator.stop()  # so that none is in memory any more
        cluster.start_coordinator()
        stream = EventStream(cluster.api, last_id="e1")
        missed = stream.find("stream.gap").data
        assert missed["from"] == "e2" and int(missed["to"][1:]) > 40
        stream.close()
        ahead = EventStream(cluster.api, last_id="e99999999")
        assert ahead.find("stream.gap").data["from"] is None
        ahead.close()
        assert cluster.api.call("PATCH", path, {"state": "active"}).status == 200
        wait_for("the newest", lambda: desk.seen and b'"weight":149' in desk.seen[-1]["body"], 60)
        first = json.loads(desk.seen[0]["body"])
        assert first["type"] == "com.tocsin.stream.gap" and first["id"] == desk.ids()[0] == f"gap-{first['data']['to']}"
        assert cluster.api.get(path)["missed"] > 0
        assert cluster.api.call("DELETE", path).status == 200
    finally:
        desk.close()
        WATCH.take_webhooks("event", desk.seen)
