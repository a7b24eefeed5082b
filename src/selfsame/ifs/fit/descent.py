"""Gradient descent on a batch of systems: schedule, noise, restarts in one batch, guards."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from selfsame.errors import DivergedError
from selfsame.ifs.fit.config import FitConfig
from selfsame.ifs.fit.objectives import Objective
from selfsame.ifs.fit.parameters import Maps, Parameters

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

StepCallback = Callable[[int, "Descent"], None]


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
        loss = self.loss.cpu()
        count = int(self.target.max()) + 1
        items = torch.tensor(
            [
                int(members[torch.argmin(loss[members])])
                for members in (torch.nonzero(self.target == i)[:, 0] for i in range(count))
            ]
        )
        maps = self.parameters.maps().detach()
        device_items = items.to(maps.matrices.device)
        return maps.select(device_items), self.loss[device_items]


def descend(
    parameters: Parameters,
    target: Tensor,
    objectives: dict[int, Callable[[Tensor], Objective]],
    config: FitConfig,
    generator: torch.Generator,
    callback: StepCallback | None = None,
) -> Descent:
    """Minimise the loss of every system and return the last state.

    Args:
        parameters: B systems, several of which may serve one target.
        target: (B,) the target of each system, on the CPU.
        objectives: by the step from which it holds (0 must be there), a function that makes
            the objective for given targets.
        callback: called after every step.
    Raises:
        DivergedError: a system had non-finite gradients ``MAX_BAD_STEPS`` times in a row; its
            ``state`` attribute is the ``Descent`` before them.
    """
    state = Descent(parameters, target, torch.full((len(target),), math.inf))
    optimizer = _optimizer(parameters, config)
    halvings = [int(fraction * config.steps) for fraction in HALVINGS]
    objective: Objective | None = None
    bad_steps = torch.zeros(len(target))
    best, best_step = math.inf, 0
    for step in range(config.steps):
        if step in objectives:
            objective = objectives[step](state.target)
            state.loss = torch.full_like(state.loss, math.inf)  # losses of levels differ
        assert objective is not None
        if step in halvings:
            keep = _better_half(state)
            if len(keep) < len(state.target):
                parameters, optimizer = _keep(parameters, optimizer, keep, config)
                objective = objective.select(keep)
                state = Descent(parameters, state.target[keep], state.loss[keep], step)
                bad_steps = bad_steps[keep]
        _set_rate(optimizer, config, step)
        if config.noise > 0 and _is_noisy(config, step):
            parameters.add_noise(config.noise, generator)
        optimizer.zero_grad()
        loss = objective(parameters.maps())
        torch.nan_to_num(loss).sum().backward()  # type: ignore[no-untyped-call]
        finite = _guard_gradients(parameters, loss.detach())
        bad_steps = torch.where(finite, 0, bad_steps + 1)
        if bool((bad_steps >= MAX_BAD_STEPS).any()):
            item = int(torch.argmax(bad_steps))
            error = DivergedError(
                f"target {int(state.target[item])} diverged at step {step}: its gradient was not "
                f"finite {MAX_BAD_STEPS} times in a row; lower the learning rate"
            )
            error.state = state  # type: ignore[attr-defined]
            raise error
        if config.gradient_clip is not None:
            _clip_per_item(parameters, config.gradient_clip)
        optimizer.step()
        parameters.bound(config.largest_singular)
        now = loss.detach().cpu()
        blended = MEMORY * state.loss + (1 - MEMORY) * now
        state.loss = torch.where(finite & torch.isfinite(state.loss), blended, now)
        state.loss = torch.nan_to_num(state.loss, nan=math.inf)
        state.step = step + 1
        if callback is not None:
            callback(state.step, state)
        if config.target_loss is not None and bool((state.best()[1] <= config.target_loss).all()):
            break
        if config.patience is not None:
            mean = float(state.best()[1].mean())
            if mean < best * (1 - PATIENT_GAIN) or step in objectives:
                best, best_step = mean, step
            elif step - best_step >= config.patience and step > max(objectives):
                break
    return state


def _optimizer(parameters: Parameters, config: FitConfig) -> torch.optim.Optimizer:
    slow = [leaf for name, leaf in parameters.leaves.items() if name not in ("logits", "colors")]
    fast = [parameters.leaves[name] for name in ("logits", "colors") if name in parameters.leaves]
    groups = [{"params": slow, "ratio": 1.0}]
    fast = [leaf for leaf in fast if leaf.requires_grad]
    if fast:
        groups.append({"params": fast, "ratio": PROBABILITY_RATE})
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


def _better_half(state: Descent) -> Tensor:
    """Return the items to keep: of each target the better half of its starts, rounded up."""
    kept = []
    for i in range(int(state.target.max()) + 1):
        members = torch.nonzero(state.target == i)[:, 0]
        order = torch.argsort(state.loss[members], stable=True)
        kept.append(members[order[: (len(members) + 1) // 2]])
    return torch.cat(kept).sort().values


def _set_rate(optimizer: torch.optim.Optimizer, config: FitConfig, step: int) -> None:
    done = step / config.steps
    if config.schedule == "halving":
        factor = 0.5 ** math.floor(4 * done)
    else:
        warm_up = min(1.0, (step + 1) / 20)
        factor = warm_up * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * done)))
    for group in optimizer.param_groups:
        group["lr"] = config.learning_rate * factor * group["ratio"]


def _is_noisy(config: FitConfig, step: int) -> bool:
    count = step + 1
    return count % config.noise_every == 0 and count < config.noise_until * config.steps


def _guard_gradients(parameters: Parameters, loss: Tensor) -> Tensor:
    """Zero the gradient of every system where any part is not finite; return which are finite."""
    finite = torch.isfinite(loss)
    leaves = [leaf for leaf in parameters.leaves.values() if leaf.grad is not None]
    for leaf in leaves:
        assert leaf.grad is not None
        finite = finite & torch.isfinite(leaf.grad).flatten(1).all(1)
    if not bool(finite.all()):
        for leaf in leaves:
            assert leaf.grad is not None
            leaf.grad[~finite] = 0
    return finite.cpu()


def _clip_per_item(parameters: Parameters, largest: float) -> None:
    """Clip the norm of the gradient of each leaf, separately for each system of the batch."""
    for leaf in parameters.leaves.values():
        if leaf.grad is not None:
            norm = leaf.grad.flatten(1).norm(dim=1)
            factor = (largest / norm.clamp_min(np.finfo(np.float32).tiny)).clamp(max=1)
            leaf.grad *= factor.view(-1, *[1] * (leaf.dim() - 1))
