# SPDX-License-Identifier: Apache-2.0
"""The suppression list: nobody on it is sent to, as the receiver sees it, whenever he was put there."""

import json
import os

import pytest

from support import SLOW, http_provider, some, timeline_of, tocsin, wait_for

PEOPLE = 600
STEP = {"sms": {"text": "Hi"}}


@pytest.fixture
def cluster(gateway, make_cluster):
    return make_cluster([http_provider(gateway)], workers=2)


def people(cluster, count=PEOPLE):
    rows = "id,phone\n" + "".join(f"r{i},+4790{i:08d}\n" for i in range(count))
    answer = cluster.api.upload(rows.encode())
    assert answer.status == 201, answer.body
    return answer.json()["id"]


def put(cluster, **entry):
    answer = cluster.api.call("PUT", "/v1/suppressions", entry)
    assert answer.status in (200, 201), answer.body
    return answer


def received(gateway):
    return {recipient: len(keys) for recipient, keys in gateway.keys().items()}


def test_nobody_on_the_list_is_sent_to(gateway, cluster):
    rows = "reason,channel,endpoint,contact,source\n" + "".join(
        f"opt_out,sms,+47 90 {i:08d},,crm\n" for i in range(0, PEOPLE, 6)) + "legal,,,r1,court\nmanual,email,a@b.test,,\n"
    answer = cluster.api.call("POST", "/v1/suppressions/import", rows.encode(), {"Content-Type": "text/csv"})
    assert answer.status == 200, answer.body
    assert (answer.json()["rows"], answer.json()["added"], answer.json()["refused"]) == (102, 102, 0)
    campaign = cluster.campaign(people(cluster), "sms", STEP, priority="critical")
    view = cluster.wait_campaign(campaign["id"])
    assert some(view["counts"]) == {"accepted": PEOPLE - 101, "suppressed": 101}
    away = {f"r{i}" for i in range(0, PEOPLE, 6)} | {"r1"}
    assert received(gateway) == {f"r{i}": 1 for i in range(PEOPLE) if f"r{i}" not in away}
    events = cluster.api.get(f"/v1/campaigns/{campaign['id']}/recipients/r6")["timeline"]
    assert [e["event"] for e in events if e["event"] in ("barred", "suppressed", "leased")] == ["barred", "suppressed"]
    assert "opted out" in json.dumps(events)
    assert "legal" in json.dumps(cluster.api.get(f"/v1/campaigns/{campaign['id']}/recipients/r1"))
    cluster.coordinator.kill()  # the list and the states are durable
    cluster.start_coordinator()
    again = cluster.campaign(people(cluster), "sms", STEP)
    assert some(cluster.wait_campaign(again["id"])["counts"]) == {"accepted": PEOPLE - 101, "suppressed": 101}


def test_the_second_number_is_taken_when_the_first_is_on_the_list(gateway, cluster):
    put(cluster, channel="sms", endpoint="+479000000003", reason="bounced")
    put(cluster, channel="sms", endpoint="+479000000004", reason="bounced")
    put(cluster, channel="sms", endpoint="+4791000004", reason="bounced")
    rows = "id,phone,phone.2\n" + "".join(f"r{i},+47900000000{i},+479100000{i}\n" for i in range(6))
    audience = cluster.api.upload(rows.encode()).json()["id"]
    campaign = cluster.campaign(audience, "sms", STEP)
    assert some(cluster.wait_campaign(campaign["id"])["counts"]) == {"accepted": 5, "suppressed": 1}
    assert received(gateway) == {f"r{i}": 1 for i in (0, 1, 2, 3, 5)}
    assert cluster.api.get(f"/v1/campaigns/{campaign['id']}/recipients/r3")["endpoint"] == 1


