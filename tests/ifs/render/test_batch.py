"""Batches: every picture is the one that the system gives alone, whatever the threads."""

import numpy as np
import pytest

from selfsame.errors import InputError
from selfsame.ifs.code import Viewport
from selfsame.ifs.render.batch import MODES, render_batch, stack_systems
from selfsame.ifs.render.histogram import set_cells
from selfsame.ifs.samples.library import classic
from selfsame.ifs.system import IFS


def systems(count: int = 40) -> list[IFS]:
    rng = np.random.default_rng(0)
    made = []
    for i in range(count):
        n = 2 + i % 7
        A = rng.uniform(-0.6, 0.6, (n, 2, 2))
        made.append(IFS(A, rng.uniform(-1, 1, (n, 2)), rng.dirichlet(np.ones(n))))
    return made


def test_threads_do_not_matter_and_seeds_do():
    one, three = (render_batch(systems(), (32, 24), 5000, seed=1, threads=t) for t in (1, 3))
    assert one.shape == (40, 24, 32)
    assert one.dtype == np.float32
    assert np.array_equal(one, three)
    assert not np.array_equal(one, render_batch(systems(), (32, 24), 5000, seed=2))


def test_a_picture_does_not_depend_on_its_neighbours():
    many = systems()
    all_pictures = render_batch(many, (32, 32), 5000)
    # The same place in the list, other systems around it.
    others = [classic("sierpinski-gasket")] * 17 + many[17:20]
    assert np.array_equal(render_batch(others, (32, 32), 5000)[17:], all_pictures[17:20])


def test_streams_tell_which_random_numbers_a_picture_gets():
    many = systems(8)
    in_order = render_batch(many, (16, 16), 500)
    mixed = [5, 0, 7]
    arrays = stack_systems(many)
    picked = render_batch(arrays.take(mixed), (16, 16), 500, streams=mixed)
    assert np.array_equal(picked, in_order[mixed])
    other = render_batch([many[5]], (16, 16), 500, streams=[2**63])
    assert not np.array_equal(other[0], in_order[5])


def test_stretched_pictures_touch_all_four_borders():
    flat = IFS([np.eye(2) / 2] * 2, [[0, 0], [1, 0.1]])  # a line that rises by a tenth
    plain = render_batch([flat], (20, 20), 20_000)[0]
    assert plain.any(axis=1).sum() < 5
    stretched = render_batch([flat], (20, 20), 20_000, stretch=True)[0]
    assert np.array_equal(stretched, np.eye(20)[::-1])
    with_margin = render_batch([flat], (20, 20), 20_000, stretch=True, margin=0.5)[0]
    assert with_margin.any(axis=0).sum() in (10, 11, 12)
    assert with_margin.any(axis=1).sum() in (10, 11, 12)


@pytest.mark.parametrize("view", [(-2, -2, 2, 2), [(-2, -2, 2, 2), (0, 0, 1, 1)]])
def test_pictures_are_those_of_the_single_renderer(view):
    pair = systems(2)
    batch = render_batch(pair, (24, 16), 400_000, viewports=view)
    views = np.broadcast_to(np.array(view, float), (2, 4))
    for picture, system, window in zip(batch, pair, views, strict=True):
        alone = set_cells(system, Viewport(*window), (24, 16), 400_000)
        assert (picture != alone).mean() < 0.02


def test_constant_maps_pin_the_pixels():
    dot = IFS(np.zeros((1, 2, 2)), [[1.5, 0.5]])
    picture = render_batch([dot], (4, 3), 100, viewports=(0, 0, 4, 3))[0]
    assert picture[2, 1] == 1
    assert picture.sum() == 1


def test_fitted_pictures_touch_all_borders_of_the_longer_side():
    square = IFS(np.tile(np.eye(2) / 2, (4, 1, 1)), [[0, 0], [0.5, 0], [0, 0.5], [0.5, 0.5]])
    picture = render_batch([square], (40, 20), 200_000)[0]
    rows, columns = picture.any(axis=1), picture.any(axis=0)
    assert rows.all()
    assert 18 <= columns.sum() <= 22
    with_margin = render_batch([square], (20, 20), 200_000, margin=0.5)[0]
    assert with_margin.any(axis=1).sum() in (10, 11, 12)


@pytest.mark.parametrize("mode", sorted(MODES))
def test_bytes_are_the_same_picture(mode):
    floats = render_batch(systems(6), (16, 16), 3000, mode=mode)
    whole = render_batch(systems(6), (16, 16), 3000, mode=mode, dtype=np.uint8)
    assert whole.dtype == np.uint8
    assert floats.max() == 1
    assert floats.min() == 0
    assert np.abs(floats * 255 - whole).max() <= 1


def test_grey_is_proportional_to_counts():
    pair = IFS(np.zeros((2, 2, 2)), [[0.5, 0.5], [1.5, 0.5]], [0.75, 0.25])
    picture = render_batch([pair], (2, 1), 100_000, viewports=(0, 0, 2, 1), mode="grey")[0, 0]
    assert picture[0] == 1
    assert picture[1] == pytest.approx(1 / 3, rel=0.05)


def test_escaping_systems_are_named_or_drawn_black():
    wild = IFS([np.eye(2) * 3, np.eye(2) * 2], [[1.0, 0.0], [0.0, 1.0]])
    with pytest.raises(InputError, match=r"1 of 3 systems escape to infinity \(first: \[1\]\)"):
        render_batch([systems(1)[0], wild, systems(1)[0]], (8, 8), 1000)
    pictures = render_batch([systems(1)[0], wild], (8, 8), 1000, allow_escape=True)
    assert pictures[0].any()
    assert not pictures[1].any()


@pytest.mark.parametrize("place", [(0.0, 0.0), (5.0, -3.0), (1e8, 0.0)])
def test_point_attractors_fit(place):
    pictures = render_batch([IFS(np.zeros((1, 2, 2)), [place])], (9, 9), 100)
    assert pictures.sum() == 1
    assert pictures[0, 3:6, 3:6].sum() == 1


def test_an_empty_batch_is_empty():
    assert render_batch([], (8, 6), 100).shape == (0, 6, 8)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"systems": [classic("menger-sponge")]}, "planar"),
        ({"mode": "color"}, "mode must be one of binary"),
        ({"dtype": np.float64}, "dtype"),
        ({"margin": -1}, "margin"),
        ({"viewports": (0, 0, 0, 1)}, "viewports"),
        ({"viewports": np.zeros((3, 4))}, "viewports"),
        ({"viewports": (0, 0, np.nan, 1)}, "viewports"),
        ({"points": 0}, "points"),
        ({"streams": [0, 1]}, r"streams must be \(1,\)"),
        ({"streams": [0.5]}, "whole numbers"),
        ({"streams": [-1]}, "must not be negative"),
        ({"size": (20_000, 10_000), "systems": systems(10)}, "GiB"),
    ],
)
def test_unusable_arguments_are_named(arguments, message):
    with pytest.raises(InputError, match=message):
        render_batch(**{"systems": systems(1), "size": (8, 8), "points": 100, **arguments})
