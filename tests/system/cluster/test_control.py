# SPDX-License-Identifier: Apache-2.0
"""Pause, resume, cancel and priorities take effect at full speed, and the counts add up at every look."""

import signal
import threading
import time

from support import FINAL, SLOW, http_provider, some, timeline_of, tocsin, total, upload, wait_for

MESSAGE = {"sms": {"text": "Dear {{first_name}}"}}
RATE = 1500
CONNECTIONS = 16
TAKES_EFFECT_S = 1.0


class Watch(threading.Thread):
    """Looks at a campaign all the time; `wrong` are the looks that did not add up."""

    def __init__(self, cluster, path, recipients):
        super().__init__(daemon=True)
        self.cluster, self.path, self.recipients = cluster, path, recipients
        self.looks, self.wrong, self.is_over = 0, [], threading.Event()
        self.start()

    def run(self):
        while not self.is_over.is_set():
            view = self.cluster.api.get(self.path)
            self.looks += 1
            if total(view) != self.recipients:
                self.wrong.append(view)
            time.sleep(0.01)

    def end(self):
        self.is_over.set()
        self.join(10)
        assert self.looks > 10 and self.wrong == []


def assert_quiet(gateway, since):
    """Nothing comes in from a second after `since` (time.time()) on."""
    time.sleep(max(0.0, since + TAKES_EFFECT_S + 0.7 - time.time()))
    late = [request for request in gateway.requests() if request.at_s > since + TAKES_EFFECT_S]
    assert late == [], (len(late), late[:3])


def test_pause_resume_and_cancel_take_effect_within_a_second(gateway, make_cluster):
    cluster = make_cluster([http_provider(gateway, rate=RATE)], workers=2)
    audience = upload(cluster, 20000)
    campaign = cluster.campaign(audience, "sms", MESSAGE)["id"]
    path = f"/v1/campaigns/{campaign}"
    watch = Watch(cluster, path, 20000)
    for round_number in range(2):
        before = gateway.count()
        wait_for("speed", lambda: gateway.count() > before + RATE)
        view = cluster.api.post(f"{path}/pause")
        paused_at = time.time()
        assert view["state"] == "paused"
        assert_quiet(gateway, paused_at)
        view = cluster.api.get(path)
        assert view["counts"]["leased"] == 0 and view["counts"]["accepted"] == gateway.count()
        assert cluster.api.call("POST", f"{path}/pause").status == 409
        before = gateway.count()
        assert cluster.api.post(f"{path}/resume")["state"] == "running"
        wait_for("the first after resuming", lambda: gateway.count() > before, TAKES_EFFECT_S)
    before = gateway.count()
    wait_for("speed", lambda: gateway.count() > before + RATE)
    cluster.api.post(f"{path}/cancel")
    cancelled_at = time.time()
    assert_quiet(gateway, cancelled_at)
    view = cluster.wait_campaign(campaign, 10)
    watch.end()
    counts = some(view["counts"])
    assert view["state"] == "cancelled" and set(counts) == {"accepted", "cancelled"}
    assert counts["accepted"] == gateway.count() == len(gateway.keys())
    problem = cluster.api.call("POST", f"{path}/resume").json()
    assert problem["status"] == 409 and "cancelled" in problem["detail"]


def test_whoever_was_under_way_when_cancelled_is_settled(gateway, make_cluster):
    """The gateway is slow: the leased ones end as what happened to them, the others as cancelled."""
    gateway.answer(SLOW)
    cluster = make_cluster([http_provider(gateway, connections=64)], workers=2)
    audience = upload(cluster, 3000)
    campaign = cluster.campaign(audience, "sms", MESSAGE)["id"]
    path = f"/v1/campaigns/{campaign}"
    wait_for("some", lambda: cluster.api.get(path)["counts"]["accepted"] > 200)
    cluster.api.post(f"{path}/cancel")
    view = cluster.wait_campaign(campaign, 10, states=("cancelled",))
    wait_for("the leased ones", lambda: cluster.api.get(path)["counts"]["leased"] == 0, 10)
    view = cluster.api.get(path)
    assert sum(view["counts"][state] for state in FINAL) == 3000
    assert view["counts"]["accepted"] == gateway.count()
    assert "uncertain" not in some(view["counts"])


