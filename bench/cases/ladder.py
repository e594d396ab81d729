# SPDX-License-Identifier: Apache-2.0
"""ladder: three steps, each until acknowledged; of those who stand on a step three in ten acknowledge on it.

Exactly seven in ten must reach the second step and 49 in a hundred the third, and nobody who acknowledged. The time of a step
is as short as the acknowledgements take to be posted. The floor is what nginx answers to the same requests.
"""

import os
import time

from bench import median, summary
from cluster import start_nginx

CHANNELS = ("sms", "email", "voice")
SHARES = ((0, 300), (300, 210), (510, 147))  # of each thousand: from, count
CONNECTIONS = 128


def acknowledge(bench, url, campaign, token, people, step):
    """Posts the acknowledgements of a step; their number and rate."""
    start, count = SHARES[step]
    figures = bench.run_json(bench.program("bench_acknowledge"), url, campaign, token, str(people), str(start), str(count),
                             str(CONNECTIONS))
    return figures["count"], figures["seconds"]


def accepted(cluster):
    return {p["name"]: p["outcomes"]["accepted"] for p in cluster.api.get("/v1/providers")["items"]}


def wait_until(what, condition, seconds=300):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise RuntimeError(f"{what}: not within {seconds} s")
        time.sleep(0.05)


def one_run(bench, cluster, audience, people, within_s):
    cluster.start_coordinator()
    for w in range(bench.workers):
        cluster.start_worker(f"w{w}")
    cluster.wait_workers(bench.workers)
    before = accepted(cluster)
    text = {"sms": {"text": "Boil your water, {{first_name}}."}, "voice": {"text": "Boil your water."},
            "email": {"subject": "Boil your water", "text": "Dear {{first_name}}, boil your water."}}
    plan = {"steps": [{"channel": c, "until": "acknowledged", "within": f"{within_s}s"} for c in CHANNELS]}
    campaign = cluster.campaign(audience["id"], None, text, plan)["id"]
    url = f"http://127.0.0.1:{cluster.api.port}"
    counts, seconds, reached, left = 0, 0.0, [], people
    for step, channel in enumerate(CHANNELS):
        wait_until(f"step {step + 1}", lambda: accepted(cluster)[channel] - before[channel] >= left)
        reached.append(accepted(cluster)[channel] - before[channel])
        began = time.monotonic()
        count, took = acknowledge(bench, url, campaign, cluster.api.token, people, step)
        if time.monotonic() - began > within_s:
            raise RuntimeError(f"posting took {time.monotonic() - began:.1f} s, longer than a step of {within_s} s")
        counts, seconds, left = counts + count, seconds + took, left - count
    wait_until("the end", lambda: cluster.api.get(f"/v1/campaigns/{campaign}")["state"] == "finished")
    view = cluster.api.get(f"/v1/campaigns/{campaign}")
    last = accepted(cluster)
    rss = cluster.coordinator.rss_bytes(peak=True)
    cpu_us = cluster.coordinator.cpu_us() + sum(w.cpu_us() for w in cluster.workers.values())
    for worker in cluster.workers.values():
        worker.stop()
    cluster.workers.clear()
    cluster.coordinator.stop()
    if view["counts"]["acknowledged"] != counts or view["counts"]["accepted"] != left or sum(view["counts"].values()) != people:
        raise RuntimeError(f"the ledger does not add up: {counts} acknowledged, {left} did not: {view['counts']}")
    sent = [last[channel] - before[channel] for channel in CHANNELS]
    return {"seconds": seconds, "recipients_per_s": counts / seconds, "cpu_us_per_recipient": cpu_us / people, "rss_bytes": rss,
            "step2": reached[1], "step3": reached[2], "sent_after_ack": sum(sent) - sum(reached)}


def run(bench):
    people = bench.recipients(1_000_000) // 1000 * 1000
    within_s = max(10, people // 20_000)
    runs = []
    providers = [{"name": c, "channel": c, "adapter": "null"} for c in CHANNELS]
    with bench.cluster("ladder", providers) as cluster:
        cluster.start_coordinator()
        audience, _ = bench.upload(cluster, people)
        cluster.coordinator.stop()
        for number in range(bench.runs):
            nginx, port = start_nginx(os.path.join(bench.directory, f"nginx{number}"), {"/": "return 200;"})
            try:
                count, seconds = acknowledge(bench, f"http://127.0.0.1:{port}", "c1", "none", people, 0)
            finally:
                nginx.stop()
            runs.append({**one_run(bench, cluster, audience, people, within_s), "floor_per_s": count / seconds})
            bench.say(f"run {number + 1}: step 2 {runs[-1]['step2']}, step 3 {runs[-1]['step3']}, "
                      f"{runs[-1]['recipients_per_s']:.0f} acknowledgements/s, nginx {count / seconds:.0f}/s")
    return summary("ladder", people, runs, workers=bench.workers, within_s=within_s, step2=round(median(runs, "step2")),
                   step3=round(median(runs, "step3")), sent_after_ack=max(r["sent_after_ack"] for r in runs))
