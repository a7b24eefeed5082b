"""Types that benchmarks share."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Arrays = dict[str, Array]

Bytes = NDArray[np.uint8]
"""Pixels, (H, W) or (H, W, 3)."""

Row = dict[str, Any]
"""A line of a table, ready for JSON."""
