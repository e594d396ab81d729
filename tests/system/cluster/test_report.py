# SPDX-License-Identifier: Apache-2.0
"""Reports: their figures against the campaign's own counts and against a count of ours over every recipient's timeline."""

import collections
import csv
import datetime
import html.parser
import io
import json
import math
import os
import re
import socket
import threading

import pytest

from support import (Gateway, http_provider, pages, problem_of, timeline_of, tocsin, upload, wait_for)

PER_KIND = 60
KINDS = "abcdenx"  # see people()
REGIONS = ("north", "south", "")
NOT_REACHED = ("failed", "suppressed", "unreachable", "expired", "cancelled", "uncertain")
OF_CAMPAIGN = ("launched", "paused", "resumed", "finished")
EXACT = 0.005  # of a time
NAME = "Boil </title><script>alert(1)</script> & \"water\" 'now'"
CONTENT = {"sms": {"text": "Hi"}, "email": {"subject": "S", "text": "Hi"}}
PLAN = {"steps": [{"channel": "sms", "until": "acknowledged", "within": "3s", "attempts": 2, "backoff": "200ms"},
                  {"channel": "email", "attempts": 2, "backoff": "200ms"}]}


@pytest.fixture
def relay(place):
    gateway = Gateway(os.path.join(place, "relay"), "if ($http_x_recipient ~ ^e) { return 400; } return 202;")
    yield gateway
    gateway.stop()


@pytest.fixture
def cluster(gateway, relay, make_cluster):
    gateway.answer("if ($http_x_recipient ~ ^b) { return 400; } if ($http_x_recipient ~ ^[de]) { return 503; } return 202;")
    return make_cluster([http_provider(gateway, receipts=True), http_provider(relay, name="relay", channel="email")])


def people():
    """a is taken on sms; b is refused there with 400, d put off with 503, e too, and e is refused on email as well; c has no
    phone; n has nothing; x is on the suppression list."""
    rows = ["id,phone,email,locale,region"]
    for number, kind in enumerate(KINDS):
        for i in range(PER_KIND):
            phone = "" if kind in "cn" else f"+479{number}{i:07d}"
            email = "" if kind == "n" else f"{kind}{i}@customer.test"
            rows.append(f"{kind}{i},{phone},{email},{'nb' if i % 3 else ''},{REGIONS[i % 3]}")
    return ("\n".join(rows) + "\n").encode()


