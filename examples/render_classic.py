"""Render a classic of the library: the fern in colour, and a close-up of it."""

import sys
import tempfile
from pathlib import Path

from selfsame import IFS, render
from selfsame.ifs.samples.library import classic
from selfsame.io.pictures import write_picture

folder = Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp())
fern = classic("barnsley-fern")
colored = IFS(
    fern.matrices,
    fern.offsets,
    fern.probabilities,
    colors=[[0.5, 0.3, 0.1], [0.2, 0.8, 0.2], [0.7, 0.9, 0.1], [0.0, 0.6, 0.4]],
)
for name, zoom in (("fern.png", 1.0), ("frond.png", 4.0)):
    picture = render(colored, (240, 320), zoom=zoom, center=(1.2, 3.4) if zoom > 1 else None)
    write_picture(folder / name, picture)
    print(f"{folder / name}: {picture.shape[1]}x{picture.shape[0]}, mean {picture.mean():.3f}")
