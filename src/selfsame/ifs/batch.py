"""Pictures of many planar systems in one call, as data sets for pre-training need them."""

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from selfsame.errors import InputError
from selfsame.ifs import chaos_batch
from selfsame.ifs.chaos import burn_in_steps, choose_fields, start_points
from selfsame.ifs.limits import check_cells, check_points, check_size
from selfsame.ifs.random_counts import probability_tree
from selfsame.ifs.system import IFS
from selfsame.parallel import run_shares

BatchMode = Literal["binary", "grey", "log", "patch"]

MODES: dict[str, int] = {
    "binary": chaos_batch.BINARY,
    "grey": chaos_batch.GREY,
    "log": chaos_batch.LOG,
    "patch": chaos_batch.PATCH,
}

BLOCK = 4
"""Pictures that a thread takes at a time; few, that their histograms stay in the cache."""


def render_batch(
    systems: Sequence[IFS],
    size: tuple[int, int],
    points: int = 100_000,
    *,
    viewports: ArrayLike | None = None,
    margin: float = 0.0,
    mode: BatchMode = "binary",
    seed: int = 0,
    dtype: DTypeLike = np.float32,
    threads: int | None = None,
    allow_escape: bool = False,
    progress: Callable[[int], None] | None = None,
) -> NDArray[np.float32] | NDArray[np.uint8]:
    """Return one picture of each planar system, (B, H, W), row 0 at the top.

    Picture i depends on ``systems[i]``, i and the other arguments only, not on the number of
    threads or the other systems.

    Args:
        systems: B systems of the plane, with any numbers of maps.
        size: (width, height) of every picture.
        points: points of each picture.
        viewports: (4,) or (B, 4); None fits each window to the bounding box of its points,
            widened to the aspect of ``size`` and by ``margin`` of its larger side.
        mode: ``binary`` pixels that were hit; ``grey`` counts over the largest count; ``log``
            log(1 + count) over the largest; ``patch`` every point stamps a 3 × 3 pattern, one of
            the 511 non-empty ones by chance for each picture (Kataoka et al. 2020,
            "Pre-training without Natural Images").
        dtype: float32 for values in [0, 1], uint8 for 0 to 255.
        allow_escape: draw systems that run off to infinity as far as they stay in the window.
        progress: called with the number of pictures done since the last call.
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
    total = len(systems)
    wrong = [i for i, system in enumerate(systems) if system.dimension != 2]
    if wrong:
        raise InputError(f"render_batch draws planar systems: those at {wrong[:5]} are not")
    check_cells(total * width * height, kind.itemsize, "the pictures of the batch")
    out: NDArray[np.float32] | NDArray[np.uint8] = np.empty((total, height, width), kind)
    if total == 0:
        return out
    views = _views(viewports, total)
    counts = [len(system) for system in systems]
    bounds = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    # Padded to the longest system; surplus maps have probability 0.
    matrices = np.zeros((total, max(counts), 2, 2))
    offsets = np.zeros((total, max(counts), 2))
    probabilities = np.zeros((total, max(counts)))
    for i, system in enumerate(systems):
        matrices[i, : counts[i]] = system.matrices
        offsets[i, : counts[i]] = system.offsets
        probabilities[i, : counts[i]] = system.probabilities
    used = np.arange(max(counts)) < np.array(counts)[:, None]
    maps = np.concatenate([matrices[used].reshape(-1, 4), offsets[used]], axis=1)
    trees = probability_tree(probabilities)
    starts = start_points(matrices, offsets, probabilities)
    burn_ins = burn_in_steps(matrices, probabilities)
    field, ancestor_field = choose_fields(points, max(counts))
    lost = np.zeros(total)
    scale = kind.type(1 if kind == np.float32 else 255)

    binary = mode in ("binary", "patch")

    def draw(first: int) -> None:
        n = min(BLOCK, total - first)
        histograms = np.empty((n, (height + 2) * (width + 2)), np.uint8 if binary else np.uint32)
        patches = np.empty(n, np.int64)
        chaos_batch.plot_batch(
            np.uint64(seed),
            first,
            maps,
            bounds,
            trees,
            starts,
            burn_ins,
            views,
            viewports is None,
            float(margin),
            points,
            field,
            ancestor_field,
            width,
            height,
            binary,
            patches,
            lost[first : first + n],
            histograms,
        )
        for i in range(n):
            chaos_batch.develop(histograms[i], MODES[mode], patches[i], scale, out[first + i])
        if progress is not None:
            progress(n)

    run_shares(draw, range(0, total, BLOCK), threads)
    escaped = np.flatnonzero(lost == 1)
    if len(escaped) and not allow_escape:
        raise InputError(
            f"all points of {len(escaped)} of {total} systems escape to infinity (first: "
            f"{escaped[:5].tolist()}); leave them out or pass allow_escape=True"
        )
    return out


def _views(viewports: ArrayLike | None, total: int) -> NDArray[np.float64]:
    if viewports is None:
        return np.zeros((total, 4))
    try:
        views = np.array(np.broadcast_to(np.asarray(viewports, np.float64), (total, 4)))
    except ValueError as error:
        raise InputError(f"viewports must be (4,) or ({total}, 4): {error}") from error
    if (
        not np.isfinite(views).all()
        or (views[:, 2] <= views[:, 0]).any()
        or (views[:, 3] <= views[:, 1]).any()
    ):
        raise InputError("viewports need x_min < x_max and y_min < y_max, all finite")
    return views
