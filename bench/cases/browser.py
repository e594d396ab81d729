# SPDX-License-Identifier: Apache-2.0
"""browser: what the dashboard costs the browser of whoever looks at it: Debian's Chromium on a page for a minute, for a campaign
to a thousand people and for one to 10,000,000, each at a rate that lasts for as long; with 50 campaigns to a million each; while
one campaign to all follows the other at full speed; and on the page of one that has ended.

Of each scene: milliseconds of the main thread in a minute, bytes and requests after the page was shown, the heap at the end, the
longest task. A scene in which the page was told nothing is none.
"""

import json
import os
import subprocess
import sys
import threading

from bench import HERE, NULL_SMS, SMS_TEXT

ROOT = os.path.join(HERE, "..")
SCENE = os.path.join(ROOT, "tests", "system", "dashboard")
SMALL = 1000
MANY = 50
MANY_PEOPLE = 1_000_000
SECONDS = 60
MESSAGE = {"sms": {"text": SMS_TEXT}}


class Stage:
    def __init__(self, bench, cluster):
        self.bench, self.cluster = bench, cluster
        self.seconds = bench.arguments.seconds or SECONDS
        self.packages = os.path.join(os.path.abspath(bench.build), "tests", "dashboard")
        subprocess.run([sys.executable, "-B", os.path.join(ROOT, "tests", "peers", "install"), SCENE, self.packages], check=True,
                       stdout=sys.stderr)

    def look(self, name, where):
        """Opens the page and gives what it cost."""
        known = {"url": f"http://127.0.0.1:{self.cluster.api_port}", "token": self.cluster.api.token, "hash": where,
                 "seconds": self.seconds}
        done = subprocess.run(["node", os.path.join(HERE, "browser.mjs"), json.dumps(known)], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, text=True, timeout=self.seconds + 300, check=False,
                              env={**os.environ, "TOCSIN_DASHBOARD_TESTS": self.packages})
        if done.returncode != 0:
            raise RuntimeError(f"{name}: {done.stdout[-2000:]}")
        figures = json.loads(done.stdout.strip().splitlines()[-1])
        if figures["bytes_per_minute"] == 0:
            raise RuntimeError(f"{name}: the page was told nothing: {figures}")
        self.bench.say(f"{name}: {figures['main_thread_ms_per_minute']} ms of the main thread and {figures['bytes_per_minute']} bytes a "
                       f"minute, heap {figures['heap_bytes'] / 1e6:.1f} MB, longest task {figures['longest_task_ms']} ms")
        return figures

    def launch(self, audience, lasting):
        """A campaign that goes on until the page was looked at."""
        return self.cluster.campaign(audience["id"], "sms", MESSAGE, rate=max(1, audience["accepted"] / lasting))["id"]

    def cancel(self, campaigns):
        for campaign in campaigns:
            self.cluster.api.post(f"/v1/campaigns/{campaign}/cancel")
        for campaign in campaigns:
            self.cluster.wait_campaign(campaign)

    def running(self, name, audience, where):
        campaign = self.launch(audience, self.seconds + 30)
        figures = self.look(name, where.format(campaign))
        self.cancel([campaign])
        return figures

    def many(self, audience):
        campaigns = [self.launch(audience, self.seconds + 60) for _ in range(MANY)]
        figures = self.look(f"overview of {MANY}", "#/")
        self.cancel(campaigns)
        return figures

    def full_speed(self, audience):
        """One after the other until the page was looked at; also how many, and how fast all together."""
        is_over = threading.Event()
        ended = []

        def go_on():
            while not is_over.is_set():
                campaign = self.cluster.campaign(audience["id"], "sms", MESSAGE)["id"]
                ended.append(self.cluster.wait_campaign(campaign, seconds=300)["id"])

        thread = threading.Thread(target=go_on)
        thread.start()
        try:
            figures = self.look("full speed", "#/")
        finally:
            is_over.set()
            thread.join()
        return {**figures, "campaigns": len(ended), "campaign": ended[-1]}


def run(bench):
    with bench.cluster("browser", NULL_SMS) as cluster:
        cluster.start_coordinator()
        small, _ = bench.upload(cluster, SMALL)
        middle, _ = bench.upload(cluster, min(MANY_PEOPLE, bench.recipients(MANY_PEOPLE)))
        large, _ = bench.upload(cluster, bench.recipients(10_000_000))
        for w in range(bench.workers):
            cluster.start_worker(f"w{w}")
        cluster.wait_workers(bench.workers)
        stage = Stage(bench, cluster)
        scenes = {}
        for name, audience in (("small", small), ("large", large)):
            scenes[f"overview_{name}"] = stage.running(f"overview, {name}", audience, "#/")
            scenes[f"campaign_{name}"] = stage.running(f"campaign, {name}", audience, "#/campaigns/{}")
        scenes["overview_many"] = stage.many(middle)
        scenes["full_speed"] = stage.full_speed(large)
        ended = scenes["full_speed"].pop("campaign")
        scenes["ended"] = stage.look("ended", f"#/campaigns/{ended}")
        return {"bench": "browser", "recipients": large["accepted"], "seconds": stage.seconds, "workers": bench.workers, **scenes}
