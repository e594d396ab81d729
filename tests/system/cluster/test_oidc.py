# SPDX-License-Identifier: Apache-2.0
"""Tokens of an organisation's own issuer, made by the package jose: who they make somebody, and all the ways they are refused."""

import base64
import hashlib
import hmac
import json
import os
import re
import signal
import time
import urllib.request

import pytest

from node_peer import node_peer
from support import coordinator, http_provider, log_of, problem_of, tocsin, wait_for

ISSUER = "https://login.example/realms/ops"
ROLES = {"viewer": ["watchers"], "operator": ["duty", "Duty Officers"], "admin": ["tocsin-admins"], "relay": ["gate"]}


class Issuer:
    def __init__(self, peer):
        self.peer = peer

    def ask(self, method, path, document):
        request = urllib.request.Request(self.peer.url(path), method=method, data=json.dumps(document).encode())
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.loads(answer.read())

    def token(self, key="ec-1", header=None, **claims):
        now = int(time.time())
        right = {"iss": ISSUER, "aud": "tocsin", "sub": "anna", "iat": now, "exp": now + 300, "realm_access": {"roles": ["duty"]}}
        wanted = {name: value for name, value in {**right, **claims}.items() if value is not None}
        return self.ask("POST", "/sign", {"id": key, "header": header or {}, "claims": wanted})["token"]


@pytest.fixture(scope="module")
def issuer(tmp_path_factory):
    with node_peer(tmp_path_factory.mktemp("issuer"), "issuer.js") as peer:
        yield Issuer(peer)


def settings_of(issuer, **more):
    return {"oidc": {"issuer": ISSUER, "audience": "tocsin", "jwks_url": issuer.peer.url("/keys"), "allow_http": True,
                     "role_claim": "realm_access.roles", "roles": ROLES, **more}}


@pytest.fixture
def cluster(gateway, issuer, make_cluster):
    cluster = make_cluster([http_provider(gateway)], settings_of(issuer), workers=0)
    wait_for("the keys", lambda: "keys_taken" in log_of(cluster), 10)
    return cluster


def ask_as(cluster, token, where="/v1/me", method="GET"):
    return cluster.api.call(method, where, headers={"Authorization": f"Bearer {token}"})


def refused(cluster, token, says, status=401):
    """Each time from an address that has not failed before, for whoever fails often is told to wait."""
    answer = ask_as(cluster, token)
    detail = problem_of(answer, status)["detail"]
    assert says in detail, detail
    assert token.split(".")[1][:20] not in detail
    return answer


def test_a_role_is_what_the_claim_says(cluster, issuer):
    for key in ("rsa-1", "ec-1"):
        me = ask_as(cluster, issuer.token(key)).json()
        assert (me["name"], me["role"], me["kind"], me["token"]) == ("oidc:anna", "operator", "oidc", None)
        assert me["until"] is not None
    assert ask_as(cluster, issuer.token(), "/v1/status").status == 200
    problem_of(ask_as(cluster, issuer.token(), "/v1/tokens"), 403)
    both = issuer.token(realm_access={"roles": ["watchers", "x", "tocsin-admins"]}, aud=["account", "tocsin"])
    assert ask_as(cluster, both).json()["role"] == "admin"
    assert ask_as(cluster, both, "/v1/tokens").status == 200
    assert ask_as(cluster, issuer.token(realm_access={"roles": ["gate"]})).json()["role"] == "relay"
    assert ask_as(cluster, issuer.token(header={"typ": "at+jwt"})).status == 200
    for claims in ({"realm_access": {"roles": ["strangers"]}}, {"realm_access": None}, {"realm_access": {"roles": "dut"}}):
        detail = problem_of(ask_as(cluster, issuer.token(**claims)), 403)["detail"]
        assert "nothing in the token's claim realm_access.roles gives a role here" in detail
    assert ask_as(cluster, cluster.api.token).json()["kind"] == "admin"  # the others go on working
    status, out, err = tocsin(cluster, "token", "me", "--json", env={"TOCSIN_TOKEN": issuer.token(), "TOCSIN_TOKEN_FILE": ""})
    assert status == 0 and json.loads(out)["name"] == "oidc:anna", err


def encode(part):
    return base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")


