# SPDX-License-Identifier: Apache-2.0
"""Evidence of a campaign that had a further round: what a bundle says before, during and after it, over kill -9."""

from support import http_provider, some, timeline_of, wait_for
from test_evidence import HEAD, PROVEN, export, found, tamper, verify

PEOPLE = 3000
MESSAGE = {"sms": {"text": "Dear {{first_name}}, call {{phone}}"}}
MESSAGE_OF = {name: f"Dear Name{name[1:]}, call +47900000{name[1:]}" for name in ("r1507", "r1508")}
FAILING = "if ($http_x_recipient ~ 7$) { return 400; } return 202;"
FAILED = PEOPLE // 10


def events(report):
    return [e["event"] for e in report["timeline"]]


def test_a_further_round_is_proven_before_during_and_after_it(gateway, make_cluster, tmp_path):
    gateway.answer(FAILING)
    cluster = make_cluster([http_provider(gateway, receipts=True)], workers=1)
    rows = [f"r{i},+4790{i:08d},Name{i},{'de-AT' if i % 2 else ''}\n" for i in range(PEOPLE)]
    campaign = cluster.campaign(cluster.api.upload((HEAD + "".join(rows)).encode()).json()["id"], "sms", MESSAGE)["id"]
    assert some(cluster.wait_campaign(campaign)["counts"]) == {"accepted": PEOPLE - FAILED, "failed": FAILED}
    key = cluster.api.get("/v1/evidence/key")["public_key"]
    of = {name: f"?recipient={name}" for name in MESSAGE_OF}

    # Before: an end, and nobody told r1507 anything.
    before = found(export(cluster, campaign, tmp_path / "before", of["r1507"]), "--public-key", key)
    assert before["ended"] and events(before) == ["launched", "leased", "failed", "finished"] and before["texts"] == []
    all_before = found(export(cluster, campaign, tmp_path / "all_before"), "--public-key", key)
    assert all_before["ended"] and all_before["events"]["failed"] == FAILED and "retried" not in all_before["events"]

    # During: the end was none.
    gateway.answer("return 202;")
    seen = gateway.count()
    assert cluster.api.call("PATCH", "/v1/providers/gateway", {"rate": 30}).status == 200
    cluster.api.post(f"/v1/campaigns/{campaign}/retry", {"states": ["failed"]})
    wait_for("some of the second round", lambda: gateway.count() > seen + 20)
    during = found(export(cluster, campaign, tmp_path / "during"), "--public-key", key)
    assert not during["ended"] and during["events"]["retried"] == FAILED
    one = found(export(cluster, campaign, tmp_path / "during_one", of["r1507"]), "--public-key", key)
    assert not one["ended"] and events(one)[:6] == ["launched", "leased", "failed", "finished", "round", "retried"]
    cluster.coordinator.kill()
    cluster.start_coordinator()
    assert cluster.api.call("PATCH", "/v1/providers/gateway", {"rate": 3000}).status == 200
    assert verify(tmp_path / "during", "--public-key", key).returncode == PROVEN

    # After: both rounds, as the coordinator tells them, and those who were not in it have none.
    assert some(cluster.wait_campaign(campaign, 60)["counts"]) == {"accepted": PEOPLE}
    cluster.api.post("/v1/acknowledgements", {"campaign": campaign, "recipient": "r1507"})
    for name, query in of.items():
        path = export(cluster, campaign, tmp_path / name, query)
        report = found(path, "--public-key", key)
        told = [(e["at"], e["event"], e.get("round"), e.get("reason")) for e in timeline_of(cluster, campaign, name)]
        assert report["ended"]
        assert [(e["at"], e["event"], e.get("round"), e.get("reason")) for e in report["timeline"]] == told
        assert all(h in report["heads"] for h in before["heads"])  # the history goes on from what was shown before
        assert [t["text"] for t in report["texts"]] == [MESSAGE_OF[name]]
    assert events(found(tmp_path / "r1507"))[-5:] == ["retried", "leased", "accepted", "finished", "acknowledged"]
    assert events(found(tmp_path / "r1508")) == ["launched", "leased", "accepted", "finished", "round", "finished"]
    after = found(export(cluster, campaign, tmp_path / "after"), "--public-key", key)
    assert after["ended"] and after["pages"] == 3
    assert {k: after["events"][k] for k in ("retried", "failed", "acknowledged")} == \
        {"retried": FAILED, "failed": FAILED, "acknowledged": 1}
    assert after["events"]["accepted"] == PEOPLE
    assert [e["event"] for e in after["timeline"]] == ["launched", "finished", "round", "finished"]
    assert "round 2" in verify(tmp_path / "r1507", "--public-key", key).stdout
    tamper(tmp_path / "r1507", tmp_path / "bad", key)
