# SPDX-License-Identifier: Apache-2.0
"""A provider's limit holds, and a provider's trouble costs nobody his message."""

import email.utils
import http.server
import math
import os
import threading
import time

import pytest

from support import (Gateway, SlowGateway, change_provider, http_provider, provider_of, some, timeline_of, tocsin, total, upload,
                     wait_for)

MESSAGE = {"sms": {"text": "Dear {{first_name}}"}}
PATIENT = {"attempts": 10, "backoff": "200ms", "backoff_max": "1s", "within": "5m"}


def test_a_rate_holds_for_all_workers_together(gateway, make_cluster):
    rate, burst = 500, 50
    cluster = make_cluster([http_provider(gateway, rate=rate, burst=burst)], workers=2)
    audience = upload(cluster, 4000)
    began = time.monotonic()
    campaign = cluster.campaign(audience, "sms", MESSAGE)["id"]
    view = cluster.wait_campaign(campaign)
    seconds = time.monotonic() - began
    assert some(view["counts"]) == {"accepted": 4000} and gateway.count() == 4000
    # The gateway's clock sees each request a little late, some later than others: 2 % of jitter.
    assert gateway.busiest_second() <= (rate + burst) * 1.02, gateway.busiest_second()
    assert 4000 / rate - 1 < seconds < 4000 / rate * 1.4


def test_429_slows_down_and_fails_nobody(gateway, make_cluster):
    """The gateway takes 400 a second, and refuses the others with 429 and Retry-After."""
    gateway.answer('limit_req zone=all burst=40 nodelay; limit_req_status 429; error_page 429 /later; '
                   'proxy_pass http://127.0.0.1:$server_port/up; } '
                   'location = /later { internal; add_header Retry-After 1 always; return 429; ')
    cluster = make_cluster([http_provider(gateway)], workers=2)
    audience = upload(cluster, 5000)
    campaign = cluster.campaign(audience, "sms", MESSAGE, {"attempts": 2, "backoff": "200ms"})["id"]
    view = cluster.wait_campaign(campaign)
    assert some(view["counts"]) == {"accepted": 5000}
    requests = gateway.requests()
    statuses = [request.status for request in requests]
    assert statuses.count(204) == 5000 and statuses.count(429) > 0
    # It is not hammered, and what it does take is used: 5,000 at 400 a second are 12.5 s.
    assert statuses.count(429) < 500, statuses.count(429)
    assert requests[-1].at_s - requests[0].at_s < 50
    assert provider_of(cluster)["outcomes"]["throttled"] > 0


def test_401_opens_the_breaker_and_a_repaired_gateway_closes_it(gateway, make_cluster):
    gateway.answer("return 401;")
    cluster = make_cluster([http_provider(gateway, rate=2000, breaker="1s")], workers=2)
    audience = upload(cluster, 3000)
    campaign = cluster.campaign(audience, "sms", MESSAGE, {"attempts": 2, "backoff": "100ms"})["id"]
    wait_for("the breaker", lambda: provider_of(cluster)["breaker"] == "open", 10)
    provider = provider_of(cluster)
    assert provider["breaker_reason"].startswith("401")
    time.sleep(3)
    view = cluster.api.get(f"/v1/campaigns/{campaign}")
    assert view["counts"]["failed"] == 0 and total(view) == 3000 and view["state"] == "running"
    refused = gateway.count()
    assert refused < 1000, refused  # a batch, and then probes
    gateway.answer("return 202;")
    view = cluster.wait_campaign(campaign, 30)
    assert some(view["counts"]) == {"accepted": 3000}
    assert wait_for("closed", lambda: provider_of(cluster)["breaker"] == "closed", 5)
    assert sum(request.status == 202 for request in gateway.requests()) == 3000


def test_a_gateway_that_is_down_fails_nobody(gateway, make_cluster):
    cluster = make_cluster([http_provider(gateway, rate=1500, breaker="1s")], workers=2)
    audience = upload(cluster, 4000)
    campaign = cluster.campaign(audience, "sms", MESSAGE, PATIENT)["id"]
    path = f"/v1/campaigns/{campaign}"
    wait_for("some", lambda: cluster.api.get(path)["counts"]["accepted"] > 1000)
    gateway.stop()
    time.sleep(4)
    view = cluster.api.get(path)
    assert view["counts"]["failed"] == 0 and view["state"] == "running" and total(view) == 4000
    gateway.start()
    view = cluster.wait_campaign(campaign, 40)
    counts = some(view["counts"])
    assert counts == {"accepted": 4000}
    assert set(gateway.keys()) == {f"r{i}" for i in range(4000)}


