"""Linear probes of a network for ``lenet.py``."""

import numpy as np
import torch
from torch import Tensor

from benchmarks.harness.types import Row
from benchmarks.pretraining.data import MNIST, Data
from benchmarks.pretraining.work import Plan
from selfsame.datasets import Pictures
from selfsame.datasets.labelled import class_ranks
from selfsame.lab.networks.architectures import Network
from selfsame.lab.probe.logistic import LogisticRegression
from selfsame.lab.probe.probes import Standardiser, accuracy, features_of

MANY_STRENGTH = 1e-3
FEW_STRENGTH = 0.1
"""Penalties of the regressions, for thousands and for tens of pictures. They are fixed, since a
choice for every network would take longer than its training."""


def probe_rows(network: Network, data: Data, plan: Plan) -> list[Row]:
    """Return accuracies of linear classifiers of a network's features.

    A row for MNIST (``shots`` 0), and one for each of the small sets and ``plan.shots``: the mean
    over ``plan.draws`` choices of the labelled pictures, all others being tested. The choices are
    the same for every network.
    """
    train = first_of_classes(data.train, plan.probe_pictures)
    found = probe(
        *(features_of(network, train.images), labels_of(train)),
        *(features_of(network, data.test.images), labels_of(data.test)),
        MANY_STRENGTH,
    )
    rows: list[Row] = [{"set": MNIST, "shots": 0, "accuracy": found}]
    for name, pictures in data.few_shot.items():
        features, labels = features_of(network, pictures.images), labels_of(pictures)
        for shots in plan.shots:
            accuracies = []
            for draw in range(plan.draws):
                ranks = class_ranks(labels.numpy(), np.random.default_rng(draw))
                few = torch.from_numpy(ranks < shots)
                learned, tested = (features[few], labels[few]), (features[~few], labels[~few])
                accuracies.append(probe(*learned, *tested, FEW_STRENGTH))
            rows.append({"set": name, "shots": shots, "accuracy": float(np.mean(accuracies))})
    return rows


def probe(learned: Tensor, labels: Tensor, tested: Tensor, wanted: Tensor, l2: float) -> float:
    """Return the accuracy of a logistic regression of features, (N, F), that are standardised.

    Args:
        learned, labels: what it learns from.
        tested, wanted: what it is tested on.
        l2: strength of the penalty.
    """
    standardise = Standardiser(learned)
    classes = int(labels.max()) + 1
    classifier = LogisticRegression(standardise(learned), labels, classes).fit(l2)
    return accuracy(classifier.logits(standardise(tested)), wanted)


def first_of_classes(pictures: Pictures, most: int) -> Pictures:
    """Return at most so many pictures, the same number of each class."""
    labels = labels_of(pictures).numpy()
    ranks = class_ranks(labels, np.random.default_rng(0))
    chosen = ranks < most // (labels.max() + 1)
    return Pictures(pictures.images[chosen], labels[chosen])


def labels_of(pictures: Pictures) -> Tensor:
    """Return the labels of pictures, (N,) int64."""
    assert pictures.labels is not None
    return torch.from_numpy(pictures.labels)
