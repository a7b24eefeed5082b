"""Sheets of samples by class, and some of them enlarged, for ``codes.py``."""

import itertools
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from benchmarks.harness.captions import GAP, captioned, magnified
from benchmarks.priors.classifier import labels_of
from benchmarks.priors.diffusion.makers import CODES, Maker
from benchmarks.priors.digits import Data
from benchmarks.priors.subjects import Subject
from benchmarks.priors.upsampling import Pixels, drawn_small, filtered
from benchmarks.priors.upsampling import samples as vdvae_samples
from selfsame.io.grids import grid
from selfsame.io.pictures import Bytes, to_uint8, write_picture
from selfsame.latents import Latents
from selfsame.priors.diffusion.config import SamplerSettings

COUNT = 64
MAGNIFIED = 3
"""Pixels of a sample at its own size are shown as squares of this side."""

ACROSS = 3
"""Panels in a row."""

SCALE = 10
ENLARGED = 10
"""Samples that are shown larger."""


def by_class(classes: int, count: int) -> Tensor:
    """Return ``count`` labels that rise, as many of each class as can be."""
    return torch.arange(count) * classes // count


def write_sheets(
    folder: Path,
    name: str,
    makers: Sequence[Maker],
    vdvae: Subject | None,
    data: Data,
    weights: Sequence[float],
    settings: SamplerSettings,
    seed: int,
) -> None:
    """Write NAME_samples.png, test pictures and samples by class; and NAME_samples_10x.png, samples
    that their codes draw larger, above the same enlarged by Lanczos's filter.

    Args:
        weights: of guidance, a panel each.
    """
    classes = int(labels_of(data.test).max()) + 1
    labels = by_class(classes, COUNT)
    panels = {"test pictures": _sheet(_test_pictures(data, labels))}
    for maker in makers:
        for weight in weights:
            of_weight = SamplerSettings.from_dict({**settings.as_dict(), "guidance": weight})
            made = maker.pictures(maker.latents(labels, of_weight, seed))
            panels[f"{maker.label}, guidance {weight:g}"] = _sheet(made[:, 0].numpy())
    if vdvae is not None:
        features = vdvae_samples(vdvae, COUNT, seed, 1.0)
        panels[f"{vdvae.label}, means"] = _sheet(drawn_small(vdvae, features).pictures)
    write_picture(folder / f"{name}_samples.png", _in_rows(panels))
    for maker in makers:
        if maker.label == CODES:
            shown = maker.latents(by_class(classes, ENLARGED), settings, seed)
            write_picture(folder / f"{name}_samples_{SCALE}x.png", enlarged(maker, shown))


def enlarged(maker: Maker, latents: Latents) -> Bytes:
    """Return samples drawn larger by their codes, and below them by a filter from scale 1."""
    small = maker.pictures(latents)[:, 0].numpy()
    with torch.no_grad():
        drawn = [maker.space.draw(Latents(one[None]), SCALE)[0, 0] for one in latents.values]
    large = torch.stack(drawn).clamp(0, 1).numpy()
    by_filter = np.clip(filtered(small, SCALE, Image.Resampling.LANCZOS), 0, 1)
    columns = len(small) // 2
    rows = [large[:columns], by_filter[:columns], large[columns:], by_filter[columns:]]
    return grid([*to_uint8(np.concatenate(rows))], columns, GAP)


def _test_pictures(data: Data, labels: Tensor) -> Pixels:
    """Return the first test pictures of classes, (N, S, S); again where there are too few."""
    known = labels_of(data.test)
    of_class = {c: itertools.cycle(np.flatnonzero(known == c)) for c in set(labels.tolist())}
    chosen = np.array([next(of_class[c]) for c in labels.tolist()])
    return data.test.images[chosen, ..., 0].astype(np.float32) / 255


def _in_rows(panels: dict[str, Bytes]) -> Bytes:
    """Return panels of one size below their names, ``ACROSS`` of them in a row."""
    names = list(panels)
    rows = [
        captioned({name: panels[name] for name in names[first : first + ACROSS]})
        for first in range(0, len(names), ACROSS)
    ]
    width = max(row.shape[1] for row in rows)
    filled = [np.pad(r, ((0, 0), (0, width - r.shape[1])), constant_values=255) for r in rows]
    return np.concatenate(filled)


def _sheet(pictures: Pixels) -> Bytes:
    return magnified(grid([*to_uint8(pictures)], round(len(pictures) ** 0.5), 1), MAGNIFIED)
