"""The stream of the planes: round trips, and damage that is named and never trusted."""

import numpy as np
import pytest

from selfsame.errors import CorruptedError
from selfsame.pifs.code import (
    CONTRACTION,
    LUMA,
    MAX_SCALE_INDEX,
    NO_MAP,
    padded_planes,
    plane_shapes,
)
from selfsame.pifs.stream import read_planes, write_planes
from support.fuzzing import damaged_copies, outcomes
from support.random_codes import random_code

CASES = [
    (1, 1, 1, False),
    (1, 1, 3, True),
    (64, 64, 1, False),
    (100, 70, 3, True),
    (37, 200, 3, False),
    (300, 170, 1, False),
]


def padded(code):
    return padded_planes(code.height, code.width, len(code.planes), code.half_chroma)


def read(data, code):
    """The planes of a stream, of which as much is known as of those of a code."""
    shapes = [(plane.height, plane.width) for plane in code.planes]
    return read_planes(data, shapes, padded(code), [plane.step for plane in code.planes])


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("width", "height", "channels", "half"), CASES)
def test_round_trip(seed, width, height, channels, half):
    code = random_code(seed, width, height, channels, half)
    data, bits = write_planes(code.planes)
    assert sum(bits.values()) / 8 == pytest.approx(len(data), abs=3)
    back = read(data, code)
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
        lambda data: read_planes(data, shapes, sizes, [4.0] * 3), noise, CorruptedError
    )
    assert len(accepted) > 3
    assert len(refused) > 100
    for planes in accepted:
        check_valid(planes, sizes)


def test_a_changed_byte_gives_a_valid_code_or_an_error():
    code = random_code(5, 90, 60, 3, True)
    data = write_planes(code.planes)[0]
    accepted, refused = outcomes(
        lambda data: read(data, code),
        damaged_copies(data, 80, most=1),
        CorruptedError,
    )
    assert len(accepted) > 10
    assert len(refused) > 20
    for planes in accepted:
        check_valid(planes, padded(code))


def test_a_stream_that_ends_early_is_refused():
    code = random_code(7, 128, 128, 1)
    data, _ = write_planes(code.planes)
    with pytest.raises(CorruptedError, match="damaged"):
        read(data[: len(data) // 2], code)


def test_a_huge_claim_on_few_bytes_is_refused_at_once():
    sizes = padded_planes(8192, 16384, 1, False)
    with pytest.raises(CorruptedError, match="damaged"):
        read_planes(b"\x55" * 40, [(8192, 16384)], sizes, [1.0])
