# SPDX-License-Identifier: Apache-2.0
"""Tokens as people use them: made, used, revoked and ended, over restarts, and never in a file or a log."""

import json
import os
import re
import signal
import time

from support import check_ledger, http_provider, lines_of_json, log_of, problem_of, tocsin, upload, wait_for

ROLES = ("relay", "viewer", "author", "approver", "operator", "admin")


def create(cluster, name, role, *more):
    status, out, err = tocsin(cluster, "token", "create", name, "--role", role, "--quiet", *more)
    assert status == 0, err
    return out.strip()


def call_as(cluster, token, method, where, document=None):
    body = None if document is None else json.dumps(document).encode()
    return cluster.api.call(method, where, body=body, headers={"Authorization": f"Bearer {token}"})


def test_each_role_does_its_own_part_of_a_campaign(gateway, make_cluster):
    """Written by one, launched by another, run by a third; each is refused what the others do."""
    cluster = make_cluster([http_provider(gateway)])
    token = {role: create(cluster, f"the-{role}", role) for role in ROLES}
    assert all(text.startswith("tocsin_") and len(text) == 50 for text in token.values())
    audience = upload(cluster, 100)
    draft = {"name": "Outage", "audience": audience, "channel": "sms", "content": {"sms": {"text": "Dear {{first_name}}"}}}
    for role in ("relay", "viewer", "approver"):
        assert "this is for author" in problem_of(call_as(cluster, token[role], "POST", "/v1/campaigns", draft), 403)["detail"]
    answer = call_as(cluster, token["author"], "POST", "/v1/campaigns", draft)
    assert answer.status == 201
    campaign = json.loads(answer.body)["id"]
    for role in ("relay", "viewer", "author"):
        problem_of(call_as(cluster, token[role], "POST", f"/v1/campaigns/{campaign}/launch"), 403)
    assert call_as(cluster, token["approver"], "POST", f"/v1/campaigns/{campaign}/launch").status == 200
    for role in ("relay", "viewer", "author", "approver"):
        problem_of(call_as(cluster, token[role], "POST", f"/v1/campaigns/{campaign}/pause"), 403)
    cluster.wait_campaign(campaign)
    assert call_as(cluster, token["viewer"], "GET", f"/v1/campaigns/{campaign}/recipients/r1").status == 200
    receipt = [{"provider": "gateway", "status": "delivered", "campaign": campaign, "key": "r1"}]
    problem_of(call_as(cluster, token["viewer"], "POST", "/v1/receipts", receipt), 403)
    assert call_as(cluster, token["relay"], "POST", "/v1/receipts", receipt).status != 403
    problem_of(call_as(cluster, token["relay"], "GET", f"/v1/campaigns/{campaign}"), 403)
    for role in ROLES[:-1]:
        problem_of(call_as(cluster, token[role], "POST", "/v1/tokens", {"name": "more", "role": "admin"}), 403)
        assert json.loads(call_as(cluster, token[role], "GET", "/v1/me").body)["role"] == role


def files_with(directory, text):
    """Of the store's files those that hold the text (no compression hides 43 random characters)."""
    found = []
    for place, _, names in os.walk(directory):
        for name in names:
            with open(os.path.join(place, name), "rb") as f:
                if text in f.read():
                    found.append(os.path.join(place, name))
    return found


def test_a_token_holds_over_a_crash_and_is_kept_nowhere(gateway, make_cluster):
    cluster = make_cluster([http_provider(gateway)], workers=0)
    token = create(cluster, "wall", "viewer")
    lost = create(cluster, "lost", "admin")
    status, out, err = tocsin(cluster, "token", "revoke", "t2", "--json")
    assert status == 0 and json.loads(out)["state"] == "revoked", err
    assert call_as(cluster, token, "GET", "/v1/status").status == 200
    cluster.coordinator.kill()
    cluster.start_coordinator()
    assert call_as(cluster, token, "GET", "/v1/status").status == 200
    assert "was revoked" in problem_of(call_as(cluster, lost, "GET", "/v1/status"), 401)["detail"]
    problem_of(call_as(cluster, token, "GET", "/v1/tokens"), 403)
    rows = lines_of_json(tocsin(cluster, "token", "list", "--json")[1])
    assert [(row["id"], row["name"], row["state"], "token" in row) for row in rows] == [
        ("t1", "wall", "good", False), ("t2", "lost", "revoked", False)]
    cluster.coordinator.stop()
    for text in (token, lost):
        assert files_with(cluster.data_dir, text[7:].encode()) == []
        assert text[7:] not in log_of(cluster)
    status, out = check_ledger(cluster)
    assert status == 0 and " 0 damages" in out, out
    cluster.start_coordinator()
    row = cluster.api.get("/v1/tokens/t1")
    assert row["last_used_at"] is not None  # written as it stopped


