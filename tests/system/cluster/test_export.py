# SPDX-License-Identifier: Apache-2.0
"""Exports: every delivery in every state as of one moment, while the campaign runs, over kill -9, for clients that are slow or
gone, and with odd bytes in keys."""

import collections
import csv
import io
import json
import os
import socket
import subprocess
import threading
import time

from support import BUILD, STATES, change_provider, http_provider, lines_of_json, pages, problem_of, some, tocsin, total, upload, wait_for

PEOPLE = 2000
MESSAGE = {"sms": {"text": "Dear {{first_name}}"}}
NULL = [{"name": "gateway", "channel": "sms", "adapter": "null"}]
# The last digit says what becomes of him: refused, cut off without an answer, taken.
BY_DIGIT = "if ($http_x_recipient ~ 7$) { return 400; } if ($http_x_recipient ~ 8$) { return 444; } return 202;"


def export(cluster, campaign, query=""):
    """The lines of a whole export, and its snapshot."""
    answer = cluster.api.call("GET", f"/v1/campaigns/{campaign}/export{query}")
    assert answer.status == 200, answer.body
    *rows, end = lines_of_json(answer.body.decode())
    assert end["end"] is True and end["rows"] == len(rows) and end["campaign"] == campaign
    return rows, answer.headers["Tocsin-Snapshot"], end


def check_against_api(cluster, campaign, rows):
    """What single questions say of the first of each state."""
    seen = {row["state"]: row for row in rows}
    for row in seen.values():
        view = cluster.api.get(f"/v1/campaigns/{campaign}/recipients/{row['key']}")
        for member in ("ordinal", "key", "state", "step", "endpoint", "attempts", "uncertain"):
            assert view[member] == row[member], (member, view, row)
        own = [e for e in view["timeline"] if e["event"] in ("leased", "accepted", "failed", "held", "delivered", "acknowledged",
                                                             "unreachable", "suppressed", "deferred")]
        if own and row["state"] != "cancelled":
            assert row["at"] == own[-1]["at"], (row, view)
        for event, member in (("accepted", "accepted_at"), ("delivered", "delivered_at"),
                              ("acknowledged", "acknowledged_at")):
            first = next((e["at"] for e in view["timeline"] if e["event"] == event), None)
            assert row[member] == first, (row, view)
    return seen


def check_reasons(cluster, campaign, rows):
    """Lists by reason and states, a few at a time, have those that the export has, with the same of each."""
    path = f"/v1/campaigns/{campaign}/recipients"
    for reason in {row["reason"] for row in rows} - {None}:
        of_it = [row for row in rows if row["reason"] == reason]
        for states in ("", "&state=failed,unreachable,cancelled"):
            wanted = [row for row in of_it if states == "" or row["state"] in states]
            found = pages(cluster, f"{path}?reason={reason}{states}", limit=37)
            assert [one["key"] for one in found] == [row["key"] for row in wanted], (reason, states)
            for one, row in zip(found, wanted):
                assert all(row[member] == value for member, value in one.items()), (one, row)
                assert one["reason"] == reason and one["detail"] == row["detail"]
    assert pages(cluster, f"{path}?reason=599") == []
    for wrong in ("0", "x", "410,411", "99999"):
        assert "reason must be a number" in problem_of(cluster.api.call("GET", f"{path}?reason={wrong}"), 400)["detail"]
    assert "there is no state" in problem_of(cluster.api.call("GET", f"{path}?state=failed,lost"), 400)["detail"]


