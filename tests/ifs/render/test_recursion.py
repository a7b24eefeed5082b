"""The recursion renderer against a slow test of every sample in every word, and known areas."""

import itertools
import math

import numpy as np
import pytest

from selfsame.errors import InputError
from selfsame.ifs.code import Primitive, Viewport
from selfsame.ifs.render.recursion import render_recursion
from selfsame.ifs.system import IFS
from selfsame.run.threads import limited_threads

UNIT = Viewport(0, 0, 1, 1)
SQUARE = Primitive("rectangle", (0.5, 0.5, 0.5, 0.5, 0.0))


def carpet(holes=((1, 1),)):
    cells = [(i, j) for i in range(3) for j in range(3) if (i, j) not in holes]
    return IFS([np.eye(2) / 3] * len(cells), [[i / 3, j / 3] for i, j in cells])


def inside(primitive, points):
    """Whether each of points (n, 2) lies in the primitive."""
    p = primitive.parameters
    if primitive.kind == "disk":
        return np.hypot(*(points - p[:2]).T) <= p[2]
    if primitive.kind == "rectangle":
        c, s = math.cos(p[4]), math.sin(p[4])
        x, y = (points - p[:2]).T
        return (np.abs(c * x + s * y) <= p[2]) & (np.abs(-s * x + c * y) <= p[3])
    a, ab = np.array(p[:2]), np.subtract(p[2:4], p[:2])
    t = np.clip((points - a) @ ab / (ab @ ab), 0, 1)
    return np.linalg.norm(points - a - t[:, None] * ab, axis=1) <= p[4]


def reference(system, primitive, depth, size, view):
    """Coverage by testing every one of 8 x 8 samples against every word's inverse image."""
    w, h = size
    u, v = np.meshgrid((np.arange(8 * w) + 0.5) / 8 / w, (np.arange(8 * h) + 0.5) / 8 / h)
    samples = np.stack(
        [view.x_min + u.ravel() * view.width, view.y_max - v.ravel() * view.height], axis=1
    )
    covered = np.zeros(len(samples), bool)
    for word in itertools.product(range(len(system)), repeat=depth):
        points = samples
        for i in word:
            points = np.linalg.solve(system.matrices[i], (points - system.offsets[i]).T).T
        covered |= inside(primitive, points)
    return covered.reshape(h, 8, w, 8).mean(axis=(1, 3))


@pytest.mark.parametrize(
    "primitive",
    [
        Primitive("disk", (0.1, -0.2, 0.7)),
        Primitive("rectangle", (0.1, 0.2, 0.8, 0.4, 0.5)),
        Primitive("segment", (-0.6, -0.3, 0.5, 0.6, 0.15)),
    ],
)
@pytest.mark.parametrize("depth", [0, 1, 3])
def test_equals_the_test_of_every_sample(primitive, depth):
    rng = np.random.default_rng(depth)
    u, _, v = np.linalg.svd(rng.normal(size=(3, 2, 2)))
    system = IFS(u * rng.uniform(0.5, 0.9, (3, 1, 2)) @ v, rng.uniform(-0.7, 0.7, (3, 2)))
    view, size = Viewport(-1.3, -1.0, 1.2, 1.4), (43, 37)
    got = render_recursion(system, primitive, depth, size, view, hairline=0)
    want = reference(system, primitive, depth, size, view)
    # A sample on an edge may fall on either side.
    assert 0.02 < want.mean() < 0.98
    assert np.abs(got - want).max() <= 1 / 64
    assert np.count_nonzero(got != want.astype(np.float32)) <= 3


def test_row_zero_is_the_top_and_tiles_join():
    dot = Primitive("disk", (0.9, 0.9, 0.05))
    picture = render_recursion(carpet(), dot, 0, (600, 300), UNIT)
    rows, columns = np.nonzero(picture > 0.5)
    assert abs(rows.mean() + 0.5 - 30) < 0.2
    assert abs(columns.mean() + 0.5 - 540) < 0.2
    assert picture.mean() == pytest.approx(math.pi * 0.05**2, rel=1e-2)


def test_abutting_leaves_leave_no_seam():
    assert (render_recursion(carpet(holes=()), SQUARE, 3, (100, 100), UNIT) == 1).all()


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_area_of_the_carpet(depth):
    picture = render_recursion(carpet(), SQUARE, depth, (243, 243), UNIT)
    assert picture.mean() == pytest.approx((8 / 9) ** depth, rel=1e-6)


