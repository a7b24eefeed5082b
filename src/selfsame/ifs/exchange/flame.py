"""``.flame`` files, the XML format of fractal flame programs such as flam3 and Apophysis.

flames = read_flames("sheep.flame")            # one Flame each, its code in .code
write_flames("fern.flame", [flame_from_code(code)])

Only affine maps have a place in an IFS: what a file has beyond them is refused or, on request,
dropped with a warning. Files have y down; codes have y up; the two meet here and nowhere else.
"""

import os
import re
import warnings
from collections.abc import Sequence
from typing import Literal
from xml.etree import ElementTree

import numpy as np

from selfsame.errors import FormatError, InputError
from selfsame.ifs.code import IFSCode, Viewport
from selfsame.ifs.exchange.flame_model import (
    PALETTE_SIZE,
    Array,
    Flame,
    flame_from_code,
    flip_vertically,
)
from selfsame.ifs.exchange.flame_read import MAX_FILE_BYTES, flames_from_xml
from selfsame.ifs.system import IFS
from selfsame.io.files import open_input, read_rest, write_bytes
from selfsame.version import __version__

__all__ = ["Flame", "flame_from_code", "read_flames", "write_flames"]

SQUARE_PIXELS = 1e-9
"""A relative difference of the two pixel sides up to here is rounding."""

_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def read_flames(
    path: str | os.PathLike[str], *, on_unsupported: Literal["error", "warn"] = "error"
) -> list[Flame]:
    """Return every flame of a file, in order.

    A post transform is folded into its map; a final transform and the view's rotation move the
    whole picture, so all maps are conjugated with them; ``symmetry`` elements become maps.

    Args:
        on_unsupported: what to do with non-linear variations, chaos (xaos), motion, hidden maps
            (opacity) and palettes of flam3's own library: raise UnsupportedError, or drop them
            and issue one UserWarning per flame that names them; a flame without any affine map
            is then left out.
    Raises:
        InputError: no such file, or another value of ``on_unsupported``.
        FormatError: TruncatedError, CorruptedError, UnsupportedError or LimitError; the message
            begins with the path. Document types and entities are always refused.
    """
    if on_unsupported not in ("error", "warn"):
        raise InputError(f"on_unsupported must be 'error' or 'warn': got {on_unsupported!r}")
    with open_input(path) as stream:
        try:
            data = read_rest(stream, MAX_FILE_BYTES)
            read = flames_from_xml(data, strict=on_unsupported == "error")
        except FormatError as error:
            raise type(error)(f"{os.fspath(path)}: {error}") from error
    for line in read.dropped:
        warnings.warn(f"{os.fspath(path)}: {line}", stacklevel=2)
    return read.flames


def write_flames(
    path: str | os.PathLike[str], flames: Sequence[Flame], *, overwrite: bool = True
) -> None:
    """Write flames to one file in one atomic step; flam3 and Apophysis read it.

    Numbers keep all their bits, the viewport up to rounding. Pixels are square in this format:
    see ``with_square_pixels``. The code's notes are kept, a leaf primitive is not.

    Raises:
        InputError: no flames, or the file cannot be written (see ``files.atomic_file``).
    """
    if not flames:
        raise InputError("a .flame file needs at least one flame")
    write_bytes(path, flames_to_xml(flames), overwrite=overwrite)


def flames_to_xml(flames: Sequence[Flame]) -> bytes:
    """Return the bytes of a ``.flame`` file; characters that XML cannot hold are left out."""
    root = ElementTree.Element("flames", {"name": "selfsame"})
    root.extend(_flame_element(flame, time) for time, flame in enumerate(flames))
    ElementTree.indent(root)
    xml: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return xml + b"\n"


def with_square_pixels(code: IFSCode) -> IFSCode:
    """Return a code of the same picture whose pixels are square, as the format asks.

    Where the viewport's shape differs from the picture's, the plane is stretched vertically:
    every map is conjugated with ``(x, y) -> (x, k y)``.
    """
    (width, height), view = code.size, code.viewport
    k = (height / view.height) / (width / view.width)
    if abs(k - 1) <= SQUARE_PIXELS:
        return code
    stretch = np.array([1, k])
    system = code.system
    stretched = IFS(
        system.matrices * stretch[:, None] / stretch,
        system.offsets * stretch,
        system.probabilities,
        system.colors,
    )
    viewport = Viewport(view.x_min, k * view.y_min, view.x_max, k * view.y_max)
    return IFSCode(stretched, viewport, code.size, code.primitive, code.notes)


def _flame_element(flame: Flame, time: int) -> ElementTree.Element:
    code = with_square_pixels(flame.code)
    (width, height), view = code.size, code.viewport
    own = {
        "version": f"selfsame-{__version__}",
        "time": str(time),
        "size": f"{width} {height}",
        "center": _numbers((view.x_min + view.x_max) / 2, -(view.y_min + view.y_max) / 2 + 0.0),
        "scale": _numbers(width / view.width),
    }
    if flame.name:
        own["name"] = flame.name
    attributes = {**own, **{k: v for k, v in flame.attributes.items() if k not in own}}
    element = ElementTree.Element("flame", {k: _clean(v) for k, v in attributes.items()})
    matrices, offsets = flip_vertically(code.system.matrices, code.system.offsets)
    for A, b, p, color, speed in zip(
        matrices,
        offsets,
        code.system.probabilities,
        flame.color_coordinates,
        flame.color_speeds,
        strict=True,
    ):
        ElementTree.SubElement(
            element,
            "xform",
            {
                "weight": _numbers(p),
                "color": _numbers(color),
                "color_speed": _numbers(speed),
                "linear": "1",
                "coefs": _numbers(A[0, 0], A[1, 0], A[0, 1], A[1, 1], b[0], b[1]),
            },
        )
    element.extend(_palette_elements(flame.palette))
    for key, text in code.notes.items():
        if key != "name":
            ElementTree.SubElement(element, "note", {"key": _clean(key), "text": _clean(text)})
    return element


def _palette_elements(palette: Array) -> list[ElementTree.Element]:
    """Return one hexadecimal block, or one element per colour where bytes do not hold them."""
    scaled = palette * 255
    whole = np.rint(scaled)
    if np.abs(scaled - whole).max() > 1e-9:
        return [
            ElementTree.Element("color", {"index": str(i), "rgb": _numbers(*color)})
            for i, color in enumerate(scaled)
        ]
    block = ElementTree.Element("palette", {"count": str(PALETTE_SIZE), "format": "RGB"})
    digits = whole.astype(np.uint8).tobytes().hex().upper()
    block.text = "".join(f"\n      {digits[i : i + 48]}" for i in range(0, len(digits), 48)) + "\n"
    return [block]


def _numbers(*values: float) -> str:
    """Return numbers that read back bit for bit."""
    return " ".join(repr(float(v)) for v in values)


def _clean(text: str) -> str:
    return _NO_XML.sub("", text)
