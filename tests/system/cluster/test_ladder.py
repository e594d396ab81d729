# SPDX-License-Identifier: Apache-2.0
"""Plans of several steps: who gets the second message, who does not, and when."""

import os
import re
import threading

import pytest

from support import Gateway, http_provider, lines_of_json, some, timeline_of, tocsin, upload, wait_for

PEOPLE = 600
WITHIN_S = 2.0
CLOCK_S = 0.002  # how exact the gateways' own times are


@pytest.fixture
def second(place):
    gateway = Gateway(os.path.join(place, "second"))
    yield gateway
    gateway.stop()


@pytest.fixture
def cluster(gateway, second, make_cluster):
    return make_cluster([http_provider(gateway), http_provider(second, name="relay", channel="email")], workers=2)


def message_counts(gateway):
    return {recipient: len(keys) for recipient, keys in gateway.keys().items()}


def test_exactly_those_whom_the_first_step_cannot_reach_get_the_second_message(place, gateway, second, cluster):
    """Of each three one is taken, one is refused with 400, and one has no phone."""
    gateway.answer("if ($http_x_recipient ~ ^b) { return 400; } return 202;")
    rows = "id,phone,email\n" + "".join(
        f"a{i},+4790{i:08d},a{i}@customer.test\nb{i},+4791{i:08d},b{i}@customer.test\nc{i},,c{i}@customer.test\n"
        for i in range(PEOPLE // 3))
    path = os.path.join(place, "people.csv")
    with open(path, "w", encoding="ascii") as f:
        f.write(rows)
    status, out, err = tocsin(cluster, "send", path, "--plan", "sms > email", "--text", "Boil your water", "--subject",
                              "Water", "--strict")
    assert (status, err) == (0, ""), out
    assert message_counts(gateway) == {f"{letter}{i}": 1 for letter in "ab" for i in range(PEOPLE // 3)}
    assert message_counts(second) == {f"{letter}{i}": 1 for letter in "bc" for i in range(PEOPLE // 3)}
    view = cluster.api.get("/v1/campaigns/c1")
    assert some(view["counts"]) == {"accepted": PEOPLE} and view["open"] == 0 and "channel" not in view
    assert [event["event"] for event in timeline_of(cluster, "c1", "b7")] == [
        "launched", "leased", "climbed", "leased", "accepted", "finished"]
    rungs = [{"step": 1, "repeat": 0, "channel": "sms", "counts": {"accepted": PEOPLE // 3}, "open": 0, "next_at": None},
             {"step": 2, "repeat": 0, "channel": "email", "counts": {"accepted": 2 * PEOPLE // 3}, "open": 0,
              "next_at": None}]
    assert view["ladder"] == rungs and view["next_climb_at"] is None
    keys, more_keys = gateway.keys(), second.keys()
    assert keys["b7"] != more_keys["b7"]  # another step is another message

    status, out, _ = tocsin(cluster, "campaign", "list")
    assert status == 0 and "sms > email" in out
    status, out, _ = tocsin(cluster, "campaign", "show", "c1")
    assert status == 0 and re.search(r"^email +accepted +4h +5 +30s +15m +resend$", out, re.M), out


def first_times(gateway):
    """recipient -> when his first request was answered, by the gateway's clock."""
    times = {}
    for request in gateway.requests():
        times.setdefault(request.recipient, request.at_s)
    return times


def test_whoever_does_not_acknowledge_in_time_gets_the_second_message_and_not_before(gateway, second, cluster):
    audience = upload(cluster, PEOPLE)
    campaign = cluster.campaign(audience, None, {"sms": {"text": "Hi"}, "email": {"subject": "S", "text": "Hi"}}, plan={
        "steps": [{"channel": "sms", "until": "acknowledged", "within": "2s"}, {"channel": "email"}]})
    path = f"/v1/campaigns/{campaign['id']}"
    lines = []
    watch = threading.Thread(target=lambda: lines.extend(tocsin(cluster, "campaign", "watch", campaign["id"])))
    watch.start()
    view = wait_for("somebody who was sent to", lambda: (v := cluster.api.get(path))["open"] and v, every=0.01)
    assert view["state"] == "running" and 0 < view["open"] <= view["counts"]["accepted"]
    view = cluster.wait_campaign(campaign["id"])
    watch.join(20)
    assert some(view["counts"]) == {"accepted": PEOPLE} and view["open"] == 0
    assert message_counts(gateway) == message_counts(second) == {f"r{i}": 1 for i in range(PEOPLE)}
    before, after = first_times(gateway), first_times(second)
    waits = sorted(after[recipient] - before[recipient] for recipient in before)
    assert waits[0] >= WITHIN_S - CLOCK_S, waits[:3]
    assert waits[-1] < WITHIN_S + 10, waits[-3:]
    status, out, err = lines
    assert (status, err) == (0, "") and "acknowledgements awaited; accepted" in out, out
    assert f"{campaign['id']} finished: {PEOPLE} of {PEOPLE} settled" in out, out


def test_whoever_acknowledges_gets_no_further_message_even_after_kill_9(gateway, second, cluster):
    """A third by the link of the message, a third by an app, and the coordinator dies in between."""
    audience = upload(cluster, PEOPLE)
    campaign = cluster.campaign(audience, None, {"sms": {"text": "Hi"}, "email": {"subject": "S", "text": "Hi"}}, plan={
        "steps": [{"channel": "sms", "until": "acknowledged", "within": "15s"}, {"channel": "email"}]})
    path = f"/v1/campaigns/{campaign['id']}"
    wait_for("everybody's first message", lambda: cluster.api.get(path)["open"] == PEOPLE)
    keys = {request.recipient: request.key for request in gateway.requests()}
    by_link = [f"r{i}" for i in range(0, PEOPLE, 3)]
    by_app = [f"r{i}" for i in range(1, PEOPLE, 3)]
    for recipient in by_link:
        assert cluster.api.call("GET", f"/a/{keys[recipient]}").status == 200  # a scanner
        assert cluster.api.call("POST", f"/a/{keys[recipient]}").status == 200
    cluster.coordinator.kill()
    cluster.start_coordinator()
    for recipient in by_app:
        answer = cluster.api.post("/v1/acknowledgements", {"campaign": campaign["id"], "recipient": recipient})
        assert answer["state"] == "acknowledged"
    view = cluster.wait_campaign(campaign["id"])
    left = PEOPLE - len(by_link) - len(by_app)
    assert some(view["counts"]) == {"accepted": left, "acknowledged": len(by_link) + len(by_app)}
    assert message_counts(second) == {f"r{i}": 1 for i in range(2, PEOPLE, 3)}
    # Whoever answers at last is heard, too.
    assert cluster.api.call("POST", f"/a/{keys['r2']}").status == 200
    assert some(cluster.api.get(path)["counts"])["acknowledged"] == len(by_link) + len(by_app) + 1
    timeline = [entry["event"] for entry in cluster.api.get(f"{path}/recipients/r2")["timeline"]]
    assert timeline[-1] == "acknowledged" and "climbed" in timeline


def test_whoever_acknowledges_a_cancelled_campaign_is_thanked_and_heard_and_nothing_else_changes(gateway, second, cluster):
    """By the link, before and after a kill -9, and by an app; a sent message is not unsent by cancelling."""
    audience = upload(cluster, PEOPLE)
    campaign = cluster.campaign(audience, None, {"sms": {"text": "Hi"}, "email": {"subject": "S", "text": "Hi"}}, plan={
        "steps": [{"channel": "sms", "until": "acknowledged", "within": "1h"}, {"channel": "email"}]})
    path = f"/v1/campaigns/{campaign['id']}"
    wait_for("everybody's first message", lambda: cluster.api.get(path)["open"] == PEOPLE)
    cluster.api.post(f"{path}/cancel")
    before = cluster.wait_campaign(campaign["id"], states=("cancelled",))
    keys = {request.recipient: request.key for request in gateway.requests()}
    assert cluster.api.call("POST", f"/a/{keys['r0']}").status == 200
    cluster.coordinator.kill()
    cluster.start_coordinator()
    page = cluster.api.call("POST", f"/a/{keys['r1']}")
    assert page.status == 200 and b"Thank you" in page.body, page.body
    for recipient in ("r1", "r2"):  # r1 for the second time
        cluster.api.post("/v1/acknowledgements", {"campaign": campaign["id"], "recipient": recipient})
    after = cluster.api.get(path)
    expected = dict(before["counts"])
    expected["acknowledged"] += 3
    state = next(state for state, count in some(before["counts"]).items() if count == PEOPLE)
    expected[state] -= 3
    assert after["counts"] == expected and after["state"] == "cancelled" and after["ended_at"] == before["ended_at"]
    for recipient in ("r0", "r1", "r2"):
        events = [entry["event"] for entry in timeline_of(cluster, campaign["id"], recipient)]
        assert events[-1] == "acknowledged" and events.count("acknowledged") == 1, events
    assert second.count() == 0 and gateway.count() == PEOPLE


def test_a_mistaken_plan_is_refused_where_it_was_written(place, cluster):
    path = os.path.join(place, "people.csv")
    with open(path, "w", encoding="ascii") as f:
        f.write("id,phone\nk1,+4790000001\n")
    status, out, err = tocsin(cluster, "send", path, "--plan", "sms 5m > emial", "--text", "Hi", "--subject", "S")
    assert (status, out) == (2, "") and "step 2" in err and 'did you mean "email"' in err
    assert cluster.api.get("/v1/audiences")["items"] == []
    status, out, err = tocsin(cluster, "send", path, "--plan", "sms 5m > email", "--text", "Hi", "--subject", "S")
    assert status == 1 and '"email"' in err and "at /plan/steps/1/channel" in err and "--audience a1" in err, err
    status, out, err = tocsin(cluster, "send", "--audience", "a1", "--plan", "sms 5m", "--text", "Hi", "--draft", "--json")
    draft = lines_of_json(out)[0]
    assert (status, err) == (0, "") and draft["channel"] == "sms"
    assert [(step["until"], step["within"]) for step in draft["plan"]["steps"]] == [("acknowledged", "5m")]
