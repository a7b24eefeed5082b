"""The settings of a fit, and named presets."""

from dataclasses import dataclass, replace
from typing import Annotated, Literal, NamedTuple

from selfsame.checked import Checked, Range
from selfsame.errors import SettingError

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

Maps = Annotated[int, Range(1, 4096)]
Steps = Annotated[int, Range(1, 10_000_000)]
Restarts = Annotated[int, Range(1, 4096)]
LearningRate = Annotated[float, Range(1e-9, 1e3)]


@dataclass(frozen=True)
class FitConfig(Checked):
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

    maps: Maps | None = None
    steps: Steps = 400
    size: Annotated[int, Range(4, 4096)] | None = None
    threshold: Annotated[float, Range(0, 1)] | None = 0.2
    points: Annotated[int, Range(1, 10**9)] | None = None
    sigma: Annotated[float, Range(0.01, 10_000)] | None = None
    objective: Literal["occupancy", "density"] = "occupancy"
    generator: Literal["words", "sequences"] = "words"
    word_length: Annotated[int, Range(1, 12)] | None = None
    samples: Annotated[int, Range(1, 10**8)] | None = None
    sequences: Annotated[int, Range(1, 10**6)] = 50
    objective_sampling: Literal["expectation", "fixed"] = "expectation"
    clamp: bool = True
    parameters: Literal["raw", "svd"] = "raw"
    init: Literal["mixture", "encoder", "uniform"] = "mixture"
    encoder: str = "doodles"
    learn_probabilities: bool = True
    largest_singular: Annotated[float, Range(0.01, 0.999)] = 0.95
    window: Annotated[float, Range(1e-3, 1e3)] = 1.0
    optimizer: Literal["adam", "sgd"] = "adam"
    learning_rate: LearningRate = 0.01
    schedule: Literal["cosine", "halving"] = "cosine"
    gradient_clip: Annotated[float, Range(1e-9, 1e9)] | None = None
    noise: Annotated[float, Range(0, 10)] = 0.0
    noise_every: Steps = 10
    noise_until: Annotated[float, Range(0, 1)] = 0.6
    restarts: Restarts = 4
    batch: Annotated[int, Range(1, 100_000)] = 32
    target_loss: Annotated[float, Range(0, 1e9)] | None = None
    patience: Steps | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.generator == "sequences" and self.objective == "density":
            raise SettingError("objective density is measured on words: take generator words")
        words = (self.maps or PAPER_MAPS) ** (self.word_length or 1)
        if self.generator == "words" and words > 10**6:
            raise SettingError(
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


@dataclass(frozen=True)
class CloudConfig(Checked):
    """Settings of a fit to a point cloud.

    Attributes:
        maps: N.
        steps: optimisation steps.
        restarts: starts that share the batch; worse halves are dropped on the way.
        samples: points compared a step.
        directions: projections a step.
        learning_rate: of matrices and offsets, for a cloud scaled to unit radius.
    """

    maps: Maps = 20
    steps: Steps = 400
    restarts: Restarts = 4
    samples: Annotated[int, Range(16, 10**7)] = 4096
    directions: Annotated[int, Range(1, 10**5)] = 24
    learning_rate: LearningRate = 0.01


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
