# SPDX-License-Identifier: Apache-2.0
"""The push adapters against nghttpd, and against push services in Node that verify every token and decrypt every message."""

import base64
import json
import os
import re
import subprocess
import time
import uuid

import pytest

from peers import make_certificate, send  # first: it says where the harness is
from cluster import free_port, Process, wait_for
from node_peer import environment, node, node_peer

ENDPOINT_UNFIT, ENDPOINT_DEAD, MESSAGE_TOO_LARGE, TOKEN_MISSING = 1008, 1009, 1006, 1120
CONNECTION_LOST, ADDRESS_REFUSED = 1106, 1110
SUBSCRIPTION_SCRIPT = """
const crypto = require('node:crypto'); const e = crypto.createECDH('prime256v1'); e.generateKeys();
const v = require('web-push').generateVAPIDKeys();
console.log(JSON.stringify({private: e.getPrivateKey('base64url'), point: e.getPublicKey('base64url'),
  auth: crypto.randomBytes(16).toString('base64url'), vapid_private: v.privateKey, vapid_public: v.publicKey}));
"""


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def sign_es256(key_file, header, claims):
    """An ES256 token made with OpenSSL's own program: what the coordinator would send."""
    signed = ".".join(b64(json.dumps(part).encode()) for part in (header, claims))
    der = subprocess.run(["openssl", "dgst", "-sha256", "-sign", key_file], input=signed.encode(), capture_output=True, check=True).stdout
    numbers, at = [], 2
    for _ in range(2):
        length = der[at + 1]
        numbers.append(int.from_bytes(der[at + 2:at + 2 + length], "big").to_bytes(32, "big"))
        at += 2 + length
    return f"{signed}.{b64(b''.join(numbers))}"


class Services:
    def __init__(self, directory):
        self.directory = str(directory)
        self.cert, key = make_certificate(self.directory)
        self.apns_key = self.path("apns.p8")
        subprocess.run(["openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", self.path("ec.pem")], check=True)
        subprocess.run(["openssl", "pkcs8", "-topk8", "-nocrypt", "-in", self.path("ec.pem"), "-out", self.apns_key], check=True)
        public = subprocess.run(["openssl", "pkey", "-in", self.apns_key, "-pubout"], capture_output=True, check=True).stdout.decode()
        made = subprocess.run([node(), "-e", SUBSCRIPTION_SCRIPT], env=environment(), capture_output=True, check=True).stdout
        self.made = json.loads(made)
        self.record = self.path("record.ndjson")
        self.process = node_peer(self.directory, "push_services.js", self.record, {
            "tls": {"cert": self.cert, "key": key}, "apns_key": public, "apns_key_id": "KEY4567890", "apns_team_id": "TEAM567890",
            "fcm_bearer": "ya29.known", "subscription": {"private": self.made["private"], "auth": self.made["auth"]}})
        self.url = self.process.url("", "https")
        with open(self.path("vapid"), "w", encoding="ascii") as f:
            f.write(self.made["vapid_private"])

    def path(self, name):
        return os.path.join(self.directory, name)

    def apns_token(self, issued=None, key_id="KEY4567890"):
        return sign_es256(self.apns_key, {"alg": "ES256", "kid": key_id}, {"iss": "TEAM567890", "iat": int(issued or time.time())})

    def bearers(self, **more):
        tokens = {"fcm": "ya29.known", "apns": self.apns_token(), **more}
        return {"TOCSIN_DRIVER_BEARERS": " ".join(f"{name}={token}" for name, token in tokens.items())}

    def settings(self, adapter, **more):
        common = {"ca_file": self.cert, "timeout": "5s"}
        own = {"fcm": {"url": self.url, "project": "p", "service_account": "file:/nowhere"},
               "apns": {"url": self.url, "topic": "example.app", "key": "file:/nowhere", "key_id": "KEY4567890", "team_id": "TEAM567890"},
               "webpush": {"key": f"file:{self.path('vapid')}", "subject": "mailto:ops@bank.example", "hosts": ["localhost"],
                           "allow_private": True}}
        return {**common, **own[adapter], **more}

    def subscription(self, status=201, **keys):
        keys = {"p256dh": self.made["point"], "auth": self.made["auth"], **keys}
        return json.dumps({"endpoint": f"https://localhost:{self.process.port}/push/{status}/x", "keys": keys}, separators=(",", ":"))

    def requests(self, since=0):
        with open(self.record, encoding="utf-8") as f:
            return [json.loads(line) for line in f][since:]

    def count(self):
        return len(self.requests()) if os.path.exists(self.record) else 0


