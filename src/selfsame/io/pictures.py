"""Pictures at the edges: Pillow in and out, resizing, whole sets of targets."""

import os
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from selfsame.errors import InputError
from selfsame.io.files import atomic_path
from selfsame.limits import MAX_PIXELS, MAX_SIDE

Picture = NDArray[np.float32]
"""(H, W) grey or (H, W, 3) sRGB, float32 in [0, 1], row 0 at the top."""

SUFFIXES = frozenset(
    {
        *(".png", ".jpg", ".jpeg", ".jp2", ".webp", ".avif", ".bmp", ".gif", ".tif", ".tiff"),
        *(".pgm", ".ppm", ".pnm"),
    }
)


@dataclass(frozen=True)
class SourcePicture:
    """A picture as a codec takes it.

    Attributes:
        pixels: (H, W) grey or (H, W, 3) sRGB bytes, row 0 at the top.
        alpha: (H, W) bytes, or None where every pixel is opaque.
        notes: what was lost on the way here (16 bits, CMYK, further frames), a sentence each.
    """

    pixels: NDArray[np.uint8]
    alpha: NDArray[np.uint8] | None = None
    notes: tuple[str, ...] = ()

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, in pixels."""
        return self.pixels.shape[1], self.pixels.shape[0]


def read_picture(
    path: str | os.PathLike[str], mode: Literal["grey", "rgb", "auto"] = "auto"
) -> Picture:
    """Return the picture in a file: (H, W) or (H, W, 3), float32 in [0, 1].

    EXIF orientation is applied; transparency is laid over black. ``auto`` gives grey where
    the file is grey or its three channels are equal.

    Raises:
        InputError: no such file, not a picture, cut short, or beyond the limits of
            ``selfsame.coding.container`` or Pillow.
    """
    return picture_from_pillow(_read(path)[0], mode)


def read_source(path: str | os.PathLike[str]) -> SourcePicture:
    """Return the picture in a file with its alpha channel, and notes of what could not be kept.

    EXIF orientation is applied; an animation gives its first frame.

    Raises:
        InputError: as ``read_picture``.
    """
    image, notes = _read(path)
    return source_from_pillow(image, notes)


def _read(path: str | os.PathLike[str]) -> tuple[Image.Image, tuple[str, ...]]:
    """Return the loaded picture upright, and notes of what is no longer to be seen in it."""
    notes = []
    try:
        with warnings.catch_warnings():
            # Pillow warns from half its limit on; the limits here are lower than the whole.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(path) as opened:
                _check_size(path, opened.size)
                frames = getattr(opened, "n_frames", 1)
                if frames > 1:
                    notes.append(f"the first of {frames} frames")
                if opened.mode in ("LA", "RGB", "RGBA") and _has_16_bits(opened):
                    notes.append(NOTE_16_BITS)
                image = ImageOps.exif_transpose(opened)
                image.load()
    except FileNotFoundError as error:
        raise InputError(f"no such file: {path}") from error
    except (InputError, MemoryError):
        raise
    except Exception as error:  # Pillow's plug-ins raise a wide assortment on damaged files
        raise InputError(f"{path} cannot be read as a picture: {error}") from error
    return image, tuple(notes)


def _check_size(path: str | os.PathLike[str], size: tuple[int, int]) -> None:
    width, height = size
    if max(size) > MAX_SIDE or width * height > MAX_PIXELS:
        raise InputError(
            f"{path} is too large: sides up to {MAX_SIDE} and at most {MAX_PIXELS} pixels are "
            f"allowed, it has {width}x{height}; scale it down or cut it"
        )


NOTE_16_BITS = "16 bits per channel reduced to 8"


def _has_16_bits(image: Image.Image) -> bool:
    """Return whether Pillow is about to drop the lower half of 16-bit samples in colour."""
    return any(";16" in str(tile[3]) for tile in getattr(image, "tile", ()))


def source_from_pillow(image: Image.Image, notes: tuple[str, ...] = ()) -> SourcePicture:
    """Return a Pillow image of any mode as bytes, alpha apart; ``notes`` come first in its own.

    An opaque alpha channel is dropped, and colour whose three channels are equal is grey.
    Samples of 16 bits and palettes become 8-bit channels, CMYK and other colour spaces sRGB by
    Pillow's formulas, floats are taken as 0 to 1; each with a note.

    Raises:
        InputError: a mode that Pillow cannot convert.
    """
    mode, alpha = image.mode, None
    if _is_deep(image):
        notes += ("floating point values reduced to 8 bits" if mode == "F" else NOTE_16_BITS,)
        return SourcePicture(to_uint8(_deep_grey(image)), None, notes)
    if mode in ("P", "PA"):
        notes += ("palette resolved into channels",)
    elif mode not in ("1", "L", "LA", "RGB", "RGBA", "RGBa", "RGBX"):
        notes += (f"{mode} converted to sRGB",)
    try:
        if _is_transparent(image):
            rgba = np.asarray(image.convert("RGBA"))
            if (rgba[..., 3] < 255).any():
                alpha = np.ascontiguousarray(rgba[..., 3])
            pixels = rgba[..., :3]
        else:
            pixels = np.asarray(image.convert("L" if mode in ("1", "L") else "RGB"))
    except ValueError as error:
        raise InputError(f"a picture of mode {mode} cannot be converted: {error}") from error
    return SourcePicture(_grey_if_equal(pixels), alpha, notes)


def picture_from_pillow(
    image: Image.Image, mode: Literal["grey", "rgb", "auto"] = "auto"
) -> Picture:
    """Return a Pillow image as float32 in [0, 1]; see ``read_picture`` for the modes."""
    if _is_deep(image):
        grey = _deep_grey(image)
        return np.repeat(grey[..., None], 3, axis=2) if mode == "rgb" else grey
    if _is_transparent(image):
        rgba = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", rgba.size, (0, 0, 0, 255)), rgba)
    if mode == "grey" or image.mode in ("L", "1"):
        grey = np.asarray(image.convert("L"), np.float32) / np.float32(255)
        return np.repeat(grey[..., None], 3, axis=2) if mode == "rgb" else grey
    rgb = np.asarray(image.convert("RGB"))
    return (_grey_if_equal(rgb) if mode == "auto" else rgb).astype(np.float32) / np.float32(255)


def _is_deep(image: Image.Image) -> bool:
    return image.mode.startswith("I") or image.mode == "F"


def _deep_grey(image: Image.Image) -> Picture:
    """Return 16-bit samples, or floats of 0 to 1, as (H, W) in [0, 1]."""
    scale = np.float32(65535 if image.mode.startswith("I") else 1)
    grey: Picture = np.clip(np.nan_to_num(np.asarray(image, np.float32)) / scale, 0, 1)
    return grey


def _is_transparent(image: Image.Image) -> bool:
    return image.mode in ("LA", "PA", "RGBA", "RGBa") or "transparency" in image.info


def _grey_if_equal(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return (H, W) if the pixels are grey or their three channels are equal, else (H, W, 3)."""
    if rgb.ndim == 3 and (rgb == rgb[..., :1]).all():
        rgb = rgb[..., 0]
    return np.ascontiguousarray(rgb)


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
    """Write (H, W) grey, (H, W, 3) sRGB, or 2 or 4 channels with alpha; the suffix chooses the
    format.

    Raises:
        InputError: the suffix is unknown or of a format without this kind of picture, or the file
            cannot be written (see ``atomic_path``).
    """
    check_picture_suffix(path)
    image = Image.fromarray(to_uint8(picture))
    with atomic_path(path, overwrite=overwrite) as temporary:
        try:
            image.save(temporary)
        except OSError as error:
            if "write mode" not in str(error):  # what Pillow's formats say of the pixels
                raise
            kind = "alpha" if image.mode in ("LA", "RGBA") else image.mode
            raise InputError(
                f"{path}: its format has no {kind}; use .png, .webp or .tif"
            ) from error


