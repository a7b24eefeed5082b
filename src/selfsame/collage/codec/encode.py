"""A picture to the collage that meets a target: quality, bytes of the file, or PSNR."""

import math
from collections.abc import Callable
from dataclasses import replace
from functools import cache, partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from selfsame.coding.container import alpha_chunks, container_bytes
from selfsame.collage import chunks
from selfsame.collage.code import MAX_STEP, CollageCode
from selfsame.collage.codec.decode import decode, encode_picture
from selfsame.errors import InputError
from selfsame.metrics.pictures import psnr_db

if TYPE_CHECKING:
    from selfsame.collage.network.model import CollageModel

STEPS_PER_HALF = 18.0
"""Typical growth of the step index that halves a file."""

STEPS_PER_DB = 3.5
"""Typical growth of the step index that costs a decibel."""

MIDDLE_STEP = 128

FINEST_STEP = 64
"""Finer ones are far from those that models are trained for, and give larger, not better, files."""

REFINEMENTS = 3
"""Most refinements that one picture is worth, until the file meets its target."""

_PREPARED = 0.2
"""Share of the progress bar of what precedes the refinement."""

_TRUSTED = 5
"""Guesses from the typical growths above, before the rest is found by halving."""

_Attempts = Callable[[int], CollageCode]


def step_for_quality(quality: float) -> int:
    """Return the step index of a quality: 100 -> 96, 75 -> 112, 50 -> 128, 25 -> 144, 0 -> 160."""
    return round(160 - 0.64 * quality)


def encode(
    pixels: NDArray[np.uint8] | NDArray[np.floating],
    *,
    model: "CollageModel",
    alpha: NDArray[np.uint8] | None = None,
    quality: float | None = None,
    bytes: int | None = None,
    psnr: float | None = None,
    refine: int = 0,
    seed: int = 0,
    device: str = "cpu",
    threads: int | None = None,
    progress: Callable[[float], object] | None = None,
) -> CollageCode:
    """Return the code of a picture.

    Args:
        pixels: (H, W) grey or (H, W, 3) sRGB; bytes, or floats of 0 to 1, which are rounded.
        alpha: (H, W) bytes, kept exactly.
        quality: above 0 to 100; see ``step_for_quality``.
        bytes: most bytes of the whole file.
        psnr: least PSNR of the decoded picture over all its channels, in dB. Of the three give
            exactly one.
        refine: steps of descent on the levels of this picture, once its step is found.
        seed, device, threads: see ``codec.encode_picture``.
        progress: called with the fraction done.
    Raises:
        InputError: as ``codec.encode_picture``, or a target that no step meets.
    """
    report = progress or (lambda _: None)

    coded = partial(encode_picture, pixels, model=model, seed=seed, device=device, threads=threads)

    @cache
    def attempt(step: int) -> CollageCode:
        return coded(step=step)

    def refined(step: int) -> CollageCode:
        return coded(
            step=step,
            refine=refine,
            progress=lambda done: report(_PREPARED + (1 - _PREPARED) * done),
        )

    refinable = refined if refine else None
    if quality is not None:
        code = (refinable or attempt)(step_for_quality(quality))
    elif bytes is not None:
        code = _within(attempt, refinable, bytes - _alpha_bytes(alpha))
    else:
        assert psnr is not None

        def quality_of(code: CollageCode) -> float:
            return psnr_db(decode(code, threads=threads), pixels)

        code = _reaching(attempt, refinable, quality_of, psnr)
    report(1.0)
    return replace(code, alpha=alpha)


def file_bytes(code: CollageCode) -> int:
    """Return the length of the file of a code."""
    return container_bytes(chunks.pack(code))


def _alpha_bytes(alpha: NDArray[np.uint8] | None) -> int:
    """Return how much longer a file is for its alpha channel."""
    return container_bytes(alpha_chunks(alpha)) - container_bytes([])


def _within(attempt: _Attempts, refined: _Attempts | None, limit: int) -> CollageCode:
    """Return the finest code whose file has at most ``limit`` bytes."""

    def excess(code: CollageCode) -> float:
        return STEPS_PER_HALF * math.log2(file_bytes(code) / max(limit, 1))

    found = _first(attempt, refined, excess, range(FINEST_STEP, MAX_STEP + 1))
    if found is None:
        raise InputError(
            f"no file of this picture has only {limit} bytes; the smallest of this model has "
            f"{file_bytes(attempt(MAX_STEP))}"
        )
    return found


def _reaching(
    attempt: _Attempts,
    refined: _Attempts | None,
    quality_of: Callable[[CollageCode], float],
    psnr: float,
) -> CollageCode:
    """Return the coarsest code of at least ``psnr`` dB."""

    def lack(code: CollageCode) -> float:
        return STEPS_PER_DB * (psnr - quality_of(code))

    found = _first(attempt, refined, lack, range(MAX_STEP, FINEST_STEP - 1, -1))
    if found is None:
        raise InputError(
            f"psnr: no code of this model has {psnr:g} dB on this picture; the best has "
            f"{quality_of(attempt(FINEST_STEP)):.2f}"
        )
    return found


def _first(
    attempt: _Attempts,
    refined: _Attempts | None,
    excess: Callable[[CollageCode], float],
    steps: range,
) -> CollageCode | None:
    """Return the code of the first of ``steps`` that meets a target, None if none does.

    Args:
        refined: if given, goes on from there: refined codes meet it earlier.
        excess: of a code, about how many steps later the target is met; not above 0 where it is.
    """
    middle = steps.index(MIDDLE_STEP)
    found = _first_place(lambda place: excess(attempt(steps[place])), middle, range(len(steps)))
    if found is None:
        return None
    best, first, place = attempt(steps[found]), len(steps), found
    if refined is None:
        return best
    for _ in range(REFINEMENTS):
        code = refined(steps[place])
        off = excess(code)
        if off <= 0 and place < first:
            best, first = code, place
        moved = min(max(place + math.ceil(off), 0), len(steps) - 1)
        if moved == place or moved >= first:
            break
        place = moved
    return best


def _first_place(excess: Callable[[int], float], guess: int, span: range) -> int | None:
    """Return the least of ``span`` at which a falling function is not above 0, None if there is
    none.

    Args:
        excess: about how many steps its argument lies below the one sought.
    """
    bad, good = span[0] - 1, span[-1] + 1
    for tried in range(len(span)):
        if good - bad == 1:
            break
        if tried >= _TRUSTED:
            guess = (bad + good) // 2
        step = min(max(guess, bad + 1), good - 1)
        value = excess(step)
        if value > 0:
            bad, guess = step, step + math.ceil(value)
        else:
            good, guess = step, step - max(1, math.floor(-value))
    return good if good in span else None
