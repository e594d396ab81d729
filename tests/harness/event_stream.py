# SPDX-License-Identifier: Apache-2.0
"""Listens to /v1/events: server-sent events as WHATWG's HTML describes them, with CloudEvents in them."""

import http.client
import json
import socket
import threading

from cluster import Api
from tap import Answer

PREFIX = "com.tocsin."


class Event:
    def __init__(self, fields):
        self.id = fields.get("id")
        self.name = fields.get("event")
        self.cloud = json.loads(fields["data"])
        self.type = self.cloud["type"].removeprefix(PREFIX)
        self.subject = self.cloud.get("subject")
        self.data = self.cloud["data"]


def parse(lines):
    """Events of an iterator of lines."""
    fields, data = {}, []
    for line in lines:
        line = line.decode().rstrip("\r\n")
        if line:
            name, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if name == "data":
                data.append(value)
            elif name:
                fields[name] = value
        elif data:
            yield Event({**fields, "data": "\n".join(data)})
            fields, data = {}, []


class EventStream:
    """Opens a stream and gathers its events in a thread of its own, until it is closed."""

    on_event = None  # called with the CloudEvents object of every event, if it is set

    def __init__(self, api, query="", last_id=None, receive_buffer=0, is_reading=True):
        self.connection = http.client.HTTPConnection("127.0.0.1", api.port, timeout=60)
        if receive_buffer:
            self.connection.sock = self._narrow(api.port, receive_buffer)
        else:
            self.connection.connect()
        self.socket = self.connection.sock  # the answer takes it over
        headers = {"Authorization": f"Bearer {api.token}", "Accept": "text/event-stream"}
        if last_id:
            headers["Last-Event-ID"] = last_id
        self.connection.request("GET", f"/v1/events{query}", headers=headers)
        self.response = self.connection.getresponse()
        self.status = self.response.status
        if Api.on_answer:
            Api.on_answer("GET", f"/v1/events{query}", Answer(self.status, dict(self.response.getheaders()), b"", is_whole=False))
        self.events = []
        self.news = threading.Condition()
        self.is_over = False
        self.thread = None
        if self.status == 200 and is_reading:
            self.read()

    @staticmethod
    def _narrow(port, receive_buffer):
        """Segments that fit into the buffer: one that does not is dropped, and comes again only after up to 26 s."""
        narrow = socket.socket()
        narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        narrow.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 536)
        narrow.settimeout(60)
        narrow.connect(("127.0.0.1", port))
        return narrow

    def read(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self):
        try:
            for event in parse(iter(self.response.readline, b"")):
                if EventStream.on_event:
                    EventStream.on_event(event.cloud)
                with self.news:
                    self.events.append(event)
                    self.news.notify_all()
        except (OSError, http.client.HTTPException, ValueError, AttributeError):
            pass
        with self.news:
            self.is_over = True
            self.news.notify_all()

    def find(self, what, seconds=20):
        """The first event for which `what` holds; a type's name is enough."""
        is_it = what if callable(what) else lambda event: event.type == what
        with self.news:
            found = self.news.wait_for(lambda: next(filter(is_it, self.events), None) or self.is_over, seconds)
            found = next(filter(is_it, self.events), None)
            if found is None:
                raise AssertionError(f"no such event among {[event.type for event in self.events]}")
            return found

    def wait_end(self, seconds=20):
        with self.news:
            assert self.news.wait_for(lambda: self.is_over, seconds), "the stream is still open"

    def facts(self):
        """Those with an id that are not of the stream itself."""
        with self.news:
            return [event for event in self.events if event.id and not event.type.startswith("stream.")]

    def close(self):
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # it is closed
        if self.thread:
            self.thread.join(10)
        self.connection.close()