def test_every_state_is_exported_as_the_api_shows_it(gateway, make_cluster):
    gateway.answer(BY_DIGIT)
    cluster = make_cluster([http_provider(gateway, receipts=True)], workers=2)
    rows = [f"r{i},+4790{i:08d},N\n" if i % 10 != 9 else f"r{i},,N\n" for i in range(PEOPLE)]
    answer = cluster.api.upload(("id,phone,first_name\n" + "".join(rows)).encode())
    audience = answer.json()["id"]
    for i in range(0, 50, 10):
        cluster.api.post("/v1/suppressions", {"channel": "sms", "endpoint": f"+4790{i:08d}", "reason": "manual", "source": "t"})
    campaign = cluster.campaign(audience, "sms", MESSAGE, {"on_uncertain": "hold"})["id"]
    view = cluster.wait_campaign(campaign)
    for i in (1, 11):
        cluster.api.post("/v1/receipts", [{"provider": "gateway", "campaign": campaign, "recipient": f"r{i}", "status": "delivered"}])
        cluster.api.post("/v1/acknowledgements", {"campaign": campaign, "recipient": f"r{i + 1}"})
    view = cluster.api.get(f"/v1/campaigns/{campaign}")
    everybody, snapshot, end = export(cluster, campaign)
    assert [row["ordinal"] for row in everybody] == list(range(PEOPLE)) and end["campaign_state"] == "finished"
    counts = collections.Counter(row["state"] for row in everybody)
    assert dict(counts) == some(view["counts"])
    assert set(counts) >= {"accepted", "delivered", "acknowledged", "failed", "suppressed", "unreachable", "uncertain"}
    seen = check_against_api(cluster, campaign, everybody)
    assert seen["failed"]["reason"] == 400 and seen["failed"]["provider"] == "gateway"
    assert seen["unreachable"]["address"] is None and seen["suppressed"]["provider"] is None
    assert all(row["address"] == f"+4790{row['ordinal']:08d}" for row in everybody if row["state"] != "unreachable")
    for state in STATES:
        some_rows, _, _ = export(cluster, campaign, f"?snapshot={snapshot}&state={state}")
        assert some_rows == [row for row in everybody if row["state"] == state]
    two, _, _ = export(cluster, campaign, f"?snapshot={snapshot}&state=failed,unreachable&channel=sms")
    assert two == [row for row in everybody if row["state"] in ("failed", "unreachable")]
    listed = pages(cluster, f"/v1/campaigns/{campaign}/recipients?state=failed,unreachable")
    assert [one["key"] for one in listed] == [row["key"] for row in two]
    check_reasons(cluster, campaign, everybody)
    of_gateway, _, _ = export(cluster, campaign, "?provider=gateway")
    assert of_gateway == [row for row in everybody if row["provider"] == "gateway"]
    # Those that end as the campaign is cancelled, and those that are tried again until then.
    gateway.answer("return 503;")
    change_provider(cluster, rate=200)
    second = cluster.campaign(audience, "sms", MESSAGE)["id"]
    wait_for("somebody is tried again", lambda: cluster.api.get(f"/v1/campaigns/{second}")["counts"]["retrying"] > 0)
    cluster.api.post(f"/v1/campaigns/{second}/pause")
    paused = wait_for("nobody is leased", lambda: (lambda v: v if v["counts"]["leased"] == 0 else None)(
        cluster.api.get(f"/v1/campaigns/{second}")))
    running, before, _ = export(cluster, second)
    assert dict(collections.Counter(row["state"] for row in running)) == some(paused["counts"])
    check_against_api(cluster, second, running)
    check_reasons(cluster, second, running)
    cluster.api.post(f"/v1/campaigns/{second}/cancel")
    view = cluster.wait_campaign(second)
    rows, _, _ = export(cluster, second)
    assert dict(collections.Counter(row["state"] for row in rows)) == some(view["counts"])
    assert {row["state"] for row in rows} >= {"cancelled"}
    check_against_api(cluster, second, rows)
    check_reasons(cluster, second, rows)
    again, _, _ = export(cluster, second, f"?snapshot={before}")
    assert again == running


