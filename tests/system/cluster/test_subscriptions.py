# SPDX-License-Identifier: Apache-2.0
"""Events as webhooks to subscribers: signed so that other people's verifiers know them, each subscriber's in order and none
lost over kill -9, what is refused goes to the dead letters and comes again when asked for."""

import base64
import json
import os
import signal
import subprocess
import time

import pytest

from support import BUILD, free_port, tocsin, upload, wait_for
from node_peer import node_run
from test_reply_forward import Desk
from watch import WATCH

NULL = [{"name": "null", "channel": "sms", "adapter": "null"}]
MESSAGE = {"sms": {"text": "Dear {{first_name}}"}}
OPEN = {"subscriptions": {"allow_http": True, "allow_private": True, "timeout": "3s"}}


@pytest.fixture
def desk():
    desk = Desk(free_port()).open()
    yield desk
    desk.close()
    WATCH.take_webhooks("event", desk.seen)


def subscribe(cluster, desk, name="desk", **more):
    return cluster.api.post("/v1/subscriptions", {"name": name, "url": f"http://127.0.0.1:{desk.port}/hook", **more})


def types(desk):
    return [json.loads(request["body"])["type"].removeprefix("com.tocsin.") for request in desk.seen]


def verified(requests, *keys):
    """What the verifiers of Standard Webhooks and Svix say of each request by each key."""
    lines = "".join(json.dumps({"headers": request["headers"], "body": base64.b64encode(request["body"]).decode()}) + "\n"
                    for request in requests)
    out = node_run("webhook_verify.js", list(keys), stdin=lines.encode())
    return [json.loads(line) for line in out.splitlines()]


def test_events_come_signed_and_in_order(make_cluster, desk):
    cluster = make_cluster(NULL, OPEN)
    made = subscribe(cluster, desk, types=["campaign"])
    assert made["secret"].startswith("whsec_") and "secret" not in cluster.api.get(f"/v1/subscriptions/{made['id']}")
    campaign = cluster.campaign(upload(cluster, 50), "sms", MESSAGE)["id"]
    cluster.wait_campaign(campaign)
    wait_for("all", lambda: len(desk.seen) == 3)
    assert types(desk) == ["campaign.created", "campaign.launched", "campaign.finished"]
    bodies = [json.loads(request["body"]) for request in desk.seen]
    assert [body["id"] for body in bodies] == desk.ids()
    assert bodies[2]["data"]["counts"]["accepted"] == 50 and bodies[2]["subject"] == campaign
    wrong = "whsec_" + base64.b64encode(b"w" * 32).decode()
    for body, said in zip(bodies, verified(desk.seen, made["secret"], wrong)):
        assert said[made["secret"]]["standardwebhooks"] == body and said[made["secret"]]["svix"] == body
        assert isinstance(said[wrong]["standardwebhooks"], str)
    # While a key is exchanged, both are good.
    new = cluster.api.post(f"/v1/subscriptions/{made['id']}/rotate", {"overlap": "1h"})["secret"]
    cluster.campaign(upload(cluster, 5), "sms", MESSAGE, launch=False)
    wait_for("one more", lambda: len(desk.seen) == 4)
    [said] = verified(desk.seen[3:], made["secret"], new)
    assert said[made["secret"]]["standardwebhooks"] == said[new]["svix"] == json.loads(desk.seen[3]["body"])
    cluster.api.post(f"/v1/subscriptions/{made['id']}/rotate", {"overlap": "0s"})
    cluster.campaign(upload(cluster, 5), "sms", MESSAGE, launch=False)
    wait_for("one more", lambda: len(desk.seen) == 5)
    [said] = verified(desk.seen[4:], made["secret"])
    assert isinstance(said[made["secret"]]["standardwebhooks"], str)


