"""Pictures to codes and codes to pictures, of every kind and in every spelling of a target.

What users, the command line, archives and the Pillow plug-in call; the work is done in
``selfsame.pifs``, ``selfsame.collage`` and ``selfsame.ifs``, imported when it is needed.
"""

import math
import os
import time
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from selfsame.codes.registry import Code
from selfsame.codes.settings import EncodeSettings
from selfsame.collage.code import CollageCode
from selfsame.errors import InputError
from selfsame.ifs.code import IFSCode
from selfsame.io.pictures import SourcePicture, to_uint8
from selfsame.pifs.code import Mode, PifsCode

if TYPE_CHECKING:
    from selfsame.collage.network.model import CollageModel


def encode(
    picture: NDArray[np.uint8] | NDArray[np.floating],
    *,
    quality: float | None = None,
    bpp: float | None = None,
    bytes: int | None = None,
    psnr: float | None = None,
    mode: Mode = "hybrid",
    effort: int = 5,
    model: str | os.PathLike[str] | None = None,
    refine: int = 0,
    seed: int = 0,
    threads: int | None = None,
    device: str = "cpu",
    progress: Callable[[float], None] | None = None,
) -> PifsCode | CollageCode:
    """Return the code of a picture, which ``selfsame.save`` writes to a file: a ``CollageCode``
    with ``model``, otherwise a ``PifsCode``.

    Args:
        picture: (H, W) grey or (H, W, 3) sRGB, or (H, W, 2) or (H, W, 4) with alpha last; bytes, or
            floats of 0 to 1, which are rounded to bytes.
        quality, bpp, bytes, psnr: see ``selfsame.codes.settings.EncodeSettings``; at most one of
            them; the middle two count the whole file; default a quality of 75.
        mode, effort, model, refine, seed: see there.
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
    source = _source_from_array(picture)
    return _code_of(source, settings, threads=threads, device=device, progress=progress)


def decode(
    code: Code,
    *,
    scale: float = 1.0,
    size: tuple[int, int] | None = None,
    region: tuple[int, int, int, int] | None = None,
    iterations: int | None = None,
    start: Any = None,
    threads: int | None = None,
) -> NDArray[np.float32]:
    """Return the picture of any code, (H, W) grey or (H, W, 3) sRGB float32 in [0, 1], with one
    channel more if the code has alpha.

    Args:
        code: of any family; an ``IFSCode`` is drawn by ``selfsame.render``, which has more to
            choose from.
        scale: output pixels per pixel of the original.
        size: (width, height) in its stead.
        region: of a ``PifsCode`` only; see ``selfsame.pifs.decoding.decode.decode``.
        iterations, start: of a block code or collage; see there.
        threads: default all cores.
    Raises:
        InputError: an argument is out of its range, or not for this kind of code, or the model of a
            collage is not there.
    """
    if isinstance(code, PifsCode):
        from selfsame.pifs.decoding.decode import decode as decode_pifs

        return decode_pifs(
            code,
            scale=scale,
            size=size,
            region=region,
            iterations=iterations,
            start=start,
            threads=threads,
        )
    if isinstance(code, CollageCode):
        if region is not None:
            raise InputError("region is for block codes: this code is a collage; decode all of it")
        from selfsame.collage.codec.decode import decode as decode_collage

        return decode_collage(
            code, scale=scale, size=size, iterations=iterations, start=start, threads=threads
        )
    if not isinstance(code, IFSCode):
        raise InputError(
            f"code must be a PifsCode, CollageCode or IFSCode: got {type(code).__name__}"
        )
    if region is not None or iterations is not None or start is not None:
        raise InputError("region, iterations and start are not for maps: this code is an IFS")
    if not 0 < scale < math.inf:
        raise InputError(f"scale must be above 0 and finite: got {scale}")
    from selfsame.ifs.render.pictures import render

    if size is None:
        width, height = (max(1, round(side * scale)) for side in code.size)
        size = width, height
    return render(code, size, threads=threads)


def encode_bytes(source: SourcePicture, settings: EncodeSettings) -> bytes:
    """Return the bytes of the file of a picture; errors as in ``encode``."""
    from selfsame.codes import store as bitstream

    return bitstream.encode(_code_of(source, settings, threads=None, device="cpu", progress=None))


class Encoded(NamedTuple):
    """A code, its file's bytes, what they decode to, and the seconds that encoding alone took.

    ``picture`` holds bytes, (H, W) or (H, W, 3), with one channel more if there is alpha.
    """

    code: PifsCode | CollageCode
    data: bytes
    picture: NDArray[np.uint8]
    seconds: float

    @property
    def colors(self) -> NDArray[np.uint8]:
        """The picture without its alpha: (H, W) or (H, W, 3)."""
        if self.picture.ndim == 2:
            return self.picture
        return self.picture[..., 0] if self.picture.shape[2] == 2 else self.picture[..., :3]


def encode_source(
    source: SourcePicture,
    settings: EncodeSettings,
    *,
    threads: int | None = None,
    device: str = "cpu",
    progress: Callable[[float], None] | None = None,
) -> Encoded:
    """Return the file of a picture, and the picture that it decodes to; else as ``encode``."""
    from selfsame.codes import store as bitstream

    _prepare(settings)

    begin = time.perf_counter()
    code = _code_of(source, settings, threads=threads, device=device, progress=progress)
    data = bitstream.encode(code)
    seconds = time.perf_counter() - begin
    picture = to_uint8(decode(bitstream.decode(data), threads=threads))
    return Encoded(code, data, picture, seconds)


def _prepare(settings: EncodeSettings) -> None:
    """Load compiled functions or the model, which is no part of the time that encoding takes."""
    if settings.model is None:
        import selfsame.pifs.decoding.decode
        import selfsame.pifs.encoding.encode  # noqa: F401
    else:
        _model_of(settings)


def _model_of(settings: EncodeSettings) -> "CollageModel":
    """Return the model of the settings; the last one is kept, for a folder's pictures."""
    source = settings.model_source
    from selfsame.io.model_file import WEIGHTS_NAME

    places = (source, os.path.join(source, WEIGHTS_NAME))
    changed = next((os.stat(p).st_mtime_ns for p in places if os.path.isfile(p)), 0)
    return _loaded_model(source, changed)


