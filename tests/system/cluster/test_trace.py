# SPDX-License-Identifier: Apache-2.0
"""traceparent (W3C Trace Context): from the request that made or launched a campaign, over restarts, to the receivers of
its messages and into the logs."""

import http.client
import http.server
import json
import os
import re
import threading
import types

import pytest

from fault_rows import ROWS
from support import free_port, http_provider, log_of, some, upload, wait_for

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
OTHER = "0af7651916cd43dd8448eb211c80319c"
MESSAGE = {"sms": {"text": "Dear {{first_name}}"}}


class Receiver(http.server.ThreadingHTTPServer):
    """Keeps the path, the recipient and the trace of each request."""

    request_queue_size = 512

    def __init__(self):
        self.requests, self.lock = [], threading.Lock()
        super().__init__(("127.0.0.1", 0), Answer)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def url(self, path="/"):
        return f"http://127.0.0.1:{self.server_address[1]}{path}"

    def take(self):
        """recipient -> values of the header, of the requests since the last call."""
        with self.lock:
            taken, self.requests = self.requests, []
        traces = {}
        for recipient, values in taken:
            traces.setdefault(recipient, []).append(values)
        return traces


class Answer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.do_POST()

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        with self.server.lock:
            self.server.requests.append((self.headers["X-Recipient"], self.headers.get_all("traceparent")))
        self.send_response(202)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *arguments):
        pass


@pytest.fixture
def receiver():
    server = Receiver()
    yield server
    server.shutdown()
    server.server_close()


def make(cluster, audience, traceparent=None, name="campaign"):
    headers = {"traceparent": traceparent} if traceparent else {}
    return cluster.api.post("/v1/campaigns", {"name": name, "audience": audience, "channel": "sms", "content": MESSAGE},
                            headers)


def launch(cluster, campaign, traceparent=None):
    headers = {"traceparent": traceparent} if traceparent else {}
    cluster.api.post(f"/v1/campaigns/{campaign['id']}/launch", None, headers)
    return cluster.wait_campaign(campaign["id"], 60)


def test_each_attempt_carries_the_trace_of_its_campaign(receiver, make_cluster):
    people = 300
    cluster = make_cluster([http_provider(receiver, connections=4)])
    audience = upload(cluster, people)
    campaign = make(cluster, audience, f"00-{TRACE}-{PARENT}-01")
    assert campaign["traceparent"] == f"00-{TRACE}-{PARENT}-01"
    cluster.coordinator.kill()  # what was answered is on disk
    cluster.start_coordinator()
    cluster.wait_workers(1)
    view = launch(cluster, campaign)
    assert some(view["counts"]) == {"accepted": people} and view["traceparent"] == campaign["traceparent"]
    traces = receiver.take()
    assert len(traces) == people
    spans = set()
    for values in traces.values():
        assert len(values) == 1 and len(values[0]) == 1, values  # one request, one header
        version, trace, span, flags = values[0][0].split("-")
        assert (version, trace, flags) == ("00", TRACE, "01") and re.fullmatch("[0-9a-f]{16}", span)
        spans.add(span)
    assert len(spans) == people and PARENT not in spans
    log = log_of(cluster)
    assert re.search(rf" created .*campaign={campaign['id']} .*trace={TRACE}\n", log), "no line of its making"
    assert re.search(rf" launched .*campaign={campaign['id']} trace={TRACE}\n", log), "no line of its launch"
    # Whoever launches it is nearer to its cause.
    campaign = make(cluster, audience, f"00-{TRACE}-{PARENT}-01")
    assert launch(cluster, campaign, f"00-{OTHER}-{PARENT}-00")["traceparent"] == f"00-{OTHER}-{PARENT}-00"
    for values in receiver.take().values():
        assert re.fullmatch(f"00-{OTHER}-[0-9a-f]{{16}}-00", values[0][0]), values


