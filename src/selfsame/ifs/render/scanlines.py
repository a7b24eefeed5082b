"""Filling convex shapes into a bitmap of 8 × 8 samples per pixel, row of samples by row.

A bitmap is (8 H, W) uint8: one row per line of samples, one bit per sample, eight to a pixel.
Coordinates are in samples, so that sample (i, j) has its centre at (j + ½, i + ½), y down.
Numba caches compiled callers by their own file only: after editing this module, delete the
``__pycache__`` beside it.
"""

import math
from typing import Any

import numpy as np
from numba import njit

SAMPLES = 8
"""Samples per pixel along each axis; eight of a row make one byte."""

CAPSULE, PARALLELOGRAM = 0, 1
"""Kinds of shape that ``draw_shape`` knows.

A capsule is (x0, y0, x1, y1, radius), a disk being one whose ends coincide; a parallelogram is
(centre x, y, first half-edge x, y, second half-edge x, y).
"""

_BITS = np.array([bin(byte).count("1") for byte in range(256)], np.uint8)


@njit(cache=True)
def _fill(bits: Any, row: int, left: float, right: float) -> None:
    """Set the samples of ``row`` whose centres lie within [left, right]."""
    last = 8 * bits.shape[1] - 1
    j0 = int(max(math.ceil(left - 0.5), 0.0)) if left < last + 1 else last + 1
    j1 = int(min(math.floor(right - 0.5), float(last))) if right > 0 else -1
    if j0 > j1:
        return
    b0, b1 = j0 >> 3, j1 >> 3
    head = 0xFF & (0xFF << (j0 & 7))
    tail = 0xFF >> (7 - (j1 & 7))
    if b0 == b1:
        bits[row, b0] |= head & tail
        return
    bits[row, b0] |= head
    for b in range(b0 + 1, b1):
        bits[row, b] = 0xFF
    bits[row, b1] |= tail


@njit(cache=True)
def _first_row(y: float) -> int:
    return int(max(math.ceil(y - 0.5), 0.0))


@njit(cache=True)
def _last_row(y: float, rows: int) -> int:
    return int(min(math.floor(y - 0.5), rows - 1.0))


@njit(cache=True)
def _quad_interval(px: Any, py: Any, y: float) -> tuple[float, float]:
    """Return where the line at height y meets a convex quadrilateral; left > right if nowhere."""
    left, right = np.inf, -np.inf
    for i in range(4):
        k = (i + 1) & 3
        low, high = min(py[i], py[k]), max(py[i], py[k])
        if y < low or y > high:
            continue
        if high > low:
            x = px[i] + (y - py[i]) / (py[k] - py[i]) * (px[k] - px[i])
            left, right = min(left, x), max(right, x)
        else:
            left, right = min(left, px[i], px[k]), max(right, px[i], px[k])
    return left, right


@njit(cache=True)
def _draw_capsule(
    bits: Any,
    corners: Any,
    x0: float,
    y0: float,
    x1: float,
    y1: float,
    M: Any,
    radius: float,
    half: float,
) -> None:
    """Draw the segment (x0, y0)-(x1, y1) widened by the ellipse M(disk of ``radius``).

    ``half`` is the least half-width: shorter axes of the ellipse grow to it.
    """
    r2 = radius * radius
    qxx = (M[0] * M[0] + M[1] * M[1]) * r2
    qxy = (M[0] * M[2] + M[1] * M[3]) * r2
    qyy = (M[2] * M[2] + M[3] * M[3]) * r2
    mean, spread = (qxx + qyy) / 2, math.hypot((qxx - qyy) / 2, qxy)
    h2 = half * half
    if mean + spread <= h2:
        qxx, qxy, qyy = h2, 0.0, h2
    elif mean - spread < h2:
        grow = (h2 - (mean - spread)) / (2 * spread)
        qxx, qxy, qyy = (
            qxx + grow * (mean + spread - qxx),
            qxy - grow * qxy,
            qyy + grow * (mean + spread - qyy),
        )
    # y' = y / tall, x' = (x - shear y) / wide keeps rows horizontal and makes the ellipse a
    # unit circle; the leaf becomes a capsule of radius 1 around a0-a1.
    tall, shear = math.sqrt(qyy), qxy / qyy
    wide = math.sqrt(max(qxx - qxy * shear, 1e-300))
    ax0, ay0 = (x0 - shear * y0) / wide, y0 / tall
    ax1, ay1 = (x1 - shear * y1) / wide, y1 / tall
    length = math.hypot(ax1 - ax0, ay1 - ay0)
    px, py = corners[0], corners[1]
    if length > 0:
        nx, ny = -(ay1 - ay0) / length, (ax1 - ax0) / length
        px[0], px[1], px[2], px[3] = ax0 + nx, ax1 + nx, ax1 - nx, ax0 - nx
        py[0], py[1], py[2], py[3] = ay0 + ny, ay1 + ny, ay1 - ny, ay0 - ny
    rows = bits.shape[0]
    for row in range(
        _first_row((min(ay0, ay1) - 1) * tall), _last_row((max(ay0, ay1) + 1) * tall, rows) + 1
    ):
        y = (row + 0.5) / tall
        left, right = np.inf, -np.inf
        if length > 0:
            left, right = _quad_interval(px, py, y)
        for end in range(2):
            cx, dy = (ax0, y - ay0) if end == 0 else (ax1, y - ay1)
            if dy * dy <= 1:
                chord = math.sqrt(1 - dy * dy)
                left, right = min(left, cx - chord), max(right, cx + chord)
        if left <= right:
            shift = shear * (row + 0.5)
            _fill(bits, row, left * wide + shift, right * wide + shift)


