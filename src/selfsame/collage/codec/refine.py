"""Descent on the whole levels of one picture, from where the network put them.

Levels are whole numbers, and a gradient that passes through their rounding leaves them hovering at
the thresholds between two. So every step asks of each level what one more and one less would bring,
in squared error and in bits: the error is quadratic in the levels, its gradient comes through the
decoder and its curvature is a block's own norm; the bits are those of the rate model, contexts as
they are. Blocks overlap, and what helps alone may hurt together: of the changes that pay, each step
makes a random half, and the best levels on the way are kept.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from selfsame.collage.network.model import DEFAULT_RATE_WEIGHT, START_STEP, CollageModel
from selfsame.collage.network.planes import pictures_from_planes

_SHARE = 0.5
"""Of the changes that pay: made in one step."""


def refine_levels(
    model: CollageModel,
    levels: Tensor,
    planes: Tensor,
    scale: Tensor,
    size: tuple[int, int],
    steps: int,
    seed: int,
    progress: Callable[[float], object] | None = None,
) -> Tensor:
    """Return whole levels of less distortion + rate, what the model was trained to minimise.

    Args:
        model: without gradients of its own.
        levels: (1, K, rows, columns), where to start from.
        planes: the padded picture.
        scale: (1,), log2 of the scale of the steps.
        size: height and width of the picture, without padding: what lies outside does not count.
        steps: changes are considered so often.
        seed: of the choice of changes.
        progress: called with the fraction done.
    """
    generator = torch.Generator(device=levels.device).manual_seed(seed)
    count = levels.shape[1]
    is_domain = model.decoder.is_domain[:count, None, None]
    # Where the network chose no domain, descent finds none; leaving them out saves time.
    levels = levels.round()
    iterations = None if bool((levels[:, model.decoder.is_domain[:count]] != 0).any()) else 0
    unit = (START_STEP * torch.exp2(scale)).square().item()
    curvature = _curvature(model, scale, count) / unit
    best, least = levels, math.inf
    for step in range(steps + 1):
        error, slope = _error_and_slope(model, levels, planes, scale, size, iterations)
        bits = model.bits(levels, levels)
        cost = error / unit + DEFAULT_RATE_WEIGHT * bits.sum().item()
        if cost < least:
            best, least = levels, cost
        if step == steps:
            break
        gain = torch.zeros_like(levels)
        change = torch.zeros_like(levels)
        for move in (-1.0, 1.0):
            rate = model.bits(levels + move, levels) - bits
            own = -(move * slope / unit + curvature) - DEFAULT_RATE_WEIGHT * rate
            better = (own > gain) & ~is_domain
            gain = torch.where(better, own, gain)
            change = torch.where(better, move, change)
        chosen = torch.rand(levels.shape, generator=generator, device=levels.device) < _SHARE
        levels = levels + change * chosen
        if progress is not None:
            progress((step + 1) / steps)
    return best


def _curvature(model: CollageModel, scale: Tensor, count: int) -> Tensor:
    """Return the squared error that one level makes by itself, (K, 1, 1), in grey levels squared
    over the mean of the channels; of domain weights 0."""
    units = torch.zeros(count, count, 3, 3, device=scale.device)
    places = torch.arange(count, device=scale.device)
    units[places, places, 1, 1] = 1
    shown = model.decoder(units, scale.expand(count), iterations=0)
    pictures = pictures_from_planes(shown) - pictures_from_planes(torch.zeros_like(shown))
    return (255 * pictures).square().mean(1).sum((1, 2))[:, None, None]


def _error_and_slope(
    model: CollageModel,
    levels: Tensor,
    planes: Tensor,
    scale: Tensor,
    size: tuple[int, int],
    iterations: int | None,
) -> tuple[float, Tensor]:
    """Return the summed squared error, in grey levels squared, and its gradient by the levels."""
    height, width = size
    with torch.enable_grad():
        values = levels.detach().clone().requires_grad_()
        decoded = model.decoder(values, scale, iterations=iterations)
        errors = 255 * (pictures_from_planes(decoded) - pictures_from_planes(planes))
        squared = errors[..., :height, :width].square().mean(1).sum()
        (slope,) = torch.autograd.grad(squared, values)
    return squared.item(), slope
