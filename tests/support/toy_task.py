"""A small task with noise, dropout and buffers; as a script, a training in its own process."""

import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch
from torch import nn

from selfsame.training import Means, Task, TrainSettings, train

SETTINGS = TrainSettings(
    steps=40,
    batch=4,
    lr=1e-2,
    warmup_steps=5,
    weight_decay=0.01,
    ema_decay=0.9,
    device="cpu",
    log_every=10,
    validate_every=20,
    checkpoint_every=10,
    workers=2,
)


class ToyTask(Task):
    """Learns to be the identity in spite of noise."""

    def __init__(self, *, noise: float = 0.1, dropout: float = 0.1, pause: float = 0.0) -> None:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(1)
            self.model = nn.Sequential(
                nn.Linear(6, 8), nn.Dropout(dropout), nn.Tanh(), nn.Linear(8, 6)
            )
        self.noise, self.pause = noise, pause

    def loss(
        self, batch: torch.Tensor, step: int, generator: torch.Generator
    ) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        time.sleep(self.pause)
        noisy = batch + self.noise * torch.randn(batch.shape, generator=generator)
        error = (self.model(noisy) - batch).square().mean()
        return error, {"error": error}

    def validate(self, model: nn.Module, shard: slice) -> Means:
        assert not model.training
        total = float(sum(p.sum() for p in model.parameters()))
        samples = range(10)[shard]
        return Means({"sum": total, "sample": sum(samples) / len(samples)}, len(samples))


class ToyData:
    """Sample i of step t: normal numbers seeded by (seed, t, i)."""

    def batch(self, seed: int, step: int, indices: Sequence[int]) -> torch.Tensor:
        samples = []
        for index in indices:
            generator = torch.Generator().manual_seed(seed + 1000 * step + index)
            samples.append(torch.randn(6, generator=generator))
        return torch.stack(samples)


def messenger_threads() -> list[str]:
    """Return the names of this process's threads that carry messages, on Linux."""
    names = [path.read_text().strip() for path in Path("/proc/self/task").glob("*/comm")]
    return [name for name in names if "gloo" in name]


if __name__ == "__main__":
    torch.set_num_threads(1)
    folder, pause, noise = Path(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3])
    task = ToyTask(pause=pause, noise=noise, dropout=noise)
    result = train(task, ToyData(), replace(SETTINGS, workers=0), folder)
    assert not messenger_threads()  # they would race with the interpreter's end
    total = sum(float(p.double().sum()) for p in task.model.parameters())
    print(result.stopped_by, result.step, total, flush=True)