def test_none_is_lost_over_kill_9_and_an_absence(make_cluster, desk):
    cluster = make_cluster(NULL, OPEN)
    audience = upload(cluster, 10)
    subscribe(cluster, desk, types=["campaign"])
    campaigns = []
    for number in range(3):
        campaigns.append(cluster.campaign(audience, "sms", MESSAGE, name=f"n{number}")["id"])
        cluster.coordinator.kill()
        if number == 1:
            desk.close()  # and it is away for a while
        cluster.start_coordinator()
    for campaign in campaigns:
        cluster.wait_campaign(campaign)
    desk.open()
    wait_for("all", lambda: len(set(desk.ids())) >= 9, 60)
    first = {}
    for request in desk.seen:  # what was on its way at a crash comes again, under the same id
        body = json.loads(request["body"])
        assert first.setdefault(body["id"], body) == body
    numbers = [int(event[1:]) for event in first]
    assert numbers == sorted(numbers)
    for campaign in campaigns:
        assert [body["type"].rsplit(".", 1)[1] for body in first.values() if body["subject"] == campaign] == \
               ["created", "launched", "finished"]


def kind_of(request):
    return json.loads(request["body"])["type"].rsplit(".", 1)[1]


def test_a_refusal_holds_nobody_back_and_is_one_dead_letter_over_kill_9(make_cluster, desk):
    cluster = make_cluster(NULL, OPEN)
    path = "/v1/subscriptions/" + subscribe(cluster, desk, types=["campaign"])["id"]
    desk.answer = lambda number: (422 if kind_of(desk.seen[number - 1]) == "created" else 204, {})
    audience = upload(cluster, 10)
    campaigns = []
    for number in range(4):
        campaigns.append(cluster.campaign(audience, "sms", MESSAGE, name=f"n{number}")["id"])
        wait_for("one more", lambda: len(desk.seen) > 2 * number)
        cluster.coordinator.kill()  # while some of it may be on its way, or not on disk
        cluster.start_coordinator()
    for campaign in campaigns:
        cluster.wait_campaign(campaign)
    taken = lambda: {request["headers"]["webhook-id"]: kind_of(request) for request in desk.seen if kind_of(request) != "created"}
    wait_for("what was not refused", lambda: sorted(taken().values()) == ["finished"] * 4 + ["launched"] * 4, 20)
    letters = wait_for("the refused", lambda: (lambda items: items if len(items) == 4 else None)(
        cluster.api.get(path + "/dead-letters")["items"]))
    assert [letter["event"]["subject"] for letter in letters] == campaigns
    assert {(letter["type"], letter["tries"], letter["status"]) for letter in letters} == {("com.tocsin.campaign.created", 1, 422)}
    view = cluster.api.get(path)
    assert view["dead_letters"] == 4 and view["delivered"] == 8 and view["tries"] == 0, view
    # In order, but for those that were refused; and these when they are asked for.
    numbers = [int(event[1:]) for event in taken()]
    assert numbers == sorted(numbers)
    desk.answer = lambda number: (204, {})
    assert cluster.api.post(path + "/dead-letters/redeliver") == {"redelivering": 4, "more": False}
    wait_for("none left", lambda: cluster.api.get(path)["dead_letters"] == 0)
    assert desk.ids()[-4:] == [letter["id"] for letter in letters]


def test_what_may_be_mended_is_tried_again(make_cluster, desk):
    cluster = make_cluster(NULL, {**OPEN, "subscriptions": {**OPEN["subscriptions"], "give_up_after": "1m"}})
    made = subscribe(cluster, desk, types=["campaign.created"])
    path = f"/v1/subscriptions/{made['id']}"
    desk.answer = lambda number: (401, {})
    audience = upload(cluster, 5)
    cluster.campaign(audience, "sms", MESSAGE, launch=False)
    wait_for("a second try", lambda: len(desk.seen) == 2, 20)
    view = cluster.api.get(path)
    assert view["tries"] == 2 and view["why"] == "it answered 401" and view["behind"] >= 1
    # Paused, nothing comes; resumed, it comes at once.
    cluster.api.call("PATCH", path, {"state": "paused"})
    desk.answer = lambda number: (204, {})
    time.sleep(1)
    assert len(desk.seen) == 2
    cluster.api.call("PATCH", path, {"state": "active"})
    wait_for("it", lambda: len(desk.seen) == 3)
    assert len(set(desk.ids())) == 1
    # 410 ends it.
    desk.answer = lambda number: (410, {})
    cluster.campaign(audience, "sms", MESSAGE, launch=False)
    wait_for("disabled", lambda: cluster.api.get(path)["state"] == "disabled")
    wait_for("an alarm", lambda: [(alarm["alarm"], alarm["of"]) for alarm in cluster.api.get("/v1/alarms")["items"]] ==
             [("subscriber_gone", made["id"])])
    seen = len(desk.seen)
    cluster.campaign(audience, "sms", MESSAGE, launch=False)
    time.sleep(1)
    assert len(desk.seen) == seen
    desk.answer = lambda number: (204, {})
    assert cluster.api.call("POST", f"{path}/dead-letters/redeliver").status == 409
    cluster.api.call("PATCH", path, {"state": "active"})
    wait_for("both", lambda: cluster.api.get(path)["delivered"] == 3)
    assert cluster.api.get(f"{path}/dead-letters")["items"] == []


