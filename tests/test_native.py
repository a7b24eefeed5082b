"""The compiled core checks every index: what would read foreign memory is an IndexError."""

import re
from collections.abc import Callable

import numpy as np
import pytest

from selfsame import _native
from selfsame._native import mosaic, pifs
from support import ROOT

PLANE = np.zeros((64, 64), np.float32)
LEVELS = np.zeros((64, 64), np.int32)
BLOCKS = np.array([[0, 0, 3, 3], [0, 8, 3, 3]], np.int32)
LOWER = BLOCKS + np.array([40, 0, 0, 0], np.int32)
BYTES = np.zeros((8, 8, 1), np.uint8)


def mapped(*numbers: int) -> np.ndarray:
    """The maps of the blocks, of which the second has none."""
    return np.array([numbers, (0,) * 5], np.int32)


def apply(blocks: np.ndarray, maps: np.ndarray, luma: np.ndarray | None = None) -> object:
    return pifs.apply_maps(PLANE, PLANE, blocks, maps, 1, luma, 1)


def paint(top: int, left: int) -> None:
    corners, isometries = np.array([[top, left]]), np.zeros(1, np.uint8)
    base, maps = np.zeros((1, 3, 1), np.float32), np.zeros((1, 1, 1), np.float32)
    mosaic.paint(BYTES.copy(), 0, corners, isometries, base, maps, BYTES, 1)


def compose(values: np.ndarray) -> None:
    out = np.zeros((64, 64, 1), np.float32)
    pifs.compose([(values, 0, 0, 64, 64)], False, 0, 0, out, 2)


WITHOUT_MAPS = mapped(0, 0, 0, 0, 0)

BEYOND: dict[str, Callable[[], object]] = {
    "a domain": lambda: apply(BLOCKS, mapped(1, 56, 0, 0, 4)),
    "a kind of map": lambda: apply(BLOCKS, mapped(5, 0, 0, 0, 4)),
    "a plane": lambda: pifs.deblock(PLANE[:32], LEVELS, LOWER, WITHOUT_MAPS, 1.0, 4, 1, 1),
    "domains": lambda: pifs.near_maps(PLANE, PLANE[:16], 3, 4, 0.0, 2),
    "a window": lambda: compose(PLANE[:32]),
    "a patch": lambda: paint(0, 4),
}


@pytest.mark.parametrize("name", BEYOND)
def test_indices_out_of_bounds_are_errors(name: str) -> None:
    with pytest.raises(IndexError, match="out of bounds"):
        BEYOND[name]()


@pytest.mark.parametrize(
    "block", [(0, 0, 7, 7), (0, 60, 3, 3), (0, 2, 3, 3), (-8, 0, 3, 3), (0, 0, 1, 3)]
)
def test_blocks_lie_within_their_plane(block: tuple[int, ...]) -> None:
    blocks = np.array([block, (0, 8, 3, 3)], np.int32)
    for call in (
        lambda: apply(blocks, WITHOUT_MAPS),
        lambda: pifs.settle(PLANE, blocks, WITHOUT_MAPS, None, 1),
        lambda: pifs.transform_blocks(PLANE, blocks, 1.0, 1),
        lambda: pifs.inverse_dct(LEVELS, blocks, 1.0, 1, 1),
    ):
        with pytest.raises(ValueError, match="outside of its plane"):
            call()


def test_luma_is_as_large_as_the_plane_or_twice() -> None:
    with pytest.raises(ValueError, match="or twice"):
        apply(BLOCKS, mapped(4, 0, 0, 0, 4), np.zeros((192, 192), np.float32))


def test_what_only_tests_call_lies_apart() -> None:
    folders = ("src", "benchmarks", "tools")
    files = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    texts = [text for path in files if "_native" in (text := path.read_text())]
    assert not any(re.search(r"_native(\.| import )testing", text) for text in texts)
    words = set(re.findall(r"\w+", "\n".join(texts)))
    modules = ("coding", "collage", "fractals", "ifs", "mosaic", "pifs")
    bound = {name for module in modules for name in dir(getattr(_native, module))}
    assert len(bound) > 40
    assert {name for name in bound if not name.startswith("_")} <= words
