"""Anderson and Farrell's data sets: coloured fractals on coloured backgrounds, one or several.

Source: Anderson and Farrell 2022, "Improving Fractal Pre-training"; several: section 3.4.
"""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from selfsame.checked import Range
from selfsame.errors import SettingError
from selfsame.fractals.drawing.scenes import (
    BACKGROUND_NUMBERS,
    LOOK_NUMBERS,
    MAX_FRACTALS,
    STREAMS,
    Scenes,
    choose_backgrounds,
    choose_looks,
    describe_scenes,
    draw_scenes,
)
from selfsame.fractals.randomness import scaled, uniforms, whole
from selfsame.fractals.recipes.base import Interval, Recipe
from selfsame.fractals.recipes.jitter import ATTEMPTS, scaled_entries, scaled_map
from selfsame.ifs.limits import Points
from selfsame.ifs.render.batch import SystemArrays, stack_systems
from selfsame.ifs.samples.random import sample_anderson_farrell
from selfsame.run.progress import Progress

FACTORS = (0.8, 1.1)
"""By which one map of each picture is scaled."""

SHIFT = 0.2
"""Largest shift of the window, in widths of the fractal."""

SCALES = (0.5, 2.0)
"""Sides of the window, in those of the fractal's bounding box."""

_CHOICES = 2  # purposes of random numbers
_SEVERAL, _FRACTALS = 3, 4
_SPLITS = np.cumsum([BACKGROUND_NUMBERS, LOOK_NUMBERS, 4])
_PLACE_NUMBERS = 3

Objects = Annotated[int, Range(1, MAX_FRACTALS)]
Size = Annotated[float, Range(0.05, 1)]


class _OnBackgrounds(Recipe):
    """Systems sampled in SVD form, drawn as scenes."""

    points: int

    def find_systems(self, progress: Progress | None = None) -> SystemArrays:
        systems = stack_systems(sample_anderson_farrell(self.classes, seed=self.seed))
        if progress is not None:
            progress(self.classes, self.classes)
        return systems

    @property
    def channels(self) -> int:
        return 3

    def instance_parameters(self, index: int) -> dict[str, Any]:
        return describe_scenes(*self._scenes(self.checked_indices([index])))[0]

    def _draw(self, indices: NDArray[np.int64]) -> NDArray[np.uint8]:
        scenes, _ = self._scenes(indices)
        return draw_scenes(scenes, self.side, self.points, seed=self.seed, threads=self.threads)

    @abstractmethod
    def _scenes(self, indices: NDArray[np.int64]) -> tuple[Scenes, NDArray[np.int64]]:
        """Return some pictures, and the classes of all their fractals."""


@dataclass(frozen=True, eq=False, kw_only=True)
class AndersonFarrell(_OnBackgrounds):
    """Systems sampled in SVD form; jitter, window, turn, patch, colours, background and blur.

    Attributes:
        points: of each fractal.
        background: a coloured diamond-square surface; otherwise black.
    """

    name: ClassVar[str] = "anderson-farrell"
    points: Points = 100_000
    background: bool = True

    def _scenes(self, indices: NDArray[np.int64]) -> tuple[Scenes, NDArray[np.int64]]:
        n = len(indices)
        u = uniforms(self.seed, _CHOICES, indices, int(_SPLITS[-1]) + 2 * ATTEMPTS)
        of_background, of_look, of_window, of_jitter = np.split(u, _SPLITS, axis=1)
        labels = indices // self.instances
        shifts = scaled(of_window[:, :2], (-SHIFT, SHIFT))
        scenes = Scenes(
            **choose_backgrounds(of_background, indices, self.background),
            bounds=np.arange(n + 1),
            systems=scaled_map(
                self.systems.take(labels), of_jitter.reshape(n, ATTEMPTS, 2), FACTORS
            ),
            streams=indices * STREAMS,
            places=np.tile(np.array([0, 0, self.side], np.int64), (n, 1)),
            windows=np.concatenate([shifts, scaled(of_window[:, 2:], SCALES)], axis=1),
            **choose_looks(of_look),
            points=np.full(n, self.points, np.int64),
        )
        return scenes, labels


