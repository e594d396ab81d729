# SPDX-License-Identifier: Apache-2.0
"""export: every delivery of a finished campaign as NDJSON, read over loopback by a client that throws it away; then as CSV, and
with zstd.

The floor reads and opens the same pages, and the blocks of the same journal, and writes as many bytes to a socket over
loopback, but folds nothing and writes no line.
"""

import os
import socket
import time

from bench import NULL_SMS, SMS_TEXT, median, run_campaign

PIECE = 1 << 20


def take(cluster, campaign, query):
    """Reads an export to its end; (seconds, bytes, the last bytes)."""
    buffer = memoryview(bytearray(PIECE))
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", cluster.api_port)) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 * PIECE)
        connection.sendall(f"GET /v1/campaigns/{campaign}/export{query} HTTP/1.1\r\nHost: bench\r\n"
                           f"Authorization: Bearer {cluster.api.token}\r\n\r\n".encode())
        total = 0
        tail = b""
        while True:
            got = connection.recv_into(buffer)
            if got == 0:
                break
            total += got
            tail = (tail + bytes(buffer[max(0, got - 256):got]))[-256:]
    return time.monotonic() - began, total, tail


def measure(cluster, campaign, people, query, end):
    cpu = cluster.coordinator.cpu_us()
    seconds, size, tail = take(cluster, campaign, query)
    if end is not None and end not in tail:
        raise RuntimeError(f"the export is not whole: {tail!r}")
    return {"seconds": seconds, "per_s": people / seconds, "mb_per_s": size / seconds / 1e6, "bytes": size,
            "cpu_us": (cluster.coordinator.cpu_us() - cpu) / people}


def run(bench):
    recipients = bench.recipients(5_000_000)
    runs = []
    with bench.cluster("export", NULL_SMS) as cluster:
        cluster.start_coordinator()
        audience, _ = bench.upload(cluster, recipients)
        people = audience["accepted"]
        for w in range(bench.workers):
            cluster.start_worker(f"w{w}")
        cluster.wait_workers(bench.workers)
        view, _ = run_campaign(cluster, audience, "sms", {"sms": {"text": SMS_TEXT}})
        campaign = view["id"]
        for worker in cluster.workers.values():
            worker.stop()
        cluster.workers.clear()
        end = f'"rows":{people},'.encode()
        for number in range(bench.runs):
            cluster.coordinator.stop()
            cluster.start_coordinator()
            idle = cluster.coordinator.rss_bytes()
            json = measure(cluster, campaign, people, "", end)
            peak = cluster.coordinator.rss_bytes(peak=True)
            csv = measure(cluster, campaign, people, "?format=csv", f",{people},,".encode())
            packed = measure(cluster, campaign, people, "?compress=zstd", None)
            few = measure(cluster, campaign, people, "?state=failed", b'"rows":0,')
            cluster.coordinator.stop()
            floor = bench.run_json(bench.program("bench_floor_export"), cluster.data_dir,
                                   audience["id"][1:], campaign[1:], str(json["bytes"]))
            runs.append({**json, "idle_bytes": idle, "rss_bytes": peak, "floor_per_s": floor["per_s"],
                         "floor_cpu_us": floor["cpu_us"], "csv_per_s": csv["per_s"], "zstd_per_s": packed["per_s"],
                         "zstd_bytes": packed["bytes"] / people, "scan_per_s": few["per_s"]})
            bench.say(f"run {number + 1}: {json['per_s']:.0f}/s as NDJSON ({json['mb_per_s']:.0f} MB/s, {json['cpu_us']:.3f} us), "
                      f"floor {floor['per_s']:.0f}/s; {csv['per_s']:.0f}/s as CSV, {packed['per_s']:.0f}/s with zstd, "
                      f"{few['per_s']:.0f}/s looked through; {(peak - idle) / 1e6:.1f} MB over idle")
            cluster.start_coordinator()
    return {
        "bench": "export",
        "recipients": people,
        "runs": len(runs),
        "seconds": round(median(runs, "seconds"), 3),
        "deliveries_per_s": round(median(runs, "per_s")),
        "floor_per_s": round(median(runs, "floor_per_s")),
        "ratio": round(median([{"ratio": r["per_s"] / r["floor_per_s"]} for r in runs], "ratio"), 3),
        "mb_per_s": round(median(runs, "mb_per_s")),
        "cpu_us_per_delivery": round(median(runs, "cpu_us"), 3),
        "floor_cpu_us": round(median(runs, "floor_cpu_us"), 3),
        "rss_bytes": round(median(runs, "rss_bytes")),
        "rss_over_idle_bytes": round(median([{"over": r["rss_bytes"] - r["idle_bytes"]} for r in runs], "over")),
        "csv_per_s": round(median(runs, "csv_per_s")),
        "zstd_per_s": round(median(runs, "zstd_per_s")),
        "zstd_bytes_per_delivery": round(median(runs, "zstd_bytes"), 2),
        "scan_per_s": round(median(runs, "scan_per_s")),
    }
