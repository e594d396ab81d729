# SPDX-License-Identifier: Apache-2.0
"""receipts: wrk posts one receipt each for people at random of a campaign of ten million that waits for delivery, 256 at a time.

The floor is a bare libmicrohttpd that answers the same requests and stores nothing. Then, while receipts pour in again, the
coordinator is killed: whatever it had answered must be in the ledger that the next one finds.

With --connections N..M it looks for stalls instead: from N to M connections, alone and then beside idle and slow ones, no
request may wait longer than a second.
"""

import os
import subprocess
import threading
import time

from bench import SMS_TEXT, median
from cluster import free_port

CONNECTIONS = 256
SECONDS = 10
EACH_MS = 200  # on each number of connections
TOKENS_PER_S = 200_000  # more than anybody can post
SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "receipts.lua")
GATEWAY = [{"name": "gateway", "channel": "sms", "adapter": "null", "receipts": True}]


def seconds_of(bench):
    return bench.arguments.seconds or SECONDS


def post(bench, port, tokens, first, count, seconds=0, connections=CONNECTIONS):
    """wrk's own figures."""
    seconds = seconds or seconds_of(bench)
    return bench.run_json("wrk", "-t", "1", "-c", str(connections), "-d", f"{seconds}s", "-s", SCRIPT, "--latency",
                          "--timeout", "10s", f"http://127.0.0.1:{port}", "--", tokens, PREFIX, QUERY,
                          str(first), str(count), "1")


