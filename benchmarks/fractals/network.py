"""What the loaders feed: ResNet-18, and how much of its time it waits for pictures."""

import time
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from selfsame.lab.networks.architectures import make_network

LEARNING_RATE = 0.05
SIDE = 224
"""For the record: ResNet-18 takes pictures of any side."""


class Training:
    """A network with its optimiser, trained step by step."""

    def __init__(self, classes: int, seed: int) -> None:
        torch.manual_seed(seed)
        self.network = make_network("resnet18", classes=classes, channels=3, side=SIDE)
        self.optimiser = torch.optim.SGD(self.network.parameters(), LEARNING_RATE, momentum=0.9)

    def step(self, pictures: Tensor, labels: Tensor) -> float:
        """Return the loss before one step."""
        loss = F.cross_entropy(self.network(pictures - 0.5), labels)
        self.optimiser.zero_grad()
        loss.backward()
        self.optimiser.step()
        return float(loss.detach())


def train(
    training: Training, batches: Iterator[tuple[Tensor, Tensor]], steps: int, skip: int
) -> dict[str, Any]:
    """Return the pictures/s of training on batches, and the share of time spent waiting for them.

    Args:
        skip: steps that come first and do not count.
    """
    waited = trained = 0.0
    pictures = 0
    for i in range(skip + steps):
        begin = time.perf_counter()
        batch, labels = next(batches)
        ready = time.perf_counter()
        training.step(batch, labels)
        end = time.perf_counter()
        if i >= skip:
            waited += ready - begin
            trained += end - ready
            pictures += len(labels)
    return {
        "pictures_per_s": pictures / (waited + trained),
        "waiting_share": waited / (waited + trained),
        "steps": steps,
    }
