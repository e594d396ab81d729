# SPDX-License-Identifier: Apache-2.0
"""Who may not come in stays outside, is told why, and disturbs nobody."""

import os
import random
import re
import socket
import subprocess
import time

import pytest

import zmtp
from support import (BUILD, Cluster, Process, QUICK, http_provider, log_of, problem_of, some, tocsin, upload, wait_for)

MESSAGE = {"sms": {"text": "Dear {{first_name}}"}}


def metric(cluster, name):
    text = cluster.api.call("GET", "/metrics").body.decode()
    return sum(float(value) for value in re.findall(rf"^{name}(?:{{[^}}]*}})? ([0-9.e+]+)$", text, re.M))


# --- the API ---

def test_without_the_token_nothing_is_told(gateway, make_cluster):
    cluster = make_cluster([http_provider(gateway)], workers=0)
    path = os.path.join(cluster.data_dir, "admin.token")
    assert os.stat(path).st_mode & 0o777 == 0o600 and cluster.api.token not in log_of(cluster)
    token, cluster.api.token = cluster.api.token, None
    wrong = [None, "Bearer", "Bearer ", "Bearer x", f"Bearer {token[:-1]}", f"Bearer {token}x", f"Basic {token}", token,
             f"Bearer {token.swapcase()}", "Bearer " + "x" * 3000]
    slowed = 0
    for method, where in (("GET", "/v1/status"), ("POST", "/v1/campaigns"), ("GET", "/v1/campaigns/c1/recipients/r1"),
                          ("POST", "/v1/audiences?name=x")):
        for header in wrong:
            answer = cluster.api.call(method, where, headers={"Authorization": header} if header else {})
            if answer.status == 429:
                assert 0 < int(answer.headers["Retry-After"]) <= 300
                slowed += 1
                continue
            problem = problem_of(answer, 401)
            assert answer.headers["WWW-Authenticate"].startswith("Bearer") and "admin.token" in problem["detail"]
    assert slowed > 0 and metric(cluster, "tocsin_signins_slowed_total") == slowed
    for where in ("/healthz", "/readyz", "/metrics"):
        assert cluster.api.call("GET", where).status == 200
    answer = cluster.api.call("GET", "/v1/status", headers={"Authorization": f"Bearer {token}"})
    assert answer.status == 200


def test_what_it_keeps_is_for_its_owner_alone(gateway, place):
    """Also where somebody else made the directory, and lets others in."""
    before = os.umask(0o022)
    try:
        with Cluster(os.path.join(place, "cluster"), BUILD, [http_provider(gateway)], dict(QUICK)) as cluster:
            os.mkdir(cluster.data_dir, 0o755)
            cluster.start_coordinator()
            upload(cluster, 1000)
            assert cluster.coordinator.stop() == 0
            kept = [os.path.join(folder, name) for folder, _, names in os.walk(cluster.data_dir) for name in names]
            assert len(kept) > 5
            assert [path for path in kept if os.stat(path).st_mode & 0o077] == []
    finally:
        os.umask(before)


# --- CURVE ---

def keygen(place, name):
    prefix = os.path.join(place, name)
    status, _, err = tocsin(None, "keygen", prefix)
    assert status == 0, err
    assert os.stat(f"{prefix}.secret").st_mode & 0o777 == 0o600
    with open(f"{prefix}.public", encoding="ascii") as f:
        return f.read().strip()


def start_worker_with_keys(cluster, place, name, key_name, coordinator_key):
    env = {**os.environ, "TOCSIN_WORKER_KEYS_SECRET": f"file:{place}/{key_name}.secret",
           "TOCSIN_WORKER_KEYS_COORDINATOR": coordinator_key}
    return cluster.start_worker(name, env=env)


def test_only_workers_with_a_known_key_come_in(place, gateway):
    public = {name: keygen(place, name) for name in ("coordinator", "worker", "stranger")}
    assert tocsin(None, "keygen", os.path.join(place, "worker"))[0] == 1  # never overwritten
    settings = {**QUICK, "keys": {"secret": f"file:{place}/coordinator.secret", "workers": [public["worker"]]}}
    with Cluster(os.path.join(place, "cluster"), BUILD, [http_provider(gateway)], settings) as cluster:
        cluster.start_coordinator()
        start_worker_with_keys(cluster, place, "known", "worker", public["coordinator"])
        cluster.wait_workers(1)
        start_worker_with_keys(cluster, place, "stranger", "stranger", public["coordinator"])
        start_worker_with_keys(cluster, place, "misled", "worker", public["stranger"])
        cluster.start_worker("open")
        wait_for("the refusal", lambda: "bus refused" in log_of(cluster), 15)
        wait_for("the hint", lambda: "are the keys right" in log_of(cluster, "stranger"), 15)
        audience = upload(cluster, 1000)
        campaign = cluster.campaign(audience, "sms", MESSAGE)["id"]
        assert some(cluster.wait_campaign(campaign)["counts"]) == {"accepted": 1000}
        assert [worker["name"] for worker in cluster.api.get("/v1/workers")["items"]] == ["known"]
        for name in public:
            with open(f"{place}/{name}.secret", encoding="ascii") as f:
                secret = f.read().strip()
            assert secret not in log_of(cluster) and secret not in log_of(cluster, "known")


