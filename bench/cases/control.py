# SPDX-License-Identifier: Apache-2.0
"""control: a campaign is paused, resumed and cancelled while it sends at full rate to nginx.

`pause_ms` and `cancel_ms` are from the 2xx answer to the last request that nginx counted, by looking at its counter all the
time for SETTLE_S. Whatever nginx counts after a second breaks the promise.

Then people who are in a worker's hands acknowledge, one by one, while a campaign is sent: `ack_to_recall_ms` is from the 2xx answer
of an acknowledgement to the last request for that person, by nginx's own log; 0 if there was none. `called_back` are those who were
never sent to.
"""

import os
import random
import sys
import time
import urllib.request

from bench import median
from cases.http import TEXT, provider

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..", "tests", "harness"))
from cluster import start_nginx  # noqa: E402

SETTLE_S = 2.5
SPEED_S = 1.0
ACKS = 200  # of each run, one after the other
ACKS_AT_ONCE = 10  # of those who were looked up at a time: the others are soon sent to


class Counter:
    """What nginx has answered so far, but for our own looks at it."""

    def __init__(self, port):
        self.url, self.looks = f"http://127.0.0.1:{port}/stub_status", 0

    def __call__(self):
        self.looks += 1
        with urllib.request.urlopen(self.url) as answer:
            return int(answer.read().split()[9]) - self.looks


def stop_and_count(cluster, path, verb, counter):
    """How fast it was, and when the last request came, in ms after the answer."""
    before, began = counter(), time.monotonic()
    time.sleep(SPEED_S)
    per_s = (counter() - before) / (time.monotonic() - began)
    cluster.api.post(f"{path}/{verb}")
    answered = time.monotonic()
    count = counter()
    last_ms = (time.monotonic() - answered) * 1000  # what came before the first look may have come until then
    while time.monotonic() < answered + SETTLE_S:
        now = counter()
        if now != count:
            count, last_ms = now, (time.monotonic() - answered) * 1000
    return per_s, last_ms


def start_logged_nginx(directory):
    """nginx that notes when it was asked for whom. Returns (process, port, log)."""
    log = os.path.join(directory, "requests.log")
    http = "log_format asked '$msec $http_x_recipient';"
    nginx, port = start_nginx(directory, {"/send": f"access_log {log} asked buffer=64k flush=100ms; return 202;"}, http=http)
    return nginx, port, log


def logged_provider(port):
    gateway = provider(port)
    gateway["settings"]["headers"] = {"X-Recipient": "{{id}}"}
    return gateway


def in_hand(cluster, path):
    """Some of those who are leased by now, in no order."""
    keys = [item["key"] for item in cluster.api.get(f"{path}/recipients?state=leased&limit=1000")["items"]]
    random.shuffle(keys)
    return keys[:ACKS_AT_ONCE]


def acknowledge_in_hand(cluster, path):
    """When each of some people had the answer to their acknowledgement, on the wall clock."""
    answered = {}
    campaign = path.rsplit("/", 1)[1]
    while len(answered) < ACKS:
        keys = in_hand(cluster, path)
        if not keys and cluster.api.get(path)["state"] != "running":
            raise RuntimeError(f"it was over when {len(answered)} had acknowledged: more recipients are needed")
        for key in keys:
            cluster.api.post("/v1/acknowledgements", {"campaign": campaign, "recipient": key})
            answered[key] = time.time()
    return answered


def lateness(log, answered):
    """How late the last request for anybody came, in ms, and how many there was none for at all."""
    last = {}
    with open(log, encoding="ascii") as lines:
        for line in lines:
            at, key = line.split()
            if key in answered:
                last[key] = float(at)
    late = max(((last[key] - answered[key]) * 1000 for key in last), default=0.0)
    return max(late, 0.0), len(answered) - len(last)


def recall(bench, number, recipients):
    """Of one campaign: how long after the answer the last message left for somebody who had acknowledged."""
    nginx, port, log = start_logged_nginx(os.path.join(bench.directory, f"recall{number}-nginx"))
    try:
        with bench.cluster(f"recall{number}", [logged_provider(port)]) as cluster:
            cluster.start_coordinator()
            audience, _ = bench.upload(cluster, recipients)
            for w in range(bench.workers):
                cluster.start_worker(f"w{w}")
            cluster.wait_workers(bench.workers)
            campaign = cluster.campaign(audience["id"], "sms", {"sms": {"text": TEXT}})["id"]
            answered = acknowledge_in_hand(cluster, f"/v1/campaigns/{campaign}")
            cluster.api.post(f"/v1/campaigns/{campaign}/cancel")
            cluster.wait_campaign(campaign)
            time.sleep(SPEED_S)  # nginx writes its log now and then
            return lateness(log, answered)
    finally:
        nginx.stop()


def run(bench):
    recipients = bench.recipients(1_000_000)
    runs = []
    nginx, port = start_nginx(os.path.join(bench.directory, "nginx"))
    try:
        counter = Counter(port)
        with bench.cluster("control", [provider(port)]) as cluster:
            cluster.start_coordinator()
            audience, _ = bench.upload(cluster, recipients)
            for w in range(bench.workers):
                cluster.start_worker(f"w{w}")
            cluster.wait_workers(bench.workers)
            for number in range(bench.runs):
                campaign = cluster.campaign(audience["id"], "sms", {"sms": {"text": TEXT}})["id"]
                path = f"/v1/campaigns/{campaign}"
                per_s, pause_ms = stop_and_count(cluster, path, "pause", counter)
                cluster.api.post(f"{path}/resume")
                _, cancel_ms = stop_and_count(cluster, path, "cancel", counter)
                view = cluster.wait_campaign(campaign)
                if view["state"] != "cancelled" or view["counts"]["cancelled"] == 0:
                    raise RuntimeError(f"it was over too early: {view['counts']}")
                runs.append({"per_s": per_s, "pause_ms": pause_ms, "cancel_ms": cancel_ms})
                bench.say(f"run {number + 1}: at {per_s:.0f}/s, last {pause_ms:.0f} ms after the pause, "
                          f"{cancel_ms:.0f} ms after the cancellation")
    finally:
        nginx.stop()
    for number, figures in enumerate(runs):
        figures["ack_to_recall_ms"], figures["called_back"] = recall(bench, number, recipients)
        bench.say(f"run {number + 1}: last message {figures['ack_to_recall_ms']:.0f} ms after the acknowledgement, "
                  f"{figures['called_back']} of {ACKS} called back")
    return {"bench": "control", "recipients": recipients, "runs": len(runs), "workers": bench.workers,
            "per_s": round(median(runs, "per_s")), "pause_ms": round(max(r["pause_ms"] for r in runs), 1),
            "cancel_ms": round(max(r["cancel_ms"] for r in runs), 1),
            "ack_to_recall_ms": round(max(r["ack_to_recall_ms"] for r in runs), 1),
            "called_back": round(median(runs, "called_back")), "acknowledged": ACKS}
