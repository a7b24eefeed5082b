"""Training of the inverse encoder for ``starts.py``."""

import argparse
import platform
import signal
from dataclasses import replace
from pathlib import Path

import torch

from benchmarks import harness
from benchmarks.encoder.inverse_data import InverseBatches
from benchmarks.encoder.inverse_network import TRAINING, InverseTask
from selfsame.run.progress import shown_progress
from selfsame.training import train

MODEL_NAME = "model"
QUICK_STEPS, QUICK_BATCH = 3, 8


def folder_of(keep: Path) -> Path:
    """Return the folder of the training within ``--keep``."""
    return keep / "inverse"


def train_inverse(options: argparse.Namespace, keep: Path) -> Path:
    """Train the inverse encoder, or go on with its training; return the folder of the model.

    Raises:
        SystemExit: a signal ended the training; the same command goes on.
    """
    settings = replace(TRAINING, seed=options.seed, steps=options.steps or TRAINING.steps)
    if options.quick:
        settings = replace(settings, steps=QUICK_STEPS, batch=QUICK_BATCH)
    folder = folder_of(keep)
    folder.mkdir(parents=True, exist_ok=True)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        task = InverseTask()
    with shown_progress("train") as progress:
        result = train(task, InverseBatches(), settings, folder, progress=progress)
    if result.stopped_by is not None:
        harness.say(f"stopped after {result.step} steps; the same command goes on")
        raise SystemExit(128 + signal.Signals[result.stopped_by])
    card = {
        "settings": settings.as_dict(),
        "training_seconds": round(result.seconds),
        "machine": platform.machine(),
        "validation": result.validation,
    }
    task.model.save_pretrained(folder / MODEL_NAME, card)
    values = ", ".join(f"{name} {value:.4g}" for name, value in result.validation.items())
    harness.say(f"{folder / MODEL_NAME}: {result.step} steps; {values}")
    return folder / MODEL_NAME
