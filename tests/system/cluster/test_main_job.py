# SPDX-License-Identifier: Apache-2.0
"""The main job, from a file to the last recipient's state, with the operator's command and with the API."""

import email
import email.policy
import os
import re

import aiosmtpd.controller

from cluster import free_port, start_smtp_sink
from support import (FINAL, STATES, http_provider, lines_of_json, pages, some, timeline_of, tocsin, total, upload,
                     write_csv)

BAD_ROWS = b"bad1,not a phone,x@customer.test,B\nr5,+4790000005,r5@customer.test,Again\nbad2,+4790000000,no address,B\n"


def test_tocsin_send_does_the_whole_job_in_a_pipe(place, gateway, make_cluster):
    cluster = make_cluster([http_provider(gateway, rate=2000)])
    path = write_csv(os.path.join(place, "customers.csv"), 4000, BAD_ROWS)
    status, out, err = tocsin(cluster, "send", path, "--channel", "sms", "--text", "Dear {{first_name}}, all is well.",
                              "--on-error", "skip")
    assert (status, err) == (0, "")
    lines = out.splitlines()
    assert re.search(r"is audience a1, imported in", lines[0])
    assert "accepted 4,000 + duplicates 1 + refused 2 = 4,003 rows" in out
    progress = [line for line in lines if line.startswith("c1 ")]
    assert len(progress) >= 2 and progress[-1].startswith("c1 finished: 4,000 of 4,000 settled")
    assert "\x1b" not in out and re.fullmatch(r"  accepted 4,000 = 4,000 of 4,000", lines[-1])
    assert {recipient: len(keys) for recipient, keys in gateway.keys().items()} == {f"r{i}": 1 for i in range(4000)}

    status, out, _ = tocsin(cluster, "audience", "refusals", "a1", "--json")
    refusals = lines_of_json(out)
    assert status == 0 and [(row["line"], row["column"]) for row in refusals] == [(4002, "phone"), (4004, "email")]
    assert "not a phone number" in refusals[0]["reason"]
    status, out, _ = tocsin(cluster, "audience", "refusals", "a1", "--csv")
    assert out.splitlines()[0] == "line,column,reason" and len(out.splitlines()) == 3

    status, out, _ = tocsin(cluster, "recipient", "show", "c1", "r17")
    assert status == 0
    assert [word in out for word in ("recipient  r17", "state      accepted", "by gateway", "code 202")] == [True] * 4
    status, out, err = tocsin(cluster, "recipient", "show", "c1", "nobody")
    assert status == 1 and 'no recipient "nobody"' in err


def test_the_api_does_the_whole_job(gateway, make_cluster):
    cluster = make_cluster([http_provider(gateway)], workers=2)
    audience = upload(cluster, 5000, name="customers")
    assert cluster.api.get(f"/v1/audiences/{audience}/recipients/r7")["values"]["first_name"] == "Name7"
    campaign = cluster.campaign(audience, "sms", {"sms": {"text": "Dear {{first_name}}"}}, launch=False)
    assert campaign["state"] == "draft" and campaign["counts"]["waiting"] == 5000
    assert list(campaign["counts"]) == list(STATES)
    cluster.api.post(f"/v1/campaigns/{campaign['id']}/launch")
    looks = []

    def look():
        view = cluster.api.get(f"/v1/campaigns/{campaign['id']}")
        looks.append(total(view))
        return view["state"] == "finished" and view

    while not (view := look()):
        pass
    assert set(looks) == {5000}
    assert some(view["counts"]) == {"accepted": 5000} and view["ended_at"] >= view["launched_at"]
    assert gateway.count() == 5000

    timeline = timeline_of(cluster, campaign["id"], "r4999")
    assert [event["event"] for event in timeline] == ["launched", "leased", "accepted", "finished"]
    assert timeline[2]["reason"] == 202 and timeline[2]["provider"] == "gateway"
    assert [event["at"] for event in timeline] == sorted(event["at"] for event in timeline)
    for limit in (1000, 333):
        items = pages(cluster, f"/v1/campaigns/{campaign['id']}/recipients?state=accepted", limit)
        assert [item["key"] for item in items] == [f"r{i}" for i in range(5000)]
    assert pages(cluster, f"/v1/campaigns/{campaign['id']}/recipients?state=failed") == []
    outcomes = cluster.api.get("/v1/providers")["items"][0]["outcomes"]
    assert outcomes["accepted"] == 5000 and sum(outcomes.values()) == 5000


