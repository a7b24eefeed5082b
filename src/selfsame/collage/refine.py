"""Gradient descent on the levels of one picture, from where the network put them."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from selfsame.collage.model import CollageModel
from selfsame.collage.objective import DEFAULT_RATE_WEIGHT, distortion_and_rate

_LR = 0.06
"""In quantiser steps: a level can move by several within a hundred steps of the descent."""

_FINAL_LR = 0.006


def refine_levels(
    model: CollageModel,
    levels: Tensor,
    planes: Tensor,
    scale: Tensor,
    size: tuple[int, int],
    steps: int,
    seed: int,
    progress: Callable[[float], None] | None = None,
) -> Tensor:
    """Return levels of less distortion and rate, not rounded.

    Minimises what the model was trained for, on this picture alone; distortion is that of the
    decoded picture with rounded levels, rate that of levels with noise in place of rounding.

    Args:
        levels: (1, K, rows, columns), where to start from.
        planes: the padded picture.
        size: height and width of the picture, without padding: what lies outside does not count.
        steps: of Adam.
        seed: of the noise.
        progress: called with the fraction done.
    """
    # Where the network chose no domain, descent finds none; leaving them out halves the time.
    domains = model.decoder.is_domain[: levels.shape[1]]
    is_collage = bool((levels[:, domains].round() != 0).any())
    generator = torch.Generator(device=levels.device).manual_seed(seed)
    frozen = [p for p in model.parameters() if p.requires_grad]
    for parameter in frozen:
        parameter.requires_grad_(False)
    try:
        with torch.enable_grad():
            values = levels.detach().clone().requires_grad_()
            optimizer = torch.optim.Adam([values], lr=_LR, betas=(0.9, 0.95))
            for step in range(steps):
                done = step / steps
                for group in optimizer.param_groups:
                    cosine = 0.5 + 0.5 * math.cos(math.pi * done)
                    group["lr"] = _FINAL_LR + (_LR - _FINAL_LR) * cosine
                distortion, rate, _ = distortion_and_rate(
                    model,
                    values,
                    planes,
                    scale,
                    generator,
                    size=size,
                    iterations=None if is_collage else 0,
                )
                loss = (distortion + DEFAULT_RATE_WEIGHT * rate).sum()
                optimizer.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                optimizer.step()
                if progress is not None:
                    progress(done)
    finally:
        for parameter in frozen:
            parameter.requires_grad_(True)
    return values.detach()
