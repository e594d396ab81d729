# SPDX-License-Identifier: Apache-2.0
"""engine: a campaign over the null channel, from launch to finished, durable.

The floor is what the workers cannot do without: two processes that open the same kind of sealed pages, compute the token and
render the message of every recipient, with no coordinator, no network and no ledger.
"""

from bench import NULL_SMS, SMS_TEXT, median, run_campaign, summary


def run(bench):
    recipients = bench.recipients(10_000_000)
    runs = []
    with bench.cluster("engine", NULL_SMS) as cluster:
        cluster.start_coordinator()
        audience, seconds = bench.upload(cluster, recipients)
        bench.say(f"imported {audience['accepted']} recipients in {seconds:.1f} s")
        people = audience["accepted"]
        cluster.coordinator.stop()
        for number in range(bench.runs):
            floor = bench.run_json_twice(bench.program("bench_micro_delivery"), str(min(recipients, 4_000_000)))
            cluster.start_coordinator()
            for w in range(bench.workers):
                cluster.start_worker(f"w{number}-{w}")
            cluster.wait_workers(bench.workers)
            before = cluster.api.get("/v1/status")["journal_bytes"]
            view, cost = run_campaign(cluster, audience, "sms", {"sms": {"text": SMS_TEXT}})
            for worker in cluster.workers.values():
                worker.stop()
            cluster.workers.clear()
            cluster.coordinator.stop()
            cluster.start_coordinator()  # the journal's size is known exactly once it is flushed
            journal = cluster.api.get("/v1/status")["journal_bytes"] - before
            cluster.coordinator.stop()
            runs.append({
                "seconds": cost["seconds"],
                "recipients_per_s": people / cost["seconds"],
                "floor_per_s": floor["per_s"],
                "cpu_us_per_recipient": cost["cpu_us"] / people,
                "rss_bytes": cost["rss_bytes"],
                "rss_per_recipient": (cost["rss_bytes"] - cost["idle_bytes"]) / people,
                "journal_per_recipient": journal / people,
            })
            bench.say(f"run {number + 1}: {view['counts']['accepted']} accepted, "
                      f"{runs[-1]['recipients_per_s']:.0f}/s, {runs[-1]['cpu_us_per_recipient']:.3f} us, "
                      f"{runs[-1]['rss_per_recipient']:.1f} bytes of memory and "
                      f"{runs[-1]['journal_per_recipient']:.2f} of journal each")
    return summary("engine", people, runs,
                   workers=bench.workers,
                   bytes_per_recipient=round(median(runs, "journal_per_recipient"), 3),
                   page_bytes_per_recipient=round(audience["page_bytes"] / people, 2),
                   rss_bytes_per_recipient=round(median(runs, "rss_per_recipient"), 2))
