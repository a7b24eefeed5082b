"""Draw random systems as data sets for pre-training do, and lay their pictures side by side."""

import sys
import tempfile
from pathlib import Path

import numpy as np

from selfsame.ifs.render.batch import render_batch
from selfsame.ifs.samples.random import sample_anderson_farrell
from selfsame.io.pictures import write_picture

folder = Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp())
systems = sample_anderson_farrell(8, seed=2022)
pictures = render_batch(systems, (128, 128), points=50_000, mode="log", margin=0.05)
rows = [np.concatenate(list(row), axis=1) for row in pictures.reshape(2, 4, 128, 128)]
write_picture(folder / "random.png", np.concatenate(rows))
for index, system in enumerate(systems):
    print(f"system {index}: {len(system)} maps, largest norm {system.contraction:.3f}")
print(f"{folder / 'random.png'}: {len(systems)} pictures")