def test_a_cancelled_campaign_of_a_killed_worker_hides_no_doubt(gateway, make_cluster):
    gateway.answer(SLOW)
    cluster = make_cluster([http_provider(gateway, connections=64)], workers=1)
    audience = upload(cluster, 3000)
    campaign = cluster.campaign(audience, "sms", MESSAGE)["id"]
    path = f"/v1/campaigns/{campaign}"
    wait_for("some", lambda: cluster.api.get(path)["counts"]["accepted"] > 200)
    cluster.workers["w0"].kill()
    cluster.api.post(f"{path}/cancel")
    wait_for("the leased ones", lambda: cluster.api.get(path)["counts"]["leased"] == 0, 15)
    view = cluster.api.get(path)
    assert view["state"] == "cancelled" and view["counts"]["uncertain"] > 0
    assert sum(view["counts"][state] for state in FINAL) == 3000


def test_two_campaigns_and_a_restart_between_pause_and_resume(gateway, make_cluster):
    cluster = make_cluster([http_provider(gateway, rate=RATE)])
    audience = upload(cluster, 2000)
    first, second = (cluster.campaign(audience, "sms", MESSAGE)["id"] for _ in range(2))
    wait_for("some", lambda: gateway.count() > 300)
    cluster.api.post(f"/v1/campaigns/{first}/pause")
    cluster.coordinator.kill()
    cluster.start_coordinator()
    view = cluster.wait_campaign(second)
    assert some(view["counts"]) == {"accepted": 2000}
    view = cluster.api.get(f"/v1/campaigns/{first}")
    assert view["state"] == "paused" and view["counts"]["waiting"] > 0
    cluster.api.post(f"/v1/campaigns/{first}/resume")
    assert some(cluster.wait_campaign(first)["counts"]) == {"accepted": 2000}
    assert gateway.count() == 4000


def test_a_critical_campaign_overtakes_a_running_bulk_one(gateway, make_cluster):
    cluster = make_cluster([http_provider(gateway, rate=1000)], workers=2)
    bulk_audience = upload(cluster, 8000, name="bulk")
    critical = cluster.api.upload(("id,phone\n" + "".join(f"k{i},+4791{i:08d}\n" for i in range(500))).encode())
    bulk = cluster.campaign(bulk_audience, "sms", MESSAGE, priority="bulk")["id"]
    wait_for("bulk at speed", lambda: gateway.count() > 800)
    launched_at = time.time()
    urgent = cluster.campaign(critical.json()["id"], "sms", {"sms": {"text": "Boil your water"}}, priority="critical")["id"]
    view = cluster.wait_campaign(urgent, every=0.02)
    took_s = time.time() - launched_at
    behind = cluster.api.get(f"/v1/campaigns/{bulk}")
    assert some(view["counts"]) == {"accepted": 500} and behind["counts"]["waiting"] > 3000
    assert took_s < 3.0  # half a second of the limit, and what was already under way
    assert timeline_of(cluster, urgent, "k7")[-1]["event"] == "finished"
    # From its first request to its last, hardly anybody of the bulk campaign gets a turn.
    order = [request.recipient[0] for request in gateway.requests() if request.at_s >= launched_at]
    turns = order[order.index("k"):len(order) - order[::-1].index("k")]
    assert turns.count("k") == 500 and turns.count("r") < 500, turns.count("r")
    cluster.api.post(f"/v1/campaigns/{bulk}/cancel")


