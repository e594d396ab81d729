# SPDX-License-Identifier: Apache-2.0
"""The stream of events: nothing is lost or told twice over kill -9, nobody hears what he did not ask for, too many listeners
do no harm."""

import datetime
import re
import socket
import time

from support import QUICK, SLOW, http_provider, upload, wait_for
from event_stream import EventStream

NULL = [{"name": "null", "channel": "sms", "adapter": "null"}]
MESSAGE = {"sms": {"text": "Dear {{first_name}}"}}


def number_of(event):
    return int(event.id[1:])


def follow(cluster, streams, stop):
    """Listens until `stop` says so, over whatever happens to the coordinator; the facts in order."""
    facts, last = [], None
    while not stop():
        try:
            stream = EventStream(cluster.api, last_id=last)
        except OSError:
            time.sleep(0.05)
            continue
        streams.append(stream)
        while not stream.is_over and not stop():
            time.sleep(0.02)
        stream.close()
        facts += stream.facts()
        last = [event.id for event in stream.events if event.id][-1] if stream.events else last
    return facts


def test_facts_are_told_once_and_in_order_over_kill_9(make_cluster):
    import threading
    cluster = make_cluster(NULL, workers=1, settings=QUICK)
    audience = upload(cluster, 100)
    is_done, told = threading.Event(), []
    listener = threading.Thread(target=lambda: told.extend(follow(cluster, [], is_done.is_set)))
    listener.start()
    campaigns = []
    for number in range(4):
        campaigns.append(cluster.campaign(audience, "sms", MESSAGE, name=f"n{number}")["id"])
        time.sleep(0.1 * number)
        cluster.coordinator.kill()
        cluster.start_coordinator()
    for campaign in campaigns:
        cluster.wait_campaign(campaign)
    time.sleep(1)
    is_done.set()
    listener.join(20)
    numbers = [number_of(event) for event in told]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers))), numbers
    for campaign in campaigns:
        types = [event.type for event in told if event.subject == campaign]
        assert types == ["campaign.created", "campaign.launched", "campaign.finished"], types
    assert sum(event.type == "coordinator.started" for event in told) == 4
    every = EventStream(cluster.api, last_id="e0")
    every.find(lambda event: event.id == told[-1].id)
    assert [event.id for event in every.facts()][:len(told)] [-len(told):]
    same = {event.id: event.cloud for event in every.facts()}
    assert all(same[event.id] == event.cloud for event in told)  # told again as it was told
    every.close()


def test_the_data_are_those_of_the_api(gateway, make_cluster):
    cluster = make_cluster([http_provider(gateway, rate=200)], {"lease": "15s"}, workers=1)  # which outlasts the campaign
    stream = EventStream(cluster.api)
    campaign = cluster.campaign(upload(cluster, 1000), "sms", MESSAGE)["id"]
    progress = stream.find(lambda event: event.type == "campaign.progress" and event.data["rate_per_s"] > 0)
    assert sum(progress.data["counts"].values()) == 1000
    assert progress.data["outcomes"].keys() == {"gateway"}
    view = cluster.wait_campaign(campaign)
    last = stream.find(lambda event: event.type == "campaign.progress" and event.data["state"] == "finished")
    finished = stream.find("campaign.finished")
    assert finished.data["outcomes"] == view["outcomes"] and view["outcomes"]["gateway"]["accepted"] == 1000
    for event in (last, finished):
        assert set(event.data) < set(view)
        assert {key: event.data[key] for key in ("counts", "ladder", "ended_at", "name", "id")} == \
               {key: view[key] for key in ("counts", "ladder", "ended_at", "name", "id")}
    told = [event.cloud["time"] for event in stream.events if event.type == "campaign.progress"]
    lasted_s = (datetime.datetime.fromisoformat(view["ended_at"]) - datetime.datetime.fromisoformat(view["launched_at"])).total_seconds()
    assert lasted_s - 2 <= len(told) <= lasted_s + 6, (lasted_s, told)  # one a second, and when its state changes
    provider = stream.find("provider.progress")
    assert set(provider.data) == set(cluster.api.get("/v1/providers/gateway"))
    assert stream.find("worker.joined").data["connected"]
    cluster.workers["w0"].stop()
    stream.find("worker.left")
    stream.close()


