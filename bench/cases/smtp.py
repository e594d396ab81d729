# SPDX-License-Identifier: Apache-2.0
"""smtp: one mail of 1 kB for each recipient to Postfix's smtp-sink. The floor is a bare libcurl SMTP loop, in as many processes
as there are workers, in the same run."""

import os
import sys

from bench import median, run_campaign, summary

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..", "tests", "harness"))
from cluster import start_smtp_sink  # noqa: E402

CONNECTIONS = 16
MAIL_BYTES = 1000
LINE = "There is an outage of our service in {{city}}. We expect it to be over by 18:00.\r\n"


def provider(port):
    return {"name": "relay", "channel": "email", "adapter": "smtp",
            "settings": {"host": "127.0.0.1", "port": port, "from": "notices@bank.example", "from_name": "Your bank",
                         "starttls": "off", "connections": CONNECTIONS}}


def run(bench):
    recipients = bench.recipients(100_000)
    runs = []
    content = {"email": {"subject": "Outage", "text": "Dear {{first_name}},\r\n" + LINE * 6}}
    for number in range(bench.runs):
        sink, port = start_smtp_sink(os.path.join(bench.directory, f"sink{number}"))
        try:
            floor = bench.run_json_twice(bench.program("bench_floor_smtp"), f"smtp://127.0.0.1:{port}",
                                         str(recipients // 2), str(CONNECTIONS), str(MAIL_BYTES))
            with bench.cluster(f"smtp{number}", [provider(port)]) as cluster:
                cluster.start_coordinator()
                audience, _ = bench.upload(cluster, recipients, "--email-share", "1")
                for w in range(bench.workers):
                    cluster.start_worker(f"w{w}")
                cluster.wait_workers(bench.workers)
                view, cost = run_campaign(cluster, audience, "email", content, every=0.05)
        finally:
            sink.stop()
        people = view["recipients"]
        if view["counts"]["accepted"] != people:
            raise RuntimeError(f"not everybody was accepted: {view['counts']}")
        runs.append({"seconds": cost["seconds"], "recipients_per_s": people / cost["seconds"],
                     "cpu_us_per_recipient": cost["cpu_us"] / people, "rss_bytes": cost["rss_bytes"],
                     "floor_per_s": floor["per_s"], "floor_cpu_us": floor["cpu_us"] / floor["count"]})
        bench.say(f"run {number + 1}: {runs[-1]['recipients_per_s']:.0f}/s, floor {floor['per_s']:.0f}/s")
    return summary("smtp", recipients, runs, workers=bench.workers,
                   floor_cpu_us_per_recipient=round(median(runs, "floor_cpu_us"), 3))
