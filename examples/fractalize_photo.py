"""Make a photograph of copies of itself, look into it, make it of another's pieces."""

import sys
from pathlib import Path
from tempfile import mkdtemp

import numpy as np
import skimage
from PIL import Image

from selfsame import save
from selfsame.io.pictures import write_picture
from selfsame.mosaic import fit, render, restyled, view, write_rendering, write_zoom

out = Path(sys.argv[1] if len(sys.argv) > 1 else mkdtemp())

# A cat and a cup of scikit-image's wheel (both free of rights), reduced to be quick.
folder = Path(skimage.__file__).parent / "data"
cat = np.asarray(Image.open(folder / "chelsea.png"))
cup = np.asarray(Image.open(folder / "coffee.png"))[::2, ::2]

code = fit(cat[::2, ::2])
size = 8 * code.width, 8 * code.height
write_rendering(out / "cat.png", code, size)  # written as a stream: four gigapixels would do
print(f"cat.png: {len(code.cells)} small cats, {size[0]}x{size[1]}")

save(code, out / "cat.ssm")
print(f"cat.ssm: {(out / 'cat.ssm').stat().st_size} bytes, from which all of it can be drawn again")

write_picture(out / "eye.png", view(code, 20, (75, 58), (480, 320)))
print("eye.png: its left eye, 20 times as large")

write_zoom(out / "dive.webp", code, 12, size=(240, 160), at=(83, 56))
print("dive.webp: into that eye, until the cat is there again")

pieces = restyled(fit(cup), cup, cat)
write_picture(out / "cup.jpg", render(pieces, (1200, 800)))
print("cup.jpg: a cup of coffee, of pieces of the cat")
