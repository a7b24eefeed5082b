"""``fit``: pictures in, codes out."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from selfsame.errors import DivergedError, InputError
from selfsame.ifs.code import IFSCode
from selfsame.ifs.encoder import SetEncoder, encoder_maps
from selfsame.ifs.fit.config import FitConfig
from selfsame.ifs.fit.descent import Descent, descend
from selfsame.ifs.fit.mixture import mixture_maps
from selfsame.ifs.fit.objectives import ImageLoss, Objective, SequenceObjective, WordObjective
from selfsame.ifs.fit.parameters import Maps, Parameters, dyadic_probabilities
from selfsame.ifs.fit.targets import EmptyTargetError, Targets, prepare
from selfsame.ifs.system import IFS
from selfsame.io.pictures import Picture
from selfsame.run.device import resolve_device
from selfsame.run.progress import Progress

COARSEST = 64
"""Longest side, in pixels, below which a fit adds no coarser level."""

MIXTURE_SIDE = 64
"""Resolution at which the mixture is found: enough for its moments, and quick."""


@dataclass(frozen=True)
class FitResult:
    """Codes in the order of the targets.

    Attributes:
        codes: one per target.
        losses: (B,) the loss of each at the finest level.
        seconds: wall-clock time.
    """

    codes: list[IFSCode]
    losses: np.ndarray
    seconds: float


FitCallback = Callable[[int, Sequence[float], Callable[[], list[IFSCode]]], None]
"""(step, losses, function that returns the codes so far)."""


def fit(
    pictures: Sequence[Picture] | np.ndarray,
    config: FitConfig | None = None,
    *,
    seed: int = 0,
    device: str = "auto",
    loss: ImageLoss | None = None,
    callback: FitCallback | None = None,
    progress: Progress | None = None,
) -> FitResult:
    """Fit an IFS to each picture by gradient descent, all in shared batches.

    Args:
        pictures: (H, W) grey or (H, W, 3) colour pictures, values in [0, 1], bright = figure.
            They may differ in size; those of one shape share batches of ``config.batch``.
        config: see ``FitConfig``; ``selfsame.ifs.fit.PRESETS`` has named ones.
        seed: same seed, same targets in the same order: same codes.
        device: ``auto``, ``cpu`` or ``cuda``.
        loss: replaces the built-in loss of the rendered picture; (B, C, H, W) twice -> (B,).
        callback: called after every step of every batch.
        progress: of steps; each batch has ``config.steps``.
    Raises:
        InputError: a picture that cannot be fitted; the message names it.
        DivergedError: the descent left the finite numbers; ``codes`` holds the last good ones.
    """
    config = config or FitConfig()
    begin = time.perf_counter()
    codes: list[IFSCode | None] = [None] * len(pictures)
    losses = np.full(len(pictures), np.nan)
    progress = Progress() if progress is None else progress
    parts = batches(pictures, config)
    for number, members in enumerate(parts):
        fitted, final = fit_batch(
            pictures,
            members,
            config,
            seed=seed,
            device=device,
            loss=loss,
            callback=callback,
            progress=progress.part(number * config.steps, len(parts) * config.steps),
        )
        losses[members] = final
        for i, code in zip(members, fitted, strict=True):
            codes[i] = code
    finished = [code for code in codes if code is not None]
    return FitResult(finished, losses, time.perf_counter() - begin)


def fit_batch(
    pictures: Sequence[Picture] | np.ndarray,
    members: Sequence[int],
    config: FitConfig,
    *,
    seed: int = 0,
    device: str = "auto",
    loss: ImageLoss | None = None,
    callback: FitCallback | None = None,
    progress: Progress | None = None,
) -> tuple[list[IFSCode], np.ndarray]:
    """Fit one batch, ``members``, of all ``pictures``; what ``fit`` does for each of ``batches``.

    A long job calls this itself, to save each batch when it is done: the result depends only
    on the pictures of the batch, their numbers, the settings and the seed.

    Returns:
        codes and losses (len(members),), in the order of ``members``.
    """
    try:
        targets = _to(prepare([pictures[i] for i in members], config), resolve_device(device))
    except EmptyTargetError as error:
        raise InputError(f"target {members[error.item]} {error}") from error
    entropy = np.random.SeedSequence([seed, members[0]]).generate_state(1, np.uint64)[0]
    generator = torch.Generator().manual_seed(int(entropy) >> 1)
    progress = Progress() if progress is None else progress
    maps, final = _descend_batch(targets, config, generator, loss, callback, progress, seed)
    return _codes(maps, targets, final, seed), final.cpu().numpy().astype(np.float64)


def batches(pictures: Sequence[Picture] | np.ndarray, config: FitConfig) -> list[list[int]]:
    """Return the indices of the targets of each batch: one shape each, in order.

    Raises:
        InputError: there are no pictures.
    """
    if len(pictures) == 0:
        raise InputError("there is no picture to fit")
    shapes: dict[tuple[int, ...], list[int]] = {}
    for i, picture in enumerate(pictures):
        shapes.setdefault(np.shape(picture), []).append(i)
    return [
        members[start : start + config.batch]
        for members in shapes.values()
        for start in range(0, len(members), config.batch)
    ]


def _descend_batch(
    targets: Targets,
    config: FitConfig,
    generator: torch.Generator,
    loss: ImageLoss | None,
    callback: FitCallback | None,
    progress: Progress,
    seed: int,
) -> tuple[Maps, Tensor]:
    serves = torch.arange(len(targets.images)).repeat_interleave(config.restarts)
    parameters = _start(targets, serves, config, generator)
    levels = _levels(targets, config)
    kind = SequenceObjective if config.generator == "sequences" else WordObjective

    def maker(level: Targets) -> Callable[[Tensor], Objective]:
        return lambda serving: kind(level.select(serving), config, generator, loss)

    def after_step(step: int, state: Descent) -> None:
        progress(step, config.steps)
        if callback is not None:
            maps, values = state.best()
            callback(step, values.tolist(), lambda: _codes(maps, targets, values, seed))

    objectives = {step: maker(level) for step, level in levels.items()}
    try:
        state = descend(parameters, serves, objectives, config, generator, after_step)
    except DivergedError as error:
        last: Descent = error.state  # type: ignore[attr-defined]
        maps, losses = _finite(*last.best())
        error.codes = _codes(maps, targets, losses, seed)  # type: ignore[attr-defined]
        raise
    progress(config.steps, config.steps)
    return state.best()


def _start(
    targets: Targets, serves: Tensor, config: FitConfig, generator: torch.Generator
) -> Parameters:
    learn = config.learn_probabilities
    channels = targets.images.shape[1]
    maps_each = config.resolved(max(targets.sizes[0])).maps
    if config.init == "uniform":
        drawn = Parameters.svd_uniform(len(serves), maps_each, generator, learn_probabilities=learn)
        maps = drawn.maps().detach()
    elif config.init == "encoder":
        maps = _proposed(targets, serves, config, maps_each, generator)
    else:
        coarse = targets
        while max(coarse.images.shape[-2:]) > MIXTURE_SIDE:
            coarse = coarse.coarser()
        ink = coarse.images.amax(1).flatten(1)
        centers = coarse.pixel_centers()
        pixel = coarse.viewport.width / coarse.images.shape[-1]
        maps = mixture_maps(centers, ink[serves], maps_each, pixel**2 / 12, generator)
    maps = Maps(*(part.to(targets.images) for part in maps if part is not None))
    if channels == 3:
        maps = maps._replace(colors=_local_colors(targets.select(serves), maps.offsets))
    if config.init == "uniform" and config.parameters == "svd" and channels == 1:
        for name, leaf in drawn.leaves.items():
            drawn.leaves[name] = leaf.detach().to(targets.images)
        return Parameters(drawn.leaves, learn_probabilities=learn)
    make = Parameters.svd if config.parameters == "svd" else Parameters.raw
    parameters = make(maps, learn_probabilities=learn)
    parameters.bound(config.largest_singular)
    return parameters


def _proposed(
    targets: Targets, serves: Tensor, config: FitConfig, maps: int, generator: torch.Generator
) -> Maps:
    """Return the systems that a network proposes, a different one for each start of a target."""
    encoder = SetEncoder.from_pretrained(config.encoder).to(targets.images.device)
    ink = targets.images.amax(1, keepdim=True)[serves]
    return encoder_maps(encoder, ink, maps, config.window, generator)


def _local_colors(targets: Targets, positions: Tensor) -> Tensor:
    """Return the target's colour (B, N, 3) at the pixel under each position (B, N, 2)."""
    height, width = targets.images.shape[-2:]
    pixels = targets.pixels(positions).floor().long()
    column, row = pixels[..., 0].clamp(0, width - 1), pixels[..., 1].clamp(0, height - 1)
    items = torch.arange(len(row), device=row.device)[:, None]
    return targets.images.permute(0, 2, 3, 1)[items, row, column]


