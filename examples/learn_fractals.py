"""Learn a dozen fractals that look, as a set, like strokes, by a loss of one's own."""

import sys
import tempfile
from pathlib import Path

import numpy as np
import torch

from selfsame.datasets import Pictures
from selfsame.lab import FractalSetConfig, learn_fractals
from selfsame.training import TrainSettings

out = Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp()) / "strokes"


def nearest_in_set(fakes: torch.Tensor, reals: torch.Tensor) -> torch.Tensor:
    """Every fake should be close to some real picture, and every real one to some fake."""
    one, other = (pictures.flatten(1) for pictures in (fakes, reals))
    distances = torch.cdist(one, other)
    return distances.amin(0).mean() + distances.amin(1).mean()


random, across = np.random.default_rng(0), np.arange(32) + 0.5
angle, shift = random.uniform(0, np.pi, (400, 1, 1)), random.uniform(-4, 4, (2, 400, 1, 1))
x, y = across - 16 - shift[0], across[:, None] - 16 - shift[1]
along, aside = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
strokes = np.uint8(255) * ((abs(along) < 10) & (abs(aside) < 2))

settings = TrainSettings(
    steps=100, batch=24, lr=0.1, warmup_steps=0, gradient_clip=None, ema_decay=0, device="cpu"
)
learned = learn_fractals(
    Pictures(strokes[..., None]),
    out,
    loss=nearest_in_set,
    config=FractalSetConfig(fractals=12),
    settings=settings,
)
print(f"{out}: {len(learned.codes)} codes, loss {learned.training.metrics['loss']:.3g}")
