# SPDX-License-Identifier: Apache-2.0
"""Plans with two steps at once: both messages go out together, and nobody climbs from the pair too early."""

import os
import re
import socket

import pytest

from support import Gateway, http_provider, some, timeline_of, tocsin, upload, wait_for

PEOPLE = 600
WITHIN_S = 15.0
CLOCK_S = 0.002  # how exact the gateways' own times are


@pytest.fixture
def gateways(place):
    """For SMS, e-mail and calls."""
    three = [Gateway(os.path.join(place, name)) for name in ("sms", "email", "voice")]
    yield three
    for gateway in three:
        gateway.stop()


@pytest.fixture
def cluster(gateways, make_cluster):
    return make_cluster([http_provider(gateway, name=channel, channel=channel)
                         for gateway, channel in zip(gateways, ("sms", "email", "voice"))], workers=2)


def message_counts(gateway):
    return {recipient: len(keys) for recipient, keys in gateway.keys().items()}


def last_times(gateway):
    """recipient -> when his newest request was answered, by the gateway's clock."""
    return {request.recipient: request.at_s for request in gateway.requests()}


def names(numbers):
    return {f"r{i}": 1 for i in numbers}


def test_both_go_at_once_and_whoever_acknowledges_either_is_left_alone_even_after_kill_9(gateways, cluster):
    """A third by the link of the SMS, a third by that of the e-mail, and the coordinator dies in between."""
    sms, email, voice = gateways
    audience = upload(cluster, PEOPLE)
    content = {"sms": {"text": "Hi"}, "email": {"subject": "S", "text": "Hi"}, "voice": {"text": "Hi"}}
    campaign = cluster.campaign(audience, None, content, plan={
        "steps": [{"channel": "sms", "until": "acknowledged", "within": f"{WITHIN_S:.0f}s"},
                  {"channel": "email", "with_previous": True}, {"channel": "voice"}]})
    path = f"/v1/campaigns/{campaign['id']}"
    wait_for("both messages of everybody", lambda: len(sms.keys()) == len(email.keys()) == PEOPLE)
    view = cluster.api.get(path)
    assert view["plan"]["steps"][1]["with_previous"] is True and view["plan"]["steps"][1]["within"] == "15s"
    keys, more_keys = ({r.recipient: r.key for r in gateway.requests()} for gateway in (sms, email))
    assert all(keys[recipient] != more_keys[recipient] for recipient in keys)
    for i in range(0, PEOPLE, 3):
        assert cluster.api.call("POST", f"/a/{keys[f'r{i}']}").status == 200
    cluster.coordinator.kill()
    cluster.start_coordinator()
    for i in range(1, PEOPLE, 3):
        assert cluster.api.call("POST", f"/a/{more_keys[f'r{i}']}").status == 200
    view = cluster.wait_campaign(campaign["id"])
    left = range(2, PEOPLE, 3)
    assert some(view["counts"]) == {"accepted": len(left), "acknowledged": PEOPLE - len(left)} and view["open"] == 0
    assert message_counts(sms) == message_counts(email) == names(range(PEOPLE))
    assert message_counts(voice) == names(left)
    first, second, third = (last_times(gateway) for gateway in gateways)
    waits = [third[f"r{i}"] - max(first[f"r{i}"], second[f"r{i}"]) for i in left]
    assert min(waits) >= WITHIN_S - CLOCK_S, min(waits)
    for recipient in ("r0", "r1"):
        entry = cluster.api.get(f"{path}/recipients/{recipient}")
        assert entry["state"] == "acknowledged" and [track["step"] for track in entry["tracks"]] == [1, 2]
        assert {track["state"] for track in entry["tracks"]} == {"acknowledged"}
    timeline = [(event["event"], event["step"]) for event in timeline_of(cluster, campaign["id"], "r2")
                if "step" in event]
    assert set(timeline[:2]) == {("leased", 1), ("leased", 2)}
    assert timeline[-3:] == [("climbed", 3), ("leased", 3), ("accepted", 3)], timeline


def test_what_becomes_of_one_changes_nothing_for_the_other(place, gateways, cluster):
    """Of each four both are taken, only the SMS, only the e-mail (no phone, no call), and neither."""
    sms, email, voice = gateways
    sms.answer("if ($http_x_recipient ~ ^d) { return 400; } return 202;")
    email.answer("if ($http_x_recipient ~ ^(b|d)) { return 400; } return 202;")
    count = PEOPLE // 4
    rows = "id,phone,email\n" + "".join(
        f"a{i},+4790{i:08d},a{i}@customer.test\nb{i},+4791{i:08d},b{i}@customer.test\n"
        f"c{i},,c{i}@customer.test\nd{i},+4792{i:08d},d{i}@customer.test\n" for i in range(count))
    path = os.path.join(place, "people.csv")
    with open(path, "w", encoding="ascii") as f:
        f.write(rows)
    status, out, err = tocsin(cluster, "send", path, "--plan", "sms+email > voice", "--text", "Boil your water",
                              "--subject", "Water", "--strict")
    assert (status, err) == (0, ""), out
    assert message_counts(sms) == {f"{letter}{i}": 1 for letter in "abd" for i in range(count)}
    assert message_counts(email) == {f"{letter}{i}": 1 for letter in "abcd" for i in range(count)}
    assert message_counts(voice) == {f"d{i}": 1 for i in range(count)}
    assert some(cluster.api.get("/v1/campaigns/c1")["counts"]) == {"accepted": 4 * count}
    tracks = cluster.api.get("/v1/campaigns/c1/recipients/b7")["tracks"]
    assert [(track["step"], track["state"]) for track in tracks] == [(1, "accepted"), (2, "failed")]

    status, out, _ = tocsin(cluster, "campaign", "list")
    assert status == 0 and "sms+email > voice" in out
    status, out, _ = tocsin(cluster, "campaign", "show", "c1")
    assert status == 0 and re.search(r"^\+email +accepted +4h", out, re.M), out


