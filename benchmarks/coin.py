"""COIN, a sine network per picture: what its files hold at given rates, and how long they take.

    python benchmarks/coin.py --data KODAK [--reduce 4] [--keep DIR] [--device cuda]

Adam on whole pictures (or on random pixels of them, ``--coin-batch``), the best network so far
kept; it is written as float16, counted, decoded from those bytes and judged. ``--reduce 4`` takes
pictures 4 times smaller in each direction, with networks of the same bits per pixel. ``--keep``
saves each fit as it goes: a run that was stopped goes on there, and ``collage.py`` reads the same
fits. Writes coin.csv, coin.json and coin.png: PSNR against seconds of training.
"""

import argparse
import hashlib
import io
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from tqdm import tqdm

import codec
import codec_data
import codec_peers
import coin_network
import collage_plots
import harness
from codec_data import Bytes, Photo
from coin_network import CHUNK_PIXELS, Configuration
from selfsame.device import resolve_device
from selfsame.errors import InputError
from selfsame.files import write_bytes
from selfsame.metrics import psnr_db

STEPS = 50_000
LEARNING_RATE = 2e-4
"""Both of the authors."""

QUICK_STEPS = 60
RATES = (0.15, 0.3, 0.6)
NAME = "COIN"

CHECK_SHARE, LEAST_CHECK, MOST_CHECK = 0.05, 10, 200
"""A file is made and judged after so many more steps: a share of those done, within limits."""

SAVE_SECONDS = 60.0

LOG_DB = 0.1
"""The log in the JSON has a line whenever PSNR has risen by so much."""

Row = dict[str, Any]


class Check(NamedTuple):
    """What a fit had reached: optimiser steps, seconds spent on them, PSNR of the best file."""

    step: int
    seconds: float
    psnr_db: float


class Fit(NamedTuple):
    """The best file of a fit and the way to it."""

    data: bytes
    checks: list[Check]

    @property
    def psnr_db(self) -> float:
        """Of the picture decoded from the file."""
        return self.checks[-1].psnr_db

    @property
    def seconds(self) -> float:
        """Of training, without judging and saving."""
        return self.checks[-1].seconds

    def seconds_to(self, wanted_db: float) -> float | None:
        """Return the seconds after which a file had this PSNR, or None if none ever had."""
        return next((c.seconds for c in self.checks if c.psnr_db >= wanted_db), None)


class _State:
    """A fit between two steps; everything that a checkpoint holds."""

    def __init__(
        self, configuration: Configuration, learning_rate: float, seed: int, device: str
    ) -> None:
        self.generator = torch.Generator().manual_seed(seed)
        first = coin_network.initial_weights(configuration, self.generator)
        self.weights = first.to(device).requires_grad_()
        self.optimiser = torch.optim.Adam([self.weights], learning_rate)
        # Since the last check: the least loss and the weights that had it.
        self.least = torch.full((), torch.inf, device=device)
        self.candidate = self.weights.detach().clone()
        self.step = 0
        self.seconds = 0.0
        self.data = b""
        self.checks: list[Check] = []

    def save(self, path: Path) -> None:
        parts = {
            "weights": self.weights.detach(),
            "optimiser": self.optimiser.state_dict(),
            "least": self.least,
            "candidate": self.candidate,
            "generator": self.generator.get_state(),
            "progress": (self.step, self.seconds),
            "data": self.data,
            "checks": [tuple(check) for check in self.checks],
        }
        stream = io.BytesIO()
        torch.save(parts, stream)
        write_bytes(path, stream.getvalue())

    def load(self, path: Path) -> None:
        parts = torch.load(path, map_location=self.weights.device, weights_only=True)
        with torch.no_grad():
            self.weights.copy_(parts["weights"])
        self.optimiser.load_state_dict(parts["optimiser"])
        self.least, self.candidate = parts["least"], parts["candidate"]
        self.generator.set_state(parts["generator"].cpu())
        self.step, self.seconds = parts["progress"]
        self.data = parts["data"]
        self.checks = [Check(*check) for check in parts["checks"]]


