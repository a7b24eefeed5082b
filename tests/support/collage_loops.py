"""The collage operator pixel by pixel, as its definition reads; random collages to try it on."""

import itertools
import math

import numpy as np
import torch

from selfsame.collage.operator.functional import (
    CollageParameters,
    constant_term,
    domain_term,
    limit_weights,
)
from selfsame.collage.operator.geometry import Geometry
from selfsame.isometries import transformed

CASES = {
    "paper": (Geometry((4, 4), ((8, 8),)), (16, 24)),
    "quadtree": (Geometry((4, 4), ((16, 16), (8, 8))), (16, 32)),
    "whole picture": (Geometry((4, 3), ((16, 12),)), (16, 12)),
    "isometries": (Geometry((4, 4), ((8, 12),), tuple(range(8))), (16, 12)),
    "not square": (Geometry((2, 4), ((2, 12), (6, 4)), (0, 1, 2, 3)), (12, 24)),
    "overlap": (Geometry((4, 6), ((8, 6), (8, 12)), (0, 2), overlap=2), (16, 12)),
    "single range": (Geometry((6, 4), ((12, 4),), overlap=1, local=True), (6, 4)),
    "local": (Geometry((4, 4), ((8, 8), (12, 4)), (0, 6), local=True), (8, 12)),
    "local overlap": (Geometry((4, 4), ((8, 16),), (0, 5), overlap=2, local=True), (12, 8)),
    "local, ranges no multiple of the factor": (
        Geometry((5, 4), ((15, 12),), (3,), overlap=1, local=True),
        (10, 12),
    ),
}
"""Geometry and (height, width) of every kind of collage."""


def random_collage(
    geometry: Geometry,
    size: tuple[int, int],
    *,
    seed: int = 0,
    batch: int = 2,
    channels: int = 2,
    shared: bool = False,
    aux: int = 0,
    bound: float = 0.8,
) -> CollageParameters:
    """Return random parameters in float64; the auxiliary blocks (A, C, h, w)."""
    generator = torch.Generator().manual_seed(seed)

    def noise(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    ranges, domains = geometry.range_count(*size), geometry.domain_count(*size)
    maps = 1 if shared else channels
    return CollageParameters(
        limit_weights(noise(batch, maps, domains, ranges), bound),
        noise(batch, channels, ranges),
        noise(batch, maps, aux, ranges) if aux else None,
        noise(aux, channels, *geometry.block_size) if aux else None,
    )


def exact_fixed_point(
    params: CollageParameters, geometry: Geometry, size: tuple[int, int]
) -> torch.Tensor:
    """Return the solution of ``x = S x + b``, (B, C, H, W), pixel by pixel; differentiable."""
    constant = constant_term(params, geometry, size)
    units = torch.eye(math.prod(size), dtype=constant.dtype)
    pictures = []
    for b, weights in zip(constant, params.weights, strict=True):
        for c, plane in enumerate(b):
            own = weights[min(c, len(weights) - 1)][None, None]
            images = domain_term(units.view(-1, 1, *size), own, geometry).flatten(1)
            pictures.append(torch.linalg.solve(units - images.T, plane.flatten()))
    return torch.stack(pictures).view_as(constant)


def looped_step(x: torch.Tensor, params: CollageParameters, geometry: Geometry) -> torch.Tensor:
    """Return one application of the collages, (B, C, H, W), computed by loops."""
    return torch.from_numpy(
        np.stack(
            [
                [_step(x[b, c].numpy(), params, geometry, b, c) for c in range(x.shape[1])]
                for b in range(x.shape[0])
            ]
        )
    )


def _step(picture, params, geometry, b, c):
    height, width = picture.shape
    (hr, wr), m = geometry.range_size, geometry.overlap
    total, weight_sum = np.zeros_like(picture), np.zeros_like(picture)
    corners = itertools.product(range(0, height, hr), range(0, width, wr))
    for r, (top, left) in enumerate(corners):
        block = np.full(geometry.block_size, float(params.bias[b, c, r]))
        for d, domain in enumerate(_domains(picture, geometry, top, left)):
            block = block + float(params.weights[b, c % params.weights.shape[1], d, r]) * domain
        if params.aux is not None:
            aux = params.aux if params.aux.ndim == 4 else params.aux[b % len(params.aux)]
            for a in range(len(aux)):
                amount = params.aux_weights[b, c % params.aux_weights.shape[1], a, r]
                block = block + float(amount) * aux[a, c % aux.shape[1]].numpy()
        for i, j in np.ndindex(*geometry.block_size):
            row, column = top - m + i, left - m + j
            if 0 <= row < height and 0 <= column < width:
                weight = _window(i, hr, m) * _window(j, wr, m)
                total[row, column] += weight * block[i, j]
                weight_sum[row, column] += weight
    return total / weight_sum


def _domains(picture, geometry, range_top, range_left):
    for (hd, wd), factor in zip(geometry.domain_sizes, geometry.factors, strict=True):
        if geometry.local:
            corners = [
                (
                    range_top - (hd - geometry.range_size[0]) // 2,
                    range_left - (wd - geometry.range_size[1]) // 2,
                )
            ]
        else:
            corners = itertools.product(
                range(0, picture.shape[0], hd), range(0, picture.shape[1], wd)
            )
        for top, left in corners:
            block = _pooled(picture, geometry, factor, top, left)
            for isometry in geometry.isometries:
                yield transformed(block, isometry)


def _pooled(picture, geometry, factor, top, left):
    block = np.zeros(geometry.block_size)
    for i, j in np.ndindex(*geometry.block_size):
        values = []
        for a, e in np.ndindex(*factor):
            row = top + (i - geometry.overlap) * factor[0] + a
            column = left + (j - geometry.overlap) * factor[1] + e
            row = min(max(row, 0), picture.shape[0] - 1)
            column = min(max(column, 0), picture.shape[1] - 1)
            values.append(picture[row, column])
        block[i, j] = np.mean(values)
    return block


def _window(index, length, overlap):
    """Return the weight at a place of a block: 1, in the seams a raised cosine."""
    last = length + 2 * overlap - 1
    inwards = min(index, last - index) + 0.5
    if inwards >= 2 * overlap:
        return 1.0
    return math.sin(math.pi / 2 * inwards / (2 * overlap)) ** 2
