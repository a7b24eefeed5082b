"""Orbits under given index sequences, with gradients through every step.

Three hundred steps as three hundred tensor operations spend nearly all their time on overhead, so
on the CPU forward and backward are compiled loops. The backward pass is the adjoint recurrence:
with ``x_t = A_{i_t} x_{t-1} + b_{i_t}`` and g_t the gradient of the loss at x_t through all later
points, ``g_t = ∂L/∂x_t + A_{i_{t+1}}ᵀ g_{t+1}``; ``∂L/∂A_i`` is the sum of ``g_t x_{t-1}ᵀ`` and
``∂L/∂b_i`` that of g_t over the t with ``i_t = i``.
"""

from typing import Any

import torch
from torch import Tensor

from selfsame._native import ifs as native
from selfsame.run.threads import thread_count


def orbit(matrices: Tensor, offsets: Tensor, indices: Tensor, start: Tensor) -> Tensor:
    """Return the orbit of ``start`` under given index sequences, differentiable in the maps.

    Args:
        matrices: (B, N, d, d).
        offsets: (B, N, d).
        indices: (B, S, T) map chosen at each of T steps in each of S sequences.
        start: (B, d), without gradient.
    Returns:
        (B, S, T, d).
    Source: Tu et al. 2023, algorithm 1.
    """
    if matrices.device.type == "cpu":
        points: Tensor = _CompiledOrbit.apply(  # type: ignore[no-untyped-call]
            matrices, offsets, indices, start
        )
        return points
    return orbit_stepwise(matrices, offsets, indices, start)


def orbit_stepwise(matrices: Tensor, offsets: Tensor, indices: Tensor, start: Tensor) -> Tensor:
    """Return the same as ``orbit``, one tensor operation per step; any device."""
    batch, sequences, steps = indices.shape
    items = torch.arange(batch, device=indices.device)[:, None]
    x = start[:, None].expand(batch, sequences, -1)
    points = []
    for t in range(steps):
        A, b = matrices[items, indices[..., t]], offsets[items, indices[..., t]]
        x = (A @ x[..., None])[..., 0] + b
        points.append(x)
    return torch.stack(points, 2)


class _CompiledOrbit(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, matrices: Tensor, offsets: Tensor, indices: Tensor, start: Tensor
    ) -> Tensor:
        A, b = matrices.detach().contiguous(), offsets.detach().contiguous()
        points = A.new_empty(*indices.shape, A.shape[-1])
        indices, start = indices.contiguous(), start.contiguous()
        native.follow(
            A.numpy(),
            b.numpy(),
            indices.numpy(),
            start.numpy(),
            points.numpy(),
            thread_count(None),
        )
        ctx.save_for_backward(A, indices, start, points)
        return points

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor, None, None]:
        A, indices, start, points = ctx.saved_tensors
        grad_A, grad_b = torch.zeros_like(A), A.new_zeros(A.shape[:-1])
        native.follow_back(
            A.numpy(),
            indices.numpy(),
            start.numpy(),
            points.numpy(),
            grads[0].contiguous().numpy(),
            grad_A.numpy(),
            grad_b.numpy(),
            thread_count(None),
        )
        return grad_A, grad_b, None, None
