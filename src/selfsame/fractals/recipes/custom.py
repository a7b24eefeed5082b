"""A data set of any codes: each system a class, its jittered pictures the instances."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, cast

import numpy as np
from numpy.typing import NDArray

from selfsame.checked import check_whole, checked
from selfsame.codes.files import read_systems
from selfsame.errors import InputError, SettingError
from selfsame.fractals.drawing.stamps import DOT, PATTERNS, patch_rows, stamped
from selfsame.fractals.randomness import uniforms, whole
from selfsame.fractals.recipes.base import PointRecipe, Share
from selfsame.fractals.recipes.jitter import ATTEMPTS, scaled_parameters
from selfsame.ifs.code import IFSCode, Viewport
from selfsame.ifs.limits import Points
from selfsame.ifs.render.batch import SystemArrays, stack_systems
from selfsame.ifs.system import IFS
from selfsame.run.progress import Progress

BRIGHT = 255
"""Grey value of set pixels."""

Window = Literal["points", "code"]

CODE_WINDOW = Viewport(-1.0, -1.0, 1.0, 1.0)
"""Where ``read_codes`` brings the codes' own windows."""

_CHOICES = 6  # purpose of random numbers


@dataclass(frozen=True, eq=False, kw_only=True)
class Custom(PointRecipe):
    """Pictures of given systems: jitter, flips and patches.

    Instance 0 of every class is its system as given, neither flipped nor stamped.

    Attributes:
        points: of each picture.
        jitter: every parameter is multiplied by a factor of its own, uniform in
            [1 - jitter, 1 + jitter]; ``jitter.scaled_parameters``.
        flips: mirror pictures left and right, and top and bottom, by chance.
        patch: every point stamps a pattern of 3 × 3 pixels, one for each picture.
        window: ``points``: fitted to the points of every picture; ``code``: ``CODE_WINDOW``, where
            the systems were brought from the windows of their codes, so that all keep the size
            and the place that they have there.
    """

    name: ClassVar[str] = "custom"
    points: Points = 100_000
    jitter: Share = 0.1
    flips: bool = True
    patch: bool = False
    window: Window = "points"

    def find_systems(self, progress: Progress | None = None) -> SystemArrays:
        return self.systems  # they were given

    @property
    def channels(self) -> int:
        return 1

    def instance_parameters(self, index: int) -> dict[str, Any]:
        chosen = self.checked_indices([index])
        systems, flips, patterns = self._choices(chosen)
        return {
            **systems.described(0),
            "flip_horizontal": bool(flips[0] & 1),
            "flip_vertical": bool(flips[0] & 2),
            "patch": patch_rows(int(patterns[0])),
        }

    def _choices(
        self, indices: NDArray[np.int64]
    ) -> tuple[SystemArrays, NDArray[np.int64], NDArray[np.int64]]:
        """Return the systems, flips and patterns of some pictures."""
        n, maps = len(indices), self.systems.matrices.shape[1]
        u = uniforms(self.seed, _CHOICES, indices, 2 + ATTEMPTS * maps * 6)
        given = indices % self.instances == 0
        systems = self.systems.take(indices // self.instances)
        if self.jitter > 0:
            numbers = u[:, 2:].reshape(n, ATTEMPTS, maps, 6)
            changed = scaled_parameters(systems, numbers, self.jitter)
            systems = systems._replace(
                matrices=np.where(given[:, None, None, None], systems.matrices, changed.matrices),
                offsets=np.where(given[:, None, None], systems.offsets, changed.offsets),
                probabilities=np.where(
                    given[:, None], systems.probabilities, changed.probabilities
                ),
            )
        flips = np.where(given | (not self.flips), 0, whole(u[:, 0], 4))
        patterns = np.where(given | (not self.patch), DOT, 1 + whole(u[:, 1], PATTERNS))
        return systems, flips, patterns

    def _draw(self, indices: NDArray[np.int64]) -> NDArray[np.uint8]:
        systems, flips, patterns = self._choices(indices)
        viewport = CODE_WINDOW if self.window == "code" else None
        points = self._point_pictures(systems, indices, stretch=False, viewport=viewport)
        sources = np.arange(len(indices))
        return stamped(points, sources, patterns, flips, white=BRIGHT, threads=self.threads)


Codes = str | os.PathLike[str] | Sequence[IFS | IFSCode]


def read_codes(codes: Codes, classes: int | None = None, window: Window = "points") -> SystemArrays:
    """Return the systems of codes.

    Args:
        codes: systems or codes; or a file or folder, as of ``selfsame.codes.files.read_systems``.
        classes: how many, the first ones; None for all.
        window: ``points`` takes the systems as they are; ``code`` moves and scales every one by
            what brings the square around its code's window to ``CODE_WINDOW``.
    Raises:
        InputError: there are none, or fewer, or a system is not planar, or has no window; or as
            ``read_systems``.
        FormatError: as ``read_systems``.
    """
    checked("window", window, Window)
    if isinstance(codes, str | os.PathLike):
        found: Sequence[IFS | IFSCode] = read_systems(codes)
    elif isinstance(codes, Sequence) and len(codes):
        found = cast(Sequence[IFS | IFSCode], codes)
    else:
        came = "none" if codes is None or isinstance(codes, Sequence) else type(codes).__name__
        raise SettingError(
            "the data set custom is made of codes: give a file or a folder of them, "
            f"--codes PATH, or systems: got {came}"
        )
    for code in found:
        if not isinstance(code, IFS | IFSCode):
            raise InputError(f"codes must be IFS or IFSCode: got {type(code).__name__}")
    if classes is not None:
        check_whole("classes", classes, 1, len(found))
    chosen = found[:classes]
    if window == "code":
        return stack_systems([_in_code_window(code) for code in chosen])
    return stack_systems([code if isinstance(code, IFS) else code.system for code in chosen])


def _in_code_window(code: IFS | IFSCode) -> IFS:
    """Return the planar system of a code in units of its window: ``s (f(x / s + c) - c)`` for f."""
    if not isinstance(code, IFSCode):
        raise SettingError(
            "window='code' takes codes with a window of their own: got a system without; pass "
            "IFSCode or .ssm files, or window='points'"
        )
    system, view = code.system, code.viewport
    if system.dimension != 2:
        raise SettingError(
            f"window='code' takes planar systems: got one of {system.dimension}-space"
        )
    scale = 2 / max(view.width, view.height)
    center = np.array([view.x_min + view.x_max, view.y_min + view.y_max]) / 2
    offsets = scale * (system.matrices @ center + system.offsets - center)
    return IFS(system.matrices, offsets, system.probabilities)
