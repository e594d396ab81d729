# SPDX-License-Identifier: Apache-2.0
"""Evidence: a real campaign by HTTP, acknowledged and receipted, its bundles checked by the command alone, without a coordinator,
and found out when anything in them is not as it was."""

import base64
import json
import os
import random
import stat
import subprocess

from event_stream import EventStream
from support import BUILD, http_provider, wait_for

MESSAGE = {"sms": {"default": {"text": "Dear {{first_name}}, call {{phone}}: {{campaign}}"},
                   "de": {"text": "Liebe {{first_name}}: {{campaign}}"}}}
HEAD = "id,phone,first_name,locale\n"
PROVEN, NOT_PROVEN, NO_KEY = 0, 6, 7


def verify(path, *options):
    """Without a coordinator, and without its settings."""
    done = subprocess.run([os.path.join(BUILD, "bin", "tocsin"), "evidence", "verify", str(path), *options], capture_output=True,
                          text=True, env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}, timeout=60, check=False)
    assert "Sanitizer" not in done.stderr, done.stderr
    return done


def found(path, *options):
    done = verify(path, "--json", *options)
    assert done.returncode in (PROVEN, NO_KEY), done.stderr
    return json.loads(done.stdout)


def run_campaign(cluster, people=3000):
    rows = [f"r{i},+4790{i:08d},Name{i},{'de-AT' if i % 2 else ''}\n" for i in range(people)]
    audience = cluster.api.upload((HEAD + "".join(rows)).encode()).json()["id"]
    campaign = cluster.campaign(audience, "sms", MESSAGE)["id"]
    cluster.wait_campaign(campaign)
    return campaign


def export(cluster, campaign, path, query=""):
    answer = cluster.api.call("GET", f"/v1/campaigns/{campaign}/evidence{query}")
    assert answer.status == 200, answer.body
    path.write_bytes(answer.body)
    return path


def test_what_was_sent_to_one_person_is_proven_and_every_change_found(gateway, make_cluster, tmp_path):
    cluster = make_cluster([http_provider(gateway, receipts=True)], workers=1)
    campaign = run_campaign(cluster)
    cluster.api.post("/v1/receipts", [{"provider": "gateway", "campaign": campaign, "recipient": "r1501", "status": "delivered"}])
    cluster.api.post("/v1/acknowledgements", {"campaign": campaign, "recipient": "r1501"})
    key = cluster.api.get("/v1/evidence/key")["public_key"]
    path = export(cluster, campaign, tmp_path / "one", "?recipient=r1501")
    report = found(path, "--public-key", key)
    assert report["proven"] and report["ended"] and report["recipient"] == "r1501"
    assert report["values"] == {"id": "r1501", "phone": "+479000001501", "first_name": "Name1501", "locale": "de-AT"}
    own = [e for e in report["timeline"] if not e["of_campaign"]]
    view = cluster.api.get(f"/v1/campaigns/{campaign}/recipients/r1501")
    assert [(e["at"], e["event"]) for e in report["timeline"]] == [(e["at"], e["event"]) for e in view["timeline"]]
    assert [e["event"] for e in own][-2:] == ["delivered", "acknowledged"]
    assert own[-1]["reason"] == 1704  # entered by a program
    accepted = next(e for e in own if e["event"] == "accepted")
    assert accepted["provider"] == "gateway" and accepted["endpoint"] == "+479000001501"
    assert report["texts"][0]["locale"] == "de" and report["texts"][0]["text"].startswith("Liebe Name1501: ")
    assert b"Name1502" not in path.read_bytes() and b"+479000001502" not in path.read_bytes()

    # The same journal gives the same bytes; without a key it holds together and proves nothing.
    assert export(cluster, campaign, tmp_path / "again", "?recipient=r1501").read_bytes() == path.read_bytes()
    assert verify(path).returncode == NO_KEY and "WARNING" in verify(path).stdout
    other = base64.urlsafe_b64encode(bytes(32)).decode().rstrip("=")
    assert verify(path, "--public-key", other).returncode == NOT_PROVEN

    # His row is proven without the others of his page; the bytes of none of them are in the file.
    assert report["values_proven"] and "as it was bound when the campaign was launched" in verify(path, "--public-key", key).stdout
    lines = [json.loads(line) for line in path.read_bytes().splitlines()]
    assert lines[0]["version"] == 2 and "page" not in {line["type"] for line in lines}
    row = next(line for line in lines if line["type"] == "recipient")
    assert len(row["salt"]) == 22 and len(row["row_path"]) == 640

    # Heads that were noted down are gone through; another history is found out.
    head = next(h for h in cluster.api.get("/v1/evidence/heads?limit=1000")["items"]
                if report["first_record"] <= h["record"] <= report["last_record"])
    assert verify(path, "--public-key", key, "--head", f"{head['record']}:{head['hash']}").returncode == PROVEN
    assert verify(path, "--public-key", key, "--head", f"{head['record']}:{'0' * 64}").returncode == NOT_PROVEN

    tamper(path, tmp_path / "bad", key)


def tamper(path, bad, key):
    good = path.read_bytes()
    lines = good.splitlines(keepends=True)
    dice = random.Random(7)
    cases = [good[:-1], good[:-100], good + b"\n", good + lines[-1], b"".join(lines[:-1]), b"".join(lines[:-2])]
    for _ in range(12):
        at = dice.randrange(len(good))
        cases.append(good[:at] + bytes([good[at] ^ (1 << dice.randrange(8))]) + good[at + 1:])
        line = dice.randrange(len(lines) - 1)
        cases.append(b"".join(lines[:line] + lines[line + 1:]))
        cases.append(b"".join(lines[:line] + [lines[line + 1], lines[line]] + lines[line + 2:]))
    for case in cases:
        if case == good:
            continue
        bad.write_bytes(case)
        assert verify(bad, "--public-key", key).returncode == NOT_PROVEN


