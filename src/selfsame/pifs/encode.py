"""A picture to its code: effort, chroma policy, rate control, deblocking."""

import math
from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from selfsame.bitstream.container import container_bytes
from selfsame.bitstream.pifs_chunks import PIFS, PLANE, pack_alpha
from selfsame.errors import InputError
from selfsame.metrics import psnr_db
from selfsame.parallel import limited_threads
from selfsame.pifs.attempt import PRICE, Attempt, attempt
from selfsame.pifs.code import MAX_DEBLOCK, Mode, PifsCode
from selfsame.pifs.decode import decode
from selfsame.pifs.mapping import Candidates
from selfsame.pifs.plan import Plan, find_candidates, plan_for
from selfsame.pifs.source import Source, sources

MIN_STEP, MAX_STEP = 0.5, 900.0

TOLERANCE = 0.004
"""A file this close below its limit is good enough to stop."""

MAX_ATTEMPTS = 9

START_STEP = 24.0

Bytes = NDArray[np.uint8]


def step_for_quality(quality: float) -> float:
    """Return the quantiser step of a quality: 100 -> 1, 75 -> 16, 50 -> 32, 25 -> 64, 0 -> 128."""
    octaves = 4 * (100 - quality) / 25 if quality > 75 else 4 + (75 - quality) / 25
    return float(2.0**octaves)


def encode(
    picture: Bytes,
    *,
    alpha: Bytes | None = None,
    quality: float | None = None,
    bytes: int | None = None,
    psnr: float | None = None,
    mode: Mode = "hybrid",
    effort: int = 5,
    threads: int | None = None,
    progress: Callable[[float], None] | None = None,
) -> PifsCode:
    """Return the code of a picture.

    Args:
        picture: (H, W) grey or (H, W, 3) sRGB bytes.
        alpha: (H, W) bytes, kept exactly.
        quality: above 0 to 100; see ``step_for_quality``.
        bytes: most bytes of the whole file.
        psnr: least PSNR of the decoded picture over all its channels, in dB. Of the three give
            exactly one.
        mode: ``hybrid``, or ``pure``: no residuals beside the means and slopes of blocks.
        effort: 1 to 9.
        progress: called with the fraction done.
    Raises:
        InputError: arguments out of range, or a limit on bytes that no step meets.
    """
    _check(picture, alpha, quality, bytes, psnr, mode, effort)
    with limited_threads(threads):
        encoder = _Encoder(picture, plan_for(mode, effort), effort, progress)
        if quality is not None:
            found = encoder.at(step_for_quality(quality))
        elif bytes is not None:
            fixed = _fixed_bytes(picture, alpha)
            found = encoder.within(bytes - fixed, fixed)
        else:
            assert psnr is not None
            found = encoder.reaching(psnr)
        code = replace(found.code, alpha=alpha)
        code = _deblocked(code, picture)
    if progress is not None:
        progress(1.0)
    return code


