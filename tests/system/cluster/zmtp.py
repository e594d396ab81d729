# SPDX-License-Identifier: Apache-2.0
"""A client of ZeroMQ's wire protocol (ZMTP 3.0, mechanism NULL) that says whatever it is told to."""

import socket
import struct

GREETING = b"\xff" + b"\x00" * 8 + b"\x7f" + b"\x03\x00" + b"NULL".ljust(20, b"\x00") + b"\x00" + b"\x00" * 31


def varint(number):
    out = bytearray()
    while number > 0x7f:
        out.append(number & 0x7f | 0x80)
        number >>= 7
    return bytes(out) + bytes([number])


def field_bytes(number, value):
    return varint(number << 3 | 2) + varint(len(value)) + value


def hello(version_min, version_max, name, instance=7, build=b"test"):
    """An envelope of proto/tocsin.proto with a HELLO."""
    message = (varint(1 << 3) + varint(version_min) + varint(2 << 3) + varint(version_max) +
               field_bytes(3, name.encode()) + varint(4 << 3 | 1) + struct.pack("<Q", instance) + field_bytes(5, build))
    return field_bytes(1, message)


def fields(data):
    """field number -> value, of a message in which each comes once."""
    found, at = {}, 0

    def read_varint():
        nonlocal at
        number = shift = 0
        while True:
            byte = data[at]
            at += 1
            number |= (byte & 0x7f) << shift
            shift += 7
            if byte < 0x80:
                return number

    while at < len(data):
        tag = read_varint()
        if tag & 7 == 0:
            found[tag >> 3] = read_varint()
        elif tag & 7 == 1:
            found[tag >> 3], at = data[at:at + 8], at + 8
        else:
            size = read_varint()
            found[tag >> 3], at = data[at:at + size], at + size
    return found


class Dealer:
    def __init__(self, port, name, seconds=10):
        self.connection = socket.create_connection(("127.0.0.1", port), timeout=seconds)
        self.connection.sendall(GREETING)
        self.read(64)
        properties = b"".join(bytes([len(key)]) + key + struct.pack(">I", len(value)) + value
                              for key, value in ((b"Socket-Type", b"DEALER"), (b"Identity", name.encode())))
        self.frame(b"\x05READY" + properties, 0x04)
        self.receive()  # its READY

    def read(self, count):
        data = b""
        while len(data) < count:
            piece = self.connection.recv(count - len(data))
            if not piece:
                raise ConnectionError("closed")
            data += piece
        return data

    def frame(self, data, flags=0):
        if len(data) > 255:
            self.connection.sendall(bytes([flags | 0x02]) + struct.pack(">Q", len(data)) + data)
        else:
            self.connection.sendall(bytes([flags, len(data)]) + data)

    def send(self, *frames):
        for frame in frames[:-1]:
            self.frame(frame, 0x01)
        self.frame(frames[-1])

    def receive(self):
        """The next frame, whatever it is."""
        flags = self.read(1)[0]
        size = struct.unpack(">Q", self.read(8))[0] if flags & 0x02 else self.read(1)[0]
        return self.read(size)

    def close(self):
        self.connection.close()
