"""Anderson and Farrell's data set: one coloured fractal on a coloured background."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from selfsame.fractals.drawing.scene_choices import (
    BACKGROUND_NUMBERS,
    BLUR_NUMBERS,
    LOOK_NUMBERS,
    STREAMS,
    background_streams,
    choose_background,
    choose_blurs,
    choose_look,
    scaled,
)
from selfsame.fractals.drawing.scenes import Scenes, describe_scenes, draw_scenes
from selfsame.fractals.randomness import uniforms
from selfsame.fractals.recipes.base import Recipe
from selfsame.fractals.recipes.jitter import ATTEMPTS, scaled_map
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

_CHOICES = 2  # purpose of random numbers
_SPLITS = np.cumsum([BACKGROUND_NUMBERS, BLUR_NUMBERS, LOOK_NUMBERS, 4])


@dataclass(frozen=True, eq=False, kw_only=True)
class AndersonFarrell(Recipe):
    """Systems sampled in SVD form; jitter, window, turn, patch, colours, background and blur.

    Attributes:
        points: of each fractal.
        background: a coloured diamond-square surface; otherwise black.
    Source: Anderson and Farrell 2022, "Improving Fractal Pre-training".
    """

    name: ClassVar[str] = "anderson-farrell"
    points: Points = 100_000
    background: bool = True

    def find_systems(self, progress: Progress | None = None) -> SystemArrays:
        return svd_systems(self.classes, self.seed, progress)

    @property
    def channels(self) -> int:
        return 3

    def instance_parameters(self, index: int) -> dict[str, Any]:
        chosen = self.checked_indices([index])
        return describe_scenes(self._scenes(chosen), chosen // self.instances)[0]

    def _draw(self, indices: NDArray[np.int64]) -> NDArray[np.uint8]:
        scenes = self._scenes(indices)
        return draw_scenes(scenes, self.side, self.points, seed=self.seed, threads=self.threads)

    def _scenes(self, indices: NDArray[np.int64]) -> Scenes:
        n = len(indices)
        u = uniforms(self.seed, _CHOICES, indices, int(_SPLITS[-1]) + 2 * ATTEMPTS)
        of_background, of_blur, of_look, of_window, of_jitter = np.split(u, _SPLITS, axis=1)
        decays, background_colors = choose_background(of_background)
        systems = self.systems.take(indices // self.instances)
        return Scenes(
            background_streams=background_streams(indices, self.background),
            decays=decays,
            background_colors=background_colors,
            blurs=choose_blurs(of_blur),
            bounds=np.arange(n + 1),
            systems=scaled_map(systems, of_jitter.reshape(n, ATTEMPTS, 2), FACTORS),
            streams=indices * STREAMS,
            places=np.tile(np.array([0, 0, self.side], np.int64), (n, 1)),
            windows=np.concatenate(
                [scaled(of_window[:, :2], (-SHIFT, SHIFT)), scaled(of_window[:, 2:], SCALES)],
                axis=1,
            ),
            **choose_look(of_look)._asdict(),
            points=np.full(n, self.points, np.int64),
        )


def svd_systems(classes: int, seed: int, progress: Progress | None = None) -> SystemArrays:
    """Return the first systems that ``sample_anderson_farrell`` draws."""
    systems = stack_systems(sample_anderson_farrell(classes, seed=seed))
    if progress is not None:
        progress(classes, classes)
    return systems
