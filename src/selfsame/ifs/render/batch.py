"""Pictures of many planar systems in one call, as data sets for pre-training need them."""

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple, cast, get_args

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from selfsame._native import ifs as native
from selfsame.errors import InputError
from selfsame.ifs.chaos.games import (
    burn_in_steps,
    choose_fields,
    probability_tree,
    start_points,
)
from selfsame.ifs.limits import check_cells, check_points, check_size
from selfsame.ifs.system import IFS
from selfsame.run.threads import thread_count

BatchMode = Literal["binary", "grey", "log", "patch"]

MODES: tuple[str, ...] = get_args(BatchMode)


class Games(NamedTuple):
    """B planar systems as the compiled core plays them.

    Attributes:
        maps: matrices and offsets, (n, 6), those of all systems one behind the other.
        bounds: (B + 1,) int64; system i has the maps ``bounds[i] : bounds[i + 1]``.
        trees: ``probability_tree`` of each.
        starts: ``start_points`` of each, (B, 2).
        burn_ins: ``burn_in_steps`` of each, (B,).
    """

    maps: NDArray[np.float64]
    bounds: NDArray[np.int64]
    trees: NDArray[np.uint64]
    starts: NDArray[np.float64]
    burn_ins: NDArray[np.int64]


class SystemArrays(NamedTuple):
    """B planar systems as arrays, padded to M maps; what ``render_batch`` takes without a look at
    single systems.

    Attributes:
        matrices: (B, M, 2, 2).
        offsets: (B, M, 2).
        probabilities: (B, M), rows of sum 1; 0 from the system's count on.
        counts: (B,) int64, the maps of each, 1 to M.
    """

    matrices: NDArray[np.float64]
    offsets: NDArray[np.float64]
    probabilities: NDArray[np.float64]
    counts: NDArray[np.int64]

    def take(self, chosen: ArrayLike) -> "SystemArrays":
        """Return the systems at these places, in this order."""
        places = np.asarray(chosen, np.int64)
        return SystemArrays(**{name: part[places] for name, part in self._asdict().items()})

    def described(self, place: int) -> dict[str, object]:
        """Return the arrays of one system but its count, without padding, ready for JSON."""
        arrays = self._asdict()
        count = arrays.pop("counts")[place]
        return {name: array[place, :count].tolist() for name, array in arrays.items()}

    def games(self) -> Games:
        """Return the systems as the compiled core plays them."""
        matrices, offsets, probabilities, counts = self
        used = np.arange(matrices.shape[1]) < counts[:, None]
        return Games(
            np.concatenate([matrices[used].reshape(-1, 4), offsets[used]], axis=1),
            np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
            probability_tree(probabilities),
            start_points(matrices, offsets, probabilities),
            burn_in_steps(matrices, probabilities),
        )


def stack_systems(systems: Sequence[IFS]) -> SystemArrays:
    """Return the arrays of planar systems.

    Raises:
        InputError: a system of another dimension.
    """
    wrong = [i for i, system in enumerate(systems) if system.dimension != 2]
    if wrong:
        raise InputError(f"render_batch draws planar systems: those at {wrong[:5]} are not")
    total, most = len(systems), max(map(len, systems), default=1)
    arrays = SystemArrays(
        np.zeros((total, most, 2, 2)),
        np.zeros((total, most, 2)),
        np.zeros((total, most)),
        np.array([len(system) for system in systems], np.int64),
    )
    for i, system in enumerate(systems):
        n = len(system)
        arrays.matrices[i, :n] = system.matrices
        arrays.offsets[i, :n] = system.offsets
        arrays.probabilities[i, :n] = system.probabilities
    return arrays


