"""Linear evaluation: what a linear classifier makes of a network's features."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from selfsame.datasets import Pictures
from selfsame.datasets.labelled import validation_folds
from selfsame.datasets.pictures import Bytes
from selfsame.errors import DivergedError, InputError
from selfsame.lab.networks.architectures import Network
from selfsame.lab.probe.logistic import LogisticRegression
from selfsame.run.progress import Progress

STRENGTHS = (1.0, 0.1, 1e-2, 1e-3, 1e-4, 1e-5)
"""Of the L2 penalty, of which validation chooses one; the features have variance 1."""

_PATIENCE = 2
"""The search ends after so many weaker strengths that are not better: the weaker, the slower."""

LONE_STRENGTH = 0.1
"""Where every class has a single picture, so that none can be held out."""

_VALUES = 250 * 28 * 28
"""Of pictures at a time, where no gradient takes memory."""


@dataclass(frozen=True)
class Evaluation:
    """How well a network did.

    Attributes:
        accuracy: share of the tested pictures that it named right.
        tested, learned: numbers of pictures.
        training_accuracy: of the pictures it learned from.
        validation_accuracy: of those held out while it learned; None: none were.
        l2: the strength that validation chose; None: of another kind of evaluation.
    """

    accuracy: float
    tested: int
    learned: int
    training_accuracy: float
    validation_accuracy: float | None = None
    l2: float | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the values that there are, ready for JSON."""
        return {name: value for name, value in asdict(self).items() if value is not None}


def picture_tensor(images: Bytes) -> Tensor:
    """Return pictures (N, H, W, C) of bytes as (N, C, H, W) float32 in [0, 1]."""
    return torch.from_numpy(images.transpose(0, 3, 1, 2).copy()).float() / 255


@torch.no_grad()
def features_of(network: Network, images: Bytes, progress: Progress | None = None) -> Tensor:
    """Return the features of pictures (N, H, W, C) of bytes, (N, F) float32 on the CPU.

    The network computes where its weights are, in evaluation mode, some pictures at a time; those
    that share a batch play no part, but for rounding.

    Args:
        progress: of pictures.
    Raises:
        InputError: features that are not finite.
    """
    side = network.config.side
    wanted = (side, side, network.config.channels)
    if images.shape[1:] != wanted:
        raise InputError(
            f"the network takes pictures of height, width and channels {wanted}: "
            f"got {images.shape[1:]}"
        )
    device = network.head.weight.device
    batch = max(1, _VALUES // side**2)
    was_training = network.training
    network.eval()
    found = []
    for first in range(0, len(images), batch):
        pictures = picture_tensor(images[first : first + batch])
        found.append(network.features(pictures.to(device)).float().cpu())
        if progress is not None:
            progress(first + len(pictures), len(images))
    network.train(was_training)
    features = torch.cat(found)
    if not bool(features.isfinite().all()):
        raise InputError("the network's features are not finite: its weights are of no use")
    return features


class Standardiser:
    """Shifts and scales features to mean 0 and variance 1 in a sample; constant ones become 0."""

    def __init__(self, sample: Tensor) -> None:
        wide = sample.double()
        self.mean = wide.mean(0)
        deviation = (wide - self.mean).square().mean(0).sqrt()
        # Below this the differences are rounding of float32.
        least = 1e-6 * (self.mean.abs() + deviation.max())
        self.scale = torch.where(deviation > least, 1 / deviation, 0.0)

    def __call__(self, features: Tensor) -> Tensor:
        return (features.double() - self.mean) * self.scale


def linear_evaluation(
    network: Network,
    train: Pictures,
    test: Pictures,
    *,
    seed: int = 0,
    progress: Progress | None = None,
) -> Evaluation:
    """Return how well logistic regression on frozen features names the pictures of a test set.

    Args:
        train, test: labels within the same 0 .. C - 1.
        seed: as of ``evaluate_features``.
        progress: of the pictures of each set.
    Raises:
        InputError: no labels, pictures of another shape than the network's, or features that are
            not finite.
    """
    if train.labels is None or test.labels is None:
        raise InputError("both training and test pictures need labels")
    return evaluate_features(
        features_of(network, train.images, progress),
        torch.from_numpy(train.labels),
        features_of(network, test.images, progress),
        torch.from_numpy(test.labels),
        seed=seed,
    )


def evaluate_features(
    features: Tensor, labels: Tensor, test_features: Tensor, test_labels: Tensor, *, seed: int = 0
) -> Evaluation:
    """Return how well logistic regression does, learned from features and tested on others.

    Features are standardised by those to learn from. The strength of the penalty is chosen among
    ``STRENGTHS`` by the accuracy on held out ones of them (a fifth; of up to 5000 all five fifths
    in turn), ties by their cross-entropy; the final regression sees all of them. Those to test on
    play no part in any choice.

    Args:
        features, test_features: (N, F) and (M, F).
        labels, test_labels: (N,) and (M,) int64, 0 .. C - 1.
        seed: of the folds.
    Raises:
        InputError: features that are not finite, or shapes that do not fit.
    """
    classes = int(max(labels.max(), test_labels.max())) + 1
    l2, validation = _chosen_strength(features, labels, classes, seed)
    standardise = Standardiser(features)
    learned = standardise(features)
    regression = LogisticRegression(learned, labels, classes)
    for strength in STRENGTHS[: STRENGTHS.index(l2) + 1]:  # a few short ways instead of a long one
        classifier = regression.fit(strength)
    return Evaluation(
        accuracy=accuracy(classifier.logits(standardise(test_features)), test_labels),
        tested=len(test_labels),
        learned=len(labels),
        training_accuracy=accuracy(classifier.logits(learned), labels),
        validation_accuracy=validation,
        l2=l2,
    )


def accuracy(logits: Tensor, labels: Tensor) -> float:
    """Return the share of rows whose largest logit, (N, C), is that of the label, (N,)."""
    return int((logits.argmax(1) == labels).sum()) / len(labels)


def _chosen_strength(
    features: Tensor, labels: Tensor, classes: int, seed: int
) -> tuple[float, float | None]:
    """Return the best strength on held out pictures, and the accuracy there."""
    folds = validation_folds(labels.numpy(), np.random.default_rng(seed))
    if not folds:
        return LONE_STRENGTH, None
    held = [_HeldOut(features, labels, classes, torch.from_numpy(fold)) for fold in folds]
    scores: list[tuple[int, float]] = []
    for l2 in STRENGTHS:
        try:
            parts = [fold.score(l2) for fold in held]
        except DivergedError:
            if not scores:
                raise
            break  # weaker ones would be harder still
        scores.append((sum(right for right, _ in parts), -sum(cost for _, cost in parts)))
        best = scores.index(max(scores))
        if len(scores) - 1 - best == _PATIENCE:
            break
    return STRENGTHS[best], scores[best][0] / sum(int(fold.sum()) for fold in folds)


class _HeldOut:
    """Regressions that learn from all but one fold."""

    def __init__(self, features: Tensor, labels: Tensor, classes: int, held: Tensor) -> None:
        standardise = Standardiser(features[~held])
        self._regression = LogisticRegression(standardise(features[~held]), labels[~held], classes)
        self._unseen, self._wanted = standardise(features[held]), labels[held]

    def score(self, l2: float) -> tuple[int, float]:
        """Return how many of the fold are named right, and their cross-entropy in total."""
        logits = self._regression.fit(l2).logits(self._unseen)
        right = int((logits.argmax(1) == self._wanted).sum())
        return right, float(F.cross_entropy(logits, self._wanted, reduction="sum"))
