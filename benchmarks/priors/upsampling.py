"""Samples at sizes never trained on, beside the same samples enlarged by filters, for ``vdvae.py``.

A collage is decoded at any size; what else could be done with a sample is to enlarge its picture,
or the logits of its picture. All four begin with the same collage: only the enlargement differs.
"""

import argparse
from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from benchmarks import harness
from benchmarks.harness import standard_error
from benchmarks.harness.kept import Kept
from benchmarks.harness.types import Array, Arrays, Row
from benchmarks.priors import subjects
from benchmarks.priors.subjects import Subject
from selfsame.collage.operator.resampling import area_resize
from selfsame.metrics.pictures import psnr_db
from selfsame.priors.vdvae.heads import CollageHead

Pixels = NDArray[np.float32]

SCALE = 10
COUNT, QUICK_COUNT = 200, 6
TEMPERATURE = 0.8
LOW, HIGH = 0.1, 0.9
"""An edge begins and ends here."""

_RENDERED_AT_ONCE = 10


class Small(NamedTuple):
    """Samples at the model's own size: mean pictures in [0, 1] and logits, (N, S, S)."""

    pictures: Pixels
    logits: Pixels


Method = Callable[[Small, int], Pixels]
"""Returns pictures, (N, S·scale, S·scale) in [0, 1], of samples and a scale."""


def filtered(values: Pixels, scale: int, resample: Image.Resampling) -> Pixels:
    """Return values, (N, S, S), enlarged by one of Pillow's filters."""
    side = values.shape[1] * scale
    return np.stack([np.asarray(Image.fromarray(v).resize((side, side), resample)) for v in values])


def _enlarged(resample: Image.Resampling) -> Method:
    return lambda small, scale: np.clip(filtered(small.pictures, scale, resample), 0, 1)


def _enlarged_logits(small: Small, scale: int) -> Pixels:
    logits = filtered(small.logits, scale, Image.Resampling.BICUBIC)
    return torch.from_numpy(logits).sigmoid().numpy()


COLLAGE = "collage"
METHODS: Mapping[str, Method] = {
    "nearest": _enlarged(Image.Resampling.NEAREST),
    "bicubic": _enlarged(Image.Resampling.BICUBIC),
    "Lanczos": _enlarged(Image.Resampling.LANCZOS),
    "bicubic of logits": _enlarged_logits,
}
"""What the collage is compared with."""


def samples(subject: Subject, count: int, seed: int, temperature: float) -> Tensor:
    """Return the features of samples, (count, C, s, s)."""
    with torch.no_grad():
        return torch.cat(list(subjects.sampled_features(subject, count, seed, temperature)))


def drawn_small(subject: Subject, features: Tensor) -> Small:
    """Return samples at the model's own size."""
    with torch.no_grad():
        logits = subject.model.draw(features)
        pictures = subject.model.likelihood.mean(logits)
    return Small(pictures[:, 0].cpu().numpy(), logits[:, 0].cpu().numpy())


def drawn_large(subject: Subject, features: Tensor, scale: int) -> Pixels:
    """Return samples decoded at ``scale`` times the size, (N, S·scale, S·scale)."""
    with torch.no_grad():
        parts = [subject.model.render(f, scale) for f in features.split(_RENDERED_AT_ONCE)]
    return torch.cat(parts)[:, 0].cpu().numpy()


def edges(picture: Pixels, scale: int) -> tuple[float, float]:
    """Return the mean width of a picture's edges and the length of its outlines.

    Both in pixels of the size it was trained at. The width is that in which brightness goes from
    10 to 90 %, along the gradient. In the zone between these levels it is the zone's area over the
    mean length of the level lines in it, and that length is the integral of the gradient's
    magnitude over the zone, divided by 0.8 (coarea formula); so no edge need be found or traced,
    and a straight ramp gets its own width. Noise and blocks do not pass for sharpness: they add
    outline, which is why the length is reported beside it.

    Args:
        picture: (H, W) in [0, 1].
        scale: of the picture over the size it was trained at.
    Returns:
        (width, length); (0, 0) if no pixel lies between the levels.
    """
    rows, columns = np.gradient(picture.astype(np.float64))
    zone = (picture > LOW) & (picture < HIGH)
    length = np.hypot(rows, columns)[zone].sum() / (HIGH - LOW)
    width = zone.sum() / length if length else 0.0
    return float(width / scale), float(length / scale)


def fine_share(picture: Pixels, scale: int) -> float:
    """Return the share of a picture's energy, its mean aside, at frequencies that the size it was
    trained at cannot hold: above half a cycle per pixel of that size, across or down.

    A filter leaves next to nothing there; a step has energy at all frequencies.
    """
    energy = np.abs(np.fft.fft2(picture - picture.mean(dtype=np.float64))) ** 2
    high = np.abs(np.fft.fftfreq(len(picture), 1 / scale)) > 0.5
    total = energy.sum()
    return float(energy[high[:, None] | high[None, :]].sum() / total) if total else 0.0