@pytest.fixture(scope="module")
def services(tmp_path_factory):
    made = Services(tmp_path_factory.mktemp("services"))
    yield made
    made.process.stop(5)


def device(begin, number=0):
    return f"{begin}{number:0{64 - len(begin)}x}"


def attempt(to, number=0, **more):
    return {"to": to, "subject": "Outage", "text": "Cards fail \"today\"", "token": f"{number:032d}", "campaign": 7, "ordinal": number,
            **more}


# ---- Apple ----

def test_apns_gets_a_whole_request(services, tmp_path):
    since = services.count()
    run = send(tmp_path, "apns", services.settings("apns", payload={"aps": {"sound": "alarm.caf"}, "campaign": "c7"}),
               [attempt(device("200"))], env=services.bearers())
    assert run.outcomes() == [("accepted", 200)]
    request = services.requests(since)[0]
    headers = request["headers"]
    assert request["path"] == "/3/device/" + device("200")
    assert (headers["apns-topic"], headers["apns-push-type"], headers["apns-priority"]) == ("example.app", "alert", "10")
    assert 3590 < int(headers["apns-expiration"]) - time.time() < 3601
    assert headers["apns-collapse-id"] == "7-0-0"
    assert uuid.UUID(headers["apns-id"]).version == 8 and run[0]["ref"] == headers["apns-id"]
    assert json.loads(request["body"]) == {"aps": {"alert": {"title": "Outage", "body": "Cards fail \"today\""}, "sound": "alarm.caf"},
                                           "token": "0" * 32, "campaign": "c7"}


def test_a_repeated_attempt_keeps_its_apns_id(services, tmp_path):
    since = services.count()
    send(tmp_path, "apns", services.settings("apns"), [attempt(device("200"), 1), attempt(device("200"), 2), attempt(device("200"), 1)],
         env=services.bearers())
    ids = [request["headers"]["apns-id"] for request in sorted(services.requests(since), key=lambda r: json.loads(r["body"])["token"])]
    assert len(ids) == 3 and ids[0] == ids[1] != ids[2]


def test_a_message_without_a_subject_has_no_title(services, tmp_path):
    since = services.count()
    send(tmp_path, "apns", services.settings("apns"), [attempt(device("200"), subject="")], env=services.bearers())
    assert json.loads(services.requests(since)[0]["body"])["aps"]["alert"] == {"body": "Cards fail \"today\""}


@pytest.mark.parametrize("begin, outcome, reason, retry_ms", [
    ("200", "accepted", 200, 0), ("400", "rejected", 400, 0), ("4001", "rejected", 400, 0),
    ("410", "rejected", ENDPOINT_DEAD, 0), ("413", "rejected", MESSAGE_TOO_LARGE, 0), ("429", "deferred", 429, 0),
    ("500", "deferred", 500, 0), ("503", "throttled", 503, 7000)])
def test_apns_answers_are_outcomes(services, tmp_path, begin, outcome, reason, retry_ms):
    result = send(tmp_path, "apns", services.settings("apns"), [attempt(device(begin))], env=services.bearers())[0]
    assert (result["outcome"], result["reason"], result["retry_after_ms"]) == (outcome, reason, retry_ms)


@pytest.mark.parametrize("to", ["abc", "x" * 64, "a" * 63, "a" * 202])
def test_what_is_no_device_token_is_not_sent(services, tmp_path, to):
    since = services.count()
    assert send(tmp_path, "apns", services.settings("apns"), [attempt(to)], env=services.bearers()).outcomes() == [
        ("rejected", ENDPOINT_UNFIT)]
    assert services.requests(since) == []


def test_a_message_that_is_too_large_is_not_sent(services, tmp_path):
    since = services.count()
    run = send(tmp_path, "apns", services.settings("apns"), [attempt(device("200"), text="x" * 4100)], env=services.bearers())
    assert run.outcomes() == [("rejected", MESSAGE_TOO_LARGE)] and services.requests(since) == []


@pytest.mark.parametrize("token", ["expired", "forged", "none"])
def test_a_token_that_is_no_good_is_nobodys_fault(services, tmp_path, token):
    told = {"expired": services.apns_token(time.time() - 3700), "forged": services.apns_token(key_id="OTHER67890"), "none": ""}[token]
    run = send(tmp_path, "apns", services.settings("apns", connections=1), [attempt(device("200", n), n) for n in range(20)],
               env=services.bearers(apns=told))
    expected = ("misconfigured", TOKEN_MISSING if token == "none" else 403)
    assert run.outcomes() == [expected] * 20


