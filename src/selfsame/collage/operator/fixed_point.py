"""The picture that a collage codes: the fixed point of ``x -> S x + b``.

Three ways to it: applying the map (each application brings any start nearer by the contraction
factor), the same with Anderson's acceleration, or solving the linear equations. Two gradients:
through the applications as they were made, or of the fixed point itself, which solves the
transposed equations and keeps nothing of the way there.
"""

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Annotated, Any, Literal, NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from selfsame.checked import Range, checked
from selfsame.collage.operator.elimination import eliminate
from selfsame.collage.operator.functional import (
    CollageParameters,
    constant_term,
    contraction_factor,
    domain_term,
)
from selfsame.collage.operator.geometry import Geometry, Size
from selfsame.collage.operator.resampling import area_resize, upscale_aux
from selfsame.errors import DivergedError, InputError

Method = Literal["iterate", "anderson", "linear"]
Gradient = Literal["implicit", "unroll"]

TOLERANCE = 1e-4
"""Of a pixel, in [0, 1]: a fortieth of a grey level."""

MAX_ITERATIONS = 2000
"""Enough for ``TOLERANCE`` at a contraction factor of 0.99; more are a sign of no fixed point."""

MEMORY = 5
"""Earlier iterates that Anderson's acceleration combines; more hardly help and cost memory."""

ROUNDING = 4
"""Changes below this many units of rounding are noise."""

ADVICE = (
    "weights made by limit_weights have a fixed point; closer to a factor of 1 use "
    "method='linear', a larger tolerance, or give iterations"
)

RIDGE = 1e-10
"""Of Anderson's least squares, times the trace: where residuals are linearly dependent."""

SCALE_DENOMINATOR = 1 << 16
"""Scales given as floats are taken as the nearest fraction with at most this denominator."""


class FixedPoint(NamedTuple):
    """A fixed point as far as it was found.

    Attributes:
        picture: (B, C, H, W).
        iterations: applications of the map; 0 for a linear solve.
        residual: the greatest difference that the last application made to a pixel.
    """

    picture: Tensor
    iterations: int
    residual: float


def solve(
    params: CollageParameters,
    geometry: Geometry,
    size: Size,
    *,
    method: Method = "iterate",
    gradient: Gradient = "implicit",
    start: Tensor | None = None,
    iterations: int | None = None,
    tolerance: float = TOLERANCE,
) -> FixedPoint:
    """Return the pictures that collages code.

    Args:
        size: (height, width) of the pictures.
        method: ``iterate``, ``anderson``, or ``linear`` (exact, small pictures only).
        gradient: ``implicit``, of the fixed point itself, whatever the method (first derivatives
            only), or ``unroll``, through the computation; not with ``anderson``.
        start: (B or 1, C, H, W), from where to iterate. Default: the constant term.
        iterations: apply the map this often. Default: until ``tolerance``.
        tolerance: greatest distance of a pixel from the fixed point where the weights guarantee
            contraction; else the greatest change of a pixel by the last application.
    Raises:
        InputError: an argument is out of range or does not fit the others.
        DivergedError: no fixed point within ``MAX_ITERATIONS``, or numbers that are not finite.
    """
    checked("method", method, Method)
    checked("gradient", gradient, Gradient)
    checked("iterations", iterations, Annotated[int, Range(1)] | None)
    checked("tolerance", tolerance, Annotated[float, Range(0, open_low=True)])
    constant = constant_term(params, geometry, size)
    if start is not None and (
        start.ndim != 4
        or start.shape[1:] != constant.shape[1:]
        or start.shape[0] not in (1, constant.shape[0])
    ):
        raise InputError(f"start must be {tuple(constant.shape)}: got {tuple(start.shape)}")
    tracked = torch.is_grad_enabled() and (constant.requires_grad or params.weights.requires_grad)
    if method == "anderson" and gradient == "unroll" and tracked:
        raise InputError("method anderson has no unrolled gradient; use gradient='implicit'")
    implicit = tracked and gradient == "implicit"
    with torch.set_grad_enabled(tracked and not implicit):
        if method == "linear":
            found = FixedPoint(eliminate(params.weights, constant, geometry), 0, 0.0)
        else:
            begin = constant if start is None else start.expand_as(constant)
            stop = _stop(params.weights, iterations, tolerance)

            def step(x: Tensor) -> Tensor:
                return domain_term(x, params.weights, geometry) + constant

            if method == "iterate":
                found = FixedPoint(*_repeat(step, begin, _greatest, stop))
            else:
                found = _anderson(step, begin, stop)
    if not implicit:
        return found
    picture: Tensor = _Implicit.apply(  # type: ignore[no-untyped-call]
        params.weights, constant, found.picture, geometry, iterations, tolerance
    )
    return found._replace(picture=picture)