def test_an_impossible_pair_is_refused_where_it_was_written(place, cluster):
    path = os.path.join(place, "people.csv")
    with open(path, "w", encoding="ascii") as f:
        f.write("id,phone,email\nk1,+4790000001,k1@customer.test\n")
    status, out, err = tocsin(cluster, "send", path, "--plan", "sms+email+voice 5m", "--text", "Hi", "--subject", "S")
    assert (status, out) == (2, "") and "two channels at once are the most" in err
    audience = cluster.api.upload(open(path, "rb").read()).json()["id"]
    answer = cluster.api.call("POST", "/v1/campaigns", {
        "name": "n", "audience": audience, "content": {"sms": {"text": "Hi"}},
        "plan": {"steps": [{"channel": "sms", "with_previous": True}]}})
    assert answer.status == 422 and answer.json()["pointer"] == "/plan/steps/0/with_previous"


def test_each_is_sent_again_on_its_own_until_somebody_acknowledges_any_of_them(gateways, cluster):
    """The SMS twice and the e-mail three times; every fourth acknowledges, by a link of any of them."""
    sms, email, voice = gateways
    audience = upload(cluster, PEOPLE)
    content = {"sms": {"text": "Hi"}, "email": {"subject": "S", "text": "Hi"}, "voice": {"text": "Hi"}}
    campaign = cluster.campaign(audience, None, content, plan={"steps": [
        {"channel": "sms", "repeat": {"every": "6s", "times": 1}},
        {"channel": "email", "with_previous": True, "repeat": {"every": "5s", "times": 2}},
        {"channel": "voice"}]})
    path = f"/v1/campaigns/{campaign['id']}"
    wait_for("both messages of everybody", lambda: len(sms.keys()) == len(email.keys()) == PEOPLE)
    keys = {r.recipient: r.key for r in email.requests()}
    for i in range(0, PEOPLE, 4):
        assert cluster.api.call("POST", f"/a/{keys[f'r{i}']}").status == 200
    cluster.coordinator.kill()
    cluster.start_coordinator()
    view = cluster.wait_campaign(campaign["id"])
    left = [i for i in range(PEOPLE) if i % 4 != 0]
    assert some(view["counts"]) == {"accepted": len(left), "acknowledged": PEOPLE - len(left)} and view["open"] == 0
    assert [step["repeat"] for step in view["ladder"]] == [0, 1, 0, 1, 2, 0]
    once = names(i for i in range(PEOPLE) if i % 4 == 0)
    assert message_counts(sms) == {**once, **{f"r{i}": 2 for i in left}}
    assert message_counts(email) == {**once, **{f"r{i}": 3 for i in left}}
    assert message_counts(voice) == names(left)
    last, called = last_times(email), last_times(voice)
    waits = [called[f"r{i}"] - last[f"r{i}"] for i in left]
    assert min(waits) >= 5 - CLOCK_S, min(waits)  # the e-mail's third time lasts longer than the SMS' second
    tracks = cluster.api.get(f"{path}/recipients/r1")["tracks"]
    assert [(track["step"], track.get("repeat")) for track in tracks] == [(3, None), (2, 2)]


def test_one_whose_channel_is_down_is_given_up_alone(gateways, make_cluster):
    """Nobody listens for SMS: the e-mails are taken at once, and calls follow when their time is over."""
    sms, email, voice = gateways
    providers = [http_provider(gateway, name=channel, channel=channel)
                 for gateway, channel in zip(gateways, ("sms", "email", "voice"))]
    sms.stop()
    held = socket.socket()  # nobody else gets its port, and whoever connects is refused
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.bind(("127.0.0.1", sms.port))
    cluster = make_cluster(providers, {"down_grace": "2s"})
    audience = upload(cluster, PEOPLE)
    content = {"sms": {"text": "Hi"}, "email": {"subject": "S", "text": "Hi"}, "voice": {"text": "Hi"}}
    campaign = cluster.campaign(audience, None, content, plan={"steps": [
        {"channel": "sms", "until": "acknowledged", "within": "8s", "backoff": "500ms", "if_down": "climb"},
        {"channel": "email", "with_previous": True, "backoff": "500ms"}, {"channel": "voice"}]})
    path = f"/v1/campaigns/{campaign['id']}"
    view = cluster.wait_campaign(campaign["id"])
    assert some(view["counts"]) == {"accepted": PEOPLE} and view["open"] == 0
    assert [(rung["step"], rung.get("with_previous"), rung["counts"]) for rung in view["ladder"]] == [
        (1, None, {}), (2, True, {"accepted": PEOPLE}), (3, None, {"accepted": PEOPLE})]
    assert message_counts(email) == message_counts(voice) == names(range(PEOPLE))
    tracks = cluster.api.get(f"{path}/recipients/r7")["tracks"]
    assert [(track["step"], track["state"]) for track in tracks] == [(3, "accepted"), (2, "accepted")]
    timeline = timeline_of(cluster, campaign["id"], "r7")
    given_up = [event for event in timeline if event["event"] == "failed"]
    assert [(event["step"], event["reason"]) for event in given_up] == [(1, 1310)], timeline
    happened = [event["event"] for event in timeline]
    assert happened.index("failed") < happened.index("climbed")
    held.close()
