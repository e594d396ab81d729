# SPDX-License-Identifier: Apache-2.0
"""Secrets are references, are read anew on SIGHUP while messages are under way, and are shown nowhere."""

import os
import signal

from support import SLOW, http_provider, log_of, some, tocsin, upload, wait_for

MESSAGE = {"sms": {"text": "Dear {{first_name}}"}}
OLD, NEW = "first-secret-4711", "second-secret-0815"


def write_secret(path, text):
    with open(path + ".new", "w", encoding="utf-8") as f:
        f.write(text + "\n")
    os.replace(path + ".new", path)


def seen(gateway):
    return {request.recipient for request in gateway.requests()}


def test_a_new_secret_is_used_from_sighup_on_and_nobody_becomes_uncertain(gateway, place, make_cluster):
    people = 2400
    path = os.path.join(place, "token")
    write_secret(path, OLD)
    gateway.answer(SLOW)
    cluster = make_cluster([http_provider(gateway, adapter_settings={
        "headers": {"Idempotency-Key": "{{token}}", "X-Recipient": "{{secret.token}}"},
        "secrets": {"token": f"file:{path}"}})])
    audience = upload(cluster, people)
    campaign = cluster.campaign(audience, "sms", MESSAGE)["id"]
    view = f"/v1/campaigns/{campaign}"
    worker = cluster.workers["w0"]
    wait_for("the first", lambda: cluster.api.get(view)["counts"]["accepted"] > 300)

    os.remove(path)  # whoever replaces a secret in two steps: the old one goes on
    os.kill(worker.pid, signal.SIGHUP)
    wait_for("the worker to say so", lambda: "provider_kept" in log_of(cluster, "w0"))
    before = cluster.api.get(view)["counts"]["accepted"]
    wait_for("it to go on", lambda: cluster.api.get(view)["counts"]["accepted"] > before + 100)
    assert seen(gateway) == {OLD}

    write_secret(path, NEW)
    os.kill(worker.pid, signal.SIGHUP)
    wait_for("the new secret", lambda: NEW in seen(gateway))
    ended = cluster.wait_campaign(campaign)
    assert some(ended["counts"]) == {"accepted": people}
    keys = [request.key for request in gateway.requests()]
    assert len(keys) == people and len(set(keys)) == people, "somebody was sent to twice"
    assert gateway.requests()[-1].recipient == NEW

    shown = log_of(cluster, "w0") + log_of(cluster, "coordinator") + tocsin(cluster, "provider", "list", "--json")[1]
    shown += str(cluster.api.get("/v1/providers/gateway")) + str(cluster.api.get("/v1/workers"))
    assert OLD not in shown and NEW not in shown and path in shown


def test_a_worker_without_the_secret_gets_it_by_sighup(gateway, place, make_cluster):
    path = os.path.join(place, "token")
    cluster = make_cluster([http_provider(gateway, adapter_settings={
        "headers": {"Idempotency-Key": "{{token}}", "X-Recipient": "{{secret.token}}"},
        "secrets": {"token": f"file:{path}"}})])
    campaign = cluster.campaign(upload(cluster, 50), "sms", MESSAGE)["id"]
    wait_for("the worker to say what it lacks",
             lambda: path in tocsin(cluster, "provider", "list", "--json")[1])
    assert gateway.count() == 0
    write_secret(path, NEW)
    os.kill(cluster.workers["w0"].pid, signal.SIGHUP)
    assert some(cluster.wait_campaign(campaign)["counts"]) == {"accepted": 50}
    assert seen(gateway) == {NEW}
