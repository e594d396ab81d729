# SPDX-License-Identifier: Apache-2.0
"""bulk: mail in SendGrid's form, 500 recipients in a request, to nginx, through the sendgrid adapter.

The floor is a bare libcurl loop that posts a request of the same form and size, in as many processes as there are workers, in
the same run; it writes no request of its own.
"""

import json
import os
import re
import sys
import urllib.request

from bench import median, run_campaign, summary

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..", "tests", "harness"))
from cluster import start_nginx  # noqa: E402

CONNECTIONS = 8
BULK = 500
SUBJECT = "An outage in {{city}}"
TEXT = ("Dear {{first_name}} {{last_name}},\n\nthere is an outage of our service in {{city}}. We expect it to be over by 18:00 and will write"
        " to you again then. You do not have to do anything. Thank you for your patience.\n\nYour bank\n")
# As SendGrid answers: its id of the request is kept for each recipient.
ANSWER = "add_header X-Message-Id $request_id; return 202;"
SECRET = "TOCSIN_BENCH_KEY"


def provider(port):
    return {"name": "sendgrid", "channel": "email", "adapter": "sendgrid",
            "settings": {"url": f"http://127.0.0.1:{port}", "api_key": f"env:{SECRET}", "from": "notices@bank.example",
                         "bulk": BULK, "connections": CONNECTIONS}}


def same_form(path):
    """A request as the adapter writes it, of which only the names are others."""
    marks = [f"-Ab3dEf7h0{i}-" for i in range(3)]
    mail = {"from": {"email": "notices@bank.example"}, "subject": f"An outage in {marks[0]}",
            "content": [{"type": "text/plain", "value": TEXT.replace("{{city}}", marks[0]).replace("{{first_name}}", marks[1])
                         .replace("{{last_name}}", marks[2])}],
            "personalizations": [{"to": [{"email": f"customer{i:09d}@mail.example"}], "custom_args": {"tocsin": "x" * 32},
                                  "substitutions": dict(zip(marks, ("Hamburg", "Matthias", "Schneider")))}
                                 for i in range(BULK)]}
    with open(path, "w", encoding="utf-8") as f:
        json.dump(mail, f, separators=(",", ":"))
    return os.path.getsize(path)


def requests_of(port):
    """How many nginx has had, this one not counted."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/stub_status") as reply:
        return int(re.search(r"^ \d+ \d+ (\d+)", reply.read().decode(), re.M).group(1)) - 1


def one_run(bench, name, port, recipients):
    with bench.cluster(name, [provider(port)]) as cluster:
        cluster.start_coordinator()
        audience, _ = bench.upload(cluster, recipients)
        for w in range(bench.workers):
            cluster.start_worker(f"w{w}")
        cluster.wait_workers(bench.workers)
        before = requests_of(port)
        view, cost = run_campaign(cluster, audience, "email", {"email": {"subject": SUBJECT, "text": TEXT}}, every=0.01)
        requests = requests_of(port) - before - 1
    if view["counts"]["accepted"] != view["recipients"]:
        raise RuntimeError(f"not everybody was accepted: {view['counts']}")
    people = view["recipients"]
    return {"seconds": cost["seconds"], "recipients_per_s": people / cost["seconds"],
            "cpu_us_per_recipient": cost["cpu_us"] / people, "rss_bytes": cost["rss_bytes"], "in_a_request": people / requests}


def run(bench):
    recipients = bench.recipients(3_000_000)
    os.environ[SECRET] = "SG.bench"
    body = os.path.join(bench.directory, "request.json")
    size = same_form(body)
    runs = []
    for number in range(bench.runs):
        nginx, port = start_nginx(os.path.join(bench.directory, f"nginx{number}"), {"/": ANSWER})
        try:
            floor = bench.run_json_twice(bench.program("bench_floor_http"), f"http://127.0.0.1:{port}/v3/mail/send",
                                         str(recipients // BULK * 8), str(CONNECTIONS), body)
            measured = one_run(bench, f"bulk{number}", port, recipients)
        finally:
            nginx.stop()
        people = floor["count"] * BULK
        runs.append({**measured, "floor_per_s": floor["per_s"] * BULK, "floor_cpu_us": floor["cpu_us"] / people})
        bench.say(f"run {number + 1}: {measured['recipients_per_s']:.0f}/s at {measured['cpu_us_per_recipient']:.3f} us, "
                  f"{measured['in_a_request']:.1f} a request, "
                  f"floor {runs[-1]['floor_per_s']:.0f}/s at {runs[-1]['floor_cpu_us']:.3f} us")
    return summary("bulk", recipients, runs, workers=bench.workers, recipients_per_request=round(median(runs, "in_a_request"), 1), request_bytes=size,
                   floor_cpu_us_per_recipient=round(median(runs, "floor_cpu_us"), 3))
