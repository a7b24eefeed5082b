"""Pictures: conventions pinned pixel by pixel, coverage, densities, colours, limits."""

from dataclasses import replace

import numpy as np
import pytest

from selfsame.errors import InputError
from selfsame.ifs.code import IFSCode, Primitive, Viewport
from selfsame.ifs.geometry.viewport import fit_viewport
from selfsame.ifs.render.pictures import render
from selfsame.ifs.samples.library import classic
from selfsame.ifs.system import IFS

VIEW = Viewport(0.0, 0.0, 4.0, 3.0)
CORNERS = [[0, 0], [0.5, 0], [0, 0.5], [0.5, 0.5]]
SQUARE = IFS(np.tile(np.eye(2) / 2, (4, 1, 1)), CORNERS)


def dots(*places, probabilities=None, colors=None):
    """A system of constant maps: its attractor is these points."""
    n = len(places)
    return IFS(np.zeros((n, 2, 2)), places, probabilities or [1 / n] * n, colors)


@pytest.mark.parametrize("i", range(3))
@pytest.mark.parametrize("j", range(4))
@pytest.mark.parametrize(("dx", "dy"), [(0.5, 0.5), (0.01, 0.99), (0.99, 0.01)])
def test_every_pixel_covers_its_part_of_the_plane(i, j, dx, dy):
    # Row 0 is the top, y points up: pixel (i, j) covers x in [j, j + 1), y in (2 - i, 3 - i].
    picture = render(
        dots([j + dx, 2 - i + dy]), (4, 3), viewport=VIEW, supersample=1, mode="binary", points=200
    )
    expected = np.zeros((3, 4), np.float32)
    expected[i, j] = 1
    assert picture.dtype == np.float32
    assert np.array_equal(picture, expected)


@pytest.mark.parametrize("place", [(-0.01, 1), (4.01, 1), (1, -0.01), (1, 3.01), (1e30, 0)])
@pytest.mark.parametrize("mode", ["binary", "grey", "log", "color", "flame", "patch"])
def test_points_outside_leave_no_trace(place, mode):
    picture = render(dots(place), (4, 3), viewport=VIEW, mode=mode, points=500)
    assert picture.shape[:2] == (3, 4)
    assert not picture.any()


def test_supersampling_puts_a_quarter_of_a_pixel_where_a_quarter_is_covered():
    picture = render(dots([1.25, 1.75]), (4, 3), viewport=VIEW, supersample=2, points=200)
    assert picture[1, 1] == 0.25
    assert picture.sum() == 0.25


def test_grey_and_log_follow_the_counts():
    system = dots([0.5, 0.5], [1.5, 0.5], probabilities=[0.8, 0.2])
    grey = render(system, (4, 3), viewport=VIEW, mode="grey", points=100_000)
    assert grey[2, 0] == 1
    assert grey[2, 1] == pytest.approx(0.25, rel=0.05)
    log = render(system, (4, 3), viewport=VIEW, mode="log", points=100_000, supersample=1)
    assert log[2, 0] == 1
    assert log[2, 1] == pytest.approx(np.log(20_001) / np.log(80_001), rel=0.01)


def test_colour_is_the_default_of_coloured_systems():
    system = dots([0.5, 2.5], [3.5, 0.5], colors=[[1, 0, 0], [0, 0, 1]])
    picture = render(system, (4, 3), viewport=VIEW, points=100_000, supersample=1)
    assert picture.shape == (3, 4, 3)
    # Half of each colour is that of the last map, the rest the stationary blend.
    assert np.allclose(picture[0, 0], (0.75, 0, 0.25), atol=0.01)
    assert np.allclose(picture[2, 3], (0.25, 0, 0.75), atol=0.01)
    assert np.count_nonzero(picture.any(axis=2)) == 2
    assert render(system, (4, 3), viewport=VIEW, mode="binary", points=500).shape == (3, 4)


