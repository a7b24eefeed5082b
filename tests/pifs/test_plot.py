import colorsys
from dataclasses import replace

import numpy as np
import pytest

from selfsame import InputError
from selfsame.pifs.code import COPY, HALF, LUMA, NO_MAP, PifsCode, PlaneCode
from selfsame.pifs.describe import KIND_NAMES, kind_shares
from selfsame.pifs.plot import (
    KIND_COLORS,
    LINES,
    _direction_color,
    lined_blocks,
    plot_code,
)
from support.random_codes import random_code

GAP = 12


def four_blocks(kinds=(NO_MAP, HALF, COPY, NO_MAP)) -> PifsCode:
    """A grey code of 64 × 64 pixels, four blocks of 32, black where they have no map."""
    corners = [(0, 0), (0, 32), (32, 0), (32, 32)]
    blocks = np.array([(y, x, 5, 5) for y, x in corners], np.int32)
    maps = np.array([(kind, 0, 0, 0, 1) if kind else (0,) * 5 for kind in kinds], np.int32)
    plane = PlaneCode(64, 64, 16.0, blocks, maps, np.zeros((64, 64), np.int32))
    return PifsCode(64, 64, "pure", (plane,), False, 3, 0)


def panels(page, side):
    """The two panels of a page, beside each other."""
    return [page[GAP : GAP + side, x : x + side] for x in (GAP, side + 2 * GAP)]


def test_blocks_are_tinted_by_kind_inside_borders() -> None:
    code = four_blocks()
    first, _ = panels(plot_code(code), 1024)  # 64 pixels, enlarged 16 times
    inside = [first[256 + 512 * i, 256 + 512 * j] for i in (0, 1) for j in (0, 1)]
    assert inside[0].tolist() == inside[3].tolist() == [128] * 3  # b is 0: mid-grey
    for pixel, kind in ((inside[1], HALF), (inside[2], COPY)):
        lean = pixel.astype(float) - 128
        tint = np.array(KIND_COLORS[kind], float) - 128
        assert lean @ tint / (np.linalg.norm(lean) * np.linalg.norm(tint)) > 0.99
    for at in (0, 512):
        assert (first[at, 100] != inside[0]).any()
        assert (first[100, at] != inside[0]).any()
    assert (first[256, 300] == inside[0]).all()


def test_domains_are_coloured_by_direction() -> None:
    code = four_blocks()
    maps = code.planes[0].maps.copy()
    maps[2, 2] = 32  # the lower left block copies the upper right one
    moved = replace(code, planes=(replace(code.planes[0], maps=maps),))
    for shown, (dx, dy) in ((code, (0, -32)), (moved, (32, -32))):
        _, second = panels(plot_code(shown), 1024)
        pixel = second[512 + 100, 100] / 255
        hue = colorsys.rgb_to_hsv(*pixel)[0]
        wanted = colorsys.rgb_to_hsv(*np.array(_direction_color(dx, dy, 90)) / 255)[0]
        assert abs((hue - wanted + 0.5) % 1 - 0.5) < 0.02
        # A line leads to the block's centre; without it the block has one colour.
        block = second[512:1024, :512].reshape(-1, 3)
        assert len(np.unique(block, axis=0)) > 1


def tiles(width: int, height: int, side_log2: int, kind: int) -> PlaneCode:
    """A plane of equal squares, all with maps of one kind."""
    side = 1 << side_log2
    rows = [
        (y, x, side_log2, side_log2) for y in range(0, height, side) for x in range(0, width, side)
    ]
    maps = np.tile(np.array([kind, 0, 0, 0, 1], np.int32), (len(rows), 1))
    blocks = np.array(rows, np.int32)
    return PlaneCode(height, width, 16.0, blocks, maps, np.zeros((height, width), np.int32))


@pytest.mark.parametrize("size", [(512, 512), (1024, 64), (8, 4096), (800, 1200)])
def test_lines_go_to_blocks_all_over_the_picture(size) -> None:
    plane = tiles(*size, 3, HALF)
    chosen = plane.blocks[lined_blocks(plane)]
    assert LINES / 2 < len(chosen) <= LINES
    for axis, length in ((0, plane.height), (1, plane.width)):
        if length > 64:
            quarter = 4 * (chosen[:, axis] + 4) // length
            shares = np.bincount(quarter, minlength=4) / len(chosen)
            assert shares == pytest.approx([0.25] * 4, abs=0.08)


def test_the_largest_blocks_of_a_cell_have_its_lines() -> None:
    plane = tiles(64, 64, 4, HALF)
    small = tiles(64, 64, 3, HALF)
    inside = (small.blocks[:, :2] < 32).all(axis=1)
    kept = ~(plane.blocks[:, :2] < 32).all(axis=1)
    mixed = replace(
        plane,
        blocks=np.concatenate([small.blocks[inside], plane.blocks[kept]]),
        maps=np.concatenate([small.maps[inside], plane.maps[kept]]),
    )
    assert len(lined_blocks(mixed)) == 16 + 12
    few = mixed.blocks[lined_blocks(mixed, 4)]
    assert sorted(map(tuple, few[:, :2] // 32)) == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert sorted(few[:, 2]) == [3, 4, 4, 4]
    unmapped = replace(mixed, maps=np.zeros_like(mixed.maps))
    assert lined_blocks(unmapped) == []
    assert kind_shares(mixed)[HALF] == 1
    mixed_maps = mixed.maps.copy()
    mixed_maps[:16] = 0  # the small ones: 16 of 28, a quarter of the area
    assert kind_shares(replace(mixed, maps=mixed_maps)) == [0.25, 0.75, 0, 0, 0]


def test_directions_have_hues_of_their_own_and_distance_strength() -> None:
    hues = [
        colorsys.rgb_to_hsv(*(v / 255 for v in _direction_color(*d, 1.0)))[0]
        for d in ((1, 0), (0, 1), (-1, 0), (0, -1))
    ]
    assert hues == pytest.approx([0, 0.25, 0.5, 0.75], abs=0.01)
    near, far = (np.ptp(_direction_color(d, 0, 1.0)) for d in (0.1, 0.9))
    assert 0 < near < far
    assert np.ptp(_direction_color(0, 0, 1.0)) == 0


@pytest.mark.parametrize("size", [(1, 1), (33, 64), (64, 9)])
def test_pages_hold_pictures_smaller_than_their_blocks(size) -> None:
    page = plot_code(random_code(0, *size))  # padded to multiples of 8
    assert page.dtype == np.uint8
    assert page.shape[2] == 3
    assert (page[-1] == 255).all()


def test_every_plane_of_a_colour_code_can_be_shown() -> None:
    code = random_code(1, 90, 70, 3, half_chroma=True, alpha=True)
    pages = [plot_code(code, plane) for plane in range(3)]
    assert (code.planes[1].maps[:, 0] == LUMA).any()
    assert not np.array_equal(pages[0], pages[1])
    for plane in (-1, 3):
        with pytest.raises(InputError, match="plane must be 0 to 2"):
            plot_code(code, plane)


def test_wide_pictures_lie_above_each_other() -> None:
    tall, wide = plot_code(random_code(0, 40, 60)), plot_code(random_code(0, 60, 40))
    assert tall.shape[1] > 2 * 40 * 16
    assert wide.shape[0] > 2 * 40 * 16


def test_names_and_colours_belong_to_the_kinds() -> None:
    assert len(KIND_NAMES) == len(KIND_COLORS) == len(set(KIND_COLORS)) == LUMA + 1
    assert (KIND_NAMES[NO_MAP], KIND_NAMES[HALF], KIND_NAMES[LUMA]) == ("none", "half", "luma")
