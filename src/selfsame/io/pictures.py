"""Pictures at the edges: Pillow in and out, resizing."""

import io
import os
import warnings
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image, ImageOps

from selfsame.errors import InputError, SettingError
from selfsame.io.files import write_bytes
from selfsame.limits import MAX_PIXELS, MAX_SIDE
from selfsame.picture_arrays import check_range, picture_array

if TYPE_CHECKING:
    from torch import Tensor

Bytes = NDArray[np.uint8]
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

    pixels: Bytes
    alpha: Bytes | None = None
    notes: tuple[str, ...] = ()

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, in pixels."""
        return self.pixels.shape[1], self.pixels.shape[0]


def read_picture(
    path: str | os.PathLike[str],
    mode: Literal["grey", "rgb", "auto"] = "auto",
    contents: bytes | None = None,
) -> Picture:
    """Return the picture in a file: (H, W) or (H, W, 3), float32 in [0, 1].

    EXIF orientation is applied; transparency is laid over black. ``auto`` gives grey where
    the file is grey or its three channels are equal.

    Args:
        contents: the bytes of a picture that is no file of its own; ``path`` is what it is called.
    Raises:
        InputError: no such file, not a picture, cut short, or beyond the limits of
            ``selfsame.coding.container`` or Pillow, or floats out of range.
    """
    image = _read(path, contents)[0]
    with _named(path):
        return picture_from_pillow(image, mode)


def read_source(path: str | os.PathLike[str]) -> SourcePicture:
    """Return the picture in a file with its alpha channel, and notes of what could not be kept.

    EXIF orientation is applied; an animation gives its first frame.

    Raises:
        InputError: as ``read_picture``.
    """
    image, notes = _read(path)
    with _named(path):
        return source_from_pillow(image, notes)


@contextmanager
def _named(path: str | os.PathLike[str]) -> Iterator[None]:
    """Say which file it is that cannot be used."""
    try:
        yield
    except InputError as error:
        raise InputError(f"{os.fspath(path)}: {error}") from error


def _read(
    path: str | os.PathLike[str], contents: bytes | None = None
) -> tuple[Image.Image, tuple[str, ...]]:
    """Return the loaded picture upright, and notes of what is no longer to be seen in it."""
    notes = []
    with _opened(path, contents) as opened:
        _check_size(path, opened.size)
        frames = getattr(opened, "n_frames", 1)
        if frames > 1:
            notes.append(f"the first of {frames} frames")
        # Pillow is about to drop the lower half of 16-bit samples in colour.
        deep = any(";16" in str(tile[3]) for tile in getattr(opened, "tile", ()))
        if opened.mode in ("LA", "RGB", "RGBA") and deep:
            notes.append(NOTE_16_BITS)
        image = ImageOps.exif_transpose(opened)
        image.load()
    return image, tuple(notes)


def picture_size(path: str | os.PathLike[str], contents: bytes | None = None) -> tuple[int, int]:
    """Return width and height as of ``read_picture``, from the head of the file alone.

    Args:
        contents: as of ``read_picture``.

    Raises:
        InputError: it cannot be read as a picture.
    """
    with _opened(path, contents) as image:
        width, height = image.size
        # A PNG without EXIF so far would be decoded in search of it.
        known = image.format != "PNG" or "exif" in image.info
        turned = known and image.getexif().get(_ORIENTATION_TAG) in _TURNED
    return (height, width) if turned else (width, height)


@contextmanager
def _opened(path: str | os.PathLike[str], contents: bytes | None) -> Iterator[Image.Image]:
    """Yield a picture of which Pillow has read the head; whatever fails is an ``InputError``."""
    try:
        with warnings.catch_warnings():
            # Pillow warns from half its limit on; the limits here are lower than the whole.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(path if contents is None else io.BytesIO(contents)) as image:
                yield image
    except FileNotFoundError as error:
        raise InputError(f"no such file: {path}") from error
    except (InputError, MemoryError):
        raise
    except Exception as error:  # Pillow's plug-ins raise a wide assortment on damaged files
        raise InputError(f"{path} cannot be read as a picture: {error}") from error


def _check_size(path: str | os.PathLike[str], size: tuple[int, int]) -> None:
    width, height = size
    if max(size) > MAX_SIDE or width * height > MAX_PIXELS:
        raise InputError(
            f"{path} is too large: sides up to {MAX_SIDE} and at most {MAX_PIXELS} pixels are "
            f"allowed, it has {width}x{height}; scale it down or cut it"
        )


_ORIENTATION_TAG, _TURNED = 0x0112, (5, 6, 7, 8)
"""EXIF: where the orientation is, and which of its values exchange width and height."""

NOTE_16_BITS = "16 bits per channel reduced to 8"


def source_from_pillow(image: Image.Image, notes: tuple[str, ...] = ()) -> SourcePicture:
    """Return a Pillow image of any mode as bytes, alpha apart; ``notes`` come first in its own.

    An opaque alpha channel is dropped, and colour whose three channels are equal is grey.
    Samples of 16 bits and palettes become 8-bit channels, CMYK and other colour spaces sRGB by
    Pillow's formulas; each with a note. Floats are of 0 to 1.

    Raises:
        InputError: a mode that Pillow cannot convert, or floats out of range.
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
    """Return a Pillow image as float32 in [0, 1]; see ``read_picture`` for the modes.

    Raises:
        InputError: floats out of range.
    """
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
    whole = image.mode.startswith("I")
    grey: Picture = np.asarray(image, np.float32) / np.float32(65535 if whole else 1)
    name = f"a picture of mode {image.mode}{', over 65535,' * whole}"
    check_range(name, float(grey.min()), float(grey.max()))
    return np.clip(grey, 0, 1)


