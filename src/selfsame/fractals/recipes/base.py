"""What a data set of fractals is: a recipe from which every picture can be made by itself."""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from selfsame.errors import InputError
from selfsame.ifs.render.batch import SystemArrays
from selfsame.run.threads import thread_count

VERSION = 1
"""Of what recipes draw: it changes whenever a picture of any recipe does."""

MAX_CLASSES = 2**20
MAX_INSTANCES = 2**32
SIDES = (16, 4096)
"""Least and largest side of a picture, in pixels."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Recipe(ABC):
    """A data set of square pictures of fractals, ``len`` = classes · instances of them.

    Picture ``index = label · instances + instance`` is a pure function of ``identity()`` and the
    index: neither other indices nor threads nor processes matter. Recipes can be pickled.

    Attributes:
        side: of every picture, pixels.
        classes, instances: C, and the pictures of each class.
        seed: 0 .. 2^63 - 1.
        systems: the fractal of each class, C of them.
        threads: that draw pictures; None takes all cores. No part of the identity.
    """

    name: ClassVar[str]
    multi_label: ClassVar[bool] = False
    """Whether pictures may show fractals of several classes."""

    side: int
    classes: int
    instances: int
    seed: int
    systems: SystemArrays
    threads: int | None = None

    def __post_init__(self) -> None:
        for field, least, most in (
            ("side", *SIDES),
            ("classes", 1, MAX_CLASSES),
            ("instances", 1, MAX_INSTANCES),
            ("seed", 0, 2**63 - 1),
        ):
            check_whole(field, getattr(self, field), least, most)
        if len(self.systems.counts) != self.classes:
            raise InputError(
                f"systems must be one for each of {self.classes} classes: "
                f"got {len(self.systems.counts)}"
            )
        if self.threads is not None:
            thread_count(self.threads)

    def __len__(self) -> int:
        return self.classes * self.instances

    @abstractmethod
    def find_systems(self, progress: Callable[[int], None] | None = None) -> SystemArrays:
        """Return the fractals that these settings give the classes; those of fewer classes are the
        first of them. ``progress`` is called with the number found since the last call.
        """

    @property
    @abstractmethod
    def channels(self) -> int:
        """1 for grey pictures, 3 for sRGB."""

    @abstractmethod
    def options(self) -> dict[str, Any]:
        """Return the options of this recipe with their values, as ``make_recipe`` takes them."""

    @abstractmethod
    def instance_parameters(self, index: int) -> dict[str, Any]:
        """Return what made a picture of its class's fractal, ready for JSON."""

    @abstractmethod
    def _draw(self, indices: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Return the pictures at valid indices, one or more."""

    def label(self, index: int) -> int:
        """Return the class of a picture: that of its first fractal if it has several."""
        return int(self.checked_indices([index])[0]) // self.instances

    def label_matrix(self, indices: ArrayLike) -> NDArray[np.uint8]:
        """Return which classes each picture shows, (n, C), 1 for those and 0 for the rest."""
        chosen = self.checked_indices(indices)
        matrix = np.zeros((len(chosen), self.classes), np.uint8)
        matrix[np.arange(len(chosen)), chosen // self.instances] = 1
        return matrix

    def pictures(self, indices: Sequence[int] | NDArray[np.integer]) -> NDArray[np.uint8]:
        """Return pictures in the order of ``indices``, (n, H, W) grey or (n, H, W, 3) sRGB.

        Raises:
            InputError: an index is not a whole number of 0 .. len - 1.
        """
        chosen = self.checked_indices(indices)
        if len(chosen) == 0:
            shape = (0, self.side, self.side, self.channels)
            return np.zeros(shape[:3] if self.channels == 1 else shape, np.uint8)
        return self._draw(chosen)

    def checked_indices(self, indices: ArrayLike) -> NDArray[np.int64]:
        """Return indices as whole numbers, (n,).

        Raises:
            InputError: one is not a whole number of 0 .. len - 1.
        """
        chosen = np.atleast_1d(np.asarray(indices))
        if chosen.size == 0:
            return np.zeros(0, np.int64)
        if chosen.ndim != 1 or not np.issubdtype(chosen.dtype, np.integer):
            raise InputError(f"indices must be a row of whole numbers: got {indices!r}")
        if chosen.min() < 0 or chosen.max() >= len(self):
            raise InputError(
                f"indices must lie within 0..{len(self) - 1}: got {chosen.min()}..{chosen.max()}"
            )
        return chosen.astype(np.int64)

    def class_parameters(self) -> dict[str, NDArray[Any]]:
        """Return the systems of all classes as arrays, padded with zeros to the longest.

        ``matrices`` (C, M, 2, 2), ``offsets`` (C, M, 2) and ``probabilities`` (C, M) are float64,
        ``counts`` (C,) int64, the maps of each.
        """
        return {name: array.copy() for name, array in self.systems._asdict().items()}

    def identity(self) -> dict[str, Any]:
        """Return all that pictures depend on, ready for JSON: the same identity, the same bytes
        (on one machine and build)."""
        digest = hashlib.sha256()
        for name, array in sorted(self.systems._asdict().items()):
            digest.update(f"{name} {array.shape}".encode())
            digest.update(np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<")).data)
        return {
            "recipe": self.name,
            "version": VERSION,
            "side": self.side,
            "channels": self.channels,
            "classes": self.classes,
            "instances": self.instances,
            "seed": self.seed,
            "options": self.options(),
            "systems": digest.hexdigest(),
        }


def check_whole(name: str, value: Any, least: int, most: int) -> int:
    """Return ``value``; raise ``InputError`` unless it is a whole number of ``least..most``."""
    whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not whole or not least <= value <= most:
        raise InputError(f"{name} must be a whole number of {least}..{most}: got {value!r}")
    return int(value)


def check_number(name: str, value: Any, least: float, most: float) -> float:
    """Return ``value``; raise ``InputError`` unless it is a number within ``least..most``."""
    number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    if not number or not least <= value <= most:
        raise InputError(f"{name} must be a number within {least}..{most}: got {value!r}")
    return float(value)


def check_flag(name: str, value: Any) -> bool:
    """Return ``value``; raise ``InputError`` unless it is True or False."""
    if not isinstance(value, bool):
        raise InputError(f"{name} must be True or False: got {value!r}")
    return value


def check_pair(name: str, value: Any) -> tuple[Any, Any]:
    """Return ``value``; raise ``InputError`` unless it has two parts, the first not the larger."""
    if not isinstance(value, tuple) or len(value) != 2:
        raise InputError(f"{name} must be a pair, (least, largest): got {value!r}")
    if not all(isinstance(part, int | float | np.number) for part in value) or not (
        value[0] <= value[1]
    ):
        raise InputError(f"{name} must be numbers, the least first: got {value!r}")
    return value
