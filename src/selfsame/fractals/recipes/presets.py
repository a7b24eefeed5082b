"""The data sets of fractals by name: plain data, light to import."""

from dataclasses import dataclass
from typing import Any

from selfsame.errors import SettingError


@dataclass(frozen=True)
class Preset:
    """What a named data set is.

    Attributes:
        description: one line.
        source: the paper, or None.
        classes: default number; None for as many as there are codes.
        instances, side: defaults.
        options: further options and their defaults.
    """

    description: str
    source: str | None
    classes: int | None
    instances: int
    side: int
    options: dict[str, Any]


PRESETS = {
    "fractaldb": Preset(
        "FractalDB: categories by filling rate; 25 variations, 4 flips and 10 patches of each",
        'Kataoka et al. 2020, "Pre-training without Natural Images"',
        classes=1000,
        instances=1000,
        side=256,
        options={"points": 100_000, "color": False, "interval": 0.1, "rate": 0.2},
    ),
    "anderson-farrell": Preset(
        "systems sampled in SVD form, one coloured fractal on a coloured background",
        'Anderson and Farrell 2022, "Improving Fractal Pre-training"',
        classes=1000,
        instances=1000,
        side=224,
        options={"points": 100_000, "background": True},
    ),
    "multifractal": Preset(
        "the same systems, one to five small fractals on a background, several labels",
        'Anderson and Farrell 2022, "Improving Fractal Pre-training"',
        classes=1000,
        instances=1000,
        side=224,
        options={
            "objects": (1, 5),
            "sizes": (0.15, 0.6),
            "points": 100_000,
            "interval": 0.4,
            "background": True,
        },
    ),
    "1p": Preset(
        "1p-frac: a single fractal, whose small perturbations are the classes",
        'Nakamura et al. 2024, "Scaling Backwards: Minimal Synthetic Pre-training?"',
        classes=1000,
        instances=1,
        side=512,
        options={"points": 100_000, "delta": 0.1, "sigma": 3.5},
    ),
    "custom": Preset(
        "any codes as classes, with jitter, flips and patches",
        None,
        classes=None,
        instances=100,
        side=256,
        options={
            "codes": None,
            "points": 100_000,
            "jitter": 0.1,
            "flips": True,
            "patch": False,
            "window": "points",
        },
    ),
}
"""What is known of each data set by name: source, sizes, options and their defaults."""


def find_preset(name: str) -> Preset:
    """Return the preset of a data set.

    Raises:
        InputError: no such name.
    """
    if name not in PRESETS:
        raise SettingError(f"no data set {name!r}: there are {', '.join(PRESETS)}")
    return PRESETS[name]
