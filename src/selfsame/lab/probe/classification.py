"""Pre-training: a network learns to tell the classes of a fractal data set apart."""

from collections.abc import Sequence
from functools import lru_cache, partial

import torch
from torch import Tensor
from torch.nn import functional as F

from selfsame.fractals.loading.torch_data import FractalStream
from selfsame.fractals.recipes.base import Recipe
from selfsame.lab.networks.architectures import Network
from selfsame.metrics.pictures import LUMA
from selfsame.training.task import Metrics, Task


class FractalBatches:
    """Batches of a recipe's pictures and labels, drawn when they are asked for.

    The samples of a step are the next ``batch`` of an endless ``FractalStream``: every picture once
    per epoch. Safe to call from several threads.

    Args:
        recipe: what ``make_recipe`` returns.
        batch: pictures of a step, of all processes together.
        channels: 1 makes colour grey, 3 repeats grey; None leaves the recipe's.
    """

    def __init__(self, recipe: Recipe, batch: int, *, channels: int | None = None) -> None:
        self._batch, self._channels = batch, channels
        self._stream = lru_cache(1)(
            partial(FractalStream, recipe, batch=batch, endless=True, rank=0, ranks=1)
        )

    def batch(self, seed: int, step: int, indices: Sequence[int]) -> tuple[Tensor, Tensor]:
        """Return samples ``indices``, next to each other, of a step.

        Returns:
            Pictures, (n, C, S, S) float32 in [0, 1], and labels: (n,) int64, or (n, classes)
            float32 of 0 and 1 for recipes with several fractals in a picture.
        """
        first = step * self._batch
        samples = range(first + indices[0], first + indices[-1] + 1)
        pictures, labels = self._stream(seed=seed).read(samples)
        return with_channels(pictures, self._channels), labels


def with_channels(pictures: Tensor, channels: int | None) -> Tensor:
    """Return pictures (B, C, H, W) with 1 or 3 channels; None leaves them."""
    if channels is None or pictures.shape[1] == channels:
        return pictures
    if channels == 3:
        return pictures.expand(-1, 3, -1, -1)
    weights = torch.tensor(LUMA, dtype=pictures.dtype)
    return torch.einsum("bchw,c->bhw", pictures, weights)[:, None]


class ClassificationTask(Task):
    """A network that learns labelled pictures, for ``selfsame.training.train``.

    The loss is the cross-entropy, of one class or, for labels (B, classes) of 0 and 1, the mean
    binary cross-entropy of all classes. Measures: ``accuracy``, the share of pictures whose class,
    or one of them, has the largest logit.

    Attributes:
        model: what is trained.
    """

    def __init__(self, network: Network) -> None:
        self.model = network

    def loss(
        self, batch: tuple[Tensor, Tensor], step: int, generator: torch.Generator
    ) -> tuple[Tensor, Metrics]:
        """Return the loss of pictures (B, C, H, W) in [0, 1] with their labels, a scalar."""
        pictures, labels = batch
        logits = self.model(pictures)
        best = logits.argmax(1)
        if labels.ndim == 1:
            right = best == labels
            loss = F.cross_entropy(logits, labels)
        else:
            right = labels.gather(1, best[:, None]) > 0
            loss = F.binary_cross_entropy_with_logits(logits, labels)
        return loss, {"accuracy": right.float().mean()}
