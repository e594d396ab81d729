# SPDX-License-Identifier: Apache-2.0
"""A full disk: nothing new is taken in, what runs stalls, and all goes on when there is room again."""

import os
import subprocess
import time

import pytest

from support import BUILD, Cluster, Process, QUICK, check_ledger, customers, http_provider, some, upload, wait_for

MESSAGE = {"sms": {"text": "Dear {{first_name}}"}}
SIZE_MIB = 96


@pytest.fixture
def disk(place):
    mount = os.path.join(place, "disk")
    os.makedirs(mount)
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE_MIB}m", "tmpfs", mount], capture_output=True)
    if done.returncode != 0:
        pytest.skip(f"NOT TESTED: A FULL DISK. Mounting is not allowed here: {done.stderr.decode()}")
    yield mount
    subprocess.run(["umount", "-l", mount], check=True)


def fill(disk, leave_bytes):
    """A file that leaves only so much room."""
    room = os.statvfs(disk)
    size = max(0, room.f_bavail * room.f_frsize - leave_bytes)
    with open(os.path.join(disk, "ballast"), "ab") as f:
        while size > 0:
            size -= f.write(b"x" * min(size, 1 << 20))


def test_a_full_disk_stalls_and_loses_nothing(place, disk, gateway):
    settings = {**QUICK, "disk_reserve": "16MiB"}
    provider = http_provider(gateway, rate=1500)
    with Cluster(os.path.join(place, "cluster"), BUILD, [provider], settings) as cluster:
        cluster.data_dir = os.path.join(disk, "data")
        cluster.start_coordinator()
        for name in ("w0", "w1"):
            cluster.start_worker(name)
        cluster.wait_workers(2)
        audience = upload(cluster, 12000)
        campaign = cluster.campaign(audience, "sms", MESSAGE)["id"]
        path = f"/v1/campaigns/{campaign}"
        wait_for("some", lambda: cluster.api.get(path)["counts"]["accepted"] > 1500)
        fill(disk, 1 << 20)

        answer = wait_for("a refusal", lambda: [a for a in [cluster.api.call("POST", "/v1/campaigns", body={
            "name": "n", "audience": audience, "channel": "sms", "content": MESSAGE})] if a.status != 201], 20)[0]
        assert answer.status == 507, (answer.status, answer.body)
        assert "full" in answer.json()["detail"] or "no room" in answer.json()["detail"], answer.json()
        assert cluster.api.upload(b"".join(customers(5000)), name="more").status == 507
        ready = cluster.api.call("GET", "/readyz")
        assert ready.status == 503 and b"disk" in ready.body
        assert cluster.api.call("GET", "/healthz").status == 200
        wait_for("a stall", lambda: stands_still(gateway), 20)
        answer = cluster.api.call("GET", path)  # what is decided might be lost: it is not told
        assert answer.status == 503 and "not on disk yet" in answer.json()["detail"], answer.body
        assert cluster.api.call("GET", "/metrics").status == 200
        sent = gateway.count()
        watch = Process([os.path.join(BUILD, "bin", "tocsin"), "--api", cluster.url(), "--token-file",
                         os.path.join(cluster.data_dir, "admin.token"), "campaign", "watch", campaign],
                        os.path.join(place, "watch.log"))
        cluster.others.append(watch)
        time.sleep(3)
        assert gateway.count() == sent < 12000
        assert "not on disk yet" in watch.tail() and "asking on" in watch.tail() and watch.is_alive()

        os.unlink(os.path.join(disk, "ballast"))
        wait_for("ready", cluster.api.is_ready, 20)
        view = cluster.wait_campaign(campaign, 60)
        assert some(view["counts"]) == {"accepted": 12000}
        assert len(gateway.keys()) == 12000
        assert gateway.count() - 12000 <= view["repeated"]
        assert watch.child.wait(10) == 0 and "finished" in watch.tail()
        assert cluster.api.upload(b"".join(customers(5000)), name="more").status == 201
        assert cluster.coordinator.stop() == 0
        status, out = check_ledger(cluster)
        assert status == 0, out


def stands_still(gateway):
    before = gateway.count()
    time.sleep(0.7)
    return gateway.count() == before


def test_kill_9_on_a_full_disk(place, disk, gateway):
    settings = {**QUICK, "disk_reserve": "16MiB"}
    with Cluster(os.path.join(place, "cluster"), BUILD, [http_provider(gateway, rate=1500)], settings) as cluster:
        cluster.data_dir = os.path.join(disk, "data")
        cluster.start_coordinator()
        cluster.start_worker("w0")
        cluster.wait_workers(1)
        audience = upload(cluster, 5000)
        campaign = cluster.campaign(audience, "sms", MESSAGE)["id"]
        wait_for("some", lambda: gateway.count() > 1000)
        fill(disk, 0)
        wait_for("a stall", lambda: stands_still(gateway), 20)
        cluster.coordinator.kill()
        os.unlink(os.path.join(disk, "ballast"))
        cluster.start_coordinator()
        view = cluster.wait_campaign(campaign, 60)
        assert some(view["counts"]) == {"accepted": 5000} and view["repeated"] == 0
        assert gateway.count() == 5000 and len(gateway.keys()) == 5000


def test_an_upload_that_fills_the_disk_leaves_nothing(place, disk):
    settings = {**QUICK, "disk_reserve": "16MiB"}
    with Cluster(os.path.join(place, "cluster"), BUILD, [{"name": "g", "channel": "sms", "adapter": "null"}],
                 settings) as cluster:
        cluster.data_dir = os.path.join(disk, "data")
        cluster.start_coordinator()
        fill(disk, 20 << 20)

        def endless():
            for number in range(400):
                yield (b"id,phone,note\n" if number == 0 else b"") + b"".join(
                    b"c%d,+4790%08d,%s\n" % (i, i, os.urandom(60).hex().encode())
                    for i in range(number * 2000, number * 2000 + 2000))
        try:
            answer = cluster.api.upload(endless())
            assert answer.status == 507, (answer.status, answer.body)
        except OSError:
            pass  # it answered and closed while we were sending
        assert cluster.api.get("/v1/audiences")["items"] == []
        os.unlink(os.path.join(disk, "ballast"))
        assert cluster.api.upload(b"".join(customers(5000))).status == 201
        assert cluster.coordinator.stop() == 0
        assert check_ledger(cluster)[0] == 0
