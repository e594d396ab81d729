# SPDX-License-Identifier: Apache-2.0
"""Providers' receipts over HTTP: they move recipients, forged ones do not, and what was answered survives kill -9."""

import socket

import pytest

from support import free_port, http_provider, wait_for
from cluster import Api  # on the path since support

PEOPLE = 200


@pytest.fixture
def cluster(gateway, make_cluster):
    public = free_port()
    cluster = make_cluster([http_provider(gateway, receipts=True)], {"log_level": "warn", "limits": {"public_connections": 400}})
    cluster.public_port = public
    cluster.coordinator.kill()
    cluster.start_coordinator()
    cluster.wait_workers(1)
    return cluster


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
