"""Pictures as the planes that a codec's model works on: Y, Cb, Cr, centred, in units of 1/255."""

import torch
from torch import Tensor
from torch.nn import functional as F

from selfsame.collage.code import GRID
from selfsame.io.color import RGB_FROM_YCC, YCC_FROM_RGB

_CENTRE = 128


def planes_from_pictures(pictures: Tensor) -> Tensor:
    """Return the planes of pictures (B, 1 or 3, H, W) in [0, 1], shaped as these."""
    centred = 255 * pictures - _CENTRE
    if pictures.shape[1] == 1:
        return centred
    return torch.einsum("ij,bjhw->bihw", torch.from_numpy(YCC_FROM_RGB).to(centred), centred)


def pictures_from_planes(planes: Tensor) -> Tensor:
    """Return the pictures of planes, not clamped; the inverse of ``planes_from_pictures``."""
    if planes.shape[1] == 3:
        planes = torch.einsum("ij,bjhw->bihw", torch.from_numpy(RGB_FROM_YCC).to(planes), planes)
    return (planes + _CENTRE) / 255


def pad_planes(planes: Tensor) -> Tensor:
    """Return planes whose last row and column repeat until ranges tile them."""
    height, width = planes.shape[-2:]
    return F.pad(planes, (0, -width % GRID, 0, -height % GRID), mode="replicate")
