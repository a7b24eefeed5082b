"""Pictures to grids in one pass of a network, and grids to pictures at any size."""

from fractions import Fraction

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from selfsame.collage.grid.code import MAX_LEVEL, GridCode
from selfsame.collage.grid.network.model import GridDecoder, GridModel
from selfsame.collage.operator.resampling import area_resize
from selfsame.errors import InputError
from selfsame.family import checked_drawn_size
from selfsame.io.pictures import picture_bytes, resize_picture, with_alpha
from selfsame.metrics.pictures import LUMA
from selfsame.run.device import resolve_device
from selfsame.run.threads import limited_threads


def encode(
    pixels: NDArray[np.uint8] | NDArray[np.floating],
    *,
    model: GridModel,
    alpha: NDArray[np.uint8] | None = None,
    device: str = "cpu",
    threads: int | None = None,
) -> GridCode:
    """Return the code of a picture.

    A picture of another size is scaled to the model's square, and the code is drawn at the
    picture's own size; one in colour is turned grey for a model of grey pictures.

    Args:
        pixels: (H, W) grey or (H, W, 3) sRGB; bytes, or floats of 0 to 1, which are rounded.
        model: of the latent space.
        alpha: (H, W) bytes, kept exactly.
        device: ``cpu``, ``cuda`` or ``auto``.
        threads: of the processor; default torch's.
    """
    pixels = picture_bytes(pixels)
    height, width = pixels.shape[:2]
    picture = fitted(pixels, model.config.side, model.config.channels)
    with limited_threads(threads), torch.no_grad():
        where = resolve_device(device)
        numbers = model.to(where).encode(picture[None].to(where)).mean
    return codes_of(model, levels_of(model, numbers), (width, height), alpha)[0]


def fitted(pixels: NDArray[np.uint8], side: int, channels: int) -> Tensor:
    """Return a picture as a latent space takes it, (channels, side, side) in [0, 1]."""
    values = pixels.astype(np.float32) / np.float32(255)
    if channels == 1 and values.ndim == 3:
        values = values @ np.array(LUMA, np.float32)
    if channels == 3 and values.ndim == 2:
        values = np.repeat(values[..., None], 3, axis=2)
    if values.shape[:2] != (side, side):
        values = resize_picture(values, (side, side))
    return torch.from_numpy(values.reshape(side, side, -1)).permute(2, 0, 1)


def levels_of(model: GridModel, numbers: Tensor) -> Tensor:
    """Return the whole numbers, (B, D, rows, columns) int32, that codes of numbers hold; the
    nearest that there are of numbers beyond the model's.

    Raises:
        InputError: numbers that are not finite.
    """
    config = model.config
    if not bool(numbers.isfinite().all()):
        raise InputError("numbers of a code must be finite: what made them is broken")
    most = MAX_LEVEL if config.regulariser == "kl" else round(1 / config.quantum)
    return torch.round(numbers / config.quantum).clamp(-most, most).to("cpu", torch.int32)


def codes_of(
    model: GridModel,
    levels: Tensor,
    size: tuple[int, int] | None = None,
    alpha: NDArray[np.uint8] | None = None,
) -> list[GridCode]:
    """Return the codes of levels, (B, D, rows, columns), for pictures of ``size``; None: the
    model's own."""
    config = model.config
    width, height = size or (config.side, config.side)
    fingerprint = model.decoder.fingerprint()
    return [
        GridCode(width, height, config.channels, model.name, fingerprint, each, alpha)
        for each in levels.numpy()
    ]


def decode(
    code: GridCode,
    *,
    size: tuple[int, int] | None = None,
    threads: int | None = None,
    device: str = "cpu",
) -> NDArray[np.float32]:
    """Return the picture of a grid, (H, W) or (H, W, 3) float32 in [0, 1]; alpha comes last.

    Args:
        size: (width, height); default the code's own.
        threads: of the processor; default torch's.
        device: ``cpu``, ``cuda`` or ``auto``.
    Raises:
        InputError: an argument is out of its range, or the model of the code is not at hand.
    """
    width, height = checked_drawn_size(code.size if size is None else size)
    longer, _ = checked_drawn_size((max(width, height),) * 2)  # a square is drawn
    decoder = decoder_of(code)
    config = decoder.config
    with limited_threads(threads), torch.no_grad():
        where = resolve_device(device)
        levels = torch.from_numpy(code.levels.copy()).to(where)[None].float()
        scale = Fraction(longer, config.side)
        drawn = decoder.to(where)(levels * config.quantum, scale)
        picture = area_resize(drawn, (height, width))[0].clamp(0, 1)
        values = np.ascontiguousarray(picture.permute(1, 2, 0).cpu().numpy())
    values = values[..., 0] if values.shape[2] == 1 else values
    return with_alpha(values, code.alpha)


def decoder_of(code: GridCode) -> GridDecoder:
    """Return the half of a model that a code needs: of one that was loaded, or that ships.

    Raises:
        InputError: no model at hand has the fingerprint that the code names, or the code has
            another layout than its model.
    """
    decoder: GridDecoder = GridModel.decoder_of(code)
    config = decoder.config
    layout = (config.numbers, config.rows, config.rows)
    if code.levels.shape != layout or code.channels != config.channels:
        raise InputError(
            f"a code of model {code.model!r} has {config.channels} channels and levels {layout}: "
            f"got {code.channels} and {code.levels.shape}; the file is damaged"
        )
    return decoder
