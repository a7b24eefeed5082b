"""Views of 3-D systems: the camera's axes, hidden points, shading, colour."""

import numpy as np
import pytest

from selfsame.errors import InputError
from selfsame.ifs.render.pictures import render
from selfsame.ifs.render.view3d import FAR_LIGHT, camera_axes, render_view
from selfsame.ifs.samples.library import classic
from selfsame.ifs.system import IFS


def dots(*places, colors=None):
    n = len(places)
    return IFS(np.zeros((n, 3, 3)), places, np.full(n, 1 / n), colors)


def lit(picture: np.ndarray) -> list[tuple[int, int]]:
    return sorted((int(i), int(j)) for i, j in np.argwhere(picture > 0))


@pytest.mark.parametrize("azimuth", [-200.0, 0.0, 33.0, 90.0])
@pytest.mark.parametrize("elevation", [-90.0, 0.0, 20.0, 90.0])
def test_camera_axes_are_a_right_handed_frame(azimuth, elevation):
    right, up, away = camera_axes(azimuth, elevation)
    assert np.allclose(
        camera_axes(azimuth, elevation) @ camera_axes(azimuth, elevation).T, np.eye(3)
    )
    assert np.allclose(np.cross(right, away), up)
    assert right[2] == 0
    assert up[2] >= -1e-12


def test_axes_point_where_the_documentation_says():
    right, up, away = camera_axes(0, 0)
    assert np.allclose(right, (1, 0, 0))
    assert np.allclose(up, (0, 0, 1))
    assert np.allclose(away, (0, 1, 0))
    _, up, away = camera_axes(0, 90)  # from above, looking down
    assert np.allclose(away, (0, 0, -1))
    assert np.allclose(up, (0, 1, 0))


def test_x_goes_right_and_z_goes_up():
    # The ball around the four dots has the radius 1, so the picture shows -1..1 or a bit more.
    system = dots([1, 0, 0], [-1, 0, 0], [0, 0, 1], [0, 0, -0.5])
    picture = render_view(
        system, (21, 21), azimuth=0, elevation=0, supersample=1, points=2000, seed=1
    )
    places = lit(picture)
    assert len(places) == 4
    (top, top_column), *_, (bottom, _) = places
    rows = [i for i, _ in places]
    columns = sorted(j for _, j in places)
    assert top <= 3
    assert top_column == 10
    assert bottom > 12
    assert columns[0] <= 2
    assert columns[-1] >= 18
    assert len(rows) == 4


def test_near_points_hide_far_ones():
    # Seen along +y: red in front of green; from the other side green is in front.
    system = dots([0, -1, 0], [0, 1, 0], colors=[[1, 0, 0], [0, 1, 0]])
    options = {"elevation": 0.0, "supersample": 1, "points": 2000}
    front = render_view(system, (9, 9), azimuth=0.0, **options)
    back = render_view(system, (9, 9), azimuth=180.0, **options)
    # Colours are blends with the other map's: the own one dominates.
    assert front[4, 4, 0] > front[4, 4, 1]
    assert back[4, 4, 1] > back[4, 4, 0]


def test_light_falls_with_depth():
    system = dots([-1, -1, 0], [1, 1, 0])
    picture = render_view(system, (31, 31), azimuth=0, elevation=0, supersample=1, points=2000)
    left, right = picture[:, :15].max(), picture[:, 16:].max()
    assert left == pytest.approx(1)
    assert right == pytest.approx(FAR_LIGHT, abs=1e-3)


def test_views_do_not_depend_on_threads():
    sponge = classic("menger-sponge")
    one, two = (render_view(sponge, (60, 40), points=1_000_000, seed=1, threads=t) for t in (1, 2))
    assert one.shape == (40, 60)
    assert np.array_equal(one, two)


def test_render_passes_3d_systems_on():
    picture = render(classic("menger-sponge"), (40, 40), points=300_000)
    assert picture.shape == (40, 40)
    assert picture.min() >= 0
    assert 0.2 < (picture > 0).mean() < 0.8
    colored = dots([0, 0, 0], [1, 0, 0], colors=[[1, 1, 1], [0, 1, 1]])
    assert render(colored, (8, 8)).shape == (8, 8, 3)


def test_a_single_point_is_drawn():
    picture = render_view(dots([3, 4, 5]), (9, 9), supersample=1, points=200)
    assert lit(picture) == [(4, 4)]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"elevation": 91}, "elevation"),
        ({"azimuth": float("nan")}, "azimuth"),
        ({"zoom": 0}, "zoom"),
        ({"size": (0, 4)}, "size"),
        ({"points": 0}, "points"),
    ],
)
def test_unusable_arguments_are_named(arguments, message):
    with pytest.raises(InputError, match=message):
        render_view(dots([0, 0, 0]), **{"size": (4, 4), **arguments})


def test_planar_arguments_and_systems_are_refused():
    with pytest.raises(InputError, match="planar"):
        render(classic("menger-sponge"), (8, 8), viewport=(0, 0, 1, 1))
    with pytest.raises(InputError, match="planar"):
        render(classic("menger-sponge"), (8, 8), depth=2)
    with pytest.raises(InputError, match="3-D"):
        render_view(classic("sierpinski-gasket"), (8, 8))


def test_escaping_points_are_an_error():
    with pytest.raises(InputError, match="escape"):
        render_view(IFS([np.eye(3) * 2, np.eye(3) * 3], [[1, 0, 0], [0, 1, 0]]), (8, 8))
