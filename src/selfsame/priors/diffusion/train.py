"""Training of a diffusion."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from selfsame.errors import SettingError
from selfsame.latents import Latents, LatentSpace
from selfsame.priors.conditioning.attributes import Attributes, directions_of
from selfsame.priors.conditioning.config import SEMANTIC, TEXT
from selfsame.priors.conditioning.text import chosen_text
from selfsame.priors.diffusion.backbone import Condition
from selfsame.priors.diffusion.config import DiffusionConfig, DiffusionObjective
from selfsame.priors.diffusion.latent import LatentDiffusion
from selfsame.priors.diffusion.losses import (
    Batch,
    denoising_loss,
    latents_of,
    means_of,
    noised,
    variance_loss,
)
from selfsame.priors.diffusion.model import DiffusionModel
from selfsame.priors.diffusion.prediction import x0_of
from selfsame.training.task import Means, Metrics, Task

_PART = 1024
"""Latents whose semantic vectors are computed at a time."""


def shape_of(
    space: LatentSpace[Any], latents: Latents, classes: Sequence[str] = ()
) -> dict[str, Any]:
    """Return the settings of a model that follow from what it is to make up.

    Args:
        latents: some, (B, T, D), of the space.
        classes: names of the classes.
    """
    grid = None
    if latents.positions is not None:
        rows, columns = (int(last) + 1 for last in latents.positions.amax(0))
        grid = (rows, columns)
    return {
        "tokens": space.tokens,
        "numbers": len(space.fields),
        "grid": grid,
        "counted": latents.mask is not None,
        "classes": len(classes),
        "class_names": tuple(classes),
        "space": space.name,
        "space_digest": space.fingerprint.hex(),
    }


def new_model(
    config: DiffusionConfig,
    latents: Latents,
    labels: Tensor | None,
    *,
    seed: int,
    start: DiffusionModel | None = None,
) -> DiffusionModel:
    """Return the model that a training begins with.

    Args:
        latents: those to learn from, (N, T, D), which say how large numbers are and how many
            tokens there are.
        labels: their classes, (N,), or None.
        seed: of its weights.
        start: a model of this shape, but for readers, that is gone on from: its weights, and how
            large it takes numbers to be.
    Raises:
        InputError: latents that are not finite.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = DiffusionModel(config)
    if start is None:
        model.learn_scale(latents.values, latents.mask)
    else:
        # What the other has none of, such as a reader, begins anew.
        model.load_state_dict(model.state_dict() | start.state_dict())
    if latents.mask is not None:
        model.learn_counts(latents.mask, labels)
    return model