def test_500_is_tried_as_often_as_the_plan_says(gateway, make_cluster):
    gateway.answer("if ($http_x_recipient ~ ^r1) { return 503; } return 202;")
    cluster = make_cluster([http_provider(gateway)])
    audience = upload(cluster, 300)
    plan = {"attempts": 3, "backoff": "300ms", "backoff_max": "600ms"}
    campaign = cluster.campaign(audience, "sms", MESSAGE, plan)["id"]
    view = cluster.wait_campaign(campaign, 60)
    failing = sum(f"r{i}".startswith("r1") for i in range(300))
    assert some(view["counts"]) == {"accepted": 300 - failing, "failed": failing}
    times, keys = [], gateway.keys()
    for request in gateway.requests():
        if request.recipient == "r1":
            times.append(request.at_s)
    assert len(times) == 3 and times[1] - times[0] > 0.1 and times[2] - times[1] > 0.1, times
    assert len(set(keys["r1"])) == 3  # each attempt that got an answer is a new one, with a key of its own
    assert {len(keys[f"r{i}"]) for i in range(300) if f"r{i}".startswith("r1")} == {3}
    timeline = timeline_of(cluster, campaign, "r1")
    assert [event["event"] for event in timeline] == ["launched", "leased", "deferred", "leased", "deferred", "leased",
                                                      "failed", "finished"]
    assert cluster.api.get(f"/v1/campaigns/{campaign}/recipients/r1")["attempts"] == 3


def test_one_providers_trouble_is_not_anothers(place, gateway, make_cluster):
    other = Gateway(place + "/other", "return 401;")
    try:
        cluster = make_cluster([http_provider(gateway, name="good"), http_provider(other, name="bad")], workers=1)
        audience = upload(cluster, 2000)
        stuck = cluster.campaign(audience, "sms", MESSAGE, {"provider": "bad"})["id"]
        fine = cluster.campaign(audience, "sms", MESSAGE, {"provider": "good"})["id"]
        assert some(cluster.wait_campaign(fine, 20)["counts"]) == {"accepted": 2000}
        view = cluster.api.get(f"/v1/campaigns/{stuck}")
        assert view["state"] == "running" and view["counts"]["failed"] == 0
    finally:
        other.stop()


def test_a_worker_without_the_secret_is_named_and_stops_nobody(gateway, make_cluster):
    """It has credit by its other provider; the one that it cannot open goes out by the worker that can."""
    secret = {"headers": {"Authorization": "Bearer {{secret.token}}"}, "secrets": {"token": "env:LIMITS_TOKEN"}}
    locked = http_provider(gateway, name="locked", adapter_settings=secret)
    cluster = make_cluster([locked, http_provider(gateway, name="free", rate=1)], workers=0)
    cluster.start_worker("without")
    cluster.wait_workers(1)
    audience = upload(cluster, 2000)
    plan = {**PATIENT, "provider": "locked"}
    campaign = cluster.campaign(audience, "sms", MESSAGE, plan)["id"]
    wait_for("the reason", lambda: provider_of(cluster)["unopened"], 10)
    assert provider_of(cluster)["unopened"] == {
        "without": 'provider "locked": secret.token: the environment has no variable LIMITS_TOKEN (from env:LIMITS_TOKEN)'}
    assert provider_of(cluster, 1)["unopened"] == {}
    assert 'tocsin_provider_unopened_workers{provider="locked"} 1' in cluster.api.call("GET", "/metrics").body.decode()
    time.sleep(1)
    view = cluster.api.get(f"/v1/campaigns/{campaign}")
    assert some(view["counts"]) == {"waiting": 2000}
    cluster.start_worker("with", env={**os.environ, "LIMITS_TOKEN": "t"})
    view = cluster.wait_campaign(campaign)
    assert some(view["counts"]) == {"accepted": 2000} and gateway.count() == 2000
    provider = provider_of(cluster)
    assert provider["breaker"] == "closed" and provider["outcomes"]["misconfigured"] == 0


