"""Pictures at the edges: Pillow in and out, resizing, whole sets of targets."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Literal, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from selfsame.errors import InputError
from selfsame.files import atomic_path

Picture = NDArray[np.float32]
"""(H, W) grey or (H, W, 3) sRGB, float32 in [0, 1], row 0 at the top."""

SUFFIXES = frozenset(
    {".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".pgm", ".ppm"}
)


def read_picture(
    path: str | os.PathLike[str], mode: Literal["grey", "rgb", "auto"] = "auto"
) -> Picture:
    """Return the picture in a file: (H, W) or (H, W, 3), float32 in [0, 1].

    EXIF orientation is applied; transparency is laid over black. ``auto`` gives grey where
    the file is grey or its three channels are equal.

    Raises:
        InputError: no such file, not a picture, or too large for Pillow's safety limit.
    """
    try:
        with Image.open(path) as opened:
            image = ImageOps.exif_transpose(opened)
            image.load()
    except FileNotFoundError as error:
        raise InputError(f"no such file: {path}") from error
    except (
        UnidentifiedImageError,
        OSError,
        Image.DecompressionBombError,
        ValueError,
        SyntaxError,
    ) as error:
        raise InputError(f"{path} cannot be read as a picture: {error}") from error
    return picture_from_pillow(image, mode)


def picture_from_pillow(
    image: Image.Image, mode: Literal["grey", "rgb", "auto"] = "auto"
) -> Picture:
    """Return a Pillow image as float32 in [0, 1]; see ``read_picture`` for the modes."""
    if image.mode.startswith("I") or image.mode == "F":
        grey = np.asarray(image, np.float32)
        scale = 65535.0 if image.mode.startswith("I") else 1.0
        grey = np.clip(np.nan_to_num(grey) / np.float32(scale), 0, 1)
        return np.repeat(grey[..., None], 3, axis=2) if mode == "rgb" else grey
    if image.mode in ("LA", "PA", "RGBA") or "transparency" in image.info:
        rgba = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", rgba.size, (0, 0, 0, 255)), rgba)
    if mode == "grey" or image.mode in ("L", "1"):
        grey = np.asarray(image.convert("L"), np.float32) / np.float32(255)
        return np.repeat(grey[..., None], 3, axis=2) if mode == "rgb" else grey
    rgb = np.asarray(image.convert("RGB"), np.float32) / np.float32(255)
    if mode == "auto" and (rgb[..., 0] == rgb[..., 1]).all() and (rgb[..., 1] == rgb[..., 2]).all():
        return np.ascontiguousarray(rgb[..., 0])
    return rgb


def to_uint8(picture: NDArray[np.floating] | NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return values of [0, 1] as rounded bytes 0..255; bytes pass unchanged."""
    if picture.dtype == np.uint8:
        return cast("NDArray[np.uint8]", picture)
    return np.rint(np.clip(np.nan_to_num(picture), 0, 1) * 255).astype(np.uint8)


def write_picture(
    path: str | os.PathLike[str],
    picture: NDArray[np.floating] | NDArray[np.uint8],
    *,
    overwrite: bool = True,
) -> None:
    """Write (H, W) grey, (H, W, 3) sRGB or (H, W, 4) RGBA; the suffix chooses the format.

    Raises:
        InputError: unknown suffix, or the file cannot be written (see ``atomic_path``).
    """
    if Path(path).suffix.lower() not in Image.registered_extensions():
        raise InputError(f"{path}: unknown picture suffix; use .png, .jpg, .webp or .tif")
    with atomic_path(path, overwrite=overwrite) as temporary:
        Image.fromarray(to_uint8(picture)).save(temporary)


