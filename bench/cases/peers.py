# SPDX-License-Identifier: Apache-2.0
"""peers: the job of `http` by BullMQ on Redis, against Tocsin, in the same run and to the same nginx. The floor is the peer.

BullMQ adds every recipient as a job (in bulk, a thousand at a time), and one worker process with a keep-alive pool posts 300
bytes for each, at the concurrency that served it best; the time is from the first job added to the last one done, as Tocsin's is
from launch to finished.
"""

import json
import os
import subprocess
import sys

from bench import median, summary
from cases.http import CONNECTIONS, one_run

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..", "tests", "harness"))
from cluster import Process, free_port, port_answers, start_nginx, wait_for  # noqa: E402

PEERS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "peers")


def start_redis(directory):
    os.makedirs(directory, exist_ok=True)
    port = free_port()
    process = Process(["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--dir", directory,
                       "--save", "", "--appendonly", "no"], os.path.join(directory, "redis.log"))
    wait_for("redis", lambda: port_answers(port))
    return process, port


def run_bullmq(directory, nginx_port, jobs):
    redis, port = start_redis(directory)
    try:
        done = subprocess.run(["node", os.path.join(PEERS, "bullmq.js"), str(port), f"http://127.0.0.1:{nginx_port}/send",
                               str(jobs), str(CONNECTIONS * 2)], stdout=subprocess.PIPE, check=True)
        result = json.loads(done.stdout.decode().strip().splitlines()[-1])
        result["cpu_us"] += redis.cpu_us()
        return result
    finally:
        redis.stop()


def run(bench):
    if not os.path.isdir(os.path.join(PEERS, "node_modules")):
        subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=PEERS, check=True,
                       stdout=sys.stderr)
    recipients = bench.recipients(200_000)
    runs = []
    for number in range(bench.runs):
        nginx, port = start_nginx(os.path.join(bench.directory, f"nginx{number}"))
        try:
            peer = run_bullmq(os.path.join(bench.directory, f"redis{number}"), port, recipients)
            measured = one_run(bench, f"peers{number}", port, recipients)
        finally:
            nginx.stop()
        runs.append({**measured, "floor_per_s": peer["per_s"], "peer_cpu_us": peer["cpu_us"] / recipients})
        bench.say(f"run {number + 1}: Tocsin {measured['recipients_per_s']:.0f}/s, BullMQ {peer['per_s']:.0f}/s")
    return summary("peers", recipients, runs, workers=bench.workers, peer="bullmq",
                   peer_cpu_us_per_recipient=round(median(runs, "peer_cpu_us"), 2))
