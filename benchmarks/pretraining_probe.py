"""Linear probes of a network for ``pretraining.py``."""

from collections.abc import Iterable

import numpy as np

from pretraining_data import MNIST, Data, Row
from pretraining_work import Plan
from selfsame.datasets import Pictures
from selfsame.pretrain.labelled import LabelledSet
from selfsame.pretrain.networks import Network
from selfsame.pretrain.probes import linear_evaluation


def probe_rows(network: Network, data: Data, plan: Plan) -> list[Row]:
    """Return accuracies of linear classifiers of a network's features.

    A row for MNIST (``shots`` 0), and one for each of the small sets and ``plan.shots``: the mean
    over ``plan.draws`` choices of the labelled pictures, all others being tested. The choices are
    the same for every network.
    """
    digits = labelled(data.train, data.test)
    train, test = digits.split(0, 0, limit=plan.probe_pictures)
    rows = [row(MNIST, 0, [linear_evaluation(network, train, test).accuracy])]
    for name, pictures in data.few_shot.items():
        pool = labelled(pictures)
        for shots in plan.shots:
            splits = (pool.split(0, draw, shots=shots) for draw in range(plan.draws))
            found = [linear_evaluation(network, *split).accuracy for split in splits]
            rows.append(row(name, shots, found))
    return rows


def labelled(learned: Pictures, tested: Pictures | None = None) -> LabelledSet:
    """Return a set whose labels are 0 .. C - 1 already."""
    assert learned.labels is not None
    return LabelledSet(learned, tested, tuple(map(str, range(learned.labels.max() + 1))))


def row(name: str, shots: int, accuracies: Iterable[float]) -> Row:
    """Return a row of the mean of some draws."""
    return {"set": name, "shots": shots, "accuracy": float(np.mean([*accuracies]))}
