"""Calls, and what becomes of them when arguments are replaced by what no caller passes."""

import random
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

WORK = {"points", "burn_in", "burn_ins", "n", "q"}
"""Amounts of work, which nobody limits: a call with 2^63 points is valid, and endless."""


Named = Iterator[tuple[str, Callable[..., object], dict[str, Any]]]
"""Names of calls, functions, arguments."""


class Call(NamedTuple):
    """A function and its arguments by name."""

    function: Callable[..., object]
    arguments: dict[str, Any]

    def __call__(self) -> object:
        """Call the function with copies of its arrays."""
        return self.function(
            **{name: _deep(np.array, value) for name, value in self.arguments.items()}
        )


def hostile_calls(call: Call, count: int, seed: int) -> Iterator[Call]:
    """Yield copies of a call of which one or two arguments are others."""
    rng = random.Random(seed)
    names = sorted(call.arguments.keys() - WORK)
    for _ in range(count if names else 0):
        changed = {
            name: _hostile(call.arguments[name], rng)
            for name in rng.choices(names, k=rng.choice((1, 1, 2)))
        }
        yield Call(call.function, call.arguments | changed)


def _deep(change: Callable[[Any], Any], value: Any) -> Any:
    """Apply ``change`` to the arrays within a value; what kind of array they are is kept."""
    if isinstance(value, list | tuple):
        return type(value)(_deep(change, part) for part in value)
    if isinstance(value, np.ndarray) and value.flags.owndata and value.flags.writeable:
        return change(value)
    return value


def _hostile(value: Any, rng: random.Random) -> Any:
    if rng.random() < 0.03:
        return rng.choice((None, "x", b"", (), [], 1.5, object()))
    match value:
        case np.ndarray():
            return rng.choice((_filled, _filled, _filled, _shaped, _shaped, _laid_out))(value, rng)
        case bool():
            return rng.choice((not value, 2))
        case int():
            return rng.choice(
                (-(2**63), -(2**31), -1, 0, 1, value + 1, 2**31 - 1, 2**63 - 1, 2**64)
            )
        case float():
            return rng.choice((np.nan, np.inf, -np.inf, -1.0, 0.0, 1e300, -1e-300))
        case bytes():
            return rng.randbytes(rng.choice((0, 1, 16, 300)))
        case str():
            return rng.choice(("", "x", value))
    parts = list(value)
    if parts and rng.random() < 0.8:
        at = rng.randrange(len(parts))
        parts[at] = _hostile(parts[at], rng)
    else:
        parts = parts * rng.choice((0, 2))
    return type(value)(parts)


def _filled(array: np.ndarray, rng: random.Random) -> np.ndarray:
    """Some numbers, or all, become extreme."""
    made = array.copy()
    if array.dtype.kind == "f":
        largest = float(np.finfo(array.dtype).max)
        extremes = [np.nan, np.inf, -np.inf, largest, -largest, 0, -1, 1e9]
    else:
        limits = np.iinfo(array.dtype)
        extremes = [limits.min, limits.max, limits.max - 1, 0, 1, 2, 99, limits.max // 2]
    where = np.random.default_rng(rng.randrange(1 << 30)).random(made.shape) < rng.choice(
        (0.02, 0.3, 1)
    )
    made[where] = rng.choice(extremes)
    if made.size:
        made.flat[rng.randrange(made.size)] = rng.choice(extremes)
    return made


def _shaped(array: np.ndarray, rng: random.Random) -> np.ndarray:
    """Another shape, another number of axes, nothing at all."""
    axis = rng.randrange(max(array.ndim, 1))
    empty = list(array.shape)
    empty[axis] = 0
    vast = [0, *[1 << 16] * (array.ndim - 1)]
    shapes = (
        lambda: array[..., None],
        lambda: array.reshape(-1),
        lambda: np.zeros(empty, array.dtype),
        lambda: np.zeros(vast, array.dtype),
        lambda: np.take(array, range(array.shape[axis] - 1), axis),
        lambda: np.concatenate([array, array], axis),
        lambda: array[:1],
    )
    return np.array(rng.choice(shapes)())


def _laid_out(array: np.ndarray, rng: random.Random) -> np.ndarray:
    """The same numbers, but in another order in memory, of another type, or not to be written."""
    fixed = array.copy()
    fixed.flags.writeable = False
    bytes_ = np.zeros(array.nbytes + 1, np.uint8)
    shifted = np.frombuffer(bytes_, array.dtype, array.size, 1).reshape(array.shape)
    shifted[...] = array
    return rng.choice(
        (
            fixed,
            shifted,
            np.asfortranarray(array),
            array[::-1],
            array.T,
            array.astype(np.float64),
            array.astype(object),
            array.astype(array.dtype.newbyteorder()),
        )
    )
