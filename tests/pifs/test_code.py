"""Block codes: checked when made, immutable, equal by value."""

import pickle
from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest

from selfsame.errors import InputError
from selfsame.pifs.code import COPY, HALF, PifsCode, PlaneCode
from support.random_codes import random_code

GREY = random_code(1, 30, 20)
COLOR = random_code(2, 30, 20, channels=3, half_chroma=True, alpha=True)
PLANE = GREY.planes[0]


def test_nonsense_is_refused() -> None:
    with pytest.raises(InputError, match=r"width must be a whole number within 1\.\.65535: got -1"):
        PifsCode(-1, 0, "nonsense", (), True, 999, 99)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"height": 0}, "height must be a whole number within 1"),
        ({"width": 2.0}, "width must be a whole number"),
        ({"width": True}, "width must be a whole number"),
        ({"mode": "nonsense"}, "mode must be one of pure, hybrid"),
        ({"planes": ()}, r"planes must be 1 \(grey\) or 3"),
        ({"planes": GREY.planes * 2}, r"planes must be 1 \(grey\) or 3"),
        ({"planes": GREY.planes * 3}, "a plane must have 15x10 pixels, padded to 16x12"),
        ({"width": 31}, "a plane must have 31x20 pixels, padded to 32x24"),
        ({"half_chroma": 1}, "half_chroma is true or false"),
        ({"iterations": 65}, r"iterations must be a whole number within 0\.\.64"),
        ({"deblock": 8}, r"deblock must be a whole number within 0\.\.7"),
        ({"alpha": np.zeros((20, 29), np.uint8)}, r"alpha must be uint8 \(20, 30\)"),
        ({"alpha": np.zeros((20, 30), np.int32)}, r"alpha must be uint8 \(20, 30\)"),
    ],
)
def test_values_out_of_range_are_named(change, message) -> None:
    with pytest.raises(InputError, match=message):
        replace(COLOR, **change)


def test_grey_has_no_chroma_of_half_resolution() -> None:
    with pytest.raises(InputError, match="false of grey"):
        replace(GREY, half_chroma=True)


def _with_block(**fields: int) -> dict[str, np.ndarray]:
    blocks = PLANE.blocks.copy()
    for name, value in fields.items():
        blocks[0, ["y", "x", "height", "width"].index(name)] = value
    return {"blocks": blocks}


def _with_map(row: list[int], block: int = -1) -> dict[str, np.ndarray]:
    maps = np.zeros_like(PLANE.maps)
    square = np.flatnonzero(PLANE.blocks[:, 2] == PLANE.blocks[:, 3])
    flat = np.flatnonzero(PLANE.blocks[:, 2] != PLANE.blocks[:, 3])
    maps[flat[0] if block == 0 else square[0]] = row
    return {"maps": maps}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"height": 0}, "height must be a whole number within 1"),
        ({"step": 0.0}, "step must be above 0"),
        ({"step": float("nan")}, "step must be above 0"),
        ({"blocks": PLANE.blocks.astype(np.int64)}, r"blocks must be int32 \(n, 4\): got int64"),
        ({"blocks": PLANE.blocks[:0]}, r"blocks must be int32 \(n, 4\)"),
        ({"blocks": PLANE.blocks[:, :3]}, r"blocks must be int32 \(n, 4\)"),
        ({"maps": PLANE.maps[:-1]}, "maps must have a row for each"),
        ({"levels": PLANE.levels[:8]}, "levels must cover the plane"),
        ({"levels": PLANE.levels[0]}, r"levels must be int32 \(H, W\)"),
        (_with_block(height=7), "sides of blocks"),
        (_with_block(width=1), "sides of blocks"),
        (_with_block(y=-4), "blocks must lie within"),
        (_with_block(x=32), "blocks must lie within"),
        (_with_map([5, 0, 0, 0, 1]), "kinds of maps are at most 4"),
        (_with_map([COPY, 0, 0, 8, 1]), "isometries are at most 7"),
        (_with_map([COPY, 0, 0, 0, 13]), "scale indices are at most 12"),
        (_with_map([COPY, 0, 0, 0, -13]), "scale indices are at most 12"),
    ],
)
def test_planes_out_of_range_are_named(change, message) -> None:
    with pytest.raises(InputError, match=message):
        replace(PLANE, **change)


@pytest.mark.parametrize("place", [(0, 31), (-1, 0), (23, 0)])
def test_domains_must_lie_within_the_plane(place) -> None:
    outside = replace(PLANE, **_with_map([HALF, *place, 0, 1]))  # as the part of a plane may have
    with pytest.raises(InputError, match="domains must lie within"):
        replace(GREY, planes=(outside,))


def test_blocks_must_tile_the_plane() -> None:
    blocks = PLANE.blocks.copy()
    gap = replace(PLANE, blocks=blocks[1:], maps=PLANE.maps[1:])
    with pytest.raises(InputError, match="must tile"):
        replace(GREY, planes=(gap,))
    twice = replace(
        PLANE,
        blocks=np.vstack([blocks, blocks[:1]]),
        maps=np.vstack([PLANE.maps] * 2)[: len(blocks) + 1],
    )
    with pytest.raises(InputError, match="must tile"):
        replace(GREY, planes=(twice,))


def test_equal_codes_are_equal_and_others_are_not() -> None:
    again = random_code(2, 30, 20, channels=3, half_chroma=True, alpha=True)
    assert again == COLOR
    assert hash(again) == hash(COLOR)
    assert pickle.loads(pickle.dumps(COLOR)) == COLOR
    assert replace(COLOR, deblock=(COLOR.deblock + 1) % 8) != COLOR
    levels = PLANE.levels.copy()
    levels[3, 3] += 1
    assert replace(GREY, planes=(replace(PLANE, levels=levels),)) != GREY
    assert replace(COLOR, alpha=None) != COLOR


def test_nothing_of_a_code_can_be_changed() -> None:
    with pytest.raises(FrozenInstanceError, match="cannot assign"):
        COLOR.width = 1  # type: ignore[misc]
    for array in (PLANE.blocks, PLANE.maps, PLANE.levels, COLOR.alpha):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


def test_the_callers_arrays_stay_the_callers() -> None:
    levels = PLANE.levels.copy()
    plane = PlaneCode(PLANE.height, PLANE.width, PLANE.step, PLANE.blocks, PLANE.maps, levels)
    levels[0, 0] += 1
    assert plane == PLANE
