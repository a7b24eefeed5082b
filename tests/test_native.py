"""The compiled core checks every index: what would read foreign memory is an IndexError."""

import os
import re
import resource
import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pytest

from selfsame import _native
from selfsame._native import collage, ifs, mosaic, pifs, testing
from selfsame.collage.stream import initial_tables
from support import ROOT

PLANE = np.zeros((64, 64), np.float32)
LEVELS = np.zeros((64, 64), np.int32)
BLOCKS = np.array([[0, 0, 3, 3], [0, 8, 3, 3]], np.int32)
LOWER = BLOCKS + np.array([40, 0, 0, 0], np.int32)
BYTES = np.zeros((8, 8, 1), np.uint8)


def mapped(*numbers: int) -> np.ndarray:
    """The maps of the blocks, of which the second has none."""
    return np.array([numbers, (0,) * 5], np.int32)


WITHOUT_MAPS = mapped(0, 0, 0, 0, 0)


def apply(blocks: np.ndarray, maps: np.ndarray, luma: np.ndarray | None = None) -> object:
    return testing.iterate(PLANE.copy(), blocks, maps, 1, luma, None, 1, 1)


def paint(top: int, left: int) -> None:
    corners, isometries = np.array([[top, left]]), np.zeros(1, np.uint8)
    base, maps = np.zeros((1, 3, 1), np.float32), np.zeros((1, 1, 1), np.float32)
    mosaic.paint(BYTES.copy(), 0, corners, isometries, base, maps, BYTES, 1)


def decode(side: int, alpha: np.ndarray | None = None) -> None:
    """Fill so many pixels with a picture of 64, whose blocks do not fill its plane."""
    out = np.zeros((side, side, 1 if alpha is None else 2), np.float32)
    plane = (LEVELS, BLOCKS, WITHOUT_MAPS, 1.0, 64, 64)
    region = (0, 0, side, side)
    pifs.decode([plane], False, 0, alpha, region, 1, True, 0, [], out, 2)


BEYOND: dict[str, Callable[[], object]] = {
    "a domain": lambda: apply(BLOCKS, mapped(1, 56, 0, 0, 4)),
    "a start": lambda: testing.iterate(
        PLANE.copy(), BLOCKS, mapped(1, 0, 0, 0, 4), 1, None, PLANE[:8], 1, 1
    ),
    "a residual": lambda: pifs.subtract_maps(
        PLANE[:32].copy(), PLANE, LOWER, mapped(1, 0, 0, 0, 4), None, 1
    ),
    "a kind of map": lambda: apply(BLOCKS, mapped(5, 0, 0, 0, 4)),
    "a plane": lambda: pifs.deblock(PLANE[:32].copy(), LEVELS, LOWER, WITHOUT_MAPS, 1.0, 4, 1, 1),
    "domains": lambda: pifs.near_maps(PLANE, PLANE[:16], 3, 4, 0.0, 2),
    "a window": lambda: decode(65),
    "a part": lambda: decode(63),
    "alpha": lambda: decode(64, np.zeros((63, 64), np.uint8)),
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
        lambda: pifs.settle(PLANE.copy(), blocks, WITHOUT_MAPS, None, 1),
        lambda: pifs.transform_blocks(PLANE.copy(), blocks, 1.0, 1),
        lambda: pifs.inverse_dct(LEVELS, blocks, 1.0, 1, 1),
    ):
        with pytest.raises(ValueError, match="outside of its plane"):
            call()


WITHOUT_THREADS = """
import numpy as np
from selfsame._native import pifs
plane = np.random.default_rng(0).random((256, 64), np.float32)
one, four = (pifs.near_maps(plane, plane, 3, 4, 0.0, threads) for threads in (1, 4))
assert np.array_equal(one, four)
print("done")
"""


def limit_memory() -> None:
    """Let no thread start: each asks for a stack that is larger than all memory."""
    _, most = resource.getrlimit(resource.RLIMIT_STACK)
    resource.setrlimit(resource.RLIMIT_STACK, (1 << 36, most))
    resource.setrlimit(resource.RLIMIT_AS, (1 << 33, 1 << 33))


@pytest.mark.skipif(
    resource.getrlimit(resource.RLIMIT_STACK)[1] != resource.RLIM_INFINITY,
    reason="stacks cannot be made as large",
)
@pytest.mark.skipif(
    "libasan" in os.environ.get("LD_PRELOAD", ""), reason="the sanitizer takes more addresses"
)
def test_work_is_done_without_threads_that_the_system_refuses() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", WITHOUT_THREADS],
        preexec_fn=limit_memory,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
    )
    assert (ended.returncode, ended.stdout) == (0, "done\n"), ended.stderr


def test_arrays_that_are_not_aligned_are_refused() -> None:
    shifted = np.frombuffer(bytes(4 * 4 * 2 + 1), np.int32, 8, offset=1).reshape(2, 4)
    with pytest.raises(ValueError, match="not aligned"):
        pifs.transform_blocks(PLANE, shifted, 1.0, 1)


def test_luma_is_as_large_as_the_plane_or_twice() -> None:
    with pytest.raises(ValueError, match="or twice"):
        apply(BLOCKS, mapped(4, 0, 0, 0, 4), np.zeros((192, 192), np.float32))


def test_points_of_a_line_lie_in_no_cells_of_the_plane() -> None:
    start, out, tree = np.zeros(1, np.float32), np.zeros((64, 1), np.float32), np.ones(1, np.uint64)
    halves = (np.full((1, 1, 1), 0.5, np.float32), np.zeros((1, 1), np.float32), tree)
    none = (np.zeros((0, 1, 1), np.float32), np.zeros((0, 1), np.float32), tree)
    field = (7, 0x83)
    with pytest.raises(ValueError, match="two coordinates"):
        ifs.sample_share(0, 0, start, 16, field, field, halves, none, True, out)


@pytest.mark.parametrize("bias", [7 << 17, -(1 << 17) - 1, -(1 << 31)])
def test_biases_that_no_stream_holds_are_refused(bias: int) -> None:
    """The first would be written as the largest one that is held: its error is cut."""
    symbols = np.array([[[-(1 << 17), bias]]], np.int32)
    with pytest.raises(ValueError, match="a bias beyond"):
        collage.write_symbols([symbols], 0, 128, *initial_tables())


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
