"""The stream of the planes: round trips, and damage that is named and never trusted."""

from dataclasses import replace

import numpy as np
import pytest

from selfsame.codes.store import pack
from selfsame.errors import CorruptedError, InputError
from selfsame.pifs import stream
from selfsame.pifs.code import (
    CONTRACTION,
    LUMA,
    MAX_SCALE_INDEX,
    NO_MAP,
    PifsCode,
    PlaneCode,
    padded_planes,
    plane_shapes,
)
from selfsame.pifs.stream import band_rows, bands_of, read_planes, stream_of, write_planes
from selfsame.run.threads import limited_threads
from support.fuzzing import damaged_copies, outcomes
from support.random_codes import random_code

CASES = [
    (1, 1, 1, False),
    (1, 1, 3, True),
    (64, 64, 1, False),
    (100, 70, 3, True),
    (37, 200, 3, False),
    (300, 170, 1, False),
    (70, 301, 3, True),
]


MOST_LEVEL = 15 + 2**17 - 2
MOST_MEAN = 2**19 - 1
"""Of the first level of a first block, which is expected to be 0."""


def padded(code):
    return padded_planes(code.height, code.width, len(code.planes), code.half_chroma)


def read(bands, code):
    """The planes of streams of bands, of which as much is known as of those of a code."""
    shapes = [(plane.height, plane.width) for plane in code.planes]
    rows = band_rows(*code.planes[0].levels.shape)
    return read_planes(bands, rows, shapes, padded(code), [plane.step for plane in code.planes])


@pytest.fixture(params=[None, 1], ids=["whole", "bands"])
def in_bands(request, monkeypatch):
    """Bands as they are, or as small as they may be."""
    if request.param:
        monkeypatch.setattr(stream, "BAND_PIXELS", request.param)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("width", "height", "channels", "half"), CASES)
def test_round_trip(seed, width, height, channels, half, in_bands):
    code = random_code(seed, width, height, channels, half)
    bands, bits = write_planes(code.planes)
    assert sum(bits.values()) / 8 == pytest.approx(sum(map(len, bands)), abs=3 * len(bands))
    back = read(bands, code)
    for plane, original in zip(back, code.planes, strict=True):
        assert (plane.blocks == original.blocks).all()
        assert (plane.levels == original.levels).all()
        assert (plane.maps[:, (0, 4)] == original.maps[:, (0, 4)]).all()
        # The address of a map to luma is given by the block.
        placed = original.maps[:, 0] != LUMA
        assert (plane.maps[placed] == original.maps[placed]).all()
        assert (plane.height, plane.width) == (original.height, original.width)


def test_planes_of_odd_pictures():
    assert plane_shapes(5, 7, 3, True) == [(5, 7), (3, 4), (3, 4)]
    assert padded_planes(5, 7, 3, True) == [(8, 8), (4, 4), (4, 4)]
    assert padded_planes(9, 17, 3, False) == [(16, 24)] * 3
    assert padded_planes(1, 1, 1, False) == [(8, 8)]


def check_valid(planes, sizes):
    """Whatever a damaged stream gives, it is a code that a decoder may trust."""
    for i, (plane, (height, width)) in enumerate(zip(planes, sizes, strict=True)):
        cover = np.zeros((height, width), int)
        for (y, x, lh, lw), row in zip(plane.blocks, plane.maps, strict=True):
            cover[y : y + (1 << lh), x : x + (1 << lw)] += 1
            kind, domain_y, domain_x, isometry, scale = row
            assert 0 <= kind <= LUMA
            assert abs(scale) <= MAX_SCALE_INDEX
            if kind == NO_MAP:
                continue
            assert lh == lw
            assert kind != LUMA or i > 0
            assert 0 <= isometry < 8
            side = CONTRACTION[kind] << lh
            if kind != LUMA:
                assert domain_y >= 0
                assert domain_x >= 0
                assert domain_y + side <= height
                assert domain_x + side <= width
        assert (cover == 1).all()


def test_noise_is_refused_or_a_valid_code():
    rng = np.random.default_rng(0)
    sizes = padded_planes(70, 90, 3, True)
    shapes = plane_shapes(70, 90, 3, True)
    noise = [rng.bytes(int(rng.integers(0, 3000))) for _ in range(200)]
    accepted, refused = outcomes(
        lambda data: read_planes([data], 0, shapes, sizes, [4.0] * 3), noise, CorruptedError
    )
    assert len(accepted) > 3
    assert len(refused) > 100
    for planes in accepted:
        check_valid(planes, sizes)


def test_a_changed_byte_gives_a_valid_code_or_an_error():
    code = random_code(5, 90, 60, 3, True)
    (data,), _ = write_planes(code.planes)
    accepted, refused = outcomes(
        lambda data: read([data], code),
        damaged_copies(data, 80, most=1),
        CorruptedError,
    )
    assert len(accepted) > 10
    assert len(refused) > 20
    for planes in accepted:
        check_valid(planes, padded(code))


