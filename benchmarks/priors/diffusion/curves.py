"""Fréchet distance against steps of the samplers and against training time, for ``codes.py``."""

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch

from benchmarks import harness
from benchmarks.harness import plotting
from benchmarks.harness.kept import Kept
from benchmarks.harness.types import Row
from benchmarks.priors import quality
from benchmarks.priors.diffusion.makers import Maker
from benchmarks.priors.diffusion.quality import Compared, judged, of_samples
from benchmarks.priors.digits import Data
from benchmarks.priors.quality import Judge
from selfsame.priors.diffusion.backbone import Condition
from selfsame.priors.diffusion.config import (
    DiffusionConfig,
    DiffusionObjective,
    SamplerName,
    SamplerSettings,
)
from selfsame.priors.diffusion.generation import sample_latents
from selfsame.priors.diffusion.model import DiffusionModel
from selfsame.priors.diffusion.train import DiffusionTask
from selfsame.training.checkpoint import checkpoints, load_checkpoint
from selfsame.training.distributed import Processes
from selfsame.training.learner import Learner
from selfsame.training.loop import CHECKPOINTS
from selfsame.training.settings import TrainSettings

SAMPLERS: tuple[SamplerName, ...] = ("ddim", "heun", "dpm-solver")
STEPS, QUICK_STEPS = (1, 5, 10, 25, 50), (1, 2)

MEASURES = ("frechet", "accuracy", "accuracy_error", "precision", "recall")
STEP_COLUMNS = ("model", "sampler", "steps", "evaluations", *MEASURES)
TRAINING_COLUMNS = ("model", "step", "seconds", "seconds_with_space", *MEASURES)


def evaluations(model: DiffusionModel, settings: SamplerSettings) -> int:
    """Return how often a sampler asks the network for a sample, counted."""
    count = 0

    def counted(*_: object) -> None:
        nonlocal count
        count += 1

    handle = model.register_forward_hook(counted)
    try:
        sample_latents(model, 1, settings, condition=Condition(torch.zeros(1, dtype=torch.int64)))
    finally:
        handle.remove()
    return count


def snapshots(maker: Maker) -> list[tuple[int, Path]]:
    """Return step and path of the checkpoints of a diffusion's training, the oldest first."""
    return checkpoints(maker.folder / CHECKPOINTS)[::-1]


def snapshot(maker: Maker, path: Path) -> tuple[Maker, float]:
    """Return a diffusion as a checkpoint of its training has it, and the seconds until then.

    The weights are the running averages, as those of the exported model.
    """
    state = load_checkpoint(path)
    about = state["identity"]
    model = DiffusionModel(DiffusionConfig.from_dict(about["config"]["model"]))
    task = DiffusionTask(model, DiffusionObjective.from_dict(about["config"]["objective"]))
    settings = TrainSettings.from_dict(about["settings"])
    learner = Learner(task, settings, Processes(0, 1, torch.device("cpu")))
    learner.load_state_dict(state["learner"])
    learner.finish()
    return replace(maker, model=model.eval()), float(state["seconds"])


def _measured(
    judge: Judge, one: Compared, kept: Kept, options: argparse.Namespace
) -> dict[str, float]:
    row = judged(judge, one, kept, options.seed + 1000)
    return {name: row[name] for name in MEASURES}


def _floor(judge: Judge, data: Data, kept: Kept, options: argparse.Namespace) -> float:
    """Return the distance of training pictures."""
    count = len(judge.real.features)
    one = Compared(
        {"data": data.train.fingerprint, "count": count, "set": "training"},
        lambda seed: quality.training_pictures(data, count, seed),
        None,
    )
    return float(judged(judge, one, kept, options.seed + 1000)["frechet"])


def measure_steps(
    makers: Sequence[Maker],
    data: Data,
    kept: Kept,
    options: argparse.Namespace,
    name: str,
    folder: Path | None,
) -> tuple[Row, list[str], list[str]]:
    """Return distances by sampler and steps; write NAME.csv and NAME.png."""
    judge = quality.learned_judge(data, kept, options)
    rows: list[Row] = []
    for maker in makers:
        for sampler in SAMPLERS:
            for steps in QUICK_STEPS if options.quick else STEPS:
                settings = SamplerSettings(sampler=sampler, steps=steps)
                row = {
                    "model": maker.label,
                    "sampler": sampler,
                    "steps": steps,
                    "evaluations": evaluations(maker.model, settings),
                    **_measured(judge, of_samples(maker, data, settings), kept, options),
                }
                rows.append(row)
                harness.say(f"{maker.label}, {sampler}, {steps} steps: {row['frechet']:.3f}")
    floor = _floor(judge, data, kept, options)
    if folder is not None:
        harness.write_csv(folder / f"{name}.csv", rows, STEP_COLUMNS)
        lines = {
            f"{maker.label}, {sampler}": [
                (row["evaluations"], row["frechet"])
                for row in rows
                if (row["model"], row["sampler"]) == (maker.label, sampler)
            ]
            for maker in makers
            for sampler in SAMPLERS
        }
        _plot(folder / f"{name}.png", lines, floor, "evaluations of the network")
    notes = [
        "guidance 1, one set of samples each; heun evaluates the network twice a step but the last,"
        " the others once: compare them at equal evaluations",
    ]
    return {"floor": floor, "rows": rows}, [harness.markdown_table(rows, STEP_COLUMNS)], notes


def measure_training(
    makers: Sequence[Maker],
    data: Data,
    kept: Kept,
    options: argparse.Namespace,
    settings: SamplerSettings,
    name: str,
    folder: Path | None,
) -> tuple[Row, list[str], list[str]]:
    """Return distances by time of training, from checkpoints; write NAME.csv and NAME.png."""
    judge = quality.learned_judge(data, kept, options)
    rows: list[Row] = []
    for maker in makers:
        before = float(maker.space_card.get("training_seconds", 0))
        for step, path in snapshots(maker):
            then, seconds = snapshot(maker, path)
            row = {
                "model": maker.label,
                "step": step,
                "seconds": seconds,
                "seconds_with_space": before + seconds,
                **_measured(judge, of_samples(then, data, settings), kept, options),
            }
            rows.append(row)
            harness.say(f"{maker.label}, {step} steps: {row['frechet']:.3f}")
    floor = _floor(judge, data, kept, options)
    if folder is not None:
        harness.write_csv(folder / f"{name}.csv", rows, TRAINING_COLUMNS)
        lines = {
            maker.label: [
                (row["seconds_with_space"] / 60, row["frechet"])
                for row in rows
                if row["model"] == maker.label
            ]
            for maker in makers
            if snapshots(maker)
        }
        _plot(folder / f"{name}.png", lines, floor, "minutes of training, the space's included")
    notes = [
        "running averages of the weights at checkpoints of one training each, whose learning rate"
        " falls to its end: a shorter training would be better at its own end than the curve here",
        "seconds are those of the training, on whatever else the machine did; seconds_with_space"
        " begin with the training of the space",
    ]
    results = {"sampler": settings.as_dict(), "floor": floor, "rows": rows}
    return results, [harness.markdown_table(rows, TRAINING_COLUMNS)], notes


def _plot(path: Path, lines: plotting.Series, floor: float, label: str) -> None:
    """Write lines, and a level one of training pictures from the least to the greatest x."""
    across = [x for points in lines.values() for x, _ in points]
    level = [(min(across), floor), (max(across), floor)]
    title = "samples against test pictures"
    plotting.plot_lines(
        path, title, {**lines, "training pictures": level}, label, "classifier Fréchet distance"
    )
