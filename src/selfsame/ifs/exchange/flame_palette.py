"""The three spellings of a palette in ``.flame`` files."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from selfsame.errors import CorruptedError
from selfsame.ifs.exchange.flame_model import PALETTE_SIZE
from selfsame.ifs.exchange.flame_text import read_integers, read_numbers

Array = NDArray[np.float64]

_BYTES_PER_COLOR = {"RGB": 3, "RGBA": 4}
_OLD_ATTRIBUTES = frozenset({"index0", "index1", "hue0", "hue1", "blend"})


def read_palette(flame: Any, drop: Callable[[str], None]) -> Array | None:
    """Return the palette (256, 3) in [0, 1] of a ``<flame>`` element, None if it has none.

    Later entries replace earlier ones; missing ones are interpolated around the circle.

    Args:
        drop: called with the name of a palette that only flam3's own library has.
    Raises:
        CorruptedError: colours that cannot be read.
    """
    known: dict[int, Array] = {}
    for element in flame:
        if element.tag == "color":
            known.update([_single_color(element)])
        elif element.tag == "colors":
            known.update(_hex_colors(element.get("data", ""), element.get("count"), 4, skip=1))
        elif element.tag == "palette":
            if _OLD_ATTRIBUTES & set(element.attrib):
                drop("palette: a blend of numbered palettes")
                continue
            size = _BYTES_PER_COLOR.get(element.get("format", "RGB"))
            if size is None:
                raise CorruptedError(f"palette: format must be one of {sorted(_BYTES_PER_COLOR)}")
            known.update(_hex_colors(element.text or "", element.get("count"), size))
    if not known:
        if "palette" in flame.attrib:
            drop(f"palette: number {flame.get('palette')[:20]}")
        return None
    places = sorted(known)
    colors = np.stack([known[place] for place in places], axis=-1)
    everywhere = np.arange(PALETTE_SIZE)
    channels = [np.interp(everywhere, places, c, period=PALETTE_SIZE) for c in colors]
    palette: Array = np.clip(np.stack(channels, axis=-1), 0, 1)
    return palette


def _single_color(element: Any) -> tuple[int, Array]:
    (index,) = read_integers(element.get("index", ""), 1, "color: index")
    if not 0 <= index < PALETTE_SIZE:
        raise CorruptedError(f"color: index must be within 0..255: got {index}")
    if "rgba" in element.attrib:  # stored unmultiplied, shown multiplied by alpha
        *rgb, alpha = read_numbers(element.get("rgba"), 4, "color: rgba") / 255
        return index, np.clip(np.array(rgb) * alpha, 0, 1)
    return index, np.clip(read_numbers(element.get("rgb", ""), 3, "color: rgb") / 255, 0, 1)


def _hex_colors(text: str, count: str | None, size: int, *, skip: int = 0) -> dict[int, Array]:
    """Return colours by index from hexadecimal text of ``size`` bytes each, RGB after ``skip``."""
    try:
        values = np.frombuffer(bytes.fromhex("".join(text.split())), np.uint8)
    except ValueError as error:
        raise CorruptedError(f"palette: not hexadecimal: {text.strip()[:40]!r}") from error
    number = len(values) // size
    if len(values) % size or not 1 <= number <= PALETTE_SIZE:
        raise CorruptedError(
            f"palette: needs 1 to {PALETTE_SIZE} colours of {size} bytes: got {len(values)} bytes"
        )
    if count is not None and read_integers(count, 1, "palette: count") != [number]:
        raise CorruptedError(f"palette: count says {count[:20]}, the text has {number} colours")
    rgb = values.reshape(number, size)[:, skip : skip + 3] / 255
    return dict(enumerate(rgb))
