"""A recipe that costs nothing: pictures of noise. As a script: writes them, slowly on request."""

import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from selfsame.fractals.files.layout import Layout
from selfsame.fractals.files.write import write_dataset
from selfsame.fractals.recipes.base import Recipe
from selfsame.ifs.render.batch import SystemArrays
from selfsame.run.processes import Processes


@dataclass(frozen=True, eq=False, kw_only=True)
class Noise(Recipe):
    """Grey or coloured noise; with ``several``, every picture also shows the next class.

    ``pause`` is the seconds that a picture takes; it changes nothing else.
    """

    name: ClassVar[str] = "custom"
    color: bool = False
    several: bool = False
    pause: float = 0

    @classmethod
    def find_systems(cls, classes: int, *, seed: int, **_: Any) -> SystemArrays:
        rng = np.random.default_rng(seed)
        return SystemArrays(
            rng.uniform(-0.5, 0.5, (classes, 2, 2, 2)),
            rng.uniform(-1, 1, (classes, 2, 2)),
            np.full((classes, 2), 0.5),
            np.full(classes, 2),
        )

    @property
    def channels(self) -> int:
        return 3 if self.color else 1

    @property
    def multi_label(self) -> bool:  # type: ignore[override]
        return self.several

    def options(self) -> dict[str, Any]:
        return {"color": self.color}

    def instance_parameters(self, index: int) -> dict[str, Any]:
        return {}

    def label_matrix(self, indices: ArrayLike) -> NDArray[np.uint8]:
        own = super().label_matrix(indices)
        return own | np.roll(own, 1, axis=1) if self.several else own

    def _draw(self, indices: NDArray[np.int64]) -> NDArray[np.uint8]:
        time.sleep(self.pause * len(indices))
        shape = (self.side, self.side, 3)[: 3 if self.color else 2]
        return np.stack(
            [np.random.default_rng([self.seed, i]).integers(256, size=shape) for i in indices]
        ).astype(np.uint8)


def noise(classes: int = 3, instances: int = 10, seed: int = 0, **options: Any) -> Noise:
    systems = Noise.find_systems(classes, seed=seed)
    return Noise(
        side=16, classes=classes, instances=instances, seed=seed, systems=systems, **options
    )


if __name__ == "__main__":
    folder, form, pause, jobs = sys.argv[1:]
    layout = Layout(form, (0.6, 0.2, 0.2), 4)  # type: ignore[arg-type]
    write_dataset(noise(pause=float(pause)), Path(folder), layout, executor=Processes(int(jobs)))
