"""The expected loss of a drawing with finitely many random points, without drawing it.

A drawing of n independent points is shot noise: the value X of a pixel is a sum of Gaussians of
the points that fell nearby, with mean μ = n·E[k] and variance v = n·(E[k²] - E[k]²), both linear
splats of the cloud. What the paper minimises is the mean of ``(t - min(1, X))²`` over drawings,
and its sampling noise is what makes that slow. Here the law of X is used instead. Where the density
is even around a pixel, Gaussian bumps ``k = exp(-r²/σ)`` of a Poisson process have the Lévy measure
``a dk/k`` on (0, 1], because r² is uniform: X is a (generalised) Dickman variable. Scaled by
c = 2 v/μ it matches mean and variance everywhere, so E[min(1, X)] and E[min(1, X)²] are functions
of (μ, v/μ), tabulated once and interpolated. A test holds the table against simulation.

Source: Campbell's theorem for shot noise; Panjer 1981 for the recursion; Penrose and Wade 2004 for
generalised Dickman laws.
"""

from functools import cache

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

LOG_MEAN = (float(np.log(1e-3)), float(np.log(60.0)))
FANO = (0.02, 1.0)
_MEANS, _FANOS, _JUMPS = 160, 40, 48


@cache
def _table() -> Tensor:
    """Return (1, 2, means, Fano factors): E[min(1, X)] and E[min(1, X)²] on the grid."""
    mean = np.exp(np.linspace(*LOG_MEAN, _MEANS))
    jumps = np.arange(1, _JUMPS + 1)
    table = np.empty((2, _MEANS, _FANOS))
    for column, fano in enumerate(np.linspace(*FANO, _FANOS)):
        # Jumps of size scale·j/J, j = 1..J, at rate a/j: mean a·scale, v/μ = scale·(J+1)/2J.
        scale = 2 * fano * _JUMPS / (_JUMPS + 1)
        a = mean / scale
        values = int(np.ceil(_JUMPS / scale)) + 1  # lattice values below 1; the rest clamps to 1
        law = np.zeros((values, _MEANS))
        law[0] = np.exp(-a * (1 / jumps).sum())
        cumulative = np.zeros((values + 1, _MEANS))
        cumulative[1] = law[0]
        for n in range(1, values):  # Panjer: n p_n = a (p_{n-1} + ... + p_{n-J})
            law[n] = a / n * (cumulative[n] - cumulative[max(0, n - _JUMPS)])
            cumulative[n + 1] = cumulative[n] + law[n]
        x = np.minimum(1, scale * np.arange(values) / _JUMPS)[:, None]
        table[0, :, column] = 1 - (law * (1 - x)).sum(0)
        table[1, :, column] = 1 - (law * (1 - x * x)).sum(0)
    return torch.tensor(table[None], dtype=torch.float32)


def expected_clamp(mean: Tensor, variance: Tensor) -> tuple[Tensor, Tensor]:
    """Return E[min(1, X)] and E[min(1, X)²] of pixels X with given mean and variance.

    Args:
        mean, variance: of one shape, non-negative; mean is taken within e^LOG_MEAN, and
            variance / mean within FANO.
    """
    low, high = LOG_MEAN
    mean = mean.clamp_min(np.exp(low))
    fano = (variance / mean).clamp(*FANO)
    row = 2 * (mean.log() - low) / (high - low) - 1
    column = 2 * (fano - FANO[0]) / (FANO[1] - FANO[0]) - 1
    grid = torch.stack([column, row], -1).reshape(1, 1, -1, 2)
    table = _table().to(grid)
    both = F.grid_sample(table, grid, align_corners=True, padding_mode="border")[0, :, 0]
    first, second = both.reshape(2, *mean.shape)
    return first, second