def _levels(targets: Targets, config: FitConfig) -> dict[int, Targets]:
    """Return the resolution pyramid by first step: coarse levels first, equal shares of steps."""
    pyramid = [targets]
    if config.generator == "words":
        while max(pyramid[0].images.shape[-2:]) // 2 >= COARSEST:
            pyramid.insert(0, pyramid[0].coarser())
    return {level * config.steps // len(pyramid): targets for level, targets in enumerate(pyramid)}


def _codes(maps: Maps, targets: Targets, losses: Tensor, seed: int) -> list[IFSCode]:
    parts = [None if part is None else part.detach().cpu().numpy() for part in maps]
    matrices, offsets, log_probabilities, colors = parts
    assert matrices is not None
    assert offsets is not None
    assert log_probabilities is not None
    return [
        IFSCode(
            IFS(
                matrices[i],
                offsets[i],
                dyadic_probabilities(log_probabilities[i]),
                None if colors is None else colors[i],
            ),
            targets.viewport,
            targets.sizes[i],
            notes={
                "method": "gradient descent",
                "loss": f"{float(losses[i]):.6g}",
                "seed": f"{seed}",
            },
        )
        for i in range(len(matrices))
    ]


def _finite(maps: Maps, losses: Tensor) -> tuple[Maps, Tensor]:
    """Return only the systems whose numbers are finite."""
    good = torch.isfinite(maps.matrices).flatten(1).all(1)
    good &= torch.isfinite(maps.offsets).flatten(1).all(1)
    items = torch.nonzero(good)[:, 0]
    return maps.select(items), torch.where(torch.isfinite(losses), losses, math.inf)[items]


def _to(targets: Targets, device: torch.device) -> Targets:
    return Targets(targets.images.to(device), targets.viewport, targets.points, targets.sizes)
