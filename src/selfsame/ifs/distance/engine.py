"""One picture's fit by the distance method: the phases, what is kept, what is pruned."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from selfsame.errors import DivergedError
from selfsame.ifs.code import IFSCode, Primitive
from selfsame.ifs.distance.field import winning_words, word_distance
from selfsame.ifs.distance.layouts import (
    Parameters,
    bound_parameters,
    build_maps,
    initial_parameters,
    learned,
    without_map,
)
from selfsame.ifs.distance.polish import polish
from selfsame.ifs.distance.settings import DistanceSettings, Layout, parse_layout
from selfsame.ifs.distance.target import Target, all_levels, coverage_loss, distance_loss
from selfsame.ifs.render.recursion import render_recursion
from selfsame.ifs.system import IFS
from selfsame.metrics.pictures import iou

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


class Fitter:
    """Fits one picture; holds what does not change between steps."""

    def __init__(
        self, target: Target, settings: DistanceSettings, device: torch.device, index: int
    ) -> None:
        self.target, self.settings, self.device, self.index = target, settings, device, index
        self.layout = parse_layout(settings.layout)
        self.budgets = (settings.steps, settings.refine_steps)
        self.levels = settings.levels or all_levels(target.size)
        self.points = torch.tensor(target.points, dtype=torch.float32, device=device)
        self.distance = torch.tensor(target.distance, dtype=torch.float32, device=device)
        self.mask = torch.tensor(target.mask, dtype=torch.float32, device=device)

    def fit(
        self,
        current: dict[str, Any],
        save: Callable[[dict[str, Any]], None],
        save_every: int,
        callback: Callable[[Progress], None] | None,
        callback_every: int,
    ) -> dict[str, Any]:
        """Return the best ``parameters`` of all restarts and their ``score``.

        Args:
            current: what ``save`` got of this picture before, or nothing.
        """
        champion: dict[str, Any] | None = current.get("champion")
        first = current.get("restart", 0)
        for restart in range(first, self.settings.restarts):
            resumed = "run" in current and restart == first
            run = self._load(current["run"]) if resumed else self._start(restart)
            while run.phase < len(PHASES):
                loss = self._step(run, champion)
                if callback is not None and run.step % callback_every == 0:
                    callback(self._progress(run, restart, loss))
                self._advance(run)
                if run.step % save_every == 0:
                    save({"restart": restart, "run": dict(vars(run)), "champion": champion})
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

    def _loss(self, parameters: Parameters, phase: int, levels: Sequence[int]) -> torch.Tensor:
        maps, kind, shape = build_maps(self.layout, parameters)
        depth, pixel = self.settings.depth, self.target.pixel
        words, signed = winning_words(maps, kind, shape, depth, self.points)
        # Points whose distance the loss clamps have no gradient: most of them in phase 1.
        if phase == 0:
            has_gradient = (signed > 0) | (self.distance.ravel() > 0)
        else:
            has_gradient = signed.abs() < 0.5 * pixel
        moving = has_gradient.nonzero()[:, 0]
        moved = word_distance(maps, kind, shape, depth, words[moving], self.points[moving])
        signed = signed.index_copy(0, moving, moved).reshape(self.mask.shape)
        excess = ((maps.scale - SOFT_LIMIT).clamp(min=0) ** 2).sum()
        if phase == 0:
            return distance_loss(signed, self.distance, levels) + excess
        return coverage_loss(signed, self.mask, pixel) + excess

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
        total = self.budgets[run.phase]
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
                None if good is None else code_of(self.target, s, good, run.best_score),
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
        total = self.budgets[run.phase]
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
            if self.budgets[run.phase] > 0:
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

    def _picture(self, parameters: Parameters) -> NDArray[np.float32] | None:
        """Return the rendering of the parameters, or None if their maps do not contract."""
        system, primitive = plain_of(self.layout, parameters)
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
        code = code_of(self.target, self.settings, run.parameters, max(run.best_score, 0.0))
        total = self.budgets[run.phase]
        return Progress(self.index, restart, PHASES[run.phase], run.step, total, loss, code)


def code_of(
    target: Target, settings: DistanceSettings, parameters: Parameters, score: float
) -> IFSCode:
    system, primitive = plain_of(parse_layout(settings.layout), parameters)
    notes = {
        "method": "distance",
        "layout": settings.layout,
        "depth": str(settings.depth),
        "threshold": f"{settings.threshold:g}",
        "seed": str(settings.seed),
        "iou": f"{score:.4f}",
    }
    return IFSCode(system, target.viewport, target.size, primitive, notes)


def plain_of(layout: Layout, parameters: Parameters) -> tuple[IFS, Primitive]:
    """Return parameters as a system and primitive in numpy float64."""
    double = {name: value.detach().cpu().double() for name, value in parameters.items()}
    maps, kind, shape = build_maps(layout, double)
    return IFS(maps.matrices.numpy(), maps.offset.numpy()), Primitive(kind, tuple(shape.tolist()))
