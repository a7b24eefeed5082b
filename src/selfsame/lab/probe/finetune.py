"""Fine-tuning: all weights of a network learn a labelled set, from a new head on."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from selfsame.datasets import Pictures
from selfsame.datasets.labelled import class_ranks, label_array
from selfsame.fractals.randomness import stream_order
from selfsame.lab.networks.architectures import Network, replace_head
from selfsame.lab.probe.classification import ClassificationTask
from selfsame.lab.probe.probes import Evaluation, accuracy, features_of, picture_tensor
from selfsame.run.progress import Progress
from selfsame.training.loop import TrainResult, train
from selfsame.training.settings import TrainSettings
from selfsame.training.task import Means

HELD_OUT = 10
"""One in so many pictures of every class is held out and measured; of fewer, none."""


class LabelledBatches:
    """Every picture of a labelled set once per epoch, epochs without a gap.

    Safe to call from several threads.

    Args:
        pictures: with labels.
        batch: pictures of a step, of all processes together.
    """

    def __init__(self, pictures: Pictures, batch: int) -> None:
        self._images, self._labels = pictures.images, torch.from_numpy(label_array(pictures))
        self.batch_size = batch

    def batch(self, seed: int, step: int, indices: Sequence[int]) -> tuple[Tensor, Tensor]:
        """Return samples ``indices`` of a step: (n, C, H, W) float32 in [0, 1], (n,) int64."""
        samples = step * self.batch_size + np.asarray(indices)
        numbers = stream_order(samples, len(self._images), seed)
        return picture_tensor(self._images[numbers]), self._labels[torch.from_numpy(numbers)]


class FineTuneTask(ClassificationTask):
    """A network that learns labelled pictures and is measured on held out ones."""

    def __init__(self, network: Network, held: Pictures | None) -> None:
        super().__init__(network)
        self._held = held

    def validate(self, model: nn.Module, shard: slice) -> Means:
        """Return the accuracy on the held out pictures, if there are any."""
        if self._held is None or not len(chosen := np.arange(len(self._held))[shard]):
            return Means({}, 0)
        assert isinstance(model, Network)
        return Means({"accuracy": _accuracy(model, self._held.chosen(chosen))}, len(chosen))


def finetune(
    network: Network,
    train_pictures: Pictures,
    test: Pictures,
    settings: TrainSettings,
    folder: Path,
    *,
    classes: int,
    config: Mapping[str, Any] | None = None,
    progress: Progress | None = None,
) -> tuple[Evaluation | None, TrainResult]:
    """Train all weights of ``network``; return how well it does, and how the training went.

    The network gets a new head, drawn from the seed of ``settings``. A tenth of the training
    pictures is held out and logged (``HELD_OUT``); nothing is chosen by it. The test pictures are
    looked at once, at the end.

    Args:
        settings, folder, config, progress: as of ``selfsame.training.train``; the same call goes on
            where it was stopped.
        classes: of the new head.
    Returns:
        No evaluation if a signal ended the training before its last step.
    """
    ranks = class_ranks(label_array(train_pictures), np.random.default_rng(settings.seed))
    out = ranks % HELD_OUT == HELD_OUT - 1
    held = train_pictures.chosen(out) if out.any() else None
    learned = train_pictures.chosen(~out)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        replace_head(network, classes)
    task = FineTuneTask(network, held)
    batches = LabelledBatches(learned, settings.batch)
    result = train(task, batches, settings, folder, config=config, progress=progress)
    if not result.finished:
        return None, result
    evaluation = Evaluation(
        accuracy=_accuracy(network, test),
        tested=len(test),
        learned=len(learned),
        training_accuracy=_accuracy(network, learned),
        validation_accuracy=result.validation.get("accuracy"),
    )
    return evaluation, result


@torch.no_grad()
def _accuracy(network: Network, pictures: Pictures) -> float:
    features = features_of(network, pictures.images).to(network.head.weight.device)
    return accuracy(network.head(features).cpu(), torch.from_numpy(label_array(pictures)))
