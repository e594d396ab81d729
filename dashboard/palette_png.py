# SPDX-License-Identifier: Apache-2.0
"""Makes a screenshot small: a PNG of true colour becomes one of 256 colours (PNG, third edition). Pages have few colours and
the shades between letters and ground, so that the most frequent ones, and for the others the nearest of these, do."""

import collections
import struct
import zlib

SIGNATURE = b"\x89PNG\r\n\x1a\n"
COLOURS = 256


def chunks_of(data):
    at = len(SIGNATURE)
    while at < len(data):
        (length,) = struct.unpack_from(">I", data, at)
        yield data[at + 4:at + 8], data[at + 8:at + 8 + length]
        at += 12 + length


def unfilter(raw, height, stride, width_of_pixel):
    """The rows of an image, as they were before they were filtered for compression."""
    rows, before = [], bytearray(stride)
    for y in range(height):
        at = y * (stride + 1)
        kind, row = raw[at], bytearray(raw[at + 1:at + 1 + stride])
        for i in range(stride if kind else 0):
            left = row[i - width_of_pixel] if i >= width_of_pixel else 0
            up = before[i]
            if kind == 1:
                guess = left
            elif kind == 2:
                guess = up
            elif kind == 3:
                guess = (left + up) >> 1
            else:
                corner = before[i - width_of_pixel] if i >= width_of_pixel else 0
                a, b, c = abs(up - corner), abs(left - corner), abs(left + up - 2 * corner)
                guess = left if a <= b and a <= c else up if b <= c else corner
            row[i] = (row[i] + guess) & 255
        rows.append(row)
        before = row
    return rows


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def reduce(data):
    """A PNG of 8 bits a channel; what is none of these, or would not become smaller, is given back as it is."""
    parts = collections.defaultdict(bytes)
    for kind, content in chunks_of(data):
        parts[kind] += content
    width, height, depth, colour, _, _, interlaced = struct.unpack(">IIBBBBB", parts[b"IHDR"])
    if depth != 8 or colour not in (2, 6) or interlaced:
        return data
    size = 3 if colour == 2 else 4
    rows = unfilter(zlib.decompress(parts[b"IDAT"]), height, width * size, size)
    pixels = [[bytes(row[i:i + 3]) for i in range(0, len(row), size)] for row in rows]
    count = collections.Counter(pixel for row in pixels for pixel in row)
    palette = [colour for colour, _ in count.most_common(COLOURS)]
    number = {colour: i for i, colour in enumerate(palette)}
    for colour in count:
        if colour not in number:
            r, g, b = colour
            number[colour] = min(range(len(palette)), key=lambda i: (palette[i][0] - r) ** 2 * 3 + (palette[i][1] - g) ** 2 * 6
                                 + (palette[i][2] - b) ** 2)
    packed = zlib.compress(b"".join(b"\0" + bytes(number[pixel] for pixel in row) for row in pixels), 9)
    small = SIGNATURE + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)) + chunk(b"PLTE", b"".join(palette)) \
        + chunk(b"IDAT", packed) + chunk(b"IEND", b"")
    return small if len(small) < len(data) else data
