"""What a data set of fractals is: a recipe from which every picture can be made by itself."""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from selfsame.checked import Range, Seed, annotations, check_fields, jsonable
from selfsame.errors import InputError
from selfsame.ifs.code import Viewport
from selfsame.ifs.render.batch import SystemArrays, render_batch
from selfsame.ifs.samples.random import FILLING_PADDING, FILLING_SIZE
from selfsame.run.progress import Progress
from selfsame.run.threads import ThreadCount

VERSION = 1
"""Of what recipes draw: it changes whenever a picture of any recipe does."""

_MARGIN = FILLING_PADDING / (FILLING_SIZE - 2 * FILLING_PADDING)

Classes = Annotated[int, Range(1, 2**20)]
Instances = Annotated[int, Range(1, 2**32)]
Side = Annotated[int, Range(16, 4096)]
Interval = Annotated[float, Range(0, 0.5)]
Share = Annotated[float, Range(0, 1)]


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

    side: Side
    classes: Classes
    instances: Instances
    seed: Seed
    systems: SystemArrays
    threads: ThreadCount | None = None

    def __post_init__(self) -> None:
        check_fields(self)
        if len(self.systems.counts) != self.classes:
            raise InputError(
                f"systems must be one for each of {self.classes} classes: "
                f"got {len(self.systems.counts)}"
            )

    def __len__(self) -> int:
        return self.classes * self.instances

    @abstractmethod
    def find_systems(self, progress: Progress | None = None) -> SystemArrays:
        """Return the fractals that these settings give the classes; those of fewer classes are the
        first of them. ``progress`` is of classes.
        """

    @property
    @abstractmethod
    def channels(self) -> int:
        """1 for grey pictures, 3 for sRGB."""

    def options(self) -> dict[str, Any]:
        """Return the options of this recipe with their values, as ``make_recipe`` takes them."""
        common = Recipe.__dataclass_fields__
        names = [name for name in annotations(type(self)) if name not in common]
        return {name: jsonable(getattr(self, name)) for name in names}

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


class PointRecipe(Recipe):
    """A recipe of pictures in which the pixels are set that points of one system hit."""

    points: int

    def _point_pictures(
        self,
        systems: SystemArrays,
        streams: NDArray[np.int64],
        *,
        stretch: bool = True,
        viewport: Viewport | None = None,
    ) -> NDArray[np.uint8]:
        """Return where the points of each system fall, (n, S, S), 255 there and 0 elsewhere.

        Fitted to the picture but for FractalDB's border, 6 pixels of 512, unless there is a
        viewport. A system all of whose points escape to infinity leaves its picture black.

        Args:
            streams: (n,), the random numbers of each picture.
            stretch: fill the picture in x and y alike, as FractalDB does.
            viewport: the window of all pictures; what lies outside is not drawn.
        """
        drawn = render_batch(
            systems,
            (self.side, self.side),
            self.points,
            viewports=viewport,
            margin=_MARGIN,
            stretch=stretch,
            seed=self.seed,
            streams=streams,
            dtype=np.uint8,
            threads=self.threads,
            allow_escape=True,
        )
        return np.asarray(drawn, np.uint8)
