"""Pictures made of themselves, at 1, 10 and 40 times their size, as in "Neural Collages".

    python -m benchmarks.mosaic.fractalized [--data FOLDER]

Shows three pictures of scikit-image, or those of a folder, and measures how near the fixed point is
to its picture at the picture's own size, and what its file takes. Writes fractalized.jpg and
fractalized.json.
"""

import time
import zlib
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks import harness
from benchmarks.harness.types import Bytes
from selfsame.codes.store import pack
from selfsame.errors import InputError
from selfsame.io.pictures import SUFFIXES, read_source, write_picture
from selfsame.metrics.pictures import psnr_db, ssim
from selfsame.mosaic import MosaicCode, Settings, fit, render, view
from selfsame.mosaic.code import CONTRAST_STEP

MAGNIFICATIONS = (1, 10, 40)
PANEL_WIDTH, GAP = 560, 8
FIGURE_WIDTH = len(MAGNIFICATIONS) * (PANEL_WIDTH + GAP) - GAP
SCALE = 8
"""Of the rendering that is timed, as the command's default."""

PLACES = {"chelsea": (150, 116), "astronaut": (168, 362), "coffee": (372, 280)}
"""Pictures of scikit-image's wheel, all free of rights, and where to look closer, in pixels."""

COLUMNS = (
    *("picture", "size", "patches", "contrast", "psnr_db", "ssim", "bytes", "zlib_bytes"),
    *("fit_s", "render_s"),
)


class Target(NamedTuple):
    """A picture and the place that is magnified."""

    name: str
    pixels: Bytes
    at: tuple[float, float]


def targets(folder: Path | None, quick: bool) -> list[Target]:
    """Return the pictures of a folder, magnified in the middle, or three of scikit-image."""
    if folder is not None:
        files = sorted(p for p in folder.iterdir() if p.suffix.lower() in SUFFIXES)
        if not files:
            raise InputError(f"{folder} holds no picture; leave out --data for three that ship")
        pictures = [(path.stem, read_source(path).pixels) for path in files[: 1 if quick else None]]
        return [Target(n, p, (p.shape[1] / 2, p.shape[0] / 2)) for n, p in pictures]
    from skimage import data

    chosen = list(PLACES.items())[: 1 if quick else None]
    return [Target(name, getattr(data, name)(), at) for name, at in chosen]


def triptych(code: MosaicCode, at: tuple[float, float]) -> Bytes:
    """Return the picture at all magnifications side by side, (H, W, 3)."""
    size = PANEL_WIDTH, round(PANEL_WIDTH * code.height / code.width)
    gap = np.full((size[1], GAP, 3), 255, np.uint8)
    panels = []
    for magnification in MAGNIFICATIONS:
        panel = view(code, magnification, at, size)
        panels += [np.broadcast_to(panel, (size[1], size[0], 3)), gap]
    return np.concatenate(panels[:-1], axis=1)


def zlib_bytes(code: MosaicCode) -> int:
    """Return what zlib, at its best, makes of the numbers of a code: those of the patches that the
    file holds, one kind after the other, the tree as one byte a patch, its level."""
    parts = (code.cells[:, 0].astype(np.uint8), code.isometries, code.contrasts)
    columns = [*parts, code.means.T, code.slopes.reshape(len(code.cells), -1).T]
    return len(zlib.compress(b"".join(column.tobytes() for column in columns), 9))


def measured(target: Target, threads: int | None) -> tuple[MosaicCode, dict[str, Any]]:
    """Return the code of a picture, and its row of the table."""
    settings = Settings()
    begin = time.perf_counter()
    code = fit(target.pixels, settings)
    fitted = time.perf_counter()
    large = render(code, (SCALE * code.width, SCALE * code.height), threads=threads)
    done = time.perf_counter()
    shape = code.height, SCALE, code.width, SCALE, code.channels
    from_afar = large.reshape(shape).mean(axis=(1, 3), dtype=np.float32).squeeze() / 255
    black, white = settings.tones
    wanted = black + (white - black) * target.pixels / 255
    return code, {
        "picture": target.name,
        "size": f"{code.width}x{code.height}",
        "patches": len(code.cells),
        "contrast": float(np.median(code.contrasts) * CONTRAST_STEP),
        "psnr_db": psnr_db(from_afar, wanted),
        "ssim": ssim(from_afar, wanted),
        "clipped_share": float(((large == 0) | (large == 255)).mean()),
        "bytes": len(pack(code)),
        "zlib_bytes": zlib_bytes(code),
        "fit_s": fitted - begin,
        "render_s": done - fitted,
    }


def main() -> None:
    """Make the figure and the table."""
    parser = harness.parser(__doc__)
    parser.add_argument(
        "--figure", type=Path, metavar="FILE", help="the figure [default: beside the JSON]"
    )
    options = parser.parse_args()
    rows, figure = [], []
    for target in targets(options.data, options.quick):
        code, row = measured(target, options.threads)
        rows.append(row)
        figure += [triptych(code, target.at), np.full((GAP, FIGURE_WIDTH, 3), 255, np.uint8)]
        harness.say(f"{target.name}: {row['patches']} patches")
    folder = options.output or (None if options.quick else harness.RESULTS)
    path = options.figure or (folder and folder / "fractalized.jpg")
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_picture(path, np.concatenate(figure[:-1]))
    notes = [
        "psnr_db and ssim compare the rendering at 8 times the size, averaged over 8 x 8 pixels, "
        "with the picture after its black and white are moved to the settings' tones",
        "bytes is the whole file, zlib_bytes the same numbers without header in zlib at level 9",
        "contrast is the median over the patches; clipped_share counts bytes of 0 and 255",
        "seconds of the first picture include loading compiled code",
    ]
    document = harness.record("fractalized", {"rows": rows}, options, notes=notes)
    harness.publish(document, options, harness.markdown_table(rows, COLUMNS))


if __name__ == "__main__":
    harness.run(main)
