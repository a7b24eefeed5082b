"""Small files of every family, and what can be done to them: the same for every reader."""

import random
import zlib
from dataclasses import replace
from pathlib import Path

from selfsame.codes.render import render
from selfsame.codes.store import pack
from support import random_codes, random_collages, random_mosaics
from support.framed_files import frames, joined
from support.sample_codes import FULL
from support.small_grid import random_grid

GOLDEN = Path(__file__).parents[1] / "golden" / "v1"


def _own_files():
    """What no golden file has: bands; and every chunk of a family in a few hundred bytes."""
    mosaic = random_mosaics.random_code(grid=3, levels=2, size=(40, 30), seed=1)
    pieces = random_mosaics.random_pieces(mosaic, size=(9, 7))
    yield "ifs-full", FULL
    yield "pifs-bands", random_codes.random_code(0, 8, 264)
    yield "pifs-pure", random_codes.random_code(2, 30, 21, 1, mode="pure")
    yield "pifs-alpha", random_codes.random_code(3, 30, 21, 3, True, alpha=True)
    yield "collage-alpha", random_collages.random_code(3, 30, 21, 3, alpha=True)
    yield "grid-alpha", random_grid(3, alpha=True)
    yield "mosaic-pieced", replace(mosaic, pieces=pieces)


FILES = {path.stem: path.read_bytes() for path in sorted(GOLDEN.glob("*.ssm"))}
FILES |= {name: pack(code) for name, code in _own_files()}


