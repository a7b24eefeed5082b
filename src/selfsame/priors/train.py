"""Training of a very deep VAE."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from selfsame.errors import InputError
from selfsame.priors.bounds import bits_per_dimension, elbo
from selfsame.priors.config import VdvaeConfig
from selfsame.priors.storage import save_pretrained
from selfsame.priors.vdvae import Vdvae
from selfsame.training.task import Metrics

_BATCH = 250
"""Pictures at a time in validation, where no gradient takes memory."""


@dataclass(frozen=True)
class VdvaeObjective:
    """What is minimised: ``-log p(x | z) + β · Σ_blocks max(KL, free bits)``.

    Attributes:
        free_bits: nats of KL per stochastic block, in the mean of a batch, that cost nothing.
        kl_warmup_steps: steps over which β rises from 0 to 1.
    """

    free_bits: float = 0.0
    kl_warmup_steps: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.free_bits < 1e6:
            raise InputError(f"free_bits must be within 0..1e6 nats: got {self.free_bits!r}")
        if not 0 <= self.kl_warmup_steps < 10**9:
            raise InputError(f"kl_warmup_steps must be at least 0: got {self.kl_warmup_steps!r}")


class VdvaeTask:
    """A very deep VAE that learns pictures, for ``selfsame.training.train``.

    Attributes:
        model: what is trained.
        objective: what is minimised.
        validation: pictures, (N, C, S, S) in [0, 1], on which the bound is measured.
    """

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
        self._step = 0

    def begin_step(self, step: int) -> None:
        """Learn the number of the update to come, for the warm-up of the KL."""
        self._step = step

    def loss(self, batch: Tensor, generator: torch.Generator) -> tuple[Tensor, Metrics]:
        """Return the loss of pictures, (B, C, S, S) in [0, 1], in nats per picture."""
        bound = elbo(self.model, batch, generator)
        kl = bound.kl.mean(0)
        cost = kl.clamp(min=self.objective.free_bits).sum()
        warmup = self.objective.kl_warmup_steps
        beta = min(1.0, (self._step + 1) / (warmup + 1))
        distortion = -bound.log_likelihood.mean()
        loss = distortion + beta * cost
        return loss, {
            "negative_elbo": distortion + kl.sum(),
            "distortion": distortion,
            "kl": kl.sum(),
        }

    def validate(self, model: torch.nn.Module) -> dict[str, float]:
        """Return the bound of the validation pictures: nats per picture, bits per dimension."""
        assert isinstance(model, Vdvae)
        if self.validation is None:
            return {}
        device = model.start.device
        generator = torch.Generator(device).manual_seed(0)
        total, kl = 0.0, 0.0
        for pictures in self.validation.split(_BATCH):
            bound = elbo(model, pictures.to(device), generator)
            total -= float(bound.total.double().sum())
            kl += float(bound.kl.double().sum())
        count = len(self.validation)
        nats = total / count
        dimensions = self.validation[0].numel()
        return {
            "negative_elbo": nats,
            "kl": kl / count,
            "bits_per_dimension": bits_per_dimension(nats, dimensions),
        }

    def export(self, path: str | Path, card: Mapping[str, Any] | None = None) -> None:
        """Write the model to a folder that ``from_pretrained`` reads."""
        save_pretrained(self.model, path, card)
