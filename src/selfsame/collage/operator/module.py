"""The picture that a collage codes, the fixed point of ``x -> S x + b``; as a module, from what a
network writes.

Each application of the map brings any start nearer by the contraction factor. Two gradients:
through the applications as they were made, or of the fixed point itself, which solves the
transposed equations and keeps nothing of the way there.
"""

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Annotated, Any, Literal

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from selfsame.checked import Range, checked
from selfsame.collage.operator.functional import (
    CollageParameters,
    constant_term,
    contraction_factor,
    domain_term,
    limit_weights,
)
from selfsame.collage.operator.geometry import Geometry, Size
from selfsame.collage.operator.resampling import area_resize, upscale_aux
from selfsame.errors import DivergedError, InputError, SettingError

Gradient = Literal["implicit", "unroll"]

TOLERANCE = 1e-4
"""Of a pixel, in [0, 1]: a fortieth of a grey level."""

MAX_ITERATIONS = 2000
"""Enough for ``TOLERANCE`` at a contraction factor of 0.99; more are a sign of no fixed point."""

ROUNDING = 4
"""Changes below this many units of rounding are noise."""

ADVICE = (
    "weights made by limit_weights have a fixed point; closer to a factor of 1 use a larger "
    "tolerance, or give iterations"
)

SCALE_DENOMINATOR = 1 << 16
"""Scales given as floats are taken as the nearest fraction with at most this denominator."""


class CollageOperator(nn.Module):
    """Turns raw numbers per range, as a network writes them, into collages and their pictures.

    Attributes:
        geometry: where ranges and domains lie.
        channels: C of the pictures.
        bound: below 1; the collages contract by it at least, whatever the raw numbers.
        aux: learned auxiliary blocks, (A, C, h, w), shared by all pictures; None without.
        options: what ``solve`` takes: gradient, iterations, tolerance.
    """

    aux: nn.Parameter | None

    def __init__(
        self,
        geometry: Geometry,
        channels: int = 3,
        *,
        aux_blocks: int = 0,
        bound: float = 0.9,
        **options: Any,
    ) -> None:
        """Make the operator; auxiliary blocks start as the lowest cosines, equal in all channels.

        Raises:
            InputError: an argument is out of range.
        """
        super().__init__()
        if channels < 1 or not 0 < bound < 1:
            raise InputError(
                f"channels must be at least 1 and bound between 0 and 1: got {channels}, {bound}"
            )
        most = math.prod(geometry.block_size) - 1
        if not 0 <= aux_blocks <= most:
            raise InputError(f"aux_blocks must be 0 to {most}, all cosines: got {aux_blocks}")
        self.geometry, self.channels = geometry, channels
        self.bound, self.options = bound, options
        start = _lowest_cosines(aux_blocks, geometry.block_size)[:, None]
        self.aux = nn.Parameter(start.repeat(1, channels, 1, 1)) if aux_blocks else None

    def parameter_count_per_range(self, height: int, width: int) -> int:
        """Return how many numbers code one range of a picture of this size.

        Weights of the domains, weights of the auxiliary blocks, a bias per channel. With shared
        domains it grows with the picture.
        """
        aux = 0 if self.aux is None else len(self.aux)
        return self.geometry.domain_count(height, width) + aux + self.channels

    def parameters_from(self, raw: Tensor) -> CollageParameters:
        """Return the collages that raw numbers code.

        Args:
            raw: (B, P, rows, columns), P as ``parameter_count_per_range``, any numbers: weights of
                the domains before ``limit_weights`` and of the auxiliary blocks, for all channels;
                the bias of each channel.
        Raises:
            InputError: another count P.
        """
        size = self._size(raw)
        domains = self.geometry.domain_count(*size)
        aux = 0 if self.aux is None else len(self.aux)
        lengths = (domains, aux, self.channels)
        weights, mixing, bias = raw.flatten(2).split_with_sizes(lengths, dim=1)
        return CollageParameters(
            limit_weights(weights[:, None], self.bound),
            bias,
            None if self.aux is None else mixing[:, None],
            self.aux,
        )

    def forward(self, raw: Tensor) -> Tensor:
        """Return the pictures, (B, C, H, W), that raw numbers code; see ``parameters_from``."""
        return solve(self.parameters_from(raw), self.geometry, self._size(raw), **self.options)

    def _size(self, raw: Tensor) -> Size:
        if raw.ndim != 4:
            raise InputError(f"raw must be (B, P, rows, columns): got {tuple(raw.shape)}")
        height, width = self.geometry.range_size
        size = raw.shape[2] * height, raw.shape[3] * width
        count = self.parameter_count_per_range(*size)
        if raw.shape[1] != count:
            raise InputError(
                f"raw must have {count} numbers per range for pictures of {size[0]}x{size[1]}: "
                f"got {raw.shape[1]}"
            )
        return size


