"""The fixed point of a small collage by elimination: exact, and slow in the number of unknowns."""

import math

import torch
from torch import Tensor

from selfsame.collage.operator.functional import domain_blocks, domain_term, mix_shared
from selfsame.collage.operator.geometry import Geometry
from selfsame.errors import DivergedError, InputError

MAX_UNKNOWNS = 4096
"""Of a linear solve per picture and channel: a dense matrix of 64 MiB in float32."""

MAX_NUMBERS = 1 << 24
"""Computed at once for the matrix of a linear solve."""


def eliminate(weights: Tensor, constant: Tensor, geometry: Geometry) -> Tensor:
    """Return the solution of ``x = S x + b``, (B, C, H, W), differentiable.

    The unknowns are the domains' blocks ``y = P x``, where they are fewer than the pixels: with
    ``S = M P``, ``y = P M y + P b`` and ``x = M y + b``.

    Args:
        weights: of S, (B, C or 1, D, R).
        constant: b, (B, C, H, W).
    Raises:
        InputError: more than ``MAX_UNKNOWNS``.
        DivergedError: there is no single solution.
    """
    size = (constant.shape[2], constant.shape[3])
    grid = geometry.grid(*size)
    blocks = None if geometry.local else domain_blocks(constant, geometry)
    if blocks is None or blocks[0, 0].numel() >= math.prod(size):
        known, pooled = constant, False
    else:
        known, pooled = blocks, True
    shape = known.shape[2:]
    unknowns = math.prod(shape)
    if unknowns > MAX_UNKNOWNS:
        raise InputError(
            f"method linear solves for at most {MAX_UNKNOWNS} numbers per channel: this picture "
            f"of {size[0]}x{size[1]} needs {unknowns}; use method='anderson'"
        )

    def picture(values: Tensor, weight: Tensor) -> Tensor:
        if pooled:
            return mix_shared(values, weight, grid, geometry)
        return domain_term(values.expand(-1, weight.shape[1], -1, -1), weight, geometry)

    def column(values: Tensor, weight: Tensor) -> Tensor:
        result = picture(values, weight)
        return (domain_blocks(result, geometry) if pooled else result).flatten(2)

    unit = torch.eye(unknowns, dtype=constant.dtype, device=constant.device)
    part = max(1, MAX_NUMBERS // math.prod(size))
    matrices = []
    for weight in torch.split(weights, 1):
        columns = [column(rows.view(-1, 1, *shape), weight) for rows in torch.split(unit, part)]
        matrices.append(torch.cat(columns).permute(1, 2, 0))  # (C or 1, out, in)
    right = known.flatten(2)[..., None]
    if weights.shape[1] == 1:
        right = right.transpose(1, 3)  # one matrix, a right side per channel
    try:
        solution = torch.linalg.solve(unit - torch.stack(matrices), right)
    except torch.linalg.LinAlgError as error:  # type: ignore[attr-defined]
        raise DivergedError(f"the collage has no single fixed point: {error}") from error
    if weights.shape[1] == 1:
        solution = solution.transpose(1, 3)
    values = solution.reshape(known.shape)
    return picture(values, weights) + constant if pooled else values
