"""Our codec with one idea switched off at a time, from outside: other plans, prices and tables.

The library has no switches for what it always does, so a variant replaces functions and constants
of the loaded modules within a context. Encoder, writer and decoder see the same replacement; files
of variants that change the entropy coder are no files of the format.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from selfsame._native import pifs as native
from selfsame.coding.slots import untrained_tables
from selfsame.errors import InputError
from selfsame.pifs.code import MAX_LOG2, MIN_LOG2, PifsCode

AS_IS = "as is"
DEAD_ZONE = 1 / 3
"""Rounding offset of a quantiser that does not weigh bits, as usual for H.264's intra blocks."""

WINDOW = 64
"""Radius of the windows of pure mode at default effort, in pixels."""

Patch = Callable[[], AbstractContextManager[Any]]


@dataclass(frozen=True)
class Variant:
    """The codec but for one thing.

    Attributes:
        plan: what becomes of the plan of a mode and effort.
        patch: a context within which the codec lacks the thing.
        finish: what becomes of the code.
    """

    plan: Callable[[Any], Any] = lambda plan: plan
    patch: Patch = nullcontext
    finish: Callable[[PifsCode], PifsCode] = lambda code: code


@contextmanager
def within(variant: Variant) -> Iterator[None]:
    """Let the encoder work as the variant says."""
    from selfsame.pifs.encoding.candidates import plan_for

    def planned(mode: Any, effort: int) -> Any:
        return variant.plan(plan_for(mode, effort))

    with replaced(plan_for, planned), variant.patch():
        yield


@contextmanager
def replaced(original: Any, replacement: Any) -> Iterator[None]:
    """Let ``replacement`` stand wherever a module of the library has ``original`` as a global.

    Raises:
        InputError: no module has it, so that the variant would be the codec as it is.
    """
    places = [
        (module, name)
        for key, module in list(sys.modules.items())
        if key.split(".")[0] == "selfsame"
        for name, value in list(vars(module).items())
        if value is original
    ]
    if not places:
        raise InputError(f"no module of the library refers to {original!r}: adapt the benchmark")
    with ExitStack() as stack:
        for module, name in places:
            stack.enter_context(assigned(module, name, replacement))
        yield


@contextmanager
def assigned(owner: Any, name: str, value: Any) -> Iterator[None]:
    """Let an attribute of a module or class have another value; it must have one.

    Raises:
        InputError: there is no such attribute.
    """
    if not hasattr(owner, name):
        raise InputError(f"{owner.__name__} has no {name} any more: adapt the benchmark")
    before = getattr(owner, name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, before)


def only_shapes(allowed: Callable[[int, int], bool]) -> Patch:
    """Return the patch that gives blocks of other log2 sides a price nobody pays.

    Where a picture's padded border leaves no choice, smaller blocks remain.
    """

    sides = range(MIN_LOG2, MAX_LOG2 + 1)
    mask = sum(
        1 << ((lh - MIN_LOG2) * len(sides) + lw - MIN_LOG2)
        for lh in sides
        for lw in sides
        if allowed(lh, lw)
    )
    return partitioned(lambda *arguments: (*arguments, mask))


def partitioned(change: Callable[..., tuple[Any, ...]]) -> Patch:
    """Return the patch that changes the arguments of the search for a partition."""

    def patch() -> AbstractContextManager[Any]:
        partition = native.partition

        def changed(*arguments: Any) -> Any:
            return partition(*change(*arguments))

        return assigned(native, "partition", changed)

    return patch


@contextmanager
def untrained() -> Iterator[None]:
    """Start coding from probabilities of one half; the encoder's estimates stay trained."""
    from selfsame.pifs.stream import initial_tables

    slots, _ = initial_tables()
    start = untrained_tables(native.SLOTS, native.WEIGHT_SETS)

    def estimated(*arguments: Any) -> tuple[Any, ...]:
        return (*arguments[:4], slots, *arguments[5:])

    with replaced(initial_tables, lambda: start), partitioned(estimated)():
        yield


