# SPDX-License-Identifier: Apache-2.0
"""Preflight: what it says before a launch is what the launch then does, counted by people whose fate is known."""

import json
import time

import pytest

from support import http_provider, lines_of_json, problem_of, some, tocsin, upload

RATE = 50
CONTENT = {"sms": {"default": {"text": "Dear {{first_name}}, the line is down."}, "de": {"text": "x" * 161}},
           "email": {"subject": "Outage", "text": "The line is down."}}
STEPS = [{"channel": "sms", "until": "acknowledged", "within": "1m"}, {"channel": "email"}]


@pytest.fixture
def cluster(gateway, make_cluster):
    return make_cluster([http_provider(gateway, rate=RATE), http_provider(gateway, name="mail", channel="email")])


def audience(cluster):
    """1,100 people over two pages: 1,000 with a phone (of whom 10 have no name, 20 read German), 60 with mail alone,
    40 with nothing. 5 phones are on the suppression list, and so is one who has only mail. One comes twice."""
    rows = ["id,phone,email,locale,first_name"]
    rows += [f"p{i},+4790{i:08d},,{'de' if 10 <= i < 30 else ''},{'' if i < 10 else 'Ann'}" for i in range(1000)]
    rows += [f"m{i},,m{i}@customer.test,," for i in range(60)]
    rows += [f"n{i},,,,Nobody" for i in range(39)] + ['"n,39",,,,Nobody']
    rows += ["p500,,,,twice"]
    answer = cluster.api.upload("\n".join(rows).encode() + b"\n")
    assert answer.status == 201, answer.body
    for i in range(100, 105):
        entry = {"channel": "sms", "endpoint": f"+4790{i:08d}", "reason": "opt_out"}
        assert cluster.api.call("PUT", "/v1/suppressions", entry).status == 201
    assert cluster.api.call("PUT", "/v1/suppressions", {"contact": "m7", "reason": "legal"}).status == 201
    return answer.json()["id"]


def draft(cluster, audience_id, steps=None, **more):
    request = {"name": "Notice", "audience": audience_id, "plan": {"steps": steps or STEPS}, "content": CONTENT, **more}
    answer = cluster.api.call("POST", "/v1/campaigns", request)
    assert answer.status == 201, answer.body
    return answer.json()["id"]


def preflight(cluster, campaign, body=None):
    answer = cluster.api.call("POST", f"/v1/campaigns/{campaign}/preflight", body)
    assert answer.status == 200, answer.body
    return answer.json()


def at(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds))


def test_the_counts_are_exact(cluster):
    campaign = draft(cluster, audience(cluster))
    seen = preflight(cluster, campaign)
    people = {name: seen[name] for name in ("people", "reachable", "incomplete", "suppressed", "unreachable")}
    assert people == {"people": 1100, "reachable": 985 + 59, "incomplete": 10, "suppressed": 6, "unreachable": 40}
    assert seen["capped"] == 0
    sms, email = seen["steps"]
    counts = ("people", "suppressed", "incomplete", "sendable", "first")
    assert [sms[name] for name in counts] == [1000, 5, 10, 985, 985]
    assert [email[name] for name in counts] == [60, 1, 0, 59, 59]
    assert (sms["speed"], sms["rate_per_s"], sms["send_s"], sms["providers"]) == ("limited", RATE, 20, ["gateway"])
    assert (email["speed"], email["send_s"], email["begins_after_s"]) == ("unlimited", None, 60)
    assert seen["missing"] == [{"channel": "sms", "locale": "default", "variable": "first_name", "people": 10}]
    assert seen["sms"] == {"people": 985, "one": 965, "two": 20, "three_or_more": 0, "parts": 1005, "unicode": 0,
                           "longest": 2, "too_long": 0, "max_parts": None, "transliterated": False, "estimated": False}
    assert seen["problems"] == []
    warned = {warning["warning"]: warning["people"] for warning in seen["warnings"]}
    assert warned == {"unreachable": 40, "suppressed": 6, "missing_variable": 10, "long_sms": 20}
    assert cluster.api.get(f"/v1/campaigns/{campaign}")["state"] == "draft"


