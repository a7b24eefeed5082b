"""The benchmark of silhouettes: its specifications and its own drawing."""

import numpy as np
import pytest

from benchmarks.ifs import shapes
from selfsame.errors import InputError
from selfsame.ifs.code import IFSCode, Viewport
from selfsame.ifs.system import IFS
from selfsame.metrics.pictures import iou


def test_specs() -> None:
    assert shapes.parse_spec("gradient") == ("gradient", {})
    assert shapes.parse_spec("gradient,preset=best,maps=40,threshold=None") == (
        "gradient",
        {"preset": "best", "maps": 40, "threshold": None},
    )
    assert shapes.parse_spec("distance,layout=squares:3,depth=4") == (
        "distance",
        {"layout": "squares:3", "depth": 4},
    )
    for spec in (spec for plan in shapes.PLAN.values() for spec in plan):
        shapes.parse_spec(spec)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("newton", "a SPEC is gradient or distance"),
        ("gradient,maps", "a SPEC is gradient or distance"),
        ("gradient,layout=free:3", "gradient has no setting layout"),
        ("distance,checkpoint=x", "distance has no setting checkpoint"),
        ("distance,pictures=1", "distance has no setting pictures"),
    ],
)
def test_bad_specs_are_refused(spec: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        shapes.parse_spec(spec)


def half_square_code(size: tuple[int, int]) -> IFSCode:
    """The attractor is the square [0, 1]², the window [0, 2]x[0, 1]: the left half."""
    offsets = 0.5 * np.array([[0.0, 0], [1, 0], [0, 1], [1, 1]])
    return IFSCode(IFS(np.repeat(0.5 * np.eye(2)[None], 4, 0), offsets), Viewport(0, 0, 2, 1), size)


def test_judge_sees_a_perfect_code_as_perfect() -> None:
    size = (96, 48)
    picture = np.zeros((48, 96), np.float32)
    picture[:, :48] = 1
    code = half_square_code(size)
    drawn = shapes.drawing(code, size, 0)
    assert drawn.shape == (48, 96)
    assert iou(drawn > 0.5, picture > 0.5) > 0.95
    row = shapes.judge(code, picture, 0, 0.5)
    assert row["IoU"] > 0.97
    assert row["drawing IoU"] > 0.95
    assert row["Chamfer px"] < 0.05
