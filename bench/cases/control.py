# SPDX-License-Identifier: Apache-2.0
"""control: a campaign is paused, resumed and cancelled while it sends at full rate to nginx.

`pause_ms` and `cancel_ms` are from the 2xx answer to the last request that nginx counted, by looking at its counter all the
time for SETTLE_S. Whatever nginx counts after a second breaks the promise.
"""

import os
import sys
import time
import urllib.request

from bench import median
from cases.http import TEXT, provider

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..", "tests", "harness"))
from cluster import start_nginx  # noqa: E402

SETTLE_S = 2.5
SPEED_S = 1.0


class Counter:
    """What nginx has answered so far, but for our own looks at it."""

    def __init__(self, port):
        self.url, self.looks = f"http://127.0.0.1:{port}/stub_status", 0

    def __call__(self):
        self.looks += 1
        with urllib.request.urlopen(self.url) as answer:
            return int(answer.read().split()[9]) - self.looks


def stop_and_count(cluster, path, verb, counter):
    """How fast it was, and when the last request came, in ms after the answer."""
    before, began = counter(), time.monotonic()
    time.sleep(SPEED_S)
    per_s = (counter() - before) / (time.monotonic() - began)
    cluster.api.post(f"{path}/{verb}")
    answered = time.monotonic()
    count = counter()
    last_ms = (time.monotonic() - answered) * 1000  # what came before the first look may have come until then
    while time.monotonic() < answered + SETTLE_S:
        now = counter()
        if now != count:
            count, last_ms = now, (time.monotonic() - answered) * 1000
    return per_s, last_ms


def run(bench):
    recipients = bench.recipients(1_000_000)
    runs = []
    nginx, port = start_nginx(os.path.join(bench.directory, "nginx"))
    try:
        counter = Counter(port)
        with bench.cluster("control", [provider(port)]) as cluster:
            cluster.start_coordinator()
            audience, _ = bench.upload(cluster, recipients)
            for w in range(bench.workers):
                cluster.start_worker(f"w{w}")
            cluster.wait_workers(bench.workers)
            for number in range(bench.runs):
                campaign = cluster.campaign(audience["id"], "sms", {"sms": {"text": TEXT}})["id"]
                path = f"/v1/campaigns/{campaign}"
                per_s, pause_ms = stop_and_count(cluster, path, "pause", counter)
                cluster.api.post(f"{path}/resume")
                _, cancel_ms = stop_and_count(cluster, path, "cancel", counter)
                view = cluster.wait_campaign(campaign)
                if view["state"] != "cancelled" or view["counts"]["cancelled"] == 0:
                    raise RuntimeError(f"it was over too early: {view['counts']}")
                runs.append({"per_s": per_s, "pause_ms": pause_ms, "cancel_ms": cancel_ms})
                bench.say(f"run {number + 1}: at {per_s:.0f}/s, last {pause_ms:.0f} ms after the pause, "
                          f"{cancel_ms:.0f} ms after the cancellation")
    finally:
        nginx.stop()
    return {"bench": "control", "recipients": recipients, "runs": len(runs), "workers": bench.workers,
            "per_s": round(median(runs, "per_s")), "pause_ms": round(max(r["pause_ms"] for r in runs), 1),
            "cancel_ms": round(max(r["cancel_ms"] for r in runs), 1)}
