# SPDX-License-Identifier: Apache-2.0
"""Push through a whole cluster: the coordinator makes the tokens of Apple and Firebase, the workers send with them, and they
are nowhere else. The services verify each of them (tests/peers/push_services.js)."""

import csv
import io
import json
import os
import re
import subprocess

import pytest

from support import log_of, some, wait_for  # first: it says where the harness is
from certificate import make_certificate
from node_peer import environment, node, node_peer

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
CONTENT = {"push": {"subject": "Outage", "text": "Cards fail in {{city}}"}}
SUBSCRIPTION = """
const crypto = require('node:crypto'); const e = crypto.createECDH('prime256v1'); e.generateKeys();
console.log(JSON.stringify({private: e.getPrivateKey('base64url'), point: e.getPublicKey('base64url'),
  auth: crypto.randomBytes(16).toString('base64url'), vapid: require('web-push').generateVAPIDKeys().privateKey}));
"""


def openssl(*arguments):
    return subprocess.run(["openssl", *arguments], capture_output=True, check=True).stdout.decode()


class Services:
    def __init__(self, directory, **options):
        self.directory = str(directory)
        os.makedirs(self.directory)
        self.cert, tls_key = make_certificate(self.directory)
        self.apns_key, rsa_key = self.path("apns.p8"), self.path("rsa.pem")
        openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", self.apns_key)
        openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", rsa_key)
        made = subprocess.run([node(), "-e", SUBSCRIPTION], env=environment(), capture_output=True, check=True).stdout
        self.made = json.loads(made)
        with open(self.path("vapid"), "w", encoding="ascii") as f:
            f.write(self.made["vapid"])
        self.record = self.path("record.ndjson")
        self.process = node_peer(self.directory, "push_services.js", self.record, {
            "tls": {"cert": self.cert, "key": tls_key}, "apns_key": openssl("pkey", "-in", self.apns_key, "-pubout"),
            "apns_key_id": "KEY4567890", "apns_team_id": "TEAM567890", "fcm_key": openssl("pkey", "-in", rsa_key, "-pubout"),
            "fcm_email": "sender@p.iam.gserviceaccount.com",
            "subscription": {"private": self.made["private"], "auth": self.made["auth"]}, **options})
        self.url = f"https://localhost:{self.process.port}"
        self.account = self.path("account.json")
        with open(rsa_key, encoding="ascii") as f:
            self.account_text = json.dumps({
                "type": "service_account", "project_id": "p", "private_key_id": "k1", "private_key": f.read(),
                "client_email": "sender@p.iam.gserviceaccount.com", "token_uri": f"{self.url}/token"})
        self.write_account()

    def path(self, name):
        return os.path.join(self.directory, name)

    def write_account(self):
        with open(self.account, "w", encoding="ascii") as f:
            f.write(self.account_text)

    def settings(self, adapter):
        own = {"fcm": {"url": self.url, "project": "p", "service_account": f"file:{self.account}"},
               "apns": {"url": self.url, "topic": "example.app", "key": f"file:{self.apns_key}", "key_id": "KEY4567890",
                        "team_id": "TEAM567890"},
               "webpush": {"key": f"file:{self.path('vapid')}", "subject": "mailto:ops@bank.example", "hosts": ["localhost"],
                           "allow_private": True}}
        return {"ca_file": self.cert, **own[adapter]}

    def provider(self):
        return {"name": "devices", "channel": "push", "adapter": "push", "breaker": "500ms",
                "settings": {name: self.settings(name) for name in ("fcm", "apns", "webpush")}}

    def endpoint(self, number):
        keys = {"p256dh": self.made["point"], "auth": self.made["auth"]}
        return [f"tok-{number}", f"200{number:061x}", json.dumps({"endpoint": f"{self.url}/push/201/{number}", "keys": keys})][number % 3]

    def requests(self, begin=""):
        with open(self.record, encoding="utf-8") as f:
            return [request for request in map(json.loads, f) if request["path"].startswith(begin)]


@pytest.fixture
def services(place):
    made = []

    def make(**options):
        made.append(Services(os.path.join(place, "services"), **options))
        return made[0]

    yield make
    for each in made:
        each.process.stop(5)


def people(cluster, endpoints):
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["id", "push_token", "city"])
    writer.writerows([f"r{i}", endpoint, "Oslo"] for i, endpoint in enumerate(endpoints))
    return cluster.api.upload(text.getvalue().encode()).json()["id"]


def files_with(directory, words):
    """Files of the cluster that have one of these words: logs, journal, settings."""
    found = []
    for folder, _, names in os.walk(directory):
        for name in names:
            with open(os.path.join(folder, name), "rb") as f:
                content = f.read()
            found += [name for word in words if word in content]
    return found