def test_equals_share_by_their_weight(gateway, make_cluster):
    cluster = make_cluster([http_provider(gateway, rate=1000)])
    audience = upload(cluster, 6000)
    light, heavy = (cluster.campaign(audience, "sms", MESSAGE, weight=weight, launch=False)["id"] for weight in (1, 3))
    for campaign in (light, heavy):
        cluster.api.post(f"/v1/campaigns/{campaign}/launch")
    wait_for("some", lambda: gateway.count() > 4000)
    got = {campaign: cluster.api.get(f"/v1/campaigns/{campaign}")["counts"]["accepted"] for campaign in (light, heavy)}
    assert 2.0 < got[heavy] / got[light] < 4.0, got


def rfc3339(seconds):
    whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
    return f"{whole}.{int(seconds % 1 * 1000):03d}Z"


def test_a_campaign_begins_at_its_time_and_over_a_restart(gateway, make_cluster):
    cluster = make_cluster([http_provider(gateway, rate=RATE)], workers=1)
    audience = upload(cluster, 100)
    begins = time.time() + 4
    campaign = cluster.campaign(audience, "sms", MESSAGE, start_at=rfc3339(begins))
    assert campaign["state"] == "scheduled" and campaign["starts_at"] == campaign["start_at"]
    other = cluster.campaign(audience, "sms", MESSAGE, launch=False)["id"]
    answer = cluster.api.call("POST", f"/v1/campaigns/{other}/launch", {"at": "soon"})
    assert answer.status == 422 and answer.json()["pointer"] == "/at"
    view = cluster.api.post(f"/v1/campaigns/{other}/launch", {"at": rfc3339(begins + 3600)})
    assert view["state"] == "scheduled"
    assert cluster.api.call("POST", f"/v1/campaigns/{other}/pause").status == 409
    assert cluster.api.post(f"/v1/campaigns/{other}/cancel")["counts"]["cancelled"] == 100
    cluster.coordinator.kill()
    cluster.start_coordinator()
    view = cluster.wait_campaign(campaign["id"], 20)
    assert view["counts"]["accepted"] == 100 and gateway.count() == 100
    assert min(request.at_s for request in gateway.requests()) >= begins - 0.05


def test_nobody_gets_old_news_from_a_worker_that_was_frozen(gateway, make_cluster):
    cluster = make_cluster([http_provider(gateway, rate=RATE)], workers=2)
    audience = upload(cluster, 20000)
    campaign = cluster.campaign(audience, "sms", MESSAGE, not_after="4s")
    path = f"/v1/campaigns/{campaign['id']}"
    expires_at = cluster.api.get(path)["expires_at"]
    wait_for("speed", lambda: gateway.count() > RATE)
    frozen = next(iter(cluster.workers.values()))
    frozen.child.send_signal(signal.SIGSTOP)
    time.sleep(6)
    frozen.child.send_signal(signal.SIGCONT)
    woken_at = time.time()
    view = cluster.wait_campaign(campaign["id"], 40)
    time.sleep(1)
    assert view["state"] == "finished" and total(view) == 20000
    assert set(some(view["counts"])) <= {"accepted", "expired", "uncertain"} and view["counts"]["expired"] > 0
    assert [r for r in gateway.requests() if r.at_s > woken_at + 0.5] == []
    late = [r for r in gateway.requests() if rfc3339(r.at_s - 0.5) > expires_at]
    assert len(late) <= CONNECTIONS  # were half written when it froze


def test_an_update_supersedes_the_first_notice(gateway, make_cluster):
    cluster = make_cluster([http_provider(gateway, rate=RATE)], workers=1)
    audience = upload(cluster, 20000)
    first = cluster.campaign(audience, "sms", MESSAGE)["id"]
    assert cluster.api.call("POST", "/v1/campaigns", {"name": "x", "audience": audience, "channel": "sms",
                                                      "content": MESSAGE, "supersedes": "c99"}).status == 422
    wait_for("speed", lambda: gateway.count() > 500)
    second = cluster.campaign(audience, "sms", MESSAGE, supersedes=first)
    assert second["supersedes"] == first
    view = cluster.wait_campaign(first, 10)
    assert view["state"] == "cancelled" and view["superseded_by"] == second["id"] and view["counts"]["cancelled"] > 0


