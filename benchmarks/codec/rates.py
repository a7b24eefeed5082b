"""Rate and distortion of the picture codec beside JPEG, JPEG 2000, WebP and AVIF.

    python -m benchmarks.codec.rates --data KODAK [--keep DIR]

Our modes are asked for files of given rates, the peers climb a ladder of settings; sizes are those
of real files, and quality is that of the picture decoded from the file. Grey is luma; the PSNR of
colour is over all three channels. Per picture, curves are interpolated in log rate, never beyond
what was measured. Writes codec_grey.csv, codec_color.csv (every file), plots of the mean curves
and of each picture's, and codec.json.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks import harness
from benchmarks.codec import peers
from benchmarks.codec.ours import MODES, OURS, codec_version, through_codec
from benchmarks.codec.photos import COLORS, Photo, add_picture_options, load_photos
from benchmarks.codec.plots import PLOT_POINTS, plot_rates, plot_rates_by_picture
from benchmarks.codec.rows import (
    COLUMNS,
    KEYS,
    by_picture,
    deltas,
    judged,
    means_at_rates,
    means_by_setting,
    measure_peers,
    milliseconds,
    told,
)
from benchmarks.harness.kept import Table, kept_path
from benchmarks.harness.types import Row
from selfsame.errors import InputError

RATES = (0.1, 0.2, 0.25, 0.3, 0.5, 0.75, 1.0)
"""Bits per pixel that ours is asked for, and that tables have."""

QUICK_RATES = (0.5, 1.0)

BEYOND = 1.05
"""Ours, which never exceeds the rate asked for, is also asked for so many times the highest one, so
that its curve reaches that."""


def measure_ours(
    photo: Photo, color: str, rates: Sequence[float], table: Table, options: argparse.Namespace
) -> None:
    """Add the rows of both modes at the given rates; a rate no file can have adds none."""
    pixels = photo.pixels(color)
    version = f"{codec_version()}-{options.effort}"
    for mode, name in zip(MODES, OURS, strict=True):
        wanted = options.pure_rates if mode == "pure" and options.pure_rates else rates
        for rate in (*wanted, round(max(wanted) * BEYOND, 6)):
            key = {"picture": photo.name, "codec": name, "setting": rate, "version": version}
            if table.find(**key):
                continue
            try:
                coded = through_codec(
                    pixels, bpp=rate, mode=mode, effort=options.effort, threads=options.threads
                )
            except InputError as error:
                harness.say(f"{photo.name} {color} {name} {rate:g} bpp: {error}")
                continue
            times = {"encode_ms": coded.encode_ms, "decode_ms": coded.decode_ms}
            row = table.add(key | judged(pixels, coded.data, coded.picture) | times)
            harness.say(told(row, color))


def summary(rows: Sequence[Row], pictures: Sequence[str], rates: Sequence[float]) -> Row:
    """Return what the JSON holds of one colour."""
    codecs = list(dict.fromkeys(row["codec"] for row in rows))
    others = [codec for codec in codecs if codec not in OURS]
    return {
        "mean_at_rates": {c: means_at_rates(rows, c, pictures, rates) for c in codecs},
        "mean_by_setting": {c: means_by_setting(rows, c, pictures) for c in codecs},
        "bjontegaard": [
            deltas(rows, ours, against, pictures)
            for ours in OURS
            if ours in codecs
            for against in (*others, *(o for o in OURS if o != ours and o in codecs))
        ],
        "milliseconds": {c: milliseconds(rows, c, rates) for c in codecs},
    }


def tables(color: str, found: Row, rates: Sequence[float]) -> str:
    """Return the tables of one colour as text."""
    shown = []
    for codec, means in found["mean_at_rates"].items():
        own = {f"{row['bpp']:g}": row["psnr_db"] for row in means}
        shown.append({"codec": codec, **own, **found["milliseconds"][codec]})
    columns = ["codec", *(f"{rate:g}" for rate in rates), "encode_ms", "decode_ms"]
    against = ["codec", "against"]
    for label in ("bd_rate_percent", "bd_psnr_db"):
        against += [label, f"{label}_worst", f"{label}_pictures"]
    return "\n\n".join(
        [
            f"{color}: mean PSNR in dB at bits per pixel, milliseconds",
            harness.markdown_table(shown, columns),
            harness.markdown_table(found["bjontegaard"], against),
        ]
    )


def plots(
    folder: Path, color: str, rows: Sequence[Row], found: Row, rates: Sequence[float]
) -> None:
    """Write codec_COLOR.png, the mean curves, and codec_COLOR_pictures.png, each picture's."""
    names = list(dict.fromkeys(row["picture"] for row in rows))
    fine = np.geomspace(min(rates), max(rates), PLOT_POINTS).tolist()
    lines = {
        codec: [
            (row["bpp"], row["psnr_db"])
            for row in means_at_rates(rows, codec, names, fine)
            if row["psnr_db"] is not None
        ]
        for codec in found["mean_at_rates"]
    }
    points: dict[str, list[tuple[float, float]]] = {}
    for row in peers.PUBLISHED:
        if row.get("color") == color and row["codec"] == "FIASCO":
            points.setdefault("FIASCO (published, 24 pictures)", []).append(
                (row["bpp"], row["psnr_db"])
            )
    title = f"{color}, mean of {len(names)} pictures"
    curves = {codec: values for codec, values in lines.items() if values}
    plot_rates(folder / f"codec_{color}.png", title, curves, points)
    groups = {
        name: {
            codec: [(r["bpp"], r["psnr_db"]) for r in by_picture(rows, codec).get(name, [])]
            for codec in found["mean_at_rates"]
        }
        for name in names
    }
    plot_rates_by_picture(folder / f"codec_{color}_pictures.png", groups)