def test_an_entry_added_in_mid_run_is_honoured(gateway, cluster):
    gateway.answer(SLOW)
    audience = people(cluster, 4000)
    campaign = cluster.campaign(audience, "sms", STEP)
    wait_for("somebody who was sent to", lambda: gateway.requests())
    late = [f"r{i}" for i in range(3900, 4000)]
    for number, recipient in enumerate(late):
        i = int(recipient[1:])
        if number % 2:
            put(cluster, contact=recipient, reason="opt_out")
        else:
            put(cluster, channel="sms", endpoint=f"+4790{i:08d}", reason="complaint")
    before = set(gateway.keys()) & set(late)
    view = cluster.wait_campaign(campaign["id"])
    after = set(gateway.keys()) & set(late)
    assert after == before and len(before) < len(late), (len(before), len(after))
    assert some(view["counts"]) == {"accepted": 4000 - len(late) + len(after), "suppressed": len(late) - len(after)}


def test_only_a_post_unsubscribes(gateway, cluster):
    audience = people(cluster, 5)
    first = cluster.campaign(audience, "sms", STEP)
    cluster.wait_campaign(first["id"])
    key = {request.recipient: request.key for request in gateway.requests()}["r2"]
    page = cluster.api.call("GET", f"/u/{key}")
    assert page.status == 200 and b"One-Click" in page.body
    assert cluster.api.get("/v1/suppressions")["items"] == []
    assert cluster.api.call("POST", f"/u/{key}", b"x=y").status == 400
    assert cluster.api.call("POST", f"/u/{key[:-1]}x", b"List-Unsubscribe=One-Click").status == 403
    for _ in range(2):  # twice is as good as once, and the campaign has ended
        answer = cluster.api.call("POST", f"/u/{key}", b"List-Unsubscribe=One-Click",
                                  {"Content-Type": "application/x-www-form-urlencoded"})
        assert answer.status == 200, answer.body
    items = cluster.api.get("/v1/suppressions?channel=sms&reason=opt_out")["items"]
    assert [item["endpoint"] for item in items] == ["+479000000002"]
    assert items[0]["source"] == f"unsubscribe link of {first['id']}"
    second = cluster.campaign(audience, "sms", STEP)
    assert some(cluster.wait_campaign(second["id"])["counts"]) == {"accepted": 4, "suppressed": 1}
    assert timeline_of(cluster, second["id"], "r2")


def test_a_webhook_that_is_gone_is_not_tried_again(gateway, make_cluster):
    cluster = make_cluster([http_provider(gateway, channel="push")])
    gateway.answer("if ($http_x_recipient ~ ^b) { return 410; } return 202;")
    rows = "id,push_token\n" + "".join(f"{'b' if i % 4 == 0 else 'a'}{i},token-{i}\n" for i in range(100))
    audience = cluster.api.upload(rows.encode()).json()["id"]
    push = {"push": {"text": "Hi"}}
    first = cluster.campaign(audience, "push", push)
    assert some(cluster.wait_campaign(first["id"])["counts"]) == {"accepted": 75, "failed": 25}
    wait_for("the list", lambda: len(cluster.api.get("/v1/suppressions?reason=invalid")["items"]) == 25)
    metrics = cluster.api.call("GET", "/metrics").body.decode()
    assert 'tocsin_refused_endpoints_total{result="remembered"} 25\n' in metrics
    assert "\ntocsin_suppressions 25\n" in metrics
    second = cluster.campaign(audience, "push", push)
    assert some(cluster.wait_campaign(second["id"])["counts"]) == {"accepted": 75, "suppressed": 25}
    assert cluster.api.call("DELETE", "/v1/suppressions/push/token-0").status == 200
    assert cluster.api.call("GET", "/v1/suppressions/push/token-0").status == 404
    third = cluster.campaign(audience, "push", push)
    assert some(cluster.wait_campaign(third["id"])["counts"]) == {"accepted": 75, "failed": 1, "suppressed": 24}


