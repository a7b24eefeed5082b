"""Fitting an IFS to silhouettes at 256×256: how well, with how many maps and bytes, how fast.

A code is judged as the pictures a user sees, at thresholds that are never chosen with the
target: the *coverage* (``selfsame.render``: where any point of the attractor lies, or, for
codes with a leaf shape, the recursion) and, for codes without a leaf shape, the *drawing* (two
points to the pixel, a Gaussian on each, as protocol.py draws them), whose rare points
do not count as figure. The larger picture written with ``--renders`` is for looking at.

``--run SHAPE SPEC`` replaces the plan. A SPEC is ``gradient`` or ``distance`` and settings:
``gradient,preset=best,maps=40`` or ``distance,layout=squares:3,depth=4,restarts=4``.
"""

import argparse
import ast
import time
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np

import selfsame
from benchmarks import harness, protocol
from selfsame.cli.shared.call import set_threads
from selfsame.codes.store import pack
from selfsame.datasets import list_pictures
from selfsame.errors import InputError
from selfsame.ifs.code import IFSCode
from selfsame.ifs.distance import DistanceSettings, fit_distance
from selfsame.ifs.fit import PRESETS, FitConfig, fit
from selfsame.io.pictures import Picture, write_picture
from selfsame.metrics.pictures import chamfer_px, iou

LEVEL = 0.5
"""Threshold of pictures, and of targets whose SPEC names no other ``threshold``."""

PLAN: dict[str, tuple[str, ...]] = {
    # A grey curve half a pixel wide: its figure is every pixel that is not black.
    "koch": (
        "distance,layout=segments:4,depth=5,threshold=0",
        "distance,layout=segments:4,depth=5,threshold=0.2",
    ),
    "sierpinski": ("distance,layout=squares:3,depth=4,threshold=0.5",),
    "apple": ("gradient,maps=64,restarts=1,threshold=0.5",),
    "flower": ("gradient,maps=128,restarts=1,threshold=0.5",),
}
OTHER_PLAN = ("gradient,maps=20",)
"""For pictures of other names."""

QUICK_STEPS = 20
RENDER_SIDE = 4096
POINTS_PER_PIXEL = 2
CHAINS = 128

_SOURCE = "C. B. Scott, diff_ifs: its published checkpoints, rendered by us at 256 pixels"
PUBLISHED: tuple[dict[str, Any], ...] = (
    {"shape": "apple", "maps": 9, "IoU at 0.5": 0.92, "best IoU": 0.925, "source": _SOURCE},
    {"shape": "flower", "IoU at 0.5": 0.37, "best IoU": 0.63, "source": _SOURCE},
    {"shape": "koch", "best IoU": 0.60, "source": _SOURCE},
)

COLUMNS = [
    "shape",
    "fit",
    "maps",
    "bytes",
    "seconds",
    "IoU",
    "Chamfer px",
    "drawing IoU",
    "drawing Chamfer px",
    "render s",
]


def fit_shape(picture: Picture, spec: str, seed: int, *, quick: bool = False) -> IFSCode:
    """Return the code that a SPEC (see the module's text) fits to a picture.

    Raises:
        InputError: an unknown method or setting.
    """
    method, settings = parse_spec(spec)
    if method == "distance":
        if quick:
            settings |= {"steps": QUICK_STEPS, "refine_steps": 0, "polish_evaluations": 0}
        return fit_distance([picture], seed=seed, **settings)[0]
    preset = settings.pop("preset", "default")
    if preset not in PRESETS:
        raise InputError(f"preset must be one of {', '.join(PRESETS)}: got {preset!r}")
    config = replace(PRESETS[preset], **settings)
    if quick:
        config = replace(config, steps=QUICK_STEPS)
    return fit([picture], config, seed=seed, device="cpu").codes[0]


def parse_spec(spec: str) -> tuple[str, dict[str, Any]]:
    """Return the method and its settings; values are Python literals or else text."""
    method, *parts = spec.split(",")
    if method not in ("gradient", "distance") or not all("=" in part for part in parts):
        raise InputError(f"a SPEC is gradient or distance,NAME=VALUE,...: got {spec!r}")
    pairs = dict(part.split("=", 1) for part in parts)
    if method == "gradient":
        allowed = {"preset", *(f.name for f in fields(FitConfig))}
    else:
        allowed = {f.name for f in fields(DistanceSettings)} - {"seed"}
    unknown = set(pairs) - allowed
    if unknown:
        raise InputError(
            f"{method} has no setting {', '.join(sorted(unknown))}; it has "
            f"{', '.join(sorted(allowed))}"
        )
    return method, {name: _literal(value) for name, value in pairs.items()}


