# SPDX-License-Identifier: Apache-2.0
"""timers: everybody has been sent to and waits to acknowledge, each until another moment; 10,000 a second come due and climb.

The real engine with simulated time in one process (bench/micro_timers.c): `core_share` is its processor time, and that of
encoding what is journaled, over the simulated seconds; sending on the next step and the disk are not in it.
"""

from bench import median

PER_S = 10_000
SECONDS = 60


def run(bench):
    recipients = bench.recipients(10_000_000)
    runs = []
    for number in range(bench.runs):
        runs.append(bench.run_json(bench.program("bench_micro_timers"), str(recipients), str(PER_S), str(SECONDS)))
        if runs[-1]["early"] or runs[-1]["open"] != recipients or runs[-1]["climbed"] < PER_S * SECONDS * 0.99:
            raise RuntimeError(f"somebody was early or did not climb: {runs[-1]}")
        bench.say(f"run {number + 1}: {runs[-1]['core_share']:.3f} of a core, {runs[-1]['us_each']:.2f} us each, "
                  f"{runs[-1]['bytes_per_recipient']:.1f} bytes of memory each")
    return {"bench": "timers", "recipients": recipients, "runs": len(runs), "per_s": PER_S, "seconds": SECONDS,
            "core_share": round(median(runs, "core_share"), 4), "us_each": round(median(runs, "us_each"), 2),
            "bytes_per_recipient": round(median(runs, "bytes_per_recipient"), 2),
            "rss_bytes": round(median(runs, "rss_bytes")), "early": max(r["early"] for r in runs)}