def cuts(data, most=100):
    """Shorter files: every length of a file of up to ``most`` bytes, of others a sample with both
    ends."""
    lengths = range(len(data))
    if len(data) > most:
        sample = range(0, len(data), len(data) // (most - 24))
        lengths = sorted({*sample, *lengths[:12], *lengths[-12:]})
    return [data[:length] for length in lengths]


def flips(data, count, seed=0):
    """Files with one bit the other way, or one byte another: all bits if these are up to ``count``,
    else a sample of ``count``."""
    rng = random.Random(seed)
    changes = [(at, 1 << bit) for at in range(len(data)) for bit in range(8)]
    if len(changes) > count:
        changes = [(rng.randrange(len(data)), rng.randrange(1, 256)) for _ in range(count // 2)]
        changes += [(rng.randrange(len(data)), 1 << rng.randrange(8)) for _ in range(count // 2)]
    return [data[:at] + bytes([data[at] ^ change]) + data[at + 1 :] for at, change in changes]


def restreamed(data, count, seed=0):
    """Files with other bytes in what a chunk holds as a zlib stream, or more or fewer of them; none
    of files without one."""
    rng = random.Random(seed)
    pieces = frames(data)
    starts = {b"ALPH": 0, b"PIEC": 8}
    streams = [(i, starts[tag]) for i, (tag, _) in enumerate(pieces) if tag in starts]
    for i, start in streams:
        tag, payload = pieces[i]
        plain = zlib.decompress(payload[start:])
        for _ in range(count):
            changed = bytearray(plain)
            at = rng.randrange(len(plain))
            match rng.randrange(6):
                case 0:
                    del changed[at:]
                case 1:
                    changed[at:at] = rng.randbytes(rng.randint(1, 8))
                case _:
                    changed[at % min(len(plain), rng.choice((8, 64, len(plain))))] = rng.randrange(
                        256
                    )
            packed = payload[:start] + zlib.compress(bytes(changed))
            yield joined([*pieces[:i], [tag, packed], *pieces[i + 1 :]])


def rearranged(data):
    """Files with chunks left out, repeated at any place, exchanged, or with another's payload."""
    pieces = frames(data)
    places = range(len(pieces))
    for i in places:
        yield joined([*pieces[:i], *pieces[i + 1 :]])
        for at in range(len(pieces) + 1):
            yield joined([*pieces[:at], pieces[i], *pieces[at:]])
    for i in places:
        for j in places[i + 1 :]:
            swapped, crossed = list(pieces), list(pieces)
            swapped[i], swapped[j] = pieces[j], pieces[i]
            crossed[i], crossed[j] = [pieces[i][0], pieces[j][1]], [pieces[j][0], pieces[i][1]]
            yield joined(swapped)
            yield joined(crossed)


def claims(data):
    """Files that claim more, or less, than they hold: lengths of every chunk, sides of the
    picture."""
    pieces = frames(data)
    lengths = (0, 1, 2**16, 2**24, 2**27 - 1, 2**27, 2**27 + 1, 2**31 - 1, 2**31, 2**32 - 1)
    for i, (_, payload) in enumerate(pieces):
        for length in {*lengths, len(payload) - 1, len(payload) + 1, len(data)} - {len(payload)}:
            if length >= 0:
                yield joined(pieces, {i: length})
    sides = ((0, 1), (65_536, 1), (65_535, 65_535), (11_586, 11_586), (2**31, 1), (2**32 - 1, 8))
    for width, height in sides:
        yield of_size(data, width, height)
        yield of_size(data, height, width)


def of_size(data, width, height):
    """The file with other sides of the picture."""
    pieces = frames(data)
    sides = width.to_bytes(4, "little") + height.to_bytes(4, "little")
    return joined([[b"HEAD", pieces[0][1][:2] + sides], *pieces[1:]])


def drawn(code, size=(16, 16), threads=1):
    """A picture of few points or few pixels of a code; of collages and grids there is none, as
    their models are nobody's."""
    options = {"ifs": {"size": size, "points": 500}, "mosaic": {"size": size}, "pifs": {}}
    return render(code, threads=threads, **options[code.family])


_NAN, _INFINITE = b"\0\0\xc0\x7f", b"\0\0\x80\x7f"
_WRONG = {
    ("smallest", b"HEAD"): [(0, b"\0"), (0, b"\6"), (1, b"\2"), (1, b"\4")],
    ("smallest", b"MAPS"): [
        *((0, bytes([flags])) for flags in (16, 32, 128)),
        *((1, bytes([dimension])) for dimension in (0, 1, 4)),
        *((6 + 4 * i, number) for i in range(11) for number in (_NAN, _INFINITE)),
        (6, b"\0\0\0\x40"),  # x_min above x_max
        (46, b"\0\0\0\x3f"),  # a probability of one half
        (46, b"\0\0\x80\xbf"),
    ],
    ("gasket", b"LEAF"): [(0, b"\2"), (1, b"\0"), (1, b"\2"), (1, b"\4"), (2, _NAN)],
    ("one-pixel", b"PIFS"): [
        *((0, bytes([flags])) for flags in (2, 4, 8, 128)),
        *((1, bytes([iterations])) for iterations in (65, 255)),
        *((2, bytes([deblock])) for deblock in (8, 255)),
        *((3, step) for step in (b"\0\0", b"\xc1\xff", b"\xff\xff")),
    ],
    ("pifs-bands", b"PIFS"): [(5, b"\0\0"), (5, b"\2\0"), (5, b"\xff\xff"), (7, b"\xff" * 4)],
    ("collage-pixel", b"CLGE"): [
        (0, b"\1"),
        *((2, bytes([size])) for size in (0, 2, 24, 65, 128)),
        (3, b"\x11"),
        (4, b"\x41"),
        *((5, bytes([length])) for length in (0, 33, 255)),
        *((14, letter) for letter in (b" ", b"/", b"\0", b"\xff")),
    ],
    ("grid-pixel", b"GRID"): [
        (0, b"\1"),
        *((1, count) for count in (b"\0\0", b"\1\1", b"\xff\xff")),
        *((3, sides) for sides in (b"\0\0", b"\xff" * 4, b"\1\x40")),
        *((7, bytes([length])) for length in (0, 33, 255)),
        *((16, letter) for letter in (b" ", b"/", b"\0", b"\xff")),
    ],
    ("mosaic-pixel", b"MOSA"): [
        *((0, flags) for flags in (b"\0", b"\2", b"\x81")),
        *((1, bytes([levels])) for levels in (7, 10, 11, 255)),
        *((2, grid) for grid in (b"\0\0", b"\1\0", b"\1\2", b"\xff\xff")),
    ],
    ("mosaic-pixel", b"PIEC"): [
        *((0, size) for size in (bytes(4), b"\0\0\1\0", b"\xff" * 8, b"\xff\xff\0\0\1\4\0\0")),
        *((8, start) for start in (b"\x77", b"\x88", b"\x78\x9b", b"\x78\xbb")),
    ],
}
_NOTES = [b"\1", b"\1\0", b"\1\0a", b"\1\0a\2\0b", b"\1\0a\0\0\1\0a\1\0b", bytes(65_537)]
_NOTES += [
    b"\0\0" + len(text).to_bytes(2, "little") + text
    for text in (
        *(b"\x80", b"\xc3", b"\xc0\x80", b"\xe0\x80\x80", b"\xed\xa0\x80"),
        *(b"\xf0\x80\x80\x80", b"\xf4\x90\x80\x80", b"\xf5\x80\x80\x80", b"\xe2\x82", b"\xc3("),
    )
]


def crafted():
    """Files of one wrong field each, checksums right; and what was changed."""
    for (name, tag), changes in _WRONG.items():
        for at, value in changes:
            pieces = frames(FILES[name])
            payload = next(payload for known, payload in pieces if known == tag)
            changed = payload[:at] + value + payload[at + len(value) :]
            yield (
                joined([[t, changed if t == tag else p] for t, p in pieces]),
                (name, tag, at, value),
            )
    head, maps, tail = frames(FILES["smallest"])
    for note in _NOTES:
        yield joined([head, maps, [b"note", note], tail]), ("smallest", b"note", 0, note[:20])
    yield joined([head, maps, *[[b"fill", b""]] * 1022, tail]), ("smallest", b"fill")