def test_private_addresses_are_called_only_if_that_is_allowed(make_cluster, desk):
    cluster = make_cluster(NULL, {"subscriptions": {"allow_http": True}})
    made = subscribe(cluster, desk, types=["campaign"])
    cluster.campaign(upload(cluster, 5), "sms", MESSAGE, launch=False)
    view = wait_for("a try", lambda: (lambda v: v if v["failed_tries"] else None)(cluster.api.get(f"/v1/subscriptions/{made['id']}")))
    assert "address" in view["why"] and desk.seen == []
    closed = make_cluster(NULL)
    answer = closed.api.call("POST", "/v1/subscriptions", {"name": "x", "url": f"http://127.0.0.1:{desk.port}/"})
    assert answer.status == 422 and b"https" in answer.body


def test_the_commands(make_cluster, desk):
    cluster = make_cluster(NULL, OPEN)
    status, out, err = tocsin(cluster, "subscription", "create", "desk", f"http://127.0.0.1:{desk.port}/hook", "--types",
                              "campaign.created,campaign.finished")
    assert status == 0, err
    secret = out.strip().splitlines()[-1]
    assert secret.startswith("whsec_")
    campaign = cluster.campaign(upload(cluster, 5), "sms", MESSAGE)["id"]
    wait_for("both", lambda: len(desk.seen) == 2)
    [said, _] = verified(desk.seen, secret)
    assert said[secret]["svix"]["type"] == "com.tocsin.campaign.created"
    status, out, _ = tocsin(cluster, "subscription", "list", "--json")
    assert status == 0 and json.loads(out.splitlines()[0])["delivered"] == 2
    for command, word in (("show", "active"), ("pause", "paused"), ("resume", "active")):
        status, out, err = tocsin(cluster, "subscription", command, "s1")
        assert status == 0 and word in out, (out, err)
    status, out, _ = tocsin(cluster, "subscription", "rotate", "s1", "--overlap", "1h")
    assert status == 0 and out.strip().splitlines()[-1] not in ("", secret)
    status, out, _ = tocsin(cluster, "subscription", "dead-letters", "s1")
    assert status == 0 and "No dead letter" in out
    status, out, _ = tocsin(cluster, "subscription", "redeliver", "s1")
    assert status == 0 and out.startswith("0 of them")
    assert tocsin(cluster, "subscription", "show", "s7")[0] == 1
    assert tocsin(cluster, "subscription", "create", "desk", "ftp://x")[0] == 1
    assert tocsin(cluster, "subscription", "delete", "s1")[0] == 0
    # What happens, from the beginning, until it is interrupted.
    environment = {**os.environ, "TOCSIN_API": cluster.url(),
                   "TOCSIN_TOKEN_FILE": os.path.join(cluster.data_dir, "admin.token")}
    for more in ([], ["--json"]):
        child = subprocess.Popen([os.path.join(BUILD, "bin", "tocsin"), "events", "--after", "e0", "--campaign", campaign, *more],
                                 stdout=subprocess.PIPE, env=environment)
        lines = [next(iter(child.stdout)).decode() for _ in range(4)]
        child.send_signal(signal.SIGINT)
        assert child.wait(10) == 130
        if more:
            assert [json.loads(line)["type"].rsplit(".", 1)[1] for line in lines] == ["opened", "created", "launched", "finished"]
        else:
            assert "campaign.finished" in lines[3] and "5 accepted" in lines[3], lines
    assert tocsin(cluster, "events", "--after", "x y")[0] == 2
