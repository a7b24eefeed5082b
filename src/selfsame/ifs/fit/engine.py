"""``fit``: pictures in, codes out, by gradient descent on batches of systems."""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from selfsame.errors import DivergedError, InputError
from selfsame.ifs.code import IFSCode
from selfsame.ifs.fit.config import FitConfig
from selfsame.ifs.fit.maps import Maps, Parameters
from selfsame.ifs.fit.mixture import mixture_maps
from selfsame.ifs.fit.objectives import (
    EmptyTargetError,
    ImageLoss,
    Objective,
    SequenceObjective,
    Targets,
    WordObjective,
    prepare,
)
from selfsame.picture_arrays import picture_floats
from selfsame.run.device import resolve_device
from selfsame.run.progress import Progress

COARSEST = 64
"""Longest side, in pixels, below which a fit adds no coarser level."""

MIXTURE_SIDE = 64
"""Resolution at which the mixture is found: enough for its moments, and quick."""

HALVINGS = (0.1, 0.25)
"""Fractions of the run after which the worse half of each target's starts is dropped."""

MEMORY = 0.85
"""How much of the running loss is kept each step; it ranks starts and decides when to stop."""

PATIENT_GAIN = 0.005
"""Relative progress that resets the patience."""

MAX_BAD_STEPS = 20
"""Consecutive steps with a non-finite gradient after which a system has diverged."""

PROBABILITY_RATE = 5.0
"""Learning rate of log-probabilities and colours relative to that of the maps."""


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
    pictures: Sequence[ArrayLike] | np.ndarray,
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
        pictures: (H, W) grey or (H, W, 3) colour pictures, bytes or floats of 0 to 1, bright =
            figure. They may differ in size; those of one shape share batches of ``config.batch``.
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
    if len(pictures) == 0:
        raise InputError("there is no picture to fit")
    targets_of = [picture_floats(picture, f"target {i}") for i, picture in enumerate(pictures)]
    shapes: dict[tuple[int, ...], list[int]] = {}
    for i, picture in enumerate(targets_of):
        shapes.setdefault(picture.shape, []).append(i)
    batches = [
        members[start : start + config.batch]
        for members in shapes.values()
        for start in range(0, len(members), config.batch)
    ]
    torch_device = resolve_device(device)
    progress = Progress() if progress is None else progress
    codes: dict[int, IFSCode] = {}
    losses = np.full(len(pictures), np.nan)
    for number, members in enumerate(batches):
        try:
            targets = prepare([targets_of[i] for i in members], config, torch_device)
        except EmptyTargetError as error:
            raise InputError(f"target {members[error.item]} {error}") from error
        entropy = np.random.SeedSequence([seed, members[0]]).generate_state(1, np.uint64)[0]
        generator = torch.Generator().manual_seed(int(entropy) >> 1)
        part = progress.part(number * config.steps, len(batches) * config.steps)
        maps, final = _fit_batch(targets, config, generator, loss, callback, part, seed)
        codes.update(zip(members, _codes(maps, targets, seed, final), strict=True))
        losses[members] = final.cpu().numpy()
    ordered = [codes[i] for i in range(len(pictures))]
    return FitResult(ordered, losses, time.perf_counter() - begin)


