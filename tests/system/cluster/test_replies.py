# SPDX-License-Identifier: Apache-2.0
"""What people write back through Kannel: STOP, START and ACK are done, in a campaign that runs; all else is kept for people to
read; and the coordinator, killed, forgets none of it."""

import http.client
import os
import threading
import time

import pytest

from support import BUILD, Cluster, QUICK, check_ledger, http_provider, tocsin, wait_for
from kannel import Kannel, is_there  # on the path since support

SECRET = "foobar"
WORDS = {"stop": ["STOPP"], "ack": ["OK"]}
PEOPLE = 6
# Time enough for whoever replies before the second message.
PLAN = {"steps": [{"channel": "sms", "until": "acknowledged", "within": "25s", "attempts": 1},
                  {"channel": "sms", "until": "accepted", "attempts": 1}]}


def number(i):
    return f"+479000001{i}"


@pytest.fixture
def pair(place):
    """A cluster and the Kannel that it sends by and hears of."""
    secret = os.path.join(place, "secret")
    with open(secret, "w", encoding="ascii") as f:
        f.write(SECRET)
    cluster = Cluster(os.path.join(place, "cluster"), BUILD, [], {**QUICK, "replies": WORDS})
    base = cluster.url(is_for_later=True)
    kannel = Kannel(os.path.join(place, "kannel"),
                    f"{base}/i/kannel?secret={SECRET}&from=%p&to=%P&text=%b&charset=%C&id=%I&ts=%T")
    settings = {"url": kannel.url(), "user": "tester", "password": f"file:{secret}", "from": "12345", "receipt_url": base,
                "receipt_secret": f"file:{secret}", "inbound_secret": f"file:{secret}"}
    cluster.providers = [{"name": "kannel", "channel": "sms", "adapter": "kannel", "settings": settings}]
    try:
        cluster.start_coordinator()
        cluster.start_worker("w0")
        cluster.wait_workers(1)
        kannel.start()
        yield cluster, kannel
    finally:
        kannel.stop()
        cluster.close()


def replies(cluster, query=""):
    return cluster.api.get(f"/v1/replies{query}")["items"]


def write(cluster, kannel, i, text):
    """Somebody writes, and it has come in."""
    seen = len(replies(cluster))
    kannel.reply(number(i), text)
    wait_for(f"the reply {text}", lambda: len(replies(cluster)) > seen, 15)
    reply = replies(cluster, "?limit=1")[0]
    assert (reply["text"], reply["from"]) == (text, number(i))
    return reply


def texts(kannel, i):
    return [text for to, text in kannel.messages() if to == number(i)]


@pytest.mark.skipif(not is_there(), reason="Kannel is not installed")
def test_stop_start_and_ack_through_kannel(pair):
    cluster, kannel = pair
    rows = "id,phone\n" + "".join(f"p{i},{number(i)}\n" for i in range(PEOPLE))
    audience = cluster.api.upload(rows.encode()).json()["id"]
    campaign = cluster.campaign(audience, None, {"sms": {"text": "Boil water: ACK {{reply_code}}"}}, plan=PLAN)["id"]
    wait_for("the first messages", lambda: all(texts(kannel, i) for i in range(PEOPLE)), 20)
    codes = {i: texts(kannel, i)[0].rsplit(" ", 1)[1].rstrip(">") for i in range(PEOPLE)}

    reply = write(cluster, kannel, 0, "Stop")
    assert (reply["class"], reply["result"], reply["campaign"], reply["recipient"]) == ("stop", "opted_out", campaign, "p0")
    assert write(cluster, kannel, 1, "stopp")["result"] == "opted_out"
    reply = write(cluster, kannel, 2, "Stop please")
    assert (reply["class"], reply["result"], reply["found_by"]) == ("other", "kept", "endpoint")
    reply = write(cluster, kannel, 3, f"ok {codes[3].lower()}")
    assert (reply["class"], reply["result"], reply["recipient"], reply["found_by"]) == ("ack", "acknowledged", "p3", "code")
    entries = cluster.api.get("/v1/suppressions")["items"]
    assert [(entry["endpoint"], entry["source"]) for entry in entries] == [(number(i), "reply:kannel") for i in (0, 1)]

    cluster.coordinator.kill()
    cluster.start_coordinator()
    cluster.wait_campaign(campaign, seconds=60)
    wait_for("the second messages", lambda: all(len(texts(kannel, i)) == 2 for i in (2, 4, 5)), 20)
    assert [len(texts(kannel, i)) for i in (0, 1, 3)] == [1, 1, 1]

    assert write(cluster, kannel, 0, "START")["result"] == "opted_in"
    again = cluster.campaign(audience, "sms", {"sms": {"text": "All clear"}})["id"]
    cluster.wait_campaign(again)
    wait_for("who begins anew", lambda: len(texts(kannel, 0)) == 2, 15)
    wait_for("the others", lambda: len(texts(kannel, 5)) == 3, 15)
    assert len(texts(kannel, 1)) == 1

    counts = cluster.api.get(f"/v1/campaigns/{campaign}/replies")["counts"]
    assert counts == {"other": 1, "stop": 2, "start": 1, "help": 0, "ack": 1}
    assert cluster.api.get(f"/v1/campaigns/{campaign}")["replies"] == counts
    status, out, err = tocsin(cluster, "reply", "list", campaign, "--class", "other", "--json")
    assert (status, err) == (0, "") and '"text": "Stop please"' in out.replace('":"', '": "'), (out, err)
    assert [reply["text"] for reply in replies(cluster, "?class=other")] == ["Stop please", "hello"]
    cluster.close()
    assert check_ledger(cluster)[0] == 0


def test_each_message_is_one_reply_however_often_it_comes_and_the_coordinator_dies(gateway, make_cluster):
    """A gateway hands on each message until it is answered, and then all of them once more."""
    cluster = make_cluster([http_provider(gateway)], workers=0, settings={"replies": WORDS})
    messages = [{"channel": "sms", "from": f"+4790000{i % 50:03}", "text": ("STOP", "START", "Hm?")[i % 3], "provider": "gateway",
                 "id": f"m{i}"} for i in range(600)]
    numbers = {}

    def hand_on(part):
        for message in part:
            while message["id"] not in numbers:
                try:
                    answer = cluster.api.call("POST", "/v1/replies", message, timeout=5)
                    if answer.status == 200:
                        numbers[message["id"]] = answer.json()["reply"]
                except (OSError, http.client.HTTPException):
                    time.sleep(0.05)

    threads = [threading.Thread(target=hand_on, args=(messages[i::4],)) for i in range(4)]
    for thread in threads:
        thread.start()
    for share in (0.2, 0.5, 0.8):
        wait_for("some of them", lambda share=share: len(numbers) >= share * len(messages), 60)
        cluster.coordinator.kill()
        cluster.start_coordinator()
    for thread in threads:
        thread.join(60)
    assert len(numbers) == len(set(numbers.values())) == len(messages)
    again = cluster.api.post("/v1/replies", messages)["results"]
    assert all(entry["repeated"] and entry["reply"] == numbers[message["id"]] for entry, message in zip(again, messages))
    kept = {reply["message_id"]: reply["id"] for reply in replies(cluster, "?limit=1000")}
    assert kept == numbers
    cluster.close()
    assert check_ledger(cluster)[0] == 0
