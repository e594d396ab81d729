# SPDX-License-Identifier: Apache-2.0
"""A certified OpenID provider (oidc-provider) as the issuer: what it tells of itself is all that the settings need."""

import base64
import json
import urllib.parse
import urllib.request

from node_peer import node_peer
from support import http_provider, log_of, problem_of, wait_for


def get_json(url):
    with urllib.request.urlopen(url, timeout=20) as answer:
        return json.loads(answer.read())


def token_of(about, scope, algorithm):
    """RFC 6749 section 4.4, with a resource by RFC 8707."""
    body = urllib.parse.urlencode({"grant_type": "client_credentials", "scope": scope, "resource": f"urn:tocsin:{algorithm}"})
    credentials = base64.b64encode(b"console:a-secret-of-the-console").decode()
    request = urllib.request.Request(about["token_endpoint"], data=body.encode(), headers={"Authorization": f"Basic {credentials}"})
    return get_json(request)["access_token"]


def test_its_access_tokens_are_taken(gateway, make_cluster, tmp_path):
    with node_peer(tmp_path, "oidc_provider.js") as peer:
        about = get_json(peer.url("/.well-known/openid-configuration"))
        cluster = make_cluster([http_provider(gateway)], {"oidc": {
            "issuer": about["issuer"], "audience": "tocsin", "jwks_url": about["jwks_uri"], "allow_http": True,
            "role_claim": "scope", "roles": {"viewer": ["watchers"], "operator": ["duty"]}}}, workers=0)
        wait_for("the keys", lambda: "keys_taken" in log_of(cluster), 10)
        for algorithm in ("RS256", "ES256"):
            for scope, role in (("duty", "operator"), ("watchers", "viewer"), ("watchers duty", "operator")):
                token = token_of(about, scope, algorithm)
                answer = cluster.api.call("GET", "/v1/me", headers={"Authorization": f"Bearer {token}"})
                assert answer.status == 200, answer.body
                me = answer.json()
                assert (me["name"], me["role"], me["kind"]) == ("oidc:console", role, "oidc")
            stranger = token_of(about, "strangers", algorithm)
            answer = cluster.api.call("GET", "/v1/me", headers={"Authorization": f"Bearer {stranger}"})
            assert "nothing in the token's claim scope gives a role here" in problem_of(answer, 403)["detail"]
