"""Measures of how alike two pictures are; plain numpy, no gradients."""

import numpy as np
from numpy.typing import NDArray

from selfsame.errors import InputError
from selfsame.picture_arrays import picture_values

PSNR_CAP_DB = 100.0
"""What identical pictures get instead of infinity."""

SSIM_SIGMA, SSIM_RADIUS = 1.5, 5
"""Pixels: a Gaussian window of 11 × 11, as in the paper."""

LUMA = (0.299, 0.587, 0.114)
"""Weights of red, green and blue (ITU-R BT.601)."""

Array = NDArray[np.floating] | NDArray[np.uint8]

_PSNR_VALUES = 1 << 18
"""Values that are compared at a time."""


def psnr_db(a: Array, b: Array) -> float:
    """Return the PSNR in dB over integers 0..255 after rounding, at most ``PSNR_CAP_DB``.

    Args:
        a, b: of any one shape; bytes, or floats of 0 to 1.
    Raises:
        InputError: several shapes, or no such values.
    """
    _check_shapes(a, b)
    total, rows = 0.0, max(1, _PSNR_VALUES * len(a) // max(a.size, 1))
    for first in range(0, len(a), rows):  # in parts, for large pictures
        x, y = (_levels(v[first : first + rows], name) for v, name in ((a, "a"), (b, "b")))
        total += float(np.sum((x - y) ** 2))
    error = total / a.size
    if error == 0:
        return PSNR_CAP_DB
    return min(PSNR_CAP_DB, 10 * float(np.log10(255**2 / error)))


def ssim(a: Array, b: Array) -> float:
    """Return the structural similarity of two pictures, at most 1, which equal pictures have.

    Over integers 0..255 after rounding; of colour the luma (``LUMA``, not rounded again). The mean
    over all positions where the window of 11 × 11 lies within the picture; in a direction in which
    the picture is smaller than that, over all pixels, the picture mirrored at its border.

    Args:
        a, b: (H, W) or (H, W, 3); bytes, or floats of 0 to 1.
    Raises:
        InputError: several shapes, or no such values.
    Source: Wang et al. 2004, with their Gaussian window and constants 0.01 and 0.03.
    """
    from scipy.ndimage import gaussian_filter

    _check_shapes(a, b)
    x, y = _luma(_levels(a, "a")), _luma(_levels(b, "b"))

    def blurred(values: NDArray[np.float64]) -> NDArray[np.float64]:
        result: NDArray[np.float64] = gaussian_filter(values, SSIM_SIGMA, radius=SSIM_RADIUS)
        return result

    mean_x, mean_y = blurred(x), blurred(y)
    variance = blurred(x * x) + blurred(y * y) - mean_x**2 - mean_y**2
    covariance = blurred(x * y) - mean_x * mean_y
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    values = (2 * mean_x * mean_y + c1) * (2 * covariance + c2)
    values /= (mean_x**2 + mean_y**2 + c1) * (variance + c2)
    inner = tuple(
        slice(SSIM_RADIUS, side - SSIM_RADIUS) if side > 2 * SSIM_RADIUS else slice(None)
        for side in values.shape
    )
    return float(values[inner].mean())


def _levels(values: Array, name: str) -> NDArray[np.float64]:
    """Return values of pictures as whole numbers 0..255."""
    known = picture_values(np.asarray(values), name)
    if known.dtype == np.uint8:
        return known.astype(np.float64)
    return np.rint(np.clip(np.asarray(known, np.float64), 0, 1) * 255)


def _luma(picture: NDArray[np.float64]) -> NDArray[np.float64]:
    return picture if picture.ndim == 2 else picture @ np.array(LUMA)


def iou(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> float:
    """Return intersection over union of two masks; two empty masks give 1."""
    _check_shapes(a, b)
    union = np.logical_or(a, b).sum()
    return 1.0 if union == 0 else float(np.logical_and(a, b).sum() / union)


def chamfer_px(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> float:
    """Return the mean symmetric Chamfer distance of two masks in pixels.

    The mean, over the set pixels of each mask, of the distance to the nearest set pixel of
    the other; the two means are averaged. Infinite if exactly one mask is empty, else 0.
    """
    _check_shapes(a, b)
    if not a.any() or not b.any():
        return 0.0 if a.any() == b.any() else float("inf")
    from scipy.ndimage import distance_transform_edt

    to_a = distance_transform_edt(~a)
    to_b = distance_transform_edt(~b)
    return float((to_b[a].mean() + to_a[b].mean()) / 2)


def density_sse(a: Array, b: Array) -> float:
    """Return the sum of squared differences of two pictures, each scaled to sum 1."""
    _check_shapes(a, b)
    p, q = (np.asarray(x, np.float64) / max(float(np.sum(x)), 1e-12) for x in (a, b))
    return float(np.sum((p - q) ** 2))


def _check_shapes(a: NDArray[np.generic], b: NDArray[np.generic]) -> None:
    if a.shape != b.shape or a.size == 0:
        raise InputError(f"pictures must be non-empty and of one shape: got {a.shape}, {b.shape}")
