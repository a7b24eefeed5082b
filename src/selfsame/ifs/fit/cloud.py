"""Fitting an IFS to a point cloud in the plane or in space, by optimal transport.

Pictures have pixels to compare; clouds do not. The loss here is the sliced Wasserstein distance
between the invariant measure and the cloud: the mean over random directions of the squared distance
between sorted projections. Sorting is exact transport in one dimension, and it has a gradient
wherever the two clouds are, overlapping or not.

Source: Rabin et al. 2012 for sliced Wasserstein distances; the start and the words are those of the
picture fit (``mixture``, ``maps``).
"""

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from selfsame.errors import InputError
from selfsame.ifs.code import IFSCode, Viewport
from selfsame.ifs.fit.config import CloudConfig, FitConfig
from selfsame.ifs.fit.engine import descend
from selfsame.ifs.fit.maps import (
    Cloud,
    Maps,
    Parameters,
    next_cloud,
    word_points,
)
from selfsame.ifs.fit.mixture import mixture_maps
from selfsame.ifs.system import IFS
from selfsame.run.device import resolve_device
from selfsame.run.progress import Progress

MIXTURE_POINTS = 2048
"""Points that the starting mixture is found from; its moments need no more."""

PICTURE_SIZE = (512, 512)
"""Size of the code's default rendering, pixels."""

MARGIN = 0.05
"""Space around the cloud in the code's viewport, in units of its extent."""


def fit_cloud(
    points: ArrayLike,
    config: CloudConfig | None = None,
    *,
    seed: int = 0,
    device: str = "auto",
    progress: Progress | None = None,
) -> tuple[IFSCode, float]:
    """Return the code whose invariant measure is closest to a cloud, and its loss.

    Args:
        points: (n, d), d = 2 or 3, n >= 16, finite, not all equal.
        progress: of steps.
    Returns:
        the code, in the cloud's own coordinates, its viewport the window of the first two
        coordinates; and the squared sliced Wasserstein distance in units of the squared radius.
    Raises:
        InputError: the cloud cannot be used.
        DivergedError: the descent left the finite numbers.
    """
    config = config or CloudConfig()
    cloud = np.asarray(points, np.float64)
    if cloud.ndim != 2 or cloud.shape[1] not in (2, 3) or len(cloud) < 16:
        raise InputError(f"a cloud is (n, 2) or (n, 3) with n >= 16: got {cloud.shape}")
    if not np.isfinite(cloud).all():
        raise InputError("a cloud must be finite: found NaN or infinity")
    center = cloud.mean(0)
    radius = float(np.sqrt(((cloud - center) ** 2).sum(1).max()))
    if not radius > 0 or not np.isfinite(radius):
        raise InputError("the points of the cloud are all equal; there is nothing to fit")
    torch_device = resolve_device(device)
    target = torch.from_numpy(((cloud - center) / radius).astype(np.float32)).to(torch_device)
    generator = torch.Generator().manual_seed(seed)

    chosen = torch.randint(len(target), (MIXTURE_POINTS,), generator=generator).to(torch_device)
    weights = torch.ones(config.restarts, MIXTURE_POINTS, device=torch_device)
    start = mixture_maps(target[chosen], weights, config.maps, 1e-5, generator)
    parameters = Parameters.raw(start, learn_probabilities=True)
    settings = FitConfig(
        maps=config.maps,
        steps=config.steps,
        restarts=config.restarts,
        learning_rate=config.learning_rate,
    )
    parameters.bound(settings.largest_singular)

    objective = _CloudObjective(target, config, generator)
    serves = torch.zeros(config.restarts, dtype=torch.long)
    for state in descend(parameters, serves, {0: objective}, settings, generator):
        if progress is not None:
            progress(state.step, config.steps)
    maps, loss = state.best()
    return _code(maps, center, radius, cloud, seed, float(loss[0])), float(loss[0])


@dataclass
class _CloudObjective:
    """Squared sliced Wasserstein distance between each system's measure and the cloud."""

    target: Tensor
    config: CloudConfig
    generator: torch.Generator
    cloud: Cloud | None = None

    def select(self, items: Tensor) -> "_CloudObjective":
        return replace(self, cloud=None if self.cloud is None else self.cloud.select(items))

    def __call__(self, maps: Maps) -> Tensor:
        count, d = self.config.samples, self.target.shape[1]
        each = -(-count // self.config.maps)  # points a map
        self.cloud = next_cloud(maps.detach(), self.cloud, each, self.generator)
        points, weights, _ = word_points(maps, self.cloud, 1)
        index = torch.randint(len(self.target), (count,), generator=self.generator)
        sample = self.target[index.to(self.target.device)]
        direction = torch.randn(d, self.config.directions, generator=self.generator)
        direction = (direction / direction.norm(dim=0)).to(self.target)
        return weighted_wasserstein(points @ direction, weights, sample @ direction)


def weighted_wasserstein(points: Tensor, weights: Tensor, sample: Tensor) -> Tensor:
    """Return the squared 1-D Wasserstein distance, averaged over columns, differentiable.

    The measures are compared at the quantiles of the ``n`` sample points: the weighted points are
    interpolated at cumulative weights (k + ½) / n, so that weights get gradients too.

    Args:
        points: (B, P, D) positions along D directions.
        weights: (B, P), sum 1.
        sample: (n, D), equally weighted.
    Returns:
        (B,).
    """
    count = len(sample)
    ordered, order = points.transpose(1, 2).sort(dim=-1)  # (B, D, P)
    w = weights[:, None].expand_as(ordered).gather(-1, order)
    middle = w.cumsum(-1) - 0.5 * w  # the quantile at which each point sits
    level = (torch.arange(count, device=points.device, dtype=points.dtype) + 0.5) / count
    level = level.expand(*middle.shape[:2], count).contiguous()
    right = torch.searchsorted(middle.detach(), level).clamp(1, ordered.shape[-1] - 1)
    left = right - 1
    q0, q1 = middle.gather(-1, left), middle.gather(-1, right)
    share = ((level - q0) / (q1 - q0).clamp_min(1e-12)).clamp(0, 1)
    quantile = torch.lerp(ordered.gather(-1, left), ordered.gather(-1, right), share)
    wanted = sample.t().sort(dim=-1).values
    return ((quantile - wanted) ** 2).mean((1, 2))


def _code(
    maps: Maps, center: np.ndarray, radius: float, cloud: np.ndarray, seed: int, loss: float
) -> IFSCode:
    """Return the code in the cloud's own coordinates: x = center + radius·u."""
    (unit,) = maps.systems()
    offsets = unit.offsets * radius + center - unit.matrices @ center
    low, high = cloud.min(0)[:2], cloud.max(0)[:2]
    half = (0.5 + MARGIN) * max(float((high - low).max()), 1e-6 * radius)
    middle = (low + high) / 2
    return IFSCode(
        IFS(unit.matrices, offsets, unit.probabilities),
        Viewport(*(middle - half), *(middle + half)),
        PICTURE_SIZE,
        notes={"method": "sliced Wasserstein descent", "loss": f"{loss:.6g}", "seed": f"{seed}"},
    )
