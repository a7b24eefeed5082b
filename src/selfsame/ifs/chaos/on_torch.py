"""The chaos game in torch, for other devices: independent chains as plain batched tensors."""

import numpy as np
import torch
from numpy.typing import NDArray

from selfsame._native.ifs import COLOR_STEPS
from selfsame.errors import InputError
from selfsame.ifs.chaos.games import burn_in_steps, start_points, with_colors
from selfsame.ifs.code import Viewport
from selfsame.ifs.geometry.viewport import plane_to_pixels
from selfsame.ifs.render.points import escape_error
from selfsame.ifs.system import IFS
from selfsame.run.device import resolve_device

MAX_CHAINS = 2**18
"""Chains that run side by side; each makes ``points / chains`` points after its burn-in."""


def torch_histogram(
    system: IFS,
    viewport: Viewport,
    size: tuple[int, int],
    points: int,
    *,
    colored: bool = False,
    seed: int = 0,
    device: str = "auto",
) -> tuple[NDArray[np.int64], NDArray[np.float64] | None]:
    """Return counts (H, W) and, if ``colored``, sums of colours (H, W, 3) in [0, count].

    The same statistics as ``count_points`` and ``sum_colors``; other random numbers, and points
    near a border between pixels may be counted beyond it, as they are in single precision.

    Raises:
        InputError: the device is not there, or all points escape to infinity.
    """
    where = resolve_device(device)
    generator = torch.Generator(where).manual_seed(seed)
    width, height = size
    if colored:
        matrices, offsets = with_colors(system)
    else:
        matrices, offsets = system.matrices, system.offsets
    if system.dimension != 2:
        raise InputError(f"a planar histogram needs a 2-D system: got {system.dimension}")

    def tensor(values: NDArray[np.float64]) -> torch.Tensor:
        return torch.from_numpy(np.array(values)).to(where, torch.float32)

    A, b = tensor(matrices), tensor(offsets)
    cumulative = torch.from_numpy(np.cumsum(system.probabilities)).to(where)
    cumulative[-1] = 1.0
    scale, shift = (tensor(values) for values in plane_to_pixels(viewport, size))
    burn_in = int(burn_in_steps(matrices, system.probabilities))
    # Long enough chains that most of the work is plotted.
    chains = max(1, min(MAX_CHAINS, points // (4 * burn_in)))
    x = tensor(start_points(matrices, offsets, system.probabilities)).repeat(chains, 1)
    counts = torch.zeros(height * width, dtype=torch.int64, device=where)
    sums = torch.zeros((height * width, 3), dtype=torch.int64, device=where) if colored else None
    done = -burn_in * chains
    while done < points:
        u = torch.rand(chains, generator=generator, device=where, dtype=torch.float64)
        i = torch.searchsorted(cumulative, u, right=True).clamp_(max=len(A) - 1)
        x = (A[i] * x[:, None, :]).sum(dim=2) + b[i]
        done += chains
        if done <= 0:
            continue
        plotted = x[: chains - max(0, done - points)]
        pixel = plotted[:, :2] * scale + shift
        limit = pixel.new_tensor([width, height])
        inside = ((pixel >= 0) & (pixel < limit)).all(dim=1)
        column, row = pixel[inside].long().unbind(dim=1)
        cell = row * width + column
        counts.index_add_(0, cell, torch.ones_like(cell))
        if sums is not None:
            steps = (plotted[inside, 2:].clamp(0, 1) * COLOR_STEPS).round().long()
            sums.index_add_(0, cell, steps)
    if not torch.isfinite(x).all(dim=1).any():
        raise escape_error(system, 1.0)
    shape = (height, width)
    colors = None
    if sums is not None:
        colors = sums.cpu().numpy().astype(np.float64).reshape(*shape, 3) / COLOR_STEPS
    return counts.cpu().numpy().reshape(shape), colors
