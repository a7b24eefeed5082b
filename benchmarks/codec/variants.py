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

import selfsame.pifs.syntax.contexts as contexts
from selfsame.coding.slots import untrained_tables
from selfsame.errors import InputError
from selfsame.pifs.code import MAX_LOG2, PifsCode

AS_IS = "as is"
ONE_CONTEXT = "one context"
"""Changes what compiled functions call: only in a process of its own (``prepare_one_context``)."""

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

    def patch() -> AbstractContextManager[Any]:
        from selfsame.pifs.syntax.partition import INFEASIBLE, block_costs

        def priced(coefficients: Any, inverse: Any, lh: int, lw: int, *rest: Any) -> Any:
            costs = block_costs(coefficients, inverse, lh, lw, *rest)
            return costs if allowed(lh, lw) else np.full_like(costs, INFEASIBLE)

        return replaced(block_costs, priced)

    return patch


@contextmanager
def untrained() -> Iterator[None]:
    """Start coding from probabilities of one half; the encoder's estimates stay trained."""
    from selfsame.pifs.encoding.candidates import map_bits
    from selfsame.pifs.syntax.partition import cost_tables
    from selfsame.pifs.syntax.stream import initial_tables

    slots, _ = initial_tables()

    def estimated(_: Any) -> Any:
        return cost_tables(slots)

    def mapped(_: Any, *rest: Any) -> Any:
        return map_bits(slots, *rest)

    with (
        replaced(initial_tables, lambda: untrained_tables(contexts.SLOTS, contexts.WEIGHT_SETS)),
        replaced(cost_tables, estimated),
        replaced(map_bits, mapped),
    ):
        yield


def rounded(offset: float) -> Patch:
    """Return the patch that quantises to ``floor(|value| + offset)`` instead of by rate-distortion.

    Means are rounded to the nearest. The partition is chosen as ever.
    """

    def patch() -> AbstractContextManager[Any]:
        from selfsame.pifs.syntax.plane import code_plane

        def coded(coder: Any, decoding: bool, plane: Any, count: int, choice: Any) -> Any:
            if choice.active:
                plane.levels[:] = levels_of(
                    choice.coefficients, plane.blocks[:count], offset, choice.last
                )
            return code_plane(coder, decoding, plane, count, choice._replace(active=False))

        return replaced(code_plane, coded)

    return patch


def levels_of(coefficients: Any, blocks: Any, offset: float, last: int) -> Any:
    """Return the levels of a plane, (H, W) int32, rounded with an offset.

    Args:
        coefficients: (H, W) in units of the step.
        blocks: (n, 4) as in ``PlaneCode``.
        last: highest index in the scan of a block that may be other than zero.
    """
    values = np.sign(coefficients) * np.floor(np.abs(coefficients) + offset)
    kept = np.zeros(values.shape, bool) if last < 1 << 2 * MAX_LOG2 else None
    for y, x, lh, lw in blocks.tolist():
        values[y, x] = np.rint(coefficients[y, x])
        if kept is not None:
            start = contexts.SCAN_START[lh, lw]
            places = slice(start, start + last + 1)
            v, u = (scan[places].astype(int) for scan in (contexts.SCAN_V, contexts.SCAN_U))
            kept[y + v, x + u] = True
    return (values if kept is None else np.where(kept, values, 0)).astype(np.int32)


def means_only() -> AbstractContextManager[Any]:
    """Take the slopes from blocks of pure codes."""
    from selfsame.pifs.encoding import candidates

    return assigned(candidates, "PURE_LAST", 0)


def chroma(half: bool) -> Patch:
    """Return the patch that always codes chroma at half or at full resolution."""

    def patch() -> AbstractContextManager[Any]:
        from selfsame.pifs.encoding import encode
        from selfsame.pifs.encoding.attempt import sources

        def choose(self: Any, step: float) -> None:
            if half and self.picture.ndim == 3:
                self.half_chroma = True
                self.planes = sources(self.picture, True)

        return assigned(encode._Encoder, "_choose_chroma", choose)

    return patch


def without_maps(plan: Any) -> Any:
    return plan._replace(searches=(), luma_maps=False, rounds=0)


def _searching(**change: Any) -> Callable[[Any], Any]:
    return lambda plan: plan._replace(searches=tuple(s._replace(**change) for s in plan.searches))


def one_context() -> AbstractContextManager[Any]:
    """Predict every decision from one context; needs ``prepare_one_context``."""
    from selfsame.coding import range_coder
    from selfsame.pifs.syntax.stream import initial_tables

    if not hasattr(range_coder, _MARK):
        raise InputError(f"variant {ONE_CONTEXT!r} needs a process of its own")
    slots, weights = initial_tables()
    alone = np.zeros_like(weights)
    alone[:, 0] = 1 << 16
    return replaced(initial_tables, lambda: (slots, alone))


def prepare_one_context() -> None:
    """Let every decision be predicted from the first of its contexts alone.

    To be called before the modules of the coder are imported, in a process whose compiled
    functions are cached apart (``NUMBA_CACHE_DIR``).

    Raises:
        InputError: the coder is loaded already.
    """
    from numba import njit

    from selfsame.coding import range_coder

    loaded = [
        m for m in sys.modules if m in ("selfsame.pifs.syntax.plane", "selfsame.pifs.syntax.levels")
    ]
    if loaded:
        raise InputError(f"variant {ONE_CONTEXT!r} must be prepared before {loaded[0]} is imported")
    code_mixed, mixed_probability = range_coder.code_mixed, range_coder.mixed_probability

    @njit
    def code_first(coder, decoding, bit, inputs, weight_set, element):  # type: ignore[no-untyped-def]
        return code_mixed(coder, decoding, bit, 1, weight_set, element)

    @njit
    def first_probability(coder, inputs, weight_set):  # type: ignore[no-untyped-def]
        return mixed_probability(coder, 1, weight_set)

    range_coder.code_mixed = code_first
    range_coder.mixed_probability = first_probability
    setattr(range_coder, _MARK, True)


_MARK = "_takes_first_context_only"

VARIANTS: dict[str, Variant] = {
    AS_IS: Variant(),
    "blocks 8×8 only": Variant(patch=only_shapes(lambda lh, lw: lh == lw == 3)),
    "square blocks": Variant(patch=only_shapes(lambda lh, lw: lh == lw)),
    "blocks up to 32": Variant(patch=only_shapes(lambda lh, lw: max(lh, lw) <= 5)),
    "blocks up to 16": Variant(patch=only_shapes(lambda lh, lw: max(lh, lw) <= 4)),
    "blocks from 8": Variant(patch=only_shapes(lambda lh, lw: min(lh, lw) >= 3)),
    "untrained": Variant(patch=untrained),
    ONE_CONTEXT: Variant(patch=one_context),
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
