# SPDX-License-Identifier: Apache-2.0
"""Plans that have a name: stored, taken by campaigns, changed, and there after kill -9."""

import json
import os

import pytest

from support import http_provider, some, tocsin

STEPS = [{"channel": "sms", "until": "acknowledged", "within": "1s"}, {"channel": "sms", "attempts": 2}]
CONTENT = {"sms": {"text": "Hi"}}


@pytest.fixture
def cluster(gateway, make_cluster):
    return make_cluster([http_provider(gateway)], workers=1)


def people(cluster, count=50):
    rows = "id,phone\n" + "".join(f"r{i},+4790{i:08d}\n" for i in range(count))
    answer = cluster.api.upload(rows.encode())
    assert answer.status == 201, answer.body
    return answer.json()["id"]


def create(cluster, audience, plan):
    return cluster.api.call("POST", "/v1/campaigns",
                            {"name": "Outage", "audience": audience, "plan": plan, "content": CONTENT})


def test_a_campaign_follows_the_plan_as_it_was_when_it_was_made(gateway, cluster):
    answer = cluster.api.call("PUT", "/v1/plans/twice", {"steps": STEPS})
    assert answer.status == 201, answer.body
    cluster.coordinator.kill()  # what was answered is on disk
    cluster.start_coordinator()
    plan = cluster.api.get("/v1/plans/twice")
    assert plan["steps"][0]["within"] == "1s" and plan["steps"][1]["attempts"] == 2
    audience = people(cluster)
    campaign = create(cluster, audience, "twice")
    assert campaign.status == 201, campaign.body
    assert cluster.api.call("PUT", "/v1/plans/twice", {"steps": STEPS[1:]}).status == 200
    cluster.coordinator.kill()
    cluster.start_coordinator()
    view = cluster.api.get("/v1/campaigns/c1")
    assert (view["plan_name"], len(view["plan"]["steps"])) == ("twice", 2)
    cluster.api.post("/v1/campaigns/c1/launch")
    assert some(cluster.wait_campaign("c1")["counts"]) == {"accepted": 50}
    assert {len(keys) for keys in gateway.keys().values()} == {2}  # a second message, as nobody acknowledged
    later = create(cluster, audience, "twice").json()
    assert len(later["plan"]["steps"]) == 1
    assert cluster.api.call("DELETE", "/v1/plans/twice").status == 200
    cluster.coordinator.kill()
    cluster.start_coordinator()
    assert cluster.api.get("/v1/plans") == {"items": [], "next": None}
    assert len(cluster.api.get("/v1/campaigns/c2")["plan"]["steps"]) == 1


def test_the_operator_stores_and_uses_a_plan(place, gateway, cluster):
    status, out, err = tocsin(cluster, "plan", "set", "twice", "--plan", "sms 1s > sms")
    assert (status, err) == (0, "") and "sms 1s > sms" in out
    status, out, _ = tocsin(cluster, "plan", "list")
    assert status == 0 and "twice" in out and "sms 1s > sms" in out
    status, out, _ = tocsin(cluster, "plan", "show", "twice", "--json")
    assert status == 0 and len(json.loads(out)["steps"]) == 2
    assert tocsin(cluster, "plan", "set", "again", "--file", "-", stdin=b"steps: [{channel: sms, repeat: {every: 5m, times: 2}}]\n")[0] == 0
    assert "x3, every 5m" in tocsin(cluster, "plan", "show", "again")[1]
    path = os.path.join(place, "plan.json")
    with open(path, "w", encoding="ascii") as f:
        f.write(out)
    assert tocsin(cluster, "plan", "set", "copy", "--file", path)[0] == 0
    people_file = os.path.join(place, "people.csv")
    with open(people_file, "w", encoding="ascii") as f:
        f.write("id,phone\n" + "".join(f"r{i},+4790{i:08d}\n" for i in range(20)))
    status, out, err = tocsin(cluster, "send", people_file, "--plan", "twice", "--text", "Hi", "--strict")
    assert (status, err) == (0, ""), out
    assert {len(keys) for keys in gateway.keys().values()} == {2}
    assert cluster.api.get("/v1/campaigns/c1")["plan_name"] == "twice"
    status, _, err = tocsin(cluster, "send", people_file, "--plan", path, "--text", "Hi", "--draft")
    assert (status, err) == (0, "")
    view = cluster.api.get("/v1/campaigns/c2")
    assert (view["plan_name"], len(view["plan"]["steps"])) == (None, 2)
    campaign = os.path.join(place, "campaign.json")
    with open(campaign, "w", encoding="ascii") as f:
        json.dump({"name": "Outage", "audience": "a1", "content": CONTENT}, f)
    assert tocsin(cluster, "campaign", "create", campaign, "--plan", "copy", "--quiet")[:2] == (0, "c3\n")
    assert tocsin(cluster, "plan", "delete", "copy")[0] == 0
    status, _, err = tocsin(cluster, "send", people_file, "--plan", "smss", "--text", "Hi")
    assert status == 1 and 'there is no plan "smss"' in err and 'is it "sms"' in err, err
    assert len(cluster.api.get("/v1/audiences")["items"]) == 2  # asked before anything was uploaded


