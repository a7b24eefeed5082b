"""The shape of a very deep VAE, checked once."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Literal, TypeVar

from selfsame.errors import InputError

Head = Literal["collage", "plain"]
HEADS = ("collage", "plain")
Likelihood = Literal["bernoulli", "logistic-mixture"]
LIKELIHOODS = ("bernoulli", "logistic-mixture")

MAX_SIDE = 1024
MAX_WIDTH = 1 << 14

_RANGES = (4, 2)
"""Pixels along a side of a range by default, the first that tile the picture: strokes of digits
are as wide. Local domains twice as large lie evenly around ranges of even sides only."""

_WIDE_SIDE = 8
"""From such a level on, one convolution sees the whole picture."""

T = TypeVar("T")


@dataclass(frozen=True)
class Level:
    """One resolution of the encoder and of the decoder.

    Attributes:
        side: rows and columns of the features.
        width: channels of the features.
        latents: channels of each stochastic block's latent.
        encoder_blocks: residual blocks on the way up.
        decoder_blocks: stochastic blocks on the way down.
    """

    side: int
    width: int
    latents: int
    encoder_blocks: int = 1
    decoder_blocks: int = 1

    def __post_init__(self) -> None:
        _whole("side", self.side, 1, MAX_SIDE)
        _whole("width", self.width, 1, MAX_WIDTH)
        _whole("latents", self.latents, 1, MAX_WIDTH)
        _whole("encoder_blocks", self.encoder_blocks, 0, 1000)
        _whole("decoder_blocks", self.decoder_blocks, 0, 1000)


@dataclass(frozen=True)
class CollageHeadConfig:
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

    hidden: int = 256
    domains: tuple[int, ...] = (2,)
    local: bool = True
    overlap: int | None = None
    aux_blocks: int = 48
    latent_aux: bool = False
    bound: float = 0.4
    iterations: int = 3

    def __post_init__(self) -> None:
        _whole("hidden", self.hidden, 1, MAX_WIDTH)
        domains = _items("domains", self.domains)
        object.__setattr__(self, "domains", domains)
        for domain in domains:
            _whole("domains", domain, 2, MAX_SIDE)
        if not domains or len(set(domains)) < len(domains):
            raise InputError(f"domains must be one or more different sides: got {domains}")
        if self.overlap is not None:
            _whole("overlap", self.overlap, 0, MAX_SIDE)
        for name in ("local", "latent_aux"):
            if not isinstance(getattr(self, name), bool):
                raise InputError(f"{name} must be true or false: got {getattr(self, name)!r}")
        if not _is_number(self.bound) or not 0 < self.bound < 1:
            raise InputError(f"bound must lie between 0 and 1: got {self.bound!r}")
        _whole("aux_blocks", self.aux_blocks, 1, MAX_WIDTH)
        _whole("iterations", self.iterations, 1, 1000)


@dataclass(frozen=True)
class VdvaeConfig:
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

    side: int = 28
    channels: int = 1
    likelihood: Likelihood = "bernoulli"
    mixtures: int = 10
    levels: tuple[Level, ...] = ()
    bottleneck: float = 0.5
    head: Head = "collage"
    collage: CollageHeadConfig = field(default_factory=CollageHeadConfig)
    plain_width: int = 8

    def __post_init__(self) -> None:
        _whole("side", self.side, 1, MAX_SIDE)
        _whole("mixtures", self.mixtures, 1, 100)
        _whole("plain_width", self.plain_width, 1, MAX_WIDTH)
        if not _is_whole(self.channels) or self.channels not in (1, 3):
            raise InputError(f"channels must be 1 or 3: got {self.channels!r}")
        if self.likelihood not in LIKELIHOODS:
            raise InputError(
                f"likelihood must be one of {', '.join(LIKELIHOODS)}: got {self.likelihood!r}"
            )
        if self.head not in HEADS:
            raise InputError(f"head must be one of {', '.join(HEADS)}: got {self.head!r}")
        if not _is_number(self.bottleneck) or not 0 < self.bottleneck <= 4:
            raise InputError(f"bottleneck must be above 0 and at most 4: got {self.bottleneck!r}")
        levels = tuple(_nested(Level, level) for level in _items("levels", self.levels))
        levels = levels or default_levels(self.side, self.channels)
        object.__setattr__(self, "levels", levels)
        object.__setattr__(self, "collage", _nested(CollageHeadConfig, self.collage))
        if not levels[0].decoder_blocks:
            raise InputError("the coarsest of levels must have decoder_blocks: got 0")
        sides = [level.side for level in levels]
        alike = len(set(sides)) < len(sides)
        if alike or any(b % a for a, b in itertools.pairwise([*sides, self.side])):
            raise InputError(
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


def _nested(kind: type[T], value: Any) -> T:
    """Return the dataclass, which JSON has as a mapping or a list of its values."""
    if isinstance(value, kind):
        return value
    names = [f.name for f in fields(kind)]  # type: ignore[arg-type]
    if isinstance(value, Sequence) and not isinstance(value, str) and len(value) <= len(names):
        value = dict(zip(names, value, strict=False))
    if not isinstance(value, Mapping) or any(name not in names for name in value):
        raise InputError(f"{kind.__name__} has the settings {', '.join(names)}: got {value!r}")
    try:
        return kind(**value)
    except TypeError as error:
        raise InputError(f"{kind.__name__}: {error}") from error


def _items(name: str, value: Any) -> tuple[Any, ...]:
    """Return the values of a list, which JSON has for a tuple."""
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise InputError(f"{name} must be a list: got {value!r}")
    return tuple(value)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return _is_whole(value) or isinstance(value, float)


def _whole(name: str, value: Any, low: int, high: int) -> None:
    if not _is_whole(value) or not low <= value <= high:
        raise InputError(f"{name} must be a whole number within {low}..{high}: got {value!r}")
