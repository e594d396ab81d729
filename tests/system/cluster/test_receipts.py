# SPDX-License-Identifier: Apache-2.0
"""Providers' receipts over HTTP: they move recipients, forged ones do not, and what was answered survives kill -9."""

import json
import os
import signal
import socket
import subprocess

import pytest

from support import BUILD, free_port, http_provider, wait_for
from cluster import Api  # on the path since support

PEOPLE = 200
FLOOD = 1000


def cluster_with_room(gateway, make_cluster, connections):
    public = free_port()
    cluster = make_cluster([http_provider(gateway, receipts=True)],
                           {"log_level": "warn", "limits": {"public_connections": connections}})
    cluster.public_port = public
    cluster.coordinator.kill()
    cluster.start_coordinator()
    cluster.wait_workers(1)
    return cluster


@pytest.fixture
def cluster(gateway, make_cluster):
    return cluster_with_room(gateway, make_cluster, 400)


def tokens_of(gateway, cluster):
    rows = "id,phone\n" + "".join(f"a{i},+4790{i:08d}\n" for i in range(PEOPLE))
    audience = cluster.api.upload(rows.encode()).json()
    plan = {"until": "delivered", "within": "1h"}
    campaign = cluster.campaign(audience["id"], "sms", {"sms": {"text": "Boil your water"}}, plan)["id"]
    wait_for("messages", lambda: cluster.api.get(f"/v1/campaigns/{campaign}")["counts"].get("accepted") == PEOPLE)
    keys = gateway.keys()
    return campaign, [keys[f"a{i}"][0] for i in range(PEOPLE)]


def delivered(cluster, campaign):
    return cluster.api.get(f"/v1/campaigns/{campaign}")["counts"].get("delivered", 0)


def test_receipts_are_kept_and_forged_ones_counted(gateway, cluster):
    campaign, tokens = tokens_of(gateway, cluster)
    public = Api(cluster.public_port)
    for token in tokens[:100]:
        assert public.call("POST", f"/r/gateway/{token}?status=delivered").status == 204
        assert public.call("POST", f"/r/gateway/{token}", body={"status": "accepted"}).status == 204
    cluster.coordinator.kill()
    cluster.start_coordinator()
    assert delivered(cluster, campaign) == 100
    assert public.call("GET", f"/r/gateway/{tokens[0]}?status=delivered").status == 204
    assert delivered(cluster, campaign) == 100
    forged = tokens[100][:-1] + ("A" if tokens[100][-1] != "A" else "Q")
    assert public.call("POST", f"/r/gateway/{forged}?status=delivered").status == 403
    assert public.call("POST", f"/r/other/{tokens[100]}?status=delivered").status == 404
    assert public.call("GET", "/v1/campaigns").status == 404
    text = cluster.api.call("GET", "/metrics").body.decode()
    assert 'tocsin_receipts_total{provider="gateway",result="forged"} 1\n' in text
    assert delivered(cluster, campaign) == 100


def test_idle_and_slow_clients_keep_nobody_out(gateway, cluster):
    """Twice as many as the listener has room for, half of them in the midst of a head."""
    campaign, tokens = tokens_of(gateway, cluster)
    public = Api(cluster.public_port)
    held = []
    try:
        for i in range(800):
            held.append(socket.create_connection(("127.0.0.1", cluster.public_port), timeout=10))
            if i % 2:
                held[-1].sendall(b"POST /r/gateway/x HTTP/1.1\r\nX-Slow: ")
        for token in tokens:
            assert public.call("POST", f"/r/gateway/{token}?status=delivered", timeout=10).status == 204
    finally:
        for client in held:
            client.close()
    assert delivered(cluster, campaign) == PEOPLE
    assert cluster.wait_campaign(campaign)["state"] == "finished"


def test_a_flood_of_connections_is_queued_while_the_coordinator_is_busy(gateway, make_cluster):
    """What the kernel turns away is tried again a second later: no receipt should wait for that."""
    with open("/proc/sys/net/core/somaxconn", encoding="ascii") as file:
        if int(file.read()) < FLOOD:
            pytest.skip("net.core.somaxconn is below what Linux has by itself")
    cluster = cluster_with_room(gateway, make_cluster, 2 * FLOOD)
    campaign, tokens = tokens_of(gateway, cluster)
    clients = []
    os.kill(cluster.coordinator.pid, signal.SIGSTOP)
    try:
        for i in range(FLOOD):  # connects while nobody takes it, or times out
            clients.append(socket.create_connection(("127.0.0.1", cluster.public_port), timeout=10))
            path = f"/r/gateway/{tokens[i % PEOPLE]}?status=delivered"
            clients[-1].sendall(f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n".encode())
    finally:
        os.kill(cluster.coordinator.pid, signal.SIGCONT)
    try:
        for client in clients:
            assert client.recv(4096).startswith(b"HTTP/1.1 204 ")
    finally:
        for client in clients:
            client.close()
    assert delivered(cluster, campaign) == PEOPLE


@pytest.mark.parametrize("idle, slow", [(0, 0), (500, 200)])
def test_no_request_is_left_waiting_on_any_number_of_connections(gateway, make_cluster, tmp_path, idle, slow):
    """From 1 to 300 connections that post, alone and beside many that send nothing or a head byte by byte."""
    cluster = cluster_with_room(gateway, make_cluster, 1200)
    campaign, tokens = tokens_of(gateway, cluster)
    file = tmp_path / "tokens"
    file.write_text("".join(f"{token}\n" for token in tokens))
    out = subprocess.run([os.path.join(BUILD, "bin", "bench_post_receipts"), str(cluster.public_port), str(file), "/r/gateway/",
                          "?status=delivered", "1", "300", "13", "100", str(idle), str(slow)], stdout=subprocess.PIPE, check=True)
    figures = json.loads(out.stdout)
    assert figures["stalls"] == 0, json.dumps(figures)
    assert figures["refused"] == 0 and figures["broken"] == 0 and figures["answered"] > PEOPLE, json.dumps(figures)
    assert delivered(cluster, campaign) == PEOPLE
