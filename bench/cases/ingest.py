# SPDX-License-Identifier: Apache-2.0
"""ingest: rows of CSV, six columns, uploaded over HTTP, to a sealed audience: checked, deduplicated, indexed and durable.

The floor is one thread that only finds the ends of fields and rows in the same bytes (memchr), once they are in memory.
The file is written before and read from the page cache, so the generator's own cost is not in the figure.
"""

import os
import subprocess
import time

from bench import NULL_SMS, Meter, median, summary


def run(bench):
    rows = bench.recipients(10_000_000)
    path = os.path.join(bench.directory, "customers.csv")
    with open(path, "wb") as f:
        source = bench.customers(rows, "--slim")
        while chunk := source.stdout.read(1 << 20):
            f.write(chunk)
        source.wait()
    bench.say(f"{rows} rows, {os.path.getsize(path) / rows:.1f} bytes each")
    runs = []
    for number in range(bench.runs):
        floor = bench.run_json(bench.program("bench_floor_csv"), path)
        with bench.cluster(f"ingest{number}", NULL_SMS) as cluster:
            cluster.start_coordinator()
            meter = Meter(cluster)
            began = time.monotonic()
            client = subprocess.Popen([bench.program("tocsin"), "--api", f"http://127.0.0.1:{cluster.api_port}",
                                       "--token-file", os.path.join(cluster.data_dir, "admin.token"), "--json",
                                       "audience", "import", path, "--on-error", "skip"],
                                      stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            while client.poll() is None:
                meter.sample()
                time.sleep(0.02)
            seconds = time.monotonic() - began
            if client.returncode != 0:
                raise RuntimeError(f"the import failed with {client.returncode}: {client.stdout.read()[:400]!r}")
            audience = cluster.api.get("/v1/audiences")["items"][-1]
            cost = meter.stop()
        if audience["accepted"] + audience["duplicates"] + audience["refused"] != audience["rows"]:
            raise RuntimeError(f"the rows do not add up: {audience}")
        runs.append({
            "seconds": seconds,
            "recipients_per_s": audience["rows"] / seconds,
            "floor_per_s": floor["per_s"],
            "cpu_us_per_recipient": cost["cpu_us"] / audience["rows"],
            "rss_bytes": cost["rss_bytes"],
            "page_bytes": audience["page_bytes"] / audience["accepted"],
        })
        bench.say(f"run {number + 1}: {runs[-1]['recipients_per_s']:.0f} rows/s, "
                  f"{runs[-1]['cpu_us_per_recipient']:.3f} us a row, peak {cost['rss_bytes'] / 1e6:.0f} MB")
    return summary("ingest", rows, runs, bytes_per_recipient=round(median(runs, "page_bytes"), 2))
