# SPDX-License-Identifier: Apache-2.0
"""What was promised survives kill -9, of the coordinator and of workers, and nothing is sent twice unmarked."""

import http.client
import os
import threading
import time

from support import SLOW, check_ledger, customers, http_provider, log_of, pages, some, total, upload, wait_for

MESSAGE = {"sms": {"text": "Dear {{first_name}}"}}


def restart(cluster):
    cluster.coordinator.kill()
    cluster.start_coordinator()


def say(cluster, path, key, body=None):
    return cluster.api.call("POST", path, body=body, headers={"Idempotency-Key": key})


def assert_replayed(first, again):
    assert again.headers.get("Idempotency-Replayed") == "true"
    assert (again.status, again.body) == (first.status, first.body)
    assert again.headers.get("Location") == first.headers.get("Location")


def test_what_was_answered_is_there_after_kill_9(gateway, make_cluster):
    cluster = make_cluster([http_provider(gateway)], workers=0)
    data = b"".join(customers(3000))
    query = "on_error=stop"
    first = cluster.api.upload(data, query=query, headers={"Idempotency-Key": "upload-1"})
    restart(cluster)
    assert first.status == 201 and cluster.api.get("/v1/audiences/a1") == first.json()
    assert cluster.api.get("/v1/audiences/a1/recipients/r2999")["ordinal"] == 2999
    assert_replayed(first, cluster.api.upload(data, query=query, headers={"Idempotency-Key": "upload-1"}))
    assert len(cluster.api.get("/v1/audiences")["items"]) == 1

    document = {"name": "n", "audience": "a1", "channel": "sms", "content": MESSAGE}
    first = say(cluster, "/v1/campaigns", "create-1", document)
    restart(cluster)
    assert first.status == 201 and cluster.api.get("/v1/campaigns/c1") == first.json()
    assert_replayed(first, say(cluster, "/v1/campaigns", "create-1", document))
    assert say(cluster, "/v1/campaigns", "create-1", {**document, "name": "other"}).status == 422
    assert len(cluster.api.get("/v1/campaigns")["items"]) == 1

    for action, state in (("launch", "running"), ("pause", "paused"), ("resume", "running"), ("cancel", "cancelled")):
        first = say(cluster, f"/v1/campaigns/c1/{action}", f"{action}-1")
        restart(cluster)
        assert first.status == 200 and cluster.api.get("/v1/campaigns/c1")["state"] == state
        assert_replayed(first, say(cluster, f"/v1/campaigns/c1/{action}", f"{action}-1"))
    assert some(cluster.api.get("/v1/campaigns/c1")["counts"]) == {"cancelled": 3000}
    cluster.coordinator.stop()
    assert check_ledger(cluster)[0] == 0


def test_an_upload_that_kill_9_broke_off_leaves_nothing(gateway, make_cluster):
    cluster = make_cluster([http_provider(gateway)], workers=0)
    data = b"".join(customers(60000))
    half = threading.Event()
    killed = threading.Event()

    def pieces():
        for at in range(0, len(data), 1 << 16):
            if at > len(data) // 2 and not half.is_set():
                half.set()
                killed.wait(30)
            yield data[at:at + (1 << 16)]

    errors = []

    def send():
        try:
            cluster.api.upload(pieces(), headers={"Idempotency-Key": "upload-1"})
        except (OSError, http.client.HTTPException) as error:
            errors.append(error)

    sender = threading.Thread(target=send)
    sender.start()
    half.wait(30)
    wait_for("rows", lambda: any(u["rows"] > 1000 for u in cluster.api.get("/v1/uploads")), 20)
    cluster.coordinator.kill()
    killed.set()
    sender.join(30)
    assert errors
    cluster.start_coordinator()
    assert cluster.api.get("/v1/audiences")["items"] == [] and cluster.api.get("/v1/uploads") == []
    assert cluster.api.get("/v1/status")["page_bytes"] < 20000
    answer = cluster.api.upload(data, headers={"Idempotency-Key": "upload-1"})
    assert answer.status == 201 and "Idempotency-Replayed" not in answer.headers
    assert answer.json()["accepted"] == 60000
    cluster.coordinator.stop()
    assert check_ledger(cluster)[0] == 0


def test_a_killed_worker_costs_marked_repeats_with_the_same_key(gateway, make_cluster):
    cluster = make_cluster([http_provider(gateway, rate=1500)], workers=2)
    audience = upload(cluster, 6000)
    campaign = cluster.campaign(audience, "sms", MESSAGE, {"attempts": 8, "backoff": "200ms", "backoff_max": "1s"})
    path = f"/v1/campaigns/{campaign['id']}"
    wait_for("some", lambda: cluster.api.get(path)["counts"]["accepted"] > 1000)
    for _ in range(2):
        cluster.workers["w0"].kill()
        time.sleep(0.2)
        cluster.start_worker("w0")
        time.sleep(0.5)
    view = cluster.wait_campaign(campaign["id"])
    assert some(view["counts"]) == {"accepted": 6000}
    keys = gateway.keys()
    assert set(keys) == {f"r{i}" for i in range(6000)}
    twice = {recipient: seen for recipient, seen in keys.items() if len(seen) > 1}
    assert all(len(set(seen)) == 1 for seen in twice.values())
    for recipient in twice:
        timeline = cluster.api.get(f"{path}/recipients/{recipient}")["timeline"]
        assert "repeated" in [event["event"] for event in timeline], recipient
    assert view["repeated"] >= sum(len(seen) - 1 for seen in twice.values())


