"""Decoding beyond the coded resolution against Lanczos and bicubic interpolation.

    python -m benchmarks.codec.superres --data KODAK [--keep DIR]

Originals are made 2 and 4 times smaller, encoded, and decoded at 2 and 4 times the size. The same
file decoded at its own size, then enlarged by Pillow, is the fair rival; the small picture itself,
enlarged without any coding, the upper one. Also: whether blocks with a map are enlarged better than
the others. Writes superres.csv, superres.png (crops to look at) and superres.json.
"""

import argparse
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks import harness
from benchmarks.codec.ours import MODES, Coded, codec_version, through_codec
from benchmarks.codec.photos import Photo, add_picture_options, load_photos
from benchmarks.codec.rows import bpp_of, judge
from benchmarks.harness import plotting
from benchmarks.harness.kept import Table, kept_path
from benchmarks.harness.types import Bytes
from selfsame.pifs.code import NO_MAP, PifsCode

FACTORS = (2, 4)
REDUCTIONS = {"area": Image.Resampling.BOX, "lanczos": Image.Resampling.LANCZOS}
"""How originals are made smaller: the mean over squares of pixels, and Pillow's Lanczos filter."""

ENLARGEMENTS = {"Lanczos": Image.Resampling.LANCZOS, "bicubic": Image.Resampling.BICUBIC}

RATES = (0.5, 1.0, 2.0)
"""Bits per pixel of the small picture."""

HIGH_QUALITY = 95.0
OURS = "selfsame"
UNCODED = "not coded"

KEYS = ("picture", "factor", "reduction", "coding", "target", "method", "version")
PARTS = ("edge", "mapped", "other")
"""Where PSNR is taken apart: at edges, in luma blocks with a map, in those without."""

COLUMNS = (
    *KEYS,
    "bpp",
    "psnr_db",
    "ssim",
    "sharpness",
    "mapped_share",
    *(f"{p}_psnr_db" for p in PARTS),
)

EDGES = 0.1
"""Share of the pixels, by gradient of the original, that count as edges."""

SHEET_FACTOR, SHEET_TARGET, SHEET_ROWS, CROP = 4, "2 bpp", 4, 128


def whole(rgb: Bytes) -> Bytes:
    """Return the picture cut so that the largest factor divides its sides."""
    height, width = (side - side % max(FACTORS) for side in rgb.shape[:2])
    return np.ascontiguousarray(rgb[:height, :width])