@njit(cache=True)
def _draw_parallelogram(
    bits: Any,
    corners: Any,
    cx: float,
    cy: float,
    ux: float,
    uy: float,
    vx: float,
    vy: float,
    half: float,
) -> None:
    """Draw centre ± u ± v; singular values of [u v] below ``half`` grow to it."""
    e, f, g, h = (ux + vy) / 2, (ux - vy) / 2, (uy + vx) / 2, (uy - vx) / 2
    q, r = math.hypot(e, h), math.hypot(f, g)
    if q + r < half or abs(q - r) < half:
        s0 = max(q + r, half)
        s1 = max(abs(q - r), half) * (1.0 if q >= r else -1.0)
        a1, a2 = math.atan2(g, f), math.atan2(h, e)
        # [u v] = rotation(phi) diag(s0, s1) rotation(theta)
        phi, theta = (a2 + a1) / 2, (a2 - a1) / 2
        cp, sp, ct, st = math.cos(phi), math.sin(phi), math.cos(theta), math.sin(theta)
        ux, vx = cp * s0 * ct - sp * s1 * st, -cp * s0 * st - sp * s1 * ct
        uy, vy = sp * s0 * ct + cp * s1 * st, -sp * s0 * st + cp * s1 * ct
    px, py = corners[0], corners[1]
    px[0], px[1], px[2], px[3] = cx + ux + vx, cx + ux - vx, cx - ux - vx, cx - ux + vx
    py[0], py[1], py[2], py[3] = cy + uy + vy, cy + uy - vy, cy - uy - vy, cy - uy + vy
    rows = bits.shape[0]
    for row in range(_first_row(py.min()), _last_row(py.max(), rows) + 1):
        left, right = _quad_interval(px, py, row + 0.5)
        if left <= right:
            _fill(bits, row, left, right)


@njit(cache=True)
def draw_shape(bits: Any, corners: Any, kind: int, shape: Any, M: Any, half: float) -> None:
    """Draw the image of a shape under the affine map (m00, m01, m10, m11, b0, b1).

    ``half`` is the least half-width of what is drawn; ``corners`` (2, 4) is scratch space.
    """
    x = M[0] * shape[0] + M[1] * shape[1] + M[4]
    y = M[2] * shape[0] + M[3] * shape[1] + M[5]
    if kind == CAPSULE:
        x1 = M[0] * shape[2] + M[1] * shape[3] + M[4]
        y1 = M[2] * shape[2] + M[3] * shape[3] + M[5]
        _draw_capsule(bits, corners, x, y, x1, y1, M, shape[4], half)
    else:
        ux, uy = M[0] * shape[2] + M[1] * shape[3], M[2] * shape[2] + M[3] * shape[3]
        vx, vy = M[0] * shape[4] + M[1] * shape[5], M[2] * shape[4] + M[3] * shape[5]
        _draw_parallelogram(bits, corners, x, y, ux, uy, vx, vy, half)


@njit(cache=True)
def draw_dot(bits: Any, x: float, y: float, radius: float) -> None:
    """Draw a disk of ``radius`` around (x, y)."""
    for row in range(_first_row(y - radius), _last_row(y + radius, bits.shape[0]) + 1):
        dy = row + 0.5 - y
        chord = math.sqrt(max(radius * radius - dy * dy, 0.0))
        _fill(bits, row, x - chord, x + chord)


@njit(cache=True)
def is_full(bits: Any, x: float, y: float, reach: float) -> bool:
    """Return whether every pixel that the square x ± reach, y ± reach touches is full."""
    rows, columns = bits.shape
    b0 = int(min(max(math.floor((x - reach) / 8), 0.0), columns - 1.0))
    b1 = int(min(max(math.floor((x + reach) / 8), 0.0), columns - 1.0))
    r0, r1 = _first_row(y - reach - 1), _last_row(y + reach + 1, rows)
    for row in range(r0, r1 + 1):
        for b in range(b0, b1 + 1):
            if bits[row, b] != 0xFF:
                return False
    return True


@njit(cache=True)
def count_samples(bits: Any, picture: Any, top: int, left: int) -> None:
    """Write the share of set samples of each pixel into ``picture`` from (top, left) on."""
    for i in range(bits.shape[0] // SAMPLES):
        for j in range(bits.shape[1]):
            count = 0
            for k in range(SAMPLES):
                count += _BITS[bits[i * SAMPLES + k, j]]
            picture[top + i, left + j] = count / (SAMPLES * SAMPLES)
