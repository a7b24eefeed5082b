"""A classifier of noisy tokens, for classifier guidance."""

from dataclasses import fields
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from selfsame.errors import InputError
from selfsame.nn.transformer import precise
from selfsame.priors.diffusion.backbone import Backbone
from selfsame.priors.diffusion.config import ClassifierConfig, DiffusionObjective, NetworkConfig
from selfsame.priors.diffusion.guidance import LogProbability
from selfsame.priors.diffusion.losses import Batch, latents_of, means_of, noised
from selfsame.priors.diffusion.model import TokenNetwork
from selfsame.priors.diffusion.schedules import Level, schedule_named
from selfsame.training.task import Means, Metrics, Task


class NoisyClassifier(TokenNetwork):
    """Classes of tokens, from noisy ones: the transformer, the mean over its tokens, a layer."""

    file_format = "selfsame noisy-classifier 1"
    config_type = ClassifierConfig
    noun = "classifier"

    config: ClassifierConfig

    def __init__(self, config: ClassifierConfig) -> None:
        shape = {field.name: getattr(config, field.name) for field in fields(NetworkConfig)}
        # What it is to tell, it is not told.
        unconditional = NetworkConfig(**shape | {"classes": 0, "class_names": (), "context": 0})
        super().__init__(config, Backbone(unconditional, 0))
        self.leave = nn.Linear(config.width, config.classes)
        self.schedule = schedule_named(config.schedule, config.zero_terminal)

    def forward(self, z: Tensor, level: Level, mask: Tensor | None = None) -> Tensor:
        """Return the logits of the classes, (B, classes).

        Args:
            z: noisy data, standardised, (B, T, D), at a level, () or (B,).
            mask: which tokens there are, (B, T).
        """
        tokens, noise = self.inputs_of(z, level)
        features = self.backbone.features(tokens, noise, positions=self.places, mask=mask)
        count = features.shape[1] if mask is None else mask.sum(1, keepdim=True).clamp(min=1)
        logits: Tensor = self.leave(features.sum(1) / count)
        return precise(logits)

    def log_probability(self, labels: Tensor, mask: Tensor | None = None) -> LogProbability:
        """Return the log probability of labels, (B,), as guidance wants it; 0 of samples without a
        label (-1)."""

        def log_probability(z: Tensor, level: Level) -> Tensor:
            logs = self(z, level, mask).log_softmax(1)
            chosen: Tensor = logs.gather(1, labels.clamp(min=0)[:, None])[:, 0]
            return chosen * (labels >= 0)

        return log_probability


class ClassifierTask(Task):
    """A classifier that learns from latents with labels, at all levels of noise.

    Attributes:
        model: what is trained.
        objective: at which times; of the rest nothing is used.
        validation: a batch on which it is measured.
    """

    model: NoisyClassifier

    def __init__(
        self,
        model: NoisyClassifier,
        objective: DiffusionObjective | None = None,
        *,
        validation: Batch | None = None,
    ) -> None:
        self.model = model
        self.objective = objective or DiffusionObjective(times="uniform")
        self.validation = validation

    def loss(self, batch: Batch, step: int, generator: torch.Generator) -> tuple[Tensor, Metrics]:
        """Return the cross entropy of a batch, in nats, and the accuracy."""
        found = self._measured(self.model, batch, generator)
        return found["cross_entropy"], {"accuracy": found["accuracy"]}

    @torch.no_grad()
    def validate(self, model: nn.Module, shard: slice) -> Means:
        """Return cross entropy and accuracy, in the mean over all times."""
        assert isinstance(model, NoisyClassifier)
        if self.validation is None:
            return super().validate(model, shard)
        measure = partial(self._measured, model)
        return means_of(measure, self.validation, shard, model.mean.device)

    def _measured(
        self, model: NoisyClassifier, batch: Batch, generator: torch.Generator
    ) -> dict[str, Tensor]:
        values, mask = latents_of(batch)
        if "labels" not in batch:
            raise InputError("a classifier learns from latents with labels: got none")
        labels = batch["labels"]
        x = model.standardised(values, mask)
        z, _, _, level = noised(x, model.schedule, self.objective, generator)
        logits = model(z, level, mask)
        return {
            "cross_entropy": F.cross_entropy(logits, labels),
            "accuracy": (logits.argmax(1) == labels).float().mean(),
        }
