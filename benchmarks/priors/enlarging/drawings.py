"""Pictures at several scales, by several ways of enlarging, and what is measured of each.

Sharpness is measured by gradients: at each pixel the differences to the next below and the next to
the right, in all channels, as one vector; means over the pixels of a picture, the last row and
column left out.

- ``gradient``, of its magnitude. Along a line across a lone edge magnitudes add up to the height of
  the edge, however soft it is: the mean sinks where blur makes thin things fainter, not where it
  widens edges, and ripples raise it.
- ``squared_gradient``, of its square: inverse to the width of edges; ripples raise it, too.
- ``true_gradient``, of its product with the gradient of the truth there: how much of the steepness
  of true edges is there, at their place. Ripples beside them do not count, and edges that are moved
  are lost.
"""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from benchmarks.harness.kept import Kept
from benchmarks.harness.types import Arrays, Row
from benchmarks.priors.enlarging.network import Judge
from benchmarks.priors.enlarging.patches import SCALES, busy_places, cut
from benchmarks.priors.enlarging.truth import as_tensor, reduced
from benchmarks.priors.upsampling import filtered
from selfsame.datasets import Pictures
from selfsame.latents import Latents
from selfsame.latents.space import LatentSpace
from selfsame.metrics.pictures import psnr_db

Key = tuple[str, int]
"""A way of enlarging, and a scale."""

Drawings = dict[Key, Tensor]
"""Pictures, (N, C, S·scale, S·scale) in [0, 1]."""

Measures = dict[Key, Arrays]
"""What is measured of drawings, an array (N, ...) of each measure."""

CODE, LANCZOS = "code", "Lanczos of its drawing at 1x"
TRUTH, LANCZOS_OF_TRUTH = "truth", "Lanczos of the truth at 1x"

BLURS = (0.25, 0.5)
"""Standard deviations, in pixels at scale 1, of Gaussians that blur the truth."""

GROUP = 16
"""Pictures at a time."""


def lanczos(small: Tensor, scale: int) -> Tensor:
    """Return pictures, (N, C, S, S) in [0, 1], enlarged by Lanczos's filter of three lobes."""
    planes = filtered(small.flatten(0, 1).numpy(), scale, Image.Resampling.LANCZOS)
    large = torch.from_numpy(planes).unflatten(0, small.shape[:2])
    return large.clamp(0, 1)


def drawn(space: LatentSpace[Any], latents: Latents) -> Drawings:
    """Return what codes draw, and their drawings at scale 1 enlarged.

    Args:
        latents: as codes hold them.
    """
    with torch.no_grad():
        found = {(CODE, scale): space.draw(latents, scale).clamp(0, 1) for scale in (1, *SCALES)}
    small = found[CODE, 1]
    return found | {(LANCZOS, scale): lanczos(small, scale) for scale in SCALES}


def reconstructed(space: LatentSpace[Any], fine: Tensor) -> Drawings:
    """Return what codes of pictures draw, (N, C, 4S, 4S), averaged down to be coded."""
    with torch.no_grad():
        latents = space.rounded(space.encode(reduced(fine, 1)))
    return drawn(space, latents)


def references(fine: Tensor) -> Drawings:
    """Return the truth, what is made of it without any code, and what is wrong in a known way."""
    from scipy.ndimage import gaussian_filter

    small = reduced(fine, 1)
    found: Drawings = {(TRUTH, scale): reduced(fine, scale) for scale in (1, *SCALES)}
    for scale in SCALES:
        truth = found[TRUTH, scale]
        found[LANCZOS_OF_TRUTH, scale] = lanczos(small, scale)
        for blur in BLURS:
            soft = gaussian_filter(truth.numpy(), (0, 0, blur * scale, blur * scale))
            found[f"truth, blurred by {blur:g} px", scale] = torch.from_numpy(soft)
    return found


def sharpness(pictures: Tensor, truth: Tensor) -> Arrays:
    """Return the three measures of gradients, (N,) each, of pictures, (N, C, H, W)."""
    own, true = _gradient(pictures), _gradient(truth)
    square = own.square().sum(1)
    found = {
        "gradient": square.sqrt(),
        "squared_gradient": square,
        "true_gradient": (own * true).sum(1),
    }
    return {name: values.mean((1, 2)).numpy() for name, values in found.items()}


