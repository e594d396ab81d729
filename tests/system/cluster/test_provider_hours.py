# SPDX-License-Identifier: Apache-2.0
"""A provider sends nothing in its quiet hours, whenever they begin and whoever changes them."""

import threading
import time

from support import Gateway, SlowGateway, change_provider, http_provider, provider_of, some, tocsin, upload, wait_for

MESSAGE = {"sms": {"text": "Dear {{first_name}}"}}


def clock(at_s):
    return time.strftime("%H:%M", time.gmtime(at_s))


def a_provider_sends_nothing_until_they_end(place, gateway, make_cluster, ends):
    """What it cannot take goes by another, or waits until they end, over a restart, also if it is critical."""
    hours = {"from": clock(ends - 3600), "to": clock(ends)}
    other = Gateway(place + "/other", "return 202;")
    try:
        cluster = make_cluster([http_provider(gateway, name="by_day", quiet_hours=hours),
                                http_provider(other, name="always")], workers=2)
        audience = upload(cluster, 300)
        shared = cluster.campaign(audience, "sms", MESSAGE)["id"]
        plan = {"attempts": 2, "within": "5s", "provider": "by_day"}
        waiting = [cluster.campaign(audience, "sms", MESSAGE, plan, priority=priority)["id"]
                   for priority in ("normal", "critical")]
        assert some(cluster.wait_campaign(shared, 20)["counts"]) == {"accepted": 300}
        assert other.count() == 300 and gateway.count() == 0
        provider = provider_of(cluster)
        why = [why for why in provider["why"] if why["reason"] == "quiet_hours"]
        assert len(why) == 1 and why[0]["until"][11:16] == hours["to"] and why[0]["until"] == provider["quiet_hours"]["until"]
        assert provider_of(cluster, 1)["quiet_hours"] is None
        metrics = cluster.api.call("GET", "/metrics").body.decode()
        assert 'tocsin_provider_held_back{provider="by_day",reason="quiet_hours"} 1' in metrics
        assert 'tocsin_provider_held_back{provider="always",reason="quiet_hours"} 0' in metrics
        status, out, err = tocsin(cluster, "provider", "show", "by_day")
        assert status == 0 and "quiet_hours" in out and "quiet until" in out, (out, err)
        cluster.coordinator.kill()
        cluster.start_coordinator()
        cluster.wait_workers(2)
        yield
        for campaign in waiting:
            view = cluster.wait_campaign(campaign, ends - time.time() + 20)
            assert some(view["counts"]) == {"accepted": 300}
        times = [request.at_s for request in gateway.requests()]
        assert len(times) == 600 and min(times) >= ends and max(times) < ends + 10, (min(times), max(times), ends)
        assert not [why for why in provider_of(cluster)["why"] if why["reason"] == "quiet_hours"]
    finally:
        other.stop()


def what_lies_with_workers_as_they_begin_is_not_sent(make_cluster, begins):
    hours = {"from": clock(begins), "to": clock(begins + 7200)}
    slow = SlowGateway(0.5)
    threading.Thread(target=slow.serve_forever, daemon=True).start()
    cluster = make_cluster([http_provider(slow, connections=8, quiet_hours=hours)], workers=1)
    # Far more than it can send by then lies with the worker.
    campaign = cluster.campaign(upload(cluster, 5000), "sms", MESSAGE)["id"]
    path = f"/v1/campaigns/{campaign}"
    yield
    assert time.time() < begins and cluster.api.get(path)["counts"]["leased"] > 100
    view = wait_for("all are back", lambda: (lambda view: view if view["counts"]["leased"] == 0 else None)(
        cluster.api.get(path)), 20)
    assert slow.last < begins + 0.2, slow.last - begins
    counts = some(view["counts"])
    assert set(counts) == {"accepted", "waiting"} and counts["accepted"] > 0 and sum(counts.values()) == 5000, counts
    time.sleep(3)
    assert some(cluster.api.get(path)["counts"]) == counts
    slow.shutdown()
    slow.server_close()


def test_quiet_hours_end_and_begin(place, gateway, make_cluster):
    """At a whole minute, as they do: both at the same, so that it is waited for once."""
    now = time.time()
    turn = (int(now) // 60 + (1 if now % 60 < 20 else 2)) * 60
    end = a_provider_sends_nothing_until_they_end(place, gateway, make_cluster, turn)
    begin = what_lies_with_workers_as_they_begin_is_not_sent(make_cluster, turn)
    for part in (end, begin):
        next(part)
    time.sleep(max(0.0, turn - 1 - time.time()))
    for part in (begin, end):
        assert next(part, "done") == "done"


def test_quiet_hours_are_changed_in_mid_run(make_cluster):
    """Far more than it can send at once lies with the workers, and comes back."""
    gateway = SlowGateway(0.2)
    threading.Thread(target=gateway.serve_forever, daemon=True).start()
    cluster = make_cluster([http_provider(gateway)], workers=2)
    campaign = cluster.campaign(upload(cluster, 1500), "sms", MESSAGE)["id"]
    path = f"/v1/campaigns/{campaign}"
    wait_for("some", lambda: cluster.api.get(path)["counts"]["accepted"] > 100, 20)
    assert cluster.api.get(path)["counts"]["leased"] > 100
    now = time.time()
    hours = {"from": clock(now - 3600), "to": clock(now + 7200)}
    provider = change_provider(cluster, quiet_hours=hours)
    began = time.time()
    assert "quiet_hours" in [why["reason"] for why in provider["why"]], provider["why"]
    view = wait_for("all are back", lambda: (lambda view: view if view["counts"]["leased"] == 0 else None)(
        cluster.api.get(path)), 20)
    assert gateway.last < began + 1, gateway.last - began
    counts = some(view["counts"])
    assert set(counts) == {"accepted", "waiting"} and sum(counts.values()) == 1500, counts
    cluster.coordinator.kill()
    cluster.start_coordinator()
    cluster.wait_workers(2)
    time.sleep(2)
    assert some(cluster.api.get(path)["counts"]) == counts and gateway.last < began + 1
    status, out, err = tocsin(cluster, "provider", "set", "gateway", "--quiet-hours", "settings")
    assert status == 0, (out, err)
    assert provider_of(cluster)["limit"]["override"] is None
    assert some(cluster.wait_campaign(campaign, 60)["counts"]) == {"accepted": 1500}
    gateway.shutdown()
    gateway.server_close()