def main() -> None:
    parser = harness.parser(__doc__)
    add_picture_options(parser)
    parser.add_argument("--effort", type=int, default=5, choices=range(1, 10), metavar="1…9")
    parser.add_argument("--rates", type=float, nargs="+", metavar="BPP", help="[default: 0.1 … 1]")
    parser.add_argument(
        "--pure-rates", type=float, nargs="+", metavar="BPP", help="[default: as --rates]"
    )
    parser.add_argument("--colors", nargs="+", choices=COLORS, default=list(COLORS))
    options = parser.parse_args()
    rates = tuple(options.rates or (QUICK_RATES if options.quick else RATES))
    photos = load_photos(options)
    names = [photo.name for photo in photos]
    folder = harness.output_folder(options)
    results: Row = {"pictures": names, "rates_bpp": list(rates), "effort": options.effort}
    texts = []
    version = f"{codec_version()}-{options.effort}"
    for color in options.colors:
        name = f"codec_{color}.csv"
        table = Table(kept_path(options, name), KEYS, COLUMNS)
        for photo in photos:
            measure_peers(photo, color, max(rates), table)
            measure_ours(photo, color, rates, table, options)
        # A kept table may hold rows of other pictures, and of ours as it was before.
        rows = [
            row
            for row in table.rows.values()
            if row["picture"] in names and (row["codec"] not in OURS or row["version"] == version)
        ]
        results[color] = summary(rows, names, rates)
        texts.append(tables(color, results[color], rates))
        if folder is not None:
            harness.write_csv(folder / name, rows, COLUMNS)
            plots(folder, color, rows, results[color], rates)
    document = harness.record(
        "codec",
        harness.plain(results),
        options,
        published=peers.PUBLISHED,
        notes=[
            "real file bytes; PSNR over all channels of the decoded file, SSIM of its luma",
            "a mean at a rate is null unless the measured range of every picture holds it",
            "our encoder meets a rate, which takes it several attempts; the peers' times are of one"
            " setting, with Pillow's default threads (AVIF: all cores)",
            "WebP has no grey mode: three equal channels, luma measured; AVIF grey is monochrome;"
            " JPEG and AVIF colour are 4:2:0; JPEG 2000 uses its colour transform, no JP2 box",
            "published figures are of the codecs' own runs elsewhere, not of this one",
        ],
    )
    harness.publish(document, options, "\n\n".join(texts))


if __name__ == "__main__":
    harness.run(main)
