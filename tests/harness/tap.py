# SPDX-License-Identifier: Apache-2.0
"""A tap on the wire between clients and a coordinator: bytes go through as they come, and what was asked and answered is told
when a connection ends. So the answers that the operator's command, a browser or a provider's client gets are seen as they
are, streams and what breaks off too, and nothing in the programs knows of it."""

import http.client
import io
import json
import socket
import struct
import threading

NO_HTTP = http.client.HTTPException, ValueError


class Answer:
    def __init__(self, status, headers, body, is_whole=True):
        self.status = status
        self.headers = headers
        self.body = body
        self.is_whole = is_whole  # False: it broke off

    def json(self):
        return json.loads(self.body)


# ---- what went over a connection ----


def skip_chunks(sent, at):
    """Where a chunked body that begins at `at` ends."""
    while True:
        end = sent.index(b"\r\n", at)
        size = int(bytes(sent[at:end]).split(b";")[0], 16)
        at = end + 2 + size + 2
        if size == 0:
            return at  # nobody here sends trailers


def requests_in(sent):
    """(method, path) of each request in what a client sent, as far as it is HTTP."""
    at = 0
    while (end := sent.find(b"\r\n\r\n", at)) >= 0:
        first, *lines = bytes(sent[at:end]).decode("latin-1").lstrip("\r\n").split("\r\n")
        words = first.split(" ")
        if len(words) != 3:
            return
        yield words[0], words[1]
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        try:
            is_chunked = headers.get("transfer-encoding", "").lower() == "chunked"
            at = skip_chunks(sent, end + 4) if is_chunked else end + 4 + int(headers.get("content-length", 0))
        except ValueError:
            return  # the rest has no beginning


class Received(io.BytesIO):
    """As http.client reads a socket; several answers, one after the other."""

    def makefile(self, _):
        return self

    def close(self):
        pass


def exchanges(sent, received):
    """(method, path, Answer) of all answers that went over a connection; method and path are "?" where the request is no HTTP."""
    requests, file = requests_in(sent), Received(received)
    while b"\r\n\r\n" in received[file.tell():]:
        method, path = next(requests, ("?", "?"))
        response = http.client.HTTPResponse(file, method=method)
        try:
            response.begin()
        except NO_HTTP:
            yield method, path, Answer(0, {}, bytes(received[file.tell():]))
            return
        try:
            body, is_whole = response.read(), True
        except http.client.IncompleteRead as broken:
            body, is_whole = broken.partial, False
        except NO_HTTP:
            body, is_whole = b"", False
        yield method, path, Answer(response.status, dict(response.getheaders()), body, is_whole)


# ---- the tap ----


def end(connection, how=socket.SHUT_RDWR):
    try:
        connection.shutdown(how)
    except OSError:
        pass  # it has ended


def break_off(connection):
    """Whoever reads it is woken, and when it is closed the other side gets a reset, as from a process that was killed."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    end(connection, socket.SHUT_RD)


def hand_on(source, target, kept):
    try:
        while piece := source.recv(1 << 16):
            kept += piece
            target.sendall(piece)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        for connection in (source, target):
            break_off(connection)


class Tap:
    """Listens on a port of its own before a server's; `on_answer` is told of each answer, in threads of the tap's."""

    running = []

    def __init__(self, server_port, on_answer):
        self.server_port = server_port
        self.on_answer = on_answer
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = self.listener.getsockname()[1]
        self.lock = threading.Condition()
        self.open = set()
        Tap.running.append(self)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client = self.listener.accept()[0]
            except OSError:
                return  # it is closed
            with self.lock:
                self.open.add(client)
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        sent, received = bytearray(), bytearray()
        try:
            with client, socket.create_connection(("127.0.0.1", self.server_port)) as server:
                asking = threading.Thread(target=hand_on, args=(client, server, sent), daemon=True)
                asking.start()
                hand_on(server, client, received)
                asking.join()
        except OSError:
            pass  # there is no server
        try:
            for exchange in exchanges(sent, received):
                self.on_answer(*exchange)
        finally:
            with self.lock:
                self.open.remove(client)
                self.lock.notify_all()

    def settle(self, seconds=0.2):
        """Waits until what clients have ended is told of; what stays open longer, as streams do, is told of by close() at the
        latest."""
        with self.lock:
            self.lock.wait_for(lambda: not self.open, seconds)

    def close(self):
        """Ends what is open, and tells of it."""
        end(self.listener)
        self.listener.close()
        with self.lock:
            for client in self.open:
                end(client)
        self.settle(10)
        Tap.running.remove(self)
