"""Where training starts from: lapped cosine atoms and the order they come in.

An orthonormal lapped transform of hop n has 2n-long functions that fade out at both ends, so that
blocks of it meet without a seam. It is a far better first guess for auxiliary blocks than noise:
an untrained model is already a transform codec, and training only has to better it.
"""

import numpy as np
from numpy.typing import NDArray

from selfsame.collage.code import GRID, scan_positions

_CORRELATION = 0.95
"""Of neighbouring pixels, for which the transform gathers the most energy in the fewest numbers."""

_LEAST_WINDOW = 0.05
"""Where the blending window falls below this, the atoms are let fade rather than made up for."""


def lapped_basis(hop: int) -> NDArray[np.float64]:
    """Return the lapped orthogonal transform, (2·hop, hop): one function a column, by frequency.

    The columns are orthonormal, and orthogonal to those of the neighbouring blocks.

    Args:
        hop: even, at least 2.
    Source: Malvar and Staelin, "The LOT: transform coding without blocking effects", 1989.
    """
    n, k = np.arange(hop), np.arange(hop)[:, None]
    cosines = np.cos(np.pi * (2 * n + 1) * k / (2 * hop)).T * np.sqrt(2 / hop)
    cosines[:, 0] /= np.sqrt(2)
    half = cosines[:, 0::2] - cosines[:, 1::2]
    start = 0.5 * np.block([[half, half], [half[::-1], -half[::-1]]])
    distances = np.abs(np.subtract.outer(np.arange(2 * hop), np.arange(2 * hop)))
    _, rotation = np.linalg.eigh(start.T @ _CORRELATION**distances @ start)
    basis: NDArray[np.float64] = start @ rotation[:, ::-1]
    largest = basis[np.abs(basis).argmax(axis=0), np.arange(hop)]
    basis *= np.sign(largest)  # an eigenvector's sign is anyone's guess
    return basis


def cosine_basis(hop: int) -> NDArray[np.float64]:
    """Return the orthonormal cosine transform, (hop, hop): what is left without an overlap."""
    n, k = np.arange(hop)[:, None], np.arange(hop)
    basis: NDArray[np.float64] = np.cos(np.pi * (2 * n + 1) * k / (2 * hop)) * np.sqrt(2 / hop)
    basis[:, 0] /= np.sqrt(2)
    return basis


def start_atoms(overlap: int, count: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the first guess of auxiliary blocks and of the filters that find their weights.

    Args:
        overlap: of ranges of ``GRID`` pixels, 0 or ``GRID / 2``.
        count: number of auxiliary blocks, in the order of ``scan_positions``.
    Returns:
        auxiliary blocks (count, n, n), n = GRID + 2 overlap, to be multiplied by the blending
        window, and filters (1 + count, n, n), the first one for the bias.
    """
    if overlap:
        basis = lapped_basis(GRID)
        window = np.sin(np.pi * (np.arange(2 * GRID) + 0.5) / (2 * GRID)) ** 2
        synthesis = basis / np.maximum(window, _LEAST_WINDOW)[:, None]
    else:
        synthesis = basis = cosine_basis(GRID)
    places = scan_positions(count)
    side = GRID + 2 * overlap
    blocks = np.array([np.outer(synthesis[:, v], synthesis[:, u]) for v, u in places])
    filters = np.array([np.outer(basis[:, v], basis[:, u]) for v, u in [(0, 0), *places]])
    filters[0] /= filters[0].sum()
    return blocks.reshape(count, side, side).astype(np.float32), filters.astype(np.float32)