def rounded(offset: float) -> Patch:
    """Return the patch that quantises to ``floor(|value| + offset)`` instead of by rate-distortion.

    Means are rounded to the nearest. The partition is chosen as ever.
    """

    def patch() -> AbstractContextManager[Any]:
        from selfsame.pifs.encoding.attempt import chosen_levels

        def written(
            writer: Any,
            index: int,
            partition: Any,
            coefficients: Any,
            _: float,
            last: int,
            threads: int,
        ) -> Any:
            levels = levels_of(coefficients, partition.blocks, offset, last)
            writer.write(index, *partition, levels, threads)
            return levels

        return replaced(chosen_levels, written)

    return patch


def levels_of(coefficients: Any, blocks: Any, offset: float, last: int) -> Any:
    """Return the levels of a plane, (H, W) int32, rounded with an offset.

    Args:
        coefficients: (H, W) in units of the step.
        blocks: (n, 4) as in ``PlaneCode``.
        last: highest index in the scan of a block that may be other than zero.
    """
    values = np.sign(coefficients) * np.floor(np.abs(coefficients) + offset)
    is_pure = last < 1 << 2 * MAX_LOG2
    kept = np.zeros(values.shape, bool)
    for y, x, _, _ in blocks.tolist():
        values[y, x] = np.rint(coefficients[y, x])
        kept[y, x] = True
        if last > 1:  # the scan begins with the mean and the two slopes
            kept[y, x + 1] = kept[y + 1, x] = True
    return np.where(kept, values, 0).astype(np.int32) if is_pure else values.astype(np.int32)


def means_only() -> AbstractContextManager[Any]:
    """Take the slopes from blocks of pure codes."""
    from selfsame.pifs.encoding import candidates

    return assigned(candidates, "PURE_LAST", 0)


def chroma(half: bool) -> Patch:
    """Return the patch that always codes chroma at half or at full resolution."""

    def patch() -> AbstractContextManager[Any]:
        from selfsame.pifs.encoding import encode
        from selfsame.pifs.encoding.attempt import with_half_chroma

        def choose(self: Any, step: float) -> None:
            if half and self.picture.ndim == 3:
                self.half_chroma = True
                self.planes = with_half_chroma(self.planes)

        return assigned(encode._Encoder, "_choose_chroma", choose)

    return patch


def without_maps(plan: Any) -> Any:
    return plan._replace(searches=(), luma_maps=False, rounds=0)


def _searching(**change: Any) -> Callable[[Any], Any]:
    return lambda plan: plan._replace(searches=tuple(s._replace(**change) for s in plan.searches))


VARIANTS: dict[str, Variant] = {
    AS_IS: Variant(),
    "blocks 8×8 only": Variant(patch=only_shapes(lambda lh, lw: lh == lw == 3)),
    "square blocks": Variant(patch=only_shapes(lambda lh, lw: lh == lw)),
    "blocks up to 32": Variant(patch=only_shapes(lambda lh, lw: max(lh, lw) <= 5)),
    "blocks up to 16": Variant(patch=only_shapes(lambda lh, lw: max(lh, lw) <= 4)),
    "blocks from 8": Variant(patch=only_shapes(lambda lh, lw: min(lh, lw) >= 3)),
    "untrained": Variant(patch=untrained),
    "dead zone": Variant(patch=rounded(DEAD_ZONE)),
    "rounding": Variant(patch=rounded(0.5)),
    "no maps": Variant(without_maps),
    "no maps within a plane": Variant(lambda plan: plan._replace(searches=(), rounds=0)),
    "no luma maps": Variant(lambda plan: plan._replace(luma_maps=False)),
    "no near maps": Variant(_searching(reach=0)),
    "no window maps": Variant(_searching(radius=0)),
    "window maps": Variant(_searching(radius=WINDOW)),
    "collage": Variant(lambda plan: plan._replace(rounds=0)),
    "means only": Variant(patch=means_only),
    "no deblocking": Variant(finish=lambda code: replace(code, deblock=0)),
    "always 4:2:0": Variant(patch=chroma(True)),
    "always 4:4:4": Variant(patch=chroma(False)),
}
"""By name. ``as is`` is the codec at default effort."""
