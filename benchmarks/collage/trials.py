"""The collage codec on the pictures of a benchmark: options, pictures, rows of one picture.

Rows are those of ``codec/rates.py``: real bytes of a file, quality of the picture decoded from it.
"""

import argparse
import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks import harness
from benchmarks.codec import peers
from benchmarks.codec.ours import Coded, codec_version, through_codec
from benchmarks.codec.photos import Photo, add_picture_options, load_photos, middle_of
from benchmarks.codec.rows import judged, told
from benchmarks.coin import trials as coin
from benchmarks.harness.kept import Table, fingerprint
from benchmarks.harness.types import Bytes, Row
from selfsame.codes import store
from selfsame.collage.codec.decode import decode, encode_picture
from selfsame.collage.network.model import CollageModel
from selfsame.errors import InputError
from selfsame.io.pictures import read_picture, to_uint8

OURS = "selfsame collage"
REFINED = f"{OURS} refined"
BLOCKS = "selfsame hybrid"
"""Our block codec, called as in ``codec/rates.py``."""

PEERS = ("JPEG", "JPEG 2000", "WebP")

STEPS = tuple(range(212, 0, -12))
"""Step indices, by rising rate; 16 halve the quantiser steps."""

BLOCK_QUALITIES = (2, 6, 12, 20, 30, 42, 55, 70, 85, 95)
BELOW = 0.9
"""Refining begins at the last step with at most so many times the lowest rate of interest."""

SOURCES = ("collage/**/*.py", "codes/*.py", "coding/*.py", "io/color.py")


