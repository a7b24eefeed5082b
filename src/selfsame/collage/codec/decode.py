"""Pictures to collages in one pass of a network, and collages to pictures."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from selfsame.checked import checked
from selfsame.collage.code import (
    GRID,
    MAX_BIAS,
    MAX_WEIGHT,
    CollageCode,
)
from selfsame.collage.codec.refine import refine_levels
from selfsame.collage.network.model import (
    STEP_SCALE,
    STEP_ZERO,
    CollageDecoder,
    CollageModel,
)
from selfsame.collage.network.planes import pad_planes, pictures_from_planes, planes_from_pictures
from selfsame.collage.operator.resampling import area_resize
from selfsame.errors import InputError
from selfsame.family import Iterations, checked_drawn_size
from selfsame.io.pictures import picture_bytes, with_alpha
from selfsame.picture_arrays import picture_floats
from selfsame.run.device import resolve_device

_START_LIMIT = 0.25
"""Greatest distance from the fixed point, in grey levels, that the iterations may leave."""


def encode_picture(
    pixels: NDArray[np.uint8] | NDArray[np.floating],
    *,
    model: CollageModel,
    step: int,
    refine: int = 0,
    seed: int = 0,
    device: str = "cpu",
    progress: Callable[[float], object] | None = None,
    threads: int | None = None,
) -> CollageCode:
    """Return the collage of a picture.

    Args:
        pixels: (H, W) grey or (H, W, 3) sRGB; bytes, or floats of 0 to 1, which are rounded.
        model: see ``selfsame.io.model_file.Pretrained``.
        step: 0 to 255; larger gives smaller files. 16 more double the quantiser steps.
        refine: steps of descent on the levels of this picture; 8 to 16 do most of it.
        seed: of the choice of changes in the descent.
        device: ``cpu``, ``cuda`` or ``auto``.
        progress: called with the fraction done.
        threads: of the processor; default torch's.
    Raises:
        InputError: an argument is out of its range.
    """
    pixels = picture_bytes(pixels)
    where = resolve_device(device)
    height, width = pixels.shape[:2]
    with _on_threads(threads), torch.no_grad():
        model = model.to(where)
        picture = torch.from_numpy(np.array(pixels).reshape(height, width, -1)).to(where)
        pictures = picture.permute(2, 0, 1)[None].float() / 255
        planes = pad_planes(planes_from_pictures(pictures))
        scale = torch.full((1,), (step - STEP_ZERO) / STEP_SCALE, device=where)
        levels = model.encode(planes, scale)
        if refine:
            levels = refine_levels(
                model, levels, planes, scale, (height, width), refine, seed, progress
            )
        levels = levels.round()
        levels = _within_limits(levels, model)
        factor = float(model.decoder.contraction(levels, scale))
    config = model.config
    numbers = config.numbers[: 1 if pixels.ndim == 2 else 3]
    symbols = levels[0].cpu().numpy().astype(np.int32)
    planes_of_symbols = np.split(symbols, np.cumsum(numbers)[:-1])
    return CollageCode(
        width,
        height,
        model.name,
        model.decoder.fingerprint(),
        step,
        GRID,
        config.plane_atoms[: len(numbers)],
        len(config.domain_factors),
        _iterations(factor),
        tuple(np.ascontiguousarray(plane) for plane in planes_of_symbols),
    )


def decode(
    code: CollageCode,
    *,
    size: tuple[int, int] | None = None,
    iterations: int | None = None,
    start: NDArray[np.floating] | None = None,
    threads: int | None = None,
    device: str = "cpu",
) -> NDArray[np.float32]:
    """Return the picture of a collage, (H, W) or (H, W, 3) float32 in [0, 1]; alpha comes last.

    Args:
        size: (width, height); default the code's own.
        iterations: applications of the map; default as the code says.
        start: picture of the output's shape without alpha, in [0, 1], to start from instead of the
            constant term.
        threads: of the processor; default torch's.
        device: ``cpu``, ``cuda`` or ``auto``.
    Raises:
        InputError: an argument is out of its range, or the model of the code is not at hand.
    """
    out_width, out_height = checked_drawn_size(code.size if size is None else size)
    decoder: CollageDecoder = CollageModel.decoder_of(code)
    check_decoder(code, decoder)
    where = resolve_device(device)
    wanted = code.iterations if iterations is None else iterations
    iterations = checked("iterations", wanted, Iterations)
    unit = decoder.config.geometry.unit
    ratio = max(Fraction(out_height, code.height), Fraction(out_width, code.width))
    factor = Fraction(math.ceil(ratio * unit), unit)
    # The picture's own part of the padded one, at this factor.
    part = math.ceil(code.height * factor), math.ceil(code.width * factor)
    with _on_threads(threads), torch.no_grad():
        decoder = decoder.to(where)
        levels = torch.from_numpy(np.concatenate(code.symbols)).to(where)[None].float()
        log_scale = torch.full((1,), (code.step - STEP_ZERO) / STEP_SCALE, device=where)
        begin = None
        if start is not None:
            begin = _start_planes(start, code, part, levels.shape[2:], factor).to(where)
        planes = decoder(levels, log_scale, factor=factor, iterations=iterations, start=begin)
        pictures = pictures_from_planes(planes)[..., : part[0], : part[1]]
        pictures = area_resize(pictures, (out_height, out_width)).clamp(0, 1)
        picture = pictures[0].permute(1, 2, 0).cpu().numpy()
    picture = np.ascontiguousarray(picture[..., 0] if picture.shape[2] == 1 else picture)
    return with_alpha(picture, code.alpha)


def check_decoder(code: CollageCode, decoder: CollageDecoder) -> None:
    """Raise ``InputError`` unless a code has the layout of its model."""
    config = decoder.config
    layout = (GRID, config.plane_atoms[: len(code.atoms)], len(config.domain_factors))
    if (code.range_size, code.atoms, code.domains) != layout:
        raise InputError(
            f"a code of model {code.model!r} has range size, atoms and domains {layout}: got "
            f"{(code.range_size, code.atoms, code.domains)}; the file is damaged"
        )


def _iterations(factor: float) -> int:
    """Return how many applications bring the constant term as near to the fixed point as can be
    seen, if the map contracts by ``factor``."""
    if factor <= 0:
        return 0
    # The constant term differs from the fixed point by at most factor / (1 - factor) of the range.
    distance = 255 * factor / (1 - factor)
    return max(1, math.ceil(math.log(_START_LIMIT / distance) / math.log(factor)))


def _within_limits(levels: Tensor, model: CollageModel) -> Tensor:
    """Return levels that a file can hold; only absurd steps or pictures have others."""
    is_bias = torch.zeros(levels.shape[1], dtype=torch.bool, device=levels.device)
    is_bias[[b for b in model.config.biases if b < levels.shape[1]]] = True
    most = torch.where(is_bias, MAX_BIAS, MAX_WEIGHT)[:, None, None]
    return torch.minimum(torch.maximum(levels, -most), most)


def _start_planes(
    start: NDArray[np.floating],
    code: CollageCode,
    part: tuple[int, int],
    grid: torch.Size,
    factor: Fraction,
) -> Tensor:
    """Return a starting picture as padded planes; one of another size is resized."""
    start = picture_floats(start, "start")
    values = torch.from_numpy(np.ascontiguousarray(start, np.float32))
    pictures = values.reshape(*start.shape[:2], -1).permute(2, 0, 1)[None]
    channels = len(code.atoms)
    if channels == 1:
        pictures = pictures.mean(1, keepdim=True)
    pictures = pictures.expand(-1, channels, -1, -1)
    if pictures.shape[2:] != part:
        pictures = F.interpolate(pictures, part, mode="bicubic", antialias=True)
    planes = planes_from_pictures(pictures)
    height, width = (int(n * GRID * factor) for n in grid)
    return F.pad(planes, (0, width - part[1], 0, height - part[0]), mode="replicate")


@contextmanager
def _on_threads(threads: int | None) -> Iterator[None]:
    """Let torch use so many threads for a while."""
    before = torch.get_num_threads()
    torch.set_num_threads(before if threads is None else threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)