def test_any_great_depth_is_the_converged_picture():
    deep = render_recursion(carpet(), SQUARE, 12, (81, 81), UNIT)
    assert np.array_equal(deep, render_recursion(carpet(), SQUARE, 10**7, (81, 81), UNIT))
    # The carpet of level 4 has cells of one pixel: all of them show, and holes stay open.
    cells = render_recursion(carpet(), SQUARE, 4, (81, 81), UNIT) == 1
    assert deep[cells].min() > 0.5
    assert deep[27:54, 27:54][1:-1, 1:-1].max() == 0


def test_zoom_finds_the_same_picture():
    """The window of one cell of the carpet shows the carpet of one level less."""
    window = Viewport(0, 2 / 3, 1 / 3, 1)
    zoomed = render_recursion(carpet(), SQUARE, 4, (81, 81), window)
    assert np.array_equal(zoomed, render_recursion(carpet(), SQUARE, 3, (81, 81), UNIT))


def test_tiny_leaves_become_dots_of_the_hairline():
    point = Primitive("disk", (0.5, 0.5, 0.0))
    system = IFS([np.eye(2) * 0.1], [[0.45, 0.45]])
    for hairline in (1.0, 3.0):
        for depth in (0, 9):
            picture = render_recursion(system, point, depth, (9, 9), UNIT, hairline=hairline)
            assert picture.sum() == pytest.approx(math.pi / 4 * hairline**2, rel=0.05)
    assert render_recursion(system, point, 0, (9, 9), UNIT, hairline=0).sum() <= 1 / 64


@pytest.mark.parametrize("primitive", [SQUARE, Primitive("disk", (0.5, 0.5, 0.5))])
def test_singular_maps_draw_lines(primitive):
    """A map onto the diagonal direction: the leaf is a line of the hairline's width."""
    system = IFS([[[0.25, 0.25], [0.25, 0.25]]], [[0.25, 0.25]])
    picture = render_recursion(system, primitive, 1, (64, 64), UNIT)
    i, j = np.nonzero(picture)
    assert np.abs((63 - i) - j).max() <= 1
    assert picture[32, 31] > 0.5
    assert render_recursion(IFS([np.zeros((2, 2))], [[0.5, 0.5]]), primitive, 3, (9, 9), UNIT)[
        4, 4
    ] == pytest.approx(0.9, abs=0.15)


def test_the_number_of_threads_changes_nothing():
    rng = np.random.default_rng(5)
    system = IFS(rng.uniform(-0.5, 0.5, (4, 2, 2)), rng.uniform(0, 0.6, (4, 2)))
    pictures = []
    for threads in (1, 3):
        with limited_threads(threads):
            pictures.append(render_recursion(system, None, 30, (700, 500), Viewport(-1, -1, 1, 1)))
    assert all(np.array_equal(pictures[0], p) for p in pictures)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"system": IFS(np.zeros((1, 3, 3)), np.zeros((1, 3)))}, "2-D"),
        ({"depth": -1}, "depth"),
        ({"size": (0, 5)}, "size"),
        ({"viewport": Viewport(0, 0, 0, 1)}, "viewport"),
        ({"hairline": float("nan")}, "hairline"),
        ({"system": IFS([np.eye(2) * 2], [[0, 0]]), "primitive": None}, "contract"),
        ({"system": IFS([np.eye(2) * 2], [[0, 0]]), "depth": 5000}, "contract"),
    ],
)
def test_unusable_arguments_are_named(change, message):
    arguments = {
        "system": carpet(),
        "primitive": SQUARE,
        "depth": 2,
        "size": (8, 8),
        "viewport": UNIT,
    }
    with pytest.raises(InputError, match=message):
        render_recursion(**(arguments | change))


def test_a_hopeless_tree_is_refused(monkeypatch):
    monkeypatch.setattr("selfsame.ifs.render.recursion.MAX_TILE_NODES", 1000)
    monkeypatch.setattr("selfsame.ifs.render.recursion.MAX_NODES", 1000)
    system = IFS([np.eye(2) * 0.99] * 8, np.random.default_rng(0).uniform(-0.01, 0.01, (8, 2)))
    with pytest.raises(InputError, match="too large"):
        render_recursion(system, SQUARE, 50, (16, 16), UNIT)