def test_white_maps_give_a_white_shape_in_colour():
    color = render(SQUARE, (32, 32), viewport=(0, 0, 1, 1), mode="color", seed=1)
    assert color.mean() > 0.999
    assert color.min() > 0.8
    flame = render(SQUARE, (32, 32), viewport=(0, 0, 1, 1), mode="flame", seed=1)
    assert (flame > 0).all()


@pytest.mark.parametrize("size", [(64, 64), (257, 130), (700, 600)])
def test_solid_shapes_have_no_speckle(size):
    view = Viewport(-0.5, -0.5, 1.5, 1.5)
    picture = render(SQUARE, size, viewport=view)
    width, height = size
    x = (np.arange(width) + 0.5) / width * 2 - 0.5
    y = 1.5 - (np.arange(height) + 0.5) / height * 2
    distance = np.minimum.outer(np.minimum(y, 1 - y), np.minimum(x, 1 - x))
    pixel = 2 / min(size)
    assert (picture[distance > pixel] > 0.5).all()
    assert (picture[distance < -pixel] == 0).all()


@pytest.mark.parametrize("name", ["heighway-dragon", "twindragon", "terdragon"])
def test_solid_dragons_have_no_speckle(name):
    view = fit_viewport(classic(name))
    picture = render(classic(name), (200, 200), viewport=view, seed=2)
    converged = render(classic(name), (200, 200), viewport=view, seed=3, points=60_000_000)
    solid = converged == 1
    assert solid.mean() > 0.05
    assert (picture[solid] > 0.5).all()
    # The border converges last: cells of which the attractor fills a sliver.
    assert ((picture >= 0.5) != (converged >= 0.5)).sum() < 0.01 * solid.sum()


def test_the_code_gives_size_and_window():
    code = IFSCode(SQUARE, Viewport(0.0, 0.0, 2.0, 1.0), (20, 10))
    picture = render(code)
    assert picture.shape == (10, 20)
    assert picture[:, :10].mean() > 0.95
    assert picture[:, 11:].max() == 0
    zoomed = render(code, zoom=2.0, center=(1.0, 0.5))
    assert zoomed[:, :10].mean() > 0.95
    assert zoomed[:, 11:].max() == 0


def test_a_bare_system_is_fitted():
    picture = render(SQUARE, (50, 100))
    assert picture.shape == (100, 50)
    assert picture[50, 25] == 1
    assert picture[0].max() == 0
    assert picture.mean() == pytest.approx(1 / (2 * 1.1**2), abs=0.03)


def test_depth_draws_the_recursion():
    code = IFSCode(
        SQUARE, Viewport(0.0, 0.0, 1.0, 1.0), (64, 64), Primitive("disk", (0.5, 0.5, 0.5))
    )
    disk = render(code, depth=0)
    assert disk.shape == (64, 64)
    assert disk.mean() == pytest.approx(np.pi / 4, abs=0.01)
    assert render(code, depth=2).mean() == pytest.approx(np.pi / 4, abs=0.03)


def test_depth_keeps_the_order_of_width_and_height():
    code = IFSCode(
        SQUARE, Viewport(0.0, 0.0, 2.0, 1.0), (40, 20), Primitive("disk", (0.5, 0.5, 0.5))
    )
    assert render(code, depth=1).shape == render(code).shape == (20, 40)


def test_patch_mode_stamps_one_pattern_at_every_point():
    system = dots([5.5, 5.5], [12.5, 3.5])
    patterns = set()
    for seed in range(40):
        picture = render(
            system, (16, 9), viewport=(0, 0, 16, 9), mode="patch", points=500, seed=seed
        )
        first, second = picture[2:5, 4:7], picture[4:7, 11:14]
        assert np.array_equal(first, second)
        assert first.any()
        assert picture.sum() == 2 * first.sum()
        assert set(np.unique(picture)) <= {0.0, 1.0}
        patterns.add(first.tobytes())
    assert len(patterns) > 30


