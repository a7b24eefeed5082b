"""The work behind ``lenet.py``: sets of fractals are learned, networks pre-trained."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from torch import Tensor

from selfsame.codes.store import save
from selfsame.datasets import Pictures
from selfsame.errors import InputError
from selfsame.fractals import make_recipe
from selfsame.ifs.code import IFSCode
from selfsame.ifs.samples.random import search_fractaldb
from selfsame.ifs.system import IFS
from selfsame.lab.networks.architectures import Network, make_network
from selfsame.lab.probe.classification import ClassificationTask
from selfsame.lab.probe.probes import picture_tensor
from selfsame.lab.sets.config import TRAINING, FractalSetConfig
from selfsame.lab.sets.training import learn_fractals
from selfsame.training import TrainResult, TrainSettings, train

SIDE = 32
WARM_UP = 100
AVERAGE = 0.99
"""Of the weights that are probed: the learning rate does not fall."""

DRAWN_AT_ONCE = 10_000

Write = Callable[[Path], None]
Advance = Callable[[int], tuple[int, Write]]
"""Goes on with a training for so many steps, perhaps 0; returns the step that it has reached, and
what writes its state to a path."""


@dataclass(frozen=True)
class Plan:
    """The settings of a run; ``lenet.py`` has most of them as options.

    Attributes:
        fractals: K, the systems of a set, and so the classes of a pre-training.
        learning_steps, pretraining_steps: of the longest runs.
        every: steps between two networks that are probed, of either kind.
        batch, lr: of pre-training.
        points, jitter, patch, instances: of the pictures of pre-training, see ``Custom``.
        shots: labelled pictures a class of the small sets.
        draws: random choices of these pictures.
        probe_pictures: of MNIST that a probe learns from, at most.
    """

    fractals: int
    learning_steps: int
    pretraining_steps: int
    every: int
    batch: int
    lr: float
    points: int
    jitter: float
    patch: bool
    instances: int
    shots: tuple[int, ...]
    draws: int
    probe_pictures: int

    def milestones(self, steps: int) -> list[int]:
        """Return the multiples of ``every`` up to ``steps``, from the first one on."""
        return list(range(self.every, steps + 1, self.every))


# Learning.


def learned_codes(pictures: Pictures, plan: Plan, seed: int, folder: Path) -> dict[int, Path]:
    """Return the folder of codes at each milestone of learning; 0 is the random start.

    Args:
        folder: of the training and the codes; what was stopped goes on there.
    """
    steps = plan.learning_steps
    settings = replace(
        TRAINING, steps=steps, seed=seed, device="cpu", checkpoint_every=plan.every, workers=0
    )
    config = FractalSetConfig(fractals=plan.fractals, side=SIDE)

    def advance(count: int) -> tuple[int, Write]:
        found = learn_fractals(
            pictures, folder / "training", config=config, settings=settings, stop_after=count
        )
        check_stopped(found.training)
        return found.training.step, partial(write_codes, found.codes)

    return at_milestones([0, *plan.milestones(steps)], folder, "codes", lambda: advance)


def write_codes(codes: Sequence[IFSCode], folder: Path) -> None:
    """Write codes to a new folder, which appears when all of them are there."""
    with TemporaryDirectory(dir=folder.parent) as temporary:
        filled = Path(temporary) / folder.name
        filled.mkdir()
        for number, code in enumerate(codes):
            save(code, filled / f"{number:05d}.ssm")
        filled.rename(folder)


# Pictures.


def fractal_pictures(codes: Path | Sequence[IFS], plan: Plan, seed: int, window: str) -> Pictures:
    """Return ``plan.instances`` pictures of every fractal of a set, which is their label.

    Args:
        codes: a folder of learned codes, or systems.
        window: ``code``, where the set was drawn when it was learned, or ``points``.
    """
    recipe = make_recipe(
        "custom",
        codes=codes,
        instances=plan.instances,
        side=SIDE,
        seed=seed,
        threads=1,
        points=plan.points,
        jitter=plan.jitter,
        flips=False,
        patch=plan.patch,
        window=window,
    )
    places = np.arange(len(recipe))
    drawn = [
        recipe.pictures(part) for part in np.split(places, places[DRAWN_AT_ONCE::DRAWN_AT_ONCE])
    ]
    return Pictures(np.concatenate(drawn)[..., None], places // recipe.instances)


def fractaldb_pictures(plan: Plan, seed: int) -> Pictures:
    """Return pictures of FractalDB's categories, as many as a learned set has."""
    systems = search_fractaldb(plan.fractals, seed=seed, threads=1)
    return fractal_pictures(systems, plan, seed, "points")