class _Encoder:
    """Attempts at one picture; each profits from the ones before."""

    def __init__(
        self,
        picture: Bytes,
        plan: Plan,
        effort: int,
        progress: Callable[[float], None] | None,
    ) -> None:
        self.picture, self.plan, self.effort = picture, plan, effort
        self.progress, self.done = progress, 0
        self.size = (picture.shape[1], picture.shape[0])
        self.half_chroma = False
        self.planes: list[Source] = []
        self.candidates: list[list[Candidates]] | None = None
        self.references: list[NDArray[np.float32]] | None = None

    def at(self, step: float) -> Attempt:
        """Return the attempt at one step."""
        self._prepare(step)
        return self._attempt(step)

    def within(self, limit: int, fixed: int) -> Attempt:
        """Return the best attempt of at most ``limit`` bytes; ``fixed`` come on top."""
        self._prepare(self._plain_step(limit))

        def excess(result: Attempt) -> float:
            return math.log(max(result.stream_bytes, 1) / max(limit, 1e-9))

        found = self._solve(excess, self.start, -1.0, TOLERANCE)
        if found is None:
            smallest = self._attempt(MAX_STEP)
            if smallest.stream_bytes > limit:
                raise InputError(
                    f"a file of this picture needs at least {smallest.stream_bytes + fixed} bytes:"
                    f" the limit is {limit + fixed}; make the picture smaller"
                )
            return smallest
        return found

    def reaching(self, psnr: float) -> Attempt:
        """Return the smallest attempt of at least ``psnr`` dB."""
        start = 10 ** ((57.0 - psnr) / 17)
        self._prepare(min(max(start, MIN_STEP), MAX_STEP))

        def lack(result: Attempt) -> float:
            return (psnr - self._psnr(_deblocked(result.code, self.picture))) / 6

        found = self._solve(lack, self.start, 0.8, 0.004)
        if found is None:
            raise InputError(f"no code of this picture reaches {psnr} dB in mode {self.plan.mode}")
        return found

    def _prepare(self, step: float) -> None:
        """Choose the chroma policy for about this step, and find candidates for the maps."""
        self.start = step
        if self.picture.ndim == 3:
            self.half_chroma = self._halve_chroma(step)
        self.planes = sources(self.picture, self.half_chroma)
        if not self.plan.searches and not self.plan.luma_maps:
            return
        references = [source.pixels for source in self.planes]
        if self.plan.mode == "hybrid":
            references = self._plain(step, self.half_chroma, self.planes).decoded
        self._tick()
        self.candidates = find_candidates(self.planes, references, self.plan, PRICE * step**2)
        self.references = references
        self._tick()

    def _halve_chroma(self, step: float) -> bool:
        """Return whether half resolution serves chroma better, by distortion + price · bits."""
        if self.effort <= 3:
            return step >= 16
        scores = []
        for half in (False, True):
            result = self._plain(step, half, sources(self.picture, half))
            error = (decode(result.code).astype(np.float64) * 255 - self.picture) ** 2
            scores.append(error.sum() / 3 + PRICE * step**2 * 8 * result.stream_bytes)
        return bool(scores[1] < scores[0])

    def _plain(self, step: float, half_chroma: bool, planes: list[Source]) -> Attempt:
        return attempt(planes, self.size, step, self.plan, half_chroma=half_chroma)

    def _plain_step(self, limit: int) -> float:
        """Return about the step at which a code without maps has ``limit`` bytes."""
        grey = self.picture if self.picture.ndim == 2 else self.picture[..., 1]
        planes = sources(grey, False)
        step = START_STEP
        for _ in range(2):
            size = self._plain(step, False, planes).stream_bytes
            step *= (max(size, 1) / max(limit, 1)) ** 0.8
            step = min(max(step, MIN_STEP), MAX_STEP)
        return step

    def _attempt(self, step: float) -> Attempt:
        result = attempt(
            self.planes,
            self.size,
            step,
            self.plan,
            half_chroma=self.half_chroma,
            candidates=self.candidates,
            references=self.references,
        )
        self._tick()
        return result

    def _solve(
        self,
        excess: Callable[[Attempt], float],
        step: float,
        slope: float,
        tolerance: float,
    ) -> Attempt | None:
        """Return the feasible attempt (``excess`` <= 0) closest to 0, by secants over log step.

        Args:
            slope: of ``excess`` over log step, to begin with.
        """
        best: tuple[float, Attempt] | None = None
        points: list[tuple[float, float]] = []
        bounds = [math.log(MIN_STEP), math.log(MAX_STEP)]
        at = min(max(math.log(step), bounds[0]), bounds[1])
        for _ in range(MAX_ATTEMPTS):
            result = self._attempt(math.exp(at))
            value = excess(result)
            points.append((at, value))
            if value <= 0 and (best is None or value > best[0]):
                best = (value, result)
            if -tolerance <= value <= 0 or math.isclose(bounds[0], bounds[1], abs_tol=1e-3):
                break
            # A larger step lessens the bytes, and the PSNR.
            feasible_above = slope < 0
            if (value <= 0) == feasible_above:
                bounds[1] = min(bounds[1], at)
            else:
                bounds[0] = max(bounds[0], at)
            if len(points) > 1:
                (a, fa), (b, fb) = points[-2:]
                if abs(b - a) > 1e-9 and (fb - fa) * slope > 0:
                    slope = (fb - fa) / (b - a)
            at = at - (value + tolerance / 2) / slope
            if not bounds[0] < at < bounds[1]:
                at = (bounds[0] + bounds[1]) / 2
        return None if best is None else best[1]

    def _psnr(self, code: PifsCode) -> float:
        return psnr_db(decode(code), self.picture.astype(np.float64) / 255)

    def _tick(self) -> None:
        self.done += 1
        if self.progress is not None:
            self.progress(1 - 0.8**self.done)


def _deblocked(code: PifsCode, picture: Bytes) -> PifsCode:
    """Return the code with the strength of deblocking that brings it closest to the picture."""
    target = picture.astype(np.float64) / 255

    def error(strength: int) -> float:
        plain = replace(code, deblock=strength, alpha=None)
        return float(np.mean((decode(plain).astype(np.float64) - target) ** 2))

    errors: dict[int, float] = {}

    def best_of(strengths: Iterable[int]) -> int:
        for strength in strengths:
            if strength not in errors:
                errors[strength] = error(strength)
        return min(errors, key=lambda k: errors[k])

    around = best_of((0, 2, 4, 6))
    strength = best_of(s for s in (around - 1, around + 1) if 0 <= s <= MAX_DEBLOCK)
    return replace(code, deblock=strength)


def _fixed_bytes(picture: Bytes, alpha: Bytes | None) -> int:
    """Return the bytes of a file beside the stream of its planes."""
    channels = 1 if picture.ndim == 2 else 3
    payloads = [PIFS.size + channels * PLANE.size]
    if alpha is not None:
        payloads.append(len(pack_alpha(alpha)))
    return container_bytes(payloads)


def _check(
    picture: Bytes,
    alpha: Bytes | None,
    quality: float | None,
    limit: int | None,
    psnr: float | None,
    mode: Mode,
    effort: int,
) -> None:
    if (
        picture.dtype != np.uint8
        or picture.ndim not in (2, 3)
        or picture.shape[2:] not in ((), (3,))
    ):
        raise InputError(
            f"a picture is (H, W) or (H, W, 3) bytes: got {picture.shape} of {picture.dtype}"
        )
    if picture.size == 0:
        raise InputError(f"a picture has at least one pixel: got {picture.shape}")
    if alpha is not None and (alpha.dtype != np.uint8 or alpha.shape != picture.shape[:2]):
        raise InputError(f"alpha must be bytes of shape {picture.shape[:2]}: got {alpha.shape}")
    if sum(x is not None for x in (quality, limit, psnr)) != 1:
        raise InputError("give exactly one of quality, bytes and psnr")
    if quality is not None and not 0 < quality <= 100:
        raise InputError(f"quality must be above 0 and at most 100: got {quality}")
    if limit is not None and limit < 1:
        raise InputError(f"bytes must be at least 1: got {limit}")
    if psnr is not None and not 0 < psnr <= 100:
        raise InputError(f"psnr must be above 0 and at most 100 dB: got {psnr}")
    if mode not in ("pure", "hybrid"):
        raise InputError(f"mode must be pure or hybrid: got {mode!r}")
    if effort not in range(1, 10):
        raise InputError(f"effort must be 1 to 9: got {effort}")