def _gradient(pictures: Tensor) -> Tensor:
    """Return differences, (N, 2C, H - 1, W - 1)."""
    here = pictures[..., :-1, :-1]
    return torch.cat([pictures[..., 1:, :-1] - here, pictures[..., :-1, 1:] - here], 1)


def described(drawings: Drawings, small: Tensor, judge: Judge, seed: int) -> Measures:
    """Return the features of patches of drawings, (N, K, D), at ``SCALES``.

    Args:
        small: pictures at scale 1, (N, C, S, S), which say where patches are taken.
        seed: of their places.
    """
    places = {scale: busy_places(small, scale, seed) for scale in SCALES}
    found: Measures = {}
    for (way, scale), pictures in drawings.items():
        if scale in SCALES:
            features = judge.describe(cut(pictures, places[scale], scale), scale)
            found[way, scale] = {
                name: values.reshape(*places[scale].shape[:2], -1)
                for name, values in features.items()
            }
    return found


def compared(drawings: Drawings, fine: Tensor) -> Measures:
    """Return ``psnr_db`` of drawings and the measures of their gradients, (N,) each."""
    found: Measures = {}
    for (way, scale), pictures in drawings.items():
        truth = reduced(fine, scale)
        pairs = zip(pictures.numpy(), truth.numpy(), strict=True)
        psnr = np.array([psnr_db(a, b) for a, b in pairs])
        found[way, scale] = {"psnr_db": psnr, **sharpness(pictures, truth)}
    return found


def measured(
    draw: Callable[[Tensor], Drawings], pictures: Pictures, judge: Judge, seed: int
) -> Measures:
    """Return all measures of what is drawn of true pictures, a few at a time.

    Args:
        draw: from pictures, (N, C, 4S, 4S).
        seed: of the places of patches, which are the same in all drawings.
    """
    parts = []
    for first in range(0, len(pictures), GROUP):
        fine = as_tensor(pictures.images[first : first + GROUP])
        drawings = draw(fine)
        features = described(drawings, reduced(fine, 1), judge, seed + first)
        numbers = compared(drawings, fine)
        parts.append({key: numbers[key] | features.get(key, {}) for key in numbers})
    return joined(parts)


def measured_truth(pictures: Pictures, judge: Judge, seed: int) -> Measures:
    """Return the features of patches of true pictures."""
    parts = []
    for first in range(0, len(pictures), GROUP):
        fine = as_tensor(pictures.images[first : first + GROUP])
        drawings = {(TRUTH, scale): reduced(fine, scale) for scale in SCALES}
        parts.append(described(drawings, reduced(fine, 1), judge, seed + first))
    return joined(parts)


def measured_samples(
    space: LatentSpace[Any], latents: Latents, judge: Judge, seed: int
) -> Measures:
    """Return the features of patches of what codes draw that nobody has the truth of."""
    parts = []
    for values in latents.values.split(GROUP):
        drawings = drawn(space, Latents(values, latents.positions))
        parts.append(described(drawings, drawings[CODE, 1], judge, seed + GROUP * len(parts)))
    return joined(parts)


def joined(parts: Iterable[Measures]) -> Measures:
    """Return the measures of several groups of pictures as those of one."""
    groups = list(parts)
    return {
        key: {name: np.concatenate([part[key][name] for part in groups]) for name in arrays}
        for key, arrays in groups[0].items()
    }


def kept_measures(kept: Kept, settings: Row, work: Callable[[], Measures]) -> Measures:
    """Return what ``work()`` returns, which is kept.

    Args:
        settings: all that it depends on.
    """

    def flat() -> Arrays:
        return {
            f"{way}|{scale}|{name}": array
            for (way, scale), arrays in work().items()
            for name, array in arrays.items()
        }

    found: Measures = {}
    for key, array in kept.get("measures", settings, flat).items():
        way, scale, name = key.split("|")
        found.setdefault((way, int(scale)), {})[name] = array
    return found
