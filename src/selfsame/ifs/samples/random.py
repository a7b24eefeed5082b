"""Random systems, as the data sets for pre-training draw them.

System i of a seed is drawn from its own stream, Philox with the key (seed, i): it depends neither
on how many systems are drawn nor on how the work is divided.
"""

from functools import partial

import numpy as np
from numpy.typing import NDArray

from selfsame.errors import InputError, SettingError
from selfsame.ifs.system import IFS, MAX_MAPS
from selfsame.run.progress import Progress
from selfsame.run.threads import run_shares

Array = NDArray[np.float64]

FILLING_RATE = 0.2
"""FractalDB's threshold, found best in its paper's table 4."""

FILLING_SIZE = 512
FILLING_PADDING = 6
FILLING_POINTS = 100_000
# The picture on which FractalDB measures the filling rate: side, empty border, points.

MAX_TRIES_PER_SYSTEM = 10_000
"""Draws after which a search that found nothing gives up."""

_SEARCH_BATCH = 32
_DRAWS_PER_MAP = 8


def sample_fractaldb(
    count: int, *, seed: int, start: int = 0, maps: tuple[int, int] = (2, 8)
) -> list[IFS]:
    """Return systems whose parameters are uniform in [-1, 1], probabilities ∝ ``|det A|``.

    Many of them escape to infinity or hardly fill a picture; ``search_fractaldb`` keeps the rest.

    Args:
        count: how many, 0 or more.
        seed: 0 .. 2^63 - 1.
        start: index of the first one; indices start .. start + count - 1 are drawn.
        maps: the number of maps is uniform from the first to the second, both included.
            The paper says 2 to 8, its released code draws 2 to 7.
    Source: Kataoka et al. 2020, "Pre-training without Natural Images", section 3.1.
    """
    _, uniforms, sizes = _draw(count, seed, start, maps)
    signed = 2 * uniforms - 1
    return [
        _with_area_probabilities(signed[i, :n, :4].reshape(n, 2, 2), signed[i, :n, 4:6])
        for i, n in enumerate(sizes)
    ]


def sample_anderson_farrell(
    count: int, *, seed: int, start: int = 0, maps: tuple[int, int] = (2, 8)
) -> list[IFS]:
    """Return contractive systems sampled in SVD form, with a sigma factor that fills pictures well.

    Each matrix is ``R(θ) diag(σ1, σ2) R(φ) D``: angles uniform, signs fair, and singular values
    with ``1 ≥ σ1 ≥ σ2 ≥ 0`` whose sum ``α = Σ (σ1 + 2 σ2)`` is uniform in [½(5 + N), ½(6 + N)].
    They are drawn one after the other, uniform in what the rest leaves possible. Offsets are
    uniform in [-1, 1], probabilities ∝ ``|det A|``.

    Args:
        count, seed, start, maps: as in ``sample_fractaldb``.
    Source: Anderson and Farrell 2022, "Improving Fractal Pre-training", section 3.2.
    """
    if maps[0] < 2:
        raise SettingError(f"the sigma factor needs at least 2 maps: got {maps}")
    share, uniforms, sizes = _draw(count, seed, start, maps)
    sigma = _singular_values(share, uniforms[:, :, :2], sizes)
    theta, phi = 2 * np.pi * uniforms[:, :, 2], 2 * np.pi * uniforms[:, :, 3]
    signs = np.where(uniforms[:, :, 4:6] < 0.5, -1.0, 1.0)
    matrices = matrices_from_svd_form(theta, sigma, phi, signs)
    offsets = 2 * uniforms[:, :, 6:8] - 1
    return [_with_area_probabilities(matrices[i, :n], offsets[i, :n]) for i, n in enumerate(sizes)]


def matrices_from_svd_form(theta: Array, sigma: Array, phi: Array, signs: Array) -> Array:
    """Return the matrices (..., 2, 2) ``R(theta) diag(sigma) R(phi) diag(signs)``.

    ``R(t) = [[cos t, -sin t], [sin t, cos t]]``. Source: Tu et al. 2023, "Learning Fractals by
    Gradient Descent", equation 10.

    Args:
        theta, phi: (...), radians.
        sigma: (..., 2), the singular values.
        signs: (..., 2), each -1 or 1.
    """
    result: Array = (_rotation(theta) * sigma[..., None, :]) @ (
        _rotation(phi) * signs[..., None, :]
    )
    return result


def _rotation(angle: Array) -> Array:
    cos, sin = np.cos(angle), np.sin(angle)
    return np.stack([np.stack([cos, -sin], -1), np.stack([sin, cos], -1)], -2)


