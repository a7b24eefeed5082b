"""Immutable values that hold arrays: equal by what they hold, read-only to the last number."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, NoReturn, TypeVar

import numpy as np
from numpy.typing import DTypeLike, NDArray

from selfsame.checked import check_whole
from selfsame.errors import InputError
from selfsame.limits import MAX_SIDE

T = TypeVar("T", bound=np.generic)


class Value:
    """Base of frozen dataclasses (``eq=False``) that are equal where all their fields are.

    Arrays are equal if type, shape and all numbers are. Equal values have equal hashes; to stay
    cheap a hash looks at the shapes of arrays, not at their numbers.
    """

    def freeze(self) -> None:
        """Make the arrays read-only, in a ``__post_init__`` and when they are checked."""
        for field in fields(self):  # type: ignore[arg-type]  # subclasses are dataclasses
            held = getattr(self, field.name)
            if isinstance(held, np.ndarray):
                object.__setattr__(self, field.name, read_only(held))

    def __eq__(self, other: object) -> bool:
        if type(self) is not type(other):
            return NotImplemented
        return all(_same(a, b) for a, b in zip(_held(self), _held(other), strict=True))

    def __hash__(self) -> int:
        return hash((type(self).__name__, *map(_digest, _held(self))))


class Notes(dict[str, str]):
    """A dict that nobody can change."""

    def _refuse(self, *_: Any, **__: Any) -> NoReturn:
        raise TypeError("the notes of a code cannot be changed; make a new code with others")

    __setitem__ = __delitem__ = __ior__ = _refuse
    clear = pop = popitem = setdefault = update = _refuse

    def __reduce__(self) -> tuple[type["Notes"], tuple[dict[str, str]]]:
        return Notes, (dict(self),)


def check_array(
    name: str, values: Any, dtype: DTypeLike, shape: tuple[int | tuple[int, ...] | None, ...]
) -> None:
    """Raise ``InputError`` unless an array has a type and a shape.

    Args:
        shape: of each side its length, those that it may have, or None for any.
    """
    is_right = (
        isinstance(values, np.ndarray)
        and values.dtype == dtype
        and values.ndim == len(shape)
        and all(
            wanted is None or side in (wanted if isinstance(wanted, tuple) else (wanted,))
            for side, wanted in zip(values.shape, shape, strict=True)
        )
    )
    if not is_right:
        sides = ", ".join(
            "any" if side is None else " or ".join(map(str, np.atleast_1d(side))) for side in shape
        )
        got = f"{getattr(values, 'dtype', type(values))} {getattr(values, 'shape', '')}"
        raise InputError(f"{name} must be {np.dtype(dtype)} ({sides}): got {got}")


def check_picture(width: Any, height: Any, alpha: Any = None) -> None:
    """Raise ``InputError`` unless a code may have this size, and this alpha channel if any."""
    check_whole("width", width, 1, MAX_SIDE)
    check_whole("height", height, 1, MAX_SIDE)
    if alpha is not None:
        check_array("alpha", alpha, np.uint8, (height, width))


def sealed(array: NDArray[T]) -> NDArray[T]:
    """Return an array that nobody else holds, made read-only: a value need not copy it."""
    array.setflags(write=False)
    return array


def read_only(array: NDArray[T]) -> NDArray[T]:
    """Return the array itself if nothing can write to its memory, else a read-only copy."""
    owner: Any = array
    while isinstance(owner, np.ndarray):
        if owner.flags.writeable:
            copy = array.copy()
            copy.setflags(write=False)
            return copy
        owner = owner.base
    return array


def _held(value: Any) -> tuple[Any, ...]:
    return tuple(getattr(value, field.name) for field in fields(value))


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, np.ndarray) or isinstance(b, np.ndarray):
        return (
            isinstance(a, np.ndarray)
            and isinstance(b, np.ndarray)
            and a.dtype == b.dtype
            and bool(np.array_equal(a, b))
        )
    if isinstance(a, tuple) and isinstance(b, tuple):
        return len(a) == len(b) and all(_same(x, y) for x, y in zip(a, b, strict=True))
    return bool(a == b)


def _digest(held: Any) -> Any:
    if isinstance(held, np.ndarray):
        return held.shape
    if isinstance(held, tuple):
        return tuple(map(_digest, held))
    return tuple(sorted(held)) if isinstance(held, Mapping) else held