def check_picture_suffix(path: str | os.PathLike[str]) -> None:
    """Raise ``InputError`` unless Pillow writes pictures to such a file name."""
    Image.init()
    suffix = Path(path).suffix.lower()
    if suffix == ".ssm" or Image.registered_extensions().get(suffix) not in Image.SAVE:
        raise InputError(f"{path}: unknown picture suffix; use .png, .jpg, .webp or .tif")


def write_animation(
    path: str | os.PathLike[str],
    frames: Iterable[NDArray[np.floating] | NDArray[np.uint8]],
    *,
    milliseconds: int = 60,
    hold_last: int = 1500,
    overwrite: bool = True,
) -> None:
    """Write an endlessly looping ``.gif``, ``.webp``, ``.png`` or ``.apng`` (both APNG).

    Args:
        frames: at least one picture, all of one size.
        milliseconds: duration of each frame; the last one stays for ``hold_last``.
    Raises:
        InputError: no frames, or another suffix.
    """
    check_animation_suffix(path)
    images = [Image.fromarray(to_uint8(frame)) for frame in frames]
    if not images:
        raise InputError("an animation needs at least one frame")
    durations = [milliseconds] * (len(images) - 1) + [hold_last]
    with atomic_path(path, overwrite=overwrite) as temporary:
        images[0].save(
            temporary, save_all=True, append_images=images[1:], duration=durations, loop=0
        )


def check_animation_suffix(path: str | os.PathLike[str]) -> None:
    """Raise ``InputError`` unless ``write_animation`` writes to such a file name."""
    suffix = Path(path).suffix.lower()
    if suffix not in (".gif", ".webp", ".png", ".apng"):
        raise InputError(f"an animation is written to .gif, .webp, .png or .apng: got {suffix!r}")


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
