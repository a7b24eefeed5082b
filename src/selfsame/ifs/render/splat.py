"""Differentiable splatting: a weighted point cloud becomes a sum of Gaussians on the pixel grid.

The image of points ``(x, y)`` with values ``v`` is ``I_c(i, j) = Σ_p v_pc exp(-d²_p(i, j) / σ)``,
d in pixels: the RBF rendering of "Learning Fractals by Gradient Descent" (Tu et al. 2023, eq. 7).
A Gaussian on a pixel is a product of two 1-D Gaussians. On a GPU the picture is therefore one
matrix product, ``(H×P)·(P×W)``; on a CPU, where a point touches about 8×8 pixels and the rest of
its row is zero, a compiled loop over that window does ``H·W / 64`` times less.
"""

import math
from typing import Any

import numba
import numpy as np
import torch
from torch import Tensor

from selfsame.blocks import ORDERED

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
    Source: Tu et al. 2023, eq. 7; separable as in idea 1 of the design.
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
        _splat_forward(p.numpy(), v.numpy(), image.numpy(), sigma, radius)
        ctx.save_for_backward(p, v)
        ctx.sigma, ctx.radius = sigma, radius
        return image

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor, None, None]:
        points, values = ctx.saved_tensors
        grad_points = torch.zeros_like(points)
        grad_values = torch.zeros_like(values)
        _splat_backward(
            points.numpy(),
            values.numpy(),
            grads[0].contiguous().numpy(),
            grad_points.numpy(),
            grad_values.numpy(),
            ctx.sigma,
            ctx.radius,
        )
        return grad_points, grad_values, None, None


@numba.njit(cache=True, fastmath=ORDERED, error_model="numpy")
def _window(position, radius, limit, sigma, gaussian, offset):  # type: ignore[no-untyped-def]
    """Fill the 1-D Gaussians of one point and return the pixel range [first, last) they cover.

    ``offset[k]`` is pixel centre minus position, ``gaussian[k] = exp(-offset² / σ)``, by the
    recurrence g(t+1) = g(t)·r(t), r(t+1) = r(t)·exp(-2/σ): two exponentials instead of one a pixel.
    """
    first = max(0, math.ceil(position - radius - 0.5))
    last = min(limit, math.floor(position + radius - 0.5) + 1)
    if last <= first:
        return 0, 0
    start = first + 0.5 - position
    g = math.exp(-start * start / sigma)
    r = math.exp(-(2 * start + 1) / sigma)
    q = math.exp(-2 / sigma)
    for k in range(last - first):
        gaussian[k] = g
        offset[k] = start + k
        g *= r
        r *= q
    return first, last


@numba.njit(cache=True, parallel=True, fastmath=ORDERED)
def _splat_forward(points, values, image, sigma, radius):  # type: ignore[no-untyped-def]
    batch, count, channels = values.shape
    height, width = image.shape[2], image.shape[3]
    span = int(2 * radius) + 3
    for b in numba.prange(batch):
        gx, gy = np.empty(span, points.dtype), np.empty(span, points.dtype)
        dx, dy = np.empty(span, points.dtype), np.empty(span, points.dtype)
        for p in range(count):
            x, y = points[b, p, 0], points[b, p, 1]
            if not (-radius < x < width + radius and -radius < y < height + radius):
                continue
            x0, x1 = _window(x, radius, width, sigma, gx, dx)
            y0, y1 = _window(y, radius, height, sigma, gy, dy)
            for c in range(channels):
                v = values[b, p, c]
                for i in range(y0, y1):
                    weight = v * gy[i - y0]
                    row = image[b, c, i]
                    for j in range(x1 - x0):
                        row[x0 + j] += weight * gx[j]


@numba.njit(cache=True, parallel=True, fastmath=ORDERED)
def _splat_backward(points, values, grad, grad_points, grad_values, sigma, radius):  # type: ignore[no-untyped-def]
    batch, count, channels = values.shape
    height, width = grad.shape[2], grad.shape[3]
    span = int(2 * radius) + 3
    for b in numba.prange(batch):
        gx, gy = np.empty(span, points.dtype), np.empty(span, points.dtype)
        dx, dy = np.empty(span, points.dtype), np.empty(span, points.dtype)
        for p in range(count):
            x, y = points[b, p, 0], points[b, p, 1]
            if not (-radius < x < width + radius and -radius < y < height + radius):
                continue
            x0, x1 = _window(x, radius, width, sigma, gx, dx)
            y0, y1 = _window(y, radius, height, sigma, gy, dy)
            gradient_x = gradient_y = points.dtype.type(0)
            for c in range(channels):
                along = across = total = points.dtype.type(0)
                for i in range(y0, y1):
                    row = grad[b, c, i]
                    plain = moment = points.dtype.type(0)
                    for j in range(x1 - x0):
                        term = row[x0 + j] * gx[j]
                        plain += term
                        moment += term * dx[j]
                    total += gy[i - y0] * plain
                    along += gy[i - y0] * moment
                    across += gy[i - y0] * dy[i - y0] * plain
                grad_values[b, p, c] = total
                gradient_x += values[b, p, c] * along
                gradient_y += values[b, p, c] * across
            grad_points[b, p, 0] = gradient_x * 2 / sigma
            grad_points[b, p, 1] = gradient_y * 2 / sigma