@dataclass(frozen=True, eq=False, kw_only=True)
class MultiFractal(_OnBackgrounds):
    """Pictures of one to five small fractals; the first is of the picture's class, the others of
    any class.

    Attributes:
        objects: least and largest number of fractals.
        sizes: least and largest side of a fractal, as a share of the picture's.
        points: of a fractal half as wide as the picture; smaller ones get fewer, so that their
            pixels get as many, larger ones no more.
        interval: of the jitter, ``jitter.scaled_entries``; 0 for none.
        background: a coloured diamond-square surface; otherwise black.
    """

    name: ClassVar[str] = "multifractal"
    multi_label: ClassVar[bool] = True
    objects: tuple[Objects, Objects] = (1, 5)
    sizes: tuple[Size, Size] = (0.15, 0.6)
    points: Points = 100_000
    interval: Interval = 0.4
    background: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("objects", "sizes"):
            least, largest = getattr(self, name)
            if least > largest:
                raise SettingError(
                    f"{name} must be the least, then the largest: {least}, {largest}"
                )

    def label_matrix(self, indices: ArrayLike) -> NDArray[np.uint8]:
        chosen = self.checked_indices(indices)
        matrix = np.zeros((len(chosen), self.classes), np.uint8)
        counts = self._counts(chosen)
        _, labels, _ = self._fractals(chosen, counts)
        matrix[np.repeat(np.arange(len(chosen)), counts), labels] = 1
        return matrix

    def _counts(self, indices: NDArray[np.int64]) -> NDArray[np.int64]:
        least, most = self.objects
        u = uniforms(self.seed, _SEVERAL, indices, 1)[:, 0]
        return least + whole(u, most - least + 1)

    def _fractals(
        self, indices: NDArray[np.int64], counts: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
        """Return streams and labels (K,) of all fractals of some pictures, and further numbers."""
        total = int(counts.sum())
        order = np.arange(total) - np.repeat(np.cumsum(counts) - counts, counts)
        streams = np.repeat(indices, counts) * STREAMS + order
        maps = self.systems.matrices.shape[1]
        needed = 1 + _PLACE_NUMBERS + LOOK_NUMBERS + ATTEMPTS * (1 + maps)
        u = uniforms(self.seed, _FRACTALS, streams, needed)
        own = np.repeat(indices // self.instances, counts)
        return streams, np.where(order == 0, own, whole(u[:, 0], self.classes)), u[:, 1:]

    def _scenes(self, indices: NDArray[np.int64]) -> tuple[Scenes, NDArray[np.int64]]:
        counts = self._counts(indices)
        of_background = uniforms(self.seed, _SEVERAL, indices, 1 + BACKGROUND_NUMBERS)[:, 1:]
        streams, labels, v = self._fractals(indices, counts)
        of_place, of_look, of_jitter = np.split(
            v, np.cumsum([_PLACE_NUMBERS, LOOK_NUMBERS]), axis=1
        )
        sides = np.maximum(1, (scaled(of_place[:, 0], self.sizes) * self.side).astype(np.int64))
        # The centre lies within the picture: up to half of a fractal is cut off.
        corners = np.floor(of_place[:, 1:] * self.side).astype(np.int64) - (sides // 2)[:, None]
        share = np.minimum(1.0, (sides / (self.side / 2)) ** 2)
        systems = self.systems.take(labels)
        if self.interval > 0:
            shape = (len(labels), ATTEMPTS, -1)
            systems = scaled_entries(systems, of_jitter.reshape(shape), self.interval)
        scenes = Scenes(
            **choose_backgrounds(of_background, indices, self.background),
            bounds=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
            systems=systems,
            streams=streams,
            places=np.concatenate([corners, sides[:, None]], axis=1),
            windows=np.tile([0.0, 0.0, 1.0, 1.0], (len(labels), 1)),
            **choose_looks(of_look),
            points=np.maximum(1, (share * self.points).astype(np.int64)),
        )
        return scenes, labels
