# SPDX-License-Identifier: Apache-2.0
"""recovery: kill -9 of the coordinator with a campaign half done; from the start of the new process to its first lease.

recipients_per_s is how fast the interrupted campaign then went on to its end. The floor is the same coordinator started on a
ledger without any open campaign: `seconds` against it, so ratio is floor time / time.
"""

import time

from bench import NULL_SMS, SMS_TEXT, median, summary


def first_lease_ms(cluster, began):
    while True:
        if cluster.api.is_ready() and cluster.api.get("/v1/status")["events"] > 0:
            return (time.monotonic() - began) * 1000
        if time.monotonic() - began > 60:
            raise TimeoutError("no lease within 60 s:\n" + cluster.coordinator.tail())
        time.sleep(0.005)


def kill_at_half(cluster, campaign, people):
    while True:
        counts = cluster.api.get(f"/v1/campaigns/{campaign}")["counts"]
        if counts["accepted"] >= people // 2:
            cluster.coordinator.kill()
            return counts["accepted"]
        time.sleep(0.002)


def run(bench):
    recipients = bench.recipients(10_000_000)
    runs = []
    with bench.cluster("recovery", NULL_SMS) as cluster:
        cluster.start_coordinator()
        audience, _ = bench.upload(cluster, recipients)
        people = audience["accepted"]
        for w in range(bench.workers):
            cluster.start_worker(f"w{w}")
        for number in range(bench.runs):
            cluster.coordinator.kill()
            began = time.monotonic()
            cluster.start_coordinator()
            idle = time.monotonic() - began
            cluster.wait_workers(bench.workers)
            campaign = cluster.campaign(audience["id"], "sms", {"sms": {"text": SMS_TEXT}})
            done = kill_at_half(cluster, campaign["id"], people)
            began = time.monotonic()
            cluster.start_coordinator(wait=False)
            cluster.wait_ready()
            ready_ms = (time.monotonic() - began) * 1000
            lease_ms = first_lease_ms(cluster, began)
            view = cluster.wait_campaign(campaign["id"], seconds=300)
            seconds = time.monotonic() - began
            if sum(view["counts"].values()) != people or view["counts"]["accepted"] != people:
                raise RuntimeError(f"the ledger does not add up: {view['counts']}")
            runs.append({"seconds": lease_ms / 1000, "recipients_per_s": (people - done) / seconds,
                         "floor_per_s": (people - done) / (idle + seconds - lease_ms / 1000),
                         "cpu_us_per_recipient": 0.0, "rss_bytes": cluster.coordinator.rss_bytes(peak=True),
                         "first_lease_ms": lease_ms, "ready_ms": ready_ms, "idle_start_ms": idle * 1000})
            bench.say(f"run {number + 1}: killed at {done} of {people}; ready after {ready_ms:.0f} ms, "
                      f"first lease after {lease_ms:.0f} ms")
    return summary("recovery", people, runs, workers=bench.workers,
                   first_lease_ms=round(median(runs, "first_lease_ms"), 1),
                   ready_ms=round(median(runs, "ready_ms"), 1),
                   idle_start_ms=round(median(runs, "idle_start_ms"), 1))
