"""A small network that has learned to tell true patches, for ``patches.py``."""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmarks import harness
from benchmarks.harness.kept import Kept
from benchmarks.harness.types import Array, Arrays, Row
from benchmarks.priors.enlarging.patches import SCALES, gradient_features, true_patches
from benchmarks.priors.enlarging.truth import Truth, told

FEATURES = 32
WIDTHS = (16, 32, 64)
EPOCHS, QUICK_EPOCHS = 4, 1
BATCH = 128
LEARNING_RATE = 2e-3

NAMES = ("network", "gradients")
"""Of the two descriptions."""

_AT_ONCE = 500


class PatchNetwork(nn.Module):
    """Three convolutions, two of which halve the patch, means over places, two linear layers.

    Norms are of batches while it learns and fixed afterwards: of single patches they would hide how
    much contrast these have. The features are bounded: without that, a few patches with large ones
    decide the distances.
    """

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        first, second, third = WIDTHS
        self.convolutions = nn.Sequential(
            nn.Conv2d(channels, first, 3, padding=1, bias=False),
            nn.BatchNorm2d(first),
            nn.ReLU(),
            nn.Conv2d(first, second, 3, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(second),
            nn.ReLU(),
            nn.Conv2d(second, third, 3, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(third),
            nn.ReLU(),
        )
        self.features = nn.Linear(third, FEATURES)
        self.classes = nn.Linear(FEATURES, classes)

    def describe(self, patches: Tensor) -> Tensor:
        """Return the features, (B, FEATURES) in [-1, 1], of patches, (B, C, h, w) in [0, 1]."""
        features: Tensor = self.features(self.convolutions(2 * patches - 1).mean((2, 3))).tanh()
        return features

    def forward(self, patches: Tensor) -> Tensor:
        """Return logits, (B, classes)."""
        logits: Tensor = self.classes(self.describe(patches))
        return logits


class Judge(NamedTuple):
    """What describes patches.

    Attributes:
        networks: by scale.
        accuracies: share of true patches of test pictures whose class a network finds, by scale.
        commonest: share of the commonest class of them, which needs no network.
        classes: how many there are.
    """

    networks: dict[int, PatchNetwork]
    accuracies: dict[int, float]
    commonest: float
    classes: int

    def describe(self, patches: Tensor, scale: int) -> Arrays:
        """Return the features of patches, (M, C, h, w) in [0, 1], as ``NAMES``."""
        return {
            "network": network_features(self.networks[scale], patches),
            "gradients": gradient_features(patches),
        }


def network_features(network: PatchNetwork, patches: Tensor) -> Array:
    """Return the features of patches, (M, FEATURES)."""
    with torch.no_grad():
        return torch.cat([network.describe(part) for part in patches.split(_AT_ONCE)]).numpy()


def train_network(patches: Tensor, labels: Array, classes: int, seed: int, epochs: int) -> Arrays:
    """Return the weights by name of a network that tells patches, (M, C, h, w), by their classes,
    (M,), after some epochs of Adam. Half of the patches of a batch are mirrored."""
    generator = torch.Generator().manual_seed(seed)
    known = torch.from_numpy(labels)
    with torch.random.fork_rng([]):
        torch.manual_seed(seed)
        network = PatchNetwork(patches.shape[1], classes)
    optimiser = torch.optim.Adam(network.parameters(), LEARNING_RATE)
    steps = epochs * -(-len(patches) // BATCH)
    decay = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: 1 - step / steps)
    for _ in range(epochs):
        for chosen in torch.randperm(len(patches), generator=generator).split(BATCH):
            batch = torch.cat([patches[chosen[::2]].flip(3), patches[chosen[1::2]]])
            wanted = torch.cat([known[chosen[::2]], known[chosen[1::2]]])
            loss = F.cross_entropy(network(batch), wanted)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            decay.step()
    return {name: tensor.detach().numpy() for name, tensor in network.state_dict().items()}


def load_network(weights: Arrays) -> PatchNetwork:
    """Return the network that ``train_network`` made."""
    channels = weights["convolutions.0.weight"].shape[1]
    network = PatchNetwork(channels, len(weights["classes.bias"]))
    network.load_state_dict({name: torch.from_numpy(array) for name, array in weights.items()})
    return network.eval()


def accuracy(network: PatchNetwork, patches: Tensor, labels: Array) -> float:
    """Return the share of patches, (M, C, h, w), whose class, (M,), is found; -1 is none."""
    with torch.no_grad():
        found = torch.cat([network(part).argmax(1) for part in patches.split(_AT_ONCE)]).numpy()
    return float((found == labels)[labels >= 0].mean())


def learned_judge(
    truth: Truth, columns: list[str] | None, kept: Kept, seed: int, epochs: int
) -> Judge:
    """Return a judge that has learned the training pictures; its networks are kept.

    Args:
        columns: as of ``told``.
    """
    train, test, classes = told(truth, columns)
    networks, accuracies = {}, {}
    for scale in SCALES:
        settings = {
            "data": truth.train.fingerprint,
            "told": train.tolist(),
            "scale": scale,
            "seed": seed,
            "epochs": epochs,
        }

        def work(scale: int = scale) -> Arrays:
            patches = true_patches(truth.train.images, scale, seed)
            labels = train.repeat(len(patches) // len(train))
            return train_network(patches, labels, classes, seed, epochs)

        networks[scale] = load_network(kept.get("network", settings, work))
        patches = true_patches(truth.test.images, scale, seed)
        labels = test.repeat(len(patches) // len(test))
        accuracies[scale] = accuracy(networks[scale], patches, labels)
        harness.say(f"network at {scale}x: {accuracies[scale]:.3f} of unseen patches told")
    commonest = np.bincount(test[test >= 0]).max() / (test >= 0).sum()
    return Judge(networks, accuracies, float(commonest), classes)


def about(judge: Judge) -> Row:
    """Return what a reader must know of the networks."""
    return {
        "features": FEATURES,
        "parameters": sum(p.numel() for p in judge.networks[SCALES[0]].parameters()),
        "classes": judge.classes,
        "test_accuracy": {str(scale): share for scale, share in judge.accuracies.items()},
        "commonest_class_share": judge.commonest,
    }
