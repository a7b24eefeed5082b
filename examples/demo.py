"""Fit an IFS to a real silhouette and lay out the result in demo/: what `make demo` runs."""

import sys
import webbrowser
from html import escape
from os import environ
from pathlib import Path

import numpy as np
import skimage

from selfsame.bitstream import load
from selfsame.cli import main
from selfsame.images import read_picture, write_picture

out = Path(sys.argv[1] if len(sys.argv) > 1 else "demo")
steps = sys.argv[2] if len(sys.argv) > 2 else "300"
out.mkdir(parents=True, exist_ok=True)

# A horse in black on white, from scikit-image's wheel (CC0); the figure must be bright.
horse = read_picture(Path(skimage.__file__).parent / "data" / "horse.png", "grey")
target = np.pad(np.float32(1) - horse, 8)
write_picture(out / "target.png", target)

code, film, large = out / "horse.ssm", out / "fit.gif", out / "attractor.png"
fit = ["fit", str(out / "target.png"), "-o", str(code), "--animate", str(film)]
settings = ["--steps", steps, "--restarts", "2", "--seed", "1", "--overwrite"]
width, height = target.shape[1] * 4, target.shape[0] * 4
render = ["render", str(code), "-o", str(large), "--size", f"{width}x{height}", "--overwrite"]
if main([*fit, *settings]) or main(render):
    sys.exit("the demo failed; the message above says why")

caption = f"{len(load(code).system)} affine maps in {code.stat().st_size} bytes"
figures = {"target.png": "target", large.name: f"its attractor: {caption}", film.name: "the fit"}
body = "".join(
    f'<figure><img src="{name}"><figcaption>{escape(text)}</figcaption></figure>'
    for name, text in figures.items()
)
style = (
    "body{background:#111;color:#eee;font:1rem sans-serif}figure{display:inline-block;margin:1rem}"
)
page = out / "index.html"
page.write_text(
    f"<!doctype html><title>Selfsame</title><style>{style}img{{height:24rem}}</style>{body}"
)
print(f"{caption}; open {page.resolve()}")
if environ.get("DISPLAY") or sys.platform in ("darwin", "win32"):
    webbrowser.open(page.resolve().as_uri())
