"""Training of a ``SetEncoder``: from pictures alone, by how its attractors look.

No parameters are compared: many systems share an attractor, and no order of their maps is the
right one. The loss is that of a fit, the expected squared error of a drawing, for pictures that
are new in every step; the network learns to do at once what a descent does for one picture.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from selfsame.ifs.encoder.network import EncoderConfig, SetEncoder
from selfsame.ifs.fit.config import PAPER_MAPS
from selfsame.lab.encoder.doodles import doodles
from selfsame.training.task import Means, Metrics, Task

VALIDATION_SEED = 2**62
"""Doodles of this seed are never learned."""

VALIDATION_PICTURES = 256

FEWEST_MAPS, MOST_MAPS = 4, 20
"""Numbers of maps that half of the steps are trained with; the others take ``PAPER_MAPS``."""


class EncoderTask(Task):
    """An encoder that learns to predict systems, for ``selfsame.training.train``.

    Attributes:
        model: what is trained.
    """

    model: SetEncoder

    def __init__(self, config: EncoderConfig | None = None) -> None:
        self.model = SetEncoder(config)

    def loss(self, batch: Tensor, step: int, generator: torch.Generator) -> tuple[Tensor, Metrics]:
        """Return the mean error of pictures, (B, 1, S, S) in [0, 1], over all rounds."""
        draws = torch.Generator().manual_seed(int(torch.randint(2**62, (), generator=generator)))
        maps = int(torch.randint(FEWEST_MAPS, MOST_MAPS + 1, (), generator=draws))
        if torch.rand((), generator=draws) < 0.5:
            maps = PAPER_MAPS
        _, errors = self.model.rounds(batch, maps, draws)
        means = torch.stack(errors).mean(1)
        return means.mean(), {"first": means[0], "last": means[-1]}

    @torch.no_grad()
    def validate(self, model: torch.nn.Module, shard: slice) -> Means:
        """Return the mean error of doodles that are never learned; the same ones each time."""
        assert isinstance(model, SetEncoder)
        pictures = doodles(VALIDATION_SEED, range(VALIDATION_PICTURES)[shard], model.config.side)
        batch = torch.from_numpy(pictures)[:, None].to(model.head.weight.device)
        generator = torch.Generator().manual_seed(0)
        _, errors = model.rounds(batch, PAPER_MAPS, generator)
        return Means({"error": float(errors[-1].mean())}, len(pictures))


@dataclass(frozen=True)
class DoodleBatches:
    """Batches of doodles, new ones in every step.

    Attributes:
        side: of the pictures, pixels.
        batch_size: samples of a step, of all processes together.
        steps: of the training.
    """

    side: int
    batch_size: int
    steps: int

    def __len__(self) -> int:
        """Return how many doodles the training sees."""
        return self.batch_size * self.steps

    @property
    def fingerprint(self) -> str:
        """What all batches depend on beside the seed."""
        return f"doodles {self.side} {self.batch_size}"

    def batch(self, seed: int, step: int, indices: Sequence[int]) -> Tensor:
        """Return samples ``indices`` of a step, (B, 1, side, side) in [0, 1]."""
        first = step * self.batch_size
        pictures = doodles(seed, [first + index for index in indices], self.side)
        return torch.from_numpy(np.ascontiguousarray(pictures[:, None]))
