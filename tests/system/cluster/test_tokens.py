# SPDX-License-Identifier: Apache-2.0
"""Delivery tokens: the pages behind a message's links, and keys that change while campaigns run."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from support import http_provider, some, tocsin, wait_for

STEP = {"sms": {"text": "Hi"}}
LOCALES = ["nb-NO", "ar", "ja", "", "de-AT", "zh-Hant-TW"]


@pytest.fixture
def cluster(gateway, make_cluster):
    return make_cluster([http_provider(gateway)])


def people(cluster):
    rows = "id,phone,locale\n" + "".join(f"r{i},+4790000000{i},{locale}\n" for i, locale in enumerate(LOCALES))
    return cluster.api.upload(rows.encode()).json()["id"]


def sent(gateway, cluster, audience):
    """A campaign that was sent, and each recipient's token of it."""
    before = len(gateway.requests())
    campaign = cluster.campaign(audience, "sms", STEP)
    cluster.wait_campaign(campaign["id"])
    return campaign["id"], {request.recipient: request.key for request in gateway.requests()[before:]}


def acknowledge(cluster, token):
    return cluster.api.call("POST", f"/a/{token}").status


def test_pages_speak_the_language_of_the_recipient(gateway, cluster):
    campaign, tokens = sent(gateway, cluster, people(cluster))
    browser = {"Accept-Language": "fi;q=0.9, tlh"}
    expected = ["nb", "ar", "ja", "fi", "de", "zh-Hant"]
    for kind in "au":
        for number, language in enumerate(expected):
            page = cluster.api.call("GET", f"/{kind}/{tokens[f'r{number}']}", headers=browser)
            assert page.status == 200 and page.headers["Content-Language"] == language
            direction = "rtl" if language == "ar" else "ltr"
            assert f'<html lang="{language}" dir="{direction}">' in page.body.decode()
            assert "<script" not in page.body.decode() and "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert some(cluster.api.get(f"/v1/campaigns/{campaign}")["counts"]) == {"accepted": len(LOCALES)}


def test_old_tokens_live_on_when_the_key_is_rotated_even_through_kill_9(gateway, cluster):
    audience = people(cluster)
    first, old = sent(gateway, cluster, audience)
    status, out, err = tocsin(cluster, "key", "rotate")
    assert (status, err) == (0, "") and "2" in out, (out, err)
    second, new = sent(gateway, cluster, audience)
    assert acknowledge(cluster, old["r0"]) == acknowledge(cluster, new["r0"]) == 200
    cluster.coordinator.kill()
    cluster.start_coordinator()
    cluster.wait_workers(1)
    assert acknowledge(cluster, old["r1"]) == acknowledge(cluster, new["r1"]) == 200
    assert cluster.api.call("POST", f"/u/{old['r2']}", b"List-Unsubscribe=One-Click").status == 200
    third, newest = sent(gateway, cluster, audience)  # of the second key still
    assert acknowledge(cluster, newest["r0"]) == 200
    keys = cluster.api.get("/v1/keys/delivery")["items"]
    assert [(key["number"], key["campaigns"], key["newest"]) for key in keys] == [(1, 1, False), (2, 2, True)]
    for campaign, people_told in ((first, 2), (second, 2), (third, 1)):
        assert cluster.api.get(f"/v1/campaigns/{campaign}")["counts"]["acknowledged"] == people_told


def test_a_campaign_that_runs_keeps_its_key(gateway, cluster):
    """The tokens of its second step are of the key that it began with."""
    steps = [{"channel": "sms", "until": "acknowledged", "within": "2s"}, {"channel": "sms"}]
    campaign = cluster.campaign(people(cluster), None, STEP, plan={"steps": steps})
    wait_for("the first messages", lambda: len(gateway.requests()) == len(LOCALES))
    cluster.api.post("/v1/keys/delivery/rotate")
    cluster.wait_campaign(campaign["id"])
    tokens = [request.key for request in gateway.requests()]
    assert len(tokens) == len(set(tokens)) == 2 * len(LOCALES)
    for token in tokens:
        assert acknowledge(cluster, token) == 200
    counts = some(cluster.api.get(f"/v1/campaigns/{campaign['id']}")["counts"])
    assert counts == {"acknowledged": len(LOCALES)}


