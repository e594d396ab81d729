# SPDX-License-Identifier: Apache-2.0
"""Drives one channel through channel_driver, and peers that answer as they are told, in threads of the test."""

import json
import os
import socket
import struct
import subprocess
import sys
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "harness"))

from certificate import make_certificate  # noqa: E402,F401

DRIVER = os.environ["CHANNEL_DRIVER"]

# enum reason
CONNECT_FAILED, RESOLVE_FAILED, TLS_FAILED = 1101, 1102, 1103
TIMED_OUT_BEFORE, TIMED_OUT_AFTER, CONNECTION_LOST, ANSWER_MALFORMED = 1104, 1105, 1106, 1107
AUTHENTICATION_FAILED = 1108
VARIABLE_MISSING, NO_ENDPOINT, TOO_MANY_PARTS, NOT_ASCII = 1001, 1002, 1007, 1010


class Run:
    """What channel_driver printed: `results` in the order of the attempts, and the last line."""

    def __init__(self, lines):
        self.summary = lines[-1]
        self.results = sorted(lines[:-1], key=lambda line: line["index"])

    def __iter__(self):
        return iter(self.results)

    def __getitem__(self, index):
        return self.results[index]

    def outcomes(self):
        return [(result["outcome"], result["reason"]) for result in self.results]

    def counts(self):
        counts = {}
        for result in self.results:
            counts[result["outcome"]] = counts.get(result["outcome"], 0) + 1
        return counts


def write_files(directory, settings, attempts):
    files = os.path.join(directory, "settings.json"), os.path.join(directory, "attempts.ndjson")
    with open(files[0], "w", encoding="utf-8") as f:
        json.dump(settings, f)
    with open(files[1], "w", encoding="utf-8") as f:
        f.write("".join(json.dumps(attempt) + "\n" for attempt in attempts))
    return files


def send(directory, adapter, settings, attempts, pause_ms=0, close_after_ms=0, env=None):
    """Sends the attempts through a channel of these settings."""
    argv = [DRIVER, adapter, *write_files(directory, settings, attempts), str(pause_ms), str(close_after_ms)]
    done = subprocess.run(argv, stdout=subprocess.PIPE, timeout=58, env={**os.environ, **(env or {})})
    text = done.stdout.decode()
    assert done.returncode == 0, f"channel_driver ended with {done.returncode}: {text}"
    return Run([json.loads(line) for line in text.splitlines()])


class Server:
    """A TCP server on loopback; handle(self, connection, number) runs in a thread for each connection."""

    def __init__(self, handle, context=None):
        self.handle = handle
        self.context = context
        self.requests = []
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self.listener.getsockname()[1]
        self.connections = []
        self.closing = threading.Event()
        self.threads = [threading.Thread(target=self.accept, daemon=True)]
        self.threads[0].start()

    def accept(self):
        while not self.closing.is_set():
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.connections.append(connection)
            thread = threading.Thread(target=self.serve, args=(connection, len(self.connections) - 1), daemon=True)
            self.threads.append(thread)
            thread.start()

    def serve(self, connection, number):
        try:
            if self.context is not None:
                connection = self.context.wrap_socket(connection, server_side=True)
                self.connections[number] = connection
            self.handle(self, connection, number)
        except OSError:
            pass  # the client went, or the test is over
        finally:
            connection.close()

    def url(self, path="/"):
        return f"http{'s' if self.context else ''}://127.0.0.1:{self.port}{path}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.closing.set()
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for connection in self.connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        for thread in self.threads:
            thread.join(5)


class Request:
    def __init__(self, head, body):
        lines = head.decode("latin-1").split("\r\n")
        self.method, self.path, _ = lines[0].split(" ", 2)
        self.headers = {}
        for line in lines[1:]:
            name, value = line.split(":", 1)
            self.headers[name.lower()] = value.strip()
        self.body = body


def read_request(server, connection):
    """One HTTP request with a Content-Length; None when the client is gone. Kept in server.requests."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            return None
        data += more
    head, body = data.split(b"\r\n\r\n", 1)
    request = Request(head, body)
    while len(request.body) < int(request.headers.get("content-length", 0)):
        request.body += connection.recv(65536)
    server.requests.append(request)
    return request


def answer(connection, status=200, body=b"", headers=""):
    head = f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\n{headers}\r\n"
    connection.sendall(head.encode() + body)


def answering(status=200, body=b"", headers=""):
    """A handler that gives one answer to everything."""
    def handle(server, connection, _):
        while read_request(server, connection) is not None:
            answer(connection, status, body, headers)
    return handle


def reset(connection):
    """Closes with RST, and at once, whoever else holds the socket."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    os.close(connection.detach())


class Blackhole:
    """A port on which no connection can be made: its backlog is full and nobody accepts."""

    def __init__(self):
        self.listener = socket.socket()
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(0)
        self.port = self.listener.getsockname()[1]
        self.fillers = []

    def __enter__(self):
        for _ in range(4):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", self.port))
            self.fillers.append(filler)
        return self

    def __exit__(self, *_):
        for filler in [*self.fillers, self.listener]:
            filler.close()


HANG, CLOSE, RESET = "hang", "close", "reset"
EHLO = "250-odd.test\r\n250-PIPELINING\r\n250 SIZE 10000000"


class SmtpServer(Server):
    """Says what it is told: replies["RCPT"] is a reply, HANG, CLOSE, RESET, or a function of the number of the connection and
    of the mail on it. What is not told is good. Keeps the commands, and the mails as (recipient, text)."""

    GOOD = {"CONNECT": "220 odd.test", "EHLO": EHLO, "MAIL": "250 ok", "RCPT": "250 ok", "DATA": "354 go", ".": "250 ok",
            "RSET": "250 ok", "QUIT": "221 bye"}

    def __init__(self, replies=None):
        self.replies = {**self.GOOD, **(replies or {})}
        self.commands = []
        self.mails = []
        super().__init__(SmtpServer.talk)

    def say(self, connection, word, number, mail):
        """False if the connection is over."""
        reply = self.replies.get(word, "502 what?")
        if callable(reply):
            reply = reply(number, mail)
        if reply == HANG:
            self.closing.wait(20)
            return False
        if reply == RESET:
            reset(connection)
            return False
        if reply == CLOSE:
            return False
        connection.sendall(reply.encode() + b"\r\n")
        return not reply.startswith("421")

    def talk(self, connection, number):
        lines = connection.makefile("rb")
        mail, recipient = 0, None
        goes_on = self.say(connection, "CONNECT", number, 0)
        while goes_on:
            line = lines.readline()
            if not line:
                return
            word = line.split()[0].decode("latin-1").upper()
            self.commands.append((number, line.decode("latin-1").rstrip("\r\n")))
            if word == "RCPT":
                recipient = line.split(b"<")[1].split(b">")[0].decode()
            mail += word == "MAIL"
            goes_on = self.say(connection, word, number, mail)
            if goes_on and word == "DATA" and self.replies["DATA"].startswith("354"):
                text = []
                while not text or text[-1] != b".\r\n":
                    text.append(lines.readline())
                    if not text[-1]:
                        return
                self.mails.append((recipient, b"".join(text)))
                goes_on = self.say(connection, ".", number, mail)
