# SPDX-License-Identifier: Apache-2.0
"""urgent: a critical campaign to 1,000 people is launched while a bulk one to 10,000,000 runs at full rate on the null channel.

Both times count from the moment before the launch is requested: `first_ms` to the first view that shows somebody accepted,
`last_ms` to the first that shows all. A view shows only what is on disk, so the sends themselves were a little earlier.
"""

import time

from bench import NULL_SMS, SMS_TEXT, median

URGENT = 1000
HEAD_START = 0.05  # of the bulk campaign


def one_run(cluster, bulk, urgent):
    text = {"sms": {"text": SMS_TEXT}}
    draft = cluster.campaign(urgent["id"], "sms", text, name="urgent", priority="critical", launch=False)
    large = cluster.campaign(bulk["id"], "sms", text, name="bulk", priority="bulk")["id"]
    before = 0
    while before < HEAD_START * bulk["accepted"]:
        before = cluster.api.get(f"/v1/campaigns/{large}")["counts"]["accepted"]
    path = f"/v1/campaigns/{draft['id']}"
    began = time.monotonic()
    cluster.api.post(f"{path}/launch")
    answered_ms = (time.monotonic() - began) * 1000
    first_ms = None
    while True:
        accepted = cluster.api.get(path)["counts"]["accepted"]
        now_ms = (time.monotonic() - began) * 1000
        if accepted > 0 and first_ms is None:
            first_ms = now_ms
        if accepted == urgent["accepted"]:
            break
        if now_ms > 60_000:
            raise RuntimeError("the urgent campaign was not sent within a minute")
    view = cluster.api.get(f"/v1/campaigns/{large}")
    if view["state"] != "running" or view["counts"]["accepted"] <= before:
        raise RuntimeError("the bulk campaign was over too early to be in the way: take more recipients")
    cluster.api.post(f"/v1/campaigns/{large}/cancel")
    cluster.wait_campaign(large)
    return {"first_ms": first_ms, "last_ms": now_ms, "answered_ms": answered_ms, "bulk": before}


def run(bench):
    recipients = bench.recipients(10_000_000)
    runs = []
    with bench.cluster("urgent", NULL_SMS) as cluster:
        cluster.start_coordinator()
        bulk, seconds = bench.upload(cluster, recipients)
        bench.say(f"imported {bulk['accepted']} recipients in {seconds:.1f} s")
        urgent, _ = bench.upload(cluster, URGENT)
        for w in range(bench.workers):
            cluster.start_worker(f"w{w}")
        cluster.wait_workers(bench.workers)
        for number in range(bench.runs):
            runs.append(one_run(cluster, bulk, urgent))
            bench.say(f"run {number + 1}: answered after {runs[-1]['answered_ms']:.0f} ms, first {runs[-1]['first_ms']:.0f} ms, "
                      f"last {runs[-1]['last_ms']:.0f} ms, with {runs[-1]['bulk']} bulk ones sent before")
    return {"bench": "urgent", "recipients": recipients, "runs": len(runs), "workers": bench.workers,
            "first_ms": round(median(runs, "first_ms"), 1), "last_ms": round(median(runs, "last_ms"), 1),
            "answered_ms": round(median(runs, "answered_ms"), 1)}