def test_three_kinds_of_tokens_are_reached_and_no_secret_is_left_anywhere(services, make_cluster):
    peer = services(token_faults=2)
    cluster = make_cluster([peer.provider()], workers=2)
    wait_for("the tokens", lambda: log_of(cluster).count("bearer token_made") >= 2)
    assert "again_ms=1000" in log_of(cluster) and "again_ms=2000" in log_of(cluster)
    campaign = cluster.campaign(people(cluster, [peer.endpoint(n) for n in range(600)]), "push", CONTENT)
    view = cluster.wait_campaign(campaign["id"])
    assert some(view["counts"]) == {"accepted": 600}
    assert {len(peer.requests(path)) for path in ("/3/", "/v1/", "/push/")} == {200}
    assert len(peer.requests("/token")) == 3
    apple = {request["headers"]["authorization"] for request in peer.requests("/3/")}
    google = {request["headers"]["authorization"] for request in peer.requests("/v1/")}
    assert len(apple) == len(google) == 1  # one for all workers
    secrets = [next(iter(apple)).split()[1], next(iter(google)).split()[1], peer.requests("/token")[0]["body"].split("assertion=")[1],
               "-----BEGIN PRIVATE KEY-----", peer.made["vapid"]]
    assert files_with(cluster.directory, [secret.encode() for secret in secrets]) == []
    answers = json.dumps(cluster.api.get("/v1/providers")) + cluster.api.call("GET", "/metrics").body.decode()
    assert not any(secret in answers for secret in secrets)


@pytest.mark.parametrize("is_traced", [True, False])
def test_the_services_get_the_trace_of_a_campaign(services, make_cluster, is_traced):
    peer = services()
    provider = peer.provider()
    if not is_traced:
        for settings in provider["settings"].values():
            settings["traceparent"] = False
    cluster = make_cluster([provider])
    audience = people(cluster, [peer.endpoint(n) for n in range(60)])
    campaign = cluster.campaign(audience, "push", CONTENT, launch=False)["id"]
    cluster.api.post(f"/v1/campaigns/{campaign}/launch", None, {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"})
    assert some(cluster.wait_campaign(campaign)["counts"]) == {"accepted": 60}
    for path in ("/3/", "/v1/", "/push/"):
        seen = [request["headers"].get("traceparent") for request in peer.requests(path)]
        assert len(seen) == 20
        if is_traced:
            assert all(re.fullmatch(f"00-{TRACE}-[0-9a-f]{{16}}-01", value) for value in seen), seen
            assert len(set(seen)) == 20  # each attempt is a part of its own
        else:
            assert seen == [None] * 20
    assert all("traceparent" not in request["headers"] for request in peer.requests("/token"))  # of no campaign
    plain = cluster.campaign(audience, "push", CONTENT)["id"]
    assert some(cluster.wait_campaign(plain)["counts"]) == {"accepted": 60}
    assert all("traceparent" not in request["headers"] for request in peer.requests()[-60:])


def test_dead_tokens_are_remembered(services, make_cluster):
    peer = services()
    cluster = make_cluster([peer.provider()])
    wait_for("the tokens", lambda: log_of(cluster).count("bearer token_made") >= 2)
    audience = people(cluster, ["UNREGISTERED-1", "410" + "a" * 61, "SENDER_ID_MISMATCH-1", "tok-1"])
    view = cluster.wait_campaign(cluster.campaign(audience, "push", CONTENT)["id"])
    assert some(view["counts"]) == {"failed": 3, "accepted": 1}
    wait_for("the list", lambda: len(cluster.api.get("/v1/suppressions")["items"]) == 2)
    view = cluster.wait_campaign(cluster.campaign(audience, "push", CONTENT)["id"])
    assert some(view["counts"]) == {"suppressed": 2, "failed": 1, "accepted": 1}


def test_nobody_fails_while_there_is_no_key(services, make_cluster):
    peer = services()
    os.remove(peer.account)
    cluster = make_cluster([{**peer.provider(), "adapter": "fcm", "settings": peer.settings("fcm")}])
    wait_for("the failure", lambda: "token_failed" in log_of(cluster))
    campaign = cluster.campaign(people(cluster, [f"tok-{n}" for n in range(50)]), "push", CONTENT)
    wait_for("a try", lambda: "misconfigured" in json.dumps(cluster.api.get("/v1/providers"))
             or b"misconfigured" in cluster.api.call("GET", "/metrics").body)
    counts = some(cluster.api.get(f"/v1/campaigns/{campaign['id']}")["counts"])
    assert "failed" not in counts and "accepted" not in counts
    peer.write_account()
    view = cluster.wait_campaign(campaign["id"])
    assert some(view["counts"]) == {"accepted": 50}


def test_a_restarted_coordinator_makes_new_ones(services, make_cluster):
    peer = services()
    cluster = make_cluster([{**peer.provider(), "breaker": "5m"}])
    audience = people(cluster, [peer.endpoint(n) for n in range(60)])
    wait_for("the tokens", lambda: log_of(cluster).count("bearer token_made") >= 2)
    cluster.coordinator.kill()
    cluster.start_coordinator()
    # At once: the worker may be here before the tokens are, and waits for them.
    campaign = cluster.campaign(audience, "push", CONTENT)
    assert some(cluster.wait_campaign(campaign["id"], seconds=30)["counts"]) == {"accepted": 60}
    assert len(peer.requests("/token")) == 2


def test_a_worker_waits_for_the_first_token(services, make_cluster):
    peer = services(token_faults=2)  # it takes 3 s
    cluster = make_cluster([{**peer.provider(), "breaker": "5m"}])
    campaign = cluster.campaign(people(cluster, [peer.endpoint(n) for n in range(60)]), "push", CONTENT)
    assert some(cluster.wait_campaign(campaign["id"], seconds=30)["counts"]) == {"accepted": 60}