def seam_ratio(picture: Pixels, every: int) -> float:
    """Return how much a picture jumps across the borders of a grid, over how much elsewhere.

    The mean magnitude of the second difference across the borders (which a smooth slope does
    not have) over that across all other lines; 1: the grid is not seen.

    Args:
        every: rows and columns from border to border, in pixels of the picture.
    """
    on, off = [], []
    for values in (picture, picture.T):
        # Of rows i - 1 to i + 2: the change across the line between i and i + 1, less the change
        # expected from both sides.
        v = values.astype(np.float64)
        bend = np.abs((v[2:-1] - v[1:-2]) - (v[3:] - v[:-3]) / 3).mean(1)
        border = (np.arange(len(bend)) + 2) % every == 0
        on.append(bend[border])
        off.append(bend[~border])
    elsewhere = float(np.concatenate(off).mean())
    return float(np.concatenate(on).mean()) / elsewhere if elsewhere else 1.0


def consistency_db(large: Pixels, small: Pixels) -> float:
    """Return the PSNR of a large picture, averaged down over areas, with the small one."""
    down = area_resize(torch.from_numpy(large), small.shape)  # type: ignore[arg-type]
    return psnr_db(down.clamp(0, 1).numpy(), small)


def judged(large: Pixels, small: Pixels, block: int) -> Arrays:
    """Return the measures of pictures, (N, H, W), beside the small ones, an array (N,) of each.

    Args:
        block: side of a collage's range, in pixels of the small pictures.
    """
    scale = large.shape[1] // small.shape[1]
    width, length = np.transpose([edges(picture, scale) for picture in large])
    return {
        "edge_width_px": width,
        "outline_px": length,
        "between_share": ((large > LOW) & (large < HIGH)).mean((1, 2)),
        "fine_share": np.array([fine_share(picture, scale) for picture in large]),
        "range_seams": np.array([seam_ratio(picture, block * scale) for picture in large]),
        "pixel_seams": np.array([seam_ratio(picture, scale) for picture in large]),
        "consistency_db": np.array(
            [consistency_db(a, b) for a, b in zip(large, small, strict=True)]
        ),
    }


def all_methods(subject: Subject, features: Tensor, scale: int) -> dict[str, Pixels]:
    """Return samples enlarged by every method, (N, S·scale, S·scale)."""
    small = drawn_small(subject, features)
    found = {name: method(small, scale) for name, method in METHODS.items()}
    return {**found, COLLAGE: drawn_large(subject, features, scale)}


def measured(subject: Subject, count: int, seed: int, temperature: float) -> Arrays:
    """Return the measures of all methods: arrays (methods, count)."""
    features = samples(subject, count, seed, temperature)
    head = subject.model.head
    assert isinstance(head, CollageHead)
    block = head.operator.geometry.range_size[0]
    found: dict[str, list[Array]] = {}
    # A few samples at a time: at 10 times the size a hundred take as much memory as a photograph.
    for part in features.split(_RENDERED_AT_ONCE):
        small = drawn_small(subject, part).pictures
        rows = [judged(p, small, block) for p in all_methods(subject, part, SCALE).values()]
        for name in rows[0]:
            found.setdefault(name, []).append(np.stack([row[name] for row in rows]))
    return {name: np.concatenate(parts, axis=1) for name, parts in found.items()}


def measure(
    subject: Subject, kept: Kept, options: argparse.Namespace
) -> tuple[Row, list[str], list[str]]:
    """Return how sharp and how faithful enlargements of a collage's samples are."""
    count = QUICK_COUNT if options.quick else COUNT
    settings = {
        "model": subject.fingerprint,
        "count": count,
        "seed": options.seed,
        "temperature": TEMPERATURE,
        "scale": SCALE,
    }
    work = partial(measured, subject, count, options.seed, TEMPERATURE)
    values = kept.get("upsampling", settings, work)
    rows = []
    for number, method in enumerate([*METHODS, COLLAGE]):
        row: Row = {"method": method}
        for name, of_methods in values.items():
            row[name] = float(of_methods[number].mean())
            row[f"{name}_error"] = standard_error(of_methods[number])
        rows.append(row)
    notes = [
        "means over samples and their standard errors; pixels are of the size trained at",
        "all methods enlarge the same samples; the filters enlarge mean pictures, or their logits",
        "edge_width_px: brightness goes from 10 to 90 %; outline_px: length of the level lines"
        " between; between_share: pixels between 10 and 90 %",
        "fine_share: energy at frequencies above those that the size trained at can hold",
        "range_seams, pixel_seams: jumps across borders of ranges and of pixels of the size trained"
        " at, over those elsewhere; 1 where the grid is not seen",
        "consistency_db: PSNR with the small mean picture after averaging down over areas",
    ]
    return {**settings, "rows": rows}, [harness.markdown_table(rows, ["method", *values])], notes
