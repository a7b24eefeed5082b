"""What the loaders feed: ResNet-18, and how much of its time it waits for pictures.

He et al. 2016, "Deep Residual Learning for Image Recognition", table 1: 11.7 million weights.
"""

import time
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

LEARNING_RATE = 0.05


class _Block(nn.Module):
    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(inplace=True),
            nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False),
            nn.BatchNorm2d(outputs),
        )
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)
            )

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.body(x) + self.shortcut(x))


def resnet18(classes: int) -> nn.Sequential:
    """Return the network for pictures (B, 3, H, W)."""
    layers: list[nn.Module] = [
        nn.Conv2d(3, 64, 7, 2, 3, bias=False),
        nn.BatchNorm2d(64),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(3, 2, 1),
    ]
    inputs = 64
    for outputs, stride in ((64, 1), (128, 2), (256, 2), (512, 2)):
        layers += [_Block(inputs, outputs, stride), _Block(outputs, outputs, 1)]
        inputs = outputs
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(inputs, classes))


class Training:
    """A network with its optimiser, trained step by step."""

    def __init__(self, classes: int, seed: int) -> None:
        torch.manual_seed(seed)
        self.network = resnet18(classes)
        self.optimiser = torch.optim.SGD(self.network.parameters(), LEARNING_RATE, momentum=0.9)

    def step(self, pictures: Tensor, labels: Tensor) -> float:
        """Return the loss before one step."""
        loss = nn.functional.cross_entropy(self.network(pictures - 0.5), labels)
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