def test_a_stream_that_ends_early_is_refused():
    code = random_code(7, 128, 128, 1)
    (data,), _ = write_planes(code.planes)
    with pytest.raises(CorruptedError, match="damaged"):
        read([data[: len(data) // 2]], code)


def test_each_band_is_a_stream_of_its_own(monkeypatch):
    monkeypatch.setattr(stream, "BAND_PIXELS", 1)
    code = random_code(11, 60, 500, 3, True)
    bands, _ = write_planes(code.planes)
    assert len(bands) == 4
    other = random_code(12, 60, 500, 3, True)
    mixed = read([*bands[:2], write_planes(other.planes)[0][2], *bands[3:]], code)
    for plane, original, foreign in zip(mixed, code.planes, other.planes, strict=True):
        cut = 128 * plane.height // 500
        assert (plane.levels[: 2 * cut] == original.levels[: 2 * cut]).all()
        assert (plane.levels[2 * cut : 3 * cut] == foreign.levels[2 * cut : 3 * cut]).all()
        assert (plane.levels[3 * cut :] == original.levels[3 * cut :]).all()


def test_threads_write_and_read_the_same(monkeypatch):
    monkeypatch.setattr(stream, "BAND_PIXELS", 1)
    code = random_code(13, 200, 700, 3, True)
    results = []
    for threads in (1, 3):
        with limited_threads(threads):
            bands, _ = write_planes(code.planes)
            results.append((bands, read(bands, code)))
    assert results[0] == results[1]


def test_bands_have_at_least_three_quarters_of_a_megapixel():
    assert band_rows(512, 768) == 0
    assert band_rows(1024, 1528) == 0
    assert band_rows(1024, 1536) == 4
    # An even number of them, lest a thread of two waits: two, not three; four, not five.
    assert band_rows(1536, 1664) == 6
    assert band_rows(2048, 2048) == 4
    # No band is lower than a unit, however wide.
    assert band_rows(256, 65528) == 1
    assert band_rows(128, 65528) == 0


def test_the_bytes_of_bands():
    bands = [b"one", b"", b"three"]
    data = stream_of(bands, 2)
    assert bands_of(memoryview(data), 700) == (bands, 2)
    for damaged, message in (
        (data[:1], "needs at least 2 bytes"),
        (data[:8], "the size of a band needs"),
        (data[:12], "need 3 bytes"),
        (b"\0\0" + data[2:], "bands of 0 units"),
        (b"\6\0" + data[2:], "bands of 6 units do not divide 700 rows"),
    ):
        with pytest.raises(CorruptedError, match=message):
            bands_of(memoryview(damaged), 700)


def test_blocks_out_of_order_are_refused(monkeypatch):
    monkeypatch.setattr(stream, "BAND_PIXELS", 1)
    code = random_code(3, 64, 256, 1)
    (plane,) = code.planes
    upper = int((plane.blocks[:, 0] < 128).sum())
    order = np.roll(np.arange(len(plane.blocks)), upper)
    swapped = replace(plane, blocks=plane.blocks[order], maps=plane.maps[order])
    with pytest.raises(InputError, match=r"plane 0 .* in its order"):
        write_planes([swapped])


@pytest.mark.parametrize("place", [(0, 0), (0, 1), (2, 3)])
def test_levels_are_held_or_refused(place):
    """As far as the syntax reaches, but for less than the numbers of the arrays do."""
    block = np.array([[0, 0, 3, 3]], np.int32)
    plane = PlaneCode(8, 8, 1.0, block, np.zeros((1, 5), np.int32), np.ones((8, 8), np.int32))
    most = MOST_MEAN if place == (0, 0) else MOST_LEVEL

    def with_level(level):
        levels = plane.levels.copy()
        levels[place] = level
        return PifsCode(8, 8, "hybrid", (replace(plane, levels=levels),), False, 1, 0)

    for level in (most, -most):
        held = with_level(level)
        back = read(write_planes(held.planes)[0], held)
        assert (back[0].levels == held.planes[0].levels).all()
    for level in (most + 1, -most - 1, 2**31 - 1, -(2**31)):
        with pytest.raises(InputError, match=r"plane 0 .* a level is beyond"):
            pack(with_level(level))


def test_a_huge_claim_on_few_bytes_is_refused_at_once():
    sizes = padded_planes(8192, 16384, 1, False)
    with pytest.raises(CorruptedError, match="damaged"):
        read_planes([b"\x55" * 40], 0, [(8192, 16384)], sizes, [1.0])
    with pytest.raises(CorruptedError, match="damaged"):
        read_planes([b"\x55" * 40] * 64, 1, [(8192, 16384)], sizes, [1.0])