def test_a_connection_has_one_stream_until_its_token_was_seen(services, tmp_path):
    since = services.count()
    run = send(tmp_path, "apns", services.settings("apns", connections=2, streams=50), [attempt(device("200", n), n) for n in range(1000)],
               env=services.bearers())
    assert run.counts() == {"accepted": 1000}
    requests = services.requests(since)
    assert len(requests) == 1000 and not any(request["early"] for request in requests)
    assert len({request["session"] for request in requests}) == 2


def test_no_connection_is_deferred_for_all(services, tmp_path):
    run = send(tmp_path, "apns", services.settings("apns", url=f"https://127.0.0.1:{free_port()}"),
               [attempt(device("200", n), n) for n in range(50)], env=services.bearers())
    assert run.counts() == {"deferred": 50}


# ---- Firebase ----

def test_fcm_gets_a_whole_request(services, tmp_path):
    since = services.count()
    settings = services.settings("fcm", ttl="90s", message={"data": {"campaign": "c7"}, "android": {"collapse_key": "outage"}})
    run = send(tmp_path, "fcm", settings, [attempt("tok-1")], env=services.bearers())
    assert run.outcomes() == [("accepted", 200)] and run[0]["ref"].startswith("projects/p/messages/")
    request = services.requests(since)[0]
    assert request["path"] == "/v1/projects/p/messages:send"
    assert request["headers"]["content-type"] == "application/json"
    assert json.loads(request["body"]) == {"message": {
        "token": "tok-1", "notification": {"title": "Outage", "body": "Cards fail \"today\""},
        "data": {"token": "0" * 32, "campaign": "c7"},
        "android": {"priority": "HIGH", "ttl": "90.000s", "collapse_key": "outage", "notification": {"tag": "7-0-0"}}}}


@pytest.mark.parametrize("code, outcome, reason, retry_ms", [
    ("UNREGISTERED", "rejected", ENDPOINT_DEAD, 0), ("INVALID_ARGUMENT", "rejected", ENDPOINT_DEAD, 0),
    ("TOO_BIG", "rejected", 400, 0), ("BAD_REQUEST", "rejected", 400, 0), ("SENDER_ID_MISMATCH", "rejected", 403, 0),
    ("QUOTA_EXCEEDED", "throttled", 429, 60000), ("UNAVAILABLE", "throttled", 503, 3000), ("INTERNAL", "deferred", 500, 0),
    ("THIRD_PARTY_AUTH_ERROR", "misconfigured", 401, 0)])
def test_fcm_errors_are_outcomes(services, tmp_path, code, outcome, reason, retry_ms):
    result = send(tmp_path, "fcm", services.settings("fcm"), [attempt(f"{code}-1")], env=services.bearers())[0]
    assert (result["outcome"], result["reason"], result["retry_after_ms"]) == (outcome, reason, retry_ms)


def test_fcm_without_or_with_a_wrong_token_is_misconfigured(services, tmp_path):
    assert send(tmp_path, "fcm", services.settings("fcm"), [attempt("t-1")], env=services.bearers(fcm="")).outcomes() == [
        ("misconfigured", TOKEN_MISSING)]
    assert send(tmp_path, "fcm", services.settings("fcm"), [attempt("t-1")], env=services.bearers(fcm="ya29.old")).outcomes() == [
        ("misconfigured", 401)]


def test_a_wrong_address_is_misconfigured(services, tmp_path):
    run = send(tmp_path, "fcm", services.settings("fcm", url=services.url + "/x"), [attempt("t-1")], env=services.bearers())
    assert run.outcomes() == [("misconfigured", 404)]


# ---- HTTP/2 ----

@pytest.mark.parametrize("kind,every", [("refuse", 10), ("goaway", 60), ("goaway", 8)])
def test_what_is_refused_is_uncertain_and_sent_once(services, tmp_path, kind, every):
    """It was not read, but libcurl does not say so: what breaks off looks the same."""
    since = services.count()
    attempts = [attempt(f"{kind if n % every == 5 else 'tok'}-{kind}{every}-{n}", n) for n in range(300)]
    run = send(tmp_path, "fcm", services.settings("fcm", connections=2, streams=20), attempts, env=services.bearers())
    assert set(run.counts()) <= {"accepted", "deferred", "uncertain"} and run.counts()["accepted"] > 100
    assert run.counts()["uncertain"] > 0
    taken = [json.loads(request["body"])["message"]["token"] for request in services.requests(since)
             if request.get("fault") != "refuse"]
    told = {outcome: {attempts[result["index"]]["to"] for result in run if result["outcome"] == outcome}
            for outcome in ("accepted", "uncertain")}
    assert len(taken) == len(set(taken)) and told["accepted"] <= set(taken) <= told["accepted"] | told["uncertain"]


