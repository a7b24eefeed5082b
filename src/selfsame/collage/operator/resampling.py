"""Resampling by any rational factor: area averages down, their smooth inverse up."""

import math
from fractions import Fraction
from functools import cache

import torch
from torch import Tensor

from selfsame.collage.operator.geometry import Size
from selfsame.errors import InputError

CUBIC = -0.5
"""Keys' parameter: the interpolation that is exact for parabolas (Catmull-Rom)."""


def area_resize(x: Tensor, size: Size) -> Tensor:
    """Return pictures (..., H, W) shrunk to (height, width), every pixel the mean of its area.

    Raises:
        InputError: ``size`` is larger than the picture, or below 1, in a direction.
    """
    whole = tuple(x.shape[-2:])
    if any(not 1 <= new <= old for new, old in zip(size, whole, strict=True)):
        raise InputError(f"size must be 1 to {whole} (height, width): got {tuple(size)}")
    return _area_resize_1d(_area_resize_1d(x, -2, size[0]), -1, size[1])


def upscale_aux(aux: Tensor, scale: int | Fraction) -> Tensor:
    """Return auxiliary blocks (..., h, w) resampled to ``scale`` times their size.

    Above 1 they are interpolated by cubics whose area means are the given blocks exactly, so that a
    picture decoded larger averages down to the one decoded plainly; below 1 the area means.

    Raises:
        InputError: the scaled height or width is not whole, or below 1.
    """
    ratio = Fraction(scale)
    sizes = [ratio * n for n in aux.shape[-2:]]
    if ratio <= 0 or any(n.denominator != 1 for n in sizes):
        raise InputError(
            f"scale must make blocks of {aux.shape[-2]}x{aux.shape[-1]} whole: got {scale}"
        )
    down, across = (_matrix(n, int(m)).to(aux) for n, m in zip(aux.shape[-2:], sizes, strict=True))
    larger: Tensor = down @ aux @ across.mT
    return larger


@cache
def _matrix(old: int, new: int) -> Tensor:
    """Return the (new, old) float64 matrix that resamples ``old`` values to ``new``."""
    if new <= old:
        return _area_resize_1d(torch.eye(old, dtype=torch.float64), 0, new)
    cubic = _cubic_matrix(old, new)
    means = _area_resize_1d(cubic, 0, old)
    # Solved for: the values whose interpolation has the given means. Nearly the identity.
    matrix: Tensor = torch.linalg.solve(means, cubic, left=False)
    return matrix


def _cubic_matrix(old: int, new: int) -> Tensor:
    """Return the (new, old) matrix of cubic interpolation at pixel centres, ends repeated."""
    places = (torch.arange(new, dtype=torch.float64) + 0.5) * old / new - 0.5
    first = places.floor().long() - 1
    matrix = torch.zeros(new, old, dtype=torch.float64)
    for tap in range(4):
        column = first + tap
        t = (places - column).abs()
        near = (CUBIC + 2) * t**3 - (CUBIC + 3) * t**2 + 1
        far = CUBIC * (t**3 - 5 * t**2 + 8 * t - 4)
        weight = torch.where(t <= 1, near, far)
        matrix.scatter_add_(1, column.clamp(0, old - 1)[:, None], weight[:, None])
    return matrix


def _area_resize_1d(x: Tensor, dim: int, length: int) -> Tensor:
    """Return ``x`` with ``dim`` shrunk to ``length``, exact for any ratio."""
    old = x.shape[dim]
    if length == old:
        return x
    # In units of 1 / length of an old pixel, so that the borders are whole numbers.
    begin = torch.arange(length, device=x.device) * old
    first = begin // length
    shape = [1] * x.ndim
    shape[dim] = length
    result = torch.zeros((), dtype=x.dtype, device=x.device)
    for tap in range(math.ceil(old / length) + 1):
        pixel = first + tap
        covered = torch.minimum(begin + old, (pixel + 1) * length) - torch.maximum(
            begin, pixel * length
        )
        weight = (covered.clamp(min=0).double() / old).to(x.dtype).view(shape)
        result = result + weight * x.index_select(dim, pixel.clamp(max=old - 1))
    return result
