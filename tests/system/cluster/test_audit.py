# SPDX-License-Identifier: Apache-2.0
"""Who did what: by people with tokens, over kill -9, filtered, as a file, and checked."""

import csv
import io
import json
import os

import pytest

from support import coordinator, http_provider, tocsin


@pytest.fixture
def cluster(gateway, make_cluster):
    return make_cluster([http_provider(gateway)], workers=1)


def person(cluster, name, role):
    """(environment that signs in as this one, the token)"""
    path = os.path.join(cluster.directory, f"{name}.token")
    status, _, err = tocsin(cluster, "token", "create", name, "--role", role, "--out", path)
    assert status == 0, err
    with open(path, encoding="ascii") as f:
        return {"TOCSIN_TOKEN_FILE": path}, f.read().strip()


def test_who_did_what_is_told_and_outlives_a_kill(gateway, cluster):
    rows = "id,phone\n" + "".join(f"r{i},+4790{i:08d}\n" for i in range(50))
    assert cluster.api.upload(rows.encode()).status == 201
    (anna, anna_token), (wall, wall_token) = person(cluster, "anna", "operator"), person(cluster, "wall", "viewer")
    cluster.campaign("a1", "sms", {"sms": {"text": "a secret text"}}, launch=False)
    assert tocsin(cluster, "campaign", "set", "c1", "--rate", "20", env=anna)[0] == 0
    assert tocsin(cluster, "campaign", "launch", "c1", env=anna)[0] == 0
    assert tocsin(cluster, "campaign", "pause", "c1", env=wall)[0] != 0
    assert tocsin(cluster, "audit", env=anna)[0] != 0  # for administrators alone
    cluster.coordinator.kill()
    cluster.start_coordinator()
    items = cluster.api.get("/v1/audit")["items"]
    assert [(i["name"], i["action"], i["status"]) for i in items] == [
        ("wall", "campaigns.pause", 403), ("anna", "campaigns.launch", 200), ("anna", "campaigns.change", 200), ("admin", "campaigns.create", 201),
        ("admin", "tokens.create", 201), ("admin", "tokens.create", 201), ("admin", "audiences.create", 201)]
    assert items[2]["summary"] == "rate 0 -> 20" and items[1]["token"] == "t1" and items[0]["role"] == "viewer"
    status, out, err = tocsin(cluster, "audit", "--who", "anna", "--object", "c1", "--json")
    assert status == 0, err
    assert [json.loads(line)["action"] for line in out.splitlines()] == ["campaigns.launch", "campaigns.change"]
    status, out, _ = tocsin(cluster, "audit", "--limit", "2")
    assert status == 0 and "campaigns.pause" in out and "campaigns.change" not in out
    status, out, _ = tocsin(cluster, "audit", "export", "--format", "csv")
    table = list(csv.DictReader(io.StringIO(out)))
    assert status == 0 and len(table) == 7 and table[2]["summary"] == "rate 0 -> 20"
    status, whole, _ = tocsin(cluster, "audit", "export")
    assert status == 0 and len(whole.splitlines()) == 7
    for secret in (anna_token, wall_token, cluster.api.token, "a secret text"):
        assert secret not in whole and secret not in out
    cluster.wait_campaign("c1")
    cluster.coordinator.stop()
    status, out, err = coordinator("--config", os.path.join(cluster.directory, "coordinator.yaml"), "--check")
    assert status == 0, out + err
def test_every_limit_of_a_provider_that_is_changed_is_named(cluster):
    hours = {"from": "22:00", "to": "07:00", "zone": "Europe/Oslo"}
    for limits, summary in (
            ({"rate": 500, "burst": 20}, "rate settings -> 500.0; burst settings -> 20.0"),
            ({"concurrency": 40, "quota": 10000, "quota_zone": "Europe/Oslo"},
             "concurrency settings -> 40; quota settings -> 10000; quota_zone settings -> Europe/Oslo"),
            ({"quiet_hours": hours}, f"quiet_hours settings -> {json.dumps(hours, separators=(',', ':'))}"),
            ({"quota": "none", "quiet_hours": None}, "quota 10000 -> none; quota_zone Europe/Oslo -> settings; "
             f"quiet_hours {json.dumps(hours, separators=(',', ':'))} -> settings"),
            (None, "rate 500.0 -> settings; burst 20.0 -> settings; concurrency 40 -> settings; quota none -> settings")):
        if limits is None:
            assert cluster.api.call("DELETE", "/v1/providers/gateway/limit").status == 200
        else:
            assert cluster.api.call("PATCH", "/v1/providers/gateway", limits).status == 200
        assert cluster.api.get("/v1/audit?limit=1")["items"][0]["summary"] == summary


