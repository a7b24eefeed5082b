"""Directions in which semantic vectors change with what is known of pictures."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from selfsame.datasets.columns import Columns, text_kind

MOST_VALUES = 100
"""Of a column of text; one of more is no attribute."""

_RIDGE = 1e-3
"""Added to variances of 1."""

Attributes = dict[str, NDArray[np.float64]]
"""Name -> how much each of N pictures has of it, (N,)."""


def attributes_of(columns: Columns) -> Attributes:
    """Return what pictures may have more or less of.

    Truth values and numbers are an attribute each, named as their column; of a text every value is,
    named such as ``serifs:sans``. Captions and tags are none, nor is what all pictures share.
    """
    found: Attributes = {}
    for name, column in columns.items():
        if text_kind(name) is not None:
            continue
        if column.dtype.kind != "U":
            found[name] = column.astype(np.float64)
            continue
        values = np.unique(column)
        if len(values) <= MOST_VALUES:
            found |= {f"{name}:{v}": (column == v).astype(np.float64) for v in values if v}
    return {name: values for name, values in found.items() if values.std() > 0}


def directions_of(vectors: Tensor, attributes: Attributes) -> Tensor:
    """Return for each attribute the step, (A, S), along which it grows, as long as pictures differ
    along it: their standard deviation.

    It is normal to the planes that tell best, in the sense of least squares, how much of the
    attribute there is; of two classes that is Fisher's linear discriminant.

    Args:
        vectors: semantic ones of N pictures, (N, S).
        attributes: of the same.
    Source: Fisher, "The use of multiple measurements in taxonomic problems", 1936.
    """
    x = vectors.double()
    x = x - x.mean(0)
    wide = x.square().mean().clamp(min=1e-12)
    covariance = x.mT @ x / len(x) + _RIDGE * wide * torch.eye(x.shape[1], dtype=x.dtype)
    y = torch.from_numpy(np.stack(list(attributes.values()), 1))
    normals = torch.linalg.solve(covariance, x.mT @ (y - y.mean(0)) / len(x)).mT
    normals = normals / normals.norm(dim=1, keepdim=True).clamp(min=1e-12)
    spread: Tensor = (x @ normals.mT).std(0, unbiased=False)
    steps: Tensor = (normals * spread[:, None]).float()
    return steps
