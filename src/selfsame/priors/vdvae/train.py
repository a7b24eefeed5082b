"""Training of a very deep VAE."""

from dataclasses import dataclass
from typing import Annotated

import torch
from torch import Tensor

from selfsame.checked import Checked, Range
from selfsame.priors.vdvae.bounds import Elbo, bits_per_dimension, elbo, elbo_of
from selfsame.priors.vdvae.config import VdvaeConfig
from selfsame.priors.vdvae.heads import CollageHead
from selfsame.priors.vdvae.network import Vdvae
from selfsame.training.task import Means, Metrics, Task

_VALUES = 250 * 28 * 28
"""Of pictures at a time in validation, where no gradient takes memory."""

_DETAIL_SHARE = 8
"""One in so many pictures of a batch is enlarged, which takes four times as long as drawing it."""


@dataclass(frozen=True)
class VdvaeObjective(Checked):
    """What is minimised: ``-log p(x | z) + β · Σ_blocks max(KL, free bits) + weight · detail``.

    Attributes:
        detail_weight: nats per unit of ``CollageHead.detail``, of collage heads only: without it
            they draw ripples along strokes that no training picture can show to be wrong. It is
            measured on a share of every batch.
        free_bits: nats of KL per stochastic block, in the mean of a batch, that cost nothing.
        kl_warmup_steps: steps over which β rises in equal steps to 1.
    Raises:
        InputError: a value out of its range.
    """

    detail_weight: Annotated[float, Range(0)] = 10.0
    free_bits: Annotated[float, Range(0)] = 0.0
    kl_warmup_steps: Annotated[int, Range(0)] = 0

    def kl_weight(self, step: int) -> float:
        """Return β at a step, counted from 0: 1 from step ``kl_warmup_steps`` on."""
        return min(1.0, (step + 1) / (self.kl_warmup_steps + 1))

    def loss(self, bound: Elbo, step: int) -> Tensor:
        """Return what is minimised, a scalar, in nats per picture.

        Args:
            bound: of a batch.
            step: number of the update, from 0.
        """
        cost = bound.kl.mean(0).clamp(min=self.free_bits).sum()
        return self.kl_weight(step) * cost - bound.log_likelihood.mean()


class VdvaeTask(Task):
    """A very deep VAE that learns pictures, for ``selfsame.training.train``.

    Attributes:
        model: what is trained.
        objective: what is minimised.
        validation: pictures, (N, C, S, S) in [0, 1], on which the bound is measured.
    """

    model: Vdvae

    def __init__(
        self,
        config: VdvaeConfig | None = None,
        objective: VdvaeObjective | None = None,
        *,
        validation: Tensor | None = None,
    ) -> None:
        self.model = Vdvae(config or VdvaeConfig())
        self.objective = objective or VdvaeObjective()
        self.validation = validation

    def loss(self, batch: Tensor, step: int, generator: torch.Generator) -> tuple[Tensor, Metrics]:
        """Return the loss of pictures, (B, C, S, S) in [0, 1], in nats per picture.

        The measures are those of the plain bound, whatever the objective weighs down.
        """
        inference = self.model.infer(batch, generator)
        bound = elbo_of(self.model, batch, inference)
        distortion, kl = -bound.log_likelihood.mean(), bound.kl.mean(0).sum()
        loss = self.objective.loss(bound, step)
        measures = {
            "negative_elbo": distortion + kl,
            "distortion": distortion,
            "kl": kl,
            "bits_per_dimension": bits_per_dimension(distortion + kl, batch[0].numel()),
        }
        if isinstance(self.model.head, CollageHead) and self.objective.detail_weight:
            some = inference.features[: max(1, len(batch) // _DETAIL_SHARE)]
            measures["detail"] = self.model.head.detail(some).mean()
            loss = loss + self.objective.detail_weight * measures["detail"]
        return loss, measures

    @torch.no_grad()
    def validate(self, model: torch.nn.Module, shard: slice) -> Means:
        """Return the bound of the validation pictures and its parts, in nats per picture.

        ``kl_at_7`` is the part of the KL that the blocks of 7x7 latents have. The same draws of
        latents each time, by however many processes.
        """
        assert isinstance(model, Vdvae)
        if self.validation is None:
            return super().validate(model, shard)
        device = model.start.device
        batch = max(1, _VALUES // self.validation[0].numel())
        parts = [
            elbo(model, pictures.to(device), torch.Generator(device).manual_seed(number))
            for number, pictures in list(enumerate(torch.split(self.validation, batch)))[shard]
        ]
        if not parts:
            return Means({}, 0)
        distortion = -float(torch.cat([part.log_likelihood for part in parts]).double().mean())
        kl = torch.cat([part.kl for part in parts]).double().mean(0).cpu()
        nats = distortion + float(kl.sum())
        levels = [level for level in model.config.levels if level.decoder_blocks]
        shares = torch.split(kl, [level.decoder_blocks for level in levels])
        values = {
            "negative_elbo": nats,
            "distortion": distortion,
            "kl": float(kl.sum()),
            "bits_per_dimension": bits_per_dimension(nats, self.validation[0].numel()),
            **{f"kl_at_{a.side}": float(b.sum()) for a, b in zip(levels, shares, strict=True)},
        }
        return Means(values, sum(len(part.kl) for part in parts))
