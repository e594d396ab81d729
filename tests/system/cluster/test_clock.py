# SPDX-License-Identifier: Apache-2.0
"""The machine's clock is set an hour ahead or back: nobody is lost, nothing is early, nothing stands still."""

import glob
import os

import pytest

from support import Gateway, http_provider, some, upload, wait_for

PEOPLE = 300
HOUR_S = 3600
WITHIN_S = 4.0
CLOCK_S = 0.002  # how exact the gateways' own times are
LIBRARY = next(iter(glob.glob("/usr/lib/*/faketime/libfaketime.so.1")), None)

pytestmark = pytest.mark.skipif(LIBRARY is None, reason="faketime is not installed")


class Clock:
    """The wall clock of the processes that are started under it; their monotonic one goes on as it is."""

    def __init__(self, directory):
        self.file = os.path.join(directory, "clock")
        self.set(0)
        self.wrapper = ["env", f"LD_PRELOAD={LIBRARY}", f"FAKETIME_TIMESTAMP_FILE={self.file}", "FAKETIME_NO_CACHE=1",
                        "FAKETIME_DONT_FAKE_MONOTONIC=1", "FAKETIME_DONT_RESET=1",
                        f"ASAN_OPTIONS={os.environ.get('ASAN_OPTIONS', '')}:verify_asan_link_order=0"]

    def set(self, offset_s):
        with open(self.file + ".new", "w", encoding="ascii") as f:
            f.write(f"{offset_s:+d}\n")
        os.rename(self.file + ".new", self.file)


@pytest.fixture
def clock(place):
    return Clock(place)


@pytest.fixture
def second(place):
    gateway = Gateway(os.path.join(place, "second"))
    yield gateway
    gateway.stop()


@pytest.fixture
def cluster(gateway, second, make_cluster, clock):
    cluster = make_cluster([http_provider(gateway), http_provider(second, name="relay", channel="email")], workers=0)
    cluster.coordinator.stop()
    cluster.start_coordinator(wrapper=clock.wrapper)
    for name in ("w0", "w1"):
        cluster.start_worker(name, wrapper=clock.wrapper)
    cluster.wait_workers(2)
    return cluster


def ladder(cluster, within):
    plan = {"steps": [{"channel": "sms", "until": "acknowledged", "within": within}, {"channel": "email"}]}
    content = {"sms": {"text": "Hi"}, "email": {"subject": "S", "text": "Hi"}}
    campaign = cluster.campaign(upload(cluster, PEOPLE), None, content, plan=plan)["id"]
    wait_for("everybody's first message", lambda: cluster.api.get(f"/v1/campaigns/{campaign}")["open"] == PEOPLE)
    return campaign


def first_times(gateway):
    times = {request.recipient: request.at_s for request in gateway.requests()}
    assert len(times) == gateway.count() == PEOPLE  # each of them once
    return times


def assert_everybody_got_both(cluster, campaign, gateway, second):
    view = cluster.wait_campaign(campaign, 60)
    assert some(view["counts"]) == {"accepted": PEOPLE} and view["state"] == "finished"
    before, after = first_times(gateway), first_times(second)
    return sorted(after[recipient] - before[recipient] for recipient in before)


@pytest.mark.parametrize("restarts", [False, True])
def test_a_clock_that_is_set_back_an_hour_neither_hastens_nor_stops_a_ladder(gateway, second, cluster, clock, restarts):
    """Nor does a coordinator that comes back on a machine whose clock is behind what it has written."""
    campaign = ladder(cluster, f"{WITHIN_S:.0f}s")
    clock.set(-HOUR_S)
    if restarts:
        cluster.coordinator.kill()
        cluster.start_coordinator(wrapper=clock.wrapper)
    waits = assert_everybody_got_both(cluster, campaign, gateway, second)
    # While time goes a sixteenth slower or faster, so do the waits.
    assert WITHIN_S * 15 / 16 - CLOCK_S <= waits[0] and waits[-1] < WITHIN_S * 17 / 16 + 20, (waits[0], waits[-1])


def test_a_clock_that_is_set_an_hour_ahead_loses_nobody(gateway, second, cluster, clock):
    """What is due in that hour is done now; no worker counts as silent for it, and no lease as lost."""
    campaign = ladder(cluster, "30m")
    clock.set(HOUR_S)
    assert_everybody_got_both(cluster, campaign, gateway, second)
    assert all(worker["connected"] for worker in cluster.api.get("/v1/workers")["items"])
    assert "clock_set_ahead" in cluster.coordinator.tail(1000)
    # And back: later than its start by an hour, it still runs a campaign at once.
    clock.set(0)
    again = cluster.campaign(upload(cluster, PEOPLE), "sms", {"sms": {"text": "Hi"}})["id"]
    assert some(cluster.wait_campaign(again, 20)["counts"]) == {"accepted": PEOPLE}
