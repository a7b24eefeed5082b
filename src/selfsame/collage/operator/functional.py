"""One application of a collage to a picture, ``x -> S x + b``, differentiable, batched.

The block of range r is ``sum_d w[d, r] P_d(x) + sum_a v[a, r] U_a + bias_r``, with ``P_d`` the
domain d averaged down to the size of a block and turned by an isometry, and ``U_a`` auxiliary
blocks. The blocks, blended where they overlap, make up the picture.

Shared domains are few, and mixing them is one matrix product ``bcdp,bcdr->bcpr``; the domains are
never repeated for every range. Local domains differ from range to range and are added one depth
at a time.

Shapes: B pictures, C channels, D domains per range, A auxiliary blocks, p pixels of a block (row
by row), R ranges (row by row).

Source: Poli et al., "Self-Similarity Priors: Neural Collages as Differentiable Fractal
Representations", NeurIPS 2022; overlap and local domains are ours.
"""

import functools
import math
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from selfsame.collage.operator.geometry import Geometry, Size
from selfsame.errors import InputError
from selfsame.isometries import MIRROR_COLUMNS, MIRROR_ROWS, TRANSPOSE

ABSOLUTE_SOFTNESS = 1e-3
"""ε of the smooth absolute value ``sqrt(x² + ε²)`` in ``limit_weights``: far below any weight that
is seen in a picture, so that small weights pass nearly unchanged."""


class CollageParameters(NamedTuple):
    """The numbers of a collage: everything but its geometry.

    Attributes:
        weights: (B, C or 1, D, R) of the domains; 1 where the channels share them.
        bias: (B, C, R), what is added to all pixels of a block.
        aux_weights: (B, C or 1, A, R) of the auxiliary blocks, or None.
        aux: the auxiliary blocks: (A, C or 1, h, w) for all pictures, or (B or 1, A, C or 1, h, w)
            for each; (h, w) is the ``block_size`` of the geometry. None without ``aux_weights``.
    """

    weights: Tensor
    bias: Tensor
    aux_weights: Tensor | None = None
    aux: Tensor | None = None


def collage_step(x: Tensor, params: CollageParameters, geometry: Geometry) -> Tensor:
    """Return the pictures after one application of their collages, (B, C, H, W).

    Args:
        x: pictures, (B, C, H, W), or (1, C, H, W) for all collages.
    Raises:
        InputError: the parameters do not fit the geometry and the size of ``x``.
    """
    size = _picture_size(x)
    constant = constant_term(params, geometry, size)
    return domain_term(x, params.weights, geometry) + constant


def collage_loss(target: Tensor, params: CollageParameters, geometry: Geometry) -> Tensor:
    """Return the mean squared change of the targets by one application of their collages.

    It needs no iteration. The collage theorem bounds what decoding differs by from the targets,
    ``greatest change / (1 - bound)``, in the maximum norm; of mean squares the same holds in
    practice, not strictly.

    Args:
        target: pictures, (B, C, H, W).
    Source: Barnsley 1988; Poli et al. 2022, section 3.
    """
    return (collage_step(target, params, geometry) - target).square().mean()


def domain_term(x: Tensor, weights: Tensor, geometry: Geometry) -> Tensor:
    """Return ``S x``, the part of a collage that depends on the picture, (B, C, H, W).

    Args:
        x: pictures, (B or 1, C, H, W).
        weights: (B or 1, C or 1, D, R), as in ``CollageParameters``.
    """
    size = _picture_size(x)
    grid = geometry.grid(*size)
    count = geometry.domain_count(*size)
    _expect("weights", weights, None, {1, x.shape[1]}, count, grid[0] * grid[1])
    if geometry.local:
        each = (_windows(x, geometry, depth) for depth in range(len(geometry.domain_sizes)))
        blocks = (_turned(w, i).flatten(2, 3) for w in each for i in geometry.isometries)
        parts = zip(blocks, weights.unbind(2), strict=True)
        mixed = functools.reduce(torch.add, (block * w[:, :, None] for block, w in parts))
        return blend(mixed, grid, geometry)
    return mix_shared(domain_blocks(x, geometry), weights, grid, geometry)


def mix_shared(
    blocks: Tensor, weights: Tensor, grid: tuple[int, int], geometry: Geometry
) -> Tensor:
    """Return the pictures, (B, C, H, W), that weights make of the blocks of shared domains.

    Args:
        blocks: (B or 1, C or 1, D, p), as ``domain_blocks`` returns them.
        weights: (B or 1, C or 1, D, R).
        grid: rows and columns of ranges, R in all.
    """
    return blend(blocks.transpose(2, 3) @ weights, grid, geometry)


