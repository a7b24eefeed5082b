"""Single pictures in a latent space: their latents, and masks of tokens."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from selfsame.collage.grid.codec import fitted
from selfsame.errors import SettingError
from selfsame.io.pictures import picture_bytes, read_picture, resize_picture
from selfsame.latents.space import LatentSpace

_WHITE = 0.5


@torch.no_grad()
def picture_latents(space: LatentSpace[Any], path: Path) -> Tensor:
    """Return what a picture is coded to, scaled to the space's square, (1, T, D), on the CPU.

    Raises:
        InputError: a file that cannot be read as a picture, or one that the space cannot code.
        SettingError: the space codes pictures to sets of several sizes.
    """
    pixels = picture_bytes(read_picture(path, "auto"))
    latents = space.encode(fitted(pixels, space.side, space.channels)[None])
    if latents.mask is not None:
        raise SettingError(f"--like is for grids: codes of {space.name} are sets of several sizes")
    return latents.values.cpu()


def token_mask(space: LatentSpace[Any], path: Path) -> Tensor:
    """Return which tokens of a grid a mask touches with white, (1, T).

    Raises:
        InputError: a file that cannot be read as a picture.
        SettingError: the tokens of the space are no grid.
    """
    rows = math.isqrt(space.tokens)
    if rows**2 != space.tokens:
        raise SettingError(f"a mask is for square grids: the codes of {space.name} are none")
    mask = resize_picture(read_picture(path, "grey"), (space.side, space.side))
    white = np.zeros((rows, rows), np.bool_)
    row, column = (np.argwhere(mask > _WHITE) * rows // space.side).T
    white[row, column] = True
    return torch.from_numpy(white.reshape(1, -1))
