"""The pictures that codecs are given: photographs of a folder, cut for quick runs, tiled."""

import argparse
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from benchmarks.harness.types import Bytes
from selfsame.errors import InputError, MissingExtraError
from selfsame.io.pictures import SUFFIXES, read_picture, to_uint8

COLORS = ("grey", "color")

QUICK_SIDE = 144
"""Quick runs take this much from the middle of each picture."""

_DEFAULT_PICTURES = ("astronaut.png", "coffee.png")


class Photo(NamedTuple):
    """A picture to be coded: ``rgb`` (H, W, 3) bytes."""

    name: str
    rgb: Bytes

    def pixels(self, color: str) -> Bytes:
        """Return (H, W, 3) sRGB for ``color``, Pillow's luma (H, W) for ``grey``."""
        if color == "color":
            return self.rgb
        return np.asarray(Image.fromarray(self.rgb).convert("L"))


def add_picture_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that all benchmarks of the codec have."""
    parser.add_argument("--pictures", type=int, metavar="N", help="only the first N [default: all]")
    parser.add_argument(
        "--keep", type=Path, metavar="DIR", help="keep rows as they come, and reuse them"
    )


def load_photos(options: argparse.Namespace) -> list[Photo]:
    """Return the pictures of ``--data``, by name: a picture, a folder of them, or a folder with a
    subfolder ``kodak``; by default two that ship with scikit-image.

    Raises:
        InputError: no such path, or no picture there.
    """
    path: Path | None = options.data
    if path is None:
        paths = [_scikit_image_folder() / name for name in _DEFAULT_PICTURES]
    elif path.is_dir():
        folder = path / "kodak" if (path / "kodak").is_dir() else path
        paths = sorted(p for p in folder.iterdir() if p.suffix.lower() in SUFFIXES)
    else:
        paths = [path]
    if not paths:
        raise InputError(f"--data must name a picture or a folder of pictures: none in {path}")
    photos = []
    for file in paths[: options.pictures]:
        rgb = to_uint8(read_picture(file, "rgb"))
        photos.append(Photo(file.stem, middle_of(rgb) if options.quick else rgb))
    return photos


def _scikit_image_folder() -> Path:
    try:
        import skimage
    except ImportError as error:
        raise MissingExtraError(
            "without --data the pictures of scikit-image are used: pip install -c "
            "constraints.txt scikit-image, or"
            " give --data FOLDER"
        ) from error
    return Path(skimage.__file__).parent / "data"


def middle_of(rgb: Bytes) -> Bytes:
    """Return what a quick run takes of a picture."""
    height, width = rgb.shape[:2]
    top, left = max(0, height - QUICK_SIDE) // 2, max(0, width - QUICK_SIDE) // 2
    return np.ascontiguousarray(rgb[top : top + QUICK_SIDE, left : left + QUICK_SIDE])


def sides(megapixels: float) -> tuple[int, int]:
    """Return width and height, 3 to 2, of about so many million pixels, whole eights."""
    height = max(8, round(np.sqrt(megapixels * 1e6 / 1.5) / 8) * 8)
    return height * 3 // 2, height


def tiled(rgb: Bytes, width: int, height: int) -> Bytes:
    """Return a picture of another size: cut from the middle, or mirrored at its borders."""
    for axis, side in ((0, height), (1, width)):
        have = rgb.shape[axis]
        if side <= have:
            begin = (have - side) // 2
            rgb = np.take(rgb, range(begin, begin + side), axis)
        else:
            pad = [(0, 0)] * rgb.ndim
            pad[axis] = (0, side - have)
            rgb = np.pad(rgb, pad, mode="symmetric")
    return np.ascontiguousarray(rgb)
