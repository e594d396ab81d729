# SPDX-License-Identifier: Apache-2.0
"""A campaign through Kannel to an SMSC that speaks SMPP: what the SMSC says of each number is what becomes of its recipient, with
one number in a request and with many; and the preflight counts its texts as this provider sends them."""

import os

import pytest

from support import BUILD, Cluster, QUICK, wait_for
from kannel import Kannel, is_there  # on the path since support
from node_peer import NodePeer

pytestmark = pytest.mark.skipif(not is_there(), reason="Kannel is not installed")

PEOPLE = 300
# By the last three digits of the number, as tests/peers/smsc.js has it.
FAILING = {100: "invalid destination", 200: "UNDELIV"}


@pytest.fixture
def smsc(place):
    directory = os.path.join(place, "smsc")
    os.makedirs(directory)
    with NodePeer(directory, "smsc.js", os.path.join(directory, "record.ndjson")) as peer:
        kannel = Kannel(os.path.join(place, "kannel"), smpp=peer.port)
        try:
            kannel.start()
            yield kannel
        finally:
            kannel.stop()


@pytest.fixture
def make(place, smsc):
    clusters = []

    def start(**more):
        secret = os.path.join(place, "secret")
        with open(secret, "w", encoding="ascii") as f:
            f.write("foobar")
        cluster = Cluster(os.path.join(place, "cluster"), BUILD, [], QUICK)
        settings = {"url": smsc.url(), "user": "tester", "password": f"file:{secret}", "from": "12345",
                    "receipt_url": cluster.url(is_for_later=True), "receipt_secret": f"file:{secret}", **more}
        cluster.providers = [{"name": "kannel", "channel": "sms", "adapter": "kannel", "receipts": True, "settings": settings}]
        clusters.append(cluster)
        cluster.start_coordinator()
        cluster.start_worker("w0")
        cluster.wait_workers(1)
        return cluster

    yield start
    for cluster in clusters:
        cluster.close()


def number(i):
    return f"+4790000{i:03}"


@pytest.mark.parametrize("numbers", [1, 50])
def test_the_smscs_word_on_each_number_reaches_its_recipient(make, numbers):
    cluster = make(numbers=numbers)
    rows = "id,phone\n" + "".join(f"p{i},{number(i)}\n" for i in range(PEOPLE))
    audience = cluster.api.upload(rows.encode()).json()["id"]
    plan = {"until": "delivered", "within": "1h", "attempts": 1}
    campaign = cluster.campaign(audience, "sms", {"sms": {"text": "Boil your water"}}, plan)["id"]

    def counts():
        seen = cluster.api.get(f"/v1/campaigns/{campaign}")["counts"]
        return {state: count for state, count in seen.items() if count and state in ("delivered", "failed")}

    wanted = {"delivered": PEOPLE - len(FAILING), "failed": len(FAILING)}
    wait_for("receipts of all", lambda: counts() == wanted, 60)
    failed = cluster.api.get(f"/v1/campaigns/{campaign}/recipients?state=failed")["items"]
    assert sorted(item["key"] for item in failed) == sorted(f"p{i}" for i in FAILING)
    # The number that is none goes on the suppression list; the phone that could not be reached does not.
    on_list = lambda i: cluster.api.call("GET", f"/v1/suppressions/sms/%2B{number(i)[1:]}").status  # noqa: E731
    wait_for("the number that is none", lambda: on_list(100) == 200)
    assert on_list(200) == 404
    metrics = cluster.api.call("GET", "/metrics").body.decode()
    assert 'tocsin_receipts_total{provider="kannel",result="delivered"} ' in metrics
    assert 'tocsin_receipts_total{provider="kannel",result="forged"} 0\n' in metrics


def test_the_preflight_counts_texts_as_the_provider_sends_them_and_the_cap_is_kept(make):
    cluster = make(transliterate=True, max_parts="2")
    rows = "id,phone,name\n" + "".join(f"p{i},{number(i)},{'ő' * (1 if i < 6 else 300)}\n" for i in range(10))
    audience = cluster.api.upload(rows.encode()).json()["id"]
    text = {"sms": {"text": "“{{name}}” – " + "x" * 100}}
    campaign = cluster.campaign(audience, "sms", text, launch=False)["id"]
    seen = cluster.api.call("POST", f"/v1/campaigns/{campaign}/preflight").json()
    assert seen["sms"] == {"people": 10, "one": 6, "two": 0, "three_or_more": 4, "parts": 6 + 4 * 3, "unicode": 0, "longest": 3,
                           "too_long": 4, "max_parts": 2, "transliterated": True, "estimated": False}
    warned = {warning["warning"]: warning["people"] for warning in seen["warnings"]}
    assert warned["too_long_sms"] == 4
    cluster.api.post(f"/v1/campaigns/{campaign}/launch")
    cluster.wait_campaign(campaign)
    counts = cluster.api.get(f"/v1/campaigns/{campaign}")["counts"]
    assert (counts["failed"], counts["accepted"] + counts.get("delivered", 0)) == (4, 6)
    timeline = cluster.api.get(f"/v1/campaigns/{campaign}/recipients/p9")["timeline"]
    assert [event["detail"] for event in timeline if event.get("reason") == 1007] == [
        "the text needs more short messages than the provider's max_parts"]