def test_a_deadline_says_how_many_are_late(cluster):
    campaign = draft(cluster, audience(cluster), start_at=at(3600), not_after="4s")
    by = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 7200))
    seen = preflight(cluster, campaign, {"by": by})
    wanted, expiry = seen["deadlines"]
    assert (wanted["deadline"], wanted["late"], expiry["deadline"]) == ("by", 0, "not_after")
    assert expiry["late"] == 985 - 4 * RATE
    assert [step["late"] for step in expiry["steps"]] == [985 - 4 * RATE, 59]
    assert [w["people"] for w in seen["warnings"] if w["warning"] == "late"] == [785]
    problem = problem_of(cluster.api.call("POST", f"/v1/campaigns/{campaign}/preflight", {"by": "6 pm"}), 422)
    assert "offset" in json.dumps(problem)
    problem = problem_of(cluster.api.call("POST", f"/v1/campaigns/{campaign}/preflight", {"by": at(-60)}), 422)
    assert "past" in json.dumps(problem)


def test_the_unreachable_can_be_downloaded(cluster):
    campaign = draft(cluster, audience(cluster))
    answer = cluster.api.call("GET", f"/v1/campaigns/{campaign}/unreachable")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.body.decode().split("\r\n") == ["id"] + [f"n{i}" for i in range(39)] + ['"n,39"', ""]
    answer = cluster.api.call("GET", f"/v1/campaigns/{campaign}/unreachable?format=ndjson")
    assert [row["id"] for row in lines_of_json(answer.body.decode())] == [f"n{i}" for i in range(39)] + ["n,39"]
    problem_of(cluster.api.call("GET", f"/v1/campaigns/{campaign}/unreachable?format=xml"), 400)


def test_a_launch_that_cannot_work_is_refused_and_says_what_to_change(cluster):
    rows = "id,phone,email\n" + "".join(f"r{i},+4790{i:08d},\n" for i in range(10))
    nobody = cluster.api.upload(rows.encode()).json()["id"]
    campaign = draft(cluster, nobody, [{"channel": "email"}], content={"email": CONTENT["email"]})
    problems = preflight(cluster, campaign)["problems"]
    assert [(p["problem"], p["launch_refuses"]) for p in problems] == [("cannot_work", True)]
    assert "email" in problems[0]["detail"]
    refused = problem_of(cluster.api.call("POST", f"/v1/campaigns/{campaign}/launch"), 409)
    assert refused["detail"] == problems[0]["detail"]
    assert cluster.api.get(f"/v1/campaigns/{campaign}")["state"] == "draft"
    status, out, _ = tocsin(cluster, "preflight", campaign)
    assert status == 1 and "problem: nobody can be reached" in out


def test_the_command_says_the_same_and_the_launch_does_it(cluster):
    campaign = draft(cluster, audience(cluster), [{"channel": "sms", "attempts": 1}, {"channel": "email"}])
    status, out, err = tocsin(cluster, "preflight", campaign, "--by", "18:00", "--json")
    assert status == 0, err
    seen = json.loads(out)
    assert seen["deadlines"][0]["deadline"] == "by"
    status, out, err = tocsin(cluster, "preflight", campaign)
    assert status == 0, err
    assert "unreachable   40" in out and f"tocsin campaign launch {campaign}" in out
    status, out, err = tocsin(cluster, "preflight", campaign, "--unreachable")
    assert status == 0 and len(out.splitlines()) == 41, err
    assert tocsin(cluster, "preflight", campaign, "--by", "teatime")[0] == 2
    assert cluster.api.call("POST", f"/v1/campaigns/{campaign}/launch").status == 200
    counts = some(cluster.wait_campaign(campaign)["counts"])
    assert counts == {"accepted": seen["reachable"], "failed": seen["incomplete"], "suppressed": seen["suppressed"],
                      "unreachable": seen["unreachable"]}
    problem_of(cluster.api.call("POST", f"/v1/campaigns/{campaign}/preflight"), 409)