def test_what_does_not_fit_is_said_where_it_stands(cluster):
    cases = [
        ({"steps": [{"channel": "sms", "within": "-1s"}]}, "/steps/0/within", "duration"),
        ({"steps": [{"channel": "sms", "within": "999999d"}]}, "/steps/0/within", "30d"),
        ({"steps": [{"channel": "sms"}, {"channel": "sms", "untill": "accepted"}]}, "/steps/1/untill", "until"),
        ({"steps": [{"channel": "email"}]}, "/steps/0/channel", "no provider"),
        ({"steps": [{"channel": "sms", "within": "1m", "backoff": "1h"}]}, "/steps/0/backoff", "never be made"),
        ({"steps": []}, "/steps", "1 to 8"),
    ]
    for body, pointer, words in cases:
        answer = cluster.api.call("PUT", "/v1/plans/ladder", body)
        assert (answer.status, answer.json()["pointer"]) == (422, pointer), answer.body
        assert words in answer.json()["detail"]
    assert cluster.api.get("/v1/plans")["items"] == []
    assert cluster.api.call("PUT", "/v1/plans/ladder", {"steps": STEPS}).status == 201
    answer = create(cluster, people(cluster, 3), "lader")
    assert answer.status == 422 and 'did you mean "ladder"' in answer.json()["detail"], answer.body


def test_what_a_plan_may_not_mean_is_told_before_the_launch(cluster):
    audience = people(cluster, 3)
    create(cluster, audience, {"steps": [{"channel": "sms"}, {"channel": "sms"}]})
    create(cluster, audience, {"steps": STEPS})
    warnings = [cluster.api.post(f"/v1/campaigns/{c}/preflight")["warnings"] for c in ("c1", "c2")]
    assert [[w["warning"] for w in each if w["warning"] == "same_channel"] for each in warnings] == [["same_channel"], []]
    assert "step 2 (sms) uses the channel and providers of step 1" in str(warnings[0])


YAML = b"""# At night
steps:
  - channel: sms
    until: acknowledged
    within: 1s
  - {channel: sms, attempts: 2}
"""
AS_YAML = {"Content-Type": "application/yaml"}


def test_a_plan_may_be_written_in_yaml(place, cluster):
    assert cluster.api.call("PUT", "/v1/plans/json", {"steps": STEPS}).status == 201
    answer = cluster.api.call("PUT", "/v1/plans/yaml", YAML, AS_YAML)
    assert answer.status == 201, answer.body
    as_json = cluster.api.get("/v1/plans/json")["steps"]
    assert answer.json()["steps"] == as_json
    path = os.path.join(place, "night.yaml")
    with open(path, "wb") as f:
        f.write(YAML)
    status, _, err = tocsin(cluster, "plan", "set", "cli", "--file", path)
    assert (status, err) == (0, "")
    assert cluster.api.get("/v1/plans/cli")["steps"] == as_json
    people_file = os.path.join(place, "people.csv")
    with open(people_file, "w", encoding="ascii") as f:
        f.write("id,phone\nr1,+4790000001\n")
    status, _, err = tocsin(cluster, "send", people_file, "--plan", path, "--text", "Hi", "--draft")
    assert (status, err) == (0, "")
    campaign = os.path.join(place, "campaign.yml")
    with open(campaign, "wb") as f:
        f.write(b"name: Outage\naudience: a1\ncontent:\n  sms: {text: Hi}\nplan:\n  " + YAML.replace(b"\n", b"\n  "))
    assert tocsin(cluster, "campaign", "create", campaign, "--quiet")[:2] == (0, "c2\n")
    with open(campaign, "rb") as f:
        answer = cluster.api.call("POST", "/v1/campaigns", f.read(), AS_YAML)
    assert answer.status == 201, answer.body
    for number in (1, 2, 3):
        assert cluster.api.get(f"/v1/campaigns/c{number}")["plan"]["steps"] == as_json


