# SPDX-License-Identifier: Apache-2.0
"""One campaign with everything in it, and every number that two views of it have: they are the same to the unit.

Refusals, retries, a fallback, suppressions, people without an endpoint, a pause, kill -9 of a worker and of the coordinator in
mid-way, a cancel in mid-way, and receipts and acknowledgements before and after it. The views are the campaign's own, the list
of its recipients, both exports, the report in all its forms, the metrics, the events, the command, the bundle of evidence, each
person's timeline, and what the providers wrote down."""

import collections
import csv
import datetime
import io
import json
import math
import os
import signal
import subprocess
import time

import pytest

from event_stream import EventStream
from support import (BUILD, Gateway, QUICK, STATES, http_provider, lines_of_json, pages, some, timeline_of, tocsin, wait_for)
from test_metrics import scrape

PER_KIND = 30
MANY = 900  # who are taken at once; most of them are cancelled
RATE = 250
CONTENT = {"sms": {"text": "Hi {{id}}"}, "email": {"subject": "S", "text": "Hi {{id}}"}}
PLAN = {"steps": [{"channel": "sms", "until": "acknowledged", "within": "3s", "attempts": 3, "backoff": "300ms"},
                  {"channel": "email", "attempts": 2, "backoff": "300ms", "on_uncertain": "hold"}]}
LOST = ("failed", "suppressed", "unreachable", "expired", "cancelled", "uncertain")
CAMPAIGNS_OWN = ("launched", "paused", "resumed", "cancelled", "finished", "changed", "expired", "round")


@pytest.fixture
def relay(place):
    gateway = Gateway(os.path.join(place, "relay"), "if ($http_x_recipient ~ ^e) { return 400; } return 202;")
    yield gateway
    gateway.stop()


def people():
    """a is taken on sms, b refused there with 400, d put off with 503, e too, and e is refused on email as well; c has no phone,
    n nothing; x is on the suppression list. m are many, who are taken, and one of ten of them is put off."""
    rows = ["id,phone,email,region"]
    for number, kind in enumerate("abcdenx" + "m"):
        for i in range(MANY if kind == "m" else PER_KIND):
            phone = "" if kind in "cn" else f"+479{number}{i:07d}"
            email = "" if kind == "n" else f"{kind}{i}@customer.test"
            rows.append(f"{kind}{i},{phone},{email},{('north', 'south', '')[i % 3]}")
    return ("\n".join(rows) + "\n").encode()


EVERYBODY = 7 * PER_KIND + MANY


