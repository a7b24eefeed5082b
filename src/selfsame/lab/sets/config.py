"""The settings of a learned set of fractals, without torch."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from selfsame.checked import Checked, Range
from selfsame.datasets.fitting import Binarise, Side
from selfsame.datasets.pictures import Pictures
from selfsame.datasets.readers import read_pictures
from selfsame.ifs.fit.config import PAPER, PAPER_MAPS, PAPER_POINTS, PAPER_SIZE, Maps
from selfsame.training.settings import TrainSettings

Loss = Literal["gan", "sliced-wasserstein", "energy"]
"""The losses that have a name; any callable is one as well."""

TRAINING = TrainSettings(
    steps=10_000,
    batch=50,
    lr=0.02,
    warmup_steps=0,
    final_fraction=0.05,
    betas=(0.5, 0.9),
    gradient_clip=None,
    ema_decay=0.0,
    log_every=100,
    checkpoint_every=500,
)
"""How a set is learned unless told otherwise."""


@dataclass(frozen=True)
class FractalSetConfig(Checked):
    """What a set of fractals is, and how its pictures are drawn.

    The defaults are those of the method of Tu et al. 2023, see ``selfsame.ifs.fit.config.PAPER``.

    Attributes:
        fractals: K, how many are learned.
        maps: of each fractal.
        side: of the pictures, pixels.
        points: of each picture, one random sequence.
        sigma: bandwidth σ of a point's Gaussian ``exp(-d²/σ)``, pixels².
        clamp: clamp pictures to [0, 1].
        window: half the side of the picture, in units of the plane.
        largest_singular: bound on every singular value, below 1.
        gradient_clip: longest gradient of either parameter tensor of one system; longer ones are
            shortened, others are left out where they are not finite. None shortens none.
        noise: standard deviation of noise added to the matrix parameters.
        noise_every: steps between two additions of noise.
        noise_steps: steps after which no noise is added.
        drawn: how many of the set each step draws, by chance; None, and smaller sets: all.
    Raises:
        InputError: a value out of its range.
    """

    fractals: Annotated[int, Range(1, 100_000)] = 100
    maps: Maps = PAPER_MAPS
    side: Annotated[int, Range(4, 512)] = PAPER_SIZE
    points: Annotated[int, Range(1, 1_000_000)] = PAPER_POINTS
    sigma: Annotated[float, Range(0.01, 1e4)] = 1.0
    clamp: bool = True
    window: Annotated[float, Range(1e-3, 1e3)] = PAPER.window
    largest_singular: Annotated[float, Range(0.01, 0.999)] = PAPER.largest_singular
    gradient_clip: Annotated[float, Range(1e-9, 1e9)] | None = PAPER.gradient_clip
    noise: Annotated[float, Range(0, 10)] = 0.0
    noise_every: Annotated[int, Range(1, 10**9)] = PAPER.noise_every
    noise_steps: Annotated[int, Range(0, 10**9)] = 0
    drawn: Annotated[int, Range(1, 100_000)] | None = 50


@dataclass(frozen=True)
class SetObjective(Checked):
    """What tells a set of fractals from pictures.

    Attributes:
        loss: what tells the set of fractals from that of pictures.
        critic_rate: learning rate of the discriminator relative to that of the fractals.
        pool: the discriminator sees means over squares of so many pixels.
        instance_noise: standard deviation of the noise on what it sees.
        r1: weight of the discriminator's squared gradient at real pictures.
        projections: directions of ``sliced-wasserstein``, drawn anew in each step.
    Raises:
        InputError: a value out of its range.
    """

    loss: Loss = "gan"
    critic_rate: Annotated[float, Range(0, 1e3)] = 0.05
    pool: Annotated[int, Range(1, 64)] = 2
    instance_noise: Annotated[float, Range(0, 10)] = 0.1
    r1: Annotated[float, Range(0, 1e6)] = 0.0
    projections: Annotated[int, Range(1, 10**6)] = 512


@dataclass(frozen=True)
class SetData(Checked):
    """Which pictures are learned, and what is done to them.

    Attributes:
        side: pixels to which the pictures of a folder are scaled and cut. None: as they are.
        binarise: see ``selfsame.datasets.batches.PictureBatches``.
    Raises:
        InputError: a value out of its range.
    """

    side: Side | None = None
    binarise: Binarise = "none"

    def learned(self, path: Path) -> Pictures:
        """Return the pictures to learn, in grey: the split ``train``, which may be the only one."""
        return read_pictures(path, "train", self.side, "grey")
