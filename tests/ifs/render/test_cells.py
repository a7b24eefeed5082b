"""Where the cells of a self-similar set are pixels, pictures hold these pixels and no other."""

from typing import NamedTuple

import numpy as np
import pytest

from selfsame._native.ifs import keep_cells
from selfsame.ifs.code import Viewport
from selfsame.ifs.render.batch import render_batch
from selfsame.ifs.render.histogram import count_points, set_cells, sum_colors
from selfsame.ifs.render.pictures import render
from selfsame.ifs.samples.library import classic
from selfsame.ifs.system import IFS

HALF, THIRD = np.eye(2) / 2, np.eye(2) / 3
UNIT = Viewport(0.0, 0.0, 1.0, 1.0)
RIGHT_GASKET = IFS([HALF] * 3, [[0, 0], [0.5, 0], [0, 0.5]])
CARPET_2_3 = IFS([np.diag([1 / 2, 1 / 3])] * 3, [[0, 0], [0.5, 1 / 3], [0, 2 / 3]])
TURNED = IFS(  # Cantor's dust, of which two quarters are turned, one is mirrored
    [THIRD, [[0, -1 / 3], [1 / 3, 0]], [[0, 1 / 3], [-1 / 3, 0]], [[-1 / 3, 0], [0, 1 / 3]]],
    [[0, 0], [1, 0], [0, 1], [1, 2 / 3]],
)


class Case(NamedTuple):
    """A system whose attractor lies in the square [0, side]², and how many pixels have a part."""

    system: IFS
    view: Viewport
    size: tuple[int, int]
    cells: int
    side: float = 1.0


CASES = {
    "cantor-dust": Case(classic("cantor-dust"), UNIT, (243, 243), 4**5),
    "vicsek": Case(classic("vicsek"), UNIT, (243, 243), 5**5),
    "sierpinski-carpet": Case(classic("sierpinski-carpet"), UNIT, (81, 81), 8**4),
    "gasket of right angles": Case(RIGHT_GASKET, UNIT, (256, 256), 3**8),
    # The triangles of every other row lie half in one pixel and half in the next.
    "sierpinski-gasket": Case(
        classic("sierpinski-gasket"), Viewport(0.0, 0.0, 1.0, 0.75**0.5), (256, 256), 4 * 3**7
    ),
    "chair": Case(classic("chair"), Viewport(0.0, 0.0, 2.0, 2.0), (64, 64), 3 * 32**2, 2.0),
    "ratios 1/2 and 1/3": Case(CARPET_2_3, UNIT, (32, 243), 3**5),
    "turned and mirrored": Case(TURNED, UNIT, (81, 81), 4**4),
    "twice as fine as cells": Case(classic("vicsek"), UNIT, (54, 54), 4 * 5**3),
    "a corner": Case(classic("vicsek"), Viewport(0.0, 0.0, 3.0**-9, 3.0**-9), (81, 81), 5**4),
    "a part": Case(classic("cantor-dust"), Viewport(2 / 3, 0.0, 8 / 9, 2 / 9), (54, 54), 4**3),
}

each_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES)


def pixels_of_addresses(case: Case) -> np.ndarray:
    """The pixels of the images of an inner point under words of maps, in double precision: under
    all words that take the square to less than a quarter of a pixel, in the window."""
    view, maps = case.view, (case.system.matrices, case.system.offsets)
    pixel = np.array([view.width, view.height]) / case.size
    A, b = np.eye(2)[None], np.zeros((1, 2))
    while np.abs(A).max() * case.side > pixel.min() / 4:
        b = np.concatenate([A @ shift + b for shift in maps[1]])
        A = np.concatenate([A @ matrix for matrix in maps[0]])
        corners = [A @ [0, case.side], A @ [case.side, 0], A @ [case.side, case.side], 0 * b]
        low, high = np.min(corners, axis=0) + b, np.max(corners, axis=0) + b
        inside = (high > view[:2] + pixel / 100) & (low < view[2:] - pixel / 100)
        A, b = A[inside.all(axis=1)], b[inside.all(axis=1)]
    x, y = (A @ [0.4142 * case.side, 0.3183 * case.side] + b).T
    found = np.zeros(case.size[::-1], bool)
    column, row = (x - view.x_min) / pixel[0], (view.y_max - y) / pixel[1]
    found[row.astype(int), column.astype(int)] = True
    return found


