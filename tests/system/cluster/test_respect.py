# SPDX-License-Identifier: Apache-2.0
"""Recipients are left in peace: quiet hours in their own time zone, and no more messages than the cap allows."""

import time

from support import http_provider, some, timeline_of, wait_for

MESSAGE = {"sms": {"text": "Dear {{first_name}}"}}
AWAKE, ASLEEP = "Etc/GMT-6", "UTC"  # six hours apart, whatever the season


def clock(at_s):
    return time.strftime("%H:%M", time.gmtime(at_s))


def night(before_s=3600, after_s=3600):
    """Quiet hours that go on now in ASLEEP, and are over or yet to come in AWAKE."""
    now = time.time()
    return {"from": clock(now - before_s), "to": clock(now + after_s), "zone": ASLEEP}


def people(count, zone=None, first=0):
    """r0, r1, ...; every second one is in the other zone; every tenth has no zone."""
    rows = ["id,phone,first_name,timezone"]
    for i in range(first, first + count):
        own = zone if zone is not None else "" if i % 10 == 0 else ASLEEP if i % 2 == 0 else AWAKE
        rows.append(f"r{i},+4790{i:08d},Name{i},{own}")
    return ("\n".join(rows) + "\n").encode()


def upload_rows(cluster, data, name="people"):
    answer = cluster.api.upload(data, name=name)
    assert answer.status == 201, answer.body
    return answer.json()["id"]


def view_of(cluster, campaign):
    return cluster.api.get(f"/v1/campaigns/{campaign}")


def recipient(cluster, campaign, key):
    return cluster.api.get(f"/v1/campaigns/{campaign}/recipients/{key}")


def stands(cluster, campaign, **counts):
    wait_for(f"{campaign} {counts}", lambda: some(view_of(cluster, campaign)["counts"]) == counts)


def test_nobody_is_woken_up_and_everybody_else_is_sent_to(gateway, make_cluster):
    cluster = make_cluster([http_provider(gateway)])
    audience = upload_rows(cluster, people(3000))
    campaign = cluster.campaign(audience, "sms", MESSAGE, quiet_hours=night())["id"]
    stands(cluster, campaign, accepted=1500, waiting=1500)
    assert {int(key[1:]) % 2 for key in gateway.keys()} == {1}
    sleeper, nameless = recipient(cluster, campaign, "r2"), recipient(cluster, campaign, "r10")
    for held in (sleeper, nameless):  # without a zone of his own the campaign's holds
        assert held["state"] == "waiting" and held["held_reason"] == "quiet_hours"
        assert held["held_until"][11:16] == view_of(cluster, campaign)["quiet_hours"]["to"]
    assert "held_until" not in recipient(cluster, campaign, "r1")
    assert view_of(cluster, campaign)["quiet_hours"]["channels"] == ["sms", "voice", "push"]
    # A restart holds the same people.
    cluster.coordinator.kill()
    cluster.start_coordinator()
    cluster.wait_workers(1)
    time.sleep(2)
    assert some(view_of(cluster, campaign)["counts"]) == {"accepted": 1500, "waiting": 1500}
    assert recipient(cluster, campaign, "r2")["held_until"] == sleeper["held_until"]
    assert gateway.count() == 1500


