"""Fitting recursions of similitudes to pictures through distance maps (Scott 2022, diff_ifs).

Each restart runs two phases of Adam and a search:
1. *distance*: mean squared error of distance maps, coarse pooling levels first. Its gradients
   reach across the whole picture.
2. *refine*: mean squared error of the anti-aliased picture, right to a fraction of a pixel.
3. *polish*: pattern search on the picture that ``render_recursion`` draws.
The state whose rendering has the highest intersection over union is kept.
"""

import math
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike

from selfsame.device import resolve_device
from selfsame.errors import DivergedError, InputError
from selfsame.ifs.code import IFSCode, Primitive
from selfsame.ifs.distance.checkpoint import fingerprint, load_checkpoint, save_checkpoint
from selfsame.ifs.distance.layouts import (
    Layout,
    Parameters,
    bound_parameters,
    build_maps,
    initial_parameters,
    learned,
    parse_layout,
    without_map,
)
from selfsame.ifs.distance.polish import polish
from selfsame.ifs.distance.render import recursion_distance
from selfsame.ifs.distance.search import check_leaves
from selfsame.ifs.distance.target import (
    Target,
    all_levels,
    coverage_loss,
    distance_loss,
    make_target,
)
from selfsame.ifs.recursion import render_recursion
from selfsame.ifs.system import IFS
from selfsame.metrics import iou

PHASES = ("distance", "refine")
SCORE_EVERY = 20
"""Steps between renderings that decide which state is kept."""

LOG_RATE = 4.0
"""Logarithms and angles learn this much faster than positions, which span about ± ½."""

FINAL_RATE = 0.03
"""Share of the learning rate left at the end of a phase (cosine decay)."""

REFINE_RATE = 0.2
"""Learning rate of the second phase relative to the first."""

SOFT_LIMIT = 0.9
"""Scales above this are penalised; those of a chain have no hard bound."""

PATIENCE = 100
"""Steps without a lower loss (by 0.1 %) after which a phase ends early."""

USELESS_AT_START = 0.8
"""A map goes at the start only if the loss without it is below this share of the loss."""


@dataclass(frozen=True)
class Settings:
    """What decides the result of a fit, apart from the pictures; see ``fit_distance``."""

    layout: str
    depth: int
    steps: int
    refine_steps: int
    polish_evaluations: int
    restarts: int
    seed: int
    threshold: float
    levels: tuple[int, ...] | None
    anneal: float
    learning_rate: float
    jitter: float
    prune: bool


@dataclass(frozen=True)
class Progress:
    """What a callback is told: where the fit stands, its loss, and the code at this moment."""

    picture: int
    restart: int
    phase: str
    step: int
    steps: int
    loss: float
    code: IFSCode


class DistanceDivergedError(DivergedError):
    """The fit produced non-finite numbers; ``last_good`` is the best code before, or None."""

    def __init__(self, message: str, last_good: IFSCode | None) -> None:
        super().__init__(message)
        self.last_good = last_good


@dataclass
class _Run:
    """The state of one restart; everything that a checkpoint keeps of it."""

    parameters: Parameters
    phase: int = 0
    step: int = 0
    adam: dict[str, Any] | None = None
    lowest: float = math.inf
    lowest_at: int = 0
    best: Parameters | None = None
    best_score: float = -math.inf