def test_a_reply_stops_the_ladder_of_who_has_the_code(gateway, make_cluster):
    """The code is read out of the message as a person would read it."""
    settings = {"url": gateway.url("/sent/{{reply_code}}")}
    cluster = make_cluster([http_provider(gateway, adapter_settings=settings)])
    steps = [{"channel": "sms", "until": "acknowledged", "within": "3s"}, {"channel": "sms"}]
    campaign = cluster.campaign(people(cluster), None, {"sms": {"text": "Reply ACK {{reply_code}}"}}, plan={"steps": steps})
    wait_for("the first messages", lambda: len(gateway.requests()) == len(LOCALES))
    codes = {request.recipient: request.path.rsplit("/", 1)[1] for request in gateway.requests()}
    assert len(set(codes.values())) == len(LOCALES) and all(len(code) == 4 for code in codes.values())
    status, out, err = tocsin(cluster, "reply", "sms", "+47 9000 0000 0", f" ack {codes['r0'].lower()}")
    assert (status, err) == (0, "") and "acknowledged" in out and campaign["id"] in out, (out, err)
    status, out, err = tocsin(cluster, "reply", "sms", "+47900000001", f"ACK {codes['r0']}")
    assert status == 1 and codes["r0"] in err, err
    answer = cluster.api.post("/v1/replies", [
        {"channel": "sms", "from": f"+4790000000{i}", "text": f"ACK {codes[f'r{i}']}"} for i in (1, 2)] + [
        {"channel": "sms", "from": "+47900000003", "text": "What is this?"}])
    assert [entry["result"] for entry in answer["results"]] == ["acknowledged", "acknowledged", "kept"]
    cluster.wait_campaign(campaign["id"])
    times = {recipient: len(keys) for recipient, keys in gateway.keys().items()}
    assert times == {f"r{i}": 1 if i < 3 else 2 for i in range(len(LOCALES))}


def test_codes_tell_apart_all_who_share_a_number_in_campaigns_made_at_once(gateway, make_cluster):
    """2,000 people with one number, three campaigns of two keys: by chance some 17 pairs would have the same code."""
    settings = {"url": gateway.url("/sent/{{campaign}}/{{reply_code}}")}
    cluster = make_cluster([http_provider(gateway, adapter_settings=settings)])
    rows = "id,phone\n" + "".join(f"r{i},+4790000000\n" for i in range(2000))
    audience = cluster.api.upload(rows.encode()).json()["id"]
    text = {"sms": {"text": "Reply ACK {{reply_code}}"}}
    draft = cluster.campaign(audience, "sms", text, name="draft", launch=False)
    cluster.api.post("/v1/keys/delivery/rotate")
    with ThreadPoolExecutor(2) as pool:
        campaigns = list(pool.map(lambda name: cluster.campaign(audience, "sms", text, name=name), ("first", "second")))
    ids = {campaign["name"]: campaign["id"] for campaign in [draft, *campaigns]}
    cluster.api.post(f"/v1/campaigns/{draft['id']}/launch")
    wait_for("all messages", lambda: len(gateway.requests()) == 6000)
    owners = {}
    for request in gateway.requests():
        name, code = request.path.rsplit("/", 2)[1:]
        assert owners.setdefault(code, (ids[name], request.recipient)) == (ids[name], request.recipient), code
    assert len(owners) == 6000
    cluster.coordinator.kill()
    cluster.start_coordinator()
    codes = list(owners)
    for start in range(0, len(codes), 1000):
        replies = [{"channel": "sms", "from": "+4790000000", "text": f"ack {code}"} for code in codes[start:start + 1000]]
        for code, entry in zip(codes[start:], cluster.api.post("/v1/replies", replies)["results"]):
            assert (entry["result"], entry["campaign"], entry["recipient"]) == ("acknowledged", *owners[code]), entry
    for campaign in ids.values():
        assert cluster.api.get(f"/v1/campaigns/{campaign}")["counts"]["acknowledged"] == 2000
