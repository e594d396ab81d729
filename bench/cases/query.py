# SPDX-License-Identifier: Apache-2.0
"""query: what people ask while it burns. A campaign to 10,000,000 people has finished, a thousand of them scattered over it failed;
three more to as many people run at once, at full speed. Meanwhile one client for each question asks, 20 times a second: the
campaign's counts, a recipient's timeline by key, what was sent to an endpoint, and a page of failures (each page from where the
last one ended, the first ones again after the last). The workers give way to the coordinator, as docs/operations.md says for workers
on its machine.

`speed_kept` is the speed of the running campaigns against that of as many just before, with nobody asking.
"""

import http.client
import json
import random
import statistics
import sys
import threading
import time

from bench import NULL_SMS, SMS_TEXT, median

CROWD = 3  # campaigns that run at once
PER_S = 20
SAMPLES = 400  # people who are asked for


def with_nameless(pieces, count):
    """The rows, and after each piece one that the message cannot be written for; count[0] says how many."""
    rest = b""
    for piece in pieces:
        end = piece.rfind(b"\n") + 1
        n = count[0]
        count[0] += 1
        yield rest + piece[:end] + f"nameless-{n},n{n}@customer.example,+47900{n:05d},nb-NO,Europe/Oslo,,Nameless,Oslo\n".encode()
        rest = piece[end:]
    yield rest


def upload(bench, cluster, rows, seed, has_nameless):
    source = bench.customers(rows, "--seed", str(seed))
    pieces = iter(lambda: source.stdout.read(1 << 20), b"")
    count = [0]
    answer = cluster.api.upload(with_nameless(pieces, count) if has_nameless else pieces, query="on_error=skip")
    source.wait()
    if answer.status != 201:
        raise RuntimeError(f"upload: {answer.status} {answer.body[:300]!r}")
    return answer.json(), count[0]


class Asker(threading.Thread):
    """Asks one kind of question at a steady pace over one connection, and notes how long each answer took."""

    def __init__(self, cluster, name, next_path, on_answer=None):
        super().__init__()
        self.cluster, self.name, self.next_path, self.on_answer = cluster, name, next_path, on_answer
        self.times, self.problem, self.stopped = [], None, threading.Event()

    def run(self):
        try:
            connection = http.client.HTTPConnection("127.0.0.1", self.cluster.api_port, timeout=30)
            headers = {"Authorization": f"Bearer {self.cluster.api.token}"}
            due = time.monotonic() + random.random() / PER_S
            while not self.stopped.wait(max(0.0, due - time.monotonic())):
                path = self.next_path()
                began = time.monotonic()
                connection.request("GET", path, headers=headers)
                answer = connection.getresponse()
                body = answer.read()
                self.times.append((time.monotonic() - began) * 1000)
                if answer.status != 200:
                    raise RuntimeError(f"{path}: {answer.status} {body[:200]!r}")
                if self.on_answer:
                    self.on_answer(json.loads(body))
                due = max(due + 1 / PER_S, time.monotonic())
        except (OSError, RuntimeError, http.client.HTTPException) as problem:
            self.problem = problem

    def end(self):
        self.stopped.set()
        self.join()
        if self.problem:
            raise self.problem


class Failures:
    """The pages of a campaign's failures, one after the other, again and again; how many each round found."""

    def __init__(self, campaign):
        self.first = f"/v1/campaigns/{campaign}/recipients?state=failed&limit=100"
        self.path, self.found, self.rounds, self.short = self.first, 0, [], 0

    def next_path(self):
        return self.path

    def on_answer(self, page):
        self.found += len(page["items"])
        self.short += page["next"] is not None and len(page["items"]) < 100
        self.path = f"{self.first}&cursor={page['next']}" if page["next"] else self.first
        if page["next"] is None:
            self.rounds.append(self.found)
            self.found = 0


def run_crowd(cluster, audience):
    """Launches campaigns to all of the audience at once and waits for the last; recipients a second."""
    drafts = [cluster.campaign(audience["id"], "sms", {"sms": {"text": SMS_TEXT}}, launch=False)["id"] for _ in range(CROWD)]
    began = time.monotonic()
    for draft in drafts:
        cluster.api.post(f"/v1/campaigns/{draft}/launch")
    for draft in drafts:
        cluster.wait_campaign(draft, seconds=300, every=0.05)
    return CROWD * audience["accepted"] / (time.monotonic() - began)


