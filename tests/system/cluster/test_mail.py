# SPDX-License-Identifier: Apache-2.0
"""Mail to a relay that takes nothing at first, as one that greylists: everybody is tried again, and gets his mail once."""

import os
import re

import pytest

from support import wait_for
from cluster import start_smtp_sink  # on the path since support

PEOPLE = 30
LATER = "450 4.2.0 Greylisted, please come again"


def start_sink(place, *options, port=None):
    """It writes each mail into a file of its own in mails/."""
    mails = os.path.join(place, "mails")
    os.makedirs(mails, exist_ok=True)
    for directory in (place, mails):
        os.chmod(directory, 0o777)
    return start_smtp_sink(mails, "-u", "root", "-h", "sink.test", "-d", f"{mails}/mail.", *options, port=port)


def recipients(place):
    """To whom the mails are that were taken whole: a refused one leaves a file without its end."""
    found = []
    for name in os.listdir(os.path.join(place, "mails")):
        if name.startswith("mail."):
            with open(os.path.join(place, "mails", name), encoding="utf-8") as f:
                found += re.findall(r"^To:\s+<([^>]+)>", f.read(), re.M)
    return sorted(found)


@pytest.mark.parametrize("fault, outcome, reason", [
    (("-r", "RCPT", "-b", LATER), "deferred", 450), (("-r", ".", "-b", LATER), "deferred", 450),
    (("-r", "MAIL", "-b", "451 4.7.1 Try again later"), "deferred", 451), (("-Q", "RCPT"), "throttled", 421)])
def test_what_is_refused_for_now_is_tried_again(place, make_cluster, fault, outcome, reason):
    sink, port = start_sink(place, *fault)
    try:
        cluster = make_cluster([{"name": "relay", "channel": "email", "adapter": "smtp", "settings": {
            "host": "127.0.0.1", "port": port, "starttls": "off", "from": "notices@n.test", "connections": 4}}])
        rows = "id,email\n" + "".join(f"c{i},c{i}@customer.test\n" for i in range(PEOPLE))
        audience = cluster.api.upload(rows.encode()).json()["id"]
        plan = {"attempts": 15, "backoff": "1s", "backoff_max": "3s", "within": "10m"}
        campaign = cluster.campaign(audience, "email", {"email": {"subject": "Outage", "text": "Dear all"}}, plan)["id"]
        path = f"/v1/campaigns/{campaign}/recipients"
        wait_for("a refusal", lambda: cluster.api.get("/v1/providers/relay")["outcomes"].get(outcome, 0) > 0, 30)
        assert cluster.api.get(f"/v1/campaigns/{campaign}")["counts"]["accepted"] == 0
        sink.stop()
        for name in os.listdir(os.path.join(place, "mails")):
            os.remove(os.path.join(place, "mails", name))
        sink, _ = start_sink(place, port=port)
        view = cluster.wait_campaign(campaign)
        assert view["counts"]["accepted"] == PEOPLE and view["counts"]["failed"] == 0
        reasons = [each.get("reason") for i in range(PEOPLE) for each in cluster.api.get(f"{path}/c{i}")["timeline"]]
        assert reason in reasons
        assert recipients(place) == sorted(f"c{i}@customer.test" for i in range(PEOPLE))
    finally:
        sink.stop()
