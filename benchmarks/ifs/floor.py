"""The error that 300 independent random points set, whatever they are drawn from.

The protocol renders a code with 300 random points, so even the best density leaves shot noise.
This script finds, for each target, the density that minimises the protocol's expected error
and reports what draws from it get: the floor that stands beside the fits.

It is a floor for *independent* points. The points of a chain have the same distribution but
depend on their neighbours in time, so a chain may do a little better or worse; and no
density of ten affine maps need come near the free one.

Method: the density is a lattice finer than the pixels, a little larger than the picture. The
expected error of P points changes with the weight of lattice site x by
``P · E[error(S' + kernel at x)]``, with S' a rendering of the P - 1 other points: exact, and
cheap because the error is a sum over pixels and the kernel takes few distinct values on a
lattice. Adam follows it in the log-density. `descend_particles` is an independent
check: a cloud of free points, no lattice, differentiated through the rendering.
"""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from benchmarks import harness, protocol
from selfsame.io.pictures import Picture

PAD = 3
"""Pixels by which the lattice exceeds the picture on every side: points out there are unseen,
as points of a code outside its viewport are."""
REACH_PX = 3.0
"""Beyond this distance the kernel (below 1.3e-4) is left out of the gradient."""


class Floor(NamedTuple):
    """Per target (T,): the mean error of a draw, and the expected least error of 100 draws."""

    mean_mse: np.ndarray
    min_mse: np.ndarray


class Lattice:
    """Sites ``sub`` to the pixel, and what a point on each does to the pixels around it."""

    def __init__(self, sub: int, side: int = protocol.SIDE) -> None:
        self.positions = (torch.arange((side + 2 * PAD) * sub) + 0.5) / sub - PAD
        """(G,) in pixels, along either axis."""
        away = self.positions[:, None] - (torch.arange(side) + 0.5)
        self.kernel = torch.exp(-(away**2) / protocol.SIGMA)
        """(G, side) along either axis."""
        steps = (away.abs() * 2 * sub).round().long()
        reach = [d for d in torch.unique(steps).tolist() if d < 2 * sub * REACH_PX]
        self.at_distance = {d: (steps == d).float() for d in reach}
        """(G, side) indicator of every distance in reach, in half-sites."""
        self.pairs = {
            (d, e): float(np.exp(-(d**2 + e**2) / (4 * sub**2 * protocol.SIGMA)))
            for d in reach
            for e in reach
            if d <= e and d**2 + e**2 < (2 * sub * REACH_PX) ** 2
        }

    def render(self, counts: Tensor) -> Tensor:
        """Return unclamped pictures (..., side, side) of counts of points per site (..., G, G)."""
        return self.kernel.T @ counts @ self.kernel

    def draw(self, density: Tensor, draws: int, points: int, generator: torch.Generator) -> Tensor:
        """Return unclamped pictures (T, draws, side, side) of random points, density (T, G, G)."""
        T, G, _ = density.shape
        cumulative = density.reshape(T, -1).double().cumsum(dim=1)
        cumulative = cumulative / cumulative[:, -1:]
        uniform = torch.rand((T, draws * points), generator=generator, dtype=torch.float64)
        site = torch.searchsorted(cumulative, uniform).clamp_(max=G * G - 1)
        counts = torch.zeros((T, draws, G * G))
        counts.scatter_add_(2, site.view(T, draws, points), torch.ones((T, draws, points)))
        return self.render(counts.view(T, draws, G, G))

    def gradient(self, others: Tensor, targets: Tensor) -> Tensor:
        """Return (T, G, G): the expected error, up to a constant, if one point sat on each site.

        Args:
            others: unclamped pictures of the other points, (T, draws, side, side).
            targets: (T, side, side).
        """
        wanted = targets[:, None]
        without = ((others.clamp(max=1) - wanted) ** 2).mean(dim=1)
        result = torch.zeros((len(targets), *(2 * [len(self.positions)])))
        for (d, e), brightness in self.pairs.items():
            change = (((others + brightness).clamp(max=1) - wanted) ** 2).mean(dim=1) - without
            result += self.at_distance[d] @ change @ self.at_distance[e].T
            if d != e:
                result += self.at_distance[e] @ change @ self.at_distance[d].T
        return result / targets[0].numel()


def descend(
    targets: Tensor,
    *,
    steps: int,
    sub: int,
    draws: int = 8,
    points: int = protocol.POINTS,
    rate: float = 1.0,
    seed: int = 0,
) -> tuple[Lattice, Tensor]:
    """Return the lattice and the density (T, G, G), sum 1 each, that minimises the error.

    Args:
        targets: (T, side, side) in {0, 1}.
        sub: sites per pixel; the best densities sit on pixel centres, which odd numbers have.
        rate: first step of Adam in the log-density; it falls linearly to a tenth.
    """
    generator = torch.Generator().manual_seed(seed)
    lattice = Lattice(sub, targets.shape[-1])
    # Start from the target, a little everywhere else.
    nearest = lattice.positions.floor().long().clamp(0, targets.shape[-1] - 1)
    logits = (targets[:, nearest][:, :, nearest] + 0.02).log()
    optimizer = torch.optim.Adam([logits], lr=rate, betas=(0.9, 0.99))
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.1, total_iters=steps)
    average = torch.zeros_like(logits)
    for step in range(steps):
        density = logits.flatten(1).softmax(dim=1).view_as(logits)
        if 4 * step >= 3 * steps:
            average += density
        others = lattice.draw(density, draws, points - 1, generator)
        slope = lattice.gradient(others, targets)
        # The natural gradient of the softmax: without its factor ``density``, which would
        # never let an empty site grow.
        logits.grad = slope - (density * slope).sum(dim=(1, 2), keepdim=True)
        optimizer.step()
        schedule.step()
    return lattice, average / average.sum(dim=(1, 2), keepdim=True)


