"""Encode a photograph, make it of itself, fit an IFS to a silhouette: what `make demo` runs."""

import sys
import webbrowser
from html import escape
from os import environ
from pathlib import Path

import numpy as np
import skimage

from selfsame.cli import main
from selfsame.codes.store import load
from selfsame.io.pictures import read_picture, write_picture

out = Path(sys.argv[1] if len(sys.argv) > 1 else "demo")
steps = sys.argv[2] if len(sys.argv) > 2 else "300"
out.mkdir(parents=True, exist_ok=True)

data = Path(skimage.__file__).parent / "data"


def run(*arguments: object) -> None:
    """Run one command line; end with its message if it fails."""
    if main([str(argument) for argument in arguments]):
        sys.exit("the demo failed; the message above says why")


# A photograph (scikit-image's cat, CC0) in 6000 bytes of nothing but self-similarity.
photo, cat, zoomed = data / "chelsea.png", out / "cat.ssm", out / "cat_3x.png"
forming, plot = out / "cat_forming.gif", out / "cat_partition.png"
run("encode", photo, "-o", cat, "--bytes", 6000, "--mode", "pure", "--effort", 3, "--overwrite")
run("decode", cat, "-o", zoomed, "--scale", 3, "--overwrite")
steps_of_cat = ["--start", "noise", "--animate", forming]
run("decode", cat, "-o", out / "cat.png", *steps_of_cat, "--overwrite")
run("info", cat, "--plot", plot, "--overwrite")

# The same cat, made of cats.
run("fractalize", photo, "-o", out / "cat_of_cats.png", "--scale", 6, "--overwrite")
run("fractalize", photo, "-o", out / "endless.webp", "--loop", "--frames", 60, "--overwrite")

# A horse in black on white, from scikit-image's wheel (CC0); the figure must be bright.
horse = read_picture(data / "horse.png", "grey")
target = np.pad(np.float32(1) - horse, 8)
write_picture(out / "target.png", target)

code, film, large = out / "horse.ssm", out / "fit.gif", out / "attractor.png"
settings = ["--steps", steps, "--restarts", 2, "--seed", 1, "--overwrite"]
width, height = target.shape[1] * 4, target.shape[0] * 4
run("fit", out / "target.png", "-o", code, "--animate", film, *settings)
run("render", code, "-o", large, "--size", f"{width}x{height}", "--overwrite")

# Digits that a very deep VAE makes up, at five times the size of those it has seen.
digits = ["-n", 24, "--columns", 12, "--scale", 5, "--temperature", 0.8, "--seed", 3]
run("generate", "mnist", *digits, "-o", out / "digits.png", "--overwrite")

caption = f"{len(load(code).system)} affine maps in {code.stat().st_size} bytes"
figures = {
    zoomed.name: f"a photograph in {cat.stat().st_size} bytes, decoded at three times its size",
    forming.name: "the same from noise, application by application",
    plot.name: "its blocks, and where their domains lie",
    "cat_of_cats.png": "the cat, made of cats: open it and look into an eye",
    "endless.webp": "into it, for ever",
    "digits.png": "digits made up by a network that has seen them at a fifth of this size",
    "target.png": "a silhouette",
    large.name: f"its attractor: {caption}",
    film.name: "the fit",
}
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
