"""Large pictures in strips of rows of ranges, so that memory goes with the picture alone.

Blocks overlap their neighbours and domains look around, so each strip is computed with a margin of
ranges that is then cut off: the result is that of the whole picture at once.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from selfsame.collage.operator.functional import CollageParameters, constant_term, domain_term
from selfsame.collage.operator.geometry import Geometry, Size

STRIP_PIXELS = 1 << 20
"""Of one strip: its blocks and their copies take about 100 MB a plane."""


def constant_in_strips(
    params: CollageParameters, geometry: Geometry, size: Size, most: int = STRIP_PIXELS
) -> Tensor:
    """Return what ``constant_term`` does, in strips of at most about ``most`` pixels.

    Args:
        geometry: of local domains.
        size: (height, width) of the picture.
    """
    height, width = geometry.range_size
    rows, columns = geometry.grid(*size)

    def strip(first: int, last: int) -> Tensor:
        part = slice(first * columns, last * columns)
        mixing = None if params.aux_weights is None else params.aux_weights[..., part]
        return constant_term(
            CollageParameters(
                params.weights[..., part], params.bias[..., part], mixing, params.aux
            ),
            geometry,
            ((last - first) * height, columns * width),
        )

    return _in_strips(strip, rows, 1, most // (columns * height * width), height)


def domain_in_strips(
    x: Tensor, weights: Tensor, geometry: Geometry, most: int = STRIP_PIXELS
) -> Tensor:
    """Return what ``domain_term`` does, in strips of at most about ``most`` pixels.

    Args:
        geometry: of local domains.
    """
    height, width = geometry.range_size
    rows, columns = geometry.grid(x.shape[2], x.shape[3])
    reach = max(
        geometry.overlap * factor[0] + (domain[0] - height) // 2
        for factor, domain in zip(geometry.factors, geometry.domain_sizes, strict=True)
    )

    def strip(first: int, last: int) -> Tensor:
        return domain_term(
            x[:, :, first * height : last * height],
            weights[..., first * columns : last * columns],
            geometry,
        )

    margin = 1 + -(-reach // height)
    return _in_strips(strip, rows, margin, most // (columns * height * width), height)


def _in_strips(
    strip: Callable[[int, int], Tensor], rows: int, margin: int, most: int, height: int
) -> Tensor:
    """Return the strips of all rows, of at most ``most`` rows each, one below the other.

    Args:
        strip: the result for rows ``first`` to ``last``; ``margin`` rows of it at either end are
            not to be trusted where the picture goes on there.
        height: pixels of a row.
    """
    most = max(most, 2 * margin)
    if rows <= most:
        return strip(0, rows)
    parts = []
    for top in range(0, rows, most):
        bottom = min(top + most, rows)
        first, last = max(0, top - margin), min(rows, bottom + margin)
        part = strip(first, last)
        parts.append(part[:, :, (top - first) * height : (bottom - first) * height])
    return torch.cat(parts, 2)
