# SPDX-License-Identifier: Apache-2.0
"""Everything that the coordinator says in a test is as docs/openapi.yaml describes it: a fixture that sees to it, for the
tests of whole clusters. Answers to Api, and what taps show of others' (tests/harness/tap.py), events and webhooks."""

import json
import os

import pytest

from cluster import Api
from description import EVENTS, LINE_TYPES, Description, lines_of
from event_stream import EventStream
from tap import Tap


def abridged(media, body):
    """Of a body of many lines the first and the last: most are alike."""
    lines = body.split(b"\n") if media in LINE_TYPES else []
    return b"\n".join(lines[:Watch.LINES] + lines[-Watch.LINES:]) if len(lines) > 2 * Watch.LINES else body


class Watch:
    """Takes what is said as it comes, from any thread, and checks it when nobody is in a hurry any more."""

    ENOUGH = 200  # of one operation and status, or one type of event: those after them are not kept
    LINES = 50  # of a body from its beginning, and as many from its end

    def __init__(self, description):
        self.description = description
        self.said = []
        self.counts = {}

    def _is_enough(self, key):
        self.counts[key] = self.counts.get(key, 0) + 1
        return self.counts[key] > self.ENOUGH

    def take(self, method, path, answer):
        name = self.description.find(method, path.partition("?")[0])[0]
        headers = {key.lower(): value for key, value in answer.headers.items()}
        media = headers.get("content-type", "").split(";")[0]
        is_plain = "content-encoding" not in headers
        body = answer.body if is_plain else b""
        if media == EVENTS:
            for line in lines_of(media, body):
                self.take_event(json.loads(line))
            body = b""
        if not self._is_enough((method, name, answer.status, media)):
            self.said.append((self.description.check, method, path, answer.status, headers.get("content-type"), abridged(media, body),
                              is_plain and answer.is_whole))

    def take_event(self, event):
        if not self._is_enough(("event", event.get("type"))):
            self.said.append((self.description.check_event, event))

    def take_webhooks(self, name, requests):
        """Requests as {"headers": …, "body": …}."""
        for request in requests:
            self.said.append((self.description.check_webhook, name, request["headers"], request["body"]))

    def _note_counts(self):
        """For tests/openapi/unseen: what was seen, if somebody wants to know."""
        file = os.environ.get("TOCSIN_SEEN")
        if file:
            with open(file, "a", encoding="utf-8") as f:
                f.write("".join(" ".join(map(str, key)) + "\n" for key in self.counts))

    def problems(self):
        """What was not as described, each once; forgets all of it."""
        self._note_counts()
        said, self.said, self.counts = self.said, [], {}
        return sorted({problem for problem in (check(*what) for check, *what in said) if problem})


WATCH = Watch(Description())
Api.on_answer = WATCH.take
EventStream.on_event = WATCH.take_event


def check_all():
    problems = WATCH.problems()
    assert not problems, "not as docs/openapi.yaml says:\n" + "\n".join(problems)


@pytest.fixture(autouse=True)
def all_is_as_described():
    yield
    for tap in Tap.running:
        tap.settle()
    check_all()


@pytest.fixture(scope="session", autouse=True)
def the_rest_is_as_described():
    """What clusters of many tests say to the end of the last."""
    yield
    check_all()
