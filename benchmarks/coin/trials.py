"""COIN on the pictures of a benchmark: its options, its rates, a row and a log of each fit."""

import argparse
import time

import numpy as np
from PIL import Image

from benchmarks.codec.photos import Photo
from benchmarks.codec.rows import bpp_of, judge
from benchmarks.coin import network
from benchmarks.coin.training import LEARNING_RATE, STEPS, Fit, fit
from benchmarks.harness.types import Row
from selfsame.errors import InputError
from selfsame.run.device import resolve_device

QUICK_STEPS = 60

RATES = (0.15, 0.3, 0.6)

NAME = "COIN"

LOG_DB = 0.1
"""The log in the JSON has a line whenever PSNR has risen by so much."""


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
    configuration = network.configuration_for(bpp, pixels)
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
    decoded = network.decode(found.data)
    seconds = time.perf_counter() - begin
    row = {
        "picture": photo.name,
        "codec": NAME,
        "setting": str(bpp),
        "version": f"{configuration}, {found.checks[-1].step} steps of "
        f"{options.coin_learning_rate:g}, {device}",
        "bytes": len(found.data),
        "bpp": bpp_of(found.data, photo.rgb),
        **judge(photo.rgb, decoded)._asdict(),
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