def test_nobody_hears_what_he_did_not_ask_for(make_cluster):
    cluster = make_cluster(NULL, workers=1)
    audience = upload(cluster, 10)
    first = cluster.campaign(audience, "sms", MESSAGE, launch=False)["id"]
    one = EventStream(cluster.api, f"?campaign={first}")
    some = EventStream(cluster.api, "?types=campaign.finished,worker")
    other = cluster.campaign(audience, "sms", MESSAGE)["id"]
    cluster.api.post(f"/v1/campaigns/{first}/launch")
    one.find("campaign.finished")
    some.find(lambda event: event.type == "campaign.finished" and event.subject == first)
    some.find(lambda event: event.type == "campaign.finished" and event.subject == other)
    assert {event.subject for event in one.events if not event.type.startswith("stream.")} == {first}
    assert {event.type.split(".")[0] for event in some.events} == {"stream", "campaign", "worker"}
    assert {event.type for event in some.events if event.subject in (first, other)} == {"campaign.finished"}
    for bad in ("?campaign=c99", "?types=nonsense", "?since=1"):
        assert cluster.api.call("GET", f"/v1/events{bad}").status == 400
    assert cluster.api.call("GET", "/v1/events", headers={"Last-Event-ID": "nonsense"}).status == 400
    one.close()
    some.close()


def test_a_worker_is_told_of_by_its_name_after_a_restart(gateway, make_cluster):
    """Until it says hello only its leases are known."""
    gateway.answer(SLOW)
    cluster = make_cluster([http_provider(gateway)])
    campaign = cluster.campaign(upload(cluster, 20000), "sms", MESSAGE)["id"]
    wait_for("some under way", lambda: gateway.count() > 100)
    cluster.coordinator.kill()
    cluster.start_coordinator()
    stream = EventStream(cluster.api, "?types=worker,campaign.cancelled", last_id="e0")
    stream.find("worker.joined")
    stream.find("worker.progress")
    told = [event for event in stream.events if event.type.startswith("worker.")]
    assert {event.subject for event in told} == {event.data["name"] for event in told} == {"w0"}
    cluster.api.post(f"/v1/campaigns/{campaign}/cancel")
    stream.close()


def test_a_thousand_streams_at_once(make_cluster):
    """256 are taken, the others refused in so many words; the campaign goes on, and so does whoever asks for something else."""
    cluster = make_cluster(NULL, workers=1, settings={"limits": {"connections": 4096, "connections_per_address": 2048}})
    audience = upload(cluster, 20000)
    request = f"GET /v1/events HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer {cluster.api.token}\r\n\r\n".encode()
    sockets = []
    for _ in range(1000):
        s = socket.create_connection(("127.0.0.1", cluster.api_port))
        s.sendall(request)
        sockets.append(s)
    answers = {}
    for s in sockets:
        s.settimeout(20)
        head = s.recv(4096).decode()
        status = int(head.split()[1])
        answers.setdefault(status, []).append((s, head))
    assert {status: len(some) for status, some in answers.items()} == {200: 256, 503: 744}
    for s, head in answers[503]:
        assert re.search(r"^Retry-After: \d+\r$", head, re.M) and "limits.event_streams" in head
    view = cluster.wait_campaign(cluster.campaign(audience, "sms", MESSAGE)["id"])
    assert view["counts"]["accepted"] == 20000
    for s, _ in answers[200]:
        text = ""
        while "campaign.finished" not in text:
            piece = s.recv(65536).decode()
            assert piece, "a stream broke off"
            text += piece
    for s in sockets:
        s.close()
    wait_for("room again", lambda: EventStream(cluster.api).status == 200, 40, every=1)


def test_streams_end_with_the_coordinator(make_cluster):
    cluster = make_cluster(NULL)
    streams = [EventStream(cluster.api) for _ in range(20)]
    for stream in streams:
        stream.find("stream.opened")
    began = time.monotonic()
    cluster.coordinator.stop()
    assert time.monotonic() - began < 5
    for stream in streams:
        stream.wait_end()
        assert stream.find("stream.closed").data["reason"] == "stopping"
        stream.close()


def test_alarms_are_raised_and_cleared(gateway, make_cluster):
    gateway.stop()
    cluster = make_cluster([http_provider(gateway, breaker="1s")], workers=1)
    stream = EventStream(cluster.api, "?types=alarm,provider.changed")
    campaign = cluster.campaign(upload(cluster, 2000), "sms", MESSAGE, {"attempts": 10, "backoff": "200ms", "backoff_max": "1s"})["id"]
    assert "breaker" in stream.find("provider.changed").data["changed"]
    raised = stream.find("alarm.raised", 40)
    assert raised.data["alarm"] == "provider_down" and raised.subject == "gateway"
    assert [a["of"] for a in cluster.api.get("/v1/alarms")["items"]] == ["gateway"]
    gateway.start()
    assert stream.find("alarm.cleared", 40).data["since"] == raised.data["since"]
    assert cluster.api.get("/v1/alarms") == {"items": []}
    cluster.wait_campaign(campaign)
    stream.close()
