# SPDX-License-Identifier: Apache-2.0
"""Further rounds of a campaign: only whom it did not reach is sent to again, with keys of their own, over kill -9."""

import re

from support import (check_ledger, http_provider, problem_of, some, timeline_of, tocsin, total, upload, wait_for)
from cluster import Api

PEOPLE = 6000
MESSAGE = {"sms": {"text": "Dear {{first_name}}"}}
FAILING = "if ($http_x_recipient ~ 7$) { return 400; } return 202;"
FAILED = {f"r{i}" for i in range(PEOPLE) if i % 10 == 7}


def first_round(gateway, make_cluster, **more):
    """A campaign of which a tenth has failed."""
    gateway.answer(FAILING)
    cluster = make_cluster([http_provider(gateway, receipts=True)], workers=2)
    audience = upload(cluster, PEOPLE)
    campaign = cluster.campaign(audience, "sms", MESSAGE, **more)["id"]
    view = cluster.wait_campaign(campaign)
    assert some(view["counts"]) == {"accepted": PEOPLE - len(FAILED), "failed": len(FAILED)}
    assert view["round"] == 1 and "rounds" not in view
    return cluster, f"/v1/campaigns/{campaign}", campaign


def test_those_who_failed_are_sent_to_again_and_nobody_else(gateway, make_cluster):
    cluster, path, campaign = first_round(gateway, make_cluster)
    gateway.answer("return 202;")
    before = gateway.count()
    view = cluster.api.post(f"{path}/retry")
    assert view["state"] == "running" and view["ended_at"] is None and total(view) == PEOPLE
    assert view["round"] == 2
    [second] = view["rounds"]
    assert second["round"] == 2 and second["recipients"] == len(FAILED)
    assert second["states"] == ["failed", "unreachable", "uncertain"]
    view = cluster.wait_campaign(campaign)
    assert some(view["counts"]) == {"accepted": PEOPLE}
    again = gateway.requests()[before:]
    assert {r.recipient for r in again} == FAILED and len(again) == len(FAILED)
    keys = gateway.keys()
    assert all(len(set(keys[person])) == 2 for person in FAILED)  # the provider must not take it for the first one
    events = [e["event"] for e in timeline_of(cluster, campaign, "r7")]
    assert events == ["launched", "leased", "failed", "finished", "round", "retried", "leased", "accepted", "finished"]
    retried = next(e for e in timeline_of(cluster, campaign, "r7") if e["event"] == "retried")
    assert retried["round"] == 2
    assert "retried" not in [e["event"] for e in timeline_of(cluster, campaign, "r8")]


def test_a_kill_in_mid_round_loses_nobody_and_the_ledger_is_sound(gateway, make_cluster):
    cluster, path, campaign = first_round(gateway, make_cluster)
    cluster.coordinator.kill()  # of an ended campaign only the counts are read
    cluster.start_coordinator()
    cluster.wait_workers(2)
    gateway.answer("limit_req zone=all burst=1000; proxy_pass http://127.0.0.1:$server_port/up;")
    before = gateway.count()
    cluster.api.post(f"{path}/retry", {"states": ["failed"]})
    wait_for("some", lambda: gateway.count() > before + 50)
    cluster.coordinator.kill()
    cluster.start_coordinator()
    view = cluster.api.get(path)
    assert view["state"] == "running" and view["round"] == 2 and total(view) == PEOPLE
    cluster.wait_workers(2)
    view = cluster.wait_campaign(campaign, 60)
    assert some(view["counts"]) == {"accepted": PEOPLE}
    assert {r.recipient for r in gateway.requests()[before:]} == FAILED
    cluster.coordinator.kill()
    cluster.start_coordinator()
    again = cluster.api.get(path)
    assert again["counts"] == view["counts"] and again["rounds"] == view["rounds"]
    cluster.coordinator.stop()
    status, said = check_ledger(cluster)
    assert status == 0, said