def test_hold_sends_nobody_twice_and_ends_as_uncertain(gateway, make_cluster):
    gateway.answer(SLOW)
    cluster = make_cluster([http_provider(gateway)], workers=2)
    audience = upload(cluster, 2000)
    campaign = cluster.campaign(audience, "sms", MESSAGE, {"on_uncertain": "hold", "attempts": 8, "backoff": "200ms"})
    path = f"/v1/campaigns/{campaign['id']}"
    wait_for("some", lambda: cluster.api.get(path)["counts"]["accepted"] > 500)
    cluster.workers["w0"].kill()
    view = cluster.wait_campaign(campaign["id"])
    counts = some(view["counts"])
    assert view["state"] == "finished" and counts["uncertain"] > 0
    assert counts == {"accepted": 2000 - counts["uncertain"], "uncertain": counts["uncertain"]}
    seen = gateway.keys()
    assert max(len(keys) for keys in seen.values()) == 1
    uncertain = pages(cluster, f"{path}/recipients?state=uncertain")
    assert len(uncertain) == counts["uncertain"] and all(item["uncertain"] for item in uncertain)
    assert {item["key"] for item in pages(cluster, f"{path}/recipients?state=accepted")} <= set(seen)


def test_a_coordinators_restart_repeats_nothing_while_workers_live(gateway, make_cluster):
    """The workers keep what they know until it is on disk."""
    cluster = make_cluster([http_provider(gateway, rate=1500)], workers=2)
    audience = upload(cluster, 6000)
    campaign = cluster.campaign(audience, "sms", MESSAGE)
    path = f"/v1/campaigns/{campaign['id']}"
    for least in (500, 2000, 3500):
        wait_for("some", lambda: cluster.api.get(path)["counts"]["accepted"] > least)
        restart(cluster)
        assert total(cluster.api.get(path)) == 6000
    view = cluster.wait_campaign(campaign["id"])
    assert some(view["counts"]) == {"accepted": 6000} and view["repeated"] == 0
    assert {len(keys) for keys in gateway.keys().values()} == {1} and gateway.count() == 6000
    for worker in cluster.workers.values():
        assert worker.stop() == 0
    assert cluster.coordinator.stop() == 0
    assert check_ledger(cluster)[0] == 0


def test_a_worker_that_drains_loses_and_repeats_nothing(gateway, make_cluster):
    cluster = make_cluster([http_provider(gateway, rate=1500)], workers=2)
    audience = upload(cluster, 4500)
    campaign = cluster.campaign(audience, "sms", MESSAGE)
    path = f"/v1/campaigns/{campaign['id']}"
    for number, least in enumerate((400, 1500, 2500)):
        wait_for("some", lambda: cluster.api.get(path)["counts"]["accepted"] > least)
        began = time.monotonic()
        assert cluster.workers["w0"].stop() == 0
        assert time.monotonic() - began < 10
        assert log_of(cluster, "w0").count("drained") == number + 1
        cluster.start_worker("w0")
    view = cluster.wait_campaign(campaign["id"])
    assert some(view["counts"]) == {"accepted": 4500} and view["repeated"] == 0
    assert gateway.count() == 4500 and len(gateway.keys()) == 4500


def test_a_stopped_coordinator_starts_where_it_was(gateway, make_cluster):
    cluster = make_cluster([http_provider(gateway, rate=1000)])
    audience = upload(cluster, 2500)
    campaign = cluster.campaign(audience, "sms", MESSAGE)
    path = f"/v1/campaigns/{campaign['id']}"
    wait_for("some", lambda: cluster.api.get(path)["counts"]["accepted"] > 300)
    assert cluster.coordinator.stop() == 0
    status, out = check_ledger(cluster)
    assert status == 0, out
    cluster.start_coordinator()
    view = cluster.wait_campaign(campaign["id"])
    assert some(view["counts"]) == {"accepted": 2500} and gateway.count() == 2500
    assert os.path.getsize(os.path.join(cluster.data_dir, "admin.token")) > 40


def test_what_was_seen_is_still_there_after_kill_9(make_cluster):
    """Nobody is left to report an outcome once more: what the disk does not have is lost."""
    cluster = make_cluster([{"name": "gateway", "channel": "sms", "adapter": "null", "rate": 5000}], workers=0)
    campaign = cluster.campaign(upload(cluster, 40000), "sms", MESSAGE)["id"]
    path, seen = f"/v1/campaigns/{campaign}", 0
    for kill in range(6):
        worker = cluster.start_worker(f"w{kill}")
        wait_for("progress", lambda: cluster.api.get(path)["counts"]["accepted"] > seen + 300)
        seen = cluster.api.get(path)["counts"]["accepted"]
        cluster.coordinator.kill()
        worker.kill()
        cluster.start_coordinator()
        view = cluster.api.get(path)
        assert total(view) == 40000 and view["counts"]["accepted"] >= seen, (kill, seen, view["counts"])
