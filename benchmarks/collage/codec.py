"""Rate, distortion and speed of the collage codec beside JPEG, our block codec and COIN.

    python -m benchmarks.collage.codec --data KODAK [--refine N]
        [--aerial PICTURE --region 0,0.5,1,1]
    python -m benchmarks.collage.codec --part coin --data KODAK --reduce 4 [--keep DIR]
    python -m benchmarks.collage.codec --part speed --data KODAK --reduce 4 [--keep DIR]
    python -m benchmarks.collage.codec --part ablation --data KODAK
        --models A.safetensors B.safetensors

``rates``: curves over the step index of the shipped models, beside the published figures of COIN.
``coin``: the same beside our own COIN, all codecs on the same reduced pictures. ``speed``: seconds
at equal PSNR against COIN and against full search, and what training costs. ``ablation``: curves
of several models. Writes collage_rates.json and so on, with every file as CSV and plots.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from benchmarks import harness
from benchmarks.codec import peers
from benchmarks.codec.photos import Photo, load_photos
from benchmarks.codec.rows import (
    COLUMNS,
    KEYS,
    deltas,
    means_at_rates,
    means_by_setting,
    measure_peers,
    milliseconds,
    told,
)
from benchmarks.coin import trials as coin
from benchmarks.collage import speed, trials
from benchmarks.collage.plots import plot_curves
from benchmarks.collage.trials import OURS, REFINED, Codec
from benchmarks.harness.kept import Table, kept_path
from benchmarks.harness.types import Row
from selfsame.errors import InputError

RATES = (0.05, 0.07, 0.1, 0.15, 0.2, 0.3, 0.45, 0.6, 0.8, 1.0)
COIN_RATES = (0.1, 0.15, 0.2, 0.3, 0.45, 0.6)
QUICK_RATES = (0.3, 0.6)

REFERENCE = "JPEG"
"""What Bjøntegaard deltas are against."""

PUBLISHED = [row for row in peers.PUBLISHED if row["codec"] == coin.NAME]

NOTES = (
    "real file bytes over pixels; PSNR over all channels of the decoded file, SSIM of its luma",
    "a mean at a rate is null unless the measured range of every picture holds it",
    "auxiliary blocks are the model's, which ships with the decoder, and count in no file",
)

Part = tuple[dict[str, Any], list[str], list[str]]
"""Results, tables as text, further notes."""


def summary(rows: Sequence[Row], names: Sequence[str], rates: Sequence[float]) -> Row:
    """Return means at rates and by setting, deltas against the reference, and times."""
    codecs = list(dict.fromkeys(row["codec"] for row in rows))
    others = [name for name in codecs if name != REFERENCE]
    return {
        "pictures": list(names),
        "mean_at_rates": {c: means_at_rates(rows, c, names, rates) for c in codecs},
        "mean_by_setting": {c: means_by_setting(rows, c, names) for c in codecs},
        "bjontegaard": [deltas(rows, one, REFERENCE, names) for one in others],
        "milliseconds": {c: milliseconds(rows, c, rates) for c in codecs},
    }


def beside_published(rows: Sequence[Row], names: Sequence[str]) -> list[Row]:
    """Return the mean PSNR of ours at the rates of COIN's published figures, and the gains."""
    lines = []
    for one in dict.fromkeys(r["codec"] for r in rows if r["codec"] in (OURS, REFINED)):
        means = means_at_rates(rows, one, names, [row["bpp"] for row in PUBLISHED])
        for mean, row in zip(means, PUBLISHED, strict=True):
            ours = mean["psnr_db"]
            lines.append(
                {
                    "codec": one,
                    "bpp": row["bpp"],
                    "psnr_db": ours,
                    "COIN, published": row["psnr_db"],
                    "gain_db": None if ours is None else ours - row["psnr_db"],
                }
            )
    return lines


def tables(title: str, found: Row, rates: Sequence[float]) -> list[str]:
    """Return the tables of a set of pictures as text."""
    shown = []
    for name, means in found["mean_at_rates"].items():
        own = {f"{row['bpp']:g}": row["psnr_db"] for row in means}
        shown.append({"codec": name, **own, **found["milliseconds"][name]})
    columns = ["codec", *(f"{rate:g}" for rate in rates), "encode_ms", "decode_ms"]
    against = ["codec", "against"]
    for label in ("bd_rate_percent", "bd_psnr_db"):
        against += [label, f"{label}_worst", f"{label}_best", f"{label}_pictures"]
    return [
        f"{title}: mean PSNR in dB at bits per pixel, milliseconds",
        harness.markdown_table(shown, columns),
        harness.markdown_table(found["bjontegaard"], against),
    ]


def finish(
    name: str,
    rows: Sequence[Row],
    names: Sequence[str],
    rates: Sequence[float],
    options: argparse.Namespace,
    points: bool = False,
) -> tuple[Row, list[str]]:
    """Write the rows and plots of a set of pictures; return its summary and tables."""
    found = summary(rows, names, rates)
    folder = harness.output_folder(options)
    if folder is not None:
        harness.write_csv(folder / f"{name}.csv", rows, COLUMNS)
        published = [(row["bpp"], row["psnr_db"]) for row in PUBLISHED]
        label = "COIN (published, 24 pictures of Kodak)"
        plot_curves(folder, name, rows, names, rates, {label: published} if points else {})
    return found, tables(name, found, rates)


