"""Rate and distortion of the picture codec beside JPEG, JPEG 2000, WebP and AVIF.

    python benchmarks/codec.py --data KODAK [--keep DIR]

Our modes are asked for files of given rates, the peers climb a ladder of settings; sizes are those
of real files, and quality is that of the picture decoded from the file. Grey is luma; the PSNR of
colour is over all three channels. Per picture, curves are interpolated in log rate, never beyond
what was measured. Writes codec_grey.csv, codec_color.csv (every file), plots of the mean curves
and of each picture's, and codec.json.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import bjontegaard
import codec_data
import codec_peers
import codec_plots
import harness
from codec_data import COLORS, MODES, Bytes, Photo, Table
from selfsame.errors import InputError

RATES = (0.1, 0.2, 0.25, 0.3, 0.5, 0.75, 1.0)
"""Bits per pixel that ours is asked for, and that tables have."""

QUICK_RATES = (0.5, 1.0)

BEYOND = 1.05
"""Ours, which never exceeds the rate asked for, is also asked for so many times the highest one, so
that its curve reaches that."""

PLOT_POINTS = 40

OURS = tuple(f"{codec_plots.OURS} {mode}" for mode in MODES)

KEYS = ("picture", "codec", "setting", "version")
COLUMNS = (*KEYS, "bytes", "bpp", "psnr_db", "ssim", "encode_ms", "decode_ms")

Row = dict[str, Any]


def measure_ours(
    photo: Photo, color: str, rates: Sequence[float], table: Table, options: argparse.Namespace
) -> None:
    """Add the rows of both modes at the given rates; a rate no file can have adds none."""
    pixels = photo.pixels(color)
    version = f"{codec_data.codec_version()}-{options.effort}"
    for mode, name in zip(MODES, OURS, strict=True):
        wanted = options.pure_rates if mode == "pure" and options.pure_rates else rates
        for rate in (*wanted, round(max(wanted) * BEYOND, 6)):
            key = {"picture": photo.name, "codec": name, "setting": rate, "version": version}
            if table.find(**key):
                continue
            try:
                coded = codec_data.through_codec(
                    pixels, bpp=rate, mode=mode, effort=options.effort, threads=options.threads
                )
            except InputError as error:
                harness.say(f"{photo.name} {color} {name} {rate:g} bpp: {error}")
                continue
            times = {"encode_ms": coded.encode_ms, "decode_ms": coded.decode_ms}
            row = table.add(key | judged(pixels, coded.data, coded.picture) | times)
            harness.say(told(row, color))


def measure_peers(
    photo: Photo, color: str, highest: float, table: Table, names: Sequence[str] | None = None
) -> list[Row]:
    """Add and return the rows of every peer, or of those with ``names``, up its ladder until
    ``highest`` bits per pixel are passed."""
    from PIL import __version__ as version

    pixels = photo.pixels(color)
    rows: list[Row] = []
    for peer in codec_peers.available(color):
        if names is not None and peer.name not in names:
            continue
        row: Row | None = None
        for setting in peer.ladder:
            key = {
                "picture": photo.name,
                "codec": peer.name,
                "setting": setting,
                "version": version,
            }
            row = table.find(**key)
            if row is None:
                begin = time.perf_counter()
                data = peer.encode(pixels, setting)
                middle = time.perf_counter()
                picture = peer.decode(data, color)
                end = time.perf_counter()
                times = {
                    "encode_ms": (middle - begin) * 1000,
                    "decode_ms": (end - middle) * 1000,
                }
                row = table.add(key | judged(pixels, data, picture) | times)
            rows.append(row)
            if row["bpp"] > highest * codec_peers.MARGIN:
                break
        if row:
            harness.say(told(row, color))
    return rows


def judged(pixels: Bytes, data: bytes, picture: Bytes) -> Row:
    """Return what a row says of a file and the picture decoded from it."""
    quality = codec_data.judge(pixels, picture)
    return {"bytes": len(data), "bpp": codec_data.bpp_of(data, pixels), **quality._asdict()}


def told(row: Row, color: str) -> str:
    """Return a row as a line of progress."""
    return (
        f"{row['picture']} {color} {row['codec']}: {row['bpp']:.3f} bpp, {row['psnr_db']:.2f} dB,"
        f" {row['encode_ms']:.0f} + {row['decode_ms']:.0f} ms"
    )


def by_picture(rows: Sequence[Row], codec: str) -> dict[str, list[Row]]:
    """Return the rows of one codec by picture, at rising rate."""
    found: dict[str, list[Row]] = {}
    for row in sorted((r for r in rows if r["codec"] == codec), key=lambda r: r["bpp"]):
        found.setdefault(row["picture"], []).append(row)
    return found


def means_at_rates(
    rows: Sequence[Row], codec: str, pictures: Sequence[str], rates: Sequence[float]
) -> list[Row]:
    """Return the mean PSNR and SSIM over the pictures at each rate, interpolated in each picture.

    A mean is None unless every picture's measured range holds the rate: a mean over those that
    happen to reach it would be one of easier pictures. ``pictures`` says how many do.
    """
    own = by_picture(rows, codec)
    result = []
    for rate in rates:
        row: Row = {"bpp": rate}
        for measure in ("psnr_db", "ssim"):
            values = [
                bjontegaard.value_at([r["bpp"] for r in of], [r[measure] for r in of], rate)
                for of in (own.get(name, []) for name in pictures)
            ]
            there = [value for value in values if value is not None]
            row["pictures"] = len(there)
            row[measure] = codec_data.mean(there) if len(there) == len(pictures) else None
        result.append(row)
    return result


def means_by_setting(rows: Sequence[Row], codec: str, pictures: Sequence[str]) -> list[Row]:
    """Return mean rate against mean PSNR and SSIM of every setting that all pictures have."""
    own = [row for row in rows if row["codec"] == codec]
    result = []
    for setting in dict.fromkeys(row["setting"] for row in own):
        of = [row for row in own if row["setting"] == setting]
        if len(of) == len(pictures):
            means = {m: codec_data.mean([r[m] for r in of]) for m in ("bpp", "psnr_db", "ssim")}
            result.append({"setting": float(setting), **means})
    return sorted(result, key=lambda row: row["bpp"])


def deltas(rows: Sequence[Row], codec: str, against: str, pictures: Sequence[str]) -> Row:
    """Return the Bjøntegaard deltas of ``codec`` against another: their mean over the pictures, and
    the worst and best picture."""
    curves = [
        {
            name: bjontegaard.curve([r["bpp"] for r in of], [r["psnr_db"] for r in of])
            for name, of in by_picture(rows, one).items()
        }
        for one in (against, codec)
    ]
    result: Row = {"codec": codec, "against": against}
    measures: Mapping[str, tuple[Callable[..., float | None], Callable[..., float]]] = {
        "bd_rate_percent": (bjontegaard.bd_rate, max),
        "bd_psnr_db": (bjontegaard.bd_psnr, min),
    }
    for label, (measure, worst) in measures.items():
        values = [measure(*(of.get(name) for of in curves)) for name in pictures]
        there = [value for value in values if value is not None]
        result[label] = codec_data.mean(there)
        result[f"{label}_worst"] = worst(there) if there else None
        result[f"{label}_best"] = (min if worst is max else max)(there) if there else None
        result[f"{label}_pictures"] = len(there)
    return result


def milliseconds(rows: Sequence[Row], codec: str, rates: Sequence[float]) -> Row:
    """Return median times over all pictures at settings within the rates of the tables."""
    own = [r for r in rows if r["codec"] == codec and min(rates) * 0.9 <= r["bpp"] <= max(rates)]
    return {
        f"{what}_ms": statistics.median(r[f"{what}_ms"] for r in own) if own else None
        for what in ("encode", "decode")
    }


def summary(rows: Sequence[Row], pictures: Sequence[str], rates: Sequence[float]) -> Row:
    """Return what the JSON holds of one colour."""
    codecs = list(dict.fromkeys(row["codec"] for row in rows))
    peers = [codec for codec in codecs if codec not in OURS]
    return {
        "mean_at_rates": {c: means_at_rates(rows, c, pictures, rates) for c in codecs},
        "mean_by_setting": {c: means_by_setting(rows, c, pictures) for c in codecs},
        "bjontegaard": [
            deltas(rows, ours, against, pictures)
            for ours in OURS
            if ours in codecs
            for against in (*peers, *(o for o in OURS if o != ours and o in codecs))
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
    for row in codec_peers.PUBLISHED:
        if row.get("color") == color and row["codec"] == "FIASCO":
            points.setdefault("FIASCO (published, 24 pictures)", []).append(
                (row["bpp"], row["psnr_db"])
            )
    title = f"{color}, mean of {len(names)} pictures"
    curves = {codec: values for codec, values in lines.items() if values}
    codec_plots.plot_rates(folder / f"codec_{color}.png", title, curves, points)
    groups = {
        name: {
            codec: [(r["bpp"], r["psnr_db"]) for r in by_picture(rows, codec).get(name, [])]
            for codec in found["mean_at_rates"]
        }
        for name in names
    }
    codec_plots.plot_rates_by_picture(folder / f"codec_{color}_pictures.png", groups)


def main() -> None:
    parser = harness.parser(__doc__)
    codec_data.add_options(parser)
    parser.add_argument("--effort", type=int, default=5, choices=range(1, 10), metavar="1…9")
    parser.add_argument("--rates", type=float, nargs="+", metavar="BPP", help="[default: 0.1 … 1]")
    parser.add_argument(
        "--pure-rates", type=float, nargs="+", metavar="BPP", help="[default: as --rates]"
    )
    parser.add_argument("--colors", nargs="+", choices=COLORS, default=list(COLORS))
    options = parser.parse_args()
    rates = tuple(options.rates or (QUICK_RATES if options.quick else RATES))
    photos = codec_data.load_photos(options)
    names = [photo.name for photo in photos]
    folder = codec_data.output_folder(options)
    results: Row = {"pictures": names, "rates_bpp": list(rates), "effort": options.effort}
    texts = []
    version = f"{codec_data.codec_version()}-{options.effort}"
    for color in options.colors:
        name = f"codec_{color}.csv"
        table = Table(codec_data.kept_path(options, name), KEYS, COLUMNS)
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
            codec_data.write_csv(folder / name, rows, COLUMNS)
            plots(folder, color, rows, results[color], rates)
    document = harness.record(
        "codec",
        harness.plain(results),
        options,
        published=codec_peers.PUBLISHED,
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
