# SPDX-License-Identifier: Apache-2.0
"""http: one POST of 300 bytes for each recipient to nginx, through the http adapter.

The floor is a bare libcurl loop, used the fast way, in as many processes as there are workers, in the same run.
"""

import os
import sys

from bench import median, run_campaign, summary

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..", "tests", "harness"))
from cluster import start_nginx  # noqa: E402

CONNECTIONS = 32
# With number, token and text filled in the body has 300 bytes.
BODY = '{"to":"{{to}}","reference":"{{token}}","text":"{{text}}"}'
TEXT = ("Dear {{first_name}}, there is an outage of our service in your town. We expect it to be over by 18:00 and will"
        " write to you again then. You do not have to do anything. Thank you for your patience. Answers to this"
        " number are read.")


def provider(port):
    return {"name": "gateway", "channel": "sms", "adapter": "http",
            "settings": {"url": f"http://127.0.0.1:{port}/send", "method": "POST", "format": "json", "body": BODY,
                         "connections": CONNECTIONS}}


def one_run(bench, name, port, recipients):
    with bench.cluster(name, [provider(port)]) as cluster:
        cluster.start_coordinator()
        audience, _ = bench.upload(cluster, recipients)
        for w in range(bench.workers):
            cluster.start_worker(f"w{w}")
        cluster.wait_workers(bench.workers)
        view, cost = run_campaign(cluster, audience, "sms", {"sms": {"text": TEXT}}, every=0.05)
    if view["counts"]["accepted"] != view["recipients"]:
        raise RuntimeError(f"not everybody was accepted: {view['counts']}")
    people = view["recipients"]
    return {"seconds": cost["seconds"], "recipients_per_s": people / cost["seconds"],
            "cpu_us_per_recipient": cost["cpu_us"] / people, "rss_bytes": cost["rss_bytes"]}


def run(bench):
    recipients = bench.recipients(1_000_000)
    runs = []
    for number in range(bench.runs):
        nginx, port = start_nginx(os.path.join(bench.directory, f"nginx{number}"))
        try:
            floor = bench.run_json_twice(bench.program("bench_floor_http"), f"http://127.0.0.1:{port}/send",
                                         str(recipients // 2), str(CONNECTIONS))
            measured = one_run(bench, f"http{number}", port, recipients)
        finally:
            nginx.stop()
        runs.append({**measured, "floor_per_s": floor["per_s"], "floor_cpu_us": floor["cpu_us"] / floor["count"]})
        bench.say(f"run {number + 1}: {measured['recipients_per_s']:.0f}/s at {measured['cpu_us_per_recipient']:.2f} us, "
                  f"floor {floor['per_s']:.0f}/s at {runs[-1]['floor_cpu_us']:.2f} us")
    return summary("http", recipients, runs, workers=bench.workers,
                   floor_cpu_us_per_recipient=round(median(runs, "floor_cpu_us"), 3))
