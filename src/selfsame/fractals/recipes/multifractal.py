"""Anderson and Farrell's multi-instance data set: several fractals, several labels."""

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from selfsame.checked import Range
from selfsame.errors import InputError
from selfsame.fractals.drawing.scene_choices import (
    BACKGROUND_NUMBERS,
    BLUR_NUMBERS,
    LOOK_NUMBERS,
    MAX_FRACTALS,
    STREAMS,
    background_streams,
    choose_background,
    choose_blurs,
    choose_look,
    scaled,
    whole,
)
from selfsame.fractals.drawing.scenes import Scenes, describe_scenes, draw_scenes
from selfsame.fractals.randomness import uniforms
from selfsame.fractals.recipes.anderson_farrell import svd_systems
from selfsame.fractals.recipes.base import Interval, Recipe
from selfsame.fractals.recipes.jitter import ATTEMPTS, scaled_entries
from selfsame.ifs.limits import Points
from selfsame.ifs.render.batch import SystemArrays
from selfsame.run.progress import Progress

_CHOICES, _FRACTALS = 3, 4  # purposes of random numbers
_SPLITS = np.cumsum([BACKGROUND_NUMBERS, BLUR_NUMBERS])
_PLACE_NUMBERS = 3

Objects = Annotated[int, Range(1, MAX_FRACTALS)]
Size = Annotated[float, Range(0.05, 1)]


@dataclass(frozen=True, eq=False, kw_only=True)
class MultiFractal(Recipe):
    """Pictures of one to five small fractals; the first is of the picture's class, the others of
    any class.

    Attributes:
        objects: least and largest number of fractals.
        sizes: least and largest side of a fractal, as a share of the picture's.
        points: of a fractal half as wide as the picture; smaller ones get fewer, so that their
            pixels get as many, larger ones no more.
        interval: of the jitter, ``jitter.scaled_entries``; 0 for none.
        background: a coloured diamond-square surface; otherwise black.
    Source: Anderson and Farrell 2022, "Improving Fractal Pre-training", section 3.4.
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
                raise InputError(f"{name} must be the least, then the largest: {least}, {largest}")

    def find_systems(self, progress: Progress | None = None) -> SystemArrays:
        return svd_systems(self.classes, self.seed, progress)

    @property
    def channels(self) -> int:
        return 3

    def label_matrix(self, indices: ArrayLike) -> NDArray[np.uint8]:
        chosen = self.checked_indices(indices)
        matrix = np.zeros((len(chosen), self.classes), np.uint8)
        counts = self._counts(chosen)
        _, labels, _ = self._fractals(chosen, counts)
        matrix[np.repeat(np.arange(len(chosen)), counts), labels] = 1
        return matrix

    def instance_parameters(self, index: int) -> dict[str, Any]:
        chosen = self.checked_indices([index])
        labels = self._fractals(chosen, self._counts(chosen))[1]
        return describe_scenes(self._scenes(chosen), labels)[0]

    def _draw(self, indices: NDArray[np.int64]) -> NDArray[np.uint8]:
        scenes = self._scenes(indices)
        return draw_scenes(scenes, self.side, self.points, seed=self.seed, threads=self.threads)

    def _counts(self, indices: NDArray[np.int64]) -> NDArray[np.int64]:
        least, most = self.objects
        u = uniforms(self.seed, _CHOICES, indices, 1)[:, 0]
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

    def _scenes(self, indices: NDArray[np.int64]) -> Scenes:
        counts = self._counts(indices)
        u = uniforms(self.seed, _CHOICES, indices, 1 + int(_SPLITS[-1]))[:, 1:]
        of_background, of_blur, _ = np.split(u, _SPLITS, axis=1)
        decays, background_colors = choose_background(of_background)
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
        return Scenes(
            background_streams=background_streams(indices, self.background),
            decays=decays,
            background_colors=background_colors,
            blurs=choose_blurs(of_blur),
            bounds=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
            systems=systems,
            streams=streams,
            places=np.concatenate([corners, sides[:, None]], axis=1),
            windows=np.tile([0.0, 0.0, 1.0, 1.0], (len(labels), 1)),
            **choose_look(of_look)._asdict(),
            points=np.maximum(1, (share * self.points).astype(np.int64)),
        )
