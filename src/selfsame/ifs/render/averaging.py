"""From the cells of a supersampled picture to its pixels."""

import numpy as np
from numpy.typing import NDArray


def averaged(cells: NDArray[np.generic], s: int) -> NDArray[np.float32]:
    """Return the means of s × s blocks, (H, W) or (H, W, C), some rows at a time."""
    if s == 1:
        return np.asarray(cells, np.float32)
    height, width = cells.shape[0] // s, cells.shape[1] // s
    out = np.empty((height, width, *cells.shape[2:]), np.float32)
    rows = max(1, 2**22 // (width * s * s))
    for top in range(0, height, rows):
        part = cells[top * s : (top + rows) * s]
        blocks = part.reshape(-1, s, width, s, *cells.shape[2:])
        out[top : top + rows] = blocks.mean(axis=(1, 3), dtype=np.float32)
    return out