def test_bad_yaml_is_refused_with_line_and_column(place, cluster):
    cases = [
        (b"steps: &all\n  - *all\n", 1, 8, "anchors"),
        (b"steps:\n  - channel: sms\n    channel: voice\n", 3, 5, "second time"),
        (b"steps:\n  - channel: !!str sms\n", 2, 14, "tags"),
        (b"steps: []\n---\nsteps: []\n", 2, 1, "second document"),
        (b"steps:\n  - channel: sms\n  channel: sms\n", 3, 3, "no YAML"),
        (b"- channel: sms\n", 1, 1, "must be an object, not an array"),
        (b"\xff\xfes", 1, 1, "UTF-8"),
    ]
    path = os.path.join(place, "bad.yaml")
    for body, line, column, words in cases:
        answer = cluster.api.call("PUT", "/v1/plans/bad", body, AS_YAML)
        assert answer.status == 400, answer.body
        said = answer.json()
        assert (said["line"], said["column"]) == (line, column) and words in said["detail"], said
        with open(path, "wb") as f:
            f.write(body)
        status, _, err = tocsin(cluster, "plan", "set", "bad", "--file", path)
        assert status == 2 and path in err, err
    answer = cluster.api.call("PUT", "/v1/plans/bad", b"#" * (256 * 1024 + 1), AS_YAML)
    assert answer.status in (400, 413, 422) and "at most 262144" in answer.json()["detail"], answer.body
    for body, pointer in ((b"steps:\n  - {channel: sms, within: -5m}\n", "/steps/0/within"),
                          (b"steps:\n  - {channel: sms, within: 300}\n", "/steps/0/within"),
                          (b"steps:\n  - {channel: sms, widthin: 5m}\n", "/steps/0/widthin")):
        answer = cluster.api.call("PUT", "/v1/plans/bad", body, AS_YAML)
        assert (answer.status, answer.json()["pointer"]) == (422, pointer), answer.body
    assert cluster.api.get("/v1/plans")["items"] == []


def test_a_group_stands_for_its_providers(gateway, make_cluster):
    """Of three providers two are in the group; the settings then exchange one, and plans follow."""
    others = [http_provider(gateway, name=name, path=f"/{name}") for name in ("a", "b", "c")]
    cluster = make_cluster(others, settings={"groups": [{"name": "fast", "providers": ["a", "b"]}]})
    answer = cluster.api.call("PUT", "/v1/plans/quick", {"steps": [{"channel": "sms", "provider": "fast"}]})
    assert answer.status == 201 and answer.json()["steps"][0]["provider"] == "fast", answer.body
    assert [item["groups"] for item in cluster.api.get("/v1/providers")["items"]] == [["fast"], ["fast"], []]
    create(cluster, people(cluster, 400), "quick")
    cluster.api.post("/v1/campaigns/c1/launch")
    assert some(cluster.wait_campaign("c1")["counts"]) == {"accepted": 400}
    sent = {item["name"]: item["outcomes"].get("accepted", 0) for item in cluster.api.get("/v1/providers")["items"]}
    assert sent["c"] == 0 and sent["a"] + sent["b"] == 400, sent
    create(cluster, people(cluster, 100), "quick")  # a draft
    cluster.coordinator.stop()
    cluster.settings["groups"] = [{"name": "fast", "providers": ["c"]}]
    cluster.start_coordinator()
    cluster.wait_workers(1)
    cluster.api.post("/v1/campaigns/c2/launch")
    assert some(cluster.wait_campaign("c2")["counts"]) == {"accepted": 100}
    sent = {item["name"]: item["outcomes"].get("accepted", 0) for item in cluster.api.get("/v1/providers")["items"]}
    assert (sent["a"], sent["b"], sent["c"]) == (0, 0, 100), sent
    answer = cluster.api.call("PUT", "/v1/plans/quick", {"steps": [{"channel": "sms", "provider": "fasst"}]})
    assert answer.status == 422 and 'did you mean "fast"' in answer.json()["detail"], answer.body