def descend_particles(
    target: Tensor,
    *,
    particles: int = 1500,
    steps: int = 400,
    draws: int = 8,
    points: int = protocol.POINTS,
    seed: int = 0,
) -> Tensor:
    """Return positions (particles, 2) in pixels whose equal mixture minimises the error.

    The independent check: draws with replacement, differentiated in the positions.
    """
    generator = torch.Generator().manual_seed(seed)
    side = target.shape[-1]
    on = torch.nonzero(target > 0.5).float() + 0.5
    chosen = torch.randint(len(on), (particles,), generator=generator)
    jitter = torch.rand((particles, 2), generator=generator) - 0.5
    where = (on[chosen].flip(1) + jitter).requires_grad_()
    optimizer = torch.optim.Adam([where], lr=0.1)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.05, total_iters=steps)
    for _ in range(steps):
        index = torch.randint(particles, (draws, points), generator=generator)
        error = ((splat(where[index], side).clamp(max=1) - target) ** 2).mean()
        optimizer.zero_grad()
        error.backward()
        optimizer.step()
        schedule.step()
    return where.detach()


def splat(pixels: Tensor, side: int) -> Tensor:
    """Return unclamped pictures (..., side, side) of points (..., P, 2), column first."""
    centre = torch.arange(side) + 0.5
    across, down = (
        torch.exp(-((centre - pixels[..., axis, None]) ** 2) / protocol.SIGMA) for axis in (0, 1)
    )
    return down.mT @ across


def judge(pictures: Tensor, targets: Tensor) -> Floor:
    """Return the floor from unclamped pictures (T, draws, side, side), draws a multiple of 100.

    The minimum over 100 is averaged over the groups of 100.
    """
    errors = ((pictures.clamp(max=1) - targets[:, None]) ** 2).mean(dim=(2, 3))
    groups = errors.view(len(targets), -1, protocol.SEQUENCES)
    return Floor(errors.mean(dim=1).numpy(), groups.amin(dim=2).mean(dim=1).numpy())


def particle_floor(image: Picture, *, quick: bool = False, seed: int = 0) -> Floor:
    """Return the floor of one target by the independent optimiser."""
    target = torch.from_numpy(image)
    where = descend_particles(target, steps=100 if quick else 600, seed=seed)
    generator = torch.Generator().manual_seed(seed + 1)
    index = torch.randint(len(where), (1000, protocol.POINTS), generator=generator)
    return judge(splat(where[index], len(target))[None], target[None])


def floors(
    images: list[Picture], *, quick: bool = False, seed: int = 0, at_once: int = 32
) -> Floor:
    """Return the floor of every target (32, 32), ``at_once`` of them in one batch.

    ``quick`` takes a coarse lattice and few steps: 20 % too high.
    """
    parts = []
    for first in range(0, len(images), at_once):
        targets = torch.from_numpy(np.stack(images[first : first + at_once]))
        steps, sub = (100, 2) if quick else (300, 3)
        lattice, density = descend(targets, steps=steps, sub=sub, seed=seed)
        generator = torch.Generator().manual_seed(seed + 1)
        pictures = lattice.draw(
            density, (2 if quick else 10) * protocol.SEQUENCES, protocol.POINTS, generator
        )
        parts.append(judge(pictures, targets))
    return Floor(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def main() -> None:
    parser = harness.parser(__doc__)
    protocol.add_options(parser)
    parser.add_argument(
        "--verify", type=int, default=1, metavar="N", help="check N targets per set by particles"
    )
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    results, rows = {}, []
    for name, path in protocol.find_sets(options.data).items():
        targets = protocol.targets_of(name, path, options)
        floor = floors([t.image for t in targets], quick=options.quick, seed=options.seed)
        checked = [
            particle_floor(t.image, quick=options.quick, seed=options.seed)
            for t in targets[: options.verify]
        ]
        results[name] = {
            "targets": [t.name for t in targets],
            "min_mse": floor.min_mse,
            "mean_mse": floor.mean_mse,
            "particles_min_mse": [float(c.min_mse[0]) for c in checked],
            "particles_mean_mse": [float(c.mean_mse[0]) for c in checked],
        }
        rows.append(
            {
                "set": name,
                "min MSE": float(floor.min_mse.mean()),
                "mean MSE": float(floor.mean_mse.mean()),
                "lattice, checked targets": float(floor.mean_mse[: options.verify].mean()),
                "particles, the same": float(np.mean([c.mean_mse for c in checked])),
            }
        )
    document = harness.record(
        "floor",
        harness.plain(results),
        options,
        notes=[f"split {options.split}; 300 independent points of a free density"],
    )
    harness.publish(document, options, harness.markdown_table(rows, list(rows[0])))


if __name__ == "__main__":
    harness.run(main)
