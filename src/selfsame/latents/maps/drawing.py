"""Pictures of sets of maps: the same for every order of the maps, and smooth in their numbers.

No point is drawn by chance. Mean and covariance of the invariant measure solve linear equations;
three points of equal weight have the same. Their images under all words of some length stand for
the attractor, and each is where dots of a soft pen fall: a place is inked unless every dot misses
it, ``1 - exp(-n Σ w exp(-d²/σ))`` for n dots (a Boolean model). The pen grows with the picture, so
that an enlargement is one of the drawing, and no dust of points.
"""

import math

import torch
from torch import Tensor

from selfsame.ifs.fit.maps import Maps, compose_words
from selfsame.ifs.render.splat import splat

WORDS = 64
"""Words at least. Their pieces are then about as large as the pen."""

_SINE = math.sqrt(3) / 2

_LEAST_VARIANCE = 1e-8
"""Of the measure, for the root: a thousandth of a pixel squared."""


def draw_maps(maps: Maps, side: int, dots: float, sigma: float) -> Tensor:
    """Return the pictures, (B, 1, side, side) in [0, 1), of systems, differentiable.

    Args:
        maps: B contractive systems of N maps, whose picture is [-1, 1]² of the plane.
        side: pixels.
        dots: n, of a drawing.
        sigma: bandwidth of a dot, pixels².
    """
    words = compose_words(maps, word_length(maps.offsets.shape[1]))
    corners = measure_points(maps)
    points = corners[:, None] @ words.matrices.mT + words.offsets[:, :, None]
    weights = words.log_probabilities.exp()[..., None] / corners.shape[1]
    flip = torch.tensor([1.0, -1.0]).to(points)  # rows go down
    pixels = (flip * points + 1) * (side / 2)
    values = (dots * weights).expand(points.shape[:3])
    ink = splat(pixels.flatten(1, 2), values.flatten(1, 2)[..., None], (side, side), sigma)
    return -torch.expm1(-ink)


def word_length(maps: int) -> int:
    """Return how many letters the words of a system have."""
    if maps == 1:
        return 1
    return math.ceil(math.log(WORDS) / math.log(maps) - 1e-9)


def measure_points(maps: Maps) -> Tensor:
    """Return three points, (B, 3, 2), with mean and covariance of each invariant measure."""
    mean, covariance = moments(maps)
    a, c, b = covariance[..., 0, 0], covariance[..., 0, 1], covariance[..., 1, 1]
    first = (a + _LEAST_VARIANCE).sqrt()  # the lower triangular root
    below = c / first
    second = (b - below.square()).clamp(min=_LEAST_VARIANCE).sqrt()
    zero = torch.zeros_like(second)
    root = torch.stack([torch.stack([first, zero], -1), torch.stack([below, second], -1)], -2)
    corners = math.sqrt(2) * torch.tensor([[0, 1], [_SINE, -0.5], [-_SINE, -0.5]]).to(root)
    return mean[:, None] + corners @ root.mT


def moments(maps: Maps) -> tuple[Tensor, Tensor]:
    """Return mean (B, 2) and covariance (B, 2, 2) of each invariant measure.

    They are what the maps leave alone: ``m = Σ p (A m + b)``, ``C = Σ p (A C Aᵀ + d dᵀ)`` with
    ``d = A m + b - m`` (Barnsley 1988, moments of invariant measures).
    """
    p, A = maps.log_probabilities.exp(), maps.matrices
    eye = torch.eye(2).to(A)
    mean = torch.linalg.solve(
        eye - (p[..., None, None] * A).sum(1), (p[..., None] * maps.offsets).sum(1)
    )
    apart = (A @ mean[:, None, :, None])[..., 0] + maps.offsets - mean[:, None]
    # Rows by rows the matrix C becomes (A ⊗ A) C.
    squared = torch.einsum("bn,bnij,bnkl->bikjl", p, A, A).flatten(3).flatten(1, 2)
    spread = torch.einsum("bn,bni,bnj->bij", p, apart, apart).flatten(1)
    covariance = torch.linalg.solve(torch.eye(4).to(A) - squared, spread)
    return mean, covariance.unflatten(1, (2, 2))