def test_a_reset_stream_is_uncertain_and_not_sent_again(services, tmp_path):
    since = services.count()
    attempts = [attempt(f"{'reset' if n % 10 == 5 else 'tok'}-reset{n}", n) for n in range(200)]
    run = send(tmp_path, "fcm", services.settings("fcm", connections=2, streams=20), attempts, env=services.bearers())
    assert run.counts() == {"accepted": 180, "uncertain": 20}
    assert {result["reason"] for result in run if result["outcome"] == "uncertain"} == {CONNECTION_LOST}
    assert len(services.requests(since)) == 200


def test_a_lost_connection_leaves_nobody_doubled_unmarked(services, tmp_path):
    since = services.count()
    attempts = [attempt(f"{'end' if n % 50 == 25 else 'tok'}-end{n}", n) for n in range(300)]
    run = send(tmp_path, "fcm", services.settings("fcm", connections=2, streams=20), attempts, env=services.bearers())
    assert sum(run.counts().values()) == 300 and run.counts()["uncertain"] >= 6
    taken = [json.loads(request["body"])["message"]["token"] for request in services.requests(since)]
    uncertain = {attempts[result["index"]]["to"] for result in run if result["outcome"] == "uncertain"}
    assert len(taken) == len(set(taken))
    assert {attempts[result["index"]]["to"] for result in run if result["outcome"] == "accepted"} | uncertain >= set(taken)


def test_nghttpd_takes_thousands_over_two_connections(services, tmp_path):
    body = tmp_path / "v1" / "projects" / "p"
    body.mkdir(parents=True)
    (body / "messages:send").write_text('{"name":"projects/p/messages/1"}')
    port = free_port()
    key = services.path("localhost.key")
    process = Process(["nghttpd", "-d", str(tmp_path), "--address=127.0.0.1", "-m", "100", str(port), key, services.cert],
                      str(tmp_path / "nghttpd.log"))
    try:
        wait_for("nghttpd", lambda: subprocess.run(["curl", "-sk", "-o", "/dev/null", f"https://127.0.0.1:{port}/"]).returncode == 0, 10)
        run = send(tmp_path, "fcm", services.settings("fcm", url=f"https://127.0.0.1:{port}"), [attempt("tok-1", repeat=5000)],
                   env=services.bearers())
    finally:
        process.stop(5)
    assert run.counts() == {"accepted": 5000}
    assert run[0]["ref"] == "projects/p/messages/1"
    assert run.summary["seconds"] < 20


# ---- Browsers ----

REFERENCE_SCRIPT = """
const webpush = require('web-push');
const [subscription, payload, details] = process.argv.slice(1).map(JSON.parse);
const made = webpush.generateRequestDetails(subscription, payload, {vapidDetails: details, TTL: 3600, urgency: 'high'});
console.log(JSON.stringify({headers: made.headers, length: made.body.length}));
"""


def test_a_browser_gets_what_web_push_would_send(services, tmp_path):
    since = services.count()
    run = send(tmp_path, "webpush", services.settings("webpush"), [attempt(services.subscription())], env=services.bearers())
    assert run.outcomes() == [("accepted", 201)] and run[0]["ref"].endswith("/m/1")
    request = services.requests(since)[0]
    assert json.loads(request["plain"]) == {"title": "Outage", "body": "Cards fail \"today\"", "token": "0" * 32}
    details = {"subject": "mailto:ops@bank.example", "publicKey": services.made["vapid_public"], "privateKey": services.made["vapid_private"]}
    reference = json.loads(subprocess.run(
        [node(), "-e", REFERENCE_SCRIPT, services.subscription(), json.dumps(request["plain"]), json.dumps(details)],
        env=environment(), capture_output=True, check=True).stdout)
    ours, theirs = request["headers"], {name.lower(): str(value) for name, value in reference["headers"].items()}
    for name in ("ttl", "urgency", "content-encoding", "content-type"):
        assert ours[name] == theirs[name]
    assert re.sub("t=[^,]+", "t=", ours["authorization"]) == re.sub("t=[^,]+", "t=", theirs["authorization"])
    assert len(base64.b64decode(request["body"])) == reference["length"]
    claims = json.loads(base64.urlsafe_b64decode(theirs["authorization"].split(".")[1] + "=="))
    assert set(request["vapid"]["claims"]) == set(claims) and request["vapid"]["claims"]["aud"] == claims["aud"]
    assert request["vapid"]["header"] == {"typ": "JWT", "alg": "ES256"}