def render_batch(
    systems: Sequence[IFS] | SystemArrays,
    size: tuple[int, int],
    points: int = 100_000,
    *,
    viewports: ArrayLike | None = None,
    margin: float = 0.0,
    stretch: bool = False,
    mode: BatchMode = "binary",
    seed: int = 0,
    streams: ArrayLike | None = None,
    dtype: DTypeLike = np.float32,
    threads: int | None = None,
    allow_escape: bool = False,
) -> NDArray[np.float32] | NDArray[np.uint8]:
    """Return one picture of each planar system, (B, H, W), row 0 at the top.

    Picture i depends on ``systems[i]``, ``streams[i]`` and the other arguments only, not on the
    number of threads or the other systems.

    Args:
        systems: B systems of the plane, with any numbers of maps.
        size: (width, height) of every picture.
        points: points of each picture.
        viewports: (4,) or (B, 4); None fits each window to the bounding box of its points,
            widened to the aspect of ``size`` and by ``margin`` of its larger side.
        stretch: with fitted windows: fill the picture in x and y, whatever the aspect; ``margin``
            is then one of each side.
        mode: ``binary`` pixels that were hit; ``grey`` counts over the largest count; ``log``
            log(1 + count) over the largest; ``patch`` every point stamps a 3 × 3 pattern, one of
            the 511 non-empty ones by chance for each picture (Kataoka et al. 2020,
            "Pre-training without Natural Images").
        seed: 0 .. 2^64 - 1.
        streams: (B,) the random stream of each picture, 0 .. 2^64 - 1; None numbers them from 0.
        dtype: float32 for values in [0, 1], uint8 for 0 to 255.
        allow_escape: draw systems that run off to infinity as far as they stay in the window.
    Raises:
        InputError: a system of another dimension, unusable arguments, or systems all of whose
            points escape to infinity (unless ``allow_escape``).
    """
    width, height = check_size(size)
    check_points(points)
    if mode not in MODES:
        raise InputError(f"mode must be one of {', '.join(MODES)}: got {mode!r}")
    kind = np.dtype(dtype)
    if kind not in (np.dtype(np.float32), np.dtype(np.uint8)):
        raise InputError(f"dtype must be float32 or uint8: got {kind}")
    if not 0 <= margin <= 100:
        raise InputError(f"margin must be within 0..100: got {margin}")
    arrays = systems if isinstance(systems, SystemArrays) else stack_systems(systems)
    total = len(arrays.counts)
    check_cells(total * width * height, kind.itemsize, "the pictures of the batch")
    out: NDArray[Any] = np.empty((total, height, width), kind)
    if total == 0:
        return out
    views = _views(viewports, total)
    numbers = _streams(streams, total)
    field, ancestor_field = choose_fields(points, arrays.matrices.shape[1])
    lost = np.zeros(total)
    scale = 1.0 if kind == np.float32 else 255
    native.draw_batch(
        seed,
        numbers,
        *arrays.games(),
        points,
        field,
        ancestor_field,
        viewports is None,
        float(margin),
        0.0 if stretch else width / height,
        mode,
        scale,
        views,
        lost,
        out,
        thread_count(threads),
    )
    escaped = np.flatnonzero(lost == 1)
    if len(escaped) and not allow_escape:
        raise InputError(
            f"all points of {len(escaped)} of {total} systems escape to infinity (first: "
            f"{escaped[:5].tolist()}); leave them out or pass allow_escape=True"
        )
    return out


def _streams(streams: ArrayLike | None, total: int) -> NDArray[np.uint64]:
    if streams is None:
        return np.arange(total, dtype=np.uint64)
    numbers = np.asarray(streams)
    if numbers.shape != (total,) or not np.issubdtype(numbers.dtype, np.integer):
        raise InputError(
            f"streams must be ({total},) whole numbers: got {numbers.dtype} {numbers.shape}"
        )
    if total and numbers.min() < 0:
        raise InputError(f"streams must not be negative: got {numbers.min()}")
    return cast(NDArray[np.uint64], numbers.astype(np.uint64))


def _views(viewports: ArrayLike | None, total: int) -> NDArray[np.float64]:
    if viewports is None:
        return np.zeros((total, 4))
    try:
        views = np.array(np.broadcast_to(np.asarray(viewports, np.float64), (total, 4)), order="C")
    except ValueError as error:
        raise InputError(f"viewports must be (4,) or ({total}, 4): {error}") from error
    if (
        not np.isfinite(views).all()
        or (views[:, 2] <= views[:, 0]).any()
        or (views[:, 3] <= views[:, 1]).any()
    ):
        raise InputError("viewports need x_min < x_max and y_min < y_max, all finite")
    return views