def test_bad_entries_are_refused_with_what_would_be_right(cluster):
    def refused(entry):
        answer = cluster.api.call("PUT", "/v1/suppressions", entry)
        assert answer.status == 422, answer.body
        return answer.json()["detail"]

    assert "there is no channel" in refused({"channel": "fax", "endpoint": "1", "reason": "legal"})
    assert "no country code" in refused({"channel": "sms", "endpoint": "0170", "reason": "legal"})
    assert "there is no reason" in refused({"contact": "x", "reason": "because"})
    assert "endpoint" in refused({"reason": "legal"})
    rows = b"reason,channel,endpoint\nlegal,sms,+4790000001\nlegal,sms,nobody\n"
    answer = cluster.api.call("POST", "/v1/suppressions/import", rows, {"Content-Type": "text/csv"})
    assert answer.status == 422 and "row 2" in answer.json()["detail"], answer.body
    answer = cluster.api.call("POST", "/v1/suppressions/import?on_error=skip", rows, {"Content-Type": "text/csv"})
    assert answer.status == 200 and answer.json()["refusals"][0]["row"] == 2, answer.body
    answer = cluster.api.call("POST", "/v1/suppressions/import", b"reason,colour\nlegal,red\n",
                              {"Content-Type": "text/csv"})
    assert answer.status == 422 and "colour" in answer.json()["detail"], answer.body
    pages, cursor = [], ""
    for i in range(5):
        put(cluster, contact=f"c{i}", reason="manual")
    while cursor is not None:
        page = cluster.api.get("/v1/suppressions?limit=2" + (f"&cursor={cursor}" if cursor else ""))
        pages += page["items"]
        cursor = page["next"]
    assert [item.get("contact") or item["endpoint"] for item in pages] == ["+4790000001"] + [f"c{i}" for i in range(5)]
    export = cluster.api.call("GET", "/v1/suppressions/export").body
    assert export.count(b"\r\n") == 7 and export.startswith(b"reason,channel,endpoint,contact,source")
    answer = cluster.api.call("POST", "/v1/suppressions/import", export, {"Content-Type": "text/csv"})
    assert answer.status == 200 and answer.json()["added"] == 0, answer.body


def test_the_operators_command(place, cluster):
    def run(*arguments, **more):
        return tocsin(cluster, "suppression", *arguments, **more)

    status, out, err = run("add", "sms", "+49 170 1234567", "--reason", "opt_out", "--source", "call centre")
    assert (status, err) == (0, "") and "+491701234567" in out and "call centre" in out
    assert run("add", "--contact", "C7", "--channel", "sms", "--reason", "legal")[::2] == (0, "")
    assert run("check", "sms", "+491701234567")[0] == 0
    assert run("check", "--contact", "C7", "--channel", "sms")[0] == 0
    assert run("check", "--contact", "C7")[:2] == (1, "Not on the list.\n")
    assert run("add", "sms")[0] == 2
    status, out, err = run("add", "sms", "0170")
    assert status == 1 and "no country code" in err
    path = os.path.join(place, "list.csv")
    with open(path, "w", encoding="ascii") as f:
        f.write("reason,channel,endpoint\nlegal,email,A@b.test\nlegal,email,nobody\n")
    status, out, err = run("import", path)
    assert status == 1 and "row 2" in err
    status, out, err = run("import", path, "--on-error", "skip")
    assert status == 0 and out.startswith("rows 2, new on the list 0, refused 1\n  row 2: "), out
    status, out, _ = run("export")
    assert status == 0 and out.count("\n") == 4 and "a@b.test" in out
    assert run("remove", "sms", "+491701234567")[0] == 0
    assert run("check", "sms", "+491701234567")[0] == 1
    status, out, _ = run("list", "--channel", "email")
    assert status == 0 and "a@b.test" in out and "C7" not in out


def test_refusals_are_not_remembered_where_the_settings_say_so(gateway, make_cluster):
    cluster = make_cluster([http_provider(gateway, channel="push")], {"hard_failures_kept": "0s"})
    gateway.answer("return 410;")
    audience = cluster.api.upload(b"id,push_token\na,token\n").json()["id"]
    for _ in range(2):
        campaign = cluster.campaign(audience, "push", {"push": {"text": "Hi"}})
        assert some(cluster.wait_campaign(campaign["id"])["counts"]) == {"failed": 1}
    assert cluster.api.get("/v1/suppressions")["items"] == []
