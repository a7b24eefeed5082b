"""COIN, a sine network per picture: what its files hold at given rates, and how long they take.

    python benchmarks/coin.py --data KODAK [--reduce 4] [--keep DIR] [--device cuda]

Adam on whole pictures (or on random pixels of them, ``--coin-batch``), the best network so far
kept; it is written as float16, counted, decoded from those bytes and judged. ``--reduce 4`` takes
pictures 4 times smaller in each direction, with networks of the same bits per pixel. ``--keep``
saves each fit as it goes: a run that was stopped goes on there, and ``collage.py`` reads the same
fits. Writes coin.csv, coin.json and coin.png: PSNR against seconds of training.
"""

import argparse
import time
from typing import Any

import numpy as np
import torch
from PIL import Image

import codec
import codec_data
import codec_peers
import coin_network
import collage_plots
import harness
from codec_data import Photo
from coin_fit import LEARNING_RATE, STEPS, Fit, fit
from selfsame.errors import InputError
from selfsame.run.device import resolve_device

QUICK_STEPS = 60
RATES = (0.15, 0.3, 0.6)
NAME = "COIN"

LOG_DB = 0.1
"""The log in the JSON has a line whenever PSNR has risen by so much."""

Row = dict[str, Any]


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the fits."""
    parser.add_argument(
        "--coin-rates", type=float, nargs="+", metavar="BPP", help=f"[default: {RATES}]"
    )
    parser.add_argument(
        "--coin-steps", type=int, metavar="N", help=f"of Adam [default: {STEPS}, as published]"
    )
    parser.add_argument(
        "--coin-batch", type=int, metavar="N", help="random pixels a step [default: all of them]"
    )
    parser.add_argument(
        "--coin-learning-rate",
        type=float,
        default=LEARNING_RATE,
        metavar="RATE",
        help=f"of Adam [default: {LEARNING_RATE:g}, as published]",
    )
    parser.add_argument(
        "--reduce", type=int, default=1, metavar="N", help="take pictures N times smaller, by area"
    )
    parser.add_argument("--device", default="cpu", help="of the fits: cpu, cuda or auto")


def reduced(photo: Photo, factor: int) -> Photo:
    """Return a photo with the means over squares of pixels, cut to a whole number of them.

    Raises:
        InputError: the factor is below 1 or the picture smaller than it.
    """
    height, width = (side - side % max(1, factor) for side in photo.rgb.shape[:2])
    if factor < 1 or not height or not width:
        raise InputError(f"--reduce must be from 1 to the picture's smaller side: got {factor}")
    rgb = Image.fromarray(photo.rgb[:height, :width]).reduce(factor)
    return Photo(photo.name, np.array(rgb))


def fit_photo(photo: Photo, bpp: float, options: argparse.Namespace) -> tuple[Row, Fit]:
    """Return the row and the fit of a photo at a rate, with the script's options."""
    pixels = photo.rgb.shape[0] * photo.rgb.shape[1]
    configuration = coin_network.configuration_for(bpp, pixels)
    device = resolve_device(options.device).type
    found = fit(
        photo.rgb,
        configuration,
        steps=options.coin_steps or (QUICK_STEPS if options.quick else STEPS),
        batch=options.coin_batch,
        learning_rate=options.coin_learning_rate,
        seed=options.seed,
        device=device,
        keep=options.keep,
        label=f"{photo.name} {configuration}",
    )
    begin = time.perf_counter()
    decoded = coin_network.decode(found.data)
    seconds = time.perf_counter() - begin
    row = {
        "picture": photo.name,
        "codec": NAME,
        "setting": str(bpp),
        "version": f"{configuration}, {found.checks[-1].step} steps of "
        f"{options.coin_learning_rate:g}, {device}",
        "bytes": len(found.data),
        "bpp": codec_data.bpp_of(found.data, photo.rgb),
        **codec_data.judge(photo.rgb, decoded)._asdict(),
        "encode_ms": found.seconds * 1000,
        "decode_ms": seconds * 1000,
    }
    return row, found


def log_of(found: Fit) -> list[list[float]]:
    """Return (step, seconds, PSNR) wherever PSNR has risen by ``LOG_DB``, first and last too."""
    kept = [found.checks[0]]
    for check in found.checks:
        if check.psnr_db >= kept[-1].psnr_db + LOG_DB:
            kept.append(check)
    if kept[-1] != found.checks[-1]:
        kept.append(found.checks[-1])
    return [[c.step, round(c.seconds, 3), round(c.psnr_db, 3)] for c in kept]


def rates(options: argparse.Namespace) -> tuple[float, ...]:
    """Return the bits per pixel that networks are chosen for."""
    return tuple(options.coin_rates or (RATES[:1] if options.quick else RATES))


def main() -> None:
    parser = harness.parser(__doc__)
    codec_data.add_options(parser)
    add_options(parser)
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    photos = [reduced(photo, options.reduce) for photo in codec_data.load_photos(options)]
    names = [photo.name for photo in photos]
    rows: list[Row] = []
    logs: dict[str, dict[str, list[list[float]]]] = {name: {} for name in names}
    for photo in photos:
        for bpp in rates(options):
            row, found = fit_photo(photo, bpp, options)
            rows.append(row)
            logs[photo.name][f"{bpp:g} bpp"] = log_of(found)
            harness.say(
                f"{photo.name} {row['version']}: {row['bpp']:.3f} bpp, {row['psnr_db']:.2f} dB,"
                f" {found.seconds:.0f} s"
            )
    means = codec.means_by_setting(rows, NAME, names)
    folder = codec_data.output_folder(options)
    if folder is not None:
        codec_data.write_csv(folder / "coin.csv", rows, codec.COLUMNS)
        collage_plots.plot_progress(folder / "coin.png", "COIN: PSNR of the file so far", logs)
    results = {"pictures": names, "reduced_by": options.reduce, "mean": means, "logs": logs}
    document = harness.record(
        "coin",
        results,
        options,
        published=[row for row in codec_peers.PUBLISHED if row["codec"] == NAME],
        notes=[
            "real file bytes, float16 weights and a header of 6; PSNR of the picture decoded from"
            " them, over all channels",
            "logs: steps, seconds of training alone, PSNR of the best file so far",
            "published figures are of all 24 pictures of Kodak at their own size",
        ],
    )
    columns = ["setting", "bpp", "psnr_db", "ssim"]
    harness.publish(document, options, harness.markdown_table(means, columns))


if __name__ == "__main__":
    harness.run(main)
