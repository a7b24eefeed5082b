"""A small classifier of binary pictures, trained here: its features tell sets of pictures apart.

No foreign weights: distances in its features compare with those of the same classifier only. It
learns pictures drawn as zeros and ones, because samples are drawn so.
"""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmarks.harness.types import Array, Arrays
from selfsame.datasets import Pictures
from selfsame.datasets.batches import evaluation_pictures
from selfsame.errors import InputError

FEATURES = 64
EPOCHS, QUICK_EPOCHS = 3, 2
BATCH = 128
LEARNING_RATE = 2e-3

_AT_ONCE = 500


class Classifier(nn.Module):
    """Two convolutions, each halving the picture, and two linear layers.

    The features are bounded: without that, a few pictures with large ones decide the distances.
    """

    def __init__(self, side: int, classes: int) -> None:
        super().__init__()
        if side % 4:
            raise InputError(f"the classifier takes pictures of a side divisible by 4: got {side}")
        self.first = nn.Conv2d(1, 16, 5, stride=2, padding=2)
        self.second = nn.Conv2d(16, 32, 3, stride=2, padding=1)
        self.features = nn.Linear(32 * (side // 4) ** 2, FEATURES)
        self.classes = nn.Linear(FEATURES, classes)

    def describe(self, pictures: Tensor) -> Tensor:
        """Return the features, (B, FEATURES) in [-1, 1], of pictures, (B, 1, S, S)."""
        x = F.relu(self.second(F.relu(self.first(2 * pictures - 1))))
        features: Tensor = self.features(x.flatten(1)).tanh()
        return features

    def forward(self, pictures: Tensor) -> Tensor:
        """Return logits, (B, classes)."""
        logits: Tensor = self.classes(self.describe(pictures))
        return logits


class Described(NamedTuple):
    """Features, (N, FEATURES), and probabilities of the classes, (N, classes)."""

    features: Array
    probabilities: Array


def train_classifier(pictures: Pictures, seed: int, epochs: int) -> Arrays:
    """Return the weights of a classifier by name, after some epochs of Adam.

    Pictures are drawn as zeros and ones anew each time.
    """
    grey, labels = evaluation_pictures(pictures), torch.from_numpy(labels_of(pictures))
    generator = torch.Generator().manual_seed(seed)
    model = _new(pictures, seed)
    optimiser = torch.optim.Adam(model.parameters(), LEARNING_RATE)
    steps = epochs * -(-len(grey) // BATCH)
    decay = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: 1 - step / steps)
    for _ in range(epochs):
        for chosen in torch.randperm(len(grey), generator=generator).split(BATCH):
            loss = F.cross_entropy(
                model(torch.bernoulli(grey[chosen], generator=generator)), labels[chosen]
            )
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            decay.step()
    return {name: tensor.detach().numpy() for name, tensor in model.state_dict().items()}


def load_classifier(weights: Arrays, pictures: Pictures) -> Classifier:
    """Return the classifier that ``train_classifier`` made of these pictures."""
    model = _new(pictures, 0)
    model.load_state_dict({name: torch.from_numpy(array) for name, array in weights.items()})
    return model.eval()


def describe(model: Classifier, pictures: Tensor) -> Described:
    """Return what a classifier makes of binary pictures, (N, 1, S, S)."""
    with torch.no_grad():
        features = torch.cat([model.describe(p) for p in pictures.split(_AT_ONCE)])
        probabilities = model.classes(features).softmax(1)
    return Described(features.numpy(), probabilities.numpy())


def accuracy(described: Described, labels: Array) -> float:
    """Return the share of pictures whose class, (N,), was found."""
    return float((described.probabilities.argmax(1) == labels).mean())


def class_entropy(described: Described) -> float:
    """Return the entropy of how often each class is found, in nats; ln(10) if ten come equally."""
    counts = np.bincount(described.probabilities.argmax(1))
    shares = counts[counts > 0] / counts.sum()
    return float(-(shares * np.log(shares)).sum())


def _new(pictures: Pictures, seed: int) -> Classifier:
    with torch.random.fork_rng([]):
        torch.manual_seed(seed)
        return Classifier(pictures.images.shape[1], int(labels_of(pictures).max()) + 1)


def labels_of(pictures: Pictures) -> Array:
    """Return the class of each picture, (N,)."""
    assert pictures.labels is not None
    return pictures.labels
