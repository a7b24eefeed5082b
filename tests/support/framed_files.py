"""Files taken apart and put together: damage that checksums do not show."""

import random
import zlib

from selfsame.coding.container import SIGNATURE

FRAMES_START = len(SIGNATURE) + 1

EXTREMES = [
    bytes(4),
    b"\xff" * 4,
    b"\0\0\x80\x7f",
    b"\0\0\xc0\xff",
    b"\0\0\xf0\x7f",
    b"\1\0\x80\x7f",
    b"\0\0\0\x80",
]
"""Words that are large, small or no numbers."""


def frames(data):
    """The chunks of a file as [tag, payload]."""
    result, at = [], FRAMES_START
    while at < len(data):
        end = at + 8 + int.from_bytes(data[at + 4 : at + 8], "little")
        result.append([data[at : at + 4], data[at + 8 : end]])
        at = end + 4
    return result


def joined(pieces, claimed=None):
    """The file of some chunks, checksums right; ``claimed`` replaces lengths by position."""
    out = SIGNATURE + b"\1"
    for i, (tag, payload) in enumerate(pieces):
        length = (claimed or {}).get(i, len(payload))
        out += tag + length.to_bytes(4, "little") + payload
        out += zlib.crc32(tag + payload).to_bytes(4, "little")
    return out


def reframed(data, count, seed=2):
    """``count`` copies of a file with changed tags and payloads but right lengths and checksums."""
    rng = random.Random(seed)
    for _ in range(count):
        pieces = frames(data)
        for _ in range(rng.randint(1, 2)):
            piece = rng.choice(pieces)
            payload = bytearray(piece[1])
            at = rng.randrange(len(payload) + 1)
            match rng.randrange(7):
                case 0 if payload:
                    payload[at % len(payload)] ^= 1 << rng.randrange(8)
                case 1:
                    payload[at : at + 4] = rng.choice(EXTREMES)
                case 2:
                    del payload[at : at + rng.randint(1, 8)]
                case 3:
                    payload[at:at] = rng.randbytes(rng.randint(1, 8))
                case 4 if payload:
                    payload[at % min(len(payload), 8)] = rng.randrange(256)
                case 5:
                    tag = bytearray(piece[0])
                    tag[rng.randrange(4)] ^= rng.choice((0x20, 1, 2, 0x80))
                    piece[0] = bytes(tag)
                case 6:
                    pieces.insert(rng.randrange(len(pieces) + 1), list(rng.choice(pieces)))
            piece[1] = bytes(payload)
        yield joined(pieces)
