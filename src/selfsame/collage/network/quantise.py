"""Rounding that can be trained through."""

from typing import Any

import torch
from torch import Tensor


class _Round(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        return torch.round(x)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        return gradient


def round_straight_through(x: Tensor) -> Tensor:
    """Return ``x`` rounded; the gradient passes as if it were not.

    Source: Bengio et al. 2013, "Estimating or propagating gradients through stochastic neurons".
    """
    return _Round.apply(x)  # type: ignore[no-untyped-call,no-any-return]


def soft_threshold(x: Tensor, threshold: Tensor) -> Tensor:
    """Return ``x`` moved towards 0 by ``threshold``, and 0 if it is smaller: rounding it then has a
    dead zone that wide."""
    return torch.sign(x) * torch.relu(x.abs() - threshold)
