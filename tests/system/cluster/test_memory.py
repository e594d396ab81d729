# SPDX-License-Identifier: Apache-2.0
"""Memory does not grow with what is uploaded: not with a long file, and not with a line that never ends."""

import gzip
import threading

MIB = 1 << 20
FILE_BYTES = 300 * MIB
LINE_BYTES = 1024 * MIB
# Generous, since sanitizers keep what was freed for a while.
GROWTH_MAX_BYTES = 160 * MIB

PROVIDER = {"name": "gateway", "channel": "sms", "adapter": "null"}


def long_file(size):
    """Rows of 1,000 bytes, of which each is another recipient; the same filling in all of them."""
    filling = b"," + b"All is well. " * 73 + b"\n"
    yield b"id,phone,note\n"
    sent = number = 0
    while sent < size:
        piece = b"".join(b"c%d,+4790%08d%s" % (i, i % 100000000, filling) for i in range(number, number + 500))
        number += 500
        sent += len(piece)
        yield piece


def endless_line(size):
    yield b"id,phone\nc1,+4790000001\nc2,"
    for _ in range(size // MIB):
        yield b"x" * MIB


class Peak(threading.Thread):
    """The largest resident size seen."""

    def __init__(self, process):
        super().__init__(daemon=True)
        self.process, self.bytes, self.is_over = process, 0, threading.Event()
        self.start()

    def run(self):
        while not self.is_over.wait(0.02):
            self.bytes = max(self.bytes, self.process.rss_bytes())

    def end(self):
        self.is_over.set()
        self.join(5)
        return self.bytes


def test_a_long_upload_needs_no_more_memory_than_a_short_one(make_cluster):
    cluster = make_cluster([PROVIDER], workers=0)
    assert cluster.api.upload(long_file(8 * MIB), name="short").status == 201
    short = cluster.coordinator.rss_bytes(peak=True)
    peak = Peak(cluster.coordinator)
    answer = cluster.api.upload(long_file(FILE_BYTES), name="long")
    grown = peak.end() - short
    assert answer.status == 201 and answer.json()["accepted"] > 300000, answer.body
    assert grown < GROWTH_MAX_BYTES, f"{grown / MIB:.0f} MiB more than {short / MIB:.0f} MiB"


def test_a_line_that_never_ends_is_refused_in_flat_memory(make_cluster):
    cluster = make_cluster([PROVIDER], workers=0)
    assert cluster.api.upload(long_file(2 * MIB), name="short").status == 201
    before = cluster.coordinator.rss_bytes()
    peak = Peak(cluster.coordinator)
    answer = None
    try:
        answer = cluster.api.upload(endless_line(LINE_BYTES), name="line")
    except OSError:
        pass  # refused while it was being sent
    grown = peak.end() - before
    assert grown < GROWTH_MAX_BYTES, f"{grown / MIB:.0f} MiB"
    assert answer is None or (answer.status == 422 and answer.json()["line"] == 3), answer.body
    assert [audience["name"] for audience in cluster.api.get("/v1/audiences")["items"]] == ["short"]
    peak = Peak(cluster.coordinator)
    audience = cluster.api.upload(endless_line(LINE_BYTES), query="on_error=skip").json()  # read to its end
    grown = peak.end() - before
    assert (audience["accepted"], audience["refused"]) == (1, 1) and grown < GROWTH_MAX_BYTES, f"{grown / MIB:.0f} MiB"


def test_a_line_that_never_ends_says_where_it_began(make_cluster):
    """Small enough to be read to its end before the answer, so that the answer is always seen."""
    cluster = make_cluster([PROVIDER], workers=0)
    for query, lines in (("", endless_line(3 * MIB)), ("on_error=skip", endless_line(3 * MIB))):
        answer = cluster.api.upload(lines, query=query)
        if answer.status == 201:
            assert answer.json()["refused"] == 1 and query
        else:
            assert answer.status == 422 and answer.json()["line"] == 3 and "128 KiB" in answer.json()["detail"], answer.body


def test_a_bomb_of_gzip_is_refused_in_flat_memory(make_cluster):
    cluster = make_cluster([PROVIDER], workers=0)
    bomb = gzip.compress(b"id,phone\nc1," + b"0" * (200 * MIB), 9)
    assert len(bomb) < MIB
    before = cluster.coordinator.rss_bytes()
    peak = Peak(cluster.coordinator)
    answer = cluster.api.upload(bomb, headers={"Content-Encoding": "gzip"})
    assert answer.status == 422, answer.body
    assert peak.end() - before < GROWTH_MAX_BYTES
