"""Differentiable splatting: a weighted point cloud becomes a sum of Gaussians on the pixel grid.

The image of points ``(x, y)`` with values ``v`` is ``I_c(i, j) = Σ_p v_pc exp(-d²_p(i, j) / σ)``,
d in pixels: the RBF rendering of "Learning Fractals by Gradient Descent" (Tu et al. 2023, eq. 7).
A Gaussian on a pixel is a product of two 1-D Gaussians. On a GPU the picture is therefore one
matrix product, ``(H×P)·(P×W)``; on a CPU, where a point touches about 8×8 pixels and the rest of
its row is zero, a compiled loop over that window does ``H·W / 64`` times less.
"""

import math
from typing import Any

import torch
from torch import Tensor

from selfsame._native import ifs as native
from selfsame.run.threads import thread_count

CUTOFF = 1e-6
"""Where a Gaussian is dropped; 300 points together then err by less than 3e-4 of a grey level."""


def splat(points: Tensor, values: Tensor, size: tuple[int, int], sigma: float = 1.0) -> Tensor:
    """Return the sum of Gaussians ``exp(-d²/sigma)`` at the pixel centres, differentiable.

    Args:
        points: (B, P, 2) as (column, row) in pixels, the top left corner of the picture at
            (0, 0); points outside and non-finite ones contribute what reaches the picture,
            or nothing.
        values: (B, P, C) weight of each point in each channel.
        size: (height, width).
        sigma: bandwidth σ > 0 in pixels².
    Returns:
        (B, C, H, W).
    Source: Tu et al. 2023, eq. 7.
    """
    if points.device.type == "cpu":
        image: Tensor = _WindowedSplat.apply(  # type: ignore[no-untyped-call]
            points, values, size, float(sigma)
        )
        return image
    return splat_dense(points, values, size, sigma)


def splat_dense(
    points: Tensor, values: Tensor, size: tuple[int, int], sigma: float = 1.0
) -> Tensor:
    """Return the same as ``splat`` by one dense matrix product per channel; any device."""
    height, width = size
    columns = torch.arange(width, device=points.device, dtype=points.dtype) + 0.5
    rows = torch.arange(height, device=points.device, dtype=points.dtype) + 0.5
    gx = torch.exp(-((points[..., 0, None] - columns) ** 2) / sigma)  # (B, P, W)
    gy = torch.exp(-((points[..., 1, None] - rows) ** 2) / sigma)  # (B, P, H)
    weighted = gy[:, None] * values.transpose(1, 2)[..., None]  # (B, C, P, H)
    return weighted.transpose(-1, -2) @ gx[:, None]


class _WindowedSplat(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, points: Tensor, values: Tensor, size: tuple[int, int], sigma: float
    ) -> Tensor:
        p, v = points.detach().contiguous(), values.detach().contiguous()
        image = p.new_zeros(p.shape[0], v.shape[2], *size)
        radius = math.sqrt(-sigma * math.log(CUTOFF))
        native.splat(p.numpy(), v.numpy(), sigma, radius, image.numpy(), thread_count(None))
        ctx.save_for_backward(p, v)
        ctx.sigma, ctx.radius = sigma, radius
        return image

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor, None, None]:
        points, values = ctx.saved_tensors
        grad_points = torch.zeros_like(points)
        grad_values = torch.zeros_like(values)
        native.splat_gradient(
            points.numpy(),
            values.numpy(),
            ctx.sigma,
            ctx.radius,
            grads[0].contiguous().numpy(),
            grad_points.numpy(),
            grad_values.numpy(),
            thread_count(None),
        )
        return grad_points, grad_values, None, None