def at(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def report(cluster, campaign, query="", **headers):
    answer = cluster.api.call("GET", f"/v1/campaigns/{campaign}/report{query}", headers=headers)
    assert answer.status == 200, answer.body
    return answer


def launch(cluster, plan=None, **more):
    audience = cluster.api.upload(people()).json()["id"]
    for i in range(PER_KIND):
        assert cluster.api.call("PUT", "/v1/suppressions", {"contact": f"x{i}", "reason": "legal"}).status == 201
    return cluster.campaign(audience, None, CONTENT, plan or PLAN, **more)["id"]


def run_whole(cluster, gateway):
    """A campaign with everything in it: refusals, retries, a ladder, receipts, acknowledgements and a pause."""
    campaign = launch(cluster, name=NAME)
    path = f"/v1/campaigns/{campaign}"
    wait_for("messages", lambda: cluster.api.get(path)["counts"]["accepted"] >= PER_KIND)
    cluster.api.post(f"{path}/pause")
    tokens = gateway.keys()
    for i in range(0, PER_KIND, 2):
        assert cluster.api.call("POST", f"/r/gateway/{tokens[f'a{i}'][0]}?status=delivered").status == 204
    for i in range(0, PER_KIND, 3):
        if i % 2:
            assert cluster.api.call("POST", f"/a/{tokens[f'a{i}'][0]}").status == 200
        cluster.api.post("/v1/acknowledgements", {"campaign": campaign, "recipient": f"a{i}"})  # the first one counts
    cluster.api.post(f"{path}/resume")
    cluster.wait_campaign(campaign)
    for i in range(10):
        cluster.api.post("/v1/acknowledgements", {"campaign": campaign, "recipient": f"b{i}"})
    return campaign


MEANS = {1701: "link", 1702: "reply", 1703: "key", 1704: "others"}


# ---- a count of our own ----


class Story:
    """What one timeline comes to."""

    def __init__(self, timeline):
        self.attempts = self.retries = self.deferred = self.refused = 0
        self.accepted, self.first, self.delivered, self.acknowledged = 0, None, None, None
        self.steps, self.ways, self.reason, self.acknowledged_step = {1}, collections.Counter(), 0, None
        self.accepted_steps = set()
        step, attempt, provider = 1, 0, None
        for event in timeline:
            kind, when, reason = event["event"], at(event["at"]), event.get("reason", 0)
            if kind in OF_CAMPAIGN:
                continue
            if kind == "leased":
                provider = event["provider"]
                self.attempts += 1
                self.ways[provider] += 1
                self.retries += attempt > 0
            elif provider and reason in (1002, 1405) or kind == "released":
                self.attempts -= 1
                self.ways[provider] -= 1
                self.retries -= attempt > 0
            if kind == "accepted":
                self.accepted += 1
                self.first = self.first or when
                self.accepted_steps.add(step)
            elif kind == "deferred":
                self.deferred += 1
                attempt += 1
            elif kind in ("delivered", "confirmed"):
                self.delivered = self.delivered or when
            elif kind == "acknowledged":
                self.acknowledged, self.acknowledged_step, self.means = when, step, MEANS[reason]
            elif kind in ("failed", "climbed", "unreachable", "suppressed") and provider and reason not in (1002, 1405, 1305):
                self.refused += 1
            if kind in ("failed", "unreachable", "suppressed", "climbed"):
                self.reason = reason
            if kind == "climbed":
                step, attempt = event["step"], 0
                self.steps.add(step)
            if kind != "leased":
                provider = None
        proofs = [when for when in (self.first, self.delivered, self.acknowledged) if when]
        self.first = min(proofs) if proofs else None


def percentile(times, people_count, percent):
    rank = max(1, math.ceil(people_count * percent / 100))
    return sorted(times)[rank - 1] if rank <= len(times) else None


def near(told, ours):
    return told is None and ours is None or told is not None and ours is not None and \
        abs(told - ours) <= max(0.0021, ours * EXACT)


def check_spread(told, times, recipients):
    assert told["people"] == len(times)
    for percent in (50, 90, 99):
        assert near(told["of_recipients"][f"p{percent}_s"], percentile(times, recipients, percent)), (percent, told)
        assert near(told["of_these"][f"p{percent}_s"], percentile(times, len(times), percent)), (percent, told)
    people_of_curve = [point["people"] for point in told["curve"]]
    assert people_of_curve == sorted(people_of_curve)
    assert not times or people_of_curve[-1] == len(times)


def test_every_figure_is_what_the_timelines_say(gateway, cluster):
    campaign = run_whole(cluster, gateway)
    seen = report(cluster, campaign, "?by=region").json()
    view = cluster.api.get(f"/v1/campaigns/{campaign}")
    recipients = pages(cluster, f"/v1/campaigns/{campaign}/recipients")
    stories = {r["key"]: Story(timeline_of(cluster, campaign, r["key"])) for r in recipients}
    states = {r["key"]: r["state"] for r in recipients}
    everybody = len(KINDS) * PER_KIND

    # As the campaign itself counts.
    assert {s["state"]: s["people"] for s in seen["states"]} == view["counts"]
    assert seen["people"]["recipients"] == everybody == len(recipients)
    assert seen["final"] is True and seen["campaign"]["state"] == "finished"
    assert (seen["course"]["launched_at"], seen["course"]["ended_at"]) == (view["launched_at"], view["ended_at"])

    # People.
    reached = {key for key, story in stories.items() if story.first}
    assert seen["people"]["reached"] == {"people": len(reached), "share": round(len(reached) / everybody, 6)}
    assert seen["people"]["delivered"]["people"] == sum(1 for s in stories.values() if s.delivered) == PER_KIND // 2
    assert seen["people"]["acknowledged"]["people"] == sum(1 for s in stories.values() if s.acknowledged) == PER_KIND // 3 + 10
    means = collections.Counter(s.means for s in stories.values() if s.acknowledged)
    assert {m["means"]: m["people"] for m in seen["acknowledged_by"] if m["people"]} == means
    assert means == {"link": PER_KIND // 6, "others": PER_KIND // 3 + 10 - PER_KIND // 6}
    assert seen["acknowledged_by"][0]["share"] == round(PER_KIND // 6 / (PER_KIND // 3 + 10), 6)
    lost = [key for key in states if states[key] in NOT_REACHED]
    assert seen["people"]["not_reached"]["people"] == len(lost) == everybody - len(reached)
    assert seen["not_reached"]["people"] == len(lost)
    assert [(p["key"], p["state"]) for p in seen["not_reached"]["first"]] == [(key, states[key]) for key in lost[:20]]
    assert [p["reason"] for p in seen["not_reached"]["first"]] == [stories[key].reason for key in lost[:20]]

    # Messages, by all, by provider and by channel: they add up.
    told = seen["messages"]
    for member in ("attempts", "accepted", "deferred", "refused", "retries"):
        assert told[member] == sum(getattr(s, member) for s in stories.values()), member
    assert told["attempts"] == sum(told[part] for part in 
                                   ("accepted", "deferred", "refused", "uncertain", "overtaken", "under_way"))
    assert told["uncertain"] == told["under_way"] == 0
    assert told["retries"] > 0 and told["nothing_there"] >= PER_KIND
    ways = sum((s.ways for s in stories.values()), collections.Counter())
    assert {p["provider"]: p["messages"]["attempts"] for p in seen["providers"]} == dict(ways)
    for ours in ("channels", "providers"):
        assert sum(way["messages"]["attempts"] for way in seen[ours]) == told["attempts"]
        assert sum(way["messages"]["accepted"] for way in seen[ours]) == told["accepted"]
    channels = {c["channel"]: c for c in seen["channels"]}
    for number, name in ((1, "sms"), (2, "email")):
        assert channels[name]["reached"]["people"] == sum(1 for s in stories.values() if number in s.accepted_steps)
        assert channels[name]["acknowledged"]["people"] == sum(
            1 for s in stories.values() if s.acknowledged_step == number)
    assert channels["sms"]["delivered"]["people"] == PER_KIND // 2

    # The ladder.
    for number, rung in enumerate(seen["ladder"], 1):
        assert rung["step"] == number
        assert rung["entered"] == sum(1 for s in stories.values() if number in s.steps)
        assert rung["accepted"] == sum(1 for s in stories.values() if number in s.accepted_steps)
        assert rung["acknowledged"] == sum(1 for s in stories.values() if s.acknowledged_step == number)
        assert rung["climbed"] == sum(1 for s in stories.values() if number + 1 in s.steps)

    # Times.
    start = at(view["launched_at"])
    times = seen["times"]
    check_spread(times["first_word"], [s.first - start for s in stories.values() if s.first], everybody)
    check_spread(times["receipt"], [s.delivered - start for s in stories.values() if s.delivered], everybody)
    check_spread(times["acknowledgement"], [s.acknowledged - start for s in stories.values() if s.acknowledged], everybody)
    answers = [s.acknowledged - s.first for s in stories.values() if s.acknowledged]
    assert near(times["answer"]["of_these"]["p50_s"], percentile(answers, len(answers), 50))
    assert near(seen["course"]["duration_s"], at(view["ended_at"]) - start)
    [pause] = seen["course"]["pauses"]
    assert pause["cause"] == "operator" and pause["seconds"] == seen["course"]["paused_s"] > 0
    assert seen["rate"]["accepted"] == told["accepted"] and seen["rate"]["peak_per_s"] >= seen["rate"]["mean_per_s"] > 0

    # Why.
    reasons = collections.Counter(stories[key].reason for key in lost)
    assert {r["reason"]: r["people"] for r in seen["failures"]["reasons"] if r["people"]} == dict(reasons)
    assert sum(c["people"] for c in seen["failures"]["classes"]) == len(lost)
    assert {r["reason"]: r["times"] for r in seen["failures"]["reasons"]}[400] == 2 * PER_KIND

    # Groups.
    for told, column in ((seen["groups"], "region"), (seen["locales"], "locale")):
        assert told["column"] == column and told["others"] is None
        assert sum(group["people"] for group in told["values"]) == everybody
        for member, ours in (("reached", len(reached)), ("not_reached", len(lost)), ("acknowledged", PER_KIND // 3 + 10)):
            assert sum(group[member]["people"] for group in told["values"]) == ours
    north = next(g for g in seen["groups"]["values"] if g["value"] == "north")
    assert north["people"] == len(KINDS) * PER_KIND // 3
    assert north["acknowledged"]["people"] == sum(
        1 for key, s in stories.items() if s.acknowledged and int(key[1:]) % 3 == 0)
    assert {g["value"] for g in seen["groups"]["values"]} == {"north", "south", None}
    check_forms(cluster, campaign, seen)


# ---- its forms ----


class Page(html.parser.HTMLParser):
    """What is in a page: elements, ids, text, and what stands open at the end."""

    VOID = {"meta", "br"}

    def __init__(self, text):
        super().__init__()
        self.count, self.ids, self.open, self.links, self.text, self.attributes = collections.Counter(), [], [], [], "", {}
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.count[tag] += 1
        self.attributes.setdefault(tag, attrs)
        self.ids += [attrs["id"]] if "id" in attrs else []
        self.links += [value for name, value in attrs.items() if name in ("href", "src")]
        assert not any(name.startswith("on") for name in attrs)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.count[tag] += 1

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def check_html(text):
    page = Page(text)
    assert not page.open and len(page.ids) == len(set(page.ids)) and not page.links
    assert page.count["script"] == page.count["img"] == page.count["link"] == 0
    assert page.attributes["html"]["lang"] == "en" and page.count["h1"] >= 1
    for chart in re.findall(r'<svg class="chart"[^>]*>', text):
        named = re.search(r'role="img" aria-labelledby="(\S+) (\S+)"', chart)
        assert named and {named[1], named[2]} <= set(page.ids)
    assert "@media print" in text and "prefers-color-scheme:dark" in text
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", text)
    return page


def check_forms(cluster, campaign, seen):
    answer = report(cluster, campaign, "?format=html&by=region")
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    page = check_html(answer.body.decode())
    assert NAME in page.text and "<script" not in answer.body.decode()
    assert "UTC" in page.text and "north" in page.text
    assert report(cluster, campaign, Accept="text/html,*/*;q=0.8").headers["Content-Type"].startswith("text/html")

    answer = report(cluster, campaign, Accept="text/csv")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(answer.body.decode(), newline="")))
    by = {(row["section"], row["name"], row["measure"]): row["value"] for row in rows}
    assert {row["campaign"] for row in rows} == {campaign}
    assert by["people", "", "reached.people"] == str(seen["people"]["reached"]["people"])
    assert by["states", "failed", "people"] == str(next(s["people"] for s in seen["states"] if s["state"] == "failed"))
    assert by["campaign", "", "name"] == NAME
    assert by["acknowledged_by", "link", "people"] == str(seen["acknowledged_by"][0]["people"])
    assert float(by["times", "", "first_word.of_these.p50_s"]) == seen["times"]["first_word"]["of_these"]["p50_s"]

    status, out, err = tocsin(cluster, "report", campaign, "--by", "region")
    assert (status, err) == (0, "")
    assert max(len(line) for line in out.splitlines()) <= 80, out
    for word in ("alert(1)", "reached", "first word", "region", "north", "e0", "400", "UTC", "How they acknowledged", "  link ", "  others "):
        assert word in out, out
    status, out, err = tocsin(cluster, "report", campaign, "--json")
    kept = json.loads(out)
    assert kept["states"] == seen["states"] and kept["groups"] is None
    path = os.path.join(cluster.directory, "report.html")
    status, out, err = tocsin(cluster, "report", campaign, "--format", "html", "-o", path)
    assert (status, out) == (0, "") and path in err
    with open(path, encoding="utf-8") as f:
        check_html(f.read())
    status, _, err = tocsin(cluster, "report", campaign, "--format", "html", "-o", "/no/such/place/report.html")
    assert status == 1 and "/no/such/place" in err


# ---- campaigns in other states ----


def test_a_report_of_a_running_campaign_is_of_now_and_follows_it(gateway, cluster):
    gateway.answer("return 202;")
    audience = upload(cluster, 3000)
    campaign = cluster.campaign(audience, "sms", {"sms": {"text": "Hi"}}, rate=300)["id"]
    wait_for("messages", lambda: cluster.api.get(f"/v1/campaigns/{campaign}")["counts"]["accepted"] > 200)
    first = report(cluster, campaign).json()
    assert first["final"] is False and first["campaign"]["state"] == "running" and first["course"]["ended_at"] is None
    assert sum(s["people"] for s in first["states"]) == 3000
    assert 0 < first["people"]["reached"]["people"] < 3000
    assert first["times"]["first_word"]["of_recipients"]["p99_s"] is None
    told = first["messages"]
    assert told["attempts"] == told["accepted"] + told["under_way"]
    status, out, _ = tocsin(cluster, "report", campaign)
    assert status == 0 and "running" in out
    assert "they will change" in report(cluster, campaign, "?format=html").body.decode()
    wait_for("more", lambda: report(cluster, campaign).json()["people"]["reached"]["people"] >
             first["people"]["reached"]["people"])
    cluster.api.post(f"/v1/campaigns/{campaign}/cancel")
    cluster.wait_campaign(campaign)
    wait_for("the last outcome", lambda: cluster.api.get(f"/v1/campaigns/{campaign}")["counts"]["leased"] == 0)
    view = cluster.api.get(f"/v1/campaigns/{campaign}")
    last = report(cluster, campaign).json()
    assert {s["state"]: s["people"] for s in last["states"]} == view["counts"] and last["final"] is True
    assert view["counts"]["cancelled"] > 0
    why = {r["reason"]: r["people"] for r in last["failures"]["reasons"]}
    assert why[1203] == view["counts"]["cancelled"] == last["people"]["not_reached"]["people"]

    # What is kept is told again until something changes.
    assert report(cluster, campaign).json()["as_of"] == last["as_of"]
    lost = last["not_reached"]["first"][0]["key"]
    cluster.api.post("/v1/acknowledgements", {"campaign": campaign, "recipient": lost})
    after = report(cluster, campaign).json()
    assert after["people"]["acknowledged"]["people"] == 1 and after["as_of"] > last["as_of"]
    assert after["people"]["not_reached"]["people"] == last["people"]["not_reached"]["people"] - 1
    cluster.coordinator.kill()
    cluster.start_coordinator()
    again = report(cluster, campaign).json()
    assert {**again, "as_of": 0} == {**after, "as_of": 0}


def test_a_draft_has_an_empty_report(cluster):
    campaign = cluster.campaign(upload(cluster, 5), "sms", {"sms": {"text": "Hi"}}, launch=False)["id"]
    seen = report(cluster, campaign).json()
    assert seen["people"]["recipients"] == 5 and seen["course"]["launched_at"] is None
    assert seen["course"]["duration_s"] is None and seen["messages"]["attempts"] == 0
    assert seen["times"]["first_word"]["curve"] == [] and seen["channels"] == []
    check_html(report(cluster, campaign, "?format=html").body.decode())
    assert "Nobody was reached" in report(cluster, campaign, "?format=html").body.decode()
    assert report(cluster, campaign, "?format=csv").body.startswith(b"campaign,section,name,measure,value\r\n")
    status, out, err = tocsin(cluster, "report", campaign)
    assert (status, err) == (0, "") and "draft" in out


def test_both_steps_of_a_pair_and_a_further_round_are_counted(gateway, relay, cluster):
    """On sms those with an even number are refused with 400, on email everybody is taken, but the first ten, who are refused
    on both, and taken in the further round."""
    gateway.answer("if ($http_x_recipient ~ [02468]$) { return 400; } return 202;")
    relay.answer("if ($http_x_recipient ~ ^r[0-9]$) { return 400; } return 202;")
    audience = upload(cluster, 100)
    campaign = cluster.campaign(audience, None, CONTENT, {
        "steps": [{"channel": "sms", "until": "acknowledged", "within": "2s", "attempts": 1},
                  {"channel": "email", "with_previous": True, "attempts": 1}]})["id"]
    path = f"/v1/campaigns/{campaign}"
    wait_for("both", lambda: len(gateway.keys()) == len(relay.keys()) == 100)
    for i in range(90, 100):
        cluster.api.post("/v1/acknowledgements", {"campaign": campaign, "recipient": f"r{i}"})
    view = cluster.wait_campaign(campaign)
    seen = report(cluster, campaign).json()
    assert {s["state"]: s["people"] for s in seen["states"]} == view["counts"] and view["counts"]["failed"] == 5
    first, second = seen["ladder"]
    assert (first["entered"], first["accepted"], second["with_previous"]) == (100, 50, True)
    assert (second["entered"], second["accepted"], second["tried"]) == (100, 90, 100)
    assert first["acknowledged"] + second["acknowledged"] == seen["people"]["acknowledged"]["people"] == 10
    assert seen["people"]["reached"]["people"] == 95 and seen["messages"]["attempts"] == 200
    assert {c["channel"]: c["reached"]["people"] for c in seen["channels"]} == {"sms": 50, "email": 90}

    gateway.answer("return 202;")
    cluster.api.post(f"{path}/retry", {"states": ["failed"]})
    view = cluster.wait_campaign(campaign)
    again = report(cluster, campaign).json()
    assert {s["state"]: s["people"] for s in again["states"]} == view["counts"] and view["counts"]["failed"] == 0
    [further] = again["course"]["rounds"]
    assert further["recipients"] == again["people"]["in_further_rounds"]["people"] == 5
    assert again["people"]["reached"]["people"] == 100 and again["messages"]["attempts"] == 210
    assert again["times"]["first_word"]["last_s"] > seen["course"]["duration_s"]


# ---- two of them ----


def test_two_campaigns_are_compared_and_it_is_said_what_keeps_them_apart(gateway, cluster):
    gateway.answer("return 202;")
    small, large = upload(cluster, 40), upload(cluster, 160)
    one = cluster.campaign(small, "sms", {"sms": {"text": "Hi"}}, name="One")["id"]
    two = cluster.campaign(large, None, CONTENT, PLAN, name="=Two<b>")["id"]
    cluster.wait_campaign(one)
    cluster.wait_campaign(two)
    both = report(cluster, one, f"?compare={two}").json()
    assert (both["report"]["campaign"]["id"], both["other"]["campaign"]["id"]) == (one, two)
    rows = {row["name"]: row for row in both["comparison"]["rows"]}
    people = rows["people.reached"]
    assert (people["a"], people["b"], people["difference"], people["points"]) == (40, 160, 120, 0)
    assert rows["channels.email.reached"]["a"] is None and rows["channels.email.reached"]["b"] == 160
    said = " ".join(both["comparison"]["remarks"])
    assert "40 and 160 recipients" in said and "plans differ" in said
    status, out, err = tocsin(cluster, "report", one, "--compare", two)
    assert (status, err) == (0, "") and max(map(len, out.splitlines())) <= 80, out
    assert "plans differ" in re.sub(r"\s+", " ", out) and "+120" in out
    page = check_html(report(cluster, one, f"?compare={two}&format=html").body.decode())
    assert "=Two<b>" in page.text and "plans differ" in page.text
    rows = list(csv.DictReader(io.StringIO(report(cluster, one, f"?compare={two}&format=csv").body.decode(), newline="")))
    assert {row["campaign"] for row in rows} == {one, two, ""}
    assert [row["value"] for row in rows if row["campaign"] == two and row["measure"] == "name"] == ["'=Two<b>"]

    same = report(cluster, one, f"?compare={one}").json()
    assert same["comparison"]["remarks"] == ["Both are the same campaign."]
    assert all(row["difference"] in (0, None) for row in same["comparison"]["rows"])
    check_html(report(cluster, one, f"?compare={one}&format=html").body.decode())


def test_what_cannot_be_reported_is_refused_with_what_would_be_right(cluster):
    campaign = cluster.campaign(upload(cluster, 3), "sms", {"sms": {"text": "Hi"}}, launch=False)["id"]
    path = f"/v1/campaigns/{campaign}/report"
    assert "json, csv or html" in problem_of(cluster.api.call("GET", f"{path}?format=pdf"), 400)["detail"]
    assert "c99" in problem_of(cluster.api.call("GET", f"{path}?compare=c99"), 404)["detail"]
    assert "a1" in problem_of(cluster.api.call("GET", f"{path}?compare=a1"), 404)["detail"]
    assert "first_name" in problem_of(cluster.api.call("GET", f"{path}?by=nobody"), 400)["detail"]
    assert "who somebody is" in problem_of(cluster.api.call("GET", f"{path}?by=phone"), 400)["detail"]
    problem_of(cluster.api.call("GET", f"{path}?group=region"), 400)
    problem_of(cluster.api.call("GET", "/v1/campaigns/c99/report"), 404)
    status, out, err = tocsin(cluster, "report", "c99")
    assert (status, out) == (1, "") and "c99" in err
    status, out, err = tocsin(cluster, "report", campaign, "--compare", "c99")
    assert (status, out) == (1, "") and "c99" in err
    assert tocsin(cluster, "report", campaign, "--format", "pdf")[0] == 2


def test_clients_that_vanish_and_many_at_once_harm_nobody(cluster, gateway):
    gateway.answer("return 202;")
    campaign = cluster.campaign(upload(cluster, 20000), "sms", {"sms": {"text": "Hi"}}, rate=2000)["id"]
    path = f"/v1/campaigns/{campaign}/report"
    request = f"GET {path} HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer {cluster.api.token}\r\n\r\n".encode()
    statuses = []

    def vanish():
        with socket.create_connection(("127.0.0.1", cluster.api_port)) as client:
            client.sendall(request)

    for _ in range(30):
        vanish()
    asking = [threading.Thread(target=lambda: statuses.append(cluster.api.call("GET", path))) for _ in range(12)]
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join()
    assert {answer.status for answer in statuses} <= {200, 503}  # two at a time, and those who left are read for a while yet
    assert all("Retry-After" in answer.headers for answer in statuses if answer.status == 503)
    wait_for("a report", lambda: cluster.api.call("GET", path).status == 200)
    for _ in range(3):
        vanish()
    assert cluster.coordinator.stop() == 0  # while they are read
    cluster.start_coordinator()
    assert report(cluster, campaign).json()["people"]["recipients"] == 20000
