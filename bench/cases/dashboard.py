# SPDX-License-Identifier: Apache-2.0
"""dashboard: what a hundred open streams of events cost a campaign at full speed on the null channel.

Each run is a campaign without streams and one with them, over the same audience in the same cluster, the first of them in turn.
`speed_kept` is how fast the second was beside the first, the median of all runs. Whoever listens takes what comes and throws it
away, in one thread; a run in which a stream was told nothing of the campaign, or broke off, is none.
"""

import selectors
import socket
import threading
import time

from bench import NULL_SMS, SMS_TEXT, median, run_campaign

STREAMS = 100


class Listeners:
    """Streams that are read as fast as they come."""

    def __init__(self, api, count):
        request = (f"GET /v1/events HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {api.token}\r\n"
                   "Accept: text/event-stream\r\n\r\n").encode()
        self.selector, self.bytes, self.heard, self.broken = selectors.DefaultSelector(), 0, [0] * count, 0
        self.sockets = []
        for number in range(count):
            s = socket.create_connection(("127.0.0.1", api.port))
            s.sendall(request)
            self.selector.register(s, selectors.EVENT_READ, number)
            self.sockets.append(s)
        self.is_over = threading.Event()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        while not self.is_over.is_set():
            for key, _ in self.selector.select(0.2):
                data = key.fileobj.recv(1 << 18)
                if not data:
                    self.broken += 1
                    self.selector.unregister(key.fileobj)
                self.bytes += len(data)
                self.heard[key.data] += data.count(b"\nevent: com.tocsin.campaign.progress\n")

    def stop(self):
        self.is_over.set()
        self.thread.join()
        for s in self.sockets:
            s.close()
        if self.broken or not min(self.heard):
            raise RuntimeError(f"{self.broken} streams broke off, and {self.heard.count(0)} were told nothing")


def measure(bench, cluster, audience, streams):
    listeners = Listeners(cluster.api, streams) if streams else None
    time.sleep(1.5)  # all are there, and have been told how things stand
    cpu = cluster.coordinator.cpu_us()
    _, cost = run_campaign(cluster, audience, "sms", {"sms": {"text": SMS_TEXT}})
    figures = {"per_s": audience["accepted"] / cost["seconds"], "seconds": cost["seconds"],
               "cpu_us": cluster.coordinator.cpu_us() - cpu, "rss_bytes": cost["rss_bytes"]}
    if listeners:
        time.sleep(1.5)  # the last word of the campaign
        figures["bytes"] = listeners.bytes
        figures["heard"] = sum(listeners.heard) / streams
        listeners.stop()
    return figures


def run(bench):
    runs = []
    with bench.cluster("dashboard", NULL_SMS) as cluster:
        cluster.start_coordinator()
        audience, _ = bench.upload(cluster, bench.recipients(10_000_000))
        for w in range(bench.workers):
            cluster.start_worker(f"w{w}")
        cluster.wait_workers(bench.workers)
        measure(bench, cluster, audience, 0)  # so that neither is the first
        for number in range(bench.runs):
            order = (0, STREAMS) if number % 2 == 0 else (STREAMS, 0)
            by_streams = {streams: measure(bench, cluster, audience, streams) for streams in order}
            without, beside = by_streams[0], by_streams[STREAMS]
            run = {"without_per_s": without["per_s"], "per_s": beside["per_s"], "kept": beside["per_s"] / without["per_s"],
                   "cpu_without": without["cpu_us"] / audience["accepted"], "cpu": beside["cpu_us"] / audience["accepted"],
                   "bytes_per_s": beside["bytes"] / (beside["seconds"] + 3) / STREAMS, "heard": beside["heard"],
                   "rss_bytes": beside["rss_bytes"], "rss_more": beside["rss_bytes"] - without["rss_bytes"]}
            runs.append(run)
            bench.say(f"run {number + 1}: {run['without_per_s']:.0f}/s without streams, {run['per_s']:.0f}/s with {STREAMS} "
                      f"({run['kept']:.3f}), {run['heard']:.1f} reports each")
    return {"bench": "dashboard", "recipients": audience["accepted"], "runs": len(runs), "workers": bench.workers,
            "streams": STREAMS, "recipients_per_s": round(median(runs, "per_s")),
            "without_per_s": round(median(runs, "without_per_s")), "speed_kept": round(median(runs, "kept"), 4),
            "speed_kept_each": [round(r["kept"], 3) for r in runs],
            "cpu_us_per_recipient": round(median(runs, "cpu"), 4),
            "cpu_us_per_recipient_without": round(median(runs, "cpu_without"), 4),
            "bytes_per_s_per_stream": round(median(runs, "bytes_per_s")), "reports_per_stream": round(median(runs, "heard"), 1),
            "rss_bytes": round(median(runs, "rss_bytes")), "rss_bytes_more": round(median(runs, "rss_more"))}