def write_animation(
    path: str | os.PathLike[str],
    frames: Iterable[NDArray[np.floating] | NDArray[np.uint8]],
    *,
    milliseconds: int = 60,
    hold_last: int = 1500,
    overwrite: bool = True,
) -> None:
    """Write an endlessly looping ``.gif``, ``.webp`` or ``.png`` (APNG).

    Args:
        frames: at least one picture, all of one size.
        milliseconds: duration of each frame; the last one stays for ``hold_last``.
    Raises:
        InputError: no frames, or another suffix.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in (".gif", ".webp", ".png"):
        raise InputError(f"an animation is written to .gif, .webp or .png: got {suffix!r}")
    images = [Image.fromarray(to_uint8(frame)) for frame in frames]
    if not images:
        raise InputError("an animation needs at least one frame")
    durations = [milliseconds] * (len(images) - 1) + [hold_last]
    with atomic_path(path, overwrite=overwrite) as temporary:
        images[0].save(
            temporary, save_all=True, append_images=images[1:], duration=durations, loop=0
        )


def resize_picture(picture: Picture, size: tuple[int, int]) -> Picture:
    """Return the picture resized to ``(width, height)`` with a bilinear filter.

    Pillow's filter widens when shrinking (area average) and interpolates when enlarging,
    the protocol of "Learning Fractals by Gradient Descent".
    """
    height, width = picture.shape[:2]
    if (width, height) == tuple(size):
        return picture
    channels = picture[..., None] if picture.ndim == 2 else picture
    resized = [
        np.asarray(
            Image.fromarray(np.ascontiguousarray(channels[..., c], np.float32)).resize(
                size, Image.Resampling.BILINEAR
            )
        )
        for c in range(channels.shape[2])
    ]
    stacked: Picture = np.clip(np.stack(resized, axis=-1), 0, 1).astype(np.float32)
    return np.ascontiguousarray(stacked[..., 0]) if picture.ndim == 2 else stacked


def read_targets(path: str | os.PathLike[str]) -> tuple[list[Picture], list[str]]:
    """Return every picture of a file, a folder or an ``.npz`` (array ``images``), with names.

    A folder's pictures come sorted by name. The array is (n, H, W) or (n, H, W, 3), bytes
    or floats in [0, 1].

    Raises:
        InputError: nothing there, no picture in it, or an array of another shape or range.
    """
    source = Path(path)
    if source.is_dir():
        files = sorted(p for p in source.iterdir() if p.suffix.lower() in SUFFIXES)
        if not files:
            raise InputError(f"folder {source} holds no picture ({', '.join(sorted(SUFFIXES))})")
        return [read_picture(p) for p in files], [p.name for p in files]
    if source.suffix.lower() != ".npz":
        return [read_picture(source)], [source.name]
    try:
        # A damaged archive would leave the file open if numpy were to open it.
        with source.open("rb") as stream, np.load(stream, allow_pickle=False) as archive:
            if "images" not in archive:
                raise InputError(f"{source} has no array 'images': found {sorted(archive.files)}")
            images = archive["images"]
    except FileNotFoundError as error:
        raise InputError(f"no such file: {source}") from error
    except InputError:
        raise
    except Exception as error:  # numpy and zipfile raise a wide assortment on damaged files
        raise InputError(f"{source} cannot be read as .npz: {error}") from error
    if (
        images.ndim not in (3, 4)
        or (images.ndim == 4 and images.shape[3] != 3)
        or 0 in images.shape
    ):
        raise InputError(f"'images' must be (n, H, W) or (n, H, W, 3): got {images.shape}")
    if images.dtype == np.uint8:
        pictures = images.astype(np.float32) / np.float32(255)
    elif images.dtype == np.bool_:
        pictures = images.astype(np.float32)
    elif np.issubdtype(images.dtype, np.floating):
        pictures = images.astype(np.float32)
        if not np.isfinite(pictures).all() or pictures.min() < 0 or pictures.max() > 1:
            raise InputError("'images' of floats must be finite and within [0, 1]")
    else:
        raise InputError(f"'images' must be uint8, bool or float: got {images.dtype}")
    return list(pictures), [f"{i:05d}" for i in range(len(pictures))]
