import numpy as np
import pytest

from selfsame import IFS, IFSCode, InputError
from selfsame.ifs.code import Primitive, Viewport
from selfsame.limits import MAX_SIDE

SYSTEM = IFS(np.eye(2)[None] / 2, [[0.0, 0.0]])


def test_viewport_becomes_floats_and_knows_its_sides() -> None:
    code = IFSCode(SYSTEM, Viewport(-1, 0, 3, 2), (40, 20))
    assert isinstance(code.viewport, Viewport)
    assert all(isinstance(v, float) for v in code.viewport)
    assert (code.viewport.width, code.viewport.height) == (4, 2)
    assert code.primitive is None
    assert code.notes == {}


@pytest.mark.parametrize("view", [(0, 0, 0, 1), (0, 1, 1, 0), (0, 0, np.nan, 1), (0, 0, np.inf, 1)])
def test_an_empty_or_endless_viewport_is_refused(view: tuple) -> None:
    with pytest.raises(InputError, match="viewport needs"):
        IFSCode(SYSTEM, Viewport(*view), (1, 1))


@pytest.mark.parametrize("size", [(0, 1), (1, MAX_SIDE + 1), (1,), (1, 2, 3)])
def test_a_size_out_of_range_is_refused(size: tuple) -> None:
    with pytest.raises(InputError, match=r"size is \(width, height\)"):
        IFSCode(SYSTEM, Viewport(0, 0, 1, 1), size)


def test_largest_size_is_allowed() -> None:
    assert IFSCode(SYSTEM, Viewport(0, 0, 1, 1), (MAX_SIDE, 1)).size == (MAX_SIDE, 1)


@pytest.mark.parametrize(
    ("kind", "parameters", "message"),
    [
        ("ellipse", (1, 2), "primitive must be one of"),
        ("disk", (1, 2), "a disk takes 3 finite numbers"),
        ("rectangle", (1, 2, 3, 4, np.inf), "a rectangle takes 5"),
        ("segment", (), "a segment takes 5"),
    ],
)
def test_a_wrong_primitive_is_refused(kind: str, parameters: tuple, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Primitive(kind, parameters)  # type: ignore[arg-type]


def test_codes_of_equal_parts_are_equal() -> None:
    def build(note: str) -> IFSCode:
        disk = Primitive("disk", (0.0, 0.0, 1.0))
        return IFSCode(SYSTEM, Viewport(0, 0, 1, 1), (2, 3), disk, {"seed": note})

    assert build("1") == build("1")
    assert build("1") != build("2")
