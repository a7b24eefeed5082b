"""The option ``window`` of ``custom`` data sets."""

import numpy as np
import pytest

from selfsame.errors import InputError
from selfsame.fractals import make_recipe
from selfsame.fractals.recipes.make import rebuild_recipe
from selfsame.ifs.code import IFSCode, Viewport
from selfsame.ifs.render.batch import render_batch
from selfsame.ifs.samples.library import classic
from selfsame.ifs.system import IFS
from support.fractal_recipes import small

KOCH = classic("koch-curve")


def recipe(*codes: IFS | IFSCode, **options):
    settings = {"side": 32, "points": 4000, "instances": 4, "window": "code"}
    return make_recipe("custom", codes=list(codes), **{**settings, **options})


def code(view: tuple[float, float, float, float], size: tuple[int, int] = (9, 9)) -> IFSCode:
    return IFSCode(KOCH, Viewport(*view), size)


def test_the_window_of_the_code_is_drawn() -> None:
    view = (-0.4, -0.3, 1.6, 1.7)
    found = recipe(code(view), points=50_000).pictures([0])[0] > 0
    (expected,) = render_batch([KOCH], (32, 32), 50_000, viewports=view) > 0
    assert expected.any()
    # The random points differ: pixels that only few of them reach may be empty in one.
    assert (found != expected).sum() <= 2


def test_what_lies_outside_is_not_drawn() -> None:
    left_half = recipe(code((-0.5, -0.4, 0.5, 0.6))).pictures([0])[0]
    assert left_half[:, 16:].any()
    assert not recipe(code((2, 2, 3, 3))).pictures([0]).any()


def test_windows_are_widened_to_squares() -> None:
    wide, square = code((-0.5, 0, 1.5, 0.5), (8, 2)), code((-0.5, -0.75, 1.5, 1.25))
    pictures = recipe(wide, square, jitter=0, flips=False, instances=1)
    parameters = pictures.class_parameters()
    np.testing.assert_allclose(parameters["offsets"][0], parameters["offsets"][1], atol=1e-12)


def test_two_sizes_of_one_system_are_two_pictures() -> None:
    near, far = code((-0.2, -0.2, 1.2, 1.2)), code((-2, -2, 3, 3))
    sizes = (recipe(near, far).pictures([0, 4]) > 0).sum((1, 2))
    assert sizes[0] > 2 * sizes[1]
    fitted = recipe(near, far, window="points").pictures([0, 4]) > 0
    assert (fitted[0] == fitted[1]).mean() > 0.99


def test_the_identity_tells_windows_apart_and_rebuilds_the_recipe() -> None:
    one = recipe(code((-0.2, -0.2, 1.2, 1.2)))
    other = recipe(code((-0.2, -0.2, 1.3, 1.3)))
    assert one.identity()["options"]["window"] == "code"
    assert one.identity() != other.identity()
    again = rebuild_recipe(one.identity(), one.class_parameters())
    assert np.array_equal(again.pictures(range(4)), one.pictures(range(4)))


def test_points_stay_the_default() -> None:
    assert small("custom").identity()["options"]["window"] == "points"


def test_few_points_are_drawn_as_asked() -> None:
    picture = recipe(code((-0.2, -0.6, 1.2, 0.8)), points=30).pictures([0])[0]
    assert 5 < (picture > 0).sum() <= 30


def test_a_code_file_and_the_code_give_one_recipe(tmp_path) -> None:
    from selfsame.codes.store import save

    own = code((-0.25, -0.5, 1.25, 1.0))
    save(own, tmp_path / "a.ssm")
    read = make_recipe("custom", codes=tmp_path, side=32, window="code", instances=4, points=4000)
    assert read.identity() == recipe(own).identity()


@pytest.mark.parametrize(
    ("codes", "options", "word"),
    [
        ([KOCH], {}, "window of their own"),
        ([code((0, 0, 1, 1))], {"window": "mine"}, "points, code"),
        (
            [IFSCode(IFS(np.eye(3)[None] / 2, np.zeros((1, 3))), Viewport(0, 0, 1, 1), (4, 4))],
            {},
            "planar",
        ),
    ],
)
def test_codes_without_a_window_are_refused(codes, options, word) -> None:
    with pytest.raises(InputError, match=word):
        recipe(*codes, **options)