def test_patches_are_cut_at_the_border():
    for seed in range(10):
        inner = render(dots([4.5, 4.5]), (9, 9), viewport=(0, 0, 9, 9), mode="patch", seed=seed)
        corner = render(dots([0.5, 8.5]), (9, 9), viewport=(0, 0, 9, 9), mode="patch", seed=seed)
        assert np.array_equal(corner[:2, :2], inner[4:6, 4:6])
        assert corner.sum() == corner[:2, :2].sum()


def test_the_seed_decides_and_threads_do_not():
    one, two = (render(classic("barnsley-fern"), (300, 300), seed=1, threads=t) for t in (1, 2))
    assert np.array_equal(one, two)
    fewer = [render(SQUARE, (64, 64), seed=s, points=3000) for s in (1, 2)]
    assert not np.array_equal(*fewer)


def test_progress_ends_at_one():
    for mode in ("binary", "log", "color"):
        seen: list[float] = []
        render(SQUARE, (64, 64), mode=mode, progress=seen.append)
        assert seen[-1] == 1
        assert all(0 <= value <= 1 for value in seen)


@pytest.mark.parametrize("device", ["auto"])
@pytest.mark.parametrize("mode", ["binary", "grey", "log", "color", "flame"])
def test_torch_draws_the_same_picture(device, mode):
    system = IFS(SQUARE.matrices, SQUARE.offsets, [0.4, 0.3, 0.2, 0.1], np.eye(4)[:, :3])
    options = {"viewport": (0, 0, 1, 1), "mode": mode, "points": 200_000, "supersample": 1}
    ours = render(system, (8, 8), **options)
    theirs = render(system, (8, 8), device=device, **options)
    assert ours.shape == theirs.shape
    assert np.abs(ours - theirs).max() < 0.06


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"size": (0, 5)}, "size"),
        ({"size": (5.5, 5)}, "size"),
        ({"size": (65_536, 1)}, "size"),
        ({"size": (65_535, 65_535)}, "pixels"),
        ({"mode": "colour"}, "mode must be one of auto"),
        ({"points": 0}, "points"),
        ({"supersample": 0}, r"supersample must be a whole number within 1\.\.8 or None"),
        ({"supersample": 9}, "supersample"),
        ({"supersample": 1.5}, "supersample"),
        ({"zoom": 0.0}, "zoom"),
        ({"viewport": (0, 0, 0, 1)}, "viewport"),
        ({"threads": 0}, "threads"),
        ({"depth": -1}, "depth must be a whole number from 0"),
        ({"depth": 1.5}, "depth"),
        ({"device": "tpu"}, "device"),
    ],
)
def test_unusable_arguments_are_named(arguments, message):
    with pytest.raises(InputError, match=message):
        render(SQUARE, **{"size": (8, 8), **arguments})


def test_escaping_systems_are_an_error():
    with pytest.raises(InputError, match="escape to infinity"):
        render(IFS([np.eye(2) * 2, np.eye(2) * 3], [[1, 0], [0, 1]]), (16, 16))


@pytest.mark.parametrize("angle", [0.3, 1.0])
def test_isometries_do_not_crash(angle):
    c, s = np.cos(angle), np.sin(angle)
    picture = render(IFS([[[c, -s], [s, c]]], [[1.0, 0.0]]), (32, 32))
    assert np.isfinite(picture).all()


def test_a_code_with_a_leaf_is_drawn_at_the_depth_it_was_fitted_at() -> None:
    leaf = Primitive("disk", (0.5, 0.3, 0.6))
    code = IFSCode(classic("sierpinski-gasket"), Viewport(-0.1, -0.1, 1.1, 1.1), (64, 64), leaf)
    noted = replace(code, notes={"depth": "2"})
    np.testing.assert_array_equal(render(noted), render(code, depth=2))
    assert not np.array_equal(render(noted), render(code))  # points, where nothing is noted
    assert np.array_equal(render(noted, points=5000), render(code, points=5000))
    assert np.array_equal(render(replace(code, notes={"depth": "-9"})), render(code))