def test_a_campaign_has_a_rate_of_its_own_and_it_changes_in_mid_run(gateway, make_cluster):
    cluster = make_cluster([http_provider(gateway, rate=2000)], workers=2)
    audience = upload(cluster, 3000)
    slow = cluster.api.post("/v1/campaigns", {"name": "Slow", "audience": audience, "channel": "sms",
                                              "content": MESSAGE, "rate": 100})["id"]
    cluster.api.post(f"/v1/campaigns/{slow}/launch")
    time.sleep(2)
    fast = cluster.campaign(audience, "sms", MESSAGE)["id"]  # through the same provider, at its own pace
    began = time.monotonic()
    cluster.wait_campaign(fast)
    assert time.monotonic() - began < 10
    seconds = 3
    before = cluster.api.get(f"/v1/campaigns/{slow}")["counts"]["accepted"]
    time.sleep(seconds)
    after = cluster.api.get(f"/v1/campaigns/{slow}")["counts"]["accepted"]
    assert 0.8 * 100 * seconds < after - before < 1.2 * 100 * seconds, (before, after)
    cluster.coordinator.kill()
    cluster.start_coordinator()
    assert cluster.api.get(f"/v1/campaigns/{slow}")["rate"] == 100
    status, out, err = tocsin(cluster, "campaign", "set", slow, "--rate", "500", "--json")
    assert status == 0 and '"rate":500.0' in out.replace(" ", ""), err
    cluster.coordinator.kill()
    cluster.start_coordinator()
    assert cluster.api.get(f"/v1/campaigns/{slow}")["rate"] == 500
    began = time.monotonic()
    view = cluster.wait_campaign(slow)
    assert some(view["counts"]) == {"accepted": 3000}
    status, _, err = tocsin(cluster, "campaign", "set", slow, "--rate", "5")
    assert status == 1 and "finished and cannot be changed" in err, err


def test_no_more_are_under_way_than_a_provider_takes_also_when_a_worker_is_lost(make_cluster):
    gateway = SlowGateway(0.05)
    thread = threading.Thread(target=gateway.serve_forever, daemon=True)
    thread.start()
    cluster = make_cluster([http_provider(gateway, concurrency=12)], workers=3)
    campaign = cluster.campaign(upload(cluster, 500), "sms", MESSAGE)["id"]
    path = f"/v1/campaigns/{campaign}"
    wait_for("some", lambda: cluster.api.get(path)["counts"]["accepted"] > 100)
    assert provider_of(cluster)["under_way"] <= 12
    cluster.workers.pop(next(iter(cluster.workers))).kill()
    wait_for("the rest but for what was lost", lambda: cluster.api.get(path)["counts"]["accepted"] > 480, 60)
    gateway.shutdown()
    gateway.server_close()
    assert 6 <= gateway.most <= 12, gateway.most
    status, out, err = tocsin(cluster, "provider", "show", "gateway")
    assert status == 0 and "at most" in out and "12" in out, (out, err)


def test_a_quota_holds_over_restarts_and_the_rest_goes_by_another(place, gateway, make_cluster):
    other = Gateway(place + "/other", "return 202;")
    try:
        cluster = make_cluster([http_provider(gateway, name="few", quota=700),
                                http_provider(other, name="many")], workers=2)
        audience = upload(cluster, 500)
        only = {"attempts": 2, "within": "5s", "provider": "few"}
        first = cluster.campaign(audience, "sms", MESSAGE, only)["id"]
        assert some(cluster.wait_campaign(first, 20)["counts"]) == {"accepted": 500}
        cluster.coordinator.kill()
        cluster.start_coordinator()
        cluster.wait_workers(2)
        assert provider_of(cluster)["quota"]["used"] == 500
        second = cluster.campaign(audience, "sms", MESSAGE, only, priority="critical")["id"]
        path = f"/v1/campaigns/{second}"
        wait_for("the rest of the day", lambda: cluster.api.get(path)["counts"]["accepted"] == 200, 20)
        shared = cluster.campaign(audience, "sms", MESSAGE)["id"]
        assert some(cluster.wait_campaign(shared, 20)["counts"]) == {"accepted": 500}
        time.sleep(1)
        assert some(cluster.api.get(path)["counts"]) == {"accepted": 200, "waiting": 300}
        assert gateway.count() == 700 and other.count() == 500
        provider = provider_of(cluster)
        why = [why for why in provider["why"] if why["reason"] == "quota"]
        assert provider["quota"]["used"] == 700 and len(why) == 1 and why[0]["until"][11:19] == "00:00:00"
        status, out, err = tocsin(cluster, "provider", "show", "few")
        assert status == 0 and "at most a day" in out and "700" in out, (out, err)
    finally:
        other.stop()


