"""The settings of a fit, and named presets."""

from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from selfsame.errors import InputError

PAPER_SIZE = 32
"""Side in pixels of the pictures in "Learning Fractals by Gradient Descent"."""

PAPER_POINTS = 300
"""Points a picture of that paper is drawn with."""

PAPER_MAPS = 10
"""Maps of a system in that paper."""

MANY_MAPS = 64
"""Default for larger pictures, whose outlines need more pieces; about 2 kB as a file."""

TWO_MAP_WORDS = 40
"""Up to so many maps, words of two are worth their square; beyond, words of one do as well."""

SHARP_SIGMA = 0.4
"""With the paper's σ = 1 a converged drawing fills a pixel beyond the figure on every side."""

POINTS_PER_FIGURE_PIXEL = 8
"""A point each would leave 1/e of the pixels empty, eight leave 0.03 %."""

LARGEST_DEFAULT_SIZE = 512
"""Longest side that a fit works at when none is asked for; its time grows with the square."""


@dataclass(frozen=True)
class FitConfig:
    """Everything that decides how an IFS is fitted, except the targets, the seed and the device.

    Attributes:
        maps: N, the number of maps. None: 10 at 32 pixels and below (the paper's), else 64.
        steps: optimisation steps.
        size: longest side in pixels of the picture compared. None: 32 for pictures up to 64
            pixels (the paper's protocol), else twice the picture's own, so that an attractor has
            no gaps narrower than a pixel, but at most 512.
        threshold: grey values above it are figure. None keeps grey values; colour targets
            are never thresholded.
        points: points of the drawing that the fit aims at. None: 300 at 32 pixels and below (the
            paper's protocol), else 8 per pixel of the figure, which means a converged drawing.
        sigma: bandwidth σ of a point's Gaussian ``exp(-d²/σ)``, pixels². None: 1 at 32 pixels and
            below (the paper's), else 0.4, a point that hardly reaches beyond its own pixel.
        objective: ``occupancy`` (where the figure is) or ``density`` (how much ink lies where).
        generator: ``words`` (all words of ``word_length`` maps over a cloud of attractor points;
            the loss is the expected loss of a random drawing, without sampling noise) or
            ``sequences`` (``sequences`` chains of ``points`` points, as the paper does).
        word_length: maps that are differentiated through. None: 2 up to 40 maps, else 1.
        samples: points a step at least, spread over the words. None: half the pixels, at least
            1600.
        sequences: chains drawn a step.
        objective_sampling: ``expectation`` draws new sequences every step, ``fixed`` keeps the
            first ones.
        clamp: clamp the rendered picture to [0, 1].
        parameters: ``raw`` matrices, or ``svd`` (rotation, singular values, rotation; eq. 10).
        init: ``mixture`` (a Gaussian mixture of the target, each component an affine copy of the
            whole), ``encoder`` (a trained network looks at the target and proposes maps) or
            ``uniform`` (the paper's).
        encoder: the network of ``init="encoder"``, a shipped one by name or a folder.
        learn_probabilities: otherwise they are proportional to ``|det A|``.
        largest_singular: bound on every singular value, below 1.
        window: half the longest side of the picture, in units of the plane.
        optimizer, learning_rate, schedule: ``cosine`` to 2 %, or ``halving`` every quarter.
        gradient_clip: largest norm of the gradient of each tensor, or None.
        noise, noise_every, noise_until: standard deviation of noise added to the matrix
            parameters, how often, and until which fraction of the run.
        restarts: starts that share the batch; worse halves are dropped on the way.
        batch: targets fitted at once.
        target_loss: stop when every target is at or below this loss.
        patience: stop after so many steps without 0.5 % of progress in any target.
    """

    maps: int | None = None
    steps: int = 400
    size: int | None = None
    threshold: float | None = 0.2
    points: int | None = None
    sigma: float | None = None
    objective: Literal["occupancy", "density"] = "occupancy"
    generator: Literal["words", "sequences"] = "words"
    word_length: int | None = None
    samples: int | None = None
    sequences: int = 50
    objective_sampling: Literal["expectation", "fixed"] = "expectation"
    clamp: bool = True
    parameters: Literal["raw", "svd"] = "raw"
    init: Literal["mixture", "encoder", "uniform"] = "mixture"
    encoder: str = "doodles"
    learn_probabilities: bool = True
    largest_singular: float = 0.95
    window: float = 1.0
    optimizer: Literal["adam", "sgd"] = "adam"
    learning_rate: float = 0.01
    schedule: Literal["cosine", "halving"] = "cosine"
    gradient_clip: float | None = None
    noise: float = 0.0
    noise_every: int = 10
    noise_until: float = 0.6
    restarts: int = 4
    batch: int = 32
    target_loss: float | None = None
    patience: int | None = None

    def __post_init__(self) -> None:
        ranges: dict[str, tuple[float, float]] = {
            "maps": (1, 4096),
            "steps": (1, 10_000_000),
            "size": (4, 4096),
            "threshold": (0, 1),
            "points": (1, 1_000_000_000),
            "sigma": (0.01, 10_000),
            "word_length": (1, 12),
            "samples": (1, 100_000_000),
            "sequences": (1, 1_000_000),
            "largest_singular": (0.01, 0.999),
            "window": (1e-3, 1e3),
            "learning_rate": (1e-9, 1e3),
            "gradient_clip": (1e-9, 1e9),
            "noise": (0, 10),
            "noise_every": (1, 10_000_000),
            "noise_until": (0, 1),
            "restarts": (1, 4096),
            "batch": (1, 100_000),
            "target_loss": (0, 1e9),
            "patience": (1, 10_000_000),
        }
        for name, (low, high) in ranges.items():
            value = getattr(self, name)
            if value is not None and not low <= value <= high:
                raise InputError(f"{name} must lie within {low}..{high}: got {value}")
        choices = {
            "objective": ("occupancy", "density"),
            "generator": ("words", "sequences"),
            "objective_sampling": ("expectation", "fixed"),
            "parameters": ("raw", "svd"),
            "init": ("mixture", "encoder", "uniform"),
            "optimizer": ("adam", "sgd"),
            "schedule": ("cosine", "halving"),
        }
        for name, allowed in choices.items():
            if getattr(self, name) not in allowed:
                raise InputError(
                    f"{name} must be one of {', '.join(allowed)}: got {getattr(self, name)!r}"
                )
        words = (self.maps or PAPER_MAPS) ** (self.word_length or 1)
        if self.generator == "words" and words > 10**6:
            raise InputError(
                f"{self.maps} maps make {words} words of {self.word_length}, more than a million; "
                "lower word_length"
            )

    def resolved(self, longest: int) -> "ResolvedConfig":
        """Return the settings with every None that depends on the picture filled in.

        Args:
            longest: the longest side of the picture, pixels.
        """
        size = self.size
        if size is None:
            small_picture = longest <= 2 * PAPER_SIZE
            size = PAPER_SIZE if small_picture else min(2 * longest, LARGEST_DEFAULT_SIZE)
        small = size <= PAPER_SIZE
        maps = self.maps or (PAPER_MAPS if small else MANY_MAPS)
        return ResolvedConfig(
            size=size,
            maps=maps,
            sigma=self.sigma or (1.0 if small else SHARP_SIGMA),
            word_length=self.word_length or (2 if maps <= TWO_MAP_WORDS else 1),
        )


