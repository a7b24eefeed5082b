"""Windows: fitting, zooming, the transform to pixels."""

import numpy as np
import pytest

from selfsame.errors import InputError
from selfsame.ifs.code import Viewport
from selfsame.ifs.geometry.viewport import (
    checked_viewport,
    fit_viewport,
    plane_to_pixels,
    zoomed,
)
from selfsame.ifs.system import IFS

SQUARE = IFS(np.tile(np.eye(2) / 2, (4, 1, 1)), [[0, 0], [0.5, 0], [0, 0.5], [0.5, 0.5]])


def test_fit_encloses_the_unit_square_with_its_margin():
    view = fit_viewport(SQUARE, (100, 100), margin=0.1)
    assert np.allclose(view, (-0.1, -0.1, 1.1, 1.1), atol=1e-3)


@pytest.mark.parametrize("size", [(300, 100), (100, 300)])
def test_fit_widens_to_the_aspect_of_the_picture(size):
    view = fit_viewport(SQUARE, size, margin=0.0)
    assert view.width / view.height == pytest.approx(size[0] / size[1])
    assert min(view.width, view.height) == pytest.approx(1, abs=1e-3)
    assert (view.x_min + view.x_max) / 2 == pytest.approx(0.5, abs=1e-3)


@pytest.mark.parametrize("place", [(0.0, 0.0), (3.0, -4.0), (1e6, 1e6), (0.0, 1e20)])
def test_a_single_point_gets_a_window_around_it(place):
    view = fit_viewport(IFS(np.zeros((2, 2, 2)), [place, place]))
    assert view.x_min < np.float32(place[0]) < view.x_max
    assert view.y_min < np.float32(place[1]) < view.y_max


def test_a_segment_gets_a_window_with_height():
    flat = IFS([[[0.5, 0], [0, 0]], [[0.5, 0], [0, 0]]], [[0, 2], [0.5, 2]])
    view = fit_viewport(flat, (400, 100), margin=0.0)
    assert view.height == pytest.approx(0.25, abs=1e-3)
    assert (view.y_min + view.y_max) / 2 == pytest.approx(2)


def test_zoom_shrinks_about_the_centre_asked_for():
    view = Viewport(0.0, 0.0, 4.0, 2.0)
    assert zoomed(view, 2.0) == (1.0, 0.5, 3.0, 1.5)
    assert zoomed(view, 4.0, (0.0, 1.0)) == (-0.5, 0.75, 0.5, 1.25)


def test_corners_of_the_window_are_corners_of_the_picture():
    scale, shift = plane_to_pixels(Viewport(-1.0, 2.0, 3.0, 4.0), (8, 6))
    assert np.allclose(scale * (-1, 4) + shift, (0, 0))  # top left
    assert np.allclose(scale * (3, 2) + shift, (8, 6))  # bottom right


@pytest.mark.parametrize(
    "numbers",
    [(0, 0, 0, 1), (0, 1, 1, 0), (0, 0, np.nan, 1), (0, 0, np.inf, 1), (1, 1, 1 + 1e-14, 2)],
)
def test_unusable_windows_are_refused(numbers):
    with pytest.raises(InputError, match="viewport"):
        checked_viewport(*numbers)


@pytest.mark.parametrize("zoom", [0, -1, np.nan, np.inf, 1e10])
def test_unusable_zooms_are_refused(zoom):
    with pytest.raises(InputError, match="zoom"):
        zoomed(Viewport(0.0, 0.0, 1.0, 1.0), zoom)
