"""Whether pictures that were made are copies of training pictures."""

import numpy as np
import torch
from torch import Tensor

from benchmarks.harness.types import Array, Row

AT_ONCE = 500
"""Pictures that are compared with all at a time."""

COPY = 0.9
"""IoU from which on a picture counts as a copy."""

NOTE = f"nearest_iou: with the nearest of all training pictures, mean; copies: share above {COPY}"


def nearest_iou(pictures: Tensor, known: Tensor) -> Array:
    """Return the greatest IoU, (N,), of each picture, (N, 1, S, S), with any of the known ones.

    Both are figures where they are brighter than the middle; two without any have an IoU of 0.
    """
    theirs = (known.flatten(1) > 0.5).float()
    size = theirs.sum(1)
    found = []
    for part in torch.split((pictures.flatten(1) > 0.5).float(), AT_ONCE):
        both = part @ theirs.T
        either = part.sum(1, keepdim=True) + size - both
        found.append((both / either.clamp(min=1)).amax(1))
    return torch.cat(found).numpy()


def copied(pictures: Tensor, known: Tensor) -> Row:
    """Return how near pictures are to known ones, see ``nearest_iou``."""
    iou = nearest_iou(pictures, known)
    return {
        "nearest_iou": float(iou.mean()),
        "nearest_iou_quantiles": np.quantile(iou, [0.05, 0.5, 0.95]).tolist(),
        "copies": float((iou > COPY).mean()),
    }