def fit_distance(
    pictures: Sequence[ArrayLike],
    layout: str = "squares:3",
    depth: int = 3,
    *,
    steps: int = 300,
    refine_steps: int = 150,
    polish_evaluations: int = 1000,
    restarts: int = 1,
    seed: int = 0,
    device: str = "cpu",
    threshold: float = 0.5,
    levels: Sequence[int] | None = None,
    anneal: float = 0.3,
    learning_rate: float = 0.004,
    jitter: float = 0.02,
    prune: bool = True,
    callback: Callable[[Progress], None] | None = None,
    callback_every: int = 10,
    checkpoint: str | os.PathLike[str] | None = None,
    checkpoint_every: int = 50,
) -> list[IFSCode]:
    """Return one code per picture: similitudes, window, size and leaf of a recursion.

    Args:
        pictures: (H, W) grey or (H, W, 3), values in [0, 1]; white is the figure.
        layout: the starting maps: ``squares:n``, ``segments:N``, ``free:N``
            (``distance.layouts``).
        depth: levels of the recursion, at least 1.
        steps, refine_steps, polish_evaluations: budgets of the three parts; 0 leaves one out.
        restarts: independent starts; the first of a layout of squares or segments is exactly
            the figure's geometry, the others are jittered. The best one is kept.
        device: where torch computes; the search for the nearest leaf stays on the CPU.
        threshold: the figure is where a picture exceeds this.
        levels: pooling levels of the distance loss, level l pooling 2**l pixels. None: 0 to 5
            as in the original, as far as the picture is large enough.
        anneal: share of the first phase during which the levels join, coarse to fine; 0 uses
            all from the start, as the original does.
        learning_rate: of Adam for positions, in picture widths per step.
        jitter: standard deviation of a restart's noise, in picture widths.
        prune: drop maps without which the loss is lower.
        callback: told of every ``callback_every``-th step, with the code so far.
        checkpoint: file that the state is saved to every ``checkpoint_every`` steps, and from
            which a fit with equal arguments goes on; the result is that of one run.
    Returns:
        codes in the order of the pictures. ``notes`` holds method, layout, depth, threshold,
        seed, and the IoU of the rendering at depth, where its coverage exceeds ½.
    Raises:
        InputError: unusable pictures, settings or checkpoint.
        DistanceDivergedError: non-finite loss or gradient, or maps that never contracted.
    Source: Scott 2022, diff_ifs.
    """
    if levels is not None and (not levels or any(level not in range(16) for level in levels)):
        raise InputError(f"levels must be a few integers within 0..15: got {levels}")
    settings = Settings(
        str(parse_layout(layout)),
        depth,
        steps,
        refine_steps,
        polish_evaluations,
        restarts,
        seed,
        threshold,
        None if levels is None else tuple(sorted(set(levels))),
        anneal,
        learning_rate,
        jitter,
        prune,
    )
    _check(settings)
    targets = [make_target(picture, threshold) for picture in pictures]
    digest = fingerprint(settings, pictures) if checkpoint is not None else ""
    saved = load_checkpoint(checkpoint, digest) if checkpoint is not None else None
    finished: list[dict[str, Any]] = saved["finished"] if saved else []
    place = resolve_device(device)

    def save(state: dict[str, Any]) -> None:
        if checkpoint is not None:
            save_checkpoint(
                checkpoint, {"fingerprint": digest, "finished": finished, "current": state}
            )

    for index in range(len(finished), len(targets)):
        fitter = _Fitter(targets[index], settings, place, index)
        current = saved["current"] if saved and index == len(saved["finished"]) else None
        finished.append(fitter.fit(current, save, checkpoint_every, callback, callback_every))
        save({})
    return [
        _code(target, settings, done["parameters"], done["score"])
        for target, done in zip(targets, finished, strict=True)
    ]


def _check(settings: Settings) -> None:
    s = settings
    for name, value, low in (
        ("depth", s.depth, 1),
        ("steps", s.steps, 0),
        ("refine_steps", s.refine_steps, 0),
        ("polish_evaluations", s.polish_evaluations, 0),
        ("restarts", s.restarts, 1),
        ("seed", s.seed, 0),
    ):
        if not isinstance(value, int) or value < low:
            raise InputError(f"{name} must be an integer of at least {low}: got {value!r}")
    if not 0 <= s.anneal <= 1 or not 0 < s.learning_rate <= 1 or not 0 <= s.jitter <= 1:
        raise InputError(
            "anneal and jitter must be within [0, 1], learning_rate within (0, 1]: got "
            f"{s.anneal}, {s.jitter}, {s.learning_rate}"
        )
    check_leaves(parse_layout(s.layout).count, s.depth)


def _code(target: Target, settings: Settings, parameters: Parameters, score: float) -> IFSCode:
    system, primitive = _plain(parse_layout(settings.layout), parameters)
    notes = {
        "method": "distance",
        "layout": settings.layout,
        "depth": str(settings.depth),
        "threshold": f"{settings.threshold:g}",
        "seed": str(settings.seed),
        "iou": f"{score:.4f}",
    }
    return IFSCode(system, target.viewport, target.size, primitive, notes)


def _plain(layout: Layout, parameters: Parameters) -> tuple[IFS, Primitive]:
    """Return parameters as a system and primitive in numpy float64."""
    double = {name: value.detach().cpu().double() for name, value in parameters.items()}
    maps, kind, shape = build_maps(layout, double)
    return IFS(maps.matrices.numpy(), maps.offset.numpy()), Primitive(kind, tuple(shape.tolist()))