def test_a_token_that_is_not_right_in_every_way_is_refused(gateway, issuer, make_cluster):
    cluster = make_cluster([http_provider(gateway)], settings_of(issuer, leeway="2s"), workers=0)
    wait_for("the keys", lambda: "keys_taken" in log_of(cluster), 10)
    now = int(time.time())
    wrong = [({"exp": now - 3}, "it has expired"), ({"exp": None}, "(exp)"), ({"nbf": now + 60}, "(nbf)"),
             ({"iat": now + 60}, "(iat)"), ({"iss": "https://login.example/realms/other"}, "(iss)"),
             ({"iss": None}, "(iss)"), ({"aud": "other"}, "(aud)"), ({"aud": None}, "(aud)"), ({"sub": None}, "(sub)")]
    for claims, says in wrong:
        refused(cluster, issuer.token(**claims), says)
    cluster.coordinator.stop()  # a new life, in which nobody has failed
    cluster.start_coordinator()
    wait_for("the keys", lambda: log_of(cluster).count("keys_taken") == 2, 10)
    good = issuer.token("rsa-1")
    head, claims, mark = good.split(".")
    refused(cluster, f"{encode({'alg': 'none', 'kid': 'rsa-1'})}.{claims}.", "RS256 and ES256 are")
    keys = json.loads(urllib.request.urlopen(issuer.peer.url("/keys"), timeout=10).read())["keys"]
    secret = json.dumps(next(key for key in keys if key["kid"] == "rsa-1")).encode()
    for alg, says in (("HS256", "RS256 and ES256 are"), ("RS256", "its signature is wrong")):
        signed = f"{encode({'alg': alg, 'kid': 'rsa-1'})}.{claims}"
        mac = base64.urlsafe_b64encode(hmac.new(secret, signed.encode(), hashlib.sha256).digest()).decode().rstrip("=")
        refused(cluster, f"{signed}.{mac}", says)
    refused(cluster, f"{encode({'alg': 'RS256', 'kid': 'rsa-1', 'crit': ['exp']})}.{claims}.{mark}", "(crit)")
    other = issuer.token("rsa-1", sub="mallory").split(".")
    refused(cluster, f"{head}.{other[1]}.{mark}", "its signature is wrong")
    refused(cluster, f"{head}.{claims}.", "its signature is wrong")
    issuer.ask("POST", "/hidden", {"id": "rsa-1x", "alg": "RS256"})
    refused(cluster, issuer.token("rsa-1x", header={"kid": "rsa-1"}), "its signature is wrong")
    refused(cluster, issuer.token("rsa-1", header={"typ": "logout+jwt"}), "its typ")
    assert ask_as(cluster, good).status == 200
    text = log_of(cluster)
    assert good not in text and mark not in text and "why=refused" in text


def metric(cluster, name):
    text = cluster.api.call("GET", "/metrics").body.decode()
    return float(re.search(rf"^{re.escape(name)} ([0-9.e+]+)$", text, re.M)[1])


def test_a_new_key_is_fetched_when_a_token_names_it_but_not_again_and_again(cluster, issuer):
    before = issuer.ask("GET", "/asked", {})["asked"]
    issuer.ask("POST", "/hidden", {"id": "unknown", "alg": "ES256"})
    old, unknown = issuer.token(), issuer.token("unknown")
    assert ask_as(cluster, old).status == 200
    statuses = [ask_as(cluster, unknown).status for _ in range(8)]
    assert set(statuses) <= {401, 503}
    # Fetched at the start, less than half a minute ago: nobody asks again for a while.
    assert issuer.ask("GET", "/asked", {})["asked"] == before and 503 not in statuses
    issuer.ask("POST", "/key", {"id": "ec-2", "alg": "ES256"})
    cluster.coordinator.child.send_signal(signal.SIGHUP)
    wait_for("the new key", lambda: ask_as(cluster, issuer.token("ec-2")).status == 200, 10)
    assert ask_as(cluster, old).status == 200
    # What is given out no more is good no more, though it was remembered.
    issuer.ask("DELETE", "/key", {"id": "ec-1"})
    cluster.coordinator.child.send_signal(signal.SIGHUP)
    wait_for("the old key to be gone", lambda: ask_as(cluster, old).status == 401, 10)
    # And keys that cannot be had leave those that are there.
    taken = metric(cluster, 'tocsin_oidc_key_fetches_total{result="taken"}')
    for bad in ({"status": 500, "body": ""}, {"status": 200, "body": "<html>"}, {"status": 200, "body": '{"keys":[]}'}):
        failed = metric(cluster, 'tocsin_oidc_key_fetches_total{result="failed"}')
        issuer.ask("POST", "/bad", bad)
        cluster.coordinator.child.send_signal(signal.SIGHUP)
        wait_for("a failure", lambda: metric(cluster, 'tocsin_oidc_key_fetches_total{result="failed"}') > failed, 10)
        assert ask_as(cluster, issuer.token("ec-2")).status == 200
    assert metric(cluster, 'tocsin_oidc_key_fetches_total{result="taken"}') == taken
    issuer.ask("POST", "/bad", {})
    issuer.ask("POST", "/key", {"id": "ec-1", "alg": "ES256"})


