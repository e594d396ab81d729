# SPDX-License-Identifier: Apache-2.0
"""One benchmark a call: bench/run NAME. Each case is a file in bench/cases with a function run(bench)."""

import argparse
import importlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "tests", "harness"))
sys.path.insert(0, HERE)

from cluster import Cluster  # noqa: E402

CASES = ("ingest", "engine", "http", "h2", "bulk", "smtp", "recovery", "peers", "ladder", "timers", "urgent", "control", "receipts", "limits", "export", "report", "query", "dashboard", "browser")
NULL_SMS = [{"name": "null", "channel": "sms", "adapter": "null"}]
# 160 characters with three variables filled in.
SMS_TEXT = ("Dear {{first_name}} {{last_name}}, there is an outage of our service in {{city}}. We expect it to be over"
            " by 18:00 and will write to you again then. Sorry for the trouble!")


class Bench:
    """What a case is given: its arguments, a directory of its own, and the means to measure."""

    def __init__(self, arguments, directory):
        self.arguments = arguments
        self.runs = arguments.runs
        self.workers = arguments.workers
        self.directory = directory
        self.build = arguments.build

    def recipients(self, default):
        return self.arguments.recipients or default

    def say(self, text):
        print(text, file=sys.stderr, flush=True)

    def program(self, name):
        return os.path.join(self.build, "bin", name)

    def cluster(self, name, providers, settings=None):
        return Cluster(os.path.join(self.directory, name), self.build, providers,
                       {"log_level": "warn", **(settings or {})})

    def customers(self, rows, *options):
        """A generator process that writes `rows` rows of CSV to its standard output."""
        return subprocess.Popen([self.program("make-customers"), "--rows", str(rows), *options],
                                stdout=subprocess.PIPE)

    def upload(self, cluster, rows, *options):
        """Imports a generated audience; (audience, seconds)."""
        source = self.customers(rows, *options)
        began = time.monotonic()
        answer = cluster.api.upload(iter(lambda: source.stdout.read(1 << 20), b""), query="on_error=skip")
        seconds = time.monotonic() - began
        source.wait()
        if answer.status != 201:
            raise RuntimeError(f"upload: {answer.status} {answer.body[:300]!r}")
        return answer.json(), seconds

    def run_json(self, *argv):
        """The last line that a program prints, as JSON."""
        done = subprocess.run(argv, stdout=subprocess.PIPE, check=True)
        return json.loads(done.stdout.decode().strip().splitlines()[-1])

    def run_json_twice(self, *argv):
        """The same program in two processes at once; rates and CPU added up."""
        children = [subprocess.Popen(argv, stdout=subprocess.PIPE) for _ in range(2)]
        results = []
        for child in children:
            out, _ = child.communicate()
            if child.returncode != 0:
                raise RuntimeError(f"{argv[0]} failed with {child.returncode}")
            results.append(json.loads(out.decode().strip().splitlines()[-1]))
        return {"per_s": sum(r["per_s"] for r in results), "cpu_us": sum(r["cpu_us"] for r in results),
                "count": sum(r["count"] for r in results)}


class Meter:
    """CPU and memory of the programs of a cluster between two moments."""

    def __init__(self, cluster):
        self.processes = [cluster.coordinator, *cluster.workers.values()]
        self.coordinator = cluster.coordinator
        self.began = time.monotonic()
        self.cpu = sum(p.cpu_us() for p in self.processes)
        self.idle_bytes = self.coordinator.rss_bytes()
        self.peak_bytes = self.idle_bytes

    def sample(self):
        self.peak_bytes = max(self.peak_bytes, self.coordinator.rss_bytes())

    def stop(self):
        self.sample()
        return {"seconds": time.monotonic() - self.began,
                "cpu_us": sum(p.cpu_us() for p in self.processes) - self.cpu,
                "rss_bytes": self.peak_bytes, "idle_bytes": self.idle_bytes}


def run_campaign(cluster, audience, channel, content, plan=None, every=0.01, **more):
    """Launches, waits until it is finished, and gives the campaign and what it cost."""
    draft = cluster.campaign(audience["id"], channel, content, plan, launch=False, **more)
    meter = Meter(cluster)
    cluster.api.post(f"/v1/campaigns/{draft['id']}/launch")
    while True:
        view = cluster.api.get(f"/v1/campaigns/{draft['id']}")
        meter.sample()
        if view["state"] in ("finished", "cancelled"):
            break
        time.sleep(every)
    cost = meter.stop()
    total = sum(view["counts"].values())
    if total != view["recipients"]:
        raise RuntimeError(f"the counts do not add up: {total} of {view['recipients']}")
    return view, cost


def median(runs, key):
    return statistics.median(r[key] for r in runs)


def summary(name, recipients, runs, **more):
    """The closing object: medians over the runs, and what the case adds."""
    rate = median(runs, "recipients_per_s")
    floor = median(runs, "floor_per_s")
    document = {
        "bench": name,
        "recipients": recipients,
        "runs": len(runs),
        "seconds": round(median(runs, "seconds"), 3),
        "recipients_per_s": round(rate),
        "floor_per_s": round(floor),
        "ratio": round(statistics.median(r["recipients_per_s"] / r["floor_per_s"] for r in runs), 3),
        "cpu_us_per_recipient": round(median(runs, "cpu_us_per_recipient"), 3),
        "rss_bytes": round(median(runs, "rss_bytes")),
    }
    document.update(more)
    return document


def main():
    parser = argparse.ArgumentParser(prog="bench/run", description="Runs one benchmark; the last line is one JSON object.")
    parser.add_argument("name", choices=CASES)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--recipients", type=int, default=0, help="instead of the case's own number")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seconds", type=int, default=0, help="of a run, where the case has a time")
    parser.add_argument("--connections", metavar="N[..M]", default="", help="receipts: from N to M connections, looking for stalls")
    parser.add_argument("--idle", type=int, default=5000, help="connections that send nothing, beside --connections")
    parser.add_argument("--slow", type=int, default=1000, help="connections that send a head byte by byte, likewise")
    parser.add_argument("--keep", metavar="DIR", help="work here and leave logs and data behind")
    parser.add_argument("--build", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--built", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    directory = arguments.keep or tempfile.mkdtemp(prefix="tocsin-bench-")
    os.makedirs(directory, exist_ok=True)
    try:
        result = importlib.import_module(f"cases.{arguments.name}").run(Bench(arguments, directory))
        print(json.dumps(result))
    finally:
        if not arguments.keep:
            shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main()
