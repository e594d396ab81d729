# SPDX-License-Identifier: Apache-2.0
"""report: what became of a finished campaign, read from the journal, without and with a column to group by; then the same of a
campaign that is being sent at full speed, again and again.

There is no floor: `speed_kept` is the running campaign's speed compared with the same campaign alone, in the same run.
"""

import threading
import time

from bench import NULL_SMS, SMS_TEXT, median, run_campaign


def ask(cluster, campaign, query=""):
    began = time.monotonic()
    answer = cluster.api.call("GET", f"/v1/campaigns/{campaign}/report{query}", timeout=300)
    if answer.status != 200:
        raise RuntimeError(f"report: {answer.status} {answer.body[:300]!r}")
    return time.monotonic() - began, answer


def whole(answer, people):
    document = answer.json()
    if sum(state["people"] for state in document["states"]) != people or document["people"]["reached"]["people"] != people:
        raise RuntimeError(f"the report is wrong: {document['people']}")


class Asker(threading.Thread):
    """Asks for reports of the newest campaign until it is told to stop."""

    def __init__(self, cluster):
        super().__init__()
        self.cluster, self.is_over, self.seconds = cluster, False, []

    def run(self):
        while not self.is_over:
            campaign = self.cluster.api.get("/v1/campaigns?limit=1000")["items"][-1]
            if campaign["state"] == "running":
                self.seconds.append(ask(self.cluster, campaign["id"])[0])
            else:
                time.sleep(0.02)


def send(cluster, audience):
    view, cost = run_campaign(cluster, audience, "sms", {"sms": {"text": SMS_TEXT}})
    return view["id"], audience["accepted"] / cost["seconds"]


def run(bench):
    recipients = bench.recipients(10_000_000)
    runs = []
    with bench.cluster("report", NULL_SMS) as cluster:
        cluster.start_coordinator()
        audience, _ = bench.upload(cluster, recipients)
        people = audience["accepted"]
        for w in range(bench.workers):
            cluster.start_worker(f"w{w}")
        cluster.wait_workers(bench.workers)
        campaign, _ = send(cluster, audience)
        for number in range(bench.runs):
            cluster.coordinator.stop()
            cluster.start_coordinator()
            cluster.wait_workers(bench.workers)
            idle = cluster.coordinator.rss_bytes()
            plain, answer = ask(cluster, campaign)
            whole(answer, people)
            grouped, answer = ask(cluster, campaign, "?by=city")
            whole(answer, people)
            peak = cluster.coordinator.rss_bytes(peak=True)
            kept, answer = ask(cluster, campaign, "?by=city&format=html")
            _, alone = send(cluster, audience)
            asker = Asker(cluster)
            asker.start()
            _, beside = send(cluster, audience)
            asker.is_over = True
            asker.join()
            runs.append({"plain": plain, "grouped": grouped, "kept": kept, "over": peak - idle, "html": len(answer.body),
                         "kept_speed": beside / alone, "beside": max(asker.seconds, default=0), "asked": len(asker.seconds)})
            bench.say(f"run {number + 1}: {plain:.2f} s, {grouped:.2f} s by city, {kept * 1000:.0f} ms again as HTML; "
                      f"{(peak - idle) / 1e6:.1f} MB over idle; {len(asker.seconds)} while sending, at most "
                      f"{max(asker.seconds, default=0):.2f} s, speed kept {beside / alone:.3f}")
    return {
        "bench": "report",
        "recipients": people,
        "runs": len(runs),
        "seconds": round(median(runs, "plain"), 3),
        "by_column_s": round(median(runs, "grouped"), 3),
        "again_html_ms": round(median(runs, "kept") * 1000, 1),
        "html_bytes": round(median(runs, "html")),
        "rss_over_idle_bytes": round(median(runs, "over")),
        "while_sending_s": round(median(runs, "beside"), 3),
        "reports_while_sending": round(median(runs, "asked")),
        "speed_kept": round(median(runs, "kept_speed"), 3),
    }