def rates_part(options: argparse.Namespace) -> Part:
    """Return curves of photographs and of the aerial picture."""
    rates = _rates(options, RATES)
    results: Row = {
        "rates_bpp": list(rates),
        "refine": options.refine,
        "reduced_by": options.reduce,
    }
    texts: list[str] = []
    for name, (model, photos) in trials.picture_sets(options).items():
        table = _table(options, f"collage_{name}.csv")
        rows = _all_rows(Codec.load(model), photos, rates, table, options)
        names = [photo.name for photo in photos]
        found, text = finish(
            f"collage_{name}", rows, names, rates, options, points=name == "photos"
        )
        texts += text
        if name == "photos":
            found["beside_published"] = lines = beside_published(rows, names)
            texts.append(harness.markdown_table(lines, list(lines[0])))
        results[name] = found
    notes = ["published figures are of all 24 pictures of Kodak at their own size, not of this run"]
    return results, texts, notes


def coin_part(options: argparse.Namespace) -> Part:
    """Return curves on the same reduced pictures, those of our own COIN among them."""
    rates = _rates(options, COIN_RATES)
    used = Codec.load(options.model)
    _, photos = trials.picture_sets(options)["photos"]
    names = [photo.name for photo in photos]
    rows = _all_rows(used, photos, rates, _table(options, "collage_coin.csv"), options)
    for photo in photos:
        for bpp in coin.rates(options):
            row, _ = coin.fit_photo(photo, bpp, options)
            harness.say(told(row, "color"))
            rows.append(row)
    found, texts = finish("collage_coin", rows, names, rates, options)
    sizes = sorted({f"{p.rgb.shape[1]}x{p.rgb.shape[0]}" for p in photos})
    results = {"rates_bpp": list(rates), "reduced_by": options.reduce, "sizes": sizes, **found}
    return results, texts, ["every codec got the same pictures, reduced by area"]


def ablation_part(options: argparse.Namespace) -> Part:
    """Return the curves of several models on the photographs."""
    if not options.models:
        raise InputError("--part ablation needs --models: the files of two models or more")
    rates = _rates(options, RATES)
    _, photos = trials.picture_sets(options)["photos"]
    names = [photo.name for photo in photos]
    table = _table(options, "collage_ablation.csv")
    rows: list[Row] = []
    labels = [Path(model).stem for model in options.models]
    if len(set(labels)) < len(labels):
        raise InputError(f"--models need names of their own: got {', '.join(labels)}")
    for model, label in zip(options.models, labels, strict=True):
        used = Codec.load(model)
        for photo in photos:
            own = trials.collage_rows(photo, used, rates, table, options)
            rows += [row | {"codec": row["codec"].replace(OURS, label)} for row in own]
    for photo in photos:
        rows += measure_peers(photo, "color", max(rates), table, [REFERENCE])
    found, texts = finish("collage_ablation", rows, names, rates, options)
    first = labels[0]
    found["against_first"] = lines = [deltas(rows, x, first, names) for x in labels[1:]]
    columns = ["codec", "against", "bd_rate_percent", "bd_psnr_db"]
    texts.append(harness.markdown_table(lines, columns))
    return {"rates_bpp": list(rates), **found}, texts, []


def speed_part(options: argparse.Namespace) -> Part:
    """Return seconds at equal PSNR; see ``collage_speed``."""
    used = Codec.load(options.model)
    _, photos = trials.picture_sets(options)["photos"]
    whole = load_photos(options)
    return speed.measure(used, options.model, photos, whole, options)


def _all_rows(
    used: Codec,
    photos: Sequence[Photo],
    rates: Sequence[float],
    table: Table,
    options: argparse.Namespace,
) -> list[Row]:
    """Return the rows of our codecs and the peers, all pictures."""
    rows: list[Row] = []
    for photo in photos:
        rows += measure_peers(photo, "color", max(rates), table, trials.PEERS)
        rows += trials.block_rows(photo, rates, table, options)
        rows += trials.collage_rows(photo, used, rates, table, options)
    return rows


def _rates(options: argparse.Namespace, usual: Sequence[float]) -> Sequence[float]:
    return options.rates or (QUICK_RATES if options.quick else usual)


def _table(options: argparse.Namespace, name: str) -> Table:
    return Table(kept_path(options, name), KEYS, COLUMNS)


PARTS = {
    "rates": rates_part,
    "coin": coin_part,
    "speed": speed_part,
    "ablation": ablation_part,
}


def main() -> None:
    parser = harness.parser(__doc__)
    parser.add_argument("--part", choices=PARTS, default="rates")
    parser.add_argument("--models", nargs="+", metavar="FILE", help="of --part ablation")
    trials.add_options(parser)
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    results, texts, notes = PARTS[options.part](options)
    published = [*PUBLISHED, *(speed.PUBLISHED if options.part == "speed" else ())]
    document = harness.record(
        f"collage_{options.part}",
        harness.plain(results),
        options,
        published=published,
        notes=[*NOTES, *notes],
    )
    harness.publish(document, options, "\n\n".join(texts))


if __name__ == "__main__":
    harness.run(main)