def test_the_command_keeps_a_token_in_a_file_for_its_owner(gateway, make_cluster, tmp_path):
    cluster = make_cluster([http_provider(gateway)], workers=0)
    path = tmp_path / "wall.token"
    status, out, err = tocsin(cluster, "token", "create", "wall", "--role", "viewer", "--expires-in", "3s", "--out", str(path))
    assert status == 0 and "tocsin_" not in out + err
    assert os.stat(path).st_mode & 0o777 == 0o600
    status, out, _ = tocsin(cluster, "--token-file", str(path), "token", "me", "--json")
    assert status == 0 and json.loads(out)["name"] == "wall"
    status, out, _ = tocsin(cluster, "--token-file", str(path), "doctor")
    assert re.search(r"^warn +the token is accepted \(wall, viewer\), but ends at 20", out, re.M), out
    status, _, err = tocsin(cluster, "--token-file", str(path), "token", "list")
    assert status == 4 and 'this is for admin, and "wall" is viewer' in err
    status, _, err = tocsin(cluster, "token", "create", "other", "--role", "viewer", "--out", str(path))
    assert status == 1 and "is there already and is not overwritten" in err
    assert [row["name"] for row in cluster.api.get("/v1/tokens")["items"]] == ["wall"]  # none was made for nothing
    time.sleep(3.1)
    status, _, err = tocsin(cluster, "--token-file", str(path), "token", "me")
    assert status == 4 and "has expired" in err
    for words, says in ((("create", "x"), "--role is missing"), (("create", "x", "--role", "boss"), "--role cannot be"),
                        (("create", "a b", "--role", "viewer"), "must be 1 to 64 letters"),
                        (("revoke", "t99"), 'there is no token "t99"')):
        status, _, err = tocsin(cluster, "token", *words)
        assert status in (1, 2) and says in err


def test_a_new_admin_token_is_made_on_sighup(gateway, make_cluster):
    cluster = make_cluster([http_provider(gateway)], workers=0)
    path = os.path.join(cluster.data_dir, "admin.token")
    old = cluster.api.token
    os.remove(path)
    cluster.coordinator.child.send_signal(signal.SIGHUP)
    wait_for("a new token", lambda: os.path.exists(path), 10)
    with open(path, encoding="ascii") as f:
        new = f.read().strip()
    assert new != old
    wait_for("the old one to be refused", lambda: call_as(cluster, old, "GET", "/v1/me").status == 401, 10)
    assert call_as(cluster, new, "GET", "/v1/me").status == 200
    assert old not in log_of(cluster) and new not in log_of(cluster)


def test_whoever_sends_wrong_tokens_is_slowed_and_a_good_one_behind_the_same_address_is_not(gateway, make_cluster):
    cluster = make_cluster([http_provider(gateway)], workers=0)
    statuses = [call_as(cluster, "tocsin_" + "A" * 43, "GET", "/v1/status").status for _ in range(30)]
    assert statuses[:10] == [401] * 10 and statuses[-1] == 429, statuses
    answer = call_as(cluster, "tocsin_" + "B" * 43, "GET", "/v1/status")
    assert 1 <= int(answer.headers["Retry-After"]) <= 300
    assert call_as(cluster, cluster.api.token, "GET", "/v1/status").status == 200
    text = log_of(cluster)
    assert 10 <= text.count("signin_failed address=127.0.0.1 why=unknown") <= 15 and "AAAAAAA" not in text