class _Fitter:
    """Fits one picture; holds what does not change between steps."""

    def __init__(
        self, target: Target, settings: Settings, device: torch.device, index: int
    ) -> None:
        self.target, self.settings, self.device, self.index = target, settings, device, index
        self.layout = parse_layout(settings.layout)
        self.levels = settings.levels or all_levels(target.size)
        self.points = torch.tensor(target.points, dtype=torch.float32, device=device)
        self.distance = torch.tensor(target.distance, dtype=torch.float32, device=device)
        self.mask = torch.tensor(target.mask, dtype=torch.float32, device=device)

    def fit(
        self,
        current: dict[str, Any] | None,
        save: Callable[[dict[str, Any]], None],
        save_every: int,
        callback: Callable[[Progress], None] | None,
        callback_every: int,
    ) -> dict[str, Any]:
        """Return the best ``parameters`` of all restarts and their ``score``."""
        champion: dict[str, Any] | None = current.get("champion") if current else None
        first = current["restart"] if current and "restart" in current else 0
        for restart in range(first, self.settings.restarts):
            if current and "run" in current and restart == first:
                run = self._load(current["run"])
            else:
                run = self._start(restart)
            while run.phase < len(PHASES):
                loss = self._step(run, champion)
                if callback is not None and run.step % callback_every == 0:
                    callback(self._progress(run, restart, loss))
                self._advance(run)
                if run.step % save_every == 0:
                    save({"restart": restart, "run": _dump(run), "champion": champion})
            self._polish(run, restart)
            if run.best is not None and (champion is None or run.best_score > champion["score"]):
                champion = {"parameters": run.best, "score": run.best_score}
        if champion is None:
            raise DistanceDivergedError(
                f"layout {self.layout} reached no system of contracting maps on picture "
                f"{self.index}; use more maps, more steps or another layout",
                None,
            )
        return champion

    def _start(self, restart: int) -> _Run:
        s = self.settings
        rng = np.random.default_rng([s.seed, self.index, restart])
        jitter = s.jitter if restart > 0 else 0.0
        start = initial_parameters(self.layout, self.target, s.depth, rng, jitter)
        run = _Run({name: value.float().to(self.device) for name, value in start.items()})
        self._keep_if_better(run)
        self._enter(run)
        return run

    def _load(self, state: dict[str, Any]) -> _Run:
        run = _Run(**state)
        for name in ("parameters", "best"):
            values = getattr(run, name)
            if values is not None:
                setattr(run, name, {k: v.to(self.device) for k, v in values.items()})
        return run

    def _signed(self, parameters: Parameters) -> torch.Tensor:
        maps, kind, shape = build_maps(self.layout, parameters)
        signed = recursion_distance(maps, kind, shape, self.settings.depth, self.points)
        return signed.reshape(self.mask.shape)

    def _loss(self, parameters: Parameters, phase: int, levels: Sequence[int]) -> torch.Tensor:
        signed = self._signed(parameters)
        scale = build_maps(self.layout, parameters)[0].scale
        excess = ((scale - SOFT_LIMIT).clamp(min=0) ** 2).sum()
        if phase == 0:
            return distance_loss(signed, self.distance, levels) + excess
        return coverage_loss(signed, self.mask, self.target.pixel) + excess

    def _active_levels(self, step: int) -> tuple[int, ...]:
        """The coarsest level at once, then one more after each equal part of the annealing."""
        s = self.settings
        if s.anneal == 0 or s.steps == 0:
            return self.levels
        share = step / (s.anneal * s.steps)
        return self.levels[-max(1, min(len(self.levels), 1 + int(share * len(self.levels)))) :]

    def _step(self, run: _Run, champion: dict[str, Any] | None) -> float:
        """Take one step of Adam in place; return the loss before it."""
        s = self.settings
        names = learned(run.parameters)
        values = [run.parameters[name].requires_grad_() for name in names]
        total = s.steps if run.phase == 0 else s.refine_steps
        decay = FINAL_RATE + (1 - FINAL_RATE) * (1 + math.cos(math.pi * run.step / total)) / 2
        rate = s.learning_rate * decay * (1.0 if run.phase == 0 else REFINE_RATE)
        fast = [name.startswith("log_") or name == "angle" for name in names]
        groups = [{"params": [value]} for value in values]
        adam = torch.optim.Adam(groups, lr=rate)
        if run.adam is not None:
            adam.load_state_dict(run.adam)
        for group, is_fast in zip(adam.param_groups, fast, strict=True):
            group["lr"] = rate * (LOG_RATE if is_fast else 1.0)
        loss = self._loss(run.parameters, run.phase, self._active_levels(run.step))
        loss.backward()  # type: ignore[no-untyped-call]
        value = float(loss.detach())
        if not math.isfinite(value) or not all(
            v.grad is not None and bool(torch.isfinite(v.grad).all()) for v in values
        ):
            good = run.best or (champion["parameters"] if champion else None)
            raise DistanceDivergedError(
                f"the loss or its gradient is not finite in phase {PHASES[run.phase]}, step "
                f"{run.step} of picture {self.index}; lower learning_rate ({s.learning_rate:g})",
                None if good is None else _code(self.target, s, good, run.best_score),
            )
        adam.step()
        run.adam = adam.state_dict()
        run.parameters = {name: value.detach() for name, value in run.parameters.items()}
        bound_parameters(run.parameters)
        if value < run.lowest * (1 - 1e-3) or (
            run.phase == 0 and len(self._active_levels(run.step)) < len(self.levels)
        ):
            run.lowest, run.lowest_at = value, run.step
        run.step += 1
        return value

    def _advance(self, run: _Run) -> None:
        """Keep the state if it scores best, and go to the next phase where this one is done."""
        total = self.settings.steps if run.phase == 0 else self.settings.refine_steps
        done = run.step >= total or run.step - run.lowest_at > PATIENCE
        if done or run.step % SCORE_EVERY == 0:
            self._keep_if_better(run)
        if done:
            run.phase += 1
            self._enter(run)

    def _enter(self, run: _Run) -> None:
        """Begin ``run.phase``, or the next one that has steps."""
        while run.phase < len(PHASES):
            run.step, run.adam, run.lowest, run.lowest_at = 0, None, math.inf, 0
            if self.settings.prune:
                self._prune(run, USELESS_AT_START if run.phase == 0 else 1.0)
            if (self.settings.steps, self.settings.refine_steps)[run.phase] > 0:
                return
            run.phase += 1

    def _prune(self, run: _Run, share: float) -> None:
        """Drop the map whose loss hurts the distance loss least, while that pays."""
        with torch.no_grad():
            loss = float(self._loss(run.parameters, 0, self.levels))
            while True:
                trials = [
                    trial
                    for i in range(len(build_maps(self.layout, run.parameters)[0]))
                    if (trial := without_map(self.layout, run.parameters, i)) is not None
                ]
                losses = [float(self._loss(trial, 0, self.levels)) for trial in trials]
                if not losses or min(losses) >= share * loss:
                    return
                loss = min(losses)
                run.parameters = trials[losses.index(loss)]

    def _picture(self, parameters: Parameters) -> Any:
        """Return the rendering of the parameters, or None if their maps do not contract."""
        system, primitive = _plain(self.layout, parameters)
        if system.contraction >= 1:
            return None
        return render_recursion(
            system, primitive, self.settings.depth, self.target.size, self.target.viewport
        )

    def _keep_if_better(self, run: _Run) -> None:
        picture = self._picture(run.parameters)
        if picture is None:
            return
        score = iou(picture > 0.5, self.target.mask)
        if score > run.best_score:
            run.best_score = score
            run.best = {name: value.detach().clone() for name, value in run.parameters.items()}

    def _polish(self, run: _Run, restart: int) -> None:
        if run.best is None or self.settings.polish_evaluations == 0:
            return
        mask = self.target.mask.astype(np.float32)

        def error(parameters: Parameters) -> float:
            picture = self._picture(parameters)
            if picture is None:
                return math.inf
            overlap = np.minimum(picture, mask).sum() / np.maximum(picture, mask).sum()
            return float(1 - overlap)

        run.parameters, _ = polish(
            run.best,
            error,
            pixel=self.target.pixel,
            evaluations=self.settings.polish_evaluations,
            rng=np.random.default_rng([self.settings.seed, self.index, restart, 1]),
        )
        self._keep_if_better(run)

    def _progress(self, run: _Run, restart: int, loss: float) -> Progress:
        s = self.settings
        total = s.steps if run.phase == 0 else s.refine_steps
        code = _code(self.target, s, run.parameters, max(run.best_score, 0.0))
        return Progress(self.index, restart, PHASES[run.phase], run.step, total, loss, code)


def _dump(run: _Run) -> dict[str, Any]:
    return dict(vars(run))
