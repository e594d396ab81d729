# SPDX-License-Identifier: Apache-2.0
"""limits: a provider limited to 1,000 a second, served by three workers that come and go.

A fourth worker joins in mid-run, one is killed, and one is stopped with SIGSTOP for ten seconds and then continued. nginx, as the
provider, writes down when each request came, by its own clock: `worst_window` is the most that came within any one second, and
`mean_per_s` what came on average while there was work. There is more work than the time allows, so that nothing but the limit
decides.
"""

import os
import signal
import sys
import time

from bench import median, summary
from cases.http import TEXT, provider

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..", "tests", "harness"))
from cluster import start_nginx, wait_for  # noqa: E402

RATE = 1000
SECONDS = 45
JOIN_S, KILL_S, STOP_S, STOPPED_S = 8, 14, 20, 10


def arrivals(path):
    """Times of requests in milliseconds, in order. The log has one number of seconds a line."""
    with open(path, encoding="ascii") as f:
        return sorted(round(float(line) * 1000) for line in f if line.strip())


def worst_window(times, width_ms=1000):
    """The most that came within less than `width_ms`, and when that window begins."""
    worst, at, first = 0, 0, 0
    for last, time_ms in enumerate(times):
        while times[first] <= time_ms - width_ms:
            first += 1
        if last - first + 1 > worst:
            worst, at = last - first + 1, times[first]
    return worst, at


def play(bench, cluster):
    """What happens to the workers; SECONDS in all."""
    began = time.monotonic()

    def until(seconds):
        time.sleep(max(0.0, began + seconds - time.monotonic()))

    until(JOIN_S)
    cluster.start_worker("joins")
    until(KILL_S)
    cluster.workers.pop("w0").kill()
    until(STOP_S)
    os.kill(cluster.workers["w1"].pid, signal.SIGSTOP)
    until(STOP_S + STOPPED_S)
    os.kill(cluster.workers["w1"].pid, signal.SIGCONT)
    until(SECONDS)


def one_run(bench, name, port, log, recipients):
    gateway = {**provider(port), "rate": RATE}
    with bench.cluster(name, [gateway]) as cluster:
        cluster.start_coordinator()
        audience, _ = bench.upload(cluster, recipients)
        for w in range(3):
            cluster.start_worker(f"w{w}")
        cluster.wait_workers(3)
        began = time.monotonic()
        campaign = cluster.campaign(audience["id"], "sms", {"sms": {"text": TEXT}})["id"]
        wait_for("the first request", lambda: os.path.getsize(log) > 0)
        play(bench, cluster)
        seconds = time.monotonic() - began
        view = cluster.api.get(f"/v1/campaigns/{campaign}")
        if view["state"] != "running":
            raise RuntimeError(f"the work did not last: {view['state']}, {view['counts']}")
        programs = [cluster.coordinator, *cluster.workers.values()]
        cpu_us = sum(p.cpu_us() for p in programs)
        rss = cluster.coordinator.rss_bytes(peak=True)
    times = arrivals(log)
    times = [t for t in times if t < times[0] + SECONDS * 1000]
    worst, at = worst_window(times)
    mean = len(times) / SECONDS
    bench.say(f"worst window {worst} at {(at - times[0]) / 1000:.1f} s; by second: "
              + " ".join(str(sum(times[0] + s * 1000 <= t < times[0] + (s + 1) * 1000 for t in times)) for s in range(SECONDS)))
    return {"seconds": seconds, "recipients_per_s": mean, "floor_per_s": RATE, "cpu_us_per_recipient": cpu_us / len(times),
            "rss_bytes": rss, "worst_window": worst, "mean_per_s": mean}


def run(bench):
    recipients = bench.recipients(60_000)
    runs = []
    for number in range(bench.runs):
        directory = os.path.join(bench.directory, f"nginx{number}")
        log = os.path.join(directory, "arrivals.log")
        nginx, port = start_nginx(directory, {"/send": f"access_log {log} arrivals; return 202;"},
                                  http="log_format arrivals '$msec';")
        try:
            runs.append(one_run(bench, f"limits{number}", port, log, recipients))
        finally:
            nginx.stop()
    return summary("limits", recipients, runs, rate_per_s=RATE, run_s=SECONDS, workers=3, joined=1, killed=1, stopped_s=STOPPED_S,
                   worst_window=max(r["worst_window"] for r in runs), mean_per_s=round(median(runs, "mean_per_s"), 1))