def _is_transparent(image: Image.Image) -> bool:
    return image.mode in ("LA", "PA", "RGBA", "RGBa") or "transparency" in image.info


def _grey_if_equal(rgb: Bytes) -> Bytes:
    """Return (H, W) if the pixels are grey or their three channels are equal, else (H, W, 3)."""
    if rgb.ndim == 3 and (rgb == rgb[..., :1]).all():
        rgb = rgb[..., 0]
    return np.ascontiguousarray(rgb)


def picture_bytes(
    picture: ArrayLike, name: str = "picture", channels: Collection[int] = (3,)
) -> Bytes:
    """Return a picture as rounded bytes; arguments and errors as of
    ``selfsame.picture_arrays.picture_array``."""
    return np.ascontiguousarray(to_uint8(picture_array(picture, name, channels)))


def to_uint8(picture: NDArray[np.floating] | Bytes) -> Bytes:
    """Return values of [0, 1] as rounded bytes 0..255; bytes pass unchanged. Of what the library
    made itself: what comes from a user goes through ``picture_bytes``."""
    if picture.dtype == np.uint8:
        return cast("Bytes", picture)
    return np.rint(np.clip(np.nan_to_num(picture), 0, 1) * 255).astype(np.uint8)


def write_picture(
    path: str | os.PathLike[str],
    picture: NDArray[np.floating] | Bytes,
    *,
    overwrite: bool = True,
) -> None:
    """Write (H, W) grey, (H, W, 3) sRGB, or 2 or 4 channels with alpha; the suffix chooses the
    format.

    Args:
        picture: bytes, or floats of 0 to 1.
    Raises:
        InputError: no such picture, the suffix is unknown or of a format without this kind or size
            of picture, or the file cannot be written (see ``files.atomic_file``).
        OSError: the disk is full, or the like.
    """
    check_picture_suffix(path)
    pixels = picture_bytes(picture, channels=(2, 3, 4))
    _write_encoded(path, Image.fromarray(pixels), overwrite=overwrite)


def _write_encoded(
    path: str | os.PathLike[str], image: Image.Image, *, overwrite: bool, **options: Any
) -> None:
    """Write an image as Pillow encodes it to memory: on a full disk some of its encoders take a
    file that was cut for a whole one, and others never end."""
    stream = io.BytesIO()
    stream.name = os.fspath(path)  # Pillow looks for the suffix here
    try:
        image.save(stream, **options)
    except MemoryError:
        raise
    except Exception as error:  # the plug-ins raise a wide assortment at what a format has not
        if "write mode" in str(error):
            kind = "alpha" if image.mode in ("LA", "RGBA") else image.mode
            problem = f"has no {kind}; use .png, .webp or .tif"
        else:
            size = f"{image.width}x{image.height}"
            problem = f"does not hold {size} pixels ({error}); use .png or .tif"
        raise InputError(f"{path}: its format {problem}") from error
    write_bytes(path, stream.getvalue(), overwrite=overwrite)


def check_picture_suffix(path: str | os.PathLike[str]) -> None:
    """Raise ``InputError`` unless Pillow writes pictures to such a file name."""
    Image.init()
    suffix = Path(path).suffix.lower()
    if suffix == ".ssm" or Image.registered_extensions().get(suffix) not in Image.SAVE:
        raise SettingError(f"{path}: unknown picture suffix; use .png, .jpg, .webp or .tif")


def write_animation(
    path: str | os.PathLike[str],
    frames: Iterable[NDArray[np.floating] | Bytes],
    *,
    milliseconds: int = 60,
    hold_last: int = 1500,
    overwrite: bool = True,
) -> None:
    """Write an endlessly looping ``.gif``, ``.webp``, ``.png`` or ``.apng`` (both APNG).

    Args:
        frames: at least one picture, all of one size, as of ``write_picture``.
        milliseconds: duration of each frame; the last one stays for ``hold_last``.
    Raises:
        InputError: no frames, another suffix, or as ``write_picture``.
    """
    check_animation_suffix(path)
    images = [
        Image.fromarray(picture_bytes(frame, f"frame {i}", (2, 3, 4)))
        for i, frame in enumerate(frames)
    ]
    if not images:
        raise InputError("an animation needs at least one frame")
    durations = [milliseconds] * (len(images) - 1) + [hold_last]
    _write_encoded(
        path,
        images[0],
        overwrite=overwrite,
        save_all=True,
        append_images=images[1:],
        duration=durations,
        loop=0,
    )


def check_animation_suffix(path: str | os.PathLike[str]) -> None:
    """Raise ``InputError`` unless ``write_animation`` writes to such a file name."""
    suffix = Path(path).suffix.lower()
    if suffix not in (".gif", ".webp", ".png", ".apng"):
        raise SettingError(f"an animation is written to .gif, .webp, .png or .apng: got {suffix!r}")


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


def with_alpha(picture: Picture, alpha: Bytes | None) -> Picture:
    """Return a picture with alpha, (h, w) bytes or None, resized to it, as a last channel."""
    if alpha is None:
        return picture
    height, width = picture.shape[:2]
    return np.dstack(
        [picture, resize_picture(alpha.astype(np.float32) / np.float32(255), (width, height))]
    )


def to_arrays(pictures: "Tensor") -> list[Bytes]:
    """Return pictures, (B, C, h, w) in [0, 1], as uint8 arrays: (h, w), or (h, w, 3) in colour."""
    planes = pictures.movedim(1, -1).cpu().numpy()
    return [to_uint8(picture[..., 0] if picture.shape[2] == 1 else picture) for picture in planes]