def test_a_running_campaign_is_exported_as_of_one_moment(make_cluster):
    cluster = make_cluster([{**NULL[0], "rate": 20000}])
    campaign = cluster.campaign(upload(cluster, 60000), "sms", MESSAGE)["id"]
    snapshots = []
    while cluster.api.get(f"/v1/campaigns/{campaign}")["state"] == "running" and len(snapshots) < 4:
        view = cluster.api.get(f"/v1/campaigns/{campaign}")
        rows, snapshot, end = export(cluster, campaign)
        counts = collections.Counter(row["state"] for row in rows)
        assert len(rows) == end["recipients"] == total(view) == 60000
        assert counts["accepted"] >= view["counts"]["accepted"]  # what somebody was told is in it
        snapshots.append((snapshot, rows))
        time.sleep(0.3)
    assert len(snapshots) > 1
    cluster.wait_campaign(campaign)
    for snapshot, rows in snapshots:
        assert export(cluster, campaign, f"?snapshot={snapshot}")[0] == rows
        middle = rows[31000]
        rest, _, _ = export(cluster, campaign, f"?snapshot={snapshot}&after={middle['ordinal']}")
        assert rest == rows[31001:]


def test_the_command_goes_on_after_a_kill(make_cluster, place):
    cluster = make_cluster(NULL)
    campaign = cluster.campaign(upload(cluster, 150000), "sms", MESSAGE)["id"]
    cluster.wait_campaign(campaign)
    whole = {}
    for form in ("ndjson", "csv"):
        file = os.path.join(place, f"whole.{form}")
        status, out, err = tocsin(cluster, "export", campaign, "--output", file, "--json")
        assert status == 0 and json.loads(out)["rows"] == 150000, err
        with open(file, "rb") as f:
            whole[form] = f.read()
        assert whole[form].count(b"\n") == 150000 + (form == "csv")
    status, _, err = tocsin(cluster, "export", campaign, "--zstd", "--output", os.path.join(place, "whole.ndjson.zst"))
    assert status == 0, err
    unpacked = subprocess.run(["zstd", "-dc", os.path.join(place, "whole.ndjson.zst")], capture_output=True, check=True).stdout
    assert unpacked == whole["ndjson"]
    environment = {**os.environ, "TOCSIN_API": cluster.url(),
                   "TOCSIN_TOKEN_FILE": os.path.join(cluster.data_dir, "admin.token")}
    for options, plain in (([], whole["ndjson"]), (["--format", "csv"], whole["csv"]), (["--zstd"], None)):
        child = subprocess.Popen([os.path.join(BUILD, "bin", "tocsin"), "export", campaign, *options],
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment)
        got = child.stdout.read(65536)  # the rest waits in the pipe, the command and the coordinator
        cluster.coordinator.kill()
        timer = threading.Timer(0.5, cluster.start_coordinator, kwargs={"wait": False})
        timer.start()
        got += child.stdout.read()
        notes = child.stderr.read().decode()
        assert child.wait(60) == 0, notes
        timer.join()
        cluster.wait_ready()
        if plain is None:
            got = subprocess.run(["zstd", "-dc"], input=got, capture_output=True, check=True).stdout
            plain = whole["ndjson"]
        else:
            assert "going on after" in notes, notes
        assert got == plain
    status, _, err = tocsin(cluster, "export", "c99", "--output", os.path.join(place, "none.csv"))
    assert status == 1 and 'there is no campaign "c99"' in err
    assert not os.path.exists(os.path.join(place, "none.csv")) and not os.path.exists(os.path.join(place, "none.csv.part"))
    status, _, err = tocsin(cluster, "export", campaign, "--output", "/nowhere/at/all.csv")
    assert status == 1 and "/nowhere/at/all.csv.part cannot be written" in err
    status, _, err = tocsin(cluster, "export", campaign, "--state", "faild")
    assert status == 1 and 'there is no state "faild"' in err
    cluster.coordinator.kill()
    status, _, err = tocsin(cluster, "export", campaign)
    assert status == 3 and "cannot be reached" in err


