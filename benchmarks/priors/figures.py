"""Figures of samples for ``vdvae.py``: grids at several sizes, enlargements side by side."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.harness.captions import GAP, captioned, magnified
from benchmarks.priors import upsampling
from benchmarks.priors.subjects import Subject
from benchmarks.priors.upsampling import COLLAGE, METHODS, SCALE, Pixels, Small
from selfsame.io.grids import grid
from selfsame.io.pictures import to_uint8, write_picture

GRID_COUNT, QUICK_GRID_COUNT = 64, 4
SMALL_MAGNIFIED = 3
"""Grids at the model's own size are shown so many times larger, pixels as squares."""
LARGE_SCALE, LARGE_COUNT = 40, 4
SHOWN = 4
"""Samples in the figure of enlargements."""


def write_samples(folder: Path, subjects: Sequence[Subject], seed: int, quick: bool) -> None:
    """Write vdvae_samples.png, mean pictures of samples of all models; and vdvae_samples_10x.png
    and vdvae_samples_40x.png, the collage's samples decoded larger."""
    count = QUICK_GRID_COUNT if quick else GRID_COUNT
    columns = round(count**0.5)
    temperature = upsampling.TEMPERATURE
    panels = {}
    for subject in subjects:
        features = upsampling.samples(subject, count, seed, temperature)
        small = to_uint8(upsampling.drawn_small(subject, features).pictures)
        panels[f"{subject.label}, temperature {temperature:g}"] = magnified(
            grid([*small], columns, 1), SMALL_MAGNIFIED
        )
        if subject.label == COLLAGE:
            large = upsampling.drawn_large(subject, features, SCALE)
            write_picture(
                folder / f"vdvae_samples_{SCALE}x.png", grid([*to_uint8(large)], columns, GAP)
            )
            larger = upsampling.drawn_large(subject, features[:LARGE_COUNT], LARGE_SCALE)
            write_picture(
                folder / f"vdvae_samples_{LARGE_SCALE}x.png", grid([*to_uint8(larger)], 2, GAP)
            )
    write_picture(folder / "vdvae_samples.png", captioned(panels))


def write_upsampling(folder: Path, subject: Subject, seed: int) -> None:
    """Write vdvae_upsampling.png: samples enlarged by every method, and below a part of each at
    ``LARGE_SCALE`` times the size."""
    features = upsampling.samples(subject, SHOWN, seed, upsampling.TEMPERATURE)
    small = upsampling.drawn_small(subject, features)
    whole = upsampling.all_methods(subject, features, SCALE)
    rows = [
        captioned({f"{name}, {SCALE} times": to_uint8(p[number]) for name, p in whole.items()})
        for number in range(SHOWN)
    ]
    side = whole[COLLAGE].shape[1]
    for number in range(SHOWN):
        one = Small(small.pictures[number : number + 1], small.logits[number : number + 1])
        large = {name: method(one, LARGE_SCALE)[0] for name, method in METHODS.items()}
        large[COLLAGE] = upsampling.drawn_large(
            subject, features[number : number + 1], LARGE_SCALE
        )[0]
        top, left = busiest(one.pictures[0], side // LARGE_SCALE)
        rows.append(
            captioned(
                {
                    f"{name}, {LARGE_SCALE} times": to_uint8(
                        p[top * LARGE_SCALE :, left * LARGE_SCALE :][:side, :side]
                    )
                    for name, p in large.items()
                }
            )
        )
    write_picture(folder / "vdvae_upsampling.png", np.concatenate(rows))


def busiest(picture: Pixels, side: int) -> tuple[int, int]:
    """Return the upper left pixel of the window of a picture that varies most."""
    windows = np.lib.stride_tricks.sliding_window_view(picture, (side, side))
    spread = windows.std((2, 3))
    top, left = np.unravel_index(int(spread.argmax()), spread.shape)
    return int(top), int(left)
