"""A data set class of coloured fractals as their papers describe it, one picture per item.

Anderson & Farrell 2022, "Improving Fractal Pre-training": for every item the code of its class is
jittered, a chaos game of one chain draws its points, the picture of their counts is coloured and
laid on a coloured diamond-square surface. All loops are compiled, one thing at a time: a fair
peer for loaders, and the tests' independent reference. Written from the paper; its authors'
program may differ in detail.

Not cached by numba: a cache entry remembers the name under which the module was imported.
"""

from collections.abc import Sequence

import numpy as np
import torch
from numba import njit
from numpy.typing import NDArray
from torch.utils.data import Dataset

from selfsame.ifs.system import IFS

Array = NDArray[np.float64]

BURN_IN = 20
JITTER = (0.8, 1.1)


class AndersonFarrellPictures(Dataset[tuple[torch.Tensor, int]]):
    """``instances`` pictures of each system, (3, side, side) float32 in [0, 1], and its number."""

    def __init__(
        self,
        systems: Sequence[IFS],
        instances: int,
        side: int = 224,
        points: int = 100_000,
        background: bool = True,
    ) -> None:
        self.codes = [
            (
                np.concatenate([s.matrices.reshape(-1, 4), s.offsets], axis=1),
                np.array(s.probabilities),
            )
            for s in systems
        ]
        self.instances, self.side, self.points = instances, side, points
        self.background = background

    def __len__(self) -> int:
        return len(self.codes) * self.instances

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        rng = np.random.default_rng(index)
        label = index // self.instances
        maps, probabilities = self.codes[label]
        maps = jittered(maps, rng)
        points = chain(maps, probabilities, self.points, int(rng.integers(2**31)))
        counts = stamped(points, self.side, rng.integers(0, 2, (3, 3)) | np.eye(3, dtype=np.int64))
        picture = colored(counts, *rng.random(3))
        if self.background:
            behind = surface(self.side, rng.uniform(0.4, 0.8), int(rng.integers(2**31)))
            picture = over(counts, picture, painted(behind, *rng.random(3)))
        if rng.random() < 0.5:
            picture = picture[:, ::-1]
        if rng.random() < 0.5:
            picture = picture[::-1]
        return torch.from_numpy(np.ascontiguousarray(picture.transpose(2, 0, 1))), label


def jittered(maps: Array, rng: np.random.Generator) -> Array:
    """Return the maps (N, 6) with one of them scaled, unless that makes it expand."""
    changed = maps.copy()
    chosen = int(rng.integers(len(maps)))
    changed[chosen] *= rng.uniform(*JITTER)
    if np.linalg.norm(changed[chosen, :4].reshape(2, 2), ord=2) > 1:
        return maps
    return changed


@njit
def chain(maps, probabilities, n, seed):  # type: ignore[no-untyped-def]
    """Return (n, 2) points of one chain; rows of ``maps`` are ``a b c d e f``."""
    np.random.seed(seed)
    cumulative = np.cumsum(probabilities)
    points = np.empty((n, 2))
    x = 0.0
    y = 0.0
    for t in range(BURN_IN + n):
        r = np.random.random() * cumulative[-1]
        i = 0
        while r >= cumulative[i] and i < len(cumulative) - 1:
            i += 1
        x, y = (
            maps[i, 0] * x + maps[i, 1] * y + maps[i, 4],
            maps[i, 2] * x + maps[i, 3] * y + maps[i, 5],
        )
        if t >= BURN_IN:
            points[t - BURN_IN, 0] = x
            points[t - BURN_IN, 1] = y
    return points


@njit
def stamped(points, side, patch):  # type: ignore[no-untyped-def]
    """Return counts (side, side): each point stamps a 3 × 3 patch; the box fits the picture."""
    low = np.array([points[:, 0].min(), points[:, 1].min()])
    high = np.array([points[:, 0].max(), points[:, 1].max()])
    scale = (side - 1) / np.maximum(high - low, 1e-12)
    counts = np.zeros((side, side))
    for k in range(len(points)):
        column = int((points[k, 0] - low[0]) * scale[0])
        row = int((high[1] - points[k, 1]) * scale[1])
        for i in range(3):
            for j in range(3):
                v = row + i - 1
                u = column + j - 1
                if patch[i, j] and 0 <= v < side and 0 <= u < side:
                    counts[v, u] += 1
    return counts


@njit
def colored(counts, hue, saturation, value):  # type: ignore[no-untyped-def]
    """Return (side, side, 3) colours; the hue goes with the share of the largest count."""
    side = len(counts)
    out = np.zeros((side, side, 3), np.float32)
    most = max(counts.max(), 1.0)
    for i in range(side):
        for j in range(side):
            if counts[i, j] > 0:
                out[i, j] = rgb(hue + counts[i, j] / most, 0.3 + 0.7 * saturation, 0.5 + value / 2)
    return out


@njit
def painted(heights, hue, saturation, value):  # type: ignore[no-untyped-def]
    """Return (side, side, 3) colours; the hue goes with the height, of 0 to 1."""
    side = len(heights)
    out = np.empty((side, side, 3), np.float32)
    for i in range(side):
        for j in range(side):
            out[i, j] = rgb(hue + heights[i, j], saturation, 0.3 + 0.7 * value)
    return out


@njit
def over(counts, front, back):  # type: ignore[no-untyped-def]
    """Return ``front`` where there are points, else ``back``."""
    out = back.copy()
    for i in range(len(counts)):
        for j in range(len(counts)):
            if counts[i, j] > 0:
                out[i, j] = front[i, j]
    return out


@njit
def rgb(hue, saturation, value):  # type: ignore[no-untyped-def]
    """Return red, green, blue of a colour; a hue of 1 is a whole turn."""
    h = (hue % 1.0) * 6
    out = np.empty(3)
    for channel, shift in enumerate((5, 3, 1)):
        k = (shift + h) % 6
        out[channel] = value - value * saturation * max(0.0, min(k, 4 - k, 1.0))
    return out


@njit
def surface(side, decay, seed):  # type: ignore[no-untyped-def]
    """Return (side, side) heights of a diamond-square surface, scaled to 0 .. 1.

    Midpoints of squares and then of edges get the mean of their neighbours and noise, which is
    ``decay`` times as large on each level.
    """
    np.random.seed(seed)
    size = 1
    while size + 1 < side:
        size *= 2
    heights = np.zeros((size + 1, size + 1))
    for i in (0, size):
        for j in (0, size):
            heights[i, j] = np.random.random()
    step = size
    noise = 1.0
    while step > 1:
        half = step // 2
        for i in range(half, size, step):
            for j in range(half, size, step):
                total = heights[i - half, j - half] + heights[i - half, j + half]
                total += heights[i + half, j - half] + heights[i + half, j + half]
                heights[i, j] = total / 4 + noise * (np.random.random() - 0.5)
        for i in range(0, size + 1, half):
            for j in range((i + half) % step, size + 1, step):
                total = 0.0
                near = 0
                if i >= half:
                    total += heights[i - half, j]
                    near += 1
                if i + half <= size:
                    total += heights[i + half, j]
                    near += 1
                if j >= half:
                    total += heights[i, j - half]
                    near += 1
                if j + half <= size:
                    total += heights[i, j + half]
                    near += 1
                heights[i, j] = total / near + noise * (np.random.random() - 0.5)
        step = half
        noise *= decay
    part = heights[:side, :side]
    return (part - part.min()) / (part.max() - part.min())