def test_clients_that_leave_or_take_nothing_cost_nothing(make_cluster, monkeypatch):
    # A sanitizer keeps what was freed for a while: only little of it.
    monkeypatch.setenv("ASAN_OPTIONS", "quarantine_size_mb=1:" + os.environ.get("ASAN_OPTIONS", ""))
    cluster = make_cluster(NULL)
    campaign = cluster.campaign(upload(cluster, 100000), "sms", MESSAGE)["id"]
    cluster.wait_campaign(campaign)
    request = (f"GET /v1/campaigns/{campaign}/export HTTP/1.1\r\nHost: t\r\n"
               f"Authorization: Bearer {cluster.api.token}\r\n\r\n").encode()

    def begin():
        connection = socket.create_connection(("127.0.0.1", cluster.api_port))
        connection.sendall(request)
        assert connection.recv(4096).startswith(b"HTTP/1.1 200")
        return connection

    export(cluster, campaign)
    before = cluster.coordinator.rss_bytes()
    for _ in range(5):
        connections = [begin() for _ in range(4)]
        answer = cluster.api.call("GET", f"/v1/campaigns/{campaign}/export")
        assert answer.status == 503 and "exports are under way" in answer.json()["detail"]
        assert int(answer.headers["Retry-After"]) > 0
        for connection in connections:
            connection.close()
        wait_for("room for an export", lambda: cluster.api.call(
            "GET", f"/v1/campaigns/{campaign}/export?state=failed").status == 200)
    silent = begin()
    # The others are served meanwhile, and so is everybody else.
    export(cluster, campaign)
    assert cluster.api.get(f"/v1/campaigns/{campaign}")["counts"]["accepted"] == 100000
    silent.settimeout(60)
    time.sleep(23)
    size = 0
    try:
        while piece := silent.recv(1 << 20):
            size += len(piece)
        raise AssertionError(f"it was not broken off: {size} bytes")
    except ConnectionResetError:
        pass
    assert size < 100000 * 250
    assert cluster.coordinator.rss_bytes() < before + 40_000_000


def test_what_a_stop_cuts_off_does_not_look_whole(make_cluster):
    cluster = make_cluster(NULL)
    audience = upload(cluster, 60000)
    campaign = cluster.campaign(audience, "sms", MESSAGE, launch=False)["id"]
    connection = socket.create_connection(("127.0.0.1", cluster.api_port))
    connection.sendall(f"GET /v1/campaigns/{campaign}/export?end_line=no HTTP/1.1\r\nHost: x\r\n"
                       f"Authorization: Bearer {cluster.api.token}\r\n\r\n".encode())
    assert connection.recv(4096).startswith(b"HTTP/1.1 200")
    assert cluster.coordinator.stop() == 0
    connection.settimeout(60)
    try:
        while connection.recv(1 << 20):
            pass
        raise AssertionError("it looks as if it had come to its end")
    except ConnectionResetError:
        pass


def test_odd_bytes_in_keys_stay_what_they_are(make_cluster):
    cluster = make_cluster(NULL)
    keys = ['a"b', "a,b", "a'b", "a\\b", "a;b", "æøå", "日本", "🔔", "<b>x</b>", "a b", "%41", "a/b", "=1+1", "+1+1", "@x", "-x", "-5",
            "+4790000001", "a\u200bb", "a\u0301", "null", "end", "{}"]
    lines = "".join(json.dumps({"id": key, "phone": f"+47900{i:05d}", "first_name": "N"}, ensure_ascii=False) + "\n"
                    for i, key in enumerate(keys))
    answer = cluster.api.upload(lines.encode(), headers={"Content-Type": "application/x-ndjson"})
    assert answer.status == 201 and answer.json()["accepted"] == len(keys), answer.body
    campaign = cluster.campaign(answer.json()["id"], "sms", MESSAGE)["id"]
    cluster.wait_campaign(campaign)
    rows, _, _ = export(cluster, campaign)
    assert [row["key"] for row in rows] == keys
    text = cluster.api.call("GET", f"/v1/campaigns/{campaign}/export?format=csv").body.decode()
    table = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [row["key"] for row in table[:-1]] == [f"'{key}" if key in ("=1+1", "+1+1", "@x", "-x") else key for key in keys]
    assert table[-1]["ordinal"] == "end" and table[-1]["step"] == str(len(keys))
    for row, line in zip(rows, table):
        assert row["state"] == line["state"] and row["address"] == line["address"] and row["at"] == line["at"]
