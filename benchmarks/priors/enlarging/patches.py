"""Parts of pictures, and numbers that describe them, whose laws in two sets are compared.

A picture that is enlarged is right where its parts look as parts of the truth do. So patches are
taken where something is, and described in two ways, which may disagree:

- *network*: the last hidden layer of a small network that has learned, at each scale, to tell true
  patches of training pictures by classes of their pictures. No foreign weights; distances compare
  only within one run, or runs of equal settings and data.
- *gradients*: no learning. Of the patch and of the patch at half its size: the shares of pixels
  whose gradient has this magnitude or that, and the shares of the whole magnitude that go in this
  direction or that. It knows soft from sharp, ringing from flat, and nothing of shapes.

That both see what they should is checked in the same run: of the truth, blurred a little and more.
"""

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from benchmarks.harness.types import Array
from benchmarks.priors.enlarging.truth import as_tensor, reduced

SIDE = 32
"""Of a patch, in pixels of the enlarged picture."""

SCALES = (2, 4)
"""At which patches are taken."""

PER_PICTURE = 8

MAGNITUDES = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64)
"""Between the classes of gradients, in brightness per pixel."""
DIRECTIONS = 8

FLAT = 1e-3
"""What a window without contrast counts, beside the standard deviations of others."""

_GROUP = 64


def busy_places(small: Tensor, scale: int, seed: int) -> Array:
    """Return where patches of pictures begin, (N, K, 2), rows and columns in pixels of ``small``.

    Of windows a quarter of a patch apart, K different ones, drawn with probabilities in proportion
    to the standard deviation of the values in them.

    Args:
        small: the pictures at scale 1, (N, C, S, S).
        scale: at which they are taken. A patch larger than the picture is all of it.
    """
    side = min(SIDE // scale, small.shape[-1])
    step = max(1, side // 4)

    def window_means(values: Tensor) -> Tensor:
        return F.avg_pool2d(values.double(), side, step)

    variance = (window_means(small**2) - window_means(small) ** 2).clamp(min=0).sum(1)
    weights = variance.sqrt() + FLAT
    rows, columns = weights.shape[1:]
    rng = np.random.default_rng([seed, scale])
    count = min(PER_PICTURE, rows * columns)
    places = [
        rng.choice(rows * columns, count, replace=False, p=w / w.sum())
        for w in weights.flatten(1).numpy()
    ]
    return np.stack(np.divmod(places, columns), 2) * step


def cut(pictures: Tensor, places: Array, scale: int) -> Tensor:
    """Return patches of pictures, (N·K, C, h, w).

    Args:
        pictures: (N, C, S·scale, S·scale).
        places: as of ``busy_places``.
    """
    found = [
        picture[:, top : top + SIDE, left : left + SIDE]
        for picture, corners in zip(pictures, (places * scale).tolist(), strict=True)
        for top, left in corners
    ]
    return torch.stack(found)


def true_patches(images: Array, scale: int, seed: int) -> Tensor:
    """Return patches, (N·K, C, h, w), of true pictures, (N, 4S, 4S, C) bytes."""
    parts = []
    for first in range(0, len(images), _GROUP):
        fine = as_tensor(images[first : first + _GROUP])
        places = busy_places(reduced(fine, 1), scale, seed + first)
        parts.append(cut(reduced(fine, scale), places, scale))
    return torch.cat(parts)


def gradient_features(patches: Tensor) -> Array:
    """Return the shares of magnitudes and directions of gradients, (M, 32), of patches at their
    size and at half of it, the latter after averaging."""
    halves = (patches, F.avg_pool2d(patches, 2))
    return torch.cat([_shares(part.mean(1)) for part in halves], 1).numpy()


def _shares(brightness: Tensor) -> Tensor:
    """Return shares of magnitudes and of directions, (M, 16), of (M, h, w)."""
    down = brightness[:, 1:, :-1] - brightness[:, :-1, :-1]
    across = brightness[:, :-1, 1:] - brightness[:, :-1, :-1]
    magnitude = torch.hypot(down, across).flatten(1)
    classes = torch.bucketize(magnitude, torch.tensor(MAGNITUDES))
    shares = F.one_hot(classes, len(MAGNITUDES) + 1).float().mean(1)
    # An edge is the same from both sides: half a turn has all directions.
    turn = torch.atan2(down, across).flatten(1) / torch.pi % 1
    direction = F.one_hot((turn * DIRECTIONS).long().clamp(max=DIRECTIONS - 1), DIRECTIONS)
    total = magnitude.sum(1, keepdim=True)
    # Without any gradient, all directions have as much.
    along = ((direction * magnitude[..., None]).sum(1) + 1e-6) / (total + DIRECTIONS * 1e-6)
    return torch.cat([shares, along], 1)
