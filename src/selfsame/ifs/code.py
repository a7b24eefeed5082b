"""The code of a picture in this family: a system, the window it lies in, and the picture's size."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal, NamedTuple

import numpy as np

from selfsame.errors import InputError
from selfsame.family import Code, checked_code_size
from selfsame.ifs.system import IFS
from selfsame.values import Notes

PrimitiveKind = Literal["disk", "rectangle", "segment"]

PRIMITIVE_PARAMETERS: dict[PrimitiveKind, int] = {"disk": 3, "rectangle": 5, "segment": 5}
"""How many parameters each primitive takes; ``Primitive`` explains them."""


class Viewport(NamedTuple):
    """The window of the plane that a picture shows, y up; row 0 of the picture is at ``y_max``."""

    x_min: float
    y_min: float
    x_max: float
    y_max: float

    @property
    def width(self) -> float:
        return self.x_max - self.x_min

    @property
    def height(self) -> float:
        return self.y_max - self.y_min


@dataclass(frozen=True)
class Primitive:
    """The shape that a depth-limited rendering puts at every leaf of the recursion.

    Attributes:
        kind: ``disk`` (parameters centre x, y, radius), ``rectangle`` (centre x, y,
            half-width, half-height, angle in radians) or ``segment`` (x0, y0, x1, y1,
            half-thickness).
        parameters: plane units, y up, finite.
    """

    kind: PrimitiveKind
    parameters: tuple[float, ...]

    def __post_init__(self) -> None:
        if self.kind not in PRIMITIVE_PARAMETERS:
            known = sorted(PRIMITIVE_PARAMETERS)
            raise InputError(f"primitive must be one of {known}: got {self.kind!r}")
        expected = PRIMITIVE_PARAMETERS[self.kind]
        if len(self.parameters) != expected or not np.isfinite(self.parameters).all():
            raise InputError(
                f"a {self.kind} takes {expected} finite numbers: got {self.parameters}"
            )


@dataclass(frozen=True, eq=False)
class IFSCode(Code):
    """A picture as an IFS.

    Attributes:
        system: the maps.
        viewport: the window in which the target lay.
        size: (width, height) in pixels of the picture that was fitted; the default size
            of a rendering.
        primitive: leaf shape for renderings of limited depth, or None.
        notes: free text by key (method, seed, loss ...), at most a few kilobytes.
    Raises:
        InputError: an empty or infinite window, or a size out of its range.
    """

    family: ClassVar[str] = "ifs"

    system: IFS
    viewport: Viewport
    size: tuple[int, int]
    primitive: Primitive | None = None
    notes: Mapping[str, str] = field(default_factory=Notes)

    def __post_init__(self) -> None:
        view = Viewport(*(float(v) for v in self.viewport))
        if not np.isfinite(view).all() or view.width <= 0 or view.height <= 0:
            raise InputError(f"viewport needs x_min < x_max and y_min < y_max: got {tuple(view)}")
        object.__setattr__(self, "viewport", view)
        object.__setattr__(self, "size", checked_code_size(self.size))
        object.__setattr__(self, "notes", Notes(self.notes))

    @property
    def channels(self) -> int:
        """1 for grey, 3 if the maps have colours."""
        return 1 if self.system.colors is None else 3