def test_a_whole_campaign_is_proven_by_the_command(gateway, make_cluster, tmp_path):
    cluster = make_cluster([http_provider(gateway)], workers=1)
    campaign = run_campaign(cluster, 2500)
    key_file = tmp_path / "key.txt"
    key_file.write_text(cluster.api.get("/v1/evidence/key")["public_key"] + "\n", encoding="utf-8")
    answer = cluster.api.call("GET", f"/v1/campaigns/{campaign}/evidence")
    path = tmp_path / "all"
    path.write_bytes(answer.body)
    report = found(path, "--public-key", str(key_file))
    assert report["pages"] == 3 and report["events"]["accepted"] == 2500 and report["ended"]
    draft = cluster.campaign(cluster.api.upload((HEAD + "a,+4790000001,A,\n").encode()).json()["id"], "sms", MESSAGE,
                                 launch=False)["id"]
    assert cluster.api.call("GET", f"/v1/campaigns/{draft}/evidence").status == 409
    assert cluster.api.call("GET", f"/v1/campaigns/{campaign}/evidence?recipient=nobody").status == 404


def test_heads_are_signed_at_the_end_and_keys_vouch_for_the_next(gateway, make_cluster, tmp_path):
    cluster = make_cluster([http_provider(gateway)], workers=1)
    stream = EventStream(cluster.api)
    campaign = run_campaign(cluster, 100)
    heads = lambda: cluster.api.get("/v1/evidence/heads?limit=1000")["items"]  # noqa: E731
    wait_for("a head of the end", lambda: any(h["campaign"] == campaign for h in heads()))
    told = wait_for("a head that is told of", lambda: [e for e in stream.facts() if e.type == "head.signed"])
    stream.close()
    assert told[0].data in heads() and told[0].subject == str(told[0].data["record"])
    first = cluster.api.get("/v1/evidence/key")
    path = os.path.join(cluster.data_dir, "evidence.key")
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    second = cluster.api.post("/v1/evidence/key/rotate", {})
    assert second["number"] == 2 and second["public_key"] != first["public_key"]
    bundle = export(cluster, campaign, tmp_path / "one", "?recipient=r7")
    for key in (first, second):
        assert verify(bundle, "--public-key", key["public_key"]).returncode == PROVEN
    cluster.api.post("/v1/acknowledgements", {"campaign": campaign, "recipient": "r8"})
    before = len(heads())
    cluster.coordinator.stop()
    cluster.start_coordinator()
    assert len(heads()) > before  # one at the stop
    assert cluster.api.get("/v1/evidence/key")["public_key"] == second["public_key"]


def test_a_new_key_proves_what_was_sent_under_one_that_was_lost(gateway, make_cluster, tmp_path):
    cluster = make_cluster([http_provider(gateway)], workers=1)
    campaign = run_campaign(cluster, 100)
    lost = cluster.api.get("/v1/evidence/key")["public_key"]
    wait_for("a head of the end", lambda: cluster.api.get("/v1/evidence/heads")["items"])
    noted = cluster.api.get("/v1/evidence/heads?limit=1000")["items"][-1]
    cluster.coordinator.stop()
    os.unlink(os.path.join(cluster.data_dir, "evidence.key"))
    cluster.start_coordinator()
    new = cluster.api.get("/v1/evidence/key")
    assert new["number"] == 2 and new["public_key"] != lost
    for name, query in (("one", "?recipient=r7"), ("all", "")):
        bundle = export(cluster, campaign, tmp_path / name, query)
        done = verify(bundle, "--public-key", new["public_key"], "--head", f"{noted['record']}:{noted['hash']}")
        assert done.returncode == PROVEN, done.stderr
        assert verify(bundle, "--public-key", lost).returncode == NOT_PROVEN


def test_a_running_campaign_is_proven_up_to_when_it_was_asked(gateway, make_cluster, tmp_path):
    cluster = make_cluster([http_provider(gateway)], workers=1)
    audience = cluster.api.upload((HEAD + "".join(f"r{i},+4790{i:08d},N,\n" for i in range(4000))).encode()).json()["id"]
    campaign = cluster.campaign(audience, "sms", MESSAGE, launch=False)["id"]
    assert cluster.api.call("PATCH", f"/v1/campaigns/{campaign}", {"rate": 150}).status == 200  # no part of what was sent
    cluster.api.post(f"/v1/campaigns/{campaign}/launch", {})
    wait_for("a beginning", lambda: cluster.api.get(f"/v1/campaigns/{campaign}")["counts"].get("accepted", 0) > 100)
    for turn in range(3):
        if turn == 1:
            cluster.api.post("/v1/evidence/key/rotate", {})
        report = found(export(cluster, campaign, tmp_path / f"all{turn}"))
        assert report["events"]["accepted"] > 100 and not report["ended"]
        export(cluster, campaign, tmp_path / f"one{turn}", "?recipient=r7")
        assert found(tmp_path / f"one{turn}")["recipient"] == "r7"
    assert cluster.api.get(f"/v1/campaigns/{campaign}")["state"] == "running"
