"""Our picture codec as the benchmarks run it: from pixels to the bytes of a file and back."""

import time
from typing import Any, NamedTuple

import selfsame
from benchmarks.harness.kept import fingerprint
from benchmarks.harness.types import Bytes
from selfsame.codes import store
from selfsame.collage.code import CollageCode
from selfsame.io.pictures import to_uint8
from selfsame.pifs.code import PifsCode

MODES = ("hybrid", "pure")
OURS = tuple(f"selfsame {mode}" for mode in MODES)
"""What tables call them."""

SOURCES = (
    *("pifs/**/*.py", "pifs/*.npz", "codes/*.py", "coding/*.py", "io/color.py"),
    *("native/core/*", "native/coding/*", "native/pifs/*"),
)
"""Kept rows of ours count only while these files of the package are the same."""


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


def codec_version() -> str:
    """Return a fingerprint of the codec's sources, so that kept rows of others are not mixed in."""
    return fingerprint(SOURCES)