def test_whoever_was_asleep_is_sent_to_when_his_quiet_hours_end(gateway, make_cluster):
    cluster = make_cluster([http_provider(gateway)])
    audience = upload_rows(cluster, people(40))
    now = time.time()
    ends = (int(now) // 60 + (1 if now % 60 < 50 else 2)) * 60
    hours = {"from": clock(now - 7200), "to": clock(ends), "zone": ASLEEP, "channels": ["sms"]}
    campaign = cluster.campaign(audience, "sms", MESSAGE, quiet_hours=hours)["id"]
    view = cluster.wait_campaign(campaign, 90)
    assert some(view["counts"]) == {"accepted": 40}
    times = {request.recipient: request.at_s for request in gateway.requests()}
    assert all((at_s >= ends) == (int(key[1:]) % 2 == 0) for key, at_s in times.items())
    assert max(times.values()) < ends + 3


def test_other_channels_are_not_quiet_and_none_turns_the_default_off(gateway, make_cluster):
    cluster = make_cluster([http_provider(gateway)], {"quiet_hours": {**night(), "channels": ["sms"]},
                                                      "frequency_cap": {"messages": 1, "per": "1h"}})
    audience = upload_rows(cluster, people(20, ASLEEP))
    default = cluster.campaign(audience, "sms", MESSAGE, launch=False)
    assert default["quiet_hours"]["channels"] == ["sms"] and default["frequency_cap"] == {"messages": 1, "per": "1h"}
    voice = {**night(), "channels": ["voice"]}
    for hours in ("none", voice):
        campaign = cluster.campaign(audience, "sms", MESSAGE, quiet_hours=hours, frequency_cap="none")
        assert campaign["frequency_cap"] is None
        view = cluster.wait_campaign(campaign["id"], 20)
        assert some(view["counts"]) == {"accepted": 20}


def test_a_critical_campaign_overrides_both_and_says_so(gateway, make_cluster):
    cluster = make_cluster([http_provider(gateway)])
    audience = upload_rows(cluster, people(20, ASLEEP))
    cap = {"messages": 1, "per": "1d"}
    for _ in range(2):
        view = cluster.campaign(audience, "sms", MESSAGE, priority="critical", quiet_hours=night(), frequency_cap=cap)
        view = cluster.wait_campaign(view["id"], 20)
        assert some(view["counts"]) == {"accepted": 20}
        assert view["overrides"] == ["quiet_hours", "frequency_cap"]
    overridden = [event["detail"] for event in timeline_of(cluster, view["id"], "r3") if event["event"] == "overridden"]
    assert overridden == ["quiet hours", "had as many messages as the frequency cap allows"]
    # It counts for others.
    view = cluster.wait_campaign(cluster.campaign(audience, "sms", MESSAGE, frequency_cap=cap)["id"], 20)
    assert some(view["counts"]) == {"suppressed": 20} and view["overrides"] == []
    assert gateway.count() == 40


def test_nobody_gets_more_messages_than_the_cap_allows(gateway, make_cluster):
    """Three audiences that overlap, in other orders; what was refused was not sent."""
    gateway.answer("if ($http_x_recipient ~ 7$) { return 400; } return 202;")
    cluster = make_cluster([http_provider(gateway)])
    first = upload_rows(cluster, people(4000))
    second = upload_rows(cluster, people(4000, AWAKE, first=2000))
    third = upload_rows(cluster, b"\n".join([b"id,phone,first_name"] + [
        b"r%d,+4790%08d,N" % (i, i) for i in reversed(range(7000))]) + b"\n")
    cap = {"messages": 2, "per": "7d"}
    for audience in (first, second):
        view = cluster.wait_campaign(cluster.campaign(audience, "sms", MESSAGE, frequency_cap=cap)["id"], 30)
        assert some(view["counts"]) == {"accepted": 3600, "failed": 400}
    before = gateway.count()
    campaign = cluster.campaign(third, "sms", MESSAGE, frequency_cap=cap)["id"]
    view = cluster.wait_campaign(campaign, 30)
    # r2000 to r3999 had two, but for those who were refused.
    assert some(view["counts"]) == {"suppressed": 1800, "accepted": 4500, "failed": 700}
    assert gateway.count() - before == 5200
    capped = recipient(cluster, campaign, "r2000")
    assert capped["state"] == "suppressed" and capped["timeline"][-2]["event"] == "suppressed"
    assert "frequency cap" in capped["timeline"][-2]["detail"]
    assert recipient(cluster, campaign, "r2007")["state"] == "failed"
    assert [event["event"] for event in timeline_of(cluster, campaign, "r1999")] == [
        "launched", "screened", "leased", "accepted", "finished"]
    # The same once more, over campaigns that ended before a restart.
    cluster.coordinator.kill()
    cluster.start_coordinator()
    cluster.wait_workers(1)
    view = cluster.wait_campaign(cluster.campaign(third, "sms", MESSAGE, frequency_cap=cap)["id"], 30)
    # Whoever was sent to twice or more by now: r0-r1999 and r4000-r5999 had two as well.
    assert view["counts"]["suppressed"] == 5400


def test_a_campaign_that_is_still_sent_counts_too(gateway, make_cluster):
    cluster = make_cluster([http_provider(gateway)])
    audience = upload_rows(cluster, people(2000))
    cap = {"messages": 1, "per": "1d"}
    sleepy = cluster.campaign(audience, "sms", MESSAGE, quiet_hours=night())["id"]
    stands(cluster, sleepy, accepted=1000, waiting=1000)
    view = cluster.wait_campaign(cluster.campaign(audience, "sms", MESSAGE, frequency_cap=cap)["id"], 20)
    assert some(view["counts"]) == {"accepted": 1000, "suppressed": 1000}
    assert len(gateway.keys()) == gateway.count() == 2000


def test_campaigns_that_run_together_share_what_the_cap_allows(gateway, make_cluster):
    """Nobody knows before who is first; whoever it is, nobody gets one message more."""
    cluster = make_cluster([http_provider(gateway, rate=1000)], workers=2)
    audience = upload_rows(cluster, people(3000))
    for messages, campaigns in ((1, 2), (3, 3)):
        # The second time everybody has had one: two of three are left.
        cap = {"messages": messages, "per": "1d"}
        ids = [cluster.campaign(audience, "sms", MESSAGE, frequency_cap=cap)["id"] for _ in range(campaigns)]
        counts = [some(cluster.wait_campaign(campaign, 60)["counts"]) for campaign in ids]
        assert all(count["accepted"] > 0 for count in counts), counts
        assert sum(count["accepted"] for count in counts) == 3000 * (campaigns - 1), counts
        assert sum(count["suppressed"] for count in counts) == 3000, counts
    assert gateway.count() == 3 * 3000


def test_what_cannot_be_is_refused_and_says_what_would_be_right(gateway, make_cluster):
    cluster = make_cluster([http_provider(gateway)])
    rows = b"id,phone,first_name,timezone\nr1,+4790000001,A,Europe/Oslo\nr2,+4790000002,B,Europe/Olso\n"
    answer = cluster.api.upload(rows)
    assert answer.status == 422 or answer.status == 400
    problem = answer.json()
    assert "Europe/Olso" in problem["detail"] and "is not a time zone" in problem["detail"]
    answer = cluster.api.upload(rows, query="on_error=skip")
    assert answer.status == 201 and answer.json()["refused"] == 1
    audience = answer.json()["id"]

    def refusal(**members):
        document = {"name": "x", "audience": audience, "channel": "sms", "content": MESSAGE, **members}
        answer = cluster.api.call("POST", "/v1/campaigns", document)
        assert answer.status in (400, 422), (answer.status, answer.body)
        return answer.json()["detail"]

    hours = {"from": "22:00", "to": "07:00"}
    assert "Europe/Olso" in refusal(quiet_hours={**hours, "zone": "Europe/Olso"})
    assert "same time" in refusal(quiet_hours={"from": "07:00", "to": "07:00"})
    assert "22:00" in refusal(quiet_hours={**hours, "from": "10pm"})
    assert "22:00" in refusal(quiet_hours={**hours, "to": "25:00"})
    assert '"to" is required' in refusal(quiet_hours={"from": "22:00"})
    assert "sms" in refusal(quiet_hours={**hours, "channels": ["smss"]})
    assert "list of channels" in refusal(quiet_hours={**hours, "channels": []})
    assert "none" in refusal(quiet_hours="22-7")
    assert "1 to 100" in refusal(frequency_cap={"messages": 0, "per": "7d"})
    assert "1 to 100" in refusal(frequency_cap={"messages": 1000000, "per": "7d"})
    assert "366d" in refusal(frequency_cap={"messages": 3, "per": "1000d"})
    assert "duration" in refusal(frequency_cap={"messages": 3, "per": "weekly"})
    assert '"per" is required' in refusal(frequency_cap={"messages": 3})
