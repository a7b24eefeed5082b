"""Training COIN's network on one picture, so that it can stop, go on and tell how far it had come.

Adam on the whole picture, or on random pixels of it; the best network so far is what counts, judged
as a file: written as float16, decoded from those bytes.
"""

import hashlib
import io
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from benchmarks.coin import network
from benchmarks.coin.network import CHUNK_PIXELS, Configuration
from benchmarks.harness.types import Bytes
from selfsame.io.files import write_bytes
from selfsame.metrics.pictures import psnr_db

STEPS = 50_000
LEARNING_RATE = 2e-4
"""Both of the authors."""

CHECK_SHARE, LEAST_CHECK, MOST_CHECK = 0.05, 10, 200
"""A file is made and judged after so many more steps: a share of those done, within limits."""

SAVE_SECONDS = 60.0


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
        first = network.initial_weights(configuration, self.generator)
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
    places = network.places_of(height, width).to(device)
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
        found = network.predict(weights, configuration, where)
        loss = (found - wanted).square().sum() / colors.numel()
        loss.backward()
        total += loss.detach()
    return total


def _check(state: _State, configuration: Configuration, picture: Bytes) -> None:
    """Make a file of the candidate and keep it if it is the best so far."""
    height, width = picture.shape[:2]
    data = network.to_file(state.candidate, configuration, height, width)
    decoded = network.decode(data, state.weights.device.type)
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