@dataclass(frozen=True)
class Codec:
    """A trained model in use.

    Attributes:
        version: a fingerprint of the model and the sources, for kept rows.
    """

    model: CollageModel
    version: str

    @classmethod
    def load(cls, name_or_path: str | Path) -> "Codec":
        """Return the codec of a shipped model or one in a folder; as ``from_pretrained``."""
        found = CollageModel.from_pretrained(name_or_path)
        digest = hashlib.sha256(fingerprint(SOURCES).encode())
        for name, part in found.state_dict().items():
            digest.update(name.encode() + part.numpy().tobytes())
        return cls(found, digest.hexdigest()[:12])

    def through(
        self,
        pixels: Bytes,
        step: int,
        refine: int = 0,
        *,
        seed: int = 0,
        threads: int | None = None,
    ) -> Coded:
        """Return a picture coded at a step, with so many steps of refinement, and decoded again."""
        begin = time.perf_counter()
        code = encode_picture(
            pixels, model=self.model, step=step, refine=refine, seed=seed, threads=threads
        )
        data = store.pack(code)
        middle = time.perf_counter()
        picture = to_uint8(decode(store.unpack(data), threads=threads))
        end = time.perf_counter()
        return Coded(code, data, picture, (middle - begin) * 1000, (end - middle) * 1000)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that all parts have; those of COIN too."""
    add_picture_options(parser)
    coin.add_options(parser)
    parser.add_argument("--model", default="photo", metavar="NAME|FOLDER", help="for photographs")
    parser.add_argument(
        "--aerial", type=Path, metavar="PICTURE", help="also code this one [default: photos only]"
    )
    parser.add_argument(
        "--region",
        type=parsed_region,
        default=(0.0, 0.0, 1.0, 1.0),
        metavar="X0,Y0,X1,Y1",
        help="the part of --aerial that was not trained on, in fractions [default: all of it]",
    )
    parser.add_argument("--aerial-model", default="aerial", metavar="NAME|FOLDER")
    parser.add_argument(
        "--refine", type=int, default=0, metavar="N", help="also refine each code in N steps"
    )
    parser.add_argument("--rates", type=float, nargs="+", metavar="BPP", help="of the tables")


def parsed_region(text: str) -> tuple[float, float, float, float]:
    """Return the corners of a region in fractions of width and height.

    Raises:
        argparse.ArgumentTypeError: not four rising fractions.
    """
    try:
        x0, y0, x1, y1 = (float(part) for part in text.split(","))
        valid = 0 <= x0 < x1 <= 1 and 0 <= y0 < y1 <= 1
    except ValueError:
        valid = False
    if not valid:
        raise argparse.ArgumentTypeError(
            f"must be X0,Y0,X1,Y1 with 0 <= X0 < X1 <= 1, Y alike: got {text!r}"
        )
    return x0, y0, x1, y1


def picture_sets(options: argparse.Namespace) -> dict[str, tuple[str, list[Photo]]]:
    """Return the name of the model and the pictures of each set, ``photos`` and ``aerial``."""
    sets = {"photos": (options.model, load_photos(options))}
    if options.aerial is not None:
        rgb = cut(to_uint8(read_picture(options.aerial, "rgb")), options.region)
        photo = Photo(options.aerial.stem, middle_of(rgb) if options.quick else rgb)
        sets["aerial"] = options.aerial_model, [photo]
    return {
        name: (model, [coin.reduced(photo, options.reduce) for photo in photos])
        for name, (model, photos) in sets.items()
    }


def cut(rgb: Bytes, region: tuple[float, float, float, float]) -> Bytes:
    """Return the part of a picture within fractions of its sides."""
    height, width = rgb.shape[:2]
    left, right = (round(region[i] * width) for i in (0, 2))
    top, bottom = (round(region[i] * height) for i in (1, 3))
    if left == right or top == bottom:
        raise InputError(f"--region {region} of {width}x{height} pixels is empty")
    return np.ascontiguousarray(rgb[top:bottom, left:right])


def collage_rows(
    photo: Photo, used: Codec, rates: Sequence[float], table: Table, options: argparse.Namespace
) -> list[Row]:
    """Return the rows of a picture up the ladder of steps, and refined ones if asked for."""
    rows: list[Row] = []
    for step in STEPS:
        rows.append(_collage_row(photo, used, step, 0, table, options))
        if rows[-1]["bpp"] > max(rates) * peers.MARGIN:
            break
    harness.say(told(rows[-1], "color"))
    if options.refine:
        below = [i for i, row in enumerate(rows) if row["bpp"] <= BELOW * min(rates)]
        for step in STEPS[max(below, default=0) : len(rows)]:
            rows.append(_collage_row(photo, used, step, options.refine, table, options))
        harness.say(told(rows[-1], "color"))
    return rows


def _collage_row(
    photo: Photo, used: Codec, step: int, refine: int, table: Table, options: argparse.Namespace
) -> Row:
    key = {
        "picture": photo.name,
        "codec": REFINED if refine else OURS,
        "setting": step,
        "version": f"{used.version}-{refine}",
    }
    row = table.find(**key)
    if row is not None:
        return row
    coded = used.through(photo.rgb, step, refine, seed=options.seed, threads=options.threads)
    return _added(table, key, photo.rgb, coded)


def block_rows(
    photo: Photo, rates: Sequence[float], table: Table, options: argparse.Namespace
) -> list[Row]:
    """Return the rows of a picture up the qualities of our block codec."""
    rows: list[Row] = []
    for quality in BLOCK_QUALITIES:
        key = {
            "picture": photo.name,
            "codec": BLOCKS,
            "setting": quality,
            "version": codec_version(),
        }
        row = table.find(**key)
        if row is None:
            coded = through_codec(photo.rgb, quality=quality, threads=options.threads)
            row = _added(table, key, photo.rgb, coded)
        rows.append(row)
        if row["bpp"] > max(rates) * peers.MARGIN:
            break
    harness.say(told(rows[-1], "color"))
    return rows


def _added(table: Table, key: Row, pixels: Bytes, coded: Coded) -> Row:
    times = {"encode_ms": coded.encode_ms, "decode_ms": coded.decode_ms}
    return table.add(key | judged(pixels, coded.data, coded.picture) | times)