def constant_term(params: CollageParameters, geometry: Geometry, size: Size) -> Tensor:
    """Return ``b``, the part of a collage that no picture changes, (B, C, H, W).

    Args:
        size: (height, width) of the picture.
    Raises:
        InputError: the parameters do not fit each other, the geometry or the size.
    """
    check_parameters(params, geometry, size)
    blocks = params.bias[:, :, None].expand(-1, -1, math.prod(geometry.block_size), -1)
    if params.aux is not None and params.aux_weights is not None:
        aux = params.aux if params.aux.ndim == 5 else params.aux[None]
        matrix = aux.flatten(3).permute(0, 2, 3, 1)  # (B or 1, C or 1, p, A)
        blocks = blocks + matrix @ params.aux_weights
    return blend(blocks, geometry.grid(*size), geometry)


def domain_blocks(x: Tensor, geometry: Geometry) -> Tensor:
    """Return all domains averaged to the size of a block and turned by the isometries.

    Args:
        geometry: of shared domains.
    Returns:
        (B, C, D, p).
    Raises:
        InputError: ``x`` is not (B, C, H, W), or the geometry does not tile it.
    """
    geometry.grid(*_picture_size(x))
    shared = []
    for depth in range(len(geometry.domain_sizes)):
        windows = _windows(x, geometry, depth)  # (B, C, h, w, tiles)
        turned = [_turned(windows, i).flatten(2, 3) for i in geometry.isometries]
        shared.append(torch.stack(turned, dim=-1).flatten(3).transpose(2, 3))
    return shared[0] if len(shared) == 1 else torch.cat(shared, dim=2)


def blend(blocks: Tensor, grid: tuple[int, int], geometry: Geometry) -> Tensor:
    """Return the pictures made up by blocks: side by side, or across the overlap by a window.

    Args:
        blocks: (B, C, p, R), of ``geometry.block_size``.
        grid: rows and columns of ranges, R in all.
    Returns:
        (B, C, H, W). Each pixel is a weighted mean of the blocks over it.
    """
    (rows, columns), (height, width), m = grid, geometry.range_size, geometry.overlap
    batch, channels = blocks.shape[:2]
    if m == 0:
        tiles = blocks.reshape(batch, channels, height, width, rows, columns)
        return tiles.permute(0, 1, 4, 2, 5, 3).reshape(
            batch, channels, rows * height, columns * width
        )
    down, across = (_window(n, m, blocks) for n in geometry.range_size)
    weighted = blocks * (down[:, None] * across).flatten()[:, None]
    folded = F.fold(
        weighted.reshape(batch * channels, *blocks.shape[2:]),
        (rows * height, columns * width),
        geometry.block_size,
        padding=m,
        stride=geometry.range_size,
    )
    # At the picture's border a block has no neighbour, and its window must not darken it.
    picture = folded.view(batch, channels, *folded.shape[1:][-2:])
    return picture / (_sums(down, rows, m)[:, None] * _sums(across, columns, m))


def limit_weights(raw: Tensor, bound: float) -> Tensor:
    """Return weights whose absolute values sum to less than ``bound`` over the domains.

    ``raw / sqrt(1 + (n / bound)²)`` with n the smooth absolute sum of ``raw`` over the domains:
    small weights pass nearly unchanged, and the gradient vanishes nowhere. As averaging and
    blending do not enlarge the greatest difference of two pictures, a collage of such weights
    contracts in the maximum norm by ``bound`` at least: its fixed point exists.

    Args:
        raw: (B, C or 1, D, R), any numbers.
        bound: above 0 and below 1.
    Raises:
        InputError: ``bound`` is out of range.
    """
    if not 0 < bound < 1:
        raise InputError(f"bound must lie between 0 and 1, for a fixed point to exist: got {bound}")
    total = (raw.square() + ABSOLUTE_SOFTNESS**2).sqrt().sum(2, keepdim=True)
    return raw * (1 + (total / bound).square()).rsqrt()


def contraction_factor(weights: Tensor) -> Tensor:
    """Return the factor s by which each collage contracts in the maximum norm at least, (B,).

    Two pictures differ, after one application, by at most s times their greatest difference.

    Args:
        weights: (B, C or 1, D, R).
    """
    return weights.abs().sum(2).amax((1, 2))