class LabelledBatches:
    """Batches of labelled pictures, drawn at random with replacement."""

    def __init__(self, pictures: Pictures) -> None:
        assert pictures.labels is not None
        self.pictures, self.labels = pictures, torch.from_numpy(pictures.labels)
        self.classes = int(pictures.labels.max()) + 1

    def batch(self, seed: int, step: int, indices: Sequence[int]) -> tuple[Tensor, Tensor]:
        """Return some samples of a step, (n, C, H, W) in [0, 1], and their labels (n,)."""
        random = np.random.default_rng([seed, step])
        chosen = random.integers(len(self.labels), size=max(indices) + 1)[list(indices)]
        return picture_tensor(self.pictures.images[chosen]), self.labels[chosen]


# Networks.


def untrained(classes: int, seed: int) -> Network:
    """Return a LeNet with the weights of a seed; those before the head depend on nothing else."""
    with torch.random.fork_rng([]):
        torch.manual_seed(seed)
        return make_network("lenet", classes=classes, channels=1, side=SIDE).eval()


def trained_networks(
    pictures: Callable[[], Pictures],
    plan: Plan,
    seed: int,
    folder: Path,
    milestones: Sequence[int],
) -> dict[int, Path]:
    """Return the files of a LeNet that learns to classify pictures, at some milestones.

    Args:
        pictures: returns them; called only where work is left to do.
        folder: of the training and the files; what was stopped goes on there.
        milestones: the last one is ``plan.pretraining_steps``.
    """

    def begin() -> Advance:
        batches = LabelledBatches(pictures())
        task = ClassificationTask(untrained(batches.classes, seed))
        settings = TrainSettings(
            steps=plan.pretraining_steps,
            batch=plan.batch,
            lr=plan.lr,
            warmup_steps=min(WARM_UP, plan.pretraining_steps),
            final_fraction=1.0,
            ema_decay=AVERAGE,
            seed=seed,
            device="cpu",
            validate_every=0,
            checkpoint_every=plan.every,
            workers=0,
        )
        state = {"pictures": batches.pictures.fingerprint}

        def advance(count: int) -> tuple[int, Write]:
            result = train(
                task, batches, settings, folder / "training", config=state, stop_after=count
            )
            check_stopped(result)
            return result.step, task.model.save_pretrained

        return advance

    return at_milestones(milestones, folder, "network", begin)


# Trainings.


def at_milestones(
    milestones: Sequence[int], folder: Path, name: str, begin: Callable[[], Advance]
) -> dict[int, Path]:
    """Return a path for each milestone, ``folder/NAME-STEP``, made where it is missing.

    Args:
        begin: makes the training that goes on; called only if a path is missing.
    """
    paths = {step: folder / f"{name}-{step:06d}" for step in milestones}
    if all(path.exists() for path in paths.values()):
        return paths
    folder.mkdir(parents=True, exist_ok=True)
    advance = begin()
    # A training that was killed may be at a milestone whose path it had no time to write.
    step, write = advance(0)
    for milestone, path in paths.items():
        if path.exists():
            continue
        if step > milestone:
            raise InputError(f"{folder} lacks {path.name} of a later training; remove the folder")
        if step < milestone:
            step, write = advance(milestone - step)
        write(path)
    return paths


def check_stopped(result: TrainResult) -> None:
    """End the run if a signal ended a training."""
    if result.stopped_by is not None:
        raise KeyboardInterrupt(result.stopped_by)
