# SPDX-License-Identifier: Apache-2.0
"""Several providers of one channel, channels that are down, and campaigns that do without one: nobody is lost."""

import os
import signal
import socket
import threading
import time

import pytest

from support import Gateway, http_provider, log_of, problem_of, some, timeline_of, tocsin, upload, wait_for, write_csv

MESSAGE = {"sms": {"text": "Dear {{first_name}}"}, "voice": {"text": "Dear {{first_name}}"}}
PATIENT = {"attempts": 10, "backoff": "200ms", "backoff_max": "1s", "within": "5m"}


@pytest.fixture
def other(place):
    gateway = Gateway(os.path.join(place, "other"))
    yield gateway
    gateway.stop()


def kill_nginx(gateway):
    """kill -9 of the master and of whoever it made, by their pids."""
    pid = gateway.process.pid
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
        children = [int(child) for child in f.read().split()]
    gateway.process.kill()
    for child in children:
        os.kill(child, signal.SIGKILL)
    gateway.process = None


def provider(cluster, name):
    return cluster.api.get(f"/v1/providers/{name}")


def test_a_provider_that_is_killed_loses_nobody_and_gets_its_share_back(gateway, other, make_cluster):
    people = 12000
    cluster = make_cluster([http_provider(gateway, name="one", rate=220, breaker="1s"),
                            http_provider(other, name="two", rate=220, breaker="1s")], workers=2)
    audience = upload(cluster, people)
    campaign = cluster.campaign(audience, "sms", MESSAGE, PATIENT)["id"]
    path = f"/v1/campaigns/{campaign}"
    wait_for("some", lambda: cluster.api.get(path)["counts"]["accepted"] > 1000)
    assert provider(cluster, "one")["share"] == provider(cluster, "two")["share"] == 50.0
    kill_nginx(gateway)
    wait_for("the breaker", lambda: provider(cluster, "one")["breaker"] != "closed", 20)
    seen = []

    def is_low():
        seen.append(provider(cluster, "one")["share"])
        return seen[-1] <= 20.0

    wait_for("its share to go to the other", is_low, 30)
    assert {50.0, 40.0, 30.0, 20.0} >= set(seen), seen  # ten points at a time
    assert provider(cluster, "two")["share"] == 100.0 - seen[-1]
    assert provider(cluster, "one")["health"]["fault"] > 0
    assert cluster.api.get(path)["counts"]["failed"] == 0
    before = gateway.count()
    gateway.start()
    wait_for("a probe", lambda: provider(cluster, "one")["breaker"] == "closed", 20)
    assert provider(cluster, "one")["share"] <= 30.0  # it does not get everything at once
    wait_for("its share again", lambda: provider(cluster, "one")["share"] == 50.0, 60)
    assert gateway.count() > before
    view = cluster.wait_campaign(campaign, 60)
    assert some(view["counts"]) == {"accepted": people}
    log = log_of(cluster)
    for line in ("share_moved provider=\"one\" channel=sms share=40.0 was=50.0", "breaker_closed provider=\"one\""):
        assert line in log, line

    keys, again = gateway.keys(), {}
    for recipient, sent in other.keys().items():
        keys[recipient] += sent
    assert set(keys) == {f"r{i}" for i in range(people)}
    for recipient, sent in keys.items():
        if len(sent) > 1:
            again[recipient] = sent
    assert len(again) <= view["repeated"]
    for recipient, sent in again.items():  # the same key, and the journal says so
        assert len(set(sent)) == 1, (recipient, sent)
        assert "repeated" in [event["event"] for event in timeline_of(cluster, campaign, recipient)]


class Silent:
    """Takes every connection, and answers nothing."""

    def __init__(self):
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=1000)
        self.taken = []
        threading.Thread(target=self.take, daemon=True).start()

    def take(self):
        while True:
            try:
                self.taken.append(self.socket.accept()[0])
            except OSError:
                return

    def url(self, path="/"):
        return f"http://127.0.0.1:{self.socket.getsockname()[1]}{path}"

    def close(self):
        self.socket.close()
        for taken in self.taken:
            taken.close()