class ThrottlingAnswer(http.server.BaseHTTPRequestHandler):
    """Refuses everything until a time, which it says in the form that the server has been told."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        server = self.server
        self.rfile.read(int(self.headers["Content-Length"]))
        now = time.time()
        with server.lock:
            server.arrivals.append(now)
            server.until = server.until or now + server.seconds
        is_refused = now < server.until
        self.send_response(429 if is_refused else 202)
        if is_refused:
            self.send_header("Retry-After", server.form(server.until, now))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *arguments):
        pass


@pytest.mark.parametrize("form", [
    lambda until, now: str(math.ceil(until - now)),
    lambda until, now: email.utils.formatdate(math.ceil(until), usegmt=True),
], ids=["seconds", "date"])
def test_retry_after_is_obeyed_in_both_forms(form, make_cluster):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), ThrottlingAnswer)
    server.lock, server.arrivals, server.until, server.seconds, server.form = threading.Lock(), [], None, 6, form
    server.url = lambda path: f"http://127.0.0.1:{server.server_address[1]}{path}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    cluster = make_cluster([http_provider(server, rate=100)], workers=2)
    campaign = cluster.campaign(upload(cluster, 200), "sms", MESSAGE)["id"]
    why = wait_for("it throttles", lambda: {why["reason"]: why for why in provider_of(cluster)["why"]
                                            if why["reason"] in ("throttled", "paused")}, 20)
    assert "429" in why["throttled"]["detail"] and why["paused"]["until"]
    view = cluster.wait_campaign(campaign)
    server.shutdown()
    server.server_close()
    assert some(view["counts"]) == {"accepted": 200}
    # What was under way when the first refusal came may still arrive; then it is left alone. A date has whole seconds,
    # and whoever reads it may find up to one less to wait.
    early = [at for at in server.arrivals if server.arrivals[0] + 1 < at < server.until - 1]
    assert not early, [at - server.arrivals[0] for at in early]


def most_of(gateway, seconds):
    """How many were open at once at most, in the next seconds."""
    with gateway.lock:
        gateway.most = gateway.open
    time.sleep(seconds)
    return gateway.most


def test_concurrency_is_changed_in_mid_run(make_cluster):
    gateway = SlowGateway(0.2)
    threading.Thread(target=gateway.serve_forever, daemon=True).start()
    cluster = make_cluster([http_provider(gateway)], workers=2)
    campaign = cluster.campaign(upload(cluster, 1500), "sms", MESSAGE)["id"]
    path = f"/v1/campaigns/{campaign}"
    wait_for("some", lambda: cluster.api.get(path)["counts"]["accepted"] > 100, 20)
    assert most_of(gateway, 1) > 20  # two workers with 16 connections
    assert change_provider(cluster, concurrency=6)["concurrency"] == 6
    time.sleep(1)  # what has left goes on, and the rest comes back
    before = cluster.api.get(path)["counts"]["accepted"]
    assert 3 <= most_of(gateway, 3) <= 6, gateway.most
    view, provider = cluster.api.get(path), provider_of(cluster)
    assert view["counts"]["accepted"] > before and total(view) == 1500
    assert provider["under_way"] <= 6 and provider["limit"]["settings"]["concurrency"] is None
    assert "6 may be under way, set by the API" in str(provider["why"])
    status, out, err = tocsin(cluster, "provider", "set", "gateway", "--concurrency", "none")
    assert status == 0 and "under way at most" in out, (out, err)
    assert most_of(gateway, 2) > 20
    assert some(cluster.wait_campaign(campaign, 60)["counts"]) == {"accepted": 1500}
    gateway.shutdown()
    gateway.server_close()


def test_a_quota_is_changed_in_mid_run(gateway, make_cluster):
    cluster = make_cluster([http_provider(gateway, rate=400)], workers=2)
    campaign = cluster.campaign(upload(cluster, 1500), "sms", MESSAGE)["id"]
    path = f"/v1/campaigns/{campaign}"
    wait_for("some", lambda: cluster.api.get(path)["counts"]["accepted"] > 50, 20)
    assert 0 < change_provider(cluster, quota=600)["quota"]["used"] < 600
    wait_for("the day is over", lambda: provider_of(cluster)["quota"]["used"] == 600, 20)
    wait_for("all are back", lambda: cluster.api.get(path)["counts"]["leased"] == 0, 20)
    sent = gateway.count()
    assert 400 < sent <= 600  # what comes back unsent counts, too
    cluster.coordinator.kill()
    cluster.start_coordinator()
    cluster.wait_workers(2)
    provider = provider_of(cluster)
    assert provider["quota"]["per_day"] == provider["quota"]["used"] == 600
    time.sleep(2)
    assert gateway.count() == sent and cluster.api.get(path)["state"] == "running"
    change_provider(cluster, quota=800)
    wait_for("the rest of the day", lambda: provider_of(cluster)["quota"]["used"] == 800, 20)
    time.sleep(1)
    assert sent < gateway.count() <= sent + 200
    status, _, err = tocsin(cluster, "provider", "set", "gateway", "--quota", "800/Europe/Olso")
    assert status == 1 and "there is no time zone" in err, err
    status, out, err = tocsin(cluster, "provider", "set", "gateway", "--quota", "none")
    assert status == 0, (out, err)
    assert some(cluster.wait_campaign(campaign, 30)["counts"]) == {"accepted": 1500}