def _literal(text: str) -> Any:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def coverage(code: IFSCode, size: tuple[int, int], seed: int) -> Picture:
    """Return the library's own rendering of a code: the recursion if it has a leaf shape."""
    return selfsame.render(code, size, seed=seed)


def drawing(code: IFSCode, size: tuple[int, int], seed: int) -> Picture:
    """Return a drawing of ``POINTS_PER_PIXEL``, Gaussian points, as protocol.py draws them."""
    system, side = code.system, max(size)
    generator = np.random.default_rng(seed)
    points = protocol.sample_points(
        system.matrices,
        system.offsets,
        system.probabilities,
        generator,
        sequences=CHAINS,
        points=-(-POINTS_PER_PIXEL * size[0] * size[1] // CHAINS),
        burn_in=100,
    )
    x_min, _, _, y_max = code.viewport
    scale = max(code.viewport.width, code.viewport.height)
    square = (x_min, y_max - scale, x_min + scale, y_max)
    pixels = protocol.to_pixels(points.reshape(1, -1, 2), square, side)
    return protocol.splat(pixels, side)[0, : size[1], : size[0]].astype(np.float32)


def judge(code: IFSCode, picture: Picture, seed: int, threshold: float) -> dict[str, Any]:
    """Return IoU and mean symmetric Chamfer distance of a code's pictures."""
    wanted = picture > threshold
    size = (picture.shape[1], picture.shape[0])
    covered = coverage(code, size, seed) >= LEVEL
    row: dict[str, Any] = {"IoU": iou(covered, wanted), "Chamfer px": chamfer_px(covered, wanted)}
    if code.primitive is None:
        drawn = drawing(code, size, seed) >= LEVEL
        row |= {"drawing IoU": iou(drawn, wanted), "drawing Chamfer px": chamfer_px(drawn, wanted)}
    return row


def run_shape(
    name: str, picture: Picture, spec: str, options: argparse.Namespace
) -> dict[str, Any]:
    """Fit, judge and render one shape with one SPEC; return its row of the table."""
    harness.say(f"{name}: {spec}")
    begin = time.perf_counter()
    code = fit_shape(picture, spec, options.seed, quick=options.quick)
    seconds = time.perf_counter() - begin
    row = {
        "shape": name,
        "fit": spec,
        "maps": len(code.system),
        "bytes": len(pack(code)),
        "seconds": seconds,
        **judge(code, picture, options.seed, parse_spec(spec)[1].get("threshold", LEVEL)),
    }
    if options.renders:
        longest = 512 if options.quick else RENDER_SIDE
        height, width = picture.shape[:2]
        scale = longest / max(height, width)
        size = (round(width * scale), round(height * scale))
        begin = time.perf_counter()
        large = coverage(code, size, options.seed)
        row["render s"] = time.perf_counter() - begin
        stem = f"{name}-{spec.replace(',', '-').replace(':', '').replace('=', '')}"
        options.renders.mkdir(parents=True, exist_ok=True)
        write_picture(options.renders / f"{stem}.png", large)
        selfsame.save(code, options.renders / f"{stem}.ssm")
    return row


def load(data: Path | None) -> dict[str, Picture]:
    """Return name and grey picture of every shape: of a folder, of its ``shapes``, or made."""
    if data is None:
        return protocol.made_pictures(64)
    found = list_pictures(data / "shapes" if (data / "shapes").is_dir() else data)
    pictures = {Path(named.name).stem: named.read() for named in found}
    return {
        name: picture if picture.ndim == 2 else picture.mean(axis=2)
        for name, picture in pictures.items()
    }


def main() -> None:
    parser = harness.parser(__doc__)
    parser.add_argument(
        "--run", nargs=2, action="append", metavar=("SHAPE", "SPEC"), help="replaces the plan"
    )
    parser.add_argument(
        "--renders", type=Path, metavar="DIR", help=f"write {RENDER_SIDE}-pixel pictures and codes"
    )
    options = parser.parse_args()
    if options.threads:
        set_threads(options.threads)
    shapes = load(options.data)
    if options.run:
        missing = sorted({name for name, _ in options.run} - set(shapes))
        if missing:
            raise InputError(f"no picture {', '.join(missing)}; there are {', '.join(shapes)}")
        runs = [tuple(pair) for pair in options.run]
    else:
        runs = [(name, spec) for name in shapes for spec in PLAN.get(name, OTHER_PLAN)]
    rows = [run_shape(name, shapes[name], spec, options) for name, spec in runs]
    document = harness.record(
        "shapes",
        harness.plain({"rows": rows}),
        options,
        published=PUBLISHED,
        notes=[f"masks are pictures at least {LEVEL}; 'best IoU' of others chose its threshold"],
    )
    harness.publish(document, options, harness.markdown_table(rows, COLUMNS))


if __name__ == "__main__":
    harness.run(main)