def test_a_campaign_stops_itself_when_too_many_fail(gateway, make_cluster):
    gateway.answer("return 400;")
    cluster = make_cluster([http_provider(gateway, rate=RATE)], workers=1)
    audience = upload(cluster, 20000)
    campaign = cluster.campaign(audience, "sms", MESSAGE, stop_rules={"failed": {"percent": 5, "of_at_least": 200}})
    view = cluster.wait_campaign(campaign["id"], 10, states=("paused",))
    assert view["stopped"]["by"] == "failed" and view["stopped"]["of"] >= 200
    assert view["counts"]["failed"] < 20000
    gateway.answer("return 202;")
    assert "stopped" not in cluster.api.post(f"/v1/campaigns/{campaign['id']}/resume")
    view = cluster.wait_campaign(campaign["id"], 60)
    assert view["state"] == "finished" and view["counts"]["accepted"] + view["counts"]["failed"] == 20000


def test_a_campaign_stops_itself_when_too_many_complain(gateway, make_cluster):
    cluster = make_cluster([http_provider(gateway, rate=RATE, receipts=True)], workers=1)
    audience = upload(cluster, 20000)
    campaign = cluster.campaign(audience, "sms", MESSAGE, stop_rules={"complained": {"count": 3}})["id"]
    wait_for("messages", lambda: cluster.api.get(f"/v1/campaigns/{campaign}")["counts"]["accepted"] > 100)
    people = cluster.api.get(f"/v1/campaigns/{campaign}/recipients?state=accepted")["items"][:4]
    receipts = [{"provider": "gateway", "campaign": campaign, "recipient": r["key"], "status": "complained"} for r in people]
    cluster.api.post("/v1/receipts", receipts[:3])
    assert cluster.api.get(f"/v1/campaigns/{campaign}")["state"] == "running"
    cluster.api.post("/v1/receipts", receipts)
    view = cluster.wait_campaign(campaign, 10, states=("paused",))
    assert view["stopped"]["by"] == "complained" and view["stopped"]["count"] == 4


def test_a_running_campaign_is_changed_and_a_kill_forgets_nothing(gateway, make_cluster):
    cluster = make_cluster([http_provider(gateway, rate=400)], workers=1)
    audience = upload(cluster, 20000)
    campaign = cluster.campaign(audience, "sms", MESSAGE)["id"]
    path = f"/v1/campaigns/{campaign}"
    change = {"priority": "high", "weight": 7, "not_after": "1h", "stop_rules": {"failed": {"percent": 9}}}
    answer = cluster.api.call("PATCH", path, change)
    assert answer.status == 200 and answer.json()["state"] == "running"
    assert {key: answer.json()[key] for key in change} == change and answer.json()["expires_at"] is not None
    assert cluster.api.call("PATCH", path, {"weight": 8, "not_after": "2001-01-01T00:00:00Z"}).status == 409
    cluster.coordinator.kill()
    cluster.start_coordinator()
    view = cluster.api.get(path)
    assert {key: view[key] for key in change} == change and view["expires_at"] == answer.json()["expires_at"]
    status, out, err = tocsin(cluster, "campaign", "set", campaign, "--not-after", rfc3339(time.time() - 1))
    assert status == 1 and "has passed" in err, (status, out, err)
    ends = rfc3339(time.time() + 2)
    status, out, err = tocsin(cluster, "campaign", "set", campaign, "--not-after", ends, "--weight", 3, "--stop-if-failed", "none")
    assert status == 0, err
    view = cluster.wait_campaign(campaign, 20)
    assert view["weight"] == 3 and view["not_after"] == view["expires_at"] and "stop_rules" not in view
    assert view["counts"]["expired"] > 10000 and total(view) == 20000
    cluster.coordinator.kill()
    cluster.start_coordinator()
    assert cluster.api.get(path)["weight"] == 3