def solve(
    params: CollageParameters,
    geometry: Geometry,
    size: Size,
    *,
    gradient: Gradient = "implicit",
    iterations: int | None = None,
    tolerance: float = TOLERANCE,
) -> Tensor:
    """Return the pictures that collages code, (B, C, H, W), from the constant term on.

    Args:
        size: (height, width) of the pictures.
        gradient: ``implicit``, of the fixed point itself (first derivatives only), or ``unroll``,
            through the applications.
        iterations: apply the map this often. Default: until ``tolerance``.
        tolerance: greatest distance of a pixel from the fixed point where the weights guarantee
            contraction; else the greatest change of a pixel by the last application.
    Raises:
        InputError: an argument is out of range or does not fit the others.
        DivergedError: no fixed point within ``MAX_ITERATIONS``, or numbers that are not finite.
    """
    checked("gradient", gradient, Gradient)
    checked("iterations", iterations, Annotated[int, Range(1)] | None)
    checked("tolerance", tolerance, Annotated[float, Range(0, open_low=True)])
    constant = constant_term(params, geometry, size)
    tracked = torch.is_grad_enabled() and (constant.requires_grad or params.weights.requires_grad)
    implicit = tracked and gradient == "implicit"
    with torch.set_grad_enabled(tracked and not implicit):

        def step(x: Tensor) -> Tensor:
            return domain_term(x, params.weights, geometry) + constant

        found = _repeat(step, constant, _greatest, params.weights, iterations, tolerance)
    if implicit:
        found = _Implicit.apply(  # type: ignore[no-untyped-call]
            params.weights, constant, found, geometry, iterations, tolerance
        )
    return found


def render(
    params: CollageParameters,
    geometry: Geometry,
    size: Size,
    scale: float | Fraction = 1,
    *,
    visible: Size | None = None,
    **options: Any,
) -> Tensor:
    """Return the pictures at ``scale`` times the size, (B, C, round(H·scale), round(W·scale)).

    A scale at which the ranges are not whole is decoded at the next finer one at which they are,
    and averaged down.

    Args:
        size: (height, width) at scale 1.
        scale: any above 0.
        visible: (height, width) at scale 1 of what is returned, from the top left corner, the rest
            being there to fill the ranges: multiples of ``1 / geometry.unit``; None: everything.
        options: as ``solve`` takes them.
    Raises:
        InputError: as ``solve``, or a scale at which no pixel would be left.
        DivergedError: as ``solve``.
    """
    if not (isinstance(scale, int | float | Fraction) and 0 < scale < math.inf):
        raise SettingError(f"scale must be a number above 0: got {scale!r}")
    ratio = Fraction(scale).limit_denominator(SCALE_DENOMINATOR)
    seen = size if visible is None else visible
    exact = round(seen[0] * ratio), round(seen[1] * ratio)
    if min(exact) < 1:
        raise SettingError(f"scale {scale} leaves no pixel of a picture of {size[0]}x{size[1]}")
    finer = Fraction(math.ceil(ratio * geometry.unit), geometry.unit)
    if params.aux is not None:
        params = params._replace(aux=upscale_aux(params.aux, finer))
    whole = int(size[0] * finer), int(size[1] * finer)
    picture = solve(params, geometry.scaled(finer), whole, **options)
    rows, columns = int(seen[0] * finer), int(seen[1] * finer)
    return area_resize(picture[..., :rows, :columns], exact)