class DiffusionTask(Task):
    """A diffusion that learns latents, for ``selfsame.training.train``.

    Batches are ``Batch`` of ``selfsame.priors.diffusion.losses``. Of text there may be several for
    each sample, ``text``, (B, V, L), of which a step takes one: the first as often as all others
    together.

    Attributes:
        model: what is trained; its mean and deviation are known (``learn_scale``).
        objective: what is minimised.
        validation: a batch on which the loss is measured.
        space: of the latents, written beside the model; None: the model is written alone.
        known: latents, (N, T, D), and what they have of the model's attributes, from which their
            directions are learned when the model is written.
    Raises:
        InputError: variances are to be learned, and times are not those of the discrete process.
    """

    model: DiffusionModel

    def __init__(
        self,
        model: DiffusionModel,
        objective: DiffusionObjective | None = None,
        *,
        validation: Batch | None = None,
        space: LatentSpace[Any] | None = None,
        known: tuple[Tensor, Attributes] | None = None,
    ) -> None:
        self.model, self.space, self.known = model, space, known
        self.objective = objective or DiffusionObjective()
        self.validation = validation
        if self.model.config.learned_variance and self.objective.times != "discrete":
            raise SettingError(
                "learned variances are of the steps of the discrete process: times must be "
                f"discrete, got {self.objective.times!r}"
            )

    def _condition(
        self, model: DiffusionModel, batch: Batch, generator: torch.Generator | None
    ) -> Condition:
        """Return what the samples of a batch are made for.

        Args:
            generator: of the choice of texts; None: the first of each.
        """
        config, given = model.config, {}
        if config.text is not None:
            given[TEXT] = chosen_text(batch[TEXT], generator)
        if config.semantic is not None:
            given[SEMANTIC] = model.semantic(batch["values"])
        return model.condition(batch.get("labels") if config.classes else None, given)

    def loss(self, batch: Batch, step: int, generator: torch.Generator) -> tuple[Tensor, Metrics]:
        """Return the loss of a batch, and its parts; each the mean over numbers and samples."""
        condition = self._condition(self.model, batch, generator)
        if self.objective.drop:
            condition = self._hidden(condition, len(latents_of(batch)[0]), generator)
        return self._loss(self.model, batch, condition, generator)

    def _hidden(self, condition: Condition, count: int, generator: torch.Generator) -> Condition:
        """Return the condition without all of it in some samples; where there are labels and more,
        in others without one of the two."""

        def drawn() -> Tensor:
            numbers = torch.rand(count, generator=generator, device=generator.device)
            return numbers < self.objective.drop

        condition = condition.hidden(drawn())
        if condition.labels is None or condition.context is None:
            return condition
        return condition._replace(
            labels=condition.hidden(drawn()).labels,
            context_mask=condition.hidden(drawn()).context_mask,
        )

    def export(self, path: str | Path, card: Mapping[str, Any] | None = None) -> None:
        """Write the model to a folder, and its space."""
        if self.known is not None:
            learn_directions(self.model, *self.known)
        if self.space is None:
            super().export(path, card)
        else:
            LatentDiffusion(self.model, self.space).save_pretrained(path, card)

    @torch.no_grad()
    def validate(self, model: nn.Module, shard: slice) -> Means:
        """Return the loss of the validation batch, with all conditions; the same draws each time,
        by however many processes."""
        assert isinstance(model, DiffusionModel)
        if self.validation is None:
            return super().validate(model, shard)

        def measured(batch: Batch, generator: torch.Generator) -> Metrics:
            condition = self._condition(model, batch, None)
            loss, parts = self._loss(model, batch, condition, generator)
            return {"loss": loss, **parts}

        return means_of(measured, self.validation, shard, model.mean.device)

    def _loss(
        self, model: DiffusionModel, batch: Batch, condition: Condition, generator: torch.Generator
    ) -> tuple[Tensor, Metrics]:
        values, mask = latents_of(batch)
        config, objective = model.config, self.objective
        x = model.standardised(values, mask)
        z, epsilon, times, level = noised(x, model.schedule, objective, generator, config.chain)
        output, fraction = model(z, level, condition, mask=mask)
        denoising = denoising_loss(
            output, x, epsilon, level, config.prediction, objective.weighting, mask
        ).mean()
        if fraction is None:
            return denoising, {"denoising": denoising}
        before = model.schedule.level(times - (1 - model.schedule.first) / config.chain)
        x0 = x0_of(config.prediction, output, z, level)
        # Of one step of the chain; the bound has so many.
        of_step = variance_loss(z, x, x0, fraction, level, before, mask)
        bound = config.chain * of_step.mean()
        return denoising + objective.variance_weight * bound, {
            "denoising": denoising,
            "bound": bound,
        }


@torch.no_grad()
def learn_directions(model: DiffusionModel, values: Tensor, attributes: Attributes) -> None:
    """Take from data along which directions attributes grow; they are not trained.

    Args:
        values: latents, (N, T, D), in their own units.
        attributes: what they have of those of the model.
    """
    assert model.directions is not None
    if attributes:
        device = model.mean.device
        vectors = [model.semantic(part.to(device)).cpu() for part in torch.split(values, _PART)]
        model.directions.copy_(directions_of(torch.cat(vectors), attributes))