def test_a_repeated_message_has_the_topic_of_the_first(services, tmp_path):
    since = services.count()
    send(tmp_path, "webpush", services.settings("webpush"), [attempt(services.subscription(), n) for n in (1, 1, 2)])
    topics = sorted(request["headers"]["topic"] for request in services.requests(since))
    assert len(topics) == 3 and len(set(topics)) == 2 and all(re.fullmatch("[A-Za-z0-9_-]{32}", topic) for topic in topics)


@pytest.mark.parametrize("status, outcome, reason, retry_ms", [
    (404, "rejected", 404, 9000), (410, "rejected", 410, 9000), (400, "rejected", 400, 9000), (401, "rejected", 401, 9000), (403, "rejected", 403, 9000),
    (413, "rejected", MESSAGE_TOO_LARGE, 9000), (429, "throttled", 429, 9000), (500, "deferred", 500, 9000),
    (503, "throttled", 503, 9000)])
def test_browser_answers_are_outcomes(services, tmp_path, status, outcome, reason, retry_ms):
    result = send(tmp_path, "webpush", services.settings("webpush"), [attempt(services.subscription(status))])[0]
    assert (result["outcome"], result["reason"], result["retry_after_ms"]) == (outcome, reason, retry_ms)


def test_only_hosts_of_the_list_are_called(services, tmp_path):
    since = services.count()
    port = services.process.port
    keys = {"p256dh": services.made["point"], "auth": services.made["auth"]}
    urls = [f"https://127.0.0.1:{port}/push/201/x", f"http://localhost:{port}/push/201/x", f"https://evillocalhost:{port}/push/201/x",
            f"https://localhost@127.0.0.1:{port}/push/201/x", f"https://LOCALHOST:{port}/push/201/x", "https://localhost.evil.example/"]
    attempts = [attempt(json.dumps({"endpoint": url, "keys": keys})) for url in urls]
    attempts += [attempt(to) for to in ("{}", "tok-1", "{\"endpoint\":\"https://localhost/\"}")]
    run = send(tmp_path, "webpush", services.settings("webpush"), attempts)
    assert run.outcomes() == [("rejected", ENDPOINT_UNFIT)] * len(attempts) and services.requests(since) == []


def test_a_private_address_is_not_called(services, tmp_path):
    since = services.count()
    run = send(tmp_path, "webpush", services.settings("webpush", allow_private=False), [attempt(services.subscription())])
    assert run.outcomes() == [("rejected", ADDRESS_REFUSED)] and services.requests(since) == []


def test_a_key_that_no_browser_has_is_dead(services, tmp_path):
    point = bytearray(base64.urlsafe_b64decode(services.made["point"] + "=="))
    point[-1] ^= 1
    run = send(tmp_path, "webpush", services.settings("webpush"), [attempt(services.subscription(p256dh=b64(bytes(point))))])
    assert run.outcomes() == [("rejected", ENDPOINT_DEAD)]


# ---- All three ----

def test_each_endpoint_goes_to_its_service(services, tmp_path):
    since = services.count()
    settings = {name: services.settings(name) for name in ("fcm", "apns", "webpush")}
    kinds = [f"tok-{'m' * 140}", device("200"), services.subscription(), device("410"), "UNREGISTERED-1"]
    run = send(tmp_path, "push", settings, [attempt(kinds[n % 5], n) for n in range(100)], env=services.bearers())
    assert run.outcomes() == [("accepted", 200), ("accepted", 200), ("accepted", 201), ("rejected", ENDPOINT_DEAD),
                              ("rejected", ENDPOINT_DEAD)] * 20
    paths = [request["path"].split("/")[1] for request in services.requests(since)]
    assert (paths.count("v1"), paths.count("3"), paths.count("push")) == (40, 40, 20)


def test_an_endpoint_without_its_service_is_rejected(services, tmp_path):
    run = send(tmp_path, "push", {"apns": services.settings("apns")}, [attempt("tok-1"), attempt(device("200")), attempt("{}")],
               env=services.bearers())
    assert run.outcomes() == [("rejected", ENDPOINT_UNFIT), ("accepted", 200), ("rejected", ENDPOINT_UNFIT)]
