"""Pictures to codes, in every spelling of a target.

What users, the command line, archives and the Pillow plug-in call; the work is done by the family
that the settings choose.
"""

import os
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from selfsame.codes.models import check_there
from selfsame.codes.registry import family_named, family_of
from selfsame.codes.render import draw_bytes
from selfsame.codes.settings import EncodeSettings
from selfsame.codes.store import pack, unpack
from selfsame.family import Code, Encodes, Run, View
from selfsame.io.pictures import SourcePicture, picture_bytes
from selfsame.pifs.code import Mode
from selfsame.run.threads import limited_threads


def encode(
    picture: NDArray[np.uint8] | NDArray[np.floating],
    *,
    quality: float | None = None,
    bpp: float | None = None,
    bytes: int | None = None,
    psnr: float | None = None,
    mode: Mode | None = None,
    effort: int | None = None,
    model: str | os.PathLike[str] | None = None,
    refine: int | None = None,
    seed: int | None = None,
    threads: int | None = None,
    device: str = "cpu",
    progress: Callable[[float], object] | None = None,
) -> Any:
    """Return the code of a picture, which ``selfsame.save`` writes to a file: a ``CollageCode``
    with ``model``, otherwise a ``PifsCode``.

    Args:
        picture: (H, W) grey or (H, W, 3) sRGB, or (H, W, 2) or (H, W, 4) with alpha last; bytes, or
            floats of 0 to 1, which are rounded to bytes.
        quality, bpp, bytes, psnr: see ``selfsame.codes.settings.EncodeSettings``; at most one of
            them; the middle two count the whole file; default a quality of 75.
        mode, effort, model, refine, seed: see there; the first two are of blocks, the last two of
            a model.
        threads: default all cores.
        device: ``cpu`` or ``cuda``, where domains are searched, or where a model computes.
        progress: called with the fraction done.
    Raises:
        InputError: no such picture, a setting is out of its range, or more is asked for than a
            file can do, such as fewer bytes than the smallest has.
    """
    path = None if model is None else os.fspath(model)
    settings = EncodeSettings(
        quality, bpp, bytes, psnr, mode, effort, model=path, refine=refine, seed=seed
    )
    run = Run(threads, device, progress=progress)
    return _code_of(_source_from_array(picture), settings, run)


def encode_bytes(source: SourcePicture, settings: EncodeSettings) -> bytes:
    """Return the bytes of the file of a picture; errors as in ``encode``."""
    return pack(_code_of(source, settings, Run()))


class Encoded(NamedTuple):
    """A code, its file's bytes, the colours that they decode to, (H, W) or (H, W, 3) bytes, and the
    seconds that encoding alone took."""

    code: Code
    data: bytes
    colors: NDArray[np.uint8]
    seconds: float


def encode_source(
    source: SourcePicture,
    settings: EncodeSettings,
    *,
    threads: int | None = None,
    device: str = "cpu",
    progress: Callable[[float], object] | None = None,
) -> Encoded:
    """Return the file of a picture, and the picture that it decodes to; else as ``encode``."""
    family = _family(settings)
    family.prepare(**settings.arguments(source.size))
    begin = time.perf_counter()
    code = _code_of(source, settings, Run(threads, device, progress=progress))
    data = pack(code)
    seconds = time.perf_counter() - begin
    opaque = replace(unpack(data), alpha=None)
    colors = draw_bytes(opaque, View(), Run(threads))
    return Encoded(code, data, colors, seconds)


def _code_of(source: SourcePicture, settings: EncodeSettings, run: Run) -> Code:
    if run.device != "cpu":
        from selfsame.run.device import resolve_device

        resolve_device(run.device)
    with limited_threads(run.threads):  # of what is not told how many
        code: Code = _family(settings).encode(source, run, **settings.arguments(source.size))
    return code


def _family(settings: EncodeSettings) -> Encodes:
    if settings.model is not None:
        check_there(settings.model)
    family = family_named(settings.family)
    assert isinstance(family, Encodes)
    return family


def _source_from_array(picture: NDArray[np.uint8] | NDArray[np.floating]) -> SourcePicture:
    pixels = picture_bytes(picture, channels=(2, 3, 4))
    if pixels.ndim == 2 or pixels.shape[2] == 3:
        return SourcePicture(pixels)
    colors = pixels[..., 0] if pixels.shape[2] == 2 else pixels[..., :3]
    return SourcePicture(np.ascontiguousarray(colors), np.ascontiguousarray(pixels[..., -1]))


def results(source: SourcePicture, encoded: Encoded) -> dict[str, Any]:
    """Return what became of a picture, ready for JSON; PSNR in dB over all colour channels, those
    of a grey code or of a grey picture being alike.

    ``mode`` is that of a block code; a collage has ``model`` and ``step`` instead.
    """
    from selfsame.metrics.pictures import psnr_db

    width, height = source.size
    code = encoded.code
    family = family_of(code)
    assert isinstance(family, Encodes)
    return {
        "size": [width, height],
        **family.choices(code),
        "encode_seconds": round(encoded.seconds, 4),
        "notes": list(source.notes),
        "bytes": len(encoded.data),
        "bpp": 8 * len(encoded.data) / (width * height),
        "psnr": psnr_db(*_alike(source.pixels, encoded.colors)),
    }


def _alike(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
    """Return two pictures, of which one that is grey beside one in colour becomes one in colour."""
    channels = max(one.ndim, other.ndim)
    return [np.repeat(p[..., None], 3, 2) if p.ndim < channels else p for p in (one, other)]