def people_of(cluster, campaign, recipients):
    """Keys and endpoints of people all over the audience."""
    people = []
    dice = random.Random(7)
    while len(people) < SAMPLES:
        key = f"C{100000000 + 7 * dice.randrange(recipients)}"
        answer = cluster.api.call("GET", f"/v1/audiences/a1/recipients/{key}")
        if answer.status == 200:
            people.append((key, answer.json()["values"]["phone"]))
        elif not people and dice.random() < 0.01:
            raise RuntimeError(f"there is no {key}: {answer.body[:200]!r}")
    return people


def p99(times):
    return sorted(times)[max(0, int(len(times) * 0.99) - 1)]


def one_run(cluster, campaign, crowd, people, failed):
    alone = run_crowd(cluster, crowd)
    failures = Failures(campaign)
    dice = random.Random(11)
    askers = [
        Asker(cluster, "counts", lambda: f"/v1/campaigns/{campaign}"),
        Asker(cluster, "timeline", lambda: f"/v1/campaigns/{campaign}/recipients/{dice.choice(people)[0]}"),
        Asker(cluster, "lookup", lambda: "/v1/recipients?timeline=true&endpoint=%2B" + dice.choice(people)[1][1:]),
        Asker(cluster, "failures", failures.next_path, failures.on_answer),
    ]
    # They share one interpreter, which lets a thread that reads a page's JSON go on for 5 ms: they would time each other.
    sys.setswitchinterval(0.0002)
    for asker in askers:
        asker.start()
    beside = run_crowd(cluster, crowd)
    for asker in askers:
        asker.end()
    if any(n != failed for n in failures.rounds):
        raise RuntimeError(f"failed are {failed}, but the pages had {failures.rounds}")
    result = {"speed_alone_per_s": alone, "speed_per_s": beside, "speed_kept": beside / alone, "short_pages": failures.short,
              "asked": sum(len(asker.times) for asker in askers)}
    for asker in askers:
        result[f"{asker.name}_p50_ms"] = statistics.median(asker.times)
        result[f"{asker.name}_p99_ms"] = p99(asker.times)
        result[f"{asker.name}_max_ms"] = max(asker.times)
    return result


def run(bench):
    recipients = bench.recipients(10_000_000)
    runs = []
    with bench.cluster("query", NULL_SMS) as cluster:
        cluster.start_coordinator()
        audience, nameless = upload(bench, cluster, recipients, 1, True)
        crowd, _ = upload(bench, cluster, recipients, 2, False)
        for w in range(bench.workers):
            cluster.start_worker(f"w{w}", wrapper=("nice", "-n", "5"))  # docs/operations.md: as on any coordinator's machine
        cluster.wait_workers(bench.workers)
        campaign = cluster.campaign(audience["id"], "sms", {"sms": {"text": SMS_TEXT}})["id"]
        view = cluster.wait_campaign(campaign, seconds=300)
        failed = view["counts"]["failed"]
        if failed != nameless:
            raise RuntimeError(f"{nameless} were to fail, but {view['counts']}")
        people = people_of(cluster, campaign, recipients)
        bench.say(f"{view['recipients']} recipients, {failed} failed")
        for number in range(bench.runs):
            runs.append(one_run(cluster, campaign, crowd, people, failed))
            r = runs[-1]
            bench.say(f"run {number + 1}: {r['speed_alone_per_s']:.0f}/s alone, {r['speed_per_s']:.0f}/s beside {r['asked']} questions; p99 of "
                      + ", ".join(f"{kind} {r[f'{kind}_p99_ms']:.1f} ms (p50 {r[f'{kind}_p50_ms']:.1f}, max {r[f'{kind}_max_ms']:.1f})"
                                  for kind in ("counts", "timeline", "lookup", "failures"))
                      + f"; {r['short_pages']} pages of failures were not full")
    figures = {key: round(median(runs, key), 3) for key in runs[0]}
    return {"bench": "query", "recipients": view["recipients"], "failed": failed, "runs": len(runs), "workers": bench.workers, **figures}
