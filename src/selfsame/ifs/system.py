"""The iterated function system itself: N affine maps with probabilities, as plain data."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from selfsame.errors import InputError
from selfsame.values import Value

Array = NDArray[np.float64]

MAX_MAPS = 65_536
"""Most maps of one system; far above any use, low enough to bound every allocation."""

SUM_TOLERANCE = 1e-4
"""How far from 1 a sum of given probabilities may lie; they are then divided by it."""

ROUNDING_OF_SUM = 1e-12
"""A sum this near to 1 counts as 1. Above what dividing and adding ``MAX_MAPS`` numbers can leave
(about 1e-14), so that building a system from its own probabilities changes no bit of them."""


@dataclass(frozen=True, eq=False)
class IFS(Value):
    """N affine maps ``x' = A x + b`` of d-dimensional space, chosen with probabilities.

    Attributes:
        matrices: (N, d, d), d = 2 or 3, finite.
        offsets: (N, d), in units of the plane, y up.
        probabilities: (N,), non-negative, sum 1 (within ``SUM_TOLERANCE``; they are divided
            by their sum). Default: proportional to ``|det A|`` (at least 1 % of the largest,
            so that no map is forgotten), the usual choice for an even picture (Barnsley 1988).
        colors: (N, 3) sRGB in [0, 1], one per map, or None.

    Arrays are copied, converted to float64 and made read-only.

    Raises:
        InputError: shapes disagree, numbers are not finite, probabilities or colours are
            out of range.
    """

    family: ClassVar[str] = "ifs"  # a bare system is drawn as the codes are

    matrices: Array
    offsets: Array
    probabilities: Array
    colors: Array | None

    def __init__(
        self,
        matrices: ArrayLike,
        offsets: ArrayLike,
        probabilities: ArrayLike | None = None,
        colors: ArrayLike | None = None,
    ) -> None:
        A = _frozen(matrices, "matrices")
        if A.ndim != 3 or A.shape[1] != A.shape[2] or A.shape[1] not in (2, 3):
            raise InputError(f"matrices must be (N, 2, 2) or (N, 3, 3): got {A.shape}")
        if not 1 <= len(A) <= MAX_MAPS:
            raise InputError(f"an IFS has 1 to {MAX_MAPS} maps: got {len(A)}")
        b = _frozen(offsets, "offsets", A.shape[:2])
        given = default_probabilities(A) if probabilities is None else probabilities
        p = _frozen(given, "probabilities", A.shape[:1])
        too_large = (p > 1 + SUM_TOLERANCE).any()  # asked first: the sum of huge ones overflows
        if (p < 0).any() or too_large or abs(p.sum() - 1) > SUM_TOLERANCE:
            found = "a larger one" if too_large else f"sum {p.sum():g}, smallest {p.min():g}"
            raise InputError(f"probabilities must be within 0..1 with sum 1: got {found}")
        if abs(p.sum() - 1) > ROUNDING_OF_SUM:
            p = _frozen(p / p.sum(), "probabilities")
        c = None if colors is None else _frozen(colors, "colors", (len(A), 3))
        if c is not None and (c.min() < 0 or c.max() > 1):
            raise InputError(f"colors must be within [0, 1]: got {c.min():g} to {c.max():g}")
        for name, value in zip(
            ("matrices", "offsets", "probabilities", "colors"), (A, b, p, c), strict=True
        ):
            object.__setattr__(self, name, value)

    def __len__(self) -> int:
        return len(self.matrices)

    @property
    def dimension(self) -> int:
        """d, the dimension of the space: 2 or 3."""
        return int(self.matrices.shape[1])

    @property
    def contraction(self) -> float:
        """The largest singular value of any map; below 1 the system is contractive."""
        return float(np.linalg.norm(self.matrices, ord=2, axis=(1, 2)).max())


def default_probabilities(matrices: ArrayLike) -> Array:
    """Return probabilities proportional to ``|det A|``, floored at 1 % of the largest.

    Args:
        matrices: (N, d, d).
    Returns:
        (N,), sum 1; uniform if every determinant is zero.
    """
    A = np.asarray(matrices, np.float64)
    # A common power of two changes no ratio of determinants and keeps them from overflowing.
    _, exponent = np.frexp(np.abs(A).max())
    weight = np.abs(np.linalg.det(np.ldexp(A, -exponent)))
    if weight.max() == 0:
        return np.full(len(weight), 1 / len(weight))
    weight = np.maximum(weight, 0.01 * weight.max())
    return np.asarray(weight / weight.sum(), np.float64)


def conjugated(matrices: Array, offsets: Array, S: Array, t: Array) -> tuple[Array, Array]:
    """Return the maps in the coordinates ``u = S x + t``: their attractor is moved by it."""
    moved = S @ matrices @ np.linalg.inv(S)
    return moved, offsets @ S.T + t - moved @ t


def _frozen(values: ArrayLike, name: str, shape: tuple[int, ...] | None = None) -> Array:
    try:
        array = np.asarray(values, np.float64).copy()
    except (TypeError, ValueError) as error:
        raise InputError(f"{name} must be an array of numbers: {error}") from error
    if not np.isfinite(array).all():
        raise InputError(f"{name} must be finite: found NaN or infinity")
    if shape is not None and array.shape != shape:
        raise InputError(f"{name} must be {shape}, as matrices ask: got {array.shape}")
    array.setflags(write=False)
    return array