class ResolvedConfig(NamedTuple):
    """The settings that follow from the picture's size where ``FitConfig`` leaves them open."""

    size: int
    maps: int
    sigma: float
    word_length: int


PAPER = FitConfig(
    steps=1000,
    maps=PAPER_MAPS,
    size=PAPER_SIZE,
    points=PAPER_POINTS,
    sigma=1.0,
    generator="sequences",
    parameters="svd",
    init="uniform",
    learn_probabilities=False,
    largest_singular=0.999,
    window=5.0,
    learning_rate=0.05,
    schedule="halving",
    gradient_clip=1.0,
    noise=0.1,
    restarts=1,
)
"""The method of Tu et al. 2023 with the settings of its published code."""

PRESETS: dict[str, FitConfig] = {
    "default": FitConfig(),
    "fast": FitConfig(steps=120, restarts=1),
    "best": FitConfig(steps=1000, restarts=16),
    "paper": PAPER,
    "paper-fixed": replace(PAPER, objective_sampling="fixed"),
    "paper-no-noise": replace(PAPER, noise=0.0),
    "paper-no-clamp": replace(PAPER, clamp=False),
    "paper-raw": replace(PAPER, parameters="raw"),
    "paper-sgd": replace(PAPER, optimizer="sgd", learning_rate=1.0),
}
"""Named settings of the one engine."""
