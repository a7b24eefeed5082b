"""Renderings and zooms of mosaics as files."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np

from selfsame.errors import SettingError
from selfsame.io.files import check_writable
from selfsame.io.pictures import (
    check_animation_suffix,
    check_picture_suffix,
    write_animation,
    write_picture,
)
from selfsame.io.png import write_png
from selfsame.mosaic.code import MosaicCode
from selfsame.mosaic.drawing.rendering import Bytes, check_size, render_bands
from selfsame.mosaic.drawing.zoom import zoom_frames

MAX_WHOLE_PIXELS = 1 << 26
"""Of formats that Pillow writes, from a picture that lies in memory as a whole."""

SIDE_LIMITS = {".webp": 16_383, ".jpg": 65_535, ".jpeg": 65_535, ".gif": 65_535}
"""Of the file formats themselves."""

MAX_ANIMATED_PIXELS = 1 << 28
"""Of all frames together, which lie in memory: 800 MB."""

Progress = Callable[[float], object]


def check_rendering(path: str | os.PathLike[str], size: tuple[int, int]) -> None:
    """Raise ``InputError`` unless ``write_rendering`` writes such a size to such a file name."""
    check_picture_suffix(path)
    width, height = check_size(size)
    suffix = Path(path).suffix.lower()
    if suffix == ".png":
        return
    side = SIDE_LIMITS.get(suffix, max(size))
    if width * height > MAX_WHOLE_PIXELS or max(size) > side:
        raise SettingError(
            f"{suffix} takes at most {MAX_WHOLE_PIXELS >> 20} megapixels and sides up to {side}: "
            f"got {width}x{height}; write a .png, which has room for four gigapixels"
        )


def write_rendering(
    path: str | os.PathLike[str],
    code: MosaicCode,
    size: tuple[int, int] | None = None,
    *,
    threads: int | None = None,
    overwrite: bool = True,
    progress: Progress = lambda fraction: None,
) -> None:
    """Write a code's picture; a PNG is streamed band by band, whatever its size.

    Args:
        size: ``(width, height)``, or None for that of the original.
        progress: called with the fraction done.
    Raises:
        InputError: see ``render``, ``check_rendering`` and ``selfsame.io.files.atomic_file``.
    """
    width, height = code.size if size is None else size
    check_rendering(path, (width, height))
    check_writable(path, overwrite=overwrite)
    bands = render_bands(code, (width, height), threads=threads)
    if Path(path).suffix.lower() != ".png":
        picture = np.concatenate(list(bands))
        write_picture(path, _plain(picture), overwrite=overwrite)
        progress(1.0)
        return
    write_png(
        path,
        (width, height),
        code.channels,
        bands,
        threads=threads,
        overwrite=overwrite,
        progress=progress,
    )


def check_zoom(path: str | os.PathLike[str], frames: int, size: tuple[int, int]) -> None:
    """Raise ``InputError`` unless ``write_zoom`` writes such frames to such a file name."""
    check_animation_suffix(path)
    width, height = size
    if frames * width * height > MAX_ANIMATED_PIXELS:
        raise SettingError(
            f"an animation has at most {MAX_ANIMATED_PIXELS >> 20} megapixels in all its frames: "
            f"got {frames} of {width}x{height}; choose fewer or smaller ones"
        )


def write_zoom(
    path: str | os.PathLike[str],
    code: MosaicCode,
    frames: int,
    *,
    zoom: float | None = None,
    size: tuple[int, int] | None = None,
    at: tuple[float, float] | None = None,
    milliseconds: int = 40,
    threads: int | None = None,
    overwrite: bool = True,
    progress: Progress = lambda fraction: None,
) -> None:
    """Write a zoom into a picture made of itself, as .gif, .webp, .png or .apng.

    Args:
        zoom, size, at: see ``zoom_frames``; without ``zoom`` the loop is endless.
        milliseconds: of a frame.
        progress: called with the fraction done.
    Raises:
        InputError: see ``zoom_frames``, ``check_zoom`` and ``selfsame.io.files.atomic_file``.
    """
    check_zoom(path, frames, code.size if size is None else size)
    check_writable(path, overwrite=overwrite)
    made = []
    for frame in zoom_frames(code, frames, zoom=zoom, size=size, at=at, threads=threads):
        made.append(_plain(frame))
        progress(len(made) / frames)
    write_animation(
        path,
        made,
        milliseconds=milliseconds,
        hold_last=milliseconds if zoom is None else 1500,
        overwrite=overwrite,
    )


def _plain(picture: Bytes) -> Bytes:
    return picture[..., 0] if picture.shape[2] == 1 else picture
