# SPDX-License-Identifier: Apache-2.0
"""Preflight: what it says before a launch is what the launch then does, counted by people whose fate is known."""

import json
import time

import pytest

from support import http_provider, lines_of_json, problem_of, some, tocsin

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
    sms, email = seen["steps"]
    counts = ("people", "suppressed", "incomplete", "sendable", "first")
    assert [sms[name] for name in counts] == [1000, 5, 10, 985, 985]
    assert [email[name] for name in counts] == [60, 1, 0, 59, 59]
    assert (sms["speed"], sms["rate_per_s"], sms["send_s"], sms["providers"]) == ("limited", RATE, 20, ["gateway"])
    assert (email["speed"], email["send_s"], email["begins_after_s"]) == ("unlimited", None, 60)
    assert seen["missing"] == [{"channel": "sms", "locale": "default", "variable": "first_name", "people": 10}]
    assert seen["sms"] == {"people": 985, "one": 965, "two": 20, "three_or_more": 0, "parts": 1005, "unicode": 0,
                           "longest": 2, "estimated": False}
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
