"""Training of latent spaces of grids."""

from dataclasses import dataclass
from typing import Annotated

import torch
from torch import Tensor

from selfsame.checked import Checked, Range
from selfsame.collage.grid.network.config import GridConfig
from selfsame.collage.grid.network.model import GridModel
from selfsame.collage.operator.resampling import area_resize
from selfsame.metrics.pictures import psnr_db
from selfsame.training.task import Means, Metrics, Task

_LIVE = 0.01
"""Nats of KL from which on a channel is counted as alive."""

_GROUP = 64
"""Pictures at a time in validation."""


@dataclass(frozen=True)
class GridObjective(Checked):
    """What is minimised: error at scale 1 + ``fine_weight`` · that at the scale ``detail`` +
    ``kl_weight`` · KL of a number. An error is the mean of squares + ``gradient_weight`` · that of
    the magnitudes by which differences between neighbouring pixels are wrong.

    Attributes:
        kl_weight: per nat, of the mean over all numbers, where they have a prior: small, so that
            codes are exact rather than cheap.
        fine_weight: of the error at the finest scale, of models with details of their own; 0 trains
            at scale 1 only. The fewer pictures are drawn at that scale, the noisier its gradient.
        fine_share: of the pictures that are drawn at that scale, or at twice the scale for
            ``detail_weight``, which takes its square of the time: so many of the batches' on
            average, some steps one more than others.
        gradient_weight: squares alone leave a grain on flat parts, too faint for them to see and
            enough for the eye; and their mean of many possible edges is a soft one, where the
            median that magnitudes ask for is a sharp one.
        detail_weight: of the mean square of detail that appears only when pictures are enlarged,
            of models of ``detail`` 1: they draw ripples along strokes that no training picture can
            show to be wrong.
        decoder_only: leave the encoder, and so the numbers of pictures, as they are.
    Raises:
        InputError: a value out of its range.
    """

    kl_weight: Annotated[float, Range(0, 1e3)] = 1e-4
    fine_weight: Annotated[float, Range(0, 1e3)] = 0.25
    fine_share: Annotated[float, Range(0, 1)] = 0.25
    gradient_weight: Annotated[float, Range(0, 1e3)] = 0.0
    detail_weight: Annotated[float, Range(0, 1e3)] = 0.2
    decoder_only: bool = False


class GridTask(Task):
    """A latent space that learns pictures, for ``selfsame.training.train``.

    Attributes:
        model: what is trained.
        objective: what is minimised.
        validation: pictures, (N, C, S, S) in [0, 1], S the side times ``detail``.
    """

    model: GridModel

    def __init__(
        self,
        start: GridModel | GridConfig | None = None,
        objective: GridObjective | None = None,
        *,
        validation: Tensor | None = None,
    ) -> None:
        """
        Args:
            start: the model that is trained, or the shape of a new one.
        """
        self.model = start if isinstance(start, GridModel) else GridModel(start or GridConfig())
        self.objective = objective or GridObjective()
        self.validation = validation
        if self.objective.decoder_only:
            self.model.encoder.requires_grad_(False)

    def loss(self, batch: Tensor, step: int, generator: torch.Generator) -> tuple[Tensor, Metrics]:
        """Return the loss of pictures, (B, C, S, S) in [0, 1], S the side times ``detail``."""
        config, objective = self.model.config, self.objective
        pictures = area_resize(batch, (config.side, config.side))
        posterior = self.model.encode(pictures)
        numbers = posterior.sample(generator)
        error, loss = self._errors(numbers, pictures, 1)
        kl = posterior.kl().mean()
        loss = loss + objective.kl_weight * kl
        metrics: dict[str, Tensor | float] = {
            "psnr": -10 * error.detach().log10(),
            "kl": kl.detach(),
        }
        share = objective.fine_share * len(batch)
        some = int((step + 1) * share) - int(step * share)
        if config.detail > 1 and objective.fine_weight and some:
            fine_error, fine_loss = self._errors(numbers[:some], batch[:some], config.detail)
            loss = loss + objective.fine_weight * fine_loss
            metrics["fine_error"] = fine_error.detach()
        if config.detail == 1 and objective.detail_weight and some:
            detail = self.model.decoder.hidden_detail(numbers[:some]).mean()
            loss = loss + objective.detail_weight * detail
            metrics["detail"] = detail.detach()
        return loss, metrics

    def _errors(self, numbers: Tensor, truth: Tensor, scale: int) -> tuple[Tensor, Tensor]:
        """Return the mean squared error of what numbers draw, and the loss that it is part of."""
        iterations = self.model.config.iterations
        drawn = self.model.decoder(numbers, scale, iterations=iterations, gradient="unroll")
        wrong = drawn - truth
        error = wrong.square().mean()
        weight = self.objective.gradient_weight
        if not weight:
            return error, error
        return error, error + weight * sum(wrong.diff(dim=axis).abs().mean() for axis in (2, 3))

    @torch.no_grad()
    def validate(self, model: torch.nn.Module, shard: slice) -> Means:
        """Return PSNR in dB of what codes of the validation pictures decode to, at scale 1 and at
        ``detail``, mean over pictures; nats of KL of a picture, and how many channels are alive.
        """
        assert isinstance(model, GridModel)
        if self.validation is None or not len(self.validation[shard]):
            return super().validate(model, shard)
        config, device = model.config, next(model.parameters()).device
        rows: dict[str, list[float]] = {"psnr": []}
        if config.detail > 1:
            rows[f"psnr_at_{config.detail}x"] = []
        kls = []
        for group in torch.split(self.validation[shard], _GROUP):
            pictures = area_resize(group.to(device), (config.side, config.side))
            posterior = model.encode(pictures)
            kls.append(posterior.kl().sum((2, 3)).cpu())
            levels = torch.round(posterior.mean / config.quantum) * config.quantum
            for name, scale in zip(rows, (1, config.detail), strict=False):
                drawn = model.decoder(levels, scale).clamp(0, 1).cpu()
                truth = pictures.cpu() if scale == 1 else group
                pairs = zip(drawn.numpy(), truth.numpy(), strict=True)
                rows[name] += [psnr_db(a, b) for a, b in pairs]
        kl = torch.cat(kls).mean(0)
        values = {name: sum(found) / len(found) for name, found in rows.items()}
        values |= {"kl": float(kl.sum()), "live_channels": float((kl > _LIVE).sum())}
        return Means(values, len(rows["psnr"]))