def _fit_batch(
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
    kind = SequenceObjective if config.generator == "sequences" else WordObjective
    objectives: dict[int, Objective] = {
        step: kind(level, config, generator, loss) for step, level in _levels(targets, config)
    }
    try:
        for state in descend(parameters, serves, objectives, config, generator):
            progress(state.step, config.steps)
            if callback is not None:
                maps, losses = state.best()
                snapshot = partial(_codes, maps, targets, seed, losses)
                callback(state.step, losses.tolist(), snapshot)
    except DivergedError as error:
        maps, losses = _finite(*state.best())
        error.codes = _codes(maps, targets, seed, losses)  # type: ignore[attr-defined]
        raise
    progress(config.steps, config.steps)
    return state.best()


def _start(
    targets: Targets, serves: Tensor, config: FitConfig, generator: torch.Generator
) -> Parameters:
    learn = config.learn_probabilities
    count = targets.resolved.maps
    if config.init == "uniform":
        drawn = Parameters.svd_uniform(len(serves), count, generator, learn_probabilities=learn)
        maps = drawn.maps().detach()
    elif config.init == "encoder":
        from selfsame.ifs.encoder import SetEncoder, encoder_maps

        encoder = SetEncoder.from_pretrained(config.encoder).to(targets.images.device)
        ink = targets.images.amax(1, keepdim=True)[serves]
        maps = encoder_maps(encoder, ink, count, config.window, generator)
    else:
        coarse = targets
        while max(coarse.shape) > MIXTURE_SIDE:
            coarse = coarse.coarser()
        ink = coarse.images.amax(1).flatten(1)[serves]
        pixel = coarse.viewport.width / coarse.shape[1]
        maps = mixture_maps(coarse.pixel_centers(), ink, count, pixel**2 / 12, generator)
    maps = Maps(*(part.to(targets.images) for part in maps if part is not None))
    colored = targets.images.shape[1] == 3
    if colored:
        maps = maps._replace(colors=_local_colors(targets.select(serves), maps.offsets))
    if config.init == "uniform" and config.parameters == "svd" and not colored:
        for name, leaf in drawn.leaves.items():
            drawn.leaves[name] = leaf.detach().to(targets.images)
        return Parameters(drawn.leaves, learn_probabilities=learn)
    make = Parameters.svd if config.parameters == "svd" else Parameters.raw
    parameters = make(maps, learn_probabilities=learn)
    parameters.bound(config.largest_singular)
    return parameters


def _local_colors(targets: Targets, positions: Tensor) -> Tensor:
    """Return the target's colour (B, N, 3) at the pixel under each position (B, N, 2)."""
    height, width = targets.shape
    pixels = targets.pixels(positions).floor().long()
    column, row = pixels[..., 0].clamp(0, width - 1), pixels[..., 1].clamp(0, height - 1)
    items = torch.arange(len(row), device=row.device)[:, None]
    return targets.images.permute(0, 2, 3, 1)[items, row, column]


def _levels(targets: Targets, config: FitConfig) -> list[tuple[int, Targets]]:
    """Return the resolution pyramid: the first step of each level and its targets."""
    pyramid = [targets]
    if config.generator == "words":
        while max(pyramid[0].shape) // 2 >= COARSEST:
            pyramid.insert(0, pyramid[0].coarser())
    return [(i * config.steps // len(pyramid), level) for i, level in enumerate(pyramid)]


def _codes(maps: Maps, targets: Targets, seed: int, losses: Tensor) -> list[IFSCode]:
    return [
        IFSCode(
            system,
            targets.viewport,
            targets.size,
            notes={"method": "gradient descent", "loss": f"{loss:.6g}", "seed": f"{seed}"},
        )
        for system, loss in zip(maps.systems(), losses.tolist(), strict=True)
    ]


def _finite(maps: Maps, losses: Tensor) -> tuple[Maps, Tensor]:
    """Return only the systems whose numbers are finite."""
    good = torch.isfinite(maps.matrices).flatten(1).all(1)
    good &= torch.isfinite(maps.offsets).flatten(1).all(1)
    items = torch.nonzero(good)[:, 0]
    return maps.select(items), torch.where(torch.isfinite(losses), losses, math.inf)[items]


@dataclass
class Descent:
    """A running or finished descent.

    Attributes:
        parameters: leaves of the systems still in the race.
        target: (B,) which target each of them serves.
        loss: (B,) running loss.
        step: steps done.
    """

    parameters: Parameters
    target: Tensor
    loss: Tensor
    step: int = 0

    def best(self) -> tuple[Maps, Tensor]:
        """Return the best system of each target, in order, and its running loss."""
        items = torch.stack([members[0] for members in self.ranked()])
        maps = self.parameters.maps().detach()
        return maps.select(items.to(maps.matrices.device)), self.loss[items]

    def ranked(self) -> list[Tensor]:
        """Return the systems of each target, the best first."""
        order = torch.argsort(self.loss, stable=True)
        return [order[self.target[order] == i] for i in range(int(self.target.max()) + 1)]


def descend(
    parameters: Parameters,
    target: Tensor,
    objectives: dict[int, Objective],
    config: FitConfig,
    generator: torch.Generator,
) -> Iterator[Descent]:
    """Minimise the loss of every system; yield the state after every step.

    Args:
        parameters: B systems, several of which may serve one target.
        target: (B,) the target of each system, on the CPU.
        objectives: of all targets, by the step from which it holds (0 must be there).
    Raises:
        DivergedError: a system had non-finite gradients ``MAX_BAD_STEPS`` times in a row.
    """
    state = Descent(parameters, target, torch.full((len(target),), math.inf))
    optimizer = _optimizer(parameters, config)
    noisy = config.noise_until * config.steps
    halvings = [int(fraction * config.steps) for fraction in HALVINGS]
    objective = objectives[0]
    bad_steps = torch.zeros(len(target))
    best, best_step = math.inf, 0
    for step in range(config.steps):
        if step in objectives:
            objective = objectives[step].select(state.target)
            state.loss = torch.full_like(state.loss, math.inf)  # losses of levels differ
        if step in halvings:
            halves = [members[: (len(members) + 1) // 2] for members in state.ranked()]
            keep = torch.cat(halves).sort().values
            if len(keep) < len(state.target):
                parameters, optimizer = _keep(parameters, optimizer, keep, config)
                objective = objective.select(keep)
                state = Descent(parameters, state.target[keep], state.loss[keep], step)
                bad_steps = bad_steps[keep]
        _set_rate(optimizer, config, step)
        done = step + 1
        if config.noise > 0 and done % config.noise_every == 0 and done < noisy:
            parameters.add_noise(config.noise, generator)
        optimizer.zero_grad()
        loss = objective(parameters.maps())
        torch.nan_to_num(loss).sum().backward()  # type: ignore[no-untyped-call]
        finite = _guard_gradients(parameters, loss.detach())
        bad_steps = torch.where(finite, 0, bad_steps + 1)
        if bool((bad_steps >= MAX_BAD_STEPS).any()):
            item = int(torch.argmax(bad_steps))
            raise DivergedError(
                f"target {int(state.target[item])} diverged at step {step}: its gradient was not "
                f"finite {MAX_BAD_STEPS} times in a row; lower the learning rate"
            )
        if config.gradient_clip is not None:
            _clip_per_item(parameters, config.gradient_clip)
        optimizer.step()
        parameters.bound(config.largest_singular)
        now = loss.detach().cpu()
        blended = MEMORY * state.loss + (1 - MEMORY) * now
        state.loss = torch.where(finite & torch.isfinite(state.loss), blended, now)
        state.loss = torch.nan_to_num(state.loss, nan=math.inf)
        state.step = done
        yield state
        if config.target_loss is not None and bool((state.best()[1] <= config.target_loss).all()):
            break
        if config.patience is not None:
            mean = float(state.best()[1].mean())
            if mean < best * (1 - PATIENT_GAIN) or step in objectives:
                best, best_step = mean, step
            elif step - best_step >= config.patience and step > max(objectives):
                break


def _optimizer(parameters: Parameters, config: FitConfig) -> torch.optim.Optimizer:
    slow: list[Tensor] = []
    fast: list[Tensor] = []
    for name, leaf in parameters.leaves.items():
        if leaf.requires_grad:
            (fast if name in ("logits", "colors") else slow).append(leaf)
    groups = [{"params": slow, "ratio": 1.0}, {"params": fast, "ratio": PROBABILITY_RATE}]
    if config.optimizer == "sgd":
        return torch.optim.SGD(groups, lr=config.learning_rate)
    return torch.optim.Adam(groups, lr=config.learning_rate)


def _keep(
    parameters: Parameters, optimizer: torch.optim.Optimizer, items: Tensor, config: FitConfig
) -> tuple[Parameters, torch.optim.Optimizer]:
    """Return parameters and optimiser of a part of the batch, moments included."""
    kept = parameters.select(items)
    fresh = _optimizer(kept, config)
    for name, leaf in parameters.leaves.items():
        if leaf in optimizer.state:
            fresh.state[kept.leaves[name]] = {
                key: value[items].clone() if key != "step" else value.clone()
                for key, value in optimizer.state[leaf].items()
                if isinstance(value, Tensor)
            }
    return kept, fresh


def _set_rate(optimizer: torch.optim.Optimizer, config: FitConfig, step: int) -> None:
    done = step / config.steps
    if config.schedule == "halving":
        factor = 0.5 ** math.floor(4 * done)
    else:
        warm_up = min(1.0, (step + 1) / 20)
        factor = warm_up * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * done)))
    for group in optimizer.param_groups:
        group["lr"] = config.learning_rate * factor * group["ratio"]


def _guard_gradients(parameters: Parameters, loss: Tensor) -> Tensor:
    """Zero the gradient of every system where any part is not finite; return which are finite."""
    finite = torch.isfinite(loss)
    gradients = parameters.gradients()
    for gradient in gradients:
        finite = finite & torch.isfinite(gradient).flatten(1).all(1)
    if not bool(finite.all()):
        for gradient in gradients:
            gradient[~finite] = 0
    return finite.cpu()


def _clip_per_item(parameters: Parameters, largest: float) -> None:
    """Clip the norm of the gradient of each leaf, separately for each system of the batch."""
    for gradient in parameters.gradients():
        norm = gradient.flatten(1).norm(dim=1)
        factor = (largest / norm.clamp_min(np.finfo(np.float32).tiny)).clamp(max=1)
        gradient *= factor.view(-1, *[1] * (gradient.dim() - 1))
