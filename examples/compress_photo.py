"""Encode a photograph within a number of bytes, decode it at four times its size."""

import sys
from pathlib import Path
from tempfile import mkdtemp

import numpy as np
import skimage
from PIL import Image

import selfsame
from selfsame.io.pictures import write_picture
from selfsame.metrics.pictures import psnr_db

out = Path(sys.argv[1] if len(sys.argv) > 1 else mkdtemp())

# A cat of scikit-image's wheel (CC0), cut out to be quick.
photo = np.asarray(Image.open(Path(skimage.__file__).parent / "data" / "chelsea.png"))[
    20:212, 110:302
]

code = selfsame.encode(photo, bytes=2500, mode="pure", effort=3)
path = out / "cat.ssm"
selfsame.save(code, path)
large = selfsame.decode(selfsame.load(path), scale=4)
write_picture(out / "cat.png", large)

maps = sum(int((plane.maps[:, 0] > 0).sum()) for plane in code.planes)
print(f"{path.name}: {path.stat().st_size} bytes, {maps} maps, nothing but self-similarity")
print(f"as it was: {psnr_db(selfsame.decode(code), photo / 255):.1f} dB")
print(f"four times as large: cat.png, {large.shape[1]}x{large.shape[0]}")
