"""What a family of codes is, and what every part of the package may ask of one.

A family is a folder with its code, its chunks and a module ``family`` whose ``FAMILY`` is a
``Family``; one line of ``selfsame.codes.registry`` names it. What a family can do beyond the four
verbs below it says by having the methods of a capability (``Encodes``, ``Iterates``, ``Plots``),
asked for by ``isinstance``.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Protocol, TypeVar, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from selfsame.checked import Range, checked
from selfsame.coding.container import Chunk, Container
from selfsame.errors import InputError, SettingError
from selfsame.io.pictures import Bytes, SourcePicture
from selfsame.limits import MAX_PIXELS, MAX_SIDE
from selfsame.values import Value

Picture = NDArray[np.float32]
"""(H, W) grey or (H, W, 3) sRGB, with alpha (H, W, 2) or (H, W, 4); float32 in [0, 1]."""


Iterations = Annotated[int, Range(0, 64)]
"""Applications of the map of a code."""

Scale = Annotated[float, Range(0, open_low=True)]


class Code(Value):
    """A picture as the parameters of a contractive map.

    Codes are frozen dataclasses (``eq=False``): checked when made, immutable, equal by value.

    Attributes:
        family: name of the family in ``selfsame.codes.registry``.
        size: width and height of the picture, in pixels.
        channels: colour channels of the picture without its alpha, 1 (grey) or 3 (sRGB).
        alpha: (height, width) bytes, or None.
    """

    family: ClassVar[str]
    alpha: NDArray[np.uint8] | None = None

    if TYPE_CHECKING:  # a class has either fields or properties of these names

        @property
        def size(self) -> tuple[int, int]: ...

        @property
        def channels(self) -> int: ...


@dataclass(frozen=True)
class View:
    """What is to be seen of a code; each family honours some of it (``Family.views``).

    Attributes:
        size: width and height of the result, in pixels.
        scale: in its stead, output pixels per pixel of the original (or of ``region``).
        region: x0, y0, x1, y1 in pixels of the original, y down, the last two exclusive.
        viewport: x_min, y_min, x_max, y_max, a window of the plane, y up.
        zoom: magnification about ``center``; 1 shows everything.
        center: (x, y) in the plane, or in pixels of the original, as the family's pictures have.
    Raises:
        InputError: a value out of its range, or both size and scale.
    """

    size: tuple[int, int] | None = None
    scale: Scale | None = None
    region: tuple[int, int, int, int] | None = None
    viewport: tuple[float, float, float, float] | None = None
    zoom: float = 1.0
    center: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        if self.size is not None:
            if self.scale is not None:
                raise SettingError("give only one of size and scale")
            object.__setattr__(self, "size", checked_size(self.size))
        if self.scale is not None:
            object.__setattr__(self, "scale", checked("scale", self.scale, Scale))
        if self.region is not None:
            values = self.region.tolist() if isinstance(self.region, np.ndarray) else self.region
            region = checked("region", values, tuple[int, int, int, int])
            object.__setattr__(self, "region", region)

    def asked(self) -> tuple[str, ...]:
        """Return the names of what differs from the whole picture at its own size."""
        plain = View()
        return tuple(
            f.name for f in fields(self) if getattr(self, f.name) != getattr(plain, f.name)
        )

    def size_of(self, code: Code) -> tuple[int, int]:
        """Return width and height of the result, ``region`` left aside."""
        if self.size is not None:
            return self.size
        scale = 1.0 if self.scale is None else self.scale
        width, height = (max(1, round(side * scale)) for side in code.size)
        return width, height


@dataclass(frozen=True)
class Run:
    """How work is carried out; nothing of it but the seed changes the result.

    Attributes:
        threads: of the processor; None for all cores.
        device: ``cpu``, ``cuda`` or ``auto``.
        seed: of everything random.
        progress: called with the fraction done; a ``selfsame.run.progress.Progress`` will do.
    """

    threads: int | None = None
    device: str = "cpu"
    seed: int = 0
    progress: Callable[[float], object] | None = None

    def asked(self) -> tuple[str, ...]:
        """Return which of seed and device were chosen; the others are wishes that do no harm where
        they cannot be granted."""
        names = {"seed": self.seed != 0, "device": self.device not in ("cpu", "auto")}
        return tuple(name for name, asked in names.items() if asked)


@dataclass(frozen=True)
class Description:
    """What ``selfsame info`` says of a code.

    Attributes:
        values: everything, ready for JSON.
        rows: a name and a value each, for people.
        tables: rows of cells each, the first of them the names of the columns.
    """

    values: dict[str, Any]
    rows: list[tuple[str, str]]
    tables: list[list[list[str]]] = field(default_factory=list)


PLANE_NAMES = {1: ("grey",), 3: ("Y", "Cb", "Cr")}
"""What descriptions call the planes of a picture, by their number."""


def bit_rows(bits: Mapping[str, float]) -> list[tuple[str, str]]:
    """Return rows of a description: the bits of each syntax element, and their share."""
    total = sum(bits.values()) or 1
    return [
        (f"{name} bits", f"{count:.0f}, {100 * count / total:.1f} %")
        for name, count in bits.items()
    ]


C = TypeVar("C", bound=Code)


class Family(Protocol[C]):
    """One kind of code.

    Attributes:
        name: as ``selfsame info`` prints it, and as the registry calls it.
        code_type: the class of its codes.
        views: names of the attributes of ``View`` that ``render`` honours.
        runs: names of the attributes of ``Run`` that ``render`` uses.
        options: names of further keywords of ``render``.
    """

    name: str
    code_type: type[C]
    views: frozenset[str]
    runs: frozenset[str]
    options: frozenset[str]

    def pack(self, code: C) -> list[Chunk]:
        """Return the chunks of a code; the header, which the store writes, holds its size, channels
        and alpha. Raises InputError if a file cannot hold it."""

    def unpack(self, container: Container) -> C:
        """Return an equal code from its chunks. Raises FormatError and nothing else."""

    def render(self, code: C, view: View, run: Run, **options: Any) -> Picture:
        """Return the picture of a code; callers have checked ``views``, ``runs``
        and ``options``.

        Raises:
            InputError: a value that the code cannot be drawn with.
        """

    def describe(self, code: C) -> Description:
        """Return what people and programs want to know of a code."""


@runtime_checkable
class Encodes(Protocol):
    """A family that codes any picture; the settings are its own."""

    def prepare(self, **settings: Any) -> None:
        """Load what encoding needs, modules and models, so that it can be timed."""

    def encode(self, source: SourcePicture, run: Run, **settings: Any) -> Any:
        """Return the code of a picture; callers have checked the settings one by one.

        Raises:
            InputError: more is asked for than a file can do.
        """

    def choices(self, code: Any) -> dict[str, Any]:
        """Return what was chosen for a code, ready for JSON, for a row of a report."""


@runtime_checkable
class Iterates(Protocol):
    """A family whose ``render`` applies the map step by step: it takes the options ``iterations``
    and ``start``, a picture."""

    def iterations(self, code: Any) -> int:
        """Return how often the map of a code is applied."""


@runtime_checkable
class ReadsParts(Protocol):
    """A family whose files need not be read whole for a part of the picture."""

    def unpack_part(self, container: Container, view: View, **options: Any) -> Any:
        """Return a code that ``render`` draws in this view, with these options, as it does the
        whole one; the rest of it may be missing. Raises as ``unpack`` and ``render``."""


@runtime_checkable
class DrawsBytes(Protocol):
    """A family that renders to bytes for less than to floats."""

    def render_bytes(self, code: Any, view: View, run: Run, **options: Any) -> Bytes:
        """Return what ``render`` does, times 255, rounded."""


@runtime_checkable
class Plots(Protocol):
    """A family that draws how its codes are made."""

    def plot(self, code: Any) -> NDArray[np.uint8]:
        """Return a picture, (H, W, 3) bytes, of the parts of a code."""


def checked_size(size: tuple[int, int]) -> tuple[int, int]:
    """Return ``(width, height)`` as plain whole numbers.

    Raises:
        InputError: not two whole numbers from 1 on.
    """
    try:
        width, height = size
        whole = int(width), int(height)
        is_whole = whole == (width, height) and not any(isinstance(s, bool) for s in size)
    except (TypeError, ValueError):
        is_whole = False
    if not is_whole or min(whole) < 1:
        raise SettingError(f"size is (width, height), two whole numbers from 1 on: got {size!r}")
    return whole


def checked_code_size(size: tuple[int, int]) -> tuple[int, int]:
    """Return ``(width, height)`` of a code as plain whole numbers.

    Raises:
        InputError: not two whole numbers within 1..``MAX_SIDE``.
    """
    width, height = checked_size(size)
    if max(width, height) > MAX_SIDE:
        raise InputError(f"size is (width, height) within 1..{MAX_SIDE}: got {size}")
    return width, height


def checked_drawn_size(size: tuple[int, int]) -> tuple[int, int]:
    """Return ``(width, height)`` of a picture to be drawn from a code.

    Raises:
        InputError: no pixel, or more than ``MAX_PIXELS``.
    """
    width, height = size
    if min(height, width) < 1 or height * width > MAX_PIXELS:
        raise SettingError(
            f"a decoded picture has 1 to {MAX_PIXELS} pixels: got {width}x{height}; "
            "choose another scale or size"
        )
    return width, height
