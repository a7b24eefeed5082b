"""Muon: steps for matrices that are as long in all directions.

By hand rather than ``torch.optim.Muon``: that takes no kernels of convolutions, computes in
bfloat16 wherever it runs, which many CPUs do twenty times more slowly, and cannot leave an update
out on the device.
"""

import math
from collections.abc import Iterable
from typing import Any, cast

import torch
from torch import Tensor, nn

MOMENTUM = 0.95
"""Of the gradients, Nesterov's."""

RMS = 1.0
"""Root mean square of the numbers of a step, over the learning rate: as Adam's first steps, so that
both go with one rate. Liu et al. have 0.2, for Adam's later ones; small networks want more."""

_COEFFICIENTS = (3.4445, -4.7750, 2.0315)
"""Of x, x³ and x⁵: singular values from 0 to 1 end up between 0.7 and 1.2 after few rounds."""

_ROUNDS = 5

_NOTHING = 1e-8
"""Length of a matrix that hardly is a direction."""


def matrices(model: nn.Module) -> list[nn.Parameter]:
    """Return the weights of a model that are matrices between features: of its linear layers and
    convolutions; tables, such as embeddings and positions, are not, nor are depthwise kernels."""
    layers = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)
    found = [module for module in model.modules() if isinstance(module, layers)]
    dense = [module for module in found if getattr(module, "groups", 1) == 1]
    return [cast(nn.Parameter, module.weight) for module in dense]


def orthogonalised(matrix: Tensor) -> Tensor:
    """Return about the nearest matrix whose singular values are all 1: they are 0.7 to 1.2.

    Source: Jordan et al. 2024, Muon, the Newton-Schulz iteration of fifth degree.

    Args:
        matrix: (M, N); what comes near ``_NOTHING`` in length, as the momentum of weights that no
            gradient reaches any more, fades to 0.
    """
    a, b, c = _COEFFICIENTS
    wide = matrix.shape[0] <= matrix.shape[1]
    x: Tensor = matrix if wide else matrix.T
    x = x / (torch.linalg.matrix_norm(x) + _NOTHING)
    for _ in range(_ROUNDS):
        square = x @ x.T
        x = a * x + (b * square + c * square @ square) @ x
    return x if wide else x.T


class Muon(torch.optim.Optimizer):
    """Momentum whose steps are orthogonalised, for weights of linear layers and convolutions.

    Source: Jordan et al. 2024, Muon; the length of a step, the same for matrices of all shapes, Liu
    et al. 2025, "Muon is scalable for LLM training".

    Attributes:
        found_inf: 1 leaves the next step out, 0 does not; read on the device, as the fused
            optimisers of torch do.
    """

    found_inf: Tensor

    def __init__(self, groups: Iterable[dict[str, Any]], lr: float) -> None:
        """
        Args:
            groups: with the entry ``weight_decay``, which is decoupled.
        """
        super().__init__(groups, {"lr": lr, "weight_decay": 0.0})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Do a step by the gradients that parameters have."""
        accepted = 1 - self.found_inf
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is None:
                    continue
                state = self.state[parameter]
                if not state:
                    state["momentum"] = torch.zeros_like(parameter)
                momentum = state["momentum"]
                gradient = torch.where(accepted > 0, parameter.grad, momentum)
                momentum.lerp_(gradient, 1 - MOMENTUM)
                matrix = gradient.lerp(momentum, MOMENTUM).flatten(1)
                length = RMS * math.sqrt(max(matrix.shape)) * group["lr"]
                parameter.mul_(1 - accepted * group["lr"] * group["weight_decay"])
                parameter.sub_(accepted * length * orthogonalised(matrix).view_as(parameter))
