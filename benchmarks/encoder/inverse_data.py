"""Fractals whose parameters are known, in the manner of FractalDB: what an inverse encoder learns.

Random systems of ten maps, taken if they fill enough of their picture, which is FractalDB's rule.
The maps are Anderson and Farrell's, in SVD form: all contract, as those of a fit do, and their
singular values, by which they are ordered, lie far apart; FractalDB's own, with all numbers uniform
in [-1, 1], make hardly anything but round blobs once there are ten. Pictures are drawn as in
"Learning Fractals by Gradient Descent": 300 points, Gaussians of σ = 1 on 32×32 pixels. The window
of the plane is [-1, 1]², and each system is moved and scaled, alike in both directions, so that the
points drawn fill a square somewhere within it; its parameters are those after that. Pictures are
thresholded, as the targets of a fit are.

Source: Kataoka et al. 2020, "Pre-training without Natural Images"; Anderson and Farrell 2022,
"Improving Fractal Pre-training"; Tu et al. 2023.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from selfsame.ifs.code import Viewport
from selfsame.ifs.fit.config import PAPER_MAPS, PAPER_POINTS, PAPER_SIZE
from selfsame.ifs.fit.maps import Maps, first_fixed_point, largest_singular_value
from selfsame.ifs.fit.orbit import orbit
from selfsame.ifs.render.batch import stack_systems
from selfsame.ifs.render.splat import splat
from selfsame.ifs.samples.random import FILLING_RATE, sample_anderson_farrell

MAPS, SIDE, POINTS = PAPER_MAPS, PAPER_SIZE, PAPER_POINTS
SIGMA, THRESHOLD = 1.0, 0.2
# The paper's: bandwidth in pixels², and the level above which a pixel is figure.

WINDOW = Viewport(-1.0, -1.0, 1.0, 1.0)
"""The part of the plane that all pictures show."""

LARGEST_SINGULAR = 0.95
"""Bound on every singular value, as in a fit."""

EXTENTS = (0.65, 1.0)
"""Side of the square that a drawing fills, in sides of the picture: figures of data sets differ."""

MAX_TRIES = 50
"""Draws after which a picture is taken although it is filled too little."""

_SMALLEST_AREA = 1e-12
"""Of a map, so that logarithms stay finite; as in a fit."""


def fractals(seed: int, step: int, indices: Sequence[int]) -> tuple[Tensor, Tensor]:
    """Return pictures (B, 1, 32, 32) of zeros and ones, and the parameters of their systems.

    Sample i is a function of (seed, step, i). At least ``FILLING_RATE`` of the square that a
    drawing fills are figure (FractalDB's rule); a system that fills less is drawn again.

    Args:
        seed, step: 0 .. 2^63 - 1.
        indices: B numbers from 0.
    Returns:
        pictures, and parameters (B, 60), see ``parameters_of``.
    """
    pictures = torch.empty(len(indices), 1, SIDE, SIDE)
    parameters = torch.empty(len(indices), 6 * MAPS)
    waiting = np.arange(len(indices))
    for attempt in range(MAX_TRIES):
        found, maps, filled = _placed(*_draws(seed, step, np.asarray(indices)[waiting], attempt))
        enough = filled.numpy() if attempt < MAX_TRIES - 1 else np.ones(len(waiting), np.bool_)
        pictures[waiting[enough]] = found[enough]
        parameters[waiting[enough]] = parameters_of(maps)[enough]
        waiting = waiting[~enough]
        if not len(waiting):
            break
    return pictures, parameters


@dataclass(frozen=True)
class InverseBatches:
    """Batches of ``fractals`` for ``selfsame.training.train``: new ones in every step."""

    def batch(self, seed: int, step: int, indices: Sequence[int]) -> tuple[Tensor, Tensor]:
        """Return pictures (B, 1, 32, 32) and parameters (B, 60) of a step."""
        return fractals(seed, step, indices)


def parameters_of(maps: Maps) -> Tensor:
    """Return the numbers of B systems of N maps, (B, 6 N): of each map its matrix by rows, then
    its offset; maps by their largest singular value, the largest first."""
    order = largest_singular_value(maps.matrices).argsort(dim=1, descending=True, stable=True)
    each = torch.cat([maps.matrices.flatten(2), maps.offsets], 2)
    return each.gather(1, order[..., None].expand_as(each)).flatten(1)


def maps_of(parameters: Tensor) -> Maps:
    """Return the systems that ``parameters_of`` had, from any numbers (B, 6 N).

    Matrices with a singular value beyond ``LARGEST_SINGULAR`` are scaled down to it, as in a fit;
    probabilities are proportional to ``|det A|``.
    """
    each = parameters.reshape(len(parameters), parameters.shape[1] // 6, 6)
    matrices = each[..., :4].reshape(*each.shape[:2], 2, 2)
    excess = largest_singular_value(matrices).clamp_min(LARGEST_SINGULAR) / LARGEST_SINGULAR
    return with_area_probabilities(matrices / excess[..., None, None], each[..., 4:])


def with_area_probabilities(matrices: Tensor, offsets: Tensor) -> Maps:
    """Return systems of (B, N, 2, 2) and (B, N, 2), their probabilities proportional to area."""
    area = torch.linalg.det(matrices).abs().clamp_min(_SMALLEST_AREA)
    return Maps(matrices, offsets, (area / area.sum(1, keepdim=True)).log())


def chain(maps: Maps, uniforms: Tensor) -> Tensor:
    """Return the points (B, T, 2) of a chain of each system, from the first map's fixed point.

    Args:
        uniforms: (B, T) in [0, 1), which choose the maps.
    """
    cumulative = maps.log_probabilities.exp().cumsum(1)
    choices = torch.searchsorted(cumulative / cumulative[:, -1:], uniforms, right=True)
    choices = choices.clamp_max(cumulative.shape[1] - 1)
    return orbit(maps.matrices, maps.offsets, choices[:, None], first_fixed_point(maps))[:, 0]


def drawing(points: Tensor) -> Tensor:
    """Return the pictures (B, 1, 32, 32) in [0, 1] of points (B, T, 2) of the window."""
    x, y = points.unbind(-1)
    pixels = torch.stack([x - WINDOW.x_min, WINDOW.y_max - y], -1) * (SIDE / WINDOW.width)
    return splat(pixels, pixels.new_ones(*pixels.shape[:2], 1), (SIDE, SIDE), SIGMA).clamp(max=1)


def _draws(seed: int, step: int, indices: NDArray[np.int64], attempt: int) -> list[Tensor]:
    """Return what one try of some samples draws: matrices, offsets, numbers that choose the maps,
    and the side and place of the square."""
    first = int(indices.min())
    own = np.random.SeedSequence([seed, step, attempt]).generate_state(1, np.uint64)[0]
    systems = stack_systems(
        sample_anderson_farrell(
            int(indices.max()) + 1 - first, seed=int(own) >> 1, start=first, maps=(MAPS, MAPS)
        )
    ).take(indices - first)
    uniforms = np.empty((len(indices), POINTS + 3))
    for row, index in zip(uniforms, indices, strict=True):
        stream = np.random.Philox(key=seed, counter=[0, step, int(index), attempt])
        np.random.Generator(stream).random(out=row)
    extents = EXTENTS[0] + (EXTENTS[1] - EXTENTS[0]) * uniforms[:, POINTS]
    parts = (
        systems.matrices,
        systems.offsets,
        uniforms[:, :POINTS],
        extents,
        2 * uniforms[:, POINTS + 1 :] - 1,
    )
    return [torch.from_numpy(np.ascontiguousarray(part)).float() for part in parts]


def _placed(
    matrices: Tensor, offsets: Tensor, choices: Tensor, extents: Tensor, places: Tensor
) -> tuple[Tensor, Maps, Tensor]:
    """Return pictures, the systems moved into their squares, and which are filled enough.

    With ``x' = s x + t`` the map ``A x + b`` becomes ``A x' + s b + t - A t``.
    """
    first = with_area_probabilities(matrices, offsets)
    points = chain(first, choices)
    low, high = points.amin(1), points.amax(1)
    scale = extents / ((high - low).amax(1) / 2).clamp_min(1e-6)
    shift = places * (1 - extents[:, None]) - scale[:, None] * (low + high) / 2
    moved = (matrices @ shift[:, None, :, None])[..., 0]
    maps = first._replace(offsets=scale[:, None, None] * offsets + shift[:, None] - moved)
    pictures = (drawing(scale[:, None, None] * points + shift[:, None]) > THRESHOLD).float()
    return pictures, maps, pictures.mean((1, 2, 3)) >= FILLING_RATE * extents**2
