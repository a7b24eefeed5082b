"""What the maps alone tell of an attractor: dimensions and bounds."""

import sys
import tempfile
from pathlib import Path

import numpy as np

from selfsame.ifs.geometry.bounds import bounding_ball, bounding_box
from selfsame.ifs.geometry.dimension import affinity_dimension, similarity_dimension
from selfsame.ifs.samples.library import classic, classic_info

folder = Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp())
lines = []
for name in ("sierpinski-gasket", "koch-curve", "barnsley-fern", "menger-sponge"):
    system = classic(name)
    low, high = bounding_box(system)
    _, radius = bounding_ball(system)
    lines += [
        f"{name} ({classic_info(name).source})",
        f"  similarity dimension {similarity_dimension(system):.4f}",
        f"  affinity dimension at most {affinity_dimension(system):.4f}",
        f"  box {np.round(low, 2)} to {np.round(high, 2)}, ball of radius {radius:.3f}",
    ]
(folder / "geometry.txt").write_text("\n".join(lines) + "\n")
print("\n".join(lines))
print(f"written to {folder / 'geometry.txt'}")
