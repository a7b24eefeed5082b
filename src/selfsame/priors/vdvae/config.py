"""The shape of a very deep VAE, checked once."""

import itertools
from dataclasses import dataclass, field
from typing import Annotated, Literal

from selfsame.checked import Checked, Range
from selfsame.errors import InputError, SettingError

Head = Literal["collage", "plain"]
Likelihood = Literal["bernoulli", "logistic-mixture"]

MAX_SIDE = 1024
MAX_WIDTH = 1 << 14

_RANGES = (4, 2)
"""Pixels along a side of a range by default, the first that tile the picture: strokes of digits
are as wide. Local domains twice as large lie evenly around ranges of even sides only."""

_WIDE_SIDE = 8
"""From such a level on, one convolution sees the whole picture."""

Side = Annotated[int, Range(1, MAX_SIDE)]
Width = Annotated[int, Range(1, MAX_WIDTH)]
Blocks = Annotated[int, Range(0, 1000)]


@dataclass(frozen=True)
class Level(Checked):
    """One resolution of the encoder and of the decoder.

    Attributes:
        side: rows and columns of the features.
        width: channels of the features.
        latents: channels of each stochastic block's latent.
        encoder_blocks: residual blocks on the way up.
        decoder_blocks: stochastic blocks on the way down.
    """

    side: Side
    width: Width
    latents: Width
    encoder_blocks: Blocks = 1
    decoder_blocks: Blocks = 1


@dataclass(frozen=True)
class CollageHeadConfig(Checked):
    """The collage at the end of a decoder.

    The ranges lie on the grid of the finest level: their side is the picture's over that level's.

    Attributes:
        hidden: channels between the features and the numbers of the collage.
        domains: sides of the domains, in ranges, each above 1; centred on the range when
            ``local``, else they tile the picture.
        local: see ``selfsame.collage.operator.geometry``.
        overlap: pixels that a range's block reaches over its neighbours; None: half a range.
        aux_blocks: auxiliary blocks, at most one fewer than a block has pixels: more are left out.
        latent_aux: every picture has auxiliary blocks of its own, made from the latents, added to
            those that all share.
        bound: the collages contract at least by this factor.
        iterations: applications of the map in training, as many as its gradient goes through.
    """

    hidden: Width = 256
    domains: Annotated[tuple[int, ...], Range(2, MAX_SIDE)] = (2,)
    local: bool = True
    overlap: Annotated[int, Range(0, MAX_SIDE)] | None = None
    aux_blocks: Width = 48
    latent_aux: bool = False
    bound: Annotated[float, Range(0, 1, open_low=True, open_high=True)] = 0.4
    iterations: Annotated[int, Range(1, 1000)] = 3

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.domains or len(set(self.domains)) < len(self.domains):
            raise SettingError(f"domains must be one or more different sides: got {self.domains}")


@dataclass(frozen=True)
class VdvaeConfig(Checked):
    """A very deep VAE.

    Attributes:
        side: of the pictures, in pixels; they are square.
        channels: 1 (grey) or 3 (colour).
        likelihood: ``bernoulli`` for pictures of zeros and ones, ``logistic-mixture`` for the
            256 values of a byte.
        mixtures: components of the logistic mixture.
        levels: from coarse to fine; every side divides the next, the last the picture's.
            Empty: ``default_levels`` of side and channels.
        bottleneck: width within a residual block over the level's width.
        head: what makes a picture of the last features.
        collage: of the head ``collage``.
        plain_width: channels at the picture's size of the head ``plain``.
    Raises:
        InputError: a value out of its range, or sides that do not divide each other.
    """

    side: Side = 28
    channels: Literal[1, 3] = 1
    likelihood: Likelihood = "bernoulli"
    mixtures: Annotated[int, Range(1, 100)] = 10
    levels: tuple[Level, ...] = ()
    bottleneck: Annotated[float, Range(0, 4, open_low=True)] = 0.5
    head: Head = "collage"
    collage: CollageHeadConfig = field(default_factory=CollageHeadConfig)
    plain_width: Width = 8

    def __post_init__(self) -> None:
        super().__post_init__()
        levels = self.levels or default_levels(self.side, self.channels)
        object.__setattr__(self, "levels", levels)
        if not levels[0].decoder_blocks:
            raise SettingError("the coarsest of levels must have decoder_blocks: got 0")
        sides = [level.side for level in levels]
        alike = len(set(sides)) < len(sides)
        if alike or any(b % a for a, b in itertools.pairwise([*sides, self.side])):
            raise SettingError(
                "each level's side must divide the next, larger one, and the last the picture's: "
                f"got {sides} for {self.side}"
            )


def default_levels(side: int, channels: int) -> tuple[Level, ...]:
    """Return levels that suit pictures of a size, coarse to fine.

    Ranges of ``_RANGES`` pixels, levels that shrink by the least factor down to ``_WIDE_SIDE``,
    and one level without a place, which knows the whole picture.

    Raises:
        InputError: the side is odd.
    """
    factor = next((n for n in _RANGES if side % n == 0), None)
    if factor is None:
        raise InputError(
            f"no levels are known for pictures of {side}x{side} pixels: take an even side, or give "
            "levels"
        )
    sides = [side // factor]
    while sides[-1] > _WIDE_SIDE:
        least = next(n for n in range(2, sides[-1] + 1) if sides[-1] % n == 0)
        sides.append(sides[-1] // least)
    if sides[-1] == 1:
        sides.pop()
    levels = [Level(s, 64, 4 * channels, 2, 4) for s in reversed(sides)]
    return (Level(1, 256, 16, 1, 2), *levels)