def render(
    params: CollageParameters,
    geometry: Geometry,
    size: Size,
    scale: float | Fraction = 1,
    *,
    method: Method = "iterate",
    gradient: Gradient = "implicit",
    iterations: int | None = None,
    tolerance: float = TOLERANCE,
) -> Tensor:
    """Return the pictures at ``scale`` times the size, (B, C, round(H·scale), round(W·scale)).

    A scale at which the ranges are not whole is decoded at the next finer one at which they are,
    and averaged down.

    Args:
        size: (height, width) at scale 1.
        scale: any above 0.
        method, gradient, iterations, tolerance: as ``solve`` takes them.
    Raises:
        InputError: as ``solve``, or a scale at which no pixel would be left.
        DivergedError: as ``solve``.
    """
    if not (isinstance(scale, int | float | Fraction) and 0 < scale < math.inf):
        raise InputError(f"scale must be a number above 0: got {scale!r}")
    ratio = Fraction(scale).limit_denominator(SCALE_DENOMINATOR)
    exact = round(size[0] * ratio), round(size[1] * ratio)
    if min(exact) < 1:
        raise InputError(f"scale {scale} leaves no pixel of a picture of {size[0]}x{size[1]}")
    finer = Fraction(math.ceil(ratio * geometry.unit), geometry.unit)
    if params.aux is not None:
        params = params._replace(aux=upscale_aux(params.aux, finer))
    found = solve(
        params,
        geometry.scaled(finer),
        (int(size[0] * finer), int(size[1] * finer)),
        method=method,
        gradient=gradient,
        iterations=iterations,
        tolerance=tolerance,
    )
    return area_resize(found.picture, exact)


class _Stop(NamedTuple):
    """When to stop iterating: after ``iterations``, or within ``tolerance`` of the fixed point."""

    iterations: int | None
    tolerance: float
    reach: float

    @property
    def limit(self) -> int:
        return self.iterations or MAX_ITERATIONS

    def settled(self, change: float, size: float, dtype: torch.dtype) -> bool:
        """Return whether a last change, of iterates of a size, is as small as asked or as can be.

        Raises:
            DivergedError: the change is not finite.
        """
        if self.iterations is not None:
            return False
        if not math.isfinite(change):
            raise DivergedError(f"the collage has no fixed point: {ADVICE}")
        return (
            change * self.reach <= self.tolerance
            or change <= ROUNDING * torch.finfo(dtype).eps * size
        )

    def exhausted(self, change: float) -> None:
        """Raise ``DivergedError`` unless the count of iterations was chosen by the caller."""
        if self.iterations is None:
            raise DivergedError(
                f"not within {self.tolerance} of a fixed point after {self.limit} applications, "
                f"the last of which changed {change:.3g}: {ADVICE}"
            )


def _stop(weights: Tensor, iterations: int | None, tolerance: float) -> _Stop:
    """After a change of c the fixed point lies within c · s / (1 - s), its reach."""
    factor = float(contraction_factor(weights.detach()).max())
    return _Stop(iterations, tolerance, factor / (1 - factor) if factor < 1 else 1.0)


def _repeat(
    step: Callable[[Tensor], Tensor], x: Tensor, norm: Callable[[Tensor], float], stop: _Stop
) -> tuple[Tensor, int, float]:
    """Return the last of the iterates of ``step``, their count and the norm of the last change."""
    change = math.inf
    for count in range(1, stop.limit + 1):
        following = step(x)
        if stop.iterations is None or count == stop.limit:
            change = norm(following.detach() - x.detach())
        x = following
        if stop.iterations is None and stop.settled(change, norm(x.detach()), x.dtype):
            return x, count, change
    stop.exhausted(change)
    return x, stop.limit, change


def _greatest(x: Tensor) -> float:
    return float(x.abs().max())


def _anderson(step: Callable[[Tensor], Tensor], x: Tensor, stop: _Stop) -> FixedPoint:
    """Apply the map to combinations of iterates whose residuals cancel best (Anderson, type II).

    Channels do not depend on each other, and each has coefficients of its own.
    """
    images: list[Tensor] = []
    residuals: list[Tensor] = []
    change = math.inf
    for count in range(1, stop.limit + 1):
        image = step(x)
        change = _greatest(image - x)
        if stop.settled(change, _greatest(image), x.dtype):
            return FixedPoint(image, count, change)
        images = [*images[1 - MEMORY :], image]
        residuals = [*residuals[1 - MEMORY :], image - x]
        stacked = torch.stack(residuals, dim=2).flatten(3).double()  # (B, C, k, pixels)
        gram = stacked @ stacked.mT
        ridge = RIDGE * gram.diagonal(dim1=-2, dim2=-1).sum(-1) + torch.finfo(gram.dtype).tiny
        gram = gram + ridge[..., None, None] * torch.eye(len(images)).to(gram)
        shares = torch.linalg.solve(gram, torch.ones_like(gram[..., :1]))
        shares = (shares / shares.sum(2, keepdim=True)).to(x.dtype)
        x = (torch.stack(images, dim=2) * shares[..., None]).sum(2)
    stop.exhausted(change)
    return FixedPoint(image, count, change)


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

        stop = _stop(weights, iterations, tolerance)
        adjoint, _, _ = _repeat(step, gradient, norm, stop)
        (by_weights,) = torch.autograd.grad(image, w, adjoint)
        return by_weights, adjoint, None, None, None, None