def test_a_key_that_nobody_knew_is_fetched_by_the_token_that_names_it(gateway, issuer, make_cluster):
    cluster = make_cluster([http_provider(gateway)], settings_of(issuer, refetch_after="1s"), workers=0)
    wait_for("the keys", lambda: "keys_taken" in log_of(cluster), 10)
    time.sleep(1.1)
    issuer.ask("POST", "/key", {"id": "rsa-new", "alg": "RS256"})
    token = issuer.token("rsa-new")
    answer = ask_as(cluster, token)
    assert "keys are being fetched" in problem_of(answer, 503)["detail"] and int(answer.headers["Retry-After"]) > 0
    wait_for("the key", lambda: ask_as(cluster, token).status == 200, 10)
    before = issuer.ask("GET", "/asked", {})["asked"]
    issuer.ask("POST", "/hidden", {"id": "unknown", "alg": "ES256"})
    unknown = issuer.token("unknown")
    began = time.time()
    while time.time() < began + 2.5:
        assert ask_as(cluster, unknown).status in (401, 429, 503)
    assert 1 <= issuer.ask("GET", "/asked", {})["asked"] - before <= 3
    assert ask_as(cluster, token).status == 200


def test_before_there_are_keys_a_token_is_to_come_again_and_the_signature_is_checked_once(gateway, issuer, make_cluster):
    issuer.ask("POST", "/bad", {"status": 503, "body": ""})
    cluster = make_cluster([http_provider(gateway)], settings_of(issuer), workers=0)
    wait_for("a failure", lambda: "keys_failed" in log_of(cluster), 10)
    token = issuer.token("rsa-1")
    refused(cluster, token, "signed with a key that the issuer does not have")
    assert ask_as(cluster, cluster.api.token).status == 200
    issuer.ask("POST", "/bad", {})
    cluster.coordinator.child.send_signal(signal.SIGHUP)
    wait_for("the keys", lambda: ask_as(cluster, token).status == 200, 10)
    before = metric(cluster, "tocsin_oidc_signatures_total"), metric(cluster, "tocsin_oidc_remembered_total")
    for _ in range(50):
        assert ask_as(cluster, token, "/v1/status").status == 200
    assert metric(cluster, "tocsin_oidc_signatures_total") == before[0]
    assert metric(cluster, "tocsin_oidc_remembered_total") == before[1] + 50
    short = issuer.token("rsa-1", exp=int(time.time()) - 58)  # two more seconds by the leeway
    assert ask_as(cluster, short).status == 200
    wait_for("its end", lambda: ask_as(cluster, short).status == 401, 10)  # remembered, but not beyond


def test_keys_may_be_in_a_file(gateway, issuer, make_cluster, tmp_path):
    path = tmp_path / "keys.json"
    with urllib.request.urlopen(issuer.peer.url("/keys"), timeout=10) as answer:
        path.write_bytes(answer.read())
    settings = settings_of(issuer, jwks_file=str(path), name_claim="email", role_claim="groups")
    del settings["oidc"]["jwks_url"]
    cluster = make_cluster([http_provider(gateway)], settings, workers=0)
    token = issuer.token("rsa-1", email="anna@example.org", groups="Duty Officers")
    me = ask_as(cluster, token).json()
    assert (me["name"], me["role"]) == ("oidc:anna@example.org", "operator")
    refused(cluster, issuer.token("rsa-1", groups="duty"), "its claim email is no name")
    path.write_text("{}")
    cluster.coordinator.child.send_signal(signal.SIGHUP)
    wait_for("a failure", lambda: "keys_failed" in log_of(cluster), 10)
    assert ask_as(cluster, token).status == 200
    cluster.coordinator.stop()
    status, _, err = coordinator("--config", os.path.join(cluster.directory, "coordinator.yaml"))
    assert status != 0 and str(path) in err and "no JSON Web Key Set" in err, err