def test_remote_workers_without_keys_are_not_served(place):
    for endpoint in ("tcp://0.0.0.0:7400", "tcp://*:7400"):
        path = os.path.join(place, "settings.yaml")
        with open(path, "w", encoding="utf-8") as f:
            f.write(f'data_dir: {place}/data\nlisten: {{workers: "{endpoint}"}}\n')
        done = subprocess.run([os.path.join(BUILD, "bin", "tocsin-coordinator"), "--config", path], capture_output=True,
                              timeout=20)
        assert done.returncode == 1 and b"set keys.secret and keys.workers" in done.stderr, done.stderr
        assert not os.path.exists(os.path.join(place, "data"))


# --- the wire ---

def random_garbage(dice):
    return [dice.choice([b"", dice.randbytes(dice.choice([1, 3, 40, 5000])), zmtp.hello(1, 1, "x" * 5000),
                         zmtp.hello(1, 1, "other"), zmtp.field_bytes(8, dice.randbytes(60)),
                         zmtp.field_bytes(dice.randint(1, 40), b"\xff" * 9)]) for _ in range(dice.choice([1, 1, 1, 2, 3, 9]))]


def test_garbage_on_the_wire_disturbs_nobody(gateway, make_cluster):
    dice = random.Random(20260101)
    cluster = make_cluster([http_provider(gateway, rate=1000)], workers=1)
    audience = upload(cluster, 3000)
    campaign = cluster.campaign(audience, "sms", MESSAGE)["id"]
    for data in (b"GET / HTTP/1.1\r\n\r\n", dice.randbytes(5000), zmtp.GREETING[:30], zmtp.GREETING + dice.randbytes(3000),
                 zmtp.GREETING + b"\x02" + b"\x7f" + b"\xff" * 7):
        with socket.create_connection(("127.0.0.1", cluster.link_port), timeout=5) as connection:
            connection.sendall(data)
            time.sleep(0.05)
    for number in range(40):
        dealer = zmtp.Dealer(cluster.link_port, f"garbage{number}")
        try:
            for _ in range(25):
                dealer.send(*random_garbage(dice))
        except OSError:
            pass  # it was sent away
        dealer.close()
    dealer = zmtp.Dealer(cluster.link_port, "huge")
    with pytest.raises(OSError):  # a frame of more than the limit closes the connection
        dealer.connection.sendall(b"\x02" + (1 << 40).to_bytes(8, "big"))
        for _ in range(300):
            dealer.connection.sendall(b"x" * 1000000)
    view = cluster.wait_campaign(campaign)
    assert some(view["counts"]) == {"accepted": 3000} and view["repeated"] == 0 and gateway.count() == 3000
    assert cluster.coordinator.is_alive() and cluster.workers["w0"].is_alive()
    assert "garbage" in log_of(cluster) and log_of(cluster).count("\n") < 200  # said, and not a line for each
    assert cluster.coordinator.rss_bytes() < 1 << 30


def test_a_worker_of_another_version_is_refused_by_both(place, gateway, make_cluster):
    cluster = make_cluster([http_provider(gateway)], workers=1)
    dealer = zmtp.Dealer(cluster.link_port, "newer")
    dealer.send(zmtp.hello(7, 9, "newer", build=b"9.9.9"))
    refused = zmtp.fields(zmtp.fields(dealer.receive())[3])
    assert (refused[1], refused[2]) == (3, 3) and refused[3]
    line = wait_for("the log", lambda: [line for line in log_of(cluster).splitlines() if "worker_refused" in line], 5)[0]
    assert "worker=newer" in line and refused[3].decode() in line
    dealer.close()
    assert [worker["name"] for worker in cluster.api.get("/v1/workers")["items"]] == ["w0"]


def test_a_worker_that_is_refused_says_so(place):
    """A coordinator of another version: a ROUTER made by hand answers HELLO with REFUSED."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        worker = Process([os.path.join(BUILD, "bin", "tocsin-worker"), "--name", "w", "--coordinator",
                          f"tcp://127.0.0.1:{port}"], os.path.join(place, "worker.log"))
        try:
            connection, _ = listener.accept()
            peer = zmtp.Dealer.__new__(zmtp.Dealer)
            peer.connection = connection
            connection.settimeout(10)
            connection.sendall(zmtp.GREETING)
            peer.read(64)
            peer.frame(b"\x05READY" + b"\x0bSocket-Type" + b"\x00\x00\x00\x06ROUTER", 0x04)
            while b"w" not in (frame := peer.receive()) or frame[:1] == b"\x05":
                pass
            peer.send(zmtp.field_bytes(3, b"\x08\x07\x10\x09" + zmtp.field_bytes(3, b"speak 7 to 9")))
            wait_for("the log", lambda: "delivery refused" in worker.tail() and "speak 7 to 9" in worker.tail(), 10)
            assert worker.is_alive()
            assert worker.stop() == 0
        finally:
            worker.kill()