def search_fractaldb(
    count: int,
    *,
    seed: int,
    maps: tuple[int, int] = (2, 8),
    rate: float = FILLING_RATE,
    threads: int | None = None,
    progress: Progress | None = None,
) -> list[IFS]:
    """Return the first ``count`` systems of ``sample_fractaldb`` that fill enough of a picture.

    FractalDB's category search: a system becomes a category if its picture of 100 000 points,
    stretched to 500×500 pixels in a 512×512 picture, has at least a share ``rate`` of its
    pixels set. Systems that escape to infinity are never taken. About one draw in thirty passes
    at 0.2, which takes a third of a second on one core. The result does not depend on
    ``threads``; None takes all cores. ``progress`` is of systems.

    Raises:
        InputError: nothing was found in ``MAX_TRIES_PER_SYSTEM`` draws per system.
    """
    if not 0 < rate < 1:
        raise SettingError(f"rate must be within (0, 1): got {rate}")
    found: list[IFS] = []
    for first in range(0, max(count, 1) * MAX_TRIES_PER_SYSTEM, _SEARCH_BATCH):
        if len(found) >= count:
            return found[:count]
        systems = sample_fractaldb(_SEARCH_BATCH, seed=seed, start=first, maps=maps)
        rates = run_shares(partial(filling_rate, seed=seed), systems, threads)
        filled = [s for s, share in zip(systems, rates, strict=True) if share >= rate]
        found += filled
        if progress is not None:
            progress(min(len(found), count), count)
    raise InputError(
        f"found {len(found)} of {count} systems with a filling rate of {rate}; lower it"
    )


def filling_rate(system: IFS, *, seed: int) -> float:
    """Return the share of set pixels in a plane system's picture, as FractalDB measures it.

    100 000 points, stretched in x and y to 500×500 pixels of a 512×512 picture; 0 for a system
    that escapes to infinity.
    """
    from selfsame.ifs.render.points import sample_points

    try:
        points = sample_points(system, FILLING_POINTS, seed=seed, threads=1)
    except InputError:  # the points escape
        return 0.0
    side = FILLING_SIZE - 2 * FILLING_PADDING
    column, row = (_to_cells(coordinate, side) for coordinate in np.ascontiguousarray(points.T))
    hit = np.zeros((side + 1) ** 2, np.bool_)
    hit[row * (side + 1) + column] = True
    return float(np.count_nonzero(hit)) / FILLING_SIZE**2


def _to_cells(coordinate: NDArray[np.float32], side: int) -> NDArray[np.int32]:
    """Return the cell 0..side of each coordinate, stretched from the least to the largest."""
    low, high = float(coordinate.min()), float(coordinate.max())
    scale = side / (high - low) if high > low else 0.0
    return ((coordinate - np.float64(low)) * scale).astype(np.int32)


def _draw(
    count: int, seed: int, start: int, maps: tuple[int, int]
) -> tuple[Array, Array, NDArray[np.int64]]:
    """Return uniform numbers: one per system (n,), some per map (n, M, 8), and map counts (n,)."""
    low, high = maps
    if not 1 <= low <= high <= MAX_MAPS:
        raise SettingError(f"maps must be (least, most) within 1..{MAX_MAPS}: got {maps}")
    if count < 0 or start < 0 or not 0 <= seed < 2**63:
        raise SettingError(
            "count and start must not be negative, seed within 0..2^63 - 1: "
            f"got {count}, {start} and {seed}"
        )
    numbers = np.empty((count, 2 + high * _DRAWS_PER_MAP))
    for row, index in zip(numbers, range(start, start + count), strict=True):
        stream = np.random.Philox(key=np.array([seed, index], np.uint64))
        np.random.Generator(stream).random(out=row)
    sizes = low + np.floor(numbers[:, 0] * (high - low + 1)).astype(np.int64)
    return numbers[:, 1], numbers[:, 2:].reshape(count, high, _DRAWS_PER_MAP), sizes


def _singular_values(share: Array, uniforms: Array, sizes: NDArray[np.int64]) -> Array:
    """Return singular values (n, M, 2); those beyond a system's map count mean nothing.

    Args:
        share: (n,) in [0, 1), where the sigma factor lies within its range.
        uniforms: (n, M, 2).
    """
    rest = (5 + sizes + share) / 2  # what σ1 + 2 σ2 of the maps still to come must sum to
    sigma = np.empty(uniforms.shape)
    for i in range(uniforms.shape[1]):
        later = 3.0 * np.maximum(sizes - 1 - i, 0)  # the most that the maps after this one take
        u1, u2 = uniforms[:, i, 0], uniforms[:, i, 1]
        last = sizes - 1 == i
        first = _between(u1, np.maximum(0, (rest - later) / 3), np.minimum(1, rest))
        second = _between(
            u2,
            np.maximum(0, (rest - first - later) / 2),
            np.minimum(first, (rest - first) / 2),
        )
        # The last map takes all that is left: one number is free, not two.
        second = np.where(last, _between(u2, np.maximum(0, (rest - 1) / 2), rest / 3), second)
        first = np.where(last, rest - 2 * second, first)
        sigma[:, i] = np.clip(np.stack([first, second], axis=-1), 0, 1)
        rest = np.where(sizes - 1 > i, rest - first - 2 * second, 0)
    return sigma


def _between(u: Array, low: Array, high: Array) -> Array:
    return low + u * np.maximum(high - low, 0)


def _with_area_probabilities(matrices: Array, offsets: Array) -> IFS:
    """Return a system with probabilities exactly ∝ ``|det A|``, uniform if all are zero."""
    area = np.abs(np.linalg.det(matrices))
    total = area.sum()
    return IFS(matrices, offsets, area / total if total > 0 else None)