def check_parameters(params: CollageParameters, geometry: Geometry, size: Size) -> None:
    """Check that parameters fit each other and a picture of (height, width).

    Raises:
        InputError: a tensor has another shape than ``CollageParameters`` says, or ``aux`` comes
            without ``aux_weights``.
    """
    ranges, domains = geometry.range_count(*size), geometry.domain_count(*size)
    bias, mixing, aux = params.bias, params.aux_weights, params.aux
    _expect("bias", bias, None, None, ranges)
    batch, channels = bias.shape[:2]
    _expect("weights", params.weights, batch, {1, channels}, domains, ranges)
    if (mixing is None) != (aux is None):
        raise InputError("aux and aux_weights come together or not at all: one of them is None")
    if mixing is not None and aux is not None:
        _expect("aux_weights", mixing, batch, {1, channels}, None, ranges)
        each = [{1, batch}] if aux.ndim == 5 else []
        _expect("aux", aux, *each, mixing.shape[2], {1, channels}, *geometry.block_size)


def _expect(name: str, value: Tensor, *sides: int | set[int] | None) -> None:
    """Raise ``InputError`` unless a shape has these sides, one of them, or any for None."""
    shape = tuple(value.shape)
    choices = [{side} if isinstance(side, int) else side for side in sides]
    if len(shape) != len(sides) or any(
        allowed and n not in allowed for n, allowed in zip(shape, choices, strict=True)
    ):
        words = [" or ".join(map(str, sorted(c))) if c else "any" for c in choices]
        raise InputError(
            f"{name} must be ({', '.join(words)}) for this geometry and size: got {shape}"
        )


def _picture_size(x: Tensor) -> Size:
    if x.ndim != 4:
        raise InputError(f"pictures must be (B, C, H, W): got the shape {tuple(x.shape)}")
    return x.shape[2], x.shape[3]


def _windows(x: Tensor, geometry: Geometry, depth: int) -> Tensor:
    """Return the averaged domains of one depth, (B, C, h, w, tiles), (h, w) a block's size."""
    factor, domain = geometry.factors[depth], geometry.domain_sizes[depth]
    stride = geometry.range_size if geometry.local else domain
    context = [geometry.overlap * f for f in factor]
    if geometry.local:
        excess = zip(domain, geometry.range_size, strict=True)
        context = [c + (d - r) // 2 for c, (d, r) in zip(context, excess, strict=True)]
    if any(context):
        x = F.pad(x, (context[1], context[1], context[0], context[0]), mode="replicate")
    # Averages at every place where a pixel of some block lies; usually the factor's multiples.
    step = (math.gcd(factor[0], stride[0]), math.gcd(factor[1], stride[1]))
    pooled = F.avg_pool2d(x, factor, step)
    windows = F.unfold(
        pooled,
        geometry.block_size,
        dilation=(factor[0] // step[0], factor[1] // step[1]),
        stride=(stride[0] // step[0], stride[1] // step[1]),
    )
    return windows.view(*x.shape[:2], *geometry.block_size, -1)


def _turned(windows: Tensor, isometry: int) -> Tensor:
    """Return (B, C, h, w, tiles), every block moved as ``selfsame.isometries.transformed`` does."""
    mirrored = [2] * bool(isometry & MIRROR_ROWS) + [3] * bool(isometry & MIRROR_COLUMNS)
    if mirrored:
        windows = windows.flip(mirrored)
    return windows.transpose(2, 3) if isometry & TRANSPOSE else windows


def _window(length: int, overlap: int, like: Tensor) -> Tensor:
    """Return the window of a block in one direction: raised cosines across both seams."""
    seam = torch.arange(2 * overlap, dtype=like.dtype, device=like.device)
    rise = 0.5 - 0.5 * torch.cos(math.pi * (seam + 0.5) / (2 * overlap))
    flat = torch.ones(length - 2 * overlap, dtype=like.dtype, device=like.device)
    return torch.cat([rise, flat, rise.flip(0)])


def _sums(window: Tensor, count: int, overlap: int) -> Tensor:
    """Return what the windows of ``count`` blocks sum to at each pixel of the picture: 1 within."""
    sums = torch.ones(count * (len(window) - 2 * overlap), dtype=window.dtype, device=window.device)
    sums[:overlap] = window[overlap : 2 * overlap]
    sums[-overlap:] = window[-2 * overlap : -overlap]
    return sums