def fit(
    picture: Bytes,
    configuration: Configuration,
    *,
    steps: int = STEPS,
    batch: int | None = None,
    learning_rate: float = LEARNING_RATE,
    seed: int = 0,
    device: str = "cpu",
    keep: Path | None = None,
    label: str = "",
) -> Fit:
    """Return the best file that so many steps of Adam find for a picture, (H, W, 3) bytes.

    Args:
        batch: random pixels of each step instead of all.
        device: ``cpu`` or ``cuda``.
        keep: folder in which the fit is saved every minute and at its end. What lies there already
            for the same picture and settings is taken up, and returned as it is if it has as
            many steps or more.
        label: shown by the progress bar.
    """
    height, width = picture.shape[:2]
    state = _State(configuration, learning_rate, seed, device)
    path = keep and keep / _kept_name(picture, (configuration, batch, learning_rate, seed, device))
    if path is not None and path.exists():
        state.load(path)
    places = coin_network.places_of(height, width).to(device)
    colors = torch.from_numpy(picture.reshape(-1, 3) / np.float32(255)).to(device)
    saved = time.perf_counter()
    with tqdm(total=steps, initial=state.step, desc=label, disable=None, delay=1) as bar:
        while state.step < steps:
            until = min(steps, _next_check(state.step))
            bar.update(until - state.step)
            _train(state, configuration, places, colors, until, batch)
            _check(state, configuration, picture)
            bar.set_postfix(psnr_db=f"{state.checks[-1].psnr_db:.2f}")
            if path is not None and (
                state.step == steps or time.perf_counter() - saved > SAVE_SECONDS
            ):
                path.parent.mkdir(parents=True, exist_ok=True)
                state.save(path)
                saved = time.perf_counter()
    return Fit(state.data, state.checks)


def _next_check(step: int) -> int:
    return step + min(max(int(step * CHECK_SHARE), LEAST_CHECK), MOST_CHECK)


def _train(
    state: _State,
    configuration: Configuration,
    places: Tensor,
    colors: Tensor,
    until: int,
    batch: int | None,
) -> None:
    """Do the steps up to ``until``, and count their seconds."""
    begin = time.perf_counter()
    while state.step < until:
        if batch is not None:
            chosen = torch.randint(len(places), (batch,), generator=state.generator)
            chosen = chosen.to(places.device)
            loss = _backward(state.weights, configuration, places[chosen], colors[chosen])
        else:
            loss = _backward(state.weights, configuration, places, colors)
        with torch.no_grad():
            # A batch's loss says too little of the picture: there the latest weights count.
            better = loss < state.least if batch is None else torch.ones_like(loss, dtype=bool)
            state.least = torch.where(better, loss, state.least)
            state.candidate = torch.where(better, state.weights, state.candidate)
        state.optimiser.step()
        state.step += 1
    if places.is_cuda:
        torch.cuda.synchronize()
    state.seconds += time.perf_counter() - begin


def _backward(
    weights: Tensor, configuration: Configuration, places: Tensor, colors: Tensor
) -> Tensor:
    """Return the mean squared error over all pixels and channels; leave its gradient in weights."""
    weights.grad = None
    size = CHUNK_PIXELS[places.device.type]
    total = torch.zeros((), device=places.device)
    for where, wanted in zip(places.split(size), colors.split(size), strict=True):
        found = coin_network.predict(weights, configuration, where)
        loss = (found - wanted).square().sum() / colors.numel()
        loss.backward()
        total += loss.detach()
    return total


def _check(state: _State, configuration: Configuration, picture: Bytes) -> None:
    """Make a file of the candidate and keep it if it is the best so far."""
    height, width = picture.shape[:2]
    data = coin_network.to_file(state.candidate, configuration, height, width)
    decoded = coin_network.decode(data, state.weights.device.type)
    reached = psnr_db(picture / 255, decoded / 255)
    if not state.checks or reached > state.checks[-1].psnr_db:
        state.data = data
    else:
        reached = state.checks[-1].psnr_db
    state.checks.append(Check(state.step, state.seconds, reached))
    state.least = torch.full_like(state.least, torch.inf)


def _kept_name(picture: Bytes, settings: tuple[Any, ...]) -> str:
    text = f"{picture.shape} {settings}"
    return f"coin-{hashlib.sha256(text.encode() + picture.tobytes()).hexdigest()[:16]}.pt"


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