def smaller(rgb: Bytes, factor: int, reduction: str) -> Bytes:
    """Return a picture reduced by a whole factor."""
    size = (rgb.shape[1] // factor, rgb.shape[0] // factor)
    return np.asarray(Image.fromarray(rgb).resize(size, REDUCTIONS[reduction]))


def enlarged(pixels: Bytes, factor: int, method: str) -> Bytes:
    """Return a picture enlarged by one of ``ENLARGEMENTS``."""
    size = (pixels.shape[1] * factor, pixels.shape[0] * factor)
    return np.asarray(Image.fromarray(pixels).resize(size, ENLARGEMENTS[method]))


def mapped_pixels(code: PifsCode, factor: int) -> NDArray[np.bool_]:
    """Return where luma is predicted by a map, (height, width) times ``factor``."""
    luma = code.planes[0]
    mask = np.zeros(luma.levels.shape, bool)
    for (y, x, lh, lw), kind in zip(luma.blocks.tolist(), luma.maps[:, 0].tolist(), strict=True):
        mask[y : y + (1 << lh), x : x + (1 << lw)] = kind != NO_MAP
    return np.kron(mask[: code.height, : code.width], np.ones((factor, factor), bool)) > 0


def gradients(picture: Bytes) -> NDArray[np.float64]:
    """Return the magnitude of the gradient of luma at every pixel."""
    grey = np.asarray(Image.fromarray(picture).convert("L"), np.float64)
    magnitude: NDArray[np.float64] = np.hypot(*np.gradient(grey))
    return magnitude


def judged(original: Bytes, picture: Bytes) -> dict[str, Any]:
    """Return what is measured of every enlargement. ``sharpness`` is the mean gradient over that of
    the original; above 1 is sharper, or noisier, than that."""
    steep = gradients(original)
    edges = steep > np.quantile(steep, 1 - EDGES)
    return {
        **judge(original, picture)._asdict(),
        "sharpness": float(gradients(picture).mean() / steep.mean()) if steep.any() else None,
        "edge_psnr_db": psnr_within(original, picture, edges),
    }


def psnr_within(original: Bytes, other: Bytes, mask: NDArray[np.bool_]) -> float | None:
    """Return the PSNR over the pixels of a mask; None if it is empty or they are equal."""
    if not mask.any():
        return None
    difference = original[mask].astype(np.float64) - other[mask]
    error = float(np.mean(difference**2))
    return None if error == 0 else 10 * float(np.log10(255**2 / error))


def codings(options: argparse.Namespace) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield mode, label of the target, and settings of ``selfsame.encode``."""
    for mode in MODES:
        for rate in options.rates:
            yield mode, f"{rate:g} bpp", {"bpp": rate}
        yield mode, f"quality {HIGH_QUALITY:g}", {"quality": HIGH_QUALITY}


def measure(photo: Photo, table: Table, options: argparse.Namespace) -> None:
    """Add all rows of a picture."""
    original = whole(photo.rgb)
    for factor in FACTORS:
        for reduction in REDUCTIONS:
            key = {"picture": photo.name, "factor": factor, "reduction": reduction}
            small = smaller(original, factor, reduction)
            for method in ENLARGEMENTS:
                own = {"coding": UNCODED, "target": "", "method": method, "version": ""}
                if table.find(**key, **own) is None:
                    table.add(key | own | judged(original, enlarged(small, factor, method)))
            for mode, target, settings in codings(options):
                own = {"coding": mode, "target": target, "version": codec_version()}
                if table.find(**key, **own, method=OURS):
                    continue
                for row in rows_of_file(original, small, factor, mode, settings, options):
                    table.add(key | own | row)
                harness.say(f"{photo.name} ×{factor} {reduction} {mode} {target}")


def rows_of_file(
    original: Bytes,
    small: Bytes,
    factor: int,
    mode: str,
    settings: dict[str, Any],
    options: argparse.Namespace,
) -> list[dict[str, Any]]:
    """Return a row for each way to enlarge what one file holds, ours last."""
    coded, large = enlarged_by_code(small, factor, mode, settings, options)
    mask = mapped_pixels(coded.code, factor)
    rows = []
    for method in (*ENLARGEMENTS, OURS):
        picture = large if method == OURS else enlarged(coded.picture, factor, method)
        rows.append(
            {
                "method": method,
                "bpp": bpp_of(coded.data, small),
                **judged(original, picture),
                "mapped_share": float(mask.mean()),
                "mapped_psnr_db": psnr_within(original, picture, mask),
                "other_psnr_db": psnr_within(original, picture, ~mask),
            }
        )
    return rows


def enlarged_by_code(
    small: Bytes, factor: int, mode: str, settings: dict[str, Any], options: argparse.Namespace
) -> tuple[Coded, Bytes]:
    """Return a small picture through the codec, and its file decoded at ``factor``."""
    import selfsame
    from selfsame.codes import store
    from selfsame.io.pictures import to_uint8

    coded = through_codec(small, mode=mode, threads=options.threads, **settings)
    large = selfsame.decode(store.unpack(coded.data), scale=factor, threads=options.threads)
    return coded, to_uint8(large)


def summary(rows: Sequence[dict[str, Any]], pictures: Sequence[str]) -> list[dict[str, Any]]:
    """Return a row for each factor, reduction and coding: mean quality by method, our gain over
    Lanczos of the same file, in how many pictures we win, and the gain within and without maps."""
    groups: dict[tuple[Any, ...], dict[str, dict[str, dict[str, Any]]]] = {}
    for row in rows:
        group = tuple(row[k] for k in ("factor", "reduction", "coding", "target"))
        groups.setdefault(group, {}).setdefault(row["method"], {})[row["picture"]] = row
    result = []
    for (factor, reduction, coding, target), methods in groups.items():
        line: dict[str, Any] = {
            "factor": int(factor),
            "reduction": reduction,
            "coding": coding,
            "target": target,
        }
        for method, own in methods.items():
            if set(own) != set(pictures):
                continue
            for measure in ("psnr_db", "ssim", "sharpness"):
                values = [r[measure] for r in own.values() if r[measure] is not None]
                line[f"{method} {measure}"] = harness.mean(values)
        if OURS in methods:
            pairs = [(own, methods["Lanczos"][name]) for name, own in methods[OURS].items()]
            line["bpp"] = harness.mean([own["bpp"] for own, _ in pairs])
            line["mapped_share"] = harness.mean([own["mapped_share"] for own, _ in pairs])
            for label, column in (
                ("gain", "psnr_db"),
                ("gain at edges", "edge_psnr_db"),
                ("gain in maps", "mapped_psnr_db"),
                ("gain elsewhere", "other_psnr_db"),
            ):
                gains = [
                    own[column] - rival[column]
                    for own, rival in pairs
                    if own[column] is not None and rival[column] is not None
                ]
                line[f"{label}, dB"] = harness.mean(gains)
            line["gain SSIM"] = harness.mean([own["ssim"] - r["ssim"] for own, r in pairs])
            line["wins"] = sum(own["psnr_db"] > rival["psnr_db"] for own, rival in pairs)
            line["pictures"] = len(pairs)
        result.append(line)
    return result


def busiest_corner(rgb: Bytes, side: int) -> tuple[int, int]:
    """Return top and left of the square, on a grid of its half side, with most contrast."""
    grey = np.asarray(Image.fromarray(rgb).convert("L"), np.float64)
    corners = [
        (top, left)
        for top in range(0, max(1, grey.shape[0] - side + 1), max(1, side // 2))
        for left in range(0, max(1, grey.shape[1] - side + 1), max(1, side // 2))
    ]
    return max(corners, key=lambda c: grey[c[0] : c[0] + side, c[1] : c[1] + side].std())


def sheet(photos: Sequence[Photo], options: argparse.Namespace) -> list[tuple[str, list[Any]]]:
    """Return crops of the original and of every way to get at it, a row for each picture."""
    rows = []
    rate = max(options.rates)
    for photo in photos[:SHEET_ROWS]:
        original = whole(photo.rgb)
        small = smaller(original, SHEET_FACTOR, "area")
        side = min(CROP, *original.shape[:2])
        top, left = busiest_corner(original, side)
        shown = [("original", original), ("Lanczos, not coded", enlarged(small, 4, "Lanczos"))]
        for mode in MODES:
            coded, large = enlarged_by_code(small, SHEET_FACTOR, mode, {"bpp": rate}, options)
            interpolated = enlarged(coded.picture, SHEET_FACTOR, "Lanczos")
            shown.append((f"{mode} {rate:g} bpp, Lanczos", interpolated))
            shown.append((f"{mode} {rate:g} bpp, decoded ×{SHEET_FACTOR}", large))
        crops = []
        for caption, picture in shown:
            quality = judge(original, picture)
            told = caption if picture is original else f"{caption}\n{quality.psnr_db:.2f} dB"
            crops.append((told, picture[top : top + side, left : left + side]))
        rows.append((photo.name, crops))
    return rows


def main() -> None:
    parser = harness.parser(__doc__)
    add_picture_options(parser)
    parser.add_argument("--rates", type=float, nargs="+", metavar="BPP", help="[default: 0.5 1 2]")
    options = parser.parse_args()
    options.rates = options.rates or (RATES[-1:] if options.quick else RATES)
    options.pictures = options.pictures or (1 if options.quick else None)
    photos = load_photos(options)
    names = [photo.name for photo in photos]
    table = Table(kept_path(options, "superres.csv"), KEYS, COLUMNS)
    for photo in photos:
        measure(photo, table, options)
    versions = ("", codec_version())
    targets = ("", *(target for _, target, _ in codings(options)))
    rows = [
        row
        for row in table.rows.values()
        if row["picture"] in names and row["version"] in versions and row["target"] in targets
    ]
    lines = summary(rows, names)
    folder = harness.output_folder(options)
    if folder is not None:
        harness.write_csv(folder / "superres.csv", rows, COLUMNS)
        plotting.plot_pictures(folder / "superres.png", sheet(photos, options))
    document = harness.record(
        "superres",
        harness.plain({"pictures": names, "rows": lines}),
        options,
        notes=[
            "against the original of full size; PSNR over R, G and B, SSIM of luma",
            "gain: ours less Lanczos of the same file decoded at its own size; in maps: only where"
            " a luma block has a map; at edges: the tenth of the pixels where the original is"
            " steepest; wins: pictures with a gain in PSNR",
            "sharpness: mean gradient of luma over the original's",
            "bits per pixel of the small picture",
        ],
    )
    columns = ["factor", "reduction", "coding", "target", "selfsame psnr_db", "Lanczos psnr_db"]
    columns += ["bicubic psnr_db", "selfsame ssim", "Lanczos ssim", "gain, dB", "wins"]
    columns += ["selfsame sharpness", "Lanczos sharpness", "gain at edges, dB"]
    columns += ["mapped_share", "gain in maps, dB", "gain elsewhere, dB"]
    harness.publish(document, options, harness.markdown_table(lines, columns))


if __name__ == "__main__":
    harness.run(main)
