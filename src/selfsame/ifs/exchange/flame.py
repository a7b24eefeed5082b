"""``.flame`` files, the XML format of fractal flame programs such as flam3 and Apophysis.

flames = read_flames("sheep.flame")            # one Flame each, its code in .code
write_flames("fern.flame", [flame_from_code(code)])

Only affine maps have a place in an IFS: what a file has beyond them is refused or, on request,
dropped with a warning. Files have y down; codes have y up; the two meet here and nowhere else.
"""

import os
import warnings
from collections.abc import Sequence
from typing import Literal

from selfsame.errors import FormatError, InputError
from selfsame.ifs.exchange.flame_model import Flame, flame_from_code
from selfsame.ifs.exchange.flame_read import MAX_FILE_BYTES, flames_from_xml
from selfsame.ifs.exchange.flame_write import flames_to_xml
from selfsame.io.files import open_input, read_rest, write_bytes

__all__ = ["Flame", "flame_from_code", "read_flames", "write_flames"]


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
    see ``flame_write.with_square_pixels``. The code's notes are kept, a leaf primitive is not.

    Raises:
        InputError: no flames, or the file cannot be written (see ``files.atomic_file``).
    """
    if not flames:
        raise InputError("a .flame file needs at least one flame")
    write_bytes(path, flames_to_xml(flames), overwrite=overwrite)
