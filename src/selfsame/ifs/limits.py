"""What a rendering may ask for, checked before anything is allocated."""

from typing import Annotated, Literal

from selfsame.checked import Range, checked
from selfsame.errors import SettingError
from selfsame.family import checked_code_size

MAX_PIXELS = 2**28
"""Most pixels of a picture: 16384 × 16384, a gigabyte as float32."""

MAX_BYTES = 2**32
"""Most bytes of one histogram or batch of pictures: 4 GiB."""

MAX_POINTS = 2**32 - 1
"""Most points of one rendering: a 32-bit count per cell cannot overflow, and a minute or more."""

Points = Annotated[int, Range(1, MAX_POINTS)]
Depth = Annotated[int, Range(0)]
Mode = Literal["auto", "binary", "grey", "log", "color", "flame", "patch"]
Supersample = Annotated[int, Range(1, 8)]


def check_size(size: tuple[int, int]) -> tuple[int, int]:
    """Return ``(width, height)`` as ints.

    Raises:
        InputError: a side is not an integer of 1..65535, or there are too many pixels.
    """
    width, height = checked_code_size(size)
    if width * height > MAX_PIXELS:
        raise SettingError(
            f"a picture has at most {MAX_PIXELS} pixels: got {width}x{height} = {width * height}"
        )
    return width, height


def check_points(points: int) -> int:
    """Return ``points``; raise ``InputError`` unless it is an integer of 1..``MAX_POINTS``."""
    number: int = checked("points", points, Points)
    return number


def check_cells(cells: int, bytes_each: int, what: str) -> None:
    """Raise ``InputError`` if an array of ``cells`` would take more than ``MAX_BYTES``."""
    if cells * bytes_each > MAX_BYTES:
        raise SettingError(
            f"{what} would take {cells * bytes_each / 2**30:.1f} GiB, more than "
            f"{MAX_BYTES / 2**30:.0f}; ask for fewer or smaller pictures or less supersampling"
        )
