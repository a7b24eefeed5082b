from dataclasses import replace

import numpy as np
import pytest
from skimage import data

from selfsame.errors import InputError
from selfsame.mosaic import fit, render, view, zoom_frames
from selfsame.mosaic.drawing.rendering import plane_of
from selfsame.mosaic.drawing.window import Viewer, whole_plane
from selfsame.mosaic.drawing.zoom import find_gate, through
from support.random_mosaics import random_code, random_pieces

SIZE = (64, 64)
CODE = random_code(grid=8, levels=1, seed=5)


def difference(a, b):
    return np.abs(a.astype(float) - b.astype(float)).mean()


GATE = find_gate(CODE)


@pytest.fixture(scope="module")
def zoomed():
    """The view through the gate at a magnification."""
    viewer = Viewer(CODE, SIZE)
    return lambda zoom: through(viewer, GATE, zoom)


def test_the_first_frame_is_the_picture(zoomed):
    large = render(CODE, (512, 512)).reshape(64, 8, 64, 8, 3).mean(axis=(1, 3))
    assert difference(zoomed(1), large) < 0.6


def test_a_view_is_a_part_of_a_huge_rendering():
    """Every pixel of a zoomed frame against the average of 64 of the tiled renderer's."""
    frame = view(CODE, 4, (24, 48), SIZE)
    huge = render(CODE, (2048, 2048))
    top, left = round(0.5 * 0.75 * 2048), round(0.25 * 0.75 * 2048)
    part = huge[top : top + 512, left : left + 512].reshape(64, 8, 64, 8, 3).mean(axis=(1, 3))
    assert difference(frame, part) < 0.6


def test_a_loop_closes(zoomed):
    ratio = GATE.ratio
    first, last = zoomed(1), zoomed(ratio * (1 - 1e-6))
    step = zoomed(ratio**0.02)
    assert difference(first, last) < 0.03
    assert difference(first, step) > 5 * difference(first, last)


def test_a_loop_of_few_patches_closes():
    """The gate in the gate is large: it must be as tinted at the end as the gate at the start."""
    code = random_code(grid=3, levels=0, moves=1, contrast=40)
    viewer, gate = Viewer(code, SIZE), find_gate(code)
    first, last = (through(viewer, gate, zoom) for zoom in (1, 3 * (1 - 1e-6)))
    assert difference(first, last) < 0.03


def test_any_depth_is_a_view_of_the_first_period(zoomed):
    for zoom in (1, 1.7, 6.1):
        shown = zoomed(zoom)
        assert difference(zoomed(zoom * GATE.ratio**20), shown) < 0.1


def test_the_speed_is_constant(zoomed):
    """Frames are equally far apart on the scale of the zoom, the first one the whole picture."""
    three = list(zoom_frames(CODE, 3, zoom=4, size=SIZE))
    for frame, zoom in zip(three, (1, 2, 4), strict=True):
        assert np.array_equal(frame, zoomed(zoom))
    loop = list(zoom_frames(CODE, 2, size=SIZE))
    assert np.array_equal(loop[1], zoomed(GATE.ratio**0.5))
    (alone,) = zoom_frames(CODE, 1, zoom=4, size=SIZE)
    assert np.array_equal(alone, loop[0])


def test_deep_down_it_is_as_sharp_as_above():
    code = fit(data.chelsea())
    frames = list(zoom_frames(code, 2, zoom=16.0**9, size=(90, 60)))
    gradients = [np.abs(np.diff(f.astype(float), axis=1)).mean() for f in frames]
    assert gradients[1] == pytest.approx(gradients[0], rel=0.02)


def test_threads_do_not_show_and_grey_stays_grey():
    code = random_code(channels=1, grid=8, levels=0, moves=8)
    one, many = (next(zoom_frames(code, 1, size=(40, 30), threads=t)) for t in (1, None))
    assert np.array_equal(one, many)
    assert one.shape == (30, 40, 1)


def test_the_plane_of_the_whole_follows_from_the_patches():
    code = random_code(contrast=30)
    own = 255 * whole_plane(code)
    assert np.abs(own - plane_of(render(code, (512, 512)))).max() < 0.7


def test_the_gate():
    gate = find_gate(CODE)
    assert CODE.isometries[gate.patch] == 0
    assert gate.ratio == 8 << CODE.cells[gate.patch, 0]
    top, left, bottom, right = CODE.bounds[gate.patch] / CODE.finest
    # The fixed point: as far across the patch as across the picture.
    assert (gate.x - left) / (right - left) == pytest.approx(gate.x)
    assert (gate.y - top) / (bottom - top) == pytest.approx(gate.y)
    upright = np.flatnonzero(CODE.isometries == 0)
    for patch in upright[::5]:
        top, left, bottom, right = CODE.bounds[patch] / CODE.finest
        at = (left + right) / 2 * CODE.width, (top + bottom) / 2 * CODE.height
        assert find_gate(CODE, at).patch == patch


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"frames": 0}, "frames"),
        ({"frames": 20_000}, "frames"),
        ({"zoom": 0.5}, "zoom"),
        ({"zoom": float("nan")}, "zoom"),
        ({"size": (0, 5)}, "size"),
        ({"size": (5000, 5)}, "size"),
        ({"at": (97, 3)}, "96x96"),
        ({"at": (3, -1)}, "96x96"),
    ],
)
def test_what_cannot_be_zoomed(options, words):
    with pytest.raises(InputError, match=words):
        zoom_frames(CODE, **{"frames": 3, **options})


@pytest.mark.parametrize(
    ("zoom", "at", "size", "words"),
    [
        (0.9, (1, 1), SIZE, "zoom must be within"),
        (1e10, (1, 1), SIZE, "zoom must be within"),
        (2, (97, 1), SIZE, "must lie in the picture, 96x96: got 97,1"),
        (2, (1, 1), (0, 1), "pixels: got 0x1; pass a size"),
    ],
)
def test_what_cannot_be_viewed(zoom, at, size, words):
    with pytest.raises(InputError, match=words):
        view(CODE, zoom, at, size)


def test_codes_without_a_gate():
    with pytest.raises(InputError, match="upright"):
        zoom_frames(replace(CODE, isometries=np.ones_like(CODE.isometries)), 3)
    with pytest.raises(InputError, match="itself"):
        zoom_frames(replace(CODE, pieces=random_pieces(CODE)), 3)