def test_a_provider_that_answers_nothing_holds_nobody_up(gateway, make_cluster):
    silent = Silent()
    try:
        cluster = make_cluster([http_provider(gateway, name="fine"),
                                http_provider(silent, name="silent", adapter_settings={"timeout": "3s"})])
        audience = upload(cluster, 20000)
        began = time.monotonic()
        campaign = cluster.campaign(audience, "sms", MESSAGE, PATIENT)["id"]
        view = cluster.wait_campaign(campaign, 40)  # half of them, 16 at a time, would take half an hour
        assert some(view["counts"]) == {"accepted": 20000}
        assert time.monotonic() - began < 30
        assert set(gateway.keys()) == {f"r{i}" for i in range(20000)}
        assert provider(cluster, "silent")["breaker"] != "closed"
        assert provider(cluster, "silent")["breaker_reason"].startswith("1105")
    finally:
        silent.close()


def test_403_opens_one_breaker_tells_the_operator_and_fails_nobody(gateway, other, make_cluster):
    gateway.answer("return 403;")
    cluster = make_cluster([http_provider(gateway, name="locked", rate=500), http_provider(other, name="fine", rate=500)])
    audience = upload(cluster, 2000)
    campaign = cluster.campaign(audience, "sms", MESSAGE, PATIENT)["id"]
    view = cluster.wait_campaign(campaign, 90)
    assert some(view["counts"]) == {"accepted": 2000} and other.count() == 2000
    assert gateway.count() < 200, gateway.count()  # what was under way, and no more
    locked = provider(cluster, "locked")
    assert locked["breaker"] == "open" and locked["breaker_reason"].startswith("403")
    status, out, _ = tocsin(cluster, "provider", "list")
    row = next(line for line in out.splitlines() if line.startswith("locked"))
    assert status == 0 and "open" in row and "403" in row
    status, out, _ = tocsin(cluster, "provider", "show", "locked")
    assert status == 0 and "403" in out and "faults" in out
    assert 'breaker_open provider="locked" channel=sms reason=403' in log_of(cluster)
    metrics = cluster.api.call("GET", "/metrics").body.decode()
    assert 'tocsin_provider_breaker_open{provider="locked"} 1' in metrics
    assert 'tocsin_provider_error_share{provider="locked",class="fault"} 1.0000' in metrics


LADDER = [{"channel": "sms", "if_down": "climb"}, {"channel": "voice"}]


def two_channels(gateway, other):
    return [http_provider(gateway, name="texts", rate=1000, breaker="1s"),
            http_provider(other, name="calls", channel="voice")]


def test_who_waits_for_a_channel_that_is_down_climbs_after_the_grace(gateway, other, make_cluster):
    gateway.stop()
    held = socket.socket()  # nobody else gets its port, and whoever connects is refused
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.bind(("127.0.0.1", gateway.port))
    cluster = make_cluster(two_channels(gateway, other), {"down_grace": "3s"})
    audience = upload(cluster, 3000)
    began = time.monotonic()
    plan = {"steps": [{**LADDER[0], **PATIENT}, LADDER[1]]}
    campaign = cluster.campaign(audience, None, MESSAGE, plan)["id"]
    view = cluster.wait_campaign(campaign, 90)
    assert some(view["counts"]) == {"accepted": 3000} and other.count() == 3000
    assert time.monotonic() - began > 3
    timeline = timeline_of(cluster, campaign, "r2999")
    climbed = next(event for event in timeline if event["event"] == "climbed")
    assert str(climbed["reason"]).startswith("1310"), climbed
    waiting = {"steps": [{"channel": "sms", **PATIENT}, {"channel": "voice"}]}
    campaign = cluster.campaign(audience, None, MESSAGE, waiting)["id"]
    time.sleep(5)
    assert some(cluster.api.get(f"/v1/campaigns/{campaign}")["counts"]).keys() <= {"waiting", "retrying", "leased"}
    held.close()
    gateway.start()
    assert some(cluster.wait_campaign(campaign, 30)["counts"]) == {"accepted": 3000}
    assert gateway.count() == 3000