def test_mail_goes_out_over_smtp(place, make_cluster):
    sink_directory = os.path.join(place, "sink")
    sink, port = start_smtp_sink(sink_directory, "-u", "postfix", "-c")
    try:
        provider = {"name": "relay", "channel": "email", "adapter": "smtp",
                    "settings": {"host": "127.0.0.1", "port": port, "from": "notices@bank.test", "starttls": "off",
                                 "connections": 8}}
        cluster = make_cluster([provider])
        audience = upload(cluster, 1500)
        campaign = cluster.campaign(audience, "email", {"email": {"subject": "Dear {{first_name}}", "text": "All is well.",
                                                                  "html": "<p>All is well.</p>"}})
        view = cluster.wait_campaign(campaign["id"])
        assert some(view["counts"]) == {"accepted": 1500}
        timeline = timeline_of(cluster, campaign["id"], "r3")
        assert timeline[2]["event"] == "accepted" and timeline[2]["reason"] == 250
    finally:
        sink.stop()


class Inbox:
    """A handler for aiosmtpd that keeps envelopes."""

    def __init__(self):
        self.envelopes = []

    async def handle_DATA(self, _server, _session, envelope):
        self.envelopes.append(envelope)
        return "250 ok"


def test_a_mail_carries_its_file_its_return_path_and_its_way_out(place, make_cluster):
    with open(os.path.join(place, "recall.pdf"), "wb") as f:
        f.write(b"%PDF-1.7 recall")
    inbox = Inbox()
    relay = aiosmtpd.controller.Controller(inbox, hostname="127.0.0.1", port=free_port())
    relay.start()
    try:
        cluster = make_cluster([{"name": "relay", "channel": "email", "adapter": "smtp", "settings": {
            "host": "127.0.0.1", "port": relay.port, "from": "notices@bank.test", "starttls": "off", "attachments": place,
            "envelope_from": "bounces+{{token}}@bank.test", "reply_to": "reply+{{token}}@bank.test"}}],
            settings={"public_url": "https://n.bank.test"})
        audience = upload(cluster, 30)
        status, out, err = tocsin(cluster, "send", "--audience", audience, "--channel", "email", "--subject", "Recall",
                                  "--text", "Please read.", "--attach", "recall.pdf", "--strict")
        assert status == 0, out + err
    finally:
        relay.stop()
    assert len(inbox.envelopes) == 30
    for envelope in inbox.envelopes:
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        token = envelope.mail_from.removeprefix("bounces+").removesuffix("@bank.test")
        assert len(token) == 32 and mail["Reply-To"].addresses[0].addr_spec == f"reply+{token}@bank.test"
        assert mail["List-Unsubscribe"] == f"<https://n.bank.test/u/{token}>"
        assert [part.get_payload(decode=True) for part in mail.iter_attachments()] == [b"%PDF-1.7 recall"]