def test_who_sleeps_is_late(cluster):
    """Half of them in a zone where it is night, half on the other side of the earth."""
    rows = "id,phone,timezone\n" + "".join(
        f"r{i},+4790{i:08d},{'UTC' if i % 2 else 'Etc/GMT+12'}\n" for i in range(1000))
    people = cluster.api.upload(rows.encode()).json()["id"]
    clock = time.time()
    quiet = {"from": time.strftime("%H:%M", time.gmtime(clock - 3600)),
             "to": time.strftime("%H:%M", time.gmtime(clock + 7200)), "channels": ["sms"], "zone": "UTC"}
    steps = [{"channel": "sms"}]
    content = {"sms": {"text": "The line is down."}}
    campaign = draft(cluster, people, steps, content=content, quiet_hours=quiet)
    seen = preflight(cluster, campaign, {"by": at(3600)})
    assert {w["warning"]: w["people"] for w in seen["warnings"]} == {"quiet_hours": 500, "late": 500}
    assert seen["deadlines"][0]["late"] == 500
    wait = 7200 - clock % 60  # until they wake; then at the rate
    assert abs(seen["steps"][0]["send_s"] - (wait + 500 / RATE)) < 60
    assert preflight(cluster, campaign, {"by": at(4 * 3600)})["deadlines"][0]["late"] == 0
    critical = draft(cluster, people, steps, content=content, quiet_hours=quiet, priority="critical")
    seen = preflight(cluster, critical, {"by": at(3600)})
    assert seen["warnings"] == [] and seen["steps"][0]["send_s"] == 1000 / RATE


def noon_zone():
    """A time zone where it is about noon: its day ends in about twelve hours."""
    hours = time.gmtime().tm_hour - 12
    return "UTC" if hours == 0 else f"Etc/GMT{hours:+d}"


def test_what_a_quota_leaves_and_who_takes_over(gateway, make_cluster):
    cluster = make_cluster([http_provider(gateway, name="few", rate=500, quota=700, quota_zone=noon_zone()),
                            http_provider(gateway, name="many", rate=100)])
    people = upload(cluster, 1000)
    only = [{"channel": "sms", "provider": "few"}]
    content = {"sms": {"text": "The line is down."}}
    first = draft(cluster, upload(cluster, 500), only, content=content)
    assert cluster.api.call("POST", f"/v1/campaigns/{first}/launch").status == 200
    assert some(cluster.wait_campaign(first, 20)["counts"]) == {"accepted": 500}
    waiting = draft(cluster, people, only, content=content)
    seen = preflight(cluster, waiting, {"by": at(3600)})
    assert seen["deadlines"][0]["late"] == seen["deadlines"][0]["steps"][0]["late"] == 800
    warned = {warning["warning"]: warning for warning in seen["warnings"]}
    assert {name: warning["people"] for name, warning in warned.items()} == {"provider_quota": 800, "late": 800}
    assert "few has 200 left of its quota of 700 until" in warned["provider_quota"]["detail"]
    local = time.time() % 3600
    assert abs(seen["steps"][0]["send_s"] - (12 * 3600 - local + 24 * 3600)) < 60, seen["steps"][0]
    status, out, err = tocsin(cluster, "preflight", waiting)
    assert status == 0 and "few has 200 left of its quota" in out, (out, err)
    # 500 a second until the 200 are sent, 100 a second beside and after.
    shared = draft(cluster, people, [{"channel": "sms"}], content=content)
    seen = preflight(cluster, shared, {"by": at(3600)})
    assert (seen["steps"][0]["send_s"], seen["deadlines"][0]["late"], seen["warnings"]) == (8, 0, [])
    begin = time.time()
    assert cluster.api.call("POST", f"/v1/campaigns/{shared}/launch").status == 200
    assert some(cluster.wait_campaign(shared, 30)["counts"]) == {"accepted": 1000}
    assert 7 < time.time() - begin < 14, time.time() - begin
    few = cluster.api.get("/v1/providers")["items"][0]
    assert (few["name"], few["quota"]["used"]) == ("few", 700)


def test_a_silent_provider_waits_unless_another_sends(gateway, make_cluster):
    clock = time.time()
    hours = {"from": time.strftime("%H:%M", time.gmtime(clock - 3600)),
             "to": time.strftime("%H:%M", time.gmtime(clock + 7200))}
    cluster = make_cluster([http_provider(gateway, name="by_day", rate=RATE, quiet_hours=hours),
                            http_provider(gateway, name="always", rate=RATE)])
    people = upload(cluster, 1000)
    content = {"sms": {"text": "The line is down."}}
    only = draft(cluster, people, [{"channel": "sms", "provider": "by_day"}], content=content, priority="critical")
    seen = preflight(cluster, only, {"by": at(3600)})
    assert {w["warning"]: w["people"] for w in seen["warnings"]} == {"provider_quiet_hours": 1000, "late": 1000}
    assert abs(seen["steps"][0]["send_s"] - (7200 - clock % 60 + 1000 / RATE)) < 60
    shared = draft(cluster, people, [{"channel": "sms"}], content=content)
    seen = preflight(cluster, shared, {"by": at(3600)})
    assert (seen["steps"][0]["send_s"], seen["deadlines"][0]["late"], seen["warnings"]) == (1000 / RATE, 0, [])


