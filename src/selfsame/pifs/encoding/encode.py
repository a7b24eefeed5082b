"""A picture to its code: effort, chroma policy, rate control, deblocking."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from selfsame._native import pifs as native
from selfsame.coding.container import Chunk, alpha_chunks, container_bytes
from selfsame.errors import InputError
from selfsame.io.pictures import picture_bytes
from selfsame.metrics.pictures import psnr_db
from selfsame.pifs.chunks import PIFS, PIFS_TAG, PLANE
from selfsame.pifs.code import MAX_DEBLOCK, Mode, PifsCode
from selfsame.pifs.decoding.decode import decode
from selfsame.pifs.decoding.planes import deblock, settled
from selfsame.pifs.encoding.attempt import (
    PRICE,
    Attempt,
    Partition,
    Source,
    attempt,
    decoded_planes,
    find_candidates,
    sources,
    with_half_chroma,
)
from selfsame.pifs.encoding.candidates import Candidates, Plan, plan_for
from selfsame.run.threads import run_shares, thread_count

MIN_STEP, MAX_STEP = 0.5, 900.0

TOLERANCE = 0.006
"""A file this close below its limit is good enough to stop."""

MAX_ATTEMPTS = 9

BITS_PER_LEVEL = 6.0
"""Bits of a file per coefficient that is not zero; typical of photographs."""

SAME_PARTITION = 0.12
"""Largest difference of log steps at which the partition of another attempt is taken over."""

SAMPLE_PIXELS, SAMPLE_ROWS = 1 << 20, 64
"""What is estimated of a large picture is estimated of about so many pixels, strips so high."""

HALF_CHROMA_STEP = 24.0
"""Where half resolution begins to serve chroma better, on average."""

Bytes = NDArray[np.uint8]


def step_for_quality(quality: float) -> float:
    """Return the quantiser step of a quality: 100 -> 1, 75 -> 16, 50 -> 32, 25 -> 64, 0 -> 128."""
    octaves = 4 * (100 - quality) / 25 if quality > 75 else 4 + (75 - quality) / 25
    return float(2.0**octaves)


def encode(
    picture: Bytes | NDArray[np.floating],
    *,
    alpha: Bytes | None = None,
    quality: float | None = None,
    bytes: int | None = None,
    psnr: float | None = None,
    mode: Mode = "hybrid",
    effort: int = 5,
    threads: int | None = None,
    device: str = "cpu",
    progress: Callable[[float], object] | None = None,
) -> PifsCode:
    """Return the code of a picture.

    Args:
        picture: (H, W) grey or (H, W, 3) sRGB; bytes, or floats of 0 to 1, which are rounded.
        alpha: (H, W) bytes, kept exactly.
        quality: above 0 to 100; see ``step_for_quality``.
        bytes: most bytes of the whole file.
        psnr: least PSNR of the decoded picture over all its channels, in dB. Of the three give
            exactly one.
        mode: ``hybrid``, or ``pure``: no residuals beside the means and slopes of blocks.
        effort: 1 to 9.
        device: where torch searches windows of domains, if mode and effort do; the rest runs on
            the CPU.
        progress: called with the fraction done.
    Raises:
        InputError: no such picture, a limit on bytes or a PSNR that no step meets.
    """
    picture = picture_bytes(picture)
    plan = plan_for(mode, effort)
    encoder = _Encoder(picture, plan, effort, thread_count(threads), device, progress)
    if quality is not None:
        found = encoder.at(step_for_quality(quality))
    elif bytes is not None:
        fixed = _fixed_bytes(picture, alpha)
        found = encoder.within(bytes - fixed, fixed)
    else:
        assert psnr is not None
        found = encoder.reaching(psnr)
    encoder.forget()
    code = replace(encoder.deblocked(found), alpha=alpha)
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
        threads: int,
        device: str,
        progress: Callable[[float], object] | None,
    ) -> None:
        self.picture, self.plan, self.effort = picture, plan, effort
        self.threads, self.device = threads, device
        self.progress, self.done = progress, 0
        self.half_chroma = False
        self.planes = sources(picture, threads)
        self.sample = _sample(picture)
        is_whole = self.sample is picture
        self.sample_planes = self.planes if is_whole else sources(self.sample, threads)
        self.candidates: list[list[Candidates]] | None = None
        self.references: list[NDArray[np.float32]] | None = None
        self.last: tuple[float, list[Partition]] | None = None

    def at(self, step: float) -> Attempt:
        """Return the attempt at one step."""
        self._prepare(step)
        return self._attempt(step)

    def within(self, limit: int, fixed: int) -> Attempt:
        """Return the best attempt of at most ``limit`` bytes; ``fixed`` come on top."""

        def excess(result: Attempt) -> float:
            return math.log(max(result.stream_bytes, 1) / max(limit, 1e-9))

        found = self._solve(excess, self._step_for_bytes(limit), -1.2)
        if found is None:
            found = self._attempt(MAX_STEP)
            if found.stream_bytes > limit:
                raise InputError(
                    f"a file of this picture needs at least {found.stream_bytes + fixed} bytes:"
                    f" the limit is {limit + fixed}; make the picture smaller"
                )
        return found

    def reaching(self, psnr: float) -> Attempt:
        """Return the smallest attempt of at least ``psnr`` dB."""

        def lack(result: Attempt) -> float:
            decoded = decode(self.deblocked(result), threads=self.threads)
            return (psnr - psnr_db(decoded, self.picture)) / 6

        start = min(max(10 ** ((57.0 - psnr) / 17), MIN_STEP), MAX_STEP)
        found = self._solve(lack, start, 0.8)
        if found is None:
            raise InputError(f"no code of this picture reaches {psnr} dB in mode {self.plan.mode}")
        return found

    def forget(self) -> None:
        """Let go of what only further attempts need."""
        self.candidates = self.references = self.last = None

    def deblocked(self, found: Attempt) -> PifsCode:
        """Return the code with the strength of deblocking that brings it closest to the picture."""
        decoded = decoded_planes(found.code, self.threads)

        @cache
        def error(strength: int) -> float:
            total = 0.0
            for source, plane, x in zip(self.planes, found.code.planes, decoded, strict=True):
                inside = np.s_[: source.height, : source.width]
                smooth = x.copy()
                deblock(smooth, plane, strength, threads=self.threads)
                difference = _squared_error(smooth[inside], source.pixels[inside], self.threads)
                # The ratio of the steps is that of the errors of equal weight.
                total += difference / source.step_ratio**2
            return total

        around = min((0, 2, 4, 6), key=error)
        near = (around - 1, around, around + 1)
        strength = min((s for s in near if 0 <= s <= MAX_DEBLOCK), key=error)
        return replace(found.code, deblock=strength)

    def _prepare(self, step: float) -> Attempt | None:
        """Choose the chroma policy for about this step, and find candidates for the maps; return
        the attempt without maps at this step, if one was made."""
        plain = self._choose_chroma(step)
        if not self.plan.searches and not self.plan.luma_maps:
            return plain
        references = [source.pixels for source in self.planes]
        if self.plan.mode == "hybrid":
            plain = plain or self._plain(step, self.half_chroma, self.planes)
            # Chroma is predicted from luma alone.
            references[0] = settled(plain.code.planes[0], None, self.threads)[0]
        self._tick()
        self.candidates = find_candidates(
            self.planes,
            references,
            self.plan,
            PRICE * step**2,
            threads=self.threads,
            device=self.device,
        )
        self.references = references
        self._tick()
        return plain

    def _choose_chroma(self, step: float) -> Attempt | None:
        """Choose half or full resolution for chroma by distortion + price · bits of the sample;
        return the attempt without maps that was chosen, if one was made of the whole picture."""
        if self.picture.ndim == 2:
            return None
        if self.effort <= 3:
            self.half_chroma = step >= HALF_CHROMA_STEP
            if self.half_chroma:
                self.planes = with_half_chroma(self.planes)
            return None
        half_planes = with_half_chroma(self.sample_planes)
        full = self._plain(step, False, self.sample_planes)
        half = self._plain(step, True, half_planes, full.partitions[:1])
        scores = []
        for result in (full, half):
            decoded = decode(result.code, threads=self.threads)
            error = 255**2 * _squared_error(decoded, self.sample / np.float32(255), self.threads)
            scores.append(error / 3 + PRICE * step**2 * 8 * result.stream_bytes)
        is_whole = self.sample is self.picture
        if scores[1] < scores[0]:
            self.half_chroma = True
            self.planes = half_planes if is_whole else with_half_chroma(self.planes)
            return half if is_whole else None
        return full if is_whole else None

    def _plain(
        self,
        step: float,
        half_chroma: bool,
        planes: list[Source],
        partitions: Sequence[Partition] = (),
    ) -> Attempt:
        return attempt(
            planes,
            step,
            self.plan,
            half_chroma=half_chroma,
            threads=self.threads,
            partitions=partitions,
        )

    def _step_for_bytes(self, limit: int) -> float:
        """Return about the step at which a code has ``limit`` bytes: the number of coefficients
        of 8 × 8 blocks above it, times the usual bits of each (He and Mitra 2001)."""
        steps = np.geomspace(MIN_STEP, MAX_STEP, 64)
        counts = np.zeros(steps.size)
        for source in self.sample_planes:
            # A quarter of the blocks of 8 × 8 pixels is plenty.
            height, width = source.pixels.shape
            some = source.pixels.reshape(height // 8, 8, width)[::4].reshape(-1, width).copy()
            native.transform_blocks(
                some, _squares(*some.shape), 1 / source.step_ratio, self.threads
            )
            sizes = np.sort(np.abs(some), axis=None)
            above = sizes.size - np.searchsorted(sizes, 0.6 * steps)
            counts += above * (height / len(some))
        bits = BITS_PER_LEVEL * counts * (self.picture.size / self.sample.size)
        return float(steps[np.argmin(np.abs(np.log((bits + 8) / (8 * max(limit, 1)))))])

    def _attempt(self, step: float) -> Attempt:
        # In pure mode the rate lies in the partition, which must be free to follow the step.
        known: list[Partition] = []
        if (
            self.last is not None
            and self.plan.mode == "hybrid"
            and abs(math.log(step / self.last[0])) < SAME_PARTITION
        ):
            known = self.last[1]
        result = attempt(
            self.planes,
            step,
            self.plan,
            half_chroma=self.half_chroma,
            threads=self.threads,
            candidates=self.candidates,
            references=self.references,
            partitions=known,
        )
        if not known:
            self.last = (step, result.partitions)
        self._tick()
        return result

    def _solve(
        self,
        excess: Callable[[Attempt], float],
        step: float,
        slope: float,
    ) -> Attempt | None:
        """Return the feasible attempt (``excess`` <= 0) closest to 0, by secants over log step.

        Args:
            step: about the right one.
            slope: of ``excess`` over log step, to begin with.
        """
        plain = self._prepare(step)
        best: tuple[float, Attempt] | None = None
        points: list[tuple[float, float]] = []
        bounds = [math.log(MIN_STEP), math.log(MAX_STEP)]
        at = math.log(step)
        if plain is not None and self.plan.mode == "hybrid":
            # Maps save few of the bits.
            at -= (excess(plain) + TOLERANCE / 2) / slope
        del plain
        at = min(max(at, bounds[0]), bounds[1])
        for _ in range(MAX_ATTEMPTS):
            result = self._attempt(math.exp(at))
            value = excess(result)
            points.append((at, value))
            if value <= 0 and (best is None or value > best[0]):
                best = (value, result)
            del result
            if -TOLERANCE <= value <= 0 or math.isclose(bounds[0], bounds[1], abs_tol=1e-3):
                break
            if best is not None:
                best[1].fold()
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
            at = at - (value + TOLERANCE / 2) / slope
            if not bounds[0] < at < bounds[1]:
                at = (bounds[0] + bounds[1]) / 2
        return None if best is None else best[1]

    def _tick(self) -> None:
        self.done += 1
        if self.progress is not None:
            self.progress(1 - 0.8**self.done)


def _sample(picture: Bytes) -> Bytes:
    """Return a picture, or of a large one strips that lie evenly over it."""
    share = -(-picture.shape[0] * picture.shape[1] // SAMPLE_PIXELS)
    if share == 1:
        return picture
    tops = range(0, len(picture), share * SAMPLE_ROWS)
    return np.concatenate([picture[top : top + SAMPLE_ROWS] for top in tops])


def _squared_error(a: NDArray[Any], b: NDArray[Any], threads: int) -> float:
    """Return the sum of squared differences of two arrays."""

    def of_rows(top: int) -> float:
        rows = np.s_[top : top + SAMPLE_ROWS]
        difference = (a[rows] - b[rows]).ravel()
        return float(difference @ difference)

    return sum(run_shares(of_rows, range(0, len(a), SAMPLE_ROWS), threads))


def _squares(height: int, width: int) -> NDArray[np.int32]:
    """Return all blocks of 8 × 8 pixels, as ``PlaneCode.blocks``."""
    y, x = np.mgrid[: height // 8, : width // 8].astype(np.int32) * 8
    return np.stack([y, x, np.full_like(y, 3), np.full_like(y, 3)], axis=2).reshape(-1, 4)


def _fixed_bytes(picture: Bytes, alpha: Bytes | None) -> int:
    """Return the bytes of a file beside the stream of its planes."""
    channels = 1 if picture.ndim == 2 else 3
    head = Chunk(PIFS_TAG, bytes(PIFS.size + channels * PLANE.size))
    return container_bytes([head, *alpha_chunks(alpha)])