@each_case
def test_the_pixels_hit_are_those_of_the_addresses(case: Case) -> None:
    system, view, size, cells, _ = case
    expected = pixels_of_addresses(case)
    assert expected.sum() == cells
    points = 200 * cells
    counts = count_points(system, view, size, points, seed=1)
    assert np.array_equal(counts > 0, expected)
    assert np.array_equal(set_cells(system, view, size, points, seed=2), expected)
    assert np.array_equal(sum_colors(system, view, size, points, seed=3)[1] > 0, expected)
    if case is not CASES["a corner"]:  # where a batch, which draws the whole, has no points
        batch = render_batch([system], size, max(points, 500_000), viewports=view, seed=4)
        assert np.array_equal(batch[0], expected)


def test_default_pictures_hold_the_cells_and_no_other() -> None:
    dust = classic("cantor-dust")
    expected = pixels_of_addresses(Case(dust, UNIT, (81, 81), 4**4))
    for mode in ("binary", "grey", "log", "color", "flame"):
        picture = render(dust, (81, 81), viewport=UNIT, mode=mode)
        assert np.array_equal(picture.reshape(81, 81, -1).any(axis=2), expected)


@pytest.mark.parametrize("sides", [(100, 37), (1000, 10)])
def test_sizes_that_are_no_powers_hold_what_the_dust_has_in_them(sides: tuple[int, int]) -> None:
    # The left ends of the 2^20 intervals of a level, as whole numbers, a little further in.
    ends = np.zeros(1, np.int64)
    for level in range(20):
        ends = np.concatenate([ends, ends + 2 * 3**level])
    across, down = (
        np.bincount((4 * ends + 1) * side // (4 * 3**20), minlength=side) for side in sides
    )
    counts = count_points(classic("cantor-dust"), UNIT, sides, 4_000_000)
    # From below, rows are as from above, for the dust is its own mirror image.
    assert not counts[np.outer(down, across) == 0].any()
    assert counts[np.outer(down, across) > 2**40 / 1e5].all()


def test_counts_have_the_law_of_the_measure() -> None:
    system = IFS([THIRD] * 3, [[0, 0], [2 / 3, 0], [0, 2 / 3]], [0.5, 0.3, 0.2])
    p = np.zeros((3, 3))
    p[2, 0], p[2, 2], p[0, 0] = 0.5, 0.3, 0.2
    expected = 2_000_000 * np.kron(np.kron(p, p), p)
    # In the window of a part all points are of the part, which is the whole again.
    for view in (UNIT, Viewport(2 / 3, 0.0, 1.0, 1 / 3)):
        counts = count_points(system, view, (27, 27), 2_000_000, seed=5)
        assert counts.sum() == 2_000_000
        assert (np.abs(counts - expected) <= 8 * np.sqrt(expected)).all()


MAP = [1 / 3, 0.0, 0.0, 1 / 3, 54.0, 0.0]


@pytest.mark.parametrize(
    ("change", "are_kept"),
    [
        ({}, True),
        ({4: 54.0 + 1 / 3}, True),  # every border still comes from one
        ({4: 54.0 + 1 / 2}, False),
        ({5: 0.1}, False),
        ({0: 0.333333}, False),
        ({3: -1 / 5}, True),
        ({3: 1 / 2.5}, False),
        ({3: 1.0}, False),  # does not shrink
        ({3: 0.0}, False),
        ({1: 1e-3}, False),
        ({0: 0.0, 1: 1 / 3, 2: 1 / 4, 3: 0.0}, True),
        ({0: 0.0, 1: 1 / 3, 2: 1 / 4, 3: 1 / 4}, False),
        ({4: 2.0**19}, False),  # single precision does not tell such cells apart
        ({4: np.inf}, False),
        ({0: np.nan}, False),
    ],
)
def test_games_are_on_cells_if_borders_come_from_borders(
    change: dict[int, float], are_kept: bool
) -> None:
    changed, none = np.array([MAP]), np.empty((0, 6))
    changed[0, list(change)] = list(change.values())
    assert keep_cells(np.concatenate([[MAP], changed]), none) == are_kept
    if change != {3: 1.0}:  # a word need not shrink
        assert keep_cells(np.array([MAP]), changed) == are_kept