def floor(bench, tokens, count):
    child = subprocess.Popen([bench.program("bench_floor_receipts")], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        return post(bench, int(child.stdout.readline()), tokens, 0, count)
    finally:
        child.stdin.close()
        child.wait()


def disk_bytes(cluster):
    """All files just after a start, when the log has become tables: not compacted any further."""
    total = 0
    for directory, _, names in os.walk(cluster.data_dir):
        total += sum(os.path.getsize(os.path.join(directory, name)) for name in names)
    return total


def counts(cluster, campaign):
    return cluster.api.get(f"/v1/campaigns/{campaign}")["counts"]


class Memory(threading.Thread):
    """Memory of the coordinator over a run."""

    def __init__(self, process):
        super().__init__()
        self.process = process
        self.samples = [process.rss_bytes()]
        self.is_over = threading.Event()
        self.start()

    def run(self):
        while not self.is_over.wait(0.1):
            self.samples.append(self.process.rss_bytes())

    def stop(self):
        """As it was at the beginning and after each quarter."""
        self.is_over.set()
        self.join()
        self.samples.append(self.process.rss_bytes())
        return [self.samples[(len(self.samples) - 1) * q // 4] for q in range(5)]


def kill_in_flood(bench, cluster, port, tokens, first, count):
    """The coordinator is killed while receipts pour in; how many of them it had answered."""
    killer = threading.Timer(2.0, cluster.coordinator.kill)
    killer.start()
    figures = post(bench, port, tokens, first, count, seconds=4)
    killer.join()
    return figures["requests"] - figures["refused"]


def sent_campaign(bench, cluster, audience, tokens, count):
    """A campaign that waits for delivery of everybody, and tokens of `count` of its people. The coordinator is stopped."""
    people = audience["accepted"]
    cluster.start_coordinator()
    for w in range(bench.workers):
        cluster.start_worker(f"w{w}")
    cluster.wait_workers(bench.workers)
    plan = {"steps": [{"channel": "sms", "until": UNTIL, "within": "12h"}]}
    campaign = cluster.campaign(audience["id"], None, {"sms": {"text": SMS_TEXT}}, plan)["id"]
    while counts(cluster, campaign)["accepted"] < people:
        time.sleep(0.05)
    for worker in cluster.workers.values():
        worker.stop()
    cluster.workers.clear()
    cluster.coordinator.stop()
    with open(tokens, "wb") as out:
        subprocess.run([bench.program("bench_make_tokens"), cluster.data_dir, campaign[1:], str(people), str(count)],
                       stdout=out, check=True)
    return campaign


def one_run(bench, number, cluster, port, audience, tokens):
    per_run = min(audience["accepted"] // 2, seconds_of(bench) * TOKENS_PER_S)
    campaign = sent_campaign(bench, cluster, audience, tokens, 2 * per_run)
    base = floor(bench, tokens, per_run)
    cluster.start_coordinator()
    disk, cpu, memory = disk_bytes(cluster), cluster.coordinator.cpu_us(), Memory(cluster.coordinator)
    figures = post(bench, port, tokens, 0, per_run)
    cpu = cluster.coordinator.cpu_us() - cpu
    rss = memory.stop()
    answered = figures["requests"] - figures["refused"]
    cluster.coordinator.stop()
    cluster.start_coordinator()
    disk = disk_bytes(cluster) - disk
    stored = counts(cluster, campaign)[STATE]
    answered_killed = kill_in_flood(bench, cluster, port, tokens, per_run, per_run)
    cluster.start_coordinator()
    found = counts(cluster, campaign)[STATE]
    cluster.api.post(f"/v1/campaigns/{campaign}/cancel")
    cluster.coordinator.stop()
    lost = max(0, answered - stored) + max(0, answered_killed - (found - stored))
    run = {"receipts_per_s": answered / figures["seconds"], "floor_per_s": base["requests"] / base["seconds"],
           "p99_ms": figures["p99_ms"], "max_ms": figures["max_ms"], "bytes_per_receipt": disk / max(1, stored),
           "cpu_us_per_receipt": cpu / max(1, answered), "rss_bytes": rss, "rss_growth": rss[4] - rss[2],
           "errors": figures["refused"] + figures["socket_errors"] + figures["timeouts"] + figures["used_up"],
           "answered": answered, "answered_killed": answered_killed, "lost": lost}
    bench.say(f"run {number + 1}: {run['receipts_per_s']:.0f} receipts/s, floor {run['floor_per_s']:.0f}/s, "
              f"p99 {run['p99_ms']:.1f} ms, {run['bytes_per_receipt']:.1f} bytes and {run['cpu_us_per_receipt']:.1f} us each, "
              f"lost {lost} of {answered + answered_killed}; memory {[round(b / 1e6) for b in rss]} MB")
    return run


UNTIL, STATE = "delivered", "delivered"
PREFIX, QUERY = "/r/gateway/", "?status=delivered"


def find_stalls(bench, cluster, port, audience, tokens):
    """Every number of connections for a while, alone and beside connections that only take room."""
    first, _, last = bench.arguments.connections.partition("..")
    last = last or first
    count = min(audience["accepted"] // 2, 4_000_000)
    sent_campaign(bench, cluster, audience, tokens, count)
    cluster.start_coordinator()
    result = {"bench": "receipts", "recipients": audience["accepted"], "connections": f"{first}..{last}"}
    for name, idle, slow in (("alone", 0, 0), ("beside", bench.arguments.idle, bench.arguments.slow)):
        figures = bench.run_json(bench.program("bench_post_receipts"), str(port), tokens, PREFIX, QUERY, first, last, "1",
                                 str((seconds_of(bench) * 1000 if first == last else EACH_MS)), str(idle), str(slow))
        bench.say(f"{name} ({idle} idle, {slow} slow): {figures['stalls']} stalls in {figures['answered']} receipts, "
                  f"slowest {figures['max_ms']:.0f} ms")
        result[name] = {"idle": idle, "slow": slow, **figures}
    cluster.coordinator.stop()
    result["stalls"] = result["alone"]["stalls"] + result["beside"]["stalls"]
    if result["stalls"] or any(result[name][what] for name in ("alone", "beside") for what in ("refused", "broken")):
        raise RuntimeError(f"receipts were left unanswered: {result}")
    return result


def run(bench):
    port = free_port()
    runs = []
    tokens = os.path.join(bench.directory, "tokens")
    with bench.cluster("receipts", GATEWAY) as cluster:
        cluster.public_port = port
        cluster.start_coordinator()
        audience, _ = bench.upload(cluster, bench.recipients(10_000_000))
        people = audience["accepted"]
        cluster.coordinator.stop()
        if bench.arguments.connections:
            return find_stalls(bench, cluster, port, audience, tokens)
        for number in range(bench.runs):
            runs.append(one_run(bench, number, cluster, port, audience, tokens))
    if any(r["lost"] for r in runs):
        raise RuntimeError(f"receipts that were answered are not in the ledger: {[r['lost'] for r in runs]}")
    ratio = sorted(r["receipts_per_s"] / r["floor_per_s"] for r in runs)[len(runs) // 2]
    return {"bench": "receipts", "recipients": people, "runs": len(runs), "connections": CONNECTIONS,
            "receipts_per_s": round(median(runs, "receipts_per_s")), "floor_per_s": round(median(runs, "floor_per_s")),
            "ratio": round(ratio, 3), "p99_ms": round(median(runs, "p99_ms"), 2),
            "p99_worst_ms": round(max(r["p99_ms"] for r in runs), 2), "max_ms": round(median(runs, "max_ms"), 1),
            "bytes_per_receipt": round(median(runs, "bytes_per_receipt"), 1),
            "cpu_us_per_receipt": round(median(runs, "cpu_us_per_receipt"), 2),
            "rss_bytes": runs[0]["rss_bytes"], "rss_growth_last_half": round(median(runs, "rss_growth")),
            "errors": sum(r["errors"] for r in runs), "answered": sum(r["answered"] + r["answered_killed"] for r in runs),
            "lost": sum(r["lost"] for r in runs)}