def test_who_said_no_or_that_he_knows_is_left_out(gateway, make_cluster):
    cluster, path, campaign = first_round(gateway, make_cluster)
    gateway.answer("return 202;")
    assert cluster.api.call("POST", "/v1/acknowledgements", {"campaign": campaign, "recipient": "r7"}).status == 200
    assert cluster.api.call("PUT", "/v1/suppressions", {"contact": "r17", "reason": "opt_out", "source": "x"}).status == 201
    before = gateway.count()
    cluster.api.post(f"{path}/retry")
    view = cluster.wait_campaign(campaign)
    left_out = {"acknowledged": 1, "suppressed": 1}
    assert some(view["counts"]) == {"accepted": PEOPLE - 2, **left_out}
    assert {r.recipient for r in gateway.requests()[before:]} == FAILED - {"r7", "r17"}
    # What the first round's messages bring afterwards still counts, and each is known by its own key.
    keys = gateway.keys()
    api = Api(cluster.api_port)
    assert api.call("POST", f"/r/gateway/{keys['r27'][0]}?status=bounced").status == 204
    assert cluster.api.get(f"{path}/recipients/r27")["state"] == "accepted"
    assert api.call("POST", f"/r/gateway/{keys['r27'][1]}?status=bounced").status == 204
    assert cluster.api.get(f"{path}/recipients/r27")["state"] == "failed"
    assert api.call("POST", f"/a/{keys['r37'][0]}").status == 200
    assert cluster.api.get(f"{path}/recipients/r37")["state"] == "acknowledged"
    view = cluster.api.post(f"{path}/retry", {"states": ["failed"]})
    assert view["round"] == 3 and view["rounds"][1]["recipients"] == 1
    assert some(cluster.wait_campaign(campaign)["counts"]) == {"accepted": PEOPLE - 3, "acknowledged": 2, "suppressed": 1}


def test_what_cannot_be_retried_says_why(gateway, make_cluster):
    cluster, path, campaign = first_round(gateway, make_cluster)
    for body, pointer, part in (({"states": []}, "/states", "list of states"),
                                ({"states": ["faild"]}, "/states/0", 'states[0]: unknown state that can be retried "faild"; did you mean "failed"?'),
                                ({"states": ["failed", "accepted"]}, "/states/1", "accepted"),
                                ({"state": ["failed"]}, "/state", "states")):
        problem = problem_of(cluster.api.call("POST", f"{path}/retry", body), 422)
        assert problem["pointer"] == pointer, problem
        assert part in str(problem), problem
    problem = problem_of(cluster.api.call("POST", f"{path}/retry", {"states": ["uncertain"]}), 409)
    assert problem["detail"].startswith(f"nobody of campaign {campaign} is uncertain")
    gateway.answer("limit_req zone=all burst=1000; proxy_pass http://127.0.0.1:$server_port/up;")
    cluster.api.post(f"{path}/retry")
    problem = problem_of(cluster.api.call("POST", f"{path}/retry"), 409)
    assert "is running and cannot be retried: only one that has finished can" in problem["detail"]
    cluster.api.post(f"{path}/cancel")
    cluster.wait_campaign(campaign)
    assert "was cancelled" in problem_of(cluster.api.call("POST", f"{path}/retry"), 409)["detail"]
    assert cluster.api.call("POST", "/v1/campaigns/c99/retry").status == 404


def test_the_operators_command(gateway, make_cluster):
    cluster, path, campaign = first_round(gateway, make_cluster)
    status, out, err = tocsin(cluster, "campaign", "retry", campaign, "--only", "failed,nobody")
    assert status == 1 and "nobody" in err and "uncertain" in err, (status, out, err)
    gateway.answer("return 202;")
    status, out, err = tocsin(cluster, "campaign", "retry", campaign, "--only", "failed", "--watch", "--strict")
    assert status == 0 and "finished" in out, (status, out, err)
    status, out, err = tocsin(cluster, "campaign", "show", campaign)
    assert status == 0 and re.search(rf"^ *2 +{len(FAILED)} +20", out, re.M), out
    status, out, err = tocsin(cluster, "campaign", "retry", campaign)
    assert status == 1 and "there is nobody to retry" in err, (status, out, err)
