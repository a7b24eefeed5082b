"""What the benchmarks of the picture codec share: pictures, rows kept on disk, quality, our codec.

Every figure is of real bytes: the size is that of the file, the picture is decoded from the file.
"""

import argparse
import csv
import hashlib
import io
import time
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

import harness
import selfsame
from selfsame.codes import store
from selfsame.collage.code import CollageCode
from selfsame.errors import InputError, MissingExtraError
from selfsame.io.files import write_bytes
from selfsame.io.pictures import SUFFIXES, read_picture, to_uint8
from selfsame.metrics.pictures import psnr_db, ssim
from selfsame.pifs.code import PifsCode

Bytes = NDArray[np.uint8]

COLORS = ("grey", "color")
MODES = ("hybrid", "pure")

QUICK_SIDE = 144
"""Quick runs take this much from the middle of each picture."""

_DEFAULT_PICTURES = ("astronaut.png", "coffee.png")
_CODEC_SOURCES = ("pifs/*.py", "pifs/*.npz", "bitstream/*.py", "blocks.py", "color.py")


class Photo(NamedTuple):
    """A picture to be coded: ``rgb`` (H, W, 3) bytes."""

    name: str
    rgb: Bytes

    def pixels(self, color: str) -> Bytes:
        """Return (H, W, 3) sRGB for ``color``, Pillow's luma (H, W) for ``grey``."""
        if color == "color":
            return self.rgb
        return np.asarray(Image.fromarray(self.rgb).convert("L"))


class Quality(NamedTuple):
    """PSNR over all channels, and SSIM of the luma."""

    psnr_db: float
    ssim: float


def add_options(parser: argparse.ArgumentParser) -> None:
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
        photos.append(Photo(file.stem, middle(rgb) if options.quick else rgb))
    return photos


def _scikit_image_folder() -> Path:
    try:
        import skimage
    except ImportError as error:
        raise MissingExtraError(
            "without --data the pictures of scikit-image are used: pip install scikit-image, or"
            " give --data FOLDER"
        ) from error
    return Path(skimage.__file__).parent / "data"


def middle(rgb: Bytes) -> Bytes:
    """Return what a quick run takes of a picture."""
    height, width = rgb.shape[:2]
    top, left = max(0, height - QUICK_SIDE) // 2, max(0, width - QUICK_SIDE) // 2
    return np.ascontiguousarray(rgb[top : top + QUICK_SIDE, left : left + QUICK_SIDE])


def judge(original: Bytes, decoded: Bytes) -> Quality:
    """Return the quality of a decoded picture."""
    a, b = original / 255, decoded / 255
    return Quality(psnr_db(a, b), ssim(a, b))


class Coded(NamedTuple):
    """A picture through our codec; milliseconds of encoding to bytes and decoding from them."""

    code: PifsCode | CollageCode
    data: bytes
    picture: Bytes
    encode_ms: float
    decode_ms: float


def through_codec(pixels: Bytes, **settings: Any) -> Coded:
    """Return a picture encoded with ``settings`` of ``selfsame.encode`` and decoded again."""
    threads = settings.get("threads")
    begin = time.perf_counter()
    code = selfsame.encode(pixels, **settings)
    data = store.pack(code)
    middle = time.perf_counter()
    picture = to_uint8(selfsame.decode(store.unpack(data), threads=threads))
    end = time.perf_counter()
    return Coded(code, data, picture, (middle - begin) * 1000, (end - middle) * 1000)


def bpp_of(data: bytes, pixels: Bytes) -> float:
    """Return the bits per pixel of a file."""
    return len(data) * 8 / (pixels.shape[0] * pixels.shape[1])


def codec_version() -> str:
    """Return a fingerprint of the codec's sources, so that kept rows of others are not mixed in."""
    return fingerprint(_CODEC_SOURCES)


@cache
def fingerprint(patterns: Sequence[str]) -> str:
    """Return a short hash of the files of the package whose paths match."""
    root = Path(selfsame.__file__).parent
    digest = hashlib.sha256()
    for pattern in patterns:
        for path in sorted(root.glob(pattern)):
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


class Table:
    """Rows of a long run, one file that is rewritten after each, so that a killed run resumes.

    Args:
        path: a CSV file; None keeps the rows in memory only.
        keys: columns that name what was measured; a row is measured once.
        columns: all of them.
    """

    def __init__(self, path: Path | None, keys: Sequence[str], columns: Sequence[str]) -> None:
        self.path, self.keys, self.columns = path, tuple(keys), tuple(columns)
        self.rows: dict[tuple[str, ...], dict[str, Any]] = {}
        if path is not None and path.exists():
            with path.open(newline="", encoding="utf-8") as stream:
                reader = csv.DictReader(stream)
                if tuple(reader.fieldnames or ()) != self.columns:
                    raise InputError(f"{path} holds rows of another kind; remove it")
                for text in reader:
                    row = {c: text[c] if c in keys else _number(text[c]) for c in columns}
                    self.rows[self._key(row)] = row

    def _key(self, row: Mapping[str, Any]) -> tuple[str, ...]:
        return tuple(str(row[key]) for key in self.keys)

    def find(self, **key: Any) -> dict[str, Any] | None:
        """Return the row of a key, all of whose columns are given."""
        return self.rows.get(self._key(key))

    def add(self, row: dict[str, Any]) -> dict[str, Any]:
        """Keep a row, keys as text, and return it."""
        kept = {c: str(row[c]) if c in self.keys else row.get(c) for c in self.columns}
        self.rows[self._key(kept)] = kept
        if self.path is not None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            write_csv(self.path, list(self.rows.values()), self.columns)
        return kept


def _number(text: str) -> float | int | str | None:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            pass
    return text or None


def write_csv(path: Path, rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> None:
    """Write rows as CSV in one atomic step; floats to six significant digits, None as nothing."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        values = [row.get(column) for column in columns]
        writer.writerow([f"{v:.6g}" if isinstance(v, float) else v for v in values])
    write_bytes(path, stream.getvalue().encode())


def output_folder(options: argparse.Namespace) -> Path | None:
    """Return where tables and plots go, as ``harness.publish`` decides it for the JSON; made."""
    folder: Path | None = options.output or (None if options.quick else harness.RESULTS)
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
    return folder


def kept_path(options: argparse.Namespace, name: str) -> Path | None:
    """Return the file of ``--keep`` for a table, or None."""
    return options.keep / name if options.keep else None


def mean(values: Sequence[float]) -> float | None:
    """Return the mean, None of nothing."""
    return float(np.mean(values)) if len(values) else None