def seconds(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def outcomes_of(view):
    return {(provider, outcome): n for provider, of in view["outcomes"].items() for outcome, n in of.items() if n}


def outcomes_of_metrics(seen):
    of = ((dict(labels), n) for (name, labels), n in seen.samples.items() if name == "tocsin_outcomes_total" and n)
    return {(labels["provider"], labels["outcome"]): int(n) for labels, n in of}


class Run:
    def __init__(self, cluster, gateway, relay, plan, **more):
        self.cluster, self.gateway, self.relay = cluster, gateway, relay
        audience = cluster.api.upload(people()).json()["id"]
        for i in range(PER_KIND):
            cluster.api.call("PUT", "/v1/suppressions", {"contact": f"x{i}", "reason": "legal"})
        self.id = cluster.campaign(audience, None, CONTENT, plan, **more)["id"]
        self.path = f"/v1/campaigns/{self.id}"

    def view(self):
        return self.cluster.api.get(self.path)

    def reach(self, accepted):
        wait_for(f"{accepted} taken", lambda: self.view()["outcomes"].get("gateway", {}).get("accepted", 0) >= accepted)

    def end(self):
        self.cluster.wait_campaign(self.id)
        wait_for("the last outcome", lambda: self.view()["counts"]["leased"] == 0)

    def still(self):
        """Paused, and nobody is with a worker."""
        self.cluster.api.post(f"{self.path}/pause")
        wait_for("nobody under way", lambda: self.view()["counts"]["leased"] == 0)

    def resume(self):
        self.cluster.api.post(f"{self.path}/resume")

    def receipt(self, key, status):
        token = self.gateway.keys()[key][0]
        assert self.cluster.api.call("POST", f"/r/gateway/{token}?status={status}").status == 204

    def acknowledge(self, key):
        self.cluster.api.post("/v1/acknowledgements", {"campaign": self.id, "recipient": key})

    def hold(self, how):
        """The gateway answers nobody, until it goes on: it is not the master of nginx who does."""
        master = self.gateway.process.pid
        with open(f"/proc/{master}/task/{master}/children", encoding="ascii") as f:
            for child in f.read().split():
                os.kill(int(child), how)

    def stop_with_somebody_refused_under_way(self):
        def is_there():
            self.hold(signal.SIGSTOP)
            time.sleep(0.1)
            under_way = {r["key"] for r in pages(self.cluster, f"{self.path}/recipients?state=leased")}
            if any(key.endswith("7") for key in under_way):
                return True
            self.hold(signal.SIGCONT)
            return False

        wait_for("somebody who will be put off", is_there)

    def go(self):
        cluster = self.cluster
        self.reach(PER_KIND)
        self.still()
        assert outcomes_of_metrics(scrape(cluster.api_port)) == outcomes_of(self.view())  # of the first life
        for i in range(0, PER_KIND, 2):
            self.receipt(f"a{i}", "delivered")
        for i in range(0, PER_KIND, 3):
            self.acknowledge(f"a{i}")
        self.resume()
        self.reach(3 * PER_KIND)
        self.hold(signal.SIGSTOP)
        wait_for("somebody under way", lambda: self.view()["counts"]["leased"] > 3)
        cluster.workers["w0"].kill()
        self.hold(signal.SIGCONT)
        cluster.start_worker("w1")
        self.reach(5 * PER_KIND)
        cluster.coordinator.kill()
        cluster.start_coordinator()
        self.reach(PER_KIND)  # its view counts the outcomes of this life
        self.still()
        self.before = self.cluster.api.get(f"{self.path}/report")["messages"], outcomes_of(self.view())
        self.resume()
        wait_for("more", lambda: self.view()["counts"]["waiting"] < MANY // 3)
        self.stop_with_somebody_refused_under_way()
        cluster.api.post(f"{self.path}/cancel")
        self.hold(signal.SIGCONT)
        wait_for("the last outcome", lambda: self.view()["counts"]["leased"] == 0)
        taken = [r["key"] for r in pages(cluster, f"{self.path}/recipients?state=accepted") if r["step"] == 1]
        for i, key in enumerate(taken[:10]):
            self.receipt(key, "bounced" if i % 2 else "delivered")
        for i in range(1, PER_KIND, 3):
            self.acknowledge(f"a{i}")


@pytest.fixture
def launch(gateway, relay, make_cluster):
    """launch(plan, more of the campaign)"""
    gateway.answer("if ($http_x_recipient ~ ^b) { return 400; } if ($http_x_recipient ~ ^[de]) { return 503; }"
                   "if ($http_x_recipient ~ ^m.*7$) { return 503; } return 202;")
    cluster = make_cluster([http_provider(gateway, receipts=True), http_provider(relay, name="relay", channel="email")], QUICK)
    return lambda plan, **more: Run(cluster, gateway, relay, plan, **more)


class Views:
    """All of it, read once the campaign is at rest."""

    def __init__(self, run):
        cluster, path = run.cluster, run.path
        self.view = run.view()
        self.counts = self.view["counts"]
        self.list = pages(cluster, f"{path}/recipients")
        self.rows = lines_of_json(cluster.api.call("GET", f"{path}/export?end_line=no").body.decode())
        text = cluster.api.call("GET", f"{path}/export?format=csv&end_line=no").body.decode()
        self.csv = list(csv.DictReader(io.StringIO(text, newline="")))
        self.report = cluster.api.get(f"{path}/report?by=region")
        text = cluster.api.call("GET", f"{path}/report?format=csv").body.decode()
        self.cells = {(row["section"], row["name"], row["measure"]): row["value"]
                      for row in csv.DictReader(io.StringIO(text, newline=""))}
        self.metrics = scrape(cluster.api_port)
        self.timelines = {row["key"]: timeline_of(cluster, run.id, row["key"]) for row in self.list}
        self.bundle = self.evidence(cluster, run.id)

    def evidence(self, cluster, campaign, *recipient):
        path = os.path.join(cluster.directory, "bundle")
        status, _, err = tocsin(cluster, "evidence", "export", campaign, *recipient, "--output", path)
        assert status == 0, err
        key = cluster.api.get("/v1/evidence/key")["public_key"]
        status, out, err = tocsin(None, "evidence", "verify", path, "--public-key", key, "--json")
        assert status == 0, err
        return json.loads(out)

    def events(self):
        """Of all timelines, by kind; the campaign's own are not of a person."""
        return collections.Counter(event["event"] for timeline in self.timelines.values() for event in timeline
                                   if event["event"] not in CAMPAIGNS_OWN or "lease" in event or "reason" in event)


def test_every_view_of_one_campaign_tells_the_same(launch):
    run = launch(PLAN, rate=RATE)
    run.go()
    views = Views(run)
    check_states(run, views)
    check_people(views)
    check_messages(run, views)
    check_reasons(views)
    check_ladder(views)
    check_times(views)
    check_evidence(run, views)
    check_the_providers_word(run, views)


def check_states(run, views):
    cluster, counts = run.cluster, views.counts
    assert sum(counts.values()) == EVERYBODY == views.view["recipients"] == len(views.list)
    assert counts["cancelled"] > 0 and counts["waiting"] == counts["leased"] == counts["retrying"] == 0
    by_state = collections.Counter(row["state"] for row in views.list)
    assert by_state == collections.Counter(row["state"] for row in views.rows) == some(counts)
    assert by_state == collections.Counter(row["state"] for row in views.csv)
    assert {s["state"]: s["people"] for s in views.report["states"]} == counts
    assert {state: int(views.cells["states", state, "people"]) for state in STATES} == counts
    assert {state: views.metrics.value("tocsin_recipients", state=state) for state in STATES} == counts
    for state in some(counts):
        answer = cluster.api.call("GET", f"{run.path}/export?state={state}&end_line=no").body
        assert len(answer.splitlines()) == counts[state] == len(pages(cluster, f"{run.path}/recipients?state={state}"))
    status, out, err = tocsin(cluster, "campaign", "list", "--json")
    assert status == 0, err
    [listed] = lines_of_json(out)
    assert listed["counts"] == counts and listed["repeated"] == views.view["repeated"]
    stream = EventStream(cluster.api, "?types=campaign.progress")
    told = wait_for("how it stands", lambda: [e for e in stream.events if e.type == "campaign.progress"])
    stream.close()
    for member in ("counts", "outcomes", "repeated", "recipients", "open", "ladder", "launched_at", "ended_at"):
        assert told[-1].data[member] == views.view[member], member
    line = first_line(cluster, "events", "--types", "campaign.progress", "--campaign", run.id)
    for state, n in some(counts).items():
        assert f"{n} {state}" in line, line


def first_line(cluster, *arguments):
    """Of a command that goes on and on, behind what the stream says of itself."""
    child = subprocess.Popen([os.path.join(BUILD, "bin", "tocsin"), *arguments], stdout=subprocess.PIPE, text=True, env={
        "TOCSIN_API": f"http://127.0.0.1:{cluster.api_port}", "TOCSIN_TOKEN": cluster.api.token})
    try:
        return next(line for line in child.stdout if "stream." not in line)
    finally:
        child.kill()
        child.communicate()


def proofs(row):
    return [row[member] for member in ("accepted_at", "delivered_at", "acknowledged_at") if row[member]]


def check_people(views):
    report, rows = views.report["people"], views.rows
    bounced = {key for key, timeline in views.timelines.items() if any(e["event"] == "bounced" for e in timeline)}
    assert report["recipients"] == EVERYBODY
    assert report["acknowledged"]["people"] == sum(1 for row in rows if row["acknowledged_at"]) == views.counts["acknowledged"]
    assert report["delivered"]["people"] == sum(1 for row in rows if row["delivered_at"])
    assert report["not_reached"]["people"] == sum(views.counts[state] for state in LOST) == views.report["not_reached"]["people"]
    reached = {row["key"] for row in rows if proofs(row) and row["key"] not in bounced}
    assert report["reached"]["people"] == len(reached) == EVERYBODY - report["not_reached"]["people"]
    assert [row for row in rows if row["attempts"] != [r for r in views.list if r["key"] == row["key"]][0]["attempts"]] == []
    assert sum(1 for row in rows if row["uncertain"]) == sum(1 for row in views.list if row["uncertain"])
    for member in ("reached", "not_reached", "acknowledged"):
        assert sum(group[member]["people"] for group in views.report["groups"]["values"]) == report[member]["people"]
        assert views.cells["people", "", f"{member}.people"] == str(report[member]["people"])
    for row, line in zip(rows, views.csv):
        for member in ("ordinal", "key", "state", "step", "attempts", "reason", "at", "accepted_at", "acknowledged_at"):
            assert line[member] == ("" if row[member] is None else str(row[member])), (member, row, line)


def check_messages(run, views):
    told, events = views.report["messages"], views.events()
    assert told["attempts"] == sum(told[part] for part in ("accepted", "deferred", "refused", "uncertain", "overtaken", "under_way"))
    assert told["under_way"] == told["overtaken"] == 0
    # Each lease was an attempt, or came back.
    assert events["leased"] == told["attempts"] + told["handed_back"] + told["turned_away"] + told["nothing_there"]
    assert told["bounced"] == events["bounced"] > 0
    assert told["accepted"] == events["accepted"] and told["uncertain"] == events["repeated"] + events["held"] > 0
    assert events["repeated"] >= told["repeated"] > 0
    assert sum(way["messages"]["attempts"] for way in views.report["providers"]) == told["attempts"]
    # What workers told of this life of the coordinator, by the metrics, and by the campaign's own view.
    outcomes = outcomes_of(views.view)
    assert outcomes_of_metrics(views.metrics) == outcomes
    since, (told_before, before) = collections.Counter(), run.before
    for (provider, outcome), n in outcomes.items():
        since[outcome] += n - before.get((provider, outcome), 0)
    told = {member: n - told_before[member] for member, n in told.items()}
    assert told["accepted"] == since["accepted"]
    # A repetition that is put off leaves the doubt that there was.
    assert told["deferred"] + told["refused"] + told["nothing_there"] + told["uncertain"] == \
        since["deferred"] + since["rejected"] + since["uncertain"]
    assert told["handed_back"] == since["returned"] and told["turned_away"] == since["throttled"] == 0


def check_reasons(views):
    lost = [row for row in views.rows if row["state"] in LOST]
    ours = collections.Counter(row["reason"] for row in lost)
    failures = views.report["failures"]
    assert {reason["reason"]: reason["people"] for reason in failures["reasons"] if reason["people"]} == ours
    assert sum(part["people"] for part in failures["classes"]) == len(lost)
    first = views.report["not_reached"]["first"]
    assert [(p["key"], p["state"], p["reason"]) for p in first] == [(row["key"], row["state"], row["reason"]) for row in lost[:20]]


def check_ladder(views):
    stands = collections.Counter((row["step"], row["state"]) for row in views.rows)
    for rung, told in zip(views.view["ladder"], views.report["ladder"]):
        number = rung["step"]
        assert {(number, state): n for state, n in rung["counts"].items() if n} == \
            {at: n for at, n in stands.items() if at[0] == number}
        climbed = [key for key, timeline in views.timelines.items() if any(e["event"] == "climbed" for e in timeline)]
        assert told["entered"] == (EVERYBODY if number == 1 else len(climbed))
        assert told["climbed"] == (len(climbed) if number == 1 else 0)


def percentile(times, of, percent):
    rank = max(1, math.ceil(of * percent / 100))
    return sorted(times)[rank - 1] if rank <= len(times) else None


def check_times(views):
    report, course = views.report, views.report["course"]
    launched = seconds(views.view["launched_at"])
    assert (course["launched_at"], course["ended_at"]) == (views.view["launched_at"], views.view["ended_at"])
    assert course["duration_s"] == pytest.approx(seconds(views.view["ended_at"]) - launched, abs=0.0015)
    assert len(course["pauses"]) == 2
    bounced = {key for key, timeline in views.timelines.items() if any(e["event"] == "bounced" for e in timeline)}
    first = [min(map(seconds, proofs(row))) - launched for row in views.rows if proofs(row) and row["key"] not in bounced]
    acknowledged = [seconds(row["acknowledged_at"]) - launched for row in views.rows if row["acknowledged_at"]]
    delivered = [seconds(row["delivered_at"]) - launched for row in views.rows if row["delivered_at"]]
    for member, times in (("first_word", first), ("acknowledgement", acknowledged), ("receipt", delivered)):
        spread = report["times"][member]
        assert spread["people"] == len(times)
        for base, of in (("of_recipients", EVERYBODY), ("of_these", len(times))):
            for percent in (50, 90, 99):
                ours, told = percentile(times, of, percent), spread[base][f"p{percent}_s"]
                assert (told is None) == (ours is None), (member, base, percent)
                assert ours is None or told == pytest.approx(ours, rel=0.005, abs=0.0021), (member, base, percent)


def check_evidence(run, views):
    of_people = {event: n for event, n in views.events().items() if n}
    assert views.bundle["proven"] and views.bundle["ended"]
    assert views.bundle["events"] == of_people
    assert views.bundle["pages"] == math.ceil(EVERYBODY / 1024)
    own = [(event["at"], event["event"]) for event in views.bundle["timeline"]]
    assert own[0] == (views.view["launched_at"], "launched")
    assert (views.view["ended_at"], "cancelled") in own
    for key in ("a0", "b1", "d2", "e3", "n4", "x5", "m6"):
        proven = views.evidence(run.cluster, run.id, key)
        told = [(e["at"], e["event"], e.get("reason", 0)) for e in proven["timeline"]]
        assert sorted(told) == sorted((e["at"], e["event"], e.get("reason", 0)) for e in views.timelines[key]), key


def check_the_providers_word(run, views):
    """Of what the killed worker had in hand nobody knows whether it was answered."""
    for name, gateway in (("gateway", run.gateway), ("relay", run.relay)):
        answered = collections.Counter(request.status for request in gateway.requests())
        told = next(way["messages"] for way in views.report["providers"] if way["provider"] == name)
        assert 0 <= answered[202] - told["accepted"] <= told["uncertain"]
        assert 0 <= answered[400] + answered[503] - told["deferred"] - told["refused"] <= told["uncertain"]
        assert told["attempts"] - told["uncertain"] <= sum(answered.values()) <= told["attempts"]


# ---- the same of campaigns of other shapes ----


def check_what_all_have(run, views):
    counts = views.counts
    by_state = collections.Counter(row["state"] for row in views.list)
    assert by_state == collections.Counter(row["state"] for row in views.rows) == some(counts)
    assert {s["state"]: s["people"] for s in views.report["states"]} == counts
    assert {state: views.metrics.value("tocsin_recipients", state=state) for state in STATES} == counts
    check_people(views)
    check_reasons(views)
    outcomes, told, events = collections.Counter(), views.report["messages"], views.events()
    for (_, outcome), n in outcomes_of(views.view).items():
        outcomes[outcome] += n
    assert told["accepted"] + told["overtaken"] >= outcomes["accepted"] == events["accepted"]
    assert told["deferred"] + told["refused"] + told["nothing_there"] == outcomes["deferred"] + outcomes["rejected"]
    assert told["handed_back"] == outcomes["returned"] and told["turned_away"] == outcomes["throttled"]
    assert events["leased"] == told["attempts"] + told["handed_back"] + told["turned_away"] + told["nothing_there"]
    assert outcomes_of_metrics(views.metrics) == outcomes_of(views.view)
    assert views.bundle["events"] == {event: n for event, n in events.items() if n}


def test_a_pair_whose_time_is_over_in_mid_way(launch):
    run = launch({"steps": [{"channel": "sms", "until": "acknowledged", "within": "2s", "attempts": 2, "backoff": "300ms"},
                            {"channel": "email", "with_previous": True, "attempts": 2, "backoff": "300ms"}]}, rate=200, not_after="4s")
    run.end()
    views = Views(run)
    assert views.counts["expired"] > 0 and views.view["state"] == "finished"
    check_what_all_have(run, views)


def test_a_pair_that_is_cancelled_while_somebody_is_refused(launch):
    run = launch({"steps": [{"channel": "sms", "attempts": 2, "backoff": "300ms"}, {"channel": "email", "with_previous": True}]}, rate=200)
    run.reach(MANY // 5)
    run.hold(signal.SIGSTOP)
    time.sleep(0.5)  # all 16 connections wait for an answer, and one of ten of those is a 503
    run.cluster.api.post(f"{run.path}/cancel")
    run.hold(signal.SIGCONT)
    run.end()
    views = Views(run)
    assert views.view["state"] == "cancelled" and views.events()["cancelled"] > 0
    check_what_all_have(run, views)


def test_a_further_round(launch):
    run = launch({"steps": [{"channel": "sms", "attempts": 2, "backoff": "200ms"}]})
    run.end()
    run.cluster.api.post(f"{run.path}/retry", {"states": ["failed"]})
    run.end()
    views = Views(run)
    assert views.report["people"]["in_further_rounds"]["people"] > 0
    check_what_all_have(run, views)


def test_one_person_who_is_scheduled_moved_and_slowed_before_the_launch(launch):
    run = launch({"steps": [{"channel": "sms"}]}, launch=False)
    audience = run.cluster.api.upload(b"id,phone\nonly,+4799999999\n").json()["id"]
    run.id = run.cluster.campaign(audience, "sms", {"sms": CONTENT["sms"]}, launch=False)["id"]
    run.path = f"/v1/campaigns/{run.id}"
    run.cluster.api.post(f"{run.path}/launch", {"at": soon(3600)})
    assert run.cluster.api.call("PATCH", run.path, {"rate": 50}).status == 200
    run.cluster.api.post(f"{run.path}/launch", {"at": soon(7200)})
    run.cluster.api.post(f"{run.path}/launch")
    run.end()
    report = run.cluster.api.get(f"{run.path}/report")
    first = report["times"]["first_word"]
    assert first["people"] == 1 and first["of_recipients"]["p50_s"] == first["of_recipients"]["p99_s"] == first["last_s"]
    assert report["people"]["reached"] == {"people": 1, "share": 1.0}
    views = Views.__new__(Views)
    proven = views.evidence(run.cluster, run.id, "only")
    assert [e["event"] for e in proven["timeline"] if not e["of_campaign"]] == ["leased", "accepted"]
    assert [e["event"] for e in proven["timeline"] if e["of_campaign"]][0] == "scheduled"
    assert views.evidence(run.cluster, run.id)["events"] == {"leased": 1, "accepted": 1}


def soon(s):
    return datetime.datetime.fromtimestamp(time.time() + s, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