@lru_cache(maxsize=1)
def _loaded_model(source: str, changed: int) -> "CollageModel":
    from selfsame.collage.network.model import CollageModel

    return CollageModel.from_pretrained(source)


def _code_of(
    source: SourcePicture,
    settings: EncodeSettings,
    *,
    threads: int | None,
    device: str,
    progress: Callable[[float], None] | None,
) -> PifsCode | CollageCode:
    if device != "cpu":
        from selfsame.run.device import resolve_device

        resolve_device(device)
    most = settings.bytes
    if settings.bpp is not None:
        width, height = source.size
        most = max(1, math.floor(settings.bpp * width * height / 8))
    if settings.model is not None:
        from selfsame.collage.codec.encode import encode as encode_collage

        return encode_collage(
            source.pixels,
            model=_model_of(settings),
            alpha=source.alpha,
            quality=settings.quality,
            bytes=most,
            psnr=settings.psnr,
            refine=settings.refine,
            seed=settings.seed,
            device=device,
            threads=threads,
            progress=progress,
        )
    if settings.preset is not None:
        from selfsame.pifs.encoding.baseline import encode_baseline

        code = encode_baseline(
            source.pixels,
            ranges=settings.range_size,
            domains=settings.domain_size,
            threads=threads,
        )
        return code if source.alpha is None else replace(code, alpha=source.alpha)
    from selfsame.pifs.encoding.encode import encode

    return encode(
        source.pixels,
        alpha=source.alpha,
        quality=settings.quality,
        bytes=most,
        psnr=settings.psnr,
        mode=settings.mode,
        effort=settings.effort,
        threads=threads,
        progress=progress,
        device=device,
    )


def _source_from_array(picture: NDArray[np.uint8] | NDArray[np.floating]) -> SourcePicture:
    values = np.asarray(picture)
    if (
        values.ndim not in (2, 3)
        or 0 in values.shape
        or values.shape[2:]
        not in (
            (),
            (2,),
            (3,),
            (4,),
        )
    ):
        raise InputError(f"a picture is (H, W) or (H, W, 2 to 4), not empty: got {values.shape}")
    if values.dtype != np.uint8 and not np.issubdtype(values.dtype, np.floating):
        raise InputError(f"a picture holds bytes, or floats of 0 to 1: got {values.dtype}")
    pixels = np.ascontiguousarray(to_uint8(values))
    if pixels.ndim == 2 or pixels.shape[2] == 3:
        return SourcePicture(pixels)
    colors = pixels[..., 0] if pixels.shape[2] == 2 else pixels[..., :3]
    return SourcePicture(np.ascontiguousarray(colors), np.ascontiguousarray(pixels[..., -1]))


def results(source: SourcePicture, encoded: Encoded) -> dict[str, Any]:
    """Return what became of a picture, ready for JSON; PSNR in dB over all colour channels.

    ``mode`` is that of a block code; a collage has ``model`` and ``step`` instead.
    """
    from selfsame.metrics.pictures import psnr_db

    width, height = source.size
    code = encoded.code
    if isinstance(code, CollageCode):
        chosen: dict[str, Any] = {"model": code.model, "step": code.step}
    else:
        chosen = {"mode": code.mode}
    return {
        "size": [width, height],
        **chosen,
        "encode_seconds": round(encoded.seconds, 4),
        "notes": list(source.notes),
        "bytes": len(encoded.data),
        "bpp": 8 * len(encoded.data) / (width * height),
        "psnr": psnr_db(source.pixels / np.float64(255), encoded.colors / np.float64(255)),
    }