def test_each_recipient_is_found_in_the_state_that_is_counted(gateway, make_cluster):
    """One in three is refused for good, one in three has no phone."""
    gateway.answer("if ($http_x_recipient ~ ^b) { return 400; } return 202;")
    cluster = make_cluster([http_provider(gateway)])
    rows = "id,phone,email\n" + "".join(
        f"a{i},+4790{i:08d},\nb{i},+4791{i:08d},\nc{i},,c{i}@customer.test\n" for i in range(1100))
    audience = cluster.api.upload(rows.encode()).json()["id"]
    status, out, _ = tocsin(cluster, "send", "--audience", audience, "--channel", "sms", "--text", "Hi", "--strict")
    assert status == 5, out
    view = cluster.api.get("/v1/campaigns/c1")
    assert some(view["counts"]) == {"accepted": 1100, "failed": 1100, "unreachable": 1100}
    for state, letter in (("accepted", "a"), ("failed", "b"), ("unreachable", "c")):
        items = pages(cluster, f"/v1/campaigns/c1/recipients?state={state}", 300)
        assert [item["key"] for item in items] == [f"{letter}{i}" for i in range(1100)]
        assert {item["state"] for item in items} == {state}
    assert sum(len(pages(cluster, f"/v1/campaigns/c1/recipients?state={state}")) for state in FINAL) == 3300
    status, out, _ = tocsin(cluster, "recipient", "list", "c1", "--state", "failed", "--quiet")
    assert out.split() == [f"b{i}" for i in range(1100)]
    assert timeline_of(cluster, "c1", "b7")[-2]["reason"] == 400
    assert cluster.api.get("/v1/campaigns/c1/recipients/b7")["attempts"] == 1


def test_json_is_one_object_a_line_and_quiet_is_the_identifier(place, gateway, make_cluster):
    cluster = make_cluster([http_provider(gateway)])
    path = write_csv(os.path.join(place, "customers.csv"), 1500)
    status, out, err = tocsin(cluster, "audience", "import", path, "--json")
    assert status == 0 and lines_of_json(out)[0]["accepted"] == 1500
    with open(path, "rb") as f:
        status, out, err = tocsin(cluster, "audience", "import", "-", "--name", "tonight", "--format", "csv", "--quiet",
                                  stdin=f.read())
    assert (status, out, err) == (0, "a2\n", "")
    status, out, err = tocsin(cluster, "send", "--audience", "a2", "--channel", "sms", "--text", "Hi", "--json")
    views = lines_of_json(out)
    assert status == 0 and views[-1]["state"] == "finished" and {total(view) for view in views} == {1500}
    status, out, _ = tocsin(cluster, "recipient", "list", "c1", "--state", "accepted", "--json")
    assert [item["key"] for item in lines_of_json(out)] == [f"r{i}" for i in range(1500)]
    for words in (("campaign", "list"), ("campaign", "show", "c1"), ("audience", "list"), ("audience", "show", "a1"),
                  ("worker", "list"), ("provider", "list"), ("recipient", "show", "c1", "r3")):
        status, out, err = tocsin(cluster, *words, "--json")
        assert status == 0 and lines_of_json(out) and err == "", words
    status, out, err = tocsin(cluster, "doctor")
    assert status == 0 and "FAIL" not in out, out + err


def test_the_exit_status_says_what_happened(place, gateway, make_cluster):
    cluster = make_cluster([http_provider(gateway)], workers=0)
    path = write_csv(os.path.join(place, "customers.csv"), 10)
    message = ("--channel", "sms", "--text", "Hi")
    assert tocsin(cluster, "sned", path, *message)[0] == 2
    status, _, err = tocsin(cluster, "send", path, "--chanel", "sms")
    assert status == 2 and "--channel" in err
    status, _, err = tocsin(cluster, "send", os.path.join(place, "nowhere.csv"), *message)
    assert status == 1 and "nowhere.csv" in err
    status, _, err = tocsin(None, "campaign", "list", env={"TOCSIN_API": "http://127.0.0.1:1", "TOCSIN_TOKEN": "x" * 43})
    assert status == 3 and "127.0.0.1:1" in err
    status, _, err = tocsin(cluster, "campaign", "list", env={"TOCSIN_TOKEN": "x" * 43, "TOCSIN_TOKEN_FILE": ""})
    assert status == 4 and "token" in err
    status, out, _ = tocsin(cluster, "send", path, *message, "--no-watch", "--quiet")
    assert (status, out.split()[-1]) == (0, "c1")
    assert tocsin(cluster, "campaign", "cancel", "c1")[0] == 0
    assert tocsin(cluster, "campaign", "watch", "c1")[0] == 5
    status, _, err = tocsin(cluster, "campaign", "show", "c99")
    assert status == 1 and "c99" in err
