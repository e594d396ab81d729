# SPDX-License-Identifier: Apache-2.0
"""Listeners who take nothing do no harm, and are let go."""

import time

from support import upload, wait_for
from event_stream import EventStream

NULL = [{"name": "null", "channel": "sms", "adapter": "null"}]
MESSAGE = {"sms": {"text": "Dear {{first_name}}"}}


def number_of(event):
    return int(event.id[1:])


def metrics(cluster):
    return cluster.api.call("GET", "/metrics").body.decode()


def rss_of(cluster):
    return cluster.coordinator.rss_bytes()


def test_a_slow_reader_costs_nothing_and_is_let_go(make_cluster):
    cluster = make_cluster(NULL, workers=1)
    audience = upload(cluster, 10)
    campaign = cluster.campaign(audience, "sms", MESSAGE, launch=False)["id"]
    for number in range(400):  # facts enough to fill what the kernel keeps
        cluster.api.call("PATCH", f"/v1/campaigns/{campaign}", {"weight": 1 + number % 7})
    quick = EventStream(cluster.api)
    slow = [EventStream(cluster.api, last_id="e1", receive_buffer=8192, is_reading=False) for _ in range(20)]
    before = rss_of(cluster)
    began = time.monotonic()
    for number in range(300):
        cluster.api.call("PATCH", f"/v1/campaigns/{campaign}", {"weight": 10 + number % 7})
    assert rss_of(cluster) - before < 30_000_000
    quick.find(lambda event: event.type == "campaign.changed" and event.data["weight"] == 10 + 299 % 7)
    wait_for("let go", lambda: "tocsin_event_streams_slow_total 20\n" in metrics(cluster), 60, every=1)
    assert time.monotonic() - began > 20
    slow[0].read()
    closed = slow[0].find("stream.closed", 40)
    assert closed.data["reason"] == "slow"
    slow[0].wait_end()
    assert quick.events and not quick.is_over
    again = EventStream(cluster.api, last_id=closed.id)  # and goes on where it was
    last = quick.facts()[-1]
    again.find(lambda event: event.id == last.id)
    numbers = [number_of(event) for event in again.facts()]
    assert numbers == list(range(int(closed.id[1:]) + 1, int(closed.id[1:]) + 1 + len(numbers)))
    for stream in (quick, again, *slow):
        stream.close()
