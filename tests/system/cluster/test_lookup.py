# SPDX-License-Identifier: Apache-2.0
"""What was sent to a person: by key and by endpoint, over all campaigns, while one runs and after kill -9."""

import json
import random
import urllib.parse

import pytest

from support import http_provider, some, tocsin

PEOPLE = 3000
CONTENT = {"sms": {"text": "Hi"}}


@pytest.fixture
def cluster(gateway, make_cluster):
    return make_cluster([http_provider(gateway)], workers=1)


def upload(cluster, people, prefix=""):
    rows = "id,phone,phone.2\n" + "".join(f"{prefix}r{i},+4790{i:08d},+4680{i:08d}\n" for i in people)
    answer = cluster.api.upload(rows.encode())
    assert answer.status == 201, answer.body
    return answer.json()["id"]


def find(cluster, **query):
    """All items, page after page."""
    items, cursor = [], {}
    while True:
        page = cluster.api.get("/v1/recipients?" + urllib.parse.urlencode({**query, **cursor}))
        items += page["items"]
        if page["next"] is None:
            return items
        cursor = {"cursor": page["next"]}


def test_everybody_is_found_in_each_campaign_he_was_in(gateway, cluster):
    everybody, few = upload(cluster, range(PEOPLE)), upload(cluster, range(0, PEOPLE, 10), "x")
    for audience in (everybody, few, everybody):
        campaign = cluster.campaign(audience, "sms", CONTENT)
        assert set(some(cluster.wait_campaign(campaign["id"])["counts"])) == {"accepted"}
    gateway.answer("return 503;")  # nobody of this one is reached, and it goes on meanwhile
    cluster.campaign(everybody, "sms", CONTENT)
    for life in range(2):
        for person in random.Random(life).sample(range(0, PEOPLE, 10), 20):
            items = find(cluster, key=f"r{person}")
            assert [item["campaign"] for item in items] == ["c4", "c3", "c1"]
            assert [item["state"] for item in items[1:]] == ["accepted", "accepted"]
            assert items[0]["campaign_state"] == "running" and items[0]["accepted_at"] is None
            assert all(item["last_event"]["event"] == "accepted" for item in items[1:])
            by_endpoint = find(cluster, endpoint=f"+4790{person:08d}", limit=1)
            assert [(i["campaign"], i["key"], i["matched"]) for i in by_endpoint] == [
                ("c4", f"r{person}", 0), ("c3", f"r{person}", 0), ("c2", f"xr{person}", 0), ("c1", f"r{person}", 0)]
            assert {i["matched"] for i in find(cluster, endpoint=f"+4680{person:08d}")} == {1}
            shown = cluster.api.get(items[1]["link"])
            assert shown["timeline"][-2 if shown["timeline"][-1]["event"] == "finished" else -1]["at"] == items[1]["last_event"]["at"]
        cluster.coordinator.kill()
        cluster.start_coordinator()
    assert find(cluster, key="nobody") == []


def test_the_operator_finds_a_person(cluster):
    audience = upload(cluster, range(20))
    cluster.wait_campaign(cluster.campaign(audience, "sms", CONTENT)["id"])
    status, out, err = tocsin(cluster, "recipient", "find", "+47 90 00 00 00 07")
    assert (status, err) == (0, ""), err
    assert "c1" in out and "r7" in out and "accepted" in out
    status, out, _ = tocsin(cluster, "recipient", "find", "r7", "--json")
    assert status == 0 and json.loads(out)["link"] == "/v1/campaigns/c1/recipients/r7"
    status, out, _ = tocsin(cluster, "recipient", "find", "4790000000 07", "--channel", "sms", "--campaign", "c1")
    assert status != 0
    status, out, _ = tocsin(cluster, "recipient", "find", "+4790000000077")
    assert status == 0 and "--key looks for it" in out
    status, out, _ = tocsin(cluster, "recipient", "find", "+479", "--key")
    assert status == 0 and "--channel looks for it" in out
    status, _, err = tocsin(cluster, "recipient", "find", "r7", "--key", "--channel", "sms")
    assert status == 2 and "no channel" in err
