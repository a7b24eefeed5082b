"""Signed distances to the primitives: negative inside, in the units of the plane.

The numbers of a primitive are those of ``selfsame.ifs.code.Primitive``; here they are a tensor,
so that they can be learned.
"""

import torch
from torch import Tensor

from selfsame.errors import InputError
from selfsame.ifs.code import PrimitiveKind

TINY = 1e-24
"""Added under square roots of squared lengths, so that their gradient stays finite at 0."""


def signed_distance(kind: PrimitiveKind, shape: Tensor, points: Tensor) -> Tensor:
    """Return the signed Euclidean distance of points to the boundary of a primitive.

    Args:
        kind: ``disk``, ``rectangle`` or ``segment``.
        shape: (3,) or (5,), the numbers of the primitive; sizes must be non-negative.
        points: (P, 2).
    Returns:
        (P,), negative inside.
    Raises:
        InputError: unknown kind.
    Source: the usual exact distances (Quilez, "2D distance functions").
    """
    if kind == "disk":
        return _length(points - shape[:2]) - shape[2]
    if kind == "segment":
        start, along = shape[:2], shape[2:4] - shape[:2]
        offset = points - start
        t = (offset @ along) / (along @ along + TINY)
        return _length(offset - t.clamp(0, 1)[:, None] * along) - shape[4]
    if kind == "rectangle":
        c, s = torch.cos(shape[4]), torch.sin(shape[4])
        x, y = (points - shape[:2]).unbind(-1)
        beyond = torch.stack([c * x + s * y, c * y - s * x], dim=-1).abs() - shape[2:4]
        return _length(beyond.clamp(min=0)) + beyond.amax(dim=-1).clamp(max=0)
    raise InputError(f"primitive must be disk, rectangle or segment: got {kind!r}")


def _length(vectors: Tensor) -> Tensor:
    return torch.sqrt((vectors * vectors).sum(dim=-1) + TINY)