def test_without_a_trace_or_with_a_wrong_one_there_is_no_header(receiver, make_cluster):
    cluster = make_cluster([http_provider(receiver, connections=4)])
    audience = upload(cluster, 20)
    for wrong in (None, "00-0-0-01", f"00-{TRACE.upper()}-{PARENT}-01", f"00-{'0' * 32}-{PARENT}-01",
                  f"ff-{TRACE}-{PARENT}-01", f"00-{TRACE}-{PARENT}-01-more", "x" * 2000):
        campaign = make(cluster, audience, wrong)
        assert campaign["traceparent"] is None, wrong
        launch(cluster, campaign)
        assert all(values == [None] for values in receiver.take().values()), wrong
    connection = http.client.HTTPConnection("127.0.0.1", cluster.tapped(cluster.api_port), timeout=20)
    body = json.dumps({"name": "two", "audience": audience, "channel": "sms", "content": MESSAGE}).encode()
    connection.putrequest("POST", "/v1/campaigns")
    for name, value in (("Authorization", f"Bearer {cluster.api.token}"), ("Content-Type", "application/json"),
                        ("Content-Length", str(len(body))), ("traceparent", f"00-{TRACE}-{PARENT}-01"),
                        ("Traceparent", f"00-{OTHER}-{PARENT}-01")):
        connection.putheader(name, value)
    connection.endheaders(body)
    answer = connection.getresponse()
    assert answer.status == 201 and json.load(answer)["traceparent"] is None  # which one is right nobody knows
    connection.close()
    campaign = make(cluster, audience, f"cc-{TRACE}-{PARENT}-01-of-a-later-version")
    assert campaign["traceparent"] == f"00-{TRACE}-{PARENT}-01"


@pytest.mark.parametrize("settings, seen", [
    ({"traceparent": False}, None),
    ({"headers": {"X-Recipient": "{{id}}", "Traceparent": "mine-{{id}}"}}, "mine-r0"),
])
def test_a_provider_may_do_without(receiver, make_cluster, settings, seen):
    cluster = make_cluster([http_provider(receiver, connections=4, adapter_settings=settings)])
    launch(cluster, make(cluster, upload(cluster, 1), f"00-{TRACE}-{PARENT}-01"))
    assert receiver.take() == {"r0": [[seen] if seen else None]}


def test_ses_whose_headers_are_signed_knows_no_such_setting(place, make_cluster):
    ses = {"url": f"http://127.0.0.1:{free_port()}", "region": "eu-west-1", "access_key": "AKIDEXAMPLE",
           "secret_key": "env:TOCSIN_TEST_KEY", "from": "Bank <no-reply@bank.test>", "traceparent": True}
    cluster = make_cluster([{"name": "ses", "channel": "email", "adapter": "ses", "settings": ses}])
    why = cluster.api.get("/v1/providers/ses")
    assert "traceparent" in str(why), why


@pytest.mark.parametrize("adapter", ["kannel", "twilio", "twilio_voice", "sendgrid", "webhook", "whatsapp", "slack", "teams"])
def test_each_adapter_that_may_puts_it_on(adapter, receiver, make_cluster):
    row = ROWS[adapter]
    run = types.SimpleNamespace(url=lambda path="": receiver.url(path), ca_file=None)
    settings = {key: value for key, value in row.settings(run).items() if value is not None}
    if adapter == "webhook":
        settings["allow_http"] = True
    cluster = make_cluster([{"name": adapter, "channel": row.channel, "adapter": adapter, "settings": settings}], workers=0)
    cluster.start_worker("w0", env={**os.environ, **row.secrets})
    cluster.wait_workers(1)
    lines = [f"id,{row.column},first_name", *(f"r{i},{row.address(run, i)},Ada" for i in range(8)), ""]
    audience = cluster.api.upload("\n".join(lines).encode()).json()["id"]
    campaign = cluster.campaign(audience, row.channel, {row.channel: row.content}, launch=False)["id"]
    cluster.api.post(f"/v1/campaigns/{campaign}/launch", None, {"traceparent": f"00-{TRACE}-{PARENT}-01"})
    wait_for("a request", lambda: receiver.requests, 20)
    seen = [values for traces in receiver.take().values() for values in traces]
    assert all(values and re.fullmatch(f"00-{TRACE}-[0-9a-f]{{16}}-01", *values) for values in seen), seen


def test_signed_requests_go_without_it(receiver, make_cluster):
    row = ROWS["ses"]
    settings = row.settings(types.SimpleNamespace(url=lambda path="": receiver.url(path)))
    cluster = make_cluster([{"name": "ses", "channel": "email", "adapter": "ses", "settings": settings}], workers=0)
    cluster.start_worker("w0", env={**os.environ, **row.secrets})
    cluster.wait_workers(1)
    campaign = cluster.campaign(upload(cluster, 3), "email", {"email": row.content}, launch=False)["id"]
    cluster.api.post(f"/v1/campaigns/{campaign}/launch", None, {"traceparent": f"00-{TRACE}-{PARENT}-01"})
    wait_for("a request", lambda: receiver.requests, 20)
    assert all(values is None for traces in receiver.take().values() for values in traces)