def hidden_detail(
    params: CollageParameters, geometry: Geometry, size: Size, **options: Any
) -> Tensor:
    """Return how much detail pictures have that appears only when they are enlarged, (B,).

    The mean square of what a picture decoded at twice the size has beyond the smooth enlargement
    of its own averages. No picture at ``size`` says anything about it.

    Args:
        options: as ``solve`` takes them.
    """
    large = render(params, geometry, size, 2, **options)
    smooth = upscale_aux(area_resize(large, size), 2)
    return (large - smooth).square().flatten(1).mean(1)


def _repeat(
    step: Callable[[Tensor], Tensor],
    x: Tensor,
    norm: Callable[[Tensor], float],
    weights: Tensor,
    iterations: int | None,
    tolerance: float,
) -> Tensor:
    """Return the last of the iterates of ``step``.

    Raises:
        DivergedError: as ``solve``.
    """
    if iterations is not None:
        for _ in range(iterations):
            x = step(x)
        return x
    # After a change of c the fixed point lies within c · s / (1 - s), its reach.
    factor = float(contraction_factor(weights.detach()).max())
    reach = factor / (1 - factor) if factor < 1 else 1.0
    rounding = ROUNDING * torch.finfo(x.dtype).eps
    for _ in range(MAX_ITERATIONS):
        before, x = x, step(x)
        change = norm(x.detach() - before.detach())
        if not math.isfinite(change):
            raise DivergedError(f"the collage has no fixed point: {ADVICE}")
        if change * reach <= tolerance or change <= rounding * norm(x.detach()):
            return x
    raise DivergedError(
        f"not within {tolerance} of a fixed point after {MAX_ITERATIONS} applications, the last of "
        f"which changed {change:.3g}: {ADVICE}"
    )


def _greatest(x: Tensor) -> float:
    return float(x.abs().max())


class _Implicit(torch.autograd.Function):
    """The identity on a fixed point, with the fixed point's gradient.

    From ``x = S x + b``: with g the gradient by x, that by b is ``λ = Sᵀ λ + g``, and that by the
    weights is what λ gives through one application. ``Sᵀ`` contracts sums of absolute values by
    the factor by which S contracts maxima, so λ is found by iterating too.
    """

    @staticmethod
    def forward(
        ctx: Any,
        weights: Tensor,
        constant: Tensor,
        picture: Tensor,
        geometry: Geometry,
        iterations: int | None,
        tolerance: float,
    ) -> Tensor:
        ctx.save_for_backward(weights, picture)
        ctx.options = geometry, iterations, tolerance
        return picture.clone()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        weights, picture = ctx.saved_tensors
        geometry, iterations, tolerance = ctx.options
        with torch.enable_grad():
            x = picture.detach().requires_grad_()
            w = weights.detach().requires_grad_()
            image = domain_term(x, w, geometry)
        whole = gradient.abs().sum((1, 2, 3)).clamp(min=torch.finfo(gradient.dtype).tiny)

        def step(adjoint: Tensor) -> Tensor:
            back: Tensor
            (back,) = torch.autograd.grad(image, x, adjoint, retain_graph=True)
            return gradient + back

        def norm(adjoint: Tensor) -> float:
            return float((adjoint.abs().sum((1, 2, 3)) / whole).max())

        adjoint = _repeat(step, gradient, norm, weights, iterations, tolerance)
        (by_weights,) = torch.autograd.grad(image, w, adjoint)
        return by_weights, adjoint, None, None, None, None


def _lowest_cosines(count: int, size: Size) -> Tensor:
    """Return (count, h, w): the cosines of lowest frequency but the constant, of power 1."""
    waves = []
    for n in size:
        places = torch.arange(n, dtype=torch.float64) + 0.5
        waves.append(torch.cos(math.pi / n * torch.arange(n)[:, None] * places))
    pairs = [(i, j) for i in range(size[0]) for j in range(size[1])][1:]
    pairs.sort(key=lambda p: (p[0] / size[0]) ** 2 + (p[1] / size[1]) ** 2)
    blocks = torch.empty(count, *size)
    for block, (i, j) in zip(blocks, pairs, strict=False):
        wave = waves[0][i][:, None] * waves[1][j]
        block.copy_(wave / wave.square().mean().sqrt())
    return blocks
