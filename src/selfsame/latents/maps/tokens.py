"""One map of the plane as a token of seven real numbers: a chart without seams.

With points as complex numbers every linear map is ``z -> α z + β z̄``, a turn and a mirrored turn.
That is its singular value decomposition in a form without ambiguities: the singular values are
``|α| + |β|`` and ``||α| - |β||``, the sum and the difference of the angles of the two rotations are
the phases of α and β, and the determinant is ``|α|² - |β|²``, so that rotations and reflections go
over into each other where a map is singular. A token holds α and β, drawn out to all of the plane::

    (α, β) = LARGEST tanh(ρ) / ρ (a, b),    ρ = |a| + |b|

then where the map sends the middle of the picture, and the logarithm of its probability up to a
constant of the set. Every token is a contractive map, and every map that contracts enough is one
token.
"""

import math

import numpy as np
import torch
from torch import Tensor

from selfsame.ifs.fit.maps import Maps
from selfsame.latents.space import Field

LARGEST = 0.95
"""Bound on the singular values of all maps; a fit's default."""

QUANTUM = 2.0**-12
"""Of the numbers of a map: a hundredth of a pixel of small pictures, and exact in single
precision."""

LOG_QUANTUM = 2.0**-8
"""Of log-probabilities."""

SPREAD = 6.0
"""Log-probabilities of a code lie at most so far below the largest of its set: a whole number of
quanta."""

_MOST = 4.0
"""Bound of a number of a linear map in codes: tanh is 0.999 there."""

_FARTHEST = 8.0
"""Bound of a place in codes, half sides of the picture."""

_TINY = 1e-24
"""Under roots of squares, so that gradients are finite at 0."""

_BELOW_ONE = 1 - 1e-3
"""Share of ``LARGEST`` that tokens are made of at most."""

FIELDS = (
    *(
        Field(name, "real", -_MOST, _MOST, QUANTUM)
        for name in ("turn re", "turn im", "mirror re", "mirror im")
    ),
    Field("x", "real", -_FARTHEST, _FARTHEST, QUANTUM),
    Field("y", "real", -_FARTHEST, _FARTHEST, QUANTUM),
    Field("log p", "real", -math.inf, math.inf, LOG_QUANTUM),
)

LAST = len(FIELDS) - 1
"""The place of the log-probability."""


def maps_of(tokens: Tensor) -> Maps:
    """Return the maps that tokens, (B, N, 7), stand for, differentiable.

    The square of the picture is [-1, 1]² of the plane, y up.
    """
    turn, mirror = _pairs(tokens[..., :4])
    reach = _length(turn) + _length(mirror)
    factor = LARGEST * (reach.tanh() / reach)[..., None]
    log_p = tokens[..., LAST].log_softmax(-1)
    return Maps(_matrices(factor * turn, factor * mirror), tokens[..., 4:LAST], log_p)


def tokens_of(maps: Maps) -> Tensor:
    """Return the tokens, (B, N, 7), of maps; those that contract too little are shrunk."""
    a, b, c, d = maps.matrices.flatten(-2).unbind(-1)
    turn = torch.stack([a + d, c - b], -1) / 2
    mirror = torch.stack([a - d, b + c], -1) / 2
    norm = _length(turn) + _length(mirror)
    factor = ((norm / LARGEST).clamp(max=_BELOW_ONE).atanh() / norm)[..., None]
    log_p = maps.log_probabilities.log_softmax(-1)[..., None]
    return torch.cat([factor * turn, factor * mirror, maps.offsets, log_p], -1)


def rounded_set(tokens: Tensor) -> Tensor:
    """Return tokens of one set, (N, 7), as a code holds them: rounded, in an order of their own."""
    values = tokens.detach().cpu().double()
    linear = values[:, :4].clamp(-_MOST, _MOST)
    places = values[:, 4:LAST].clamp(-_FARTHEST, _FARTHEST)
    log_p = values[:, LAST:]
    log_p = log_p.clamp(min=log_p.max() - SPREAD).log_softmax(0)
    whole = torch.cat([linear / QUANTUM, places / QUANTUM, log_p / LOG_QUANTUM], 1).round()
    order = np.lexsort(whole.numpy().T)  # by the last number first: the likeliest map comes last
    quanta = torch.tensor([field.quantum for field in FIELDS], dtype=torch.float64)
    return (whole * quanta)[torch.from_numpy(order[::-1].copy())].to(tokens)


def _pairs(numbers: Tensor) -> tuple[Tensor, Tensor]:
    return numbers[..., :2], numbers[..., 2:]


def _length(pairs: Tensor) -> Tensor:
    return (pairs.square().sum(-1) + _TINY).sqrt()


def _matrices(turn: Tensor, mirror: Tensor) -> Tensor:
    """Return the matrices, (..., 2, 2), of z -> α z + β z̄."""
    (p, q), (r, s) = turn.unbind(-1), mirror.unbind(-1)
    entries = torch.stack([p + r, s - q, s + q, p - r], -1)
    return entries.reshape(*entries.shape[:-1], 2, 2)