def test_who_has_no_other_endpoint_goes_back_and_waits_for_the_channel(place, gateway, other, make_cluster):
    """No worker can open the SMS provider until one with its secret comes; every other person has an e-mail address."""
    secret = {"secrets": {"token": "env:HEALTH_TOKEN"}, "headers": {
        "Idempotency-Key": "{{token}}", "X-Recipient": "{{id}}", "Authorization": "Bearer {{secret.token}}"}}
    cluster = make_cluster([http_provider(gateway, name="texts", adapter_settings=secret),
                            http_provider(other, name="mails", channel="email")], {"down_grace": "1s"}, workers=0)
    cluster.start_worker("without")
    cluster.wait_workers(1)
    path = os.path.join(place, "people.csv")
    with open(path, "w", encoding="ascii") as f:
        f.write("id,phone,email\n" + "".join(f"a{i},+4790{i:08d},\nb{i},+4791{i:08d},b{i}@customer.test\n"
                                             for i in range(500)))
    audience = cluster.api.upload(open(path, "rb").read()).json()["id"]
    content = {"sms": {"text": "Hi"}, "email": {"subject": "S", "text": "Hi"}}
    plan = {"steps": [{"channel": "sms", "if_down": "climb"}, {"channel": "email"}]}
    campaign = cluster.campaign(audience, None, content, plan)["id"]
    view = wait_for("the e-mails", lambda: (v := cluster.api.get(f"/v1/campaigns/{campaign}")) and
                    some(v["counts"]) == {"accepted": 500, "waiting": 500} and v["ladder"][0]["counts"] and v)
    assert view["state"] == "running" and [rung["counts"] for rung in view["ladder"]] == [
        {"waiting": 500}, {"accepted": 500}]
    events = [(event["event"], event["step"], event["reason"])
              for event in timeline_of(cluster, campaign, "a7") if event["event"] == "climbed"]
    assert events == [("climbed", 2, 1310), ("climbed", 1, 1311)]
    time.sleep(2)  # nobody climbs a second time
    assert gateway.count() == 0 and other.count() == 500
    cluster.start_worker("with", env={**os.environ, "HEALTH_TOKEN": "t"})
    assert some(cluster.wait_campaign(campaign)["counts"]) == {"accepted": 1000}
    assert set(gateway.keys()) == {f"a{i}" for i in range(500)} and gateway.count() == 500


def test_a_campaign_does_without_a_channel(place, gateway, other, make_cluster):
    cluster = make_cluster(two_channels(gateway, other))
    audience = upload(cluster, 2000)
    document = {"name": "x", "audience": audience, "content": {"voice": MESSAGE["voice"]}, "without": ["sms"],
                "plan": {"steps": LADDER}}
    campaign = cluster.api.post("/v1/campaigns", document)
    assert campaign["without"] == ["sms"]
    assert [step.get("left_out") for step in campaign["plan"]["steps"]] == [True, None]
    preflight = cluster.api.post(f"/v1/campaigns/{campaign['id']}/preflight")
    assert [step["left_out"] for step in preflight["steps"]] == [True, False]
    assert preflight["steps"][0]["people"] == 0 and preflight["steps"][1]["first"] == 2000
    assert "left_out" in [warning["warning"] for warning in preflight["warnings"]]
    cluster.api.post(f"/v1/campaigns/{campaign['id']}/launch")
    assert some(cluster.wait_campaign(campaign["id"])["counts"]) == {"accepted": 2000}
    assert gateway.count() == 0 and other.count() == 2000
    one = cluster.api.get(f"/v1/campaigns/{campaign['id']}/recipients/r7")
    assert one["step"] == 2 and [event["event"] for event in one["timeline"]] == ["launched", "leased", "accepted",
                                                                                  "finished"]
    answer = cluster.api.call("POST", "/v1/campaigns", {**document, "without": ["sms", "voice"]})
    problem = problem_of(answer, 422)
    assert "leaves nothing of the plan" in str(problem) and "/without" in str(problem)

    status, out, err = tocsin(cluster, "send", write_csv(os.path.join(place, "people.csv"), 50), "--plan",
                              "sms > voice", "--without", "sms", "--text", "Hello")
    assert status == 0, (out, err)
    assert gateway.count() == 0 and other.count() == 2050
    status, out, _ = tocsin(cluster, "campaign", "show", "c2")
    assert status == 0 and "without   sms" in out, out
    status, out, _ = tocsin(cluster, "campaign", "list")
    assert status == 0 and "sms (left out) > voice" in out, out
