"""Similitudes of the plane as differentiable tensors: ``f_i(x) = s_i R_i x + b_i``."""

from dataclasses import dataclass

import torch
from torch import Tensor

from selfsame.errors import InputError

MIN_LENGTH = 1e-9
"""Shorter segments have no direction; lengths are floored here, in plane units."""


@dataclass(frozen=True)
class Similitudes:
    """N maps ``x -> scale * linear @ x + offset`` that multiply every distance by ``scale``.

    Attributes:
        scale: (N,), positive.
        linear: (N, 2, 2), orthogonal: a rotation or a reflection.
        offset: (N, 2).
    """

    scale: Tensor
    linear: Tensor
    offset: Tensor

    def __len__(self) -> int:
        return len(self.scale)

    @property
    def matrices(self) -> Tensor:
        """(N, 2, 2), scale and linear part together."""
        return self.scale[:, None, None] * self.linear


def similitudes_about(
    scale: Tensor, angle: Tensor, pivot: Tensor, images: Tensor, reflect: Tensor | None = None
) -> Similitudes:
    """Return the similitudes that turn by ``angle``, scale, and send ``pivot`` to ``images``.

    Args:
        scale: (N,), positive.
        angle: (N,), radians, anticlockwise.
        pivot: (2,).
        images: (N, 2).
        reflect: (N,) bool; those maps first mirror at the x axis. None: no map does.
    """
    c, s = torch.cos(angle), torch.sin(angle)
    sign = torch.ones_like(c) if reflect is None else torch.where(reflect, -1.0, 1.0).to(c)
    linear = torch.stack(
        [torch.stack([c, -s * sign], dim=-1), torch.stack([s, c * sign], dim=-1)], dim=-2
    )
    return Similitudes(scale, linear, images - scale[:, None] * (linear @ pivot))


def similitudes_from_segments(base: Tensor, segments: Tensor) -> Similitudes:
    """Return the orientation-preserving similitudes that send one segment to each of N others.

    Args:
        base: (2, 2), start and end.
        segments: (N, 2, 2), start and end of the images.
    Raises:
        InputError: the base has no length.
    """
    u = base[1] - base[0]
    v = segments[:, 1] - segments[:, 0]
    square = (u * u).sum()
    if not float(square.detach()) > MIN_LENGTH**2:
        raise InputError(f"the base segment must have a length: got {base.tolist()}")
    # v = s R u; with complex numbers s e^{i angle} = v / u.
    real = (v * u).sum(dim=-1) / square
    imaginary = (v[:, 1] * u[0] - v[:, 0] * u[1]) / square
    scale = torch.sqrt(real**2 + imaginary**2 + (MIN_LENGTH**2))
    c, s = real / scale, imaginary / scale
    linear = torch.stack([torch.stack([c, -s], dim=-1), torch.stack([s, c], dim=-1)], dim=-2)
    return Similitudes(scale, linear, segments[:, 0] - scale[:, None] * (linear @ base[0]))


def similitudes_from_squares(
    base_center: Tensor, base_side: Tensor, centers: Tensor, sides: Tensor
) -> Similitudes:
    """Return the similitudes without rotation that send one square to each of N others.

    Args:
        base_center: (2,).
        base_side: (), positive.
        centers: (N, 2).
        sides: (N,), positive.
    """
    scale = sides / base_side
    linear = torch.eye(2, dtype=scale.dtype, device=scale.device).expand(len(scale), 2, 2)
    return Similitudes(scale, linear, centers - scale[:, None] * base_center)
