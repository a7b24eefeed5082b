"""The form ``R(θ) Σ R(φ) D`` of 2×2 matrices, in which contraction is a bound on two numbers."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from selfsame.errors import InputError

Array = NDArray[np.float64]

LARGEST_ENTRY = 1e300
"""Entries up to here have singular values that do not overflow."""


class SVDForm(NamedTuple):
    """Matrices (..., 2, 2) as ``A = R(theta) diag(sigma) R(phi) diag(signs)``.

    ``R(t) = [[cos t, -sin t], [sin t, cos t]]``. Source: Tu et al. 2023, "Learning Fractals by
    Gradient Descent", equation 10.

    Attributes:
        theta, phi: (...), radians.
        sigma: (..., 2), the singular values.
        signs: (..., 2), each -1 or 1.
    """

    theta: Array
    sigma: Array
    phi: Array
    signs: Array


def matrices_from_svd_form(form: SVDForm) -> Array:
    """Return the matrices (..., 2, 2); any real numbers are allowed in ``form``."""
    theta, sigma, phi, signs = (np.asarray(part, np.float64) for part in form)
    result: Array = (_rotation(theta) * sigma[..., None, :]) @ (
        _rotation(phi) * signs[..., None, :]
    )
    return result


def svd_form_from_matrices(matrices: ArrayLike) -> SVDForm:
    """Return a form of each matrix: sigma non-negative and descending, signs ``(1, ±1)``.

    Angles lie in [-π, π]. The form is not unique; for a singular or a scalar matrix any valid
    one is returned.

    Args:
        matrices: (..., 2, 2), within ±``LARGEST_ENTRY``.
    """
    A = np.asarray(matrices, np.float64)
    if A.shape[-2:] != (2, 2) or not (np.abs(A) <= LARGEST_ENTRY).all():
        raise InputError(
            f"matrices must be (..., 2, 2) within ±{LARGEST_ENTRY:g}: got shape {A.shape}"
        )
    # A power of two loses no bits and keeps tiny and huge matrices away from the limits of floats.
    _, exponent = np.frexp(np.abs(A).max(axis=(-2, -1), initial=0))
    U, sigma, Vt = np.linalg.svd(np.ldexp(A, -exponent[..., None, None]))
    mirror_u = np.where(np.linalg.det(U) < 0, -1.0, 1.0)
    # U = R(θ) diag(1, mirror_u); the mirror commutes with Σ and joins Vt.
    U = U * np.stack([np.ones_like(mirror_u), mirror_u], axis=-1)[..., None, :]
    W = Vt * np.stack([np.ones_like(mirror_u), mirror_u], axis=-1)[..., :, None]
    mirror_w = np.where(np.linalg.det(W) < 0, -1.0, 1.0)
    signs = np.stack([np.ones_like(mirror_w), mirror_w], axis=-1)
    W = W * signs[..., None, :]
    return SVDForm(
        theta=np.asarray(np.arctan2(U[..., 1, 0], U[..., 0, 0])),
        sigma=np.asarray(np.ldexp(sigma, exponent[..., None])),
        phi=np.asarray(np.arctan2(W[..., 1, 0], W[..., 0, 0])),
        signs=signs,
    )


def _rotation(angle: Array) -> Array:
    cos, sin = np.cos(angle), np.sin(angle)
    return np.stack([np.stack([cos, -sin], -1), np.stack([sin, cos], -1)], -2)