def test_a_step_that_repeats_is_told_by_its_number(cluster):
    steps = [{"channel": "sms", "until": "acknowledged", "repeat": {"every": "1m", "times": 2}, "within": "1m"},
             {"channel": "email"}]
    campaign = draft(cluster, audience(cluster), steps, without=["email"])
    seen = preflight(cluster, campaign, {"by": at(3600)})
    told = [(1, 0, "sms"), (1, 1, "sms"), (1, 2, "sms"), (2, 0, "email")]
    assert [(step["step"], step["repeat"], step["channel"]) for step in seen["steps"]] == told
    assert [(s["step"], s["repeat"], s["channel"]) for s in seen["deadlines"][0]["steps"]] == told
    assert [w["detail"] for w in seen["warnings"] if w["warning"] == "left_out"] == [
        "step 2 (email) is left out: the campaign does without email"]
    status, out, err = tocsin(cluster, "preflight", campaign)
    assert status == 0 and "step 2 (email) is left out" in out and "step 4" not in out, (out, err)


def test_who_had_enough_messages_is_counted_and_then_spared(cluster):
    """500 of 1,000 had a message; of them nine have no phone in this audience, and one is on the suppression list."""
    content = {"sms": {"text": "The line is down."}}
    steps = [{"channel": "sms", "attempts": 1}, {"channel": "email", "provider": "mail"}]
    rows = "id,phone,email\n" + "".join(f"r{i},{'' if i < 9 else f'+4790{i:08d}'},\n" for i in range(1000))
    people = cluster.api.upload(rows.encode()).json()["id"]
    entry = {"channel": "sms", "endpoint": f"+4790{20:08d}", "reason": "opt_out"}
    assert cluster.api.call("PUT", "/v1/suppressions", entry).status == 201
    running = cluster.campaign(upload(cluster, 500), "sms", dict(content), rate=49)["id"]
    content["email"] = CONTENT["email"]
    cap = {"frequency_cap": {"messages": 1, "per": "1h"}, "content": content}
    mixed = draft(cluster, people, steps, **cap)
    seen = preflight(cluster, mixed)
    assert 0 <= seen["capped"] < 499
    assert some(cluster.wait_campaign(running, 30)["counts"]) == {"accepted": 499, "suppressed": 1}
    seen = preflight(cluster, mixed)
    people_of = {name: seen[name] for name in ("people", "reachable", "incomplete", "suppressed", "capped", "unreachable")}
    assert people_of == {"people": 1000, "reachable": 500, "incomplete": 0, "suppressed": 1, "capped": 499,
                         "unreachable": 0}
    sms, email = seen["steps"]
    assert [sms[name] for name in ("people", "suppressed", "capped", "sendable")] == [991, 1, 490, 500]
    assert [email[name] for name in ("people", "capped")] == [0, 0]
    assert {w["warning"]: w["people"] for w in seen["warnings"]} == {"suppressed": 1, "frequency_cap": 499, "idle_step": 0}
    status, out, err = tocsin(cluster, "preflight", mixed)
    assert status == 0 and "capped        499" in out and "frequency cap allows (1)" in out, (out, err)
    twice = draft(cluster, people, steps, **{**cap, "frequency_cap": {"messages": 2, "per": "1h"}})
    assert preflight(cluster, twice)["capped"] == 0
    critical = draft(cluster, people, steps, priority="critical", **cap)
    seen = preflight(cluster, critical)
    assert (seen["capped"], seen["reachable"], seen["unreachable"]) == (0, 990, 9)
    assert cluster.api.call("POST", f"/v1/campaigns/{mixed}/launch").status == 200
    assert some(cluster.wait_campaign(mixed, 30)["counts"]) == {"accepted": 500, "suppressed": 500}
