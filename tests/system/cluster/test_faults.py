# SPDX-License-Identifier: Apache-2.0
"""A provider on a bad day, for every adapter: throttling, errors, resets, late and senseless answers. Everybody is accounted
for, and nobody is sent to again of whom nobody is in doubt."""

import collections
import csv
import io
import json
import os

import pytest

from support import pages, provider_of, timeline_of, total, wait_for
from certificate import make_certificate
from fault_rows import ROWS
from node_peer import NodePeer

TAKEN = {"good", "reset", "slow", "malformed"}  # the peer has got the message, whatever it said
FATES = {"throttled", "error", *TAKEN}
PLAN = {"attempts": 10, "backoff": "50ms", "backoff_max": "400ms", "within": "2m"}


class Run:
    """The peer of one row, what stands behind it, and its record."""

    def __init__(self, directory, adapter):
        self.row = ROWS[adapter]
        self.directory = str(directory)
        self.record = os.path.join(self.directory, "faults.ndjson")
        self.others = []
        self.ca_file = None
        os.makedirs(self.directory)
        options = {"form": adapter}
        if self.row.tls:
            self.ca_file, key = make_certificate(self.directory)
            options["tls"] = {"cert": self.ca_file, "key": key}
        options.update(self.row.before(self))
        self.peer = NodePeer(self.directory, self.row.peer, self.record, options)

    def url(self, path=""):
        return self.peer.url(path, "https" if self.row.tls else "http")

    def fates(self):
        """key -> what became of each of his requests, in order."""
        seen = self.row.seen or self.row.address
        keys = {seen(self, i): f"r{i}" for i in range(self.row.recipients)}
        fates = collections.defaultdict(list)
        with open(self.record, encoding="utf-8") as f:
            for line in f:
                request = json.loads(line)
                entries = request.get("entries") or [None] * len(request["addresses"])
                for address, entry in zip(request["addresses"], entries):
                    # An entry that was not taken was not, however its bulk's answer was lost.
                    fates[keys[address]].append(request["fate"] if entry in (None, "good") else entry)
        return fates

    def close(self):
        for process in [self.peer, *reversed(self.others)]:
            process.stop()


def audience_of(run):
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["id", run.row.column, "first_name"])
    writer.writerows([f"r{i}", run.row.address(run, i), f"Name{i}"] for i in range(run.row.recipients))
    return text.getvalue().encode()


@pytest.fixture
def bad_day(place, make_cluster, monkeypatch):
    """bad_day(adapter, on_uncertain): a campaign through a peer on a bad day, finished: (run, cluster, the campaign's view)."""
    runs = []

    def go(adapter, on_uncertain):
        run = Run(os.path.join(place, "faults"), adapter)
        runs.append(run)
        row = run.row
        for name, value in row.secrets.items():
            monkeypatch.setenv(name, value)
        provider = {"name": "provider", "channel": row.channel, "adapter": adapter, "settings": row.settings(run), "rate": 4000,
                    "breaker": "1s"}
        cluster = make_cluster([provider], threads=2)
        answer = cluster.api.upload(audience_of(run))
        assert answer.status == 201, answer.body
        campaign = cluster.campaign(answer.json()["id"], row.channel, {row.channel: row.content},
                                    {**PLAN, "on_uncertain": on_uncertain})["id"]
        wait_for("the first message", lambda: sum(provider_of(cluster)["outcomes"].values()) or provider_of(cluster)["unopened"])
        assert not provider_of(cluster)["unopened"]
        return run, cluster, cluster.wait_campaign(campaign, 90)

    yield go
    for run in runs:
        run.close()


OVER_HTTP2 = {"fcm", "apns", "webpush"}
CONNECTION_LOST = 1106


def check_the_day_was_bad(fates):
    """Everything has happened, each in about its share; a bout of throttling meets as many as are under way."""
    counts = collections.Counter(fate for each in fates.values() for fate in each)
    asked = sum(counts.values())
    assert set(counts) == FATES, counts
    assert all(counts[fate] > asked * 0.015 for fate in FATES - {"throttled"}) and counts["throttled"] > 10, counts


def states_of(cluster, view):
    return {item["key"]: item["state"] for item in pages(cluster, f"/v1/campaigns/{view['id']}/recipients")}


@pytest.mark.parametrize("on_uncertain", ["hold", "resend"])
@pytest.mark.parametrize("adapter", ROWS)
def test_everybody_is_accounted_for_and_nobody_is_sent_to_again_without_doubt(bad_day, adapter, on_uncertain):
    run, cluster, view = bad_day(adapter, on_uncertain)
    fates = run.fates()
    check_the_day_was_bad(fates)
    assert total(view) == run.row.recipients
    assert set(state for state, count in view["counts"].items() if count) <= {"accepted", "uncertain"}, view["counts"]
    states = states_of(cluster, view)
    assert len(states) == run.row.recipients
    assert collections.Counter(states.values()) == {s: n for s, n in view["counts"].items() if n}
    taken = {key: sum(fate in TAKEN for fate in fates[key]) for key in states}
    if run.row.got:
        whom = {f"r{i}": run.row.address(run, i) for i in range(run.row.recipients)}
        expected = {whom[key]: count for key, count in taken.items() if count}
        wait_for("what stands behind the peer has got all that was taken", lambda: run.row.got(run) == expected, 20, every=0.5)
    # Nobody is called accepted whom the peer has not got, or uncertain of whom its answer left no doubt.
    assert all(taken[key] for key, state in states.items() if state == "accepted")
    wronged = [key for key, state in states.items() if state == "uncertain" and set(fates[key]) == {"good"}]
    if adapter in OVER_HTTP2:
        # A connection has many on it, and with it their answers are lost: of them alone it is forgiven.
        assert len(wronged) < run.row.recipients / 10
        wronged = [key for key in wronged
                   if not any(entry.get("reason") == CONNECTION_LOST for entry in timeline_of(cluster, view["id"], key))]
    assert not wronged, [(key, timeline_of(cluster, view["id"], key)) for key in wronged[:5]]
    if on_uncertain == "hold":
        assert view["counts"]["uncertain"] and view["repeated"] == 0
        assert max(taken.values()) == 1
    else:
        twice = [key for key in states if taken[key] > 1]
        assert twice and view["repeated"] >= len(twice)
        for key in twice:
            events = collections.Counter(entry["event"] for entry in timeline_of(cluster, view["id"], key))
            assert events["repeated"] >= taken[key] - 1, (key, fates[key], events)
