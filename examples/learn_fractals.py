"""Learn a dozen fractals that look, as a set, like rings, by a loss of one's own."""

import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

from selfsame.datasets import Pictures
from selfsame.pretrain import FractalSetConfig, learn_fractals
from selfsame.training import TrainSettings

out = Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp()) / "rings"


def nearest_in_set(fakes: torch.Tensor, reals: torch.Tensor) -> torch.Tensor:
    """Every fake should be close to some real picture, and every real one to some fake."""
    one, other = (F.avg_pool2d(pictures, 2).flatten(1) for pictures in (fakes, reals))
    distances = torch.cdist(one, other).square()
    return distances.amin(0).mean() + distances.amin(1).mean()


random, across = np.random.default_rng(0), np.arange(32) + 0.5
radii, centers = random.uniform(5, 10, 400), random.uniform(13, 19, (400, 2))
distances = np.hypot(across - centers[:, :1, None], across[:, None] - centers[:, 1:, None])
rings = np.uint8(255) * (abs(distances - radii[:, None, None]) < 1.5)

settings = TrainSettings(
    steps=100, batch=24, lr=0.1, warmup_steps=0, gradient_clip=None, ema_decay=0, device="cpu"
)
learned = learn_fractals(
    Pictures(rings[..., None]),
    out,
    loss=nearest_in_set,
    config=FractalSetConfig(fractals=12),
    settings=settings,
)
loss = learned.training.metrics["loss"]
print(f"{out}: {len(learned.codes)} codes, loss {loss:.3g}; {out / 'codes.png'} shows them")
