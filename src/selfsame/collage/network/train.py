"""Training the codec's models, at every quality at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from selfsame.checked import Checked, Range
from selfsame.collage.network.entropy import round_straight_through
from selfsame.collage.network.model import (
    DEFAULT_RATE_WEIGHT,
    START_STEP,
    CollageConfig,
    CollageModel,
)
from selfsame.collage.network.planes import pad_planes, pictures_from_planes, planes_from_pictures
from selfsame.collage.operator.functional import domain_term
from selfsame.errors import InputError
from selfsame.metrics.pictures import psnr_db
from selfsame.training.task import Means, Metrics, ParameterGroup, Task

Distortion = Literal["decode", "collage"]
"""Of the decoded picture, or of one application of the map to the original, which the collage
theorem ties to it and which costs less."""

_GREY_SHARE = 0.1
"""Of the crops: a model for colour must serve grey pictures too."""

_VALIDATION_SCALES = (-2.0, -1.0, 0.0, 1.0, 2.0)

_FILTER_LR = 0.2
_RATE_LR = 5.0
"""Filters and blocks start close to their goal, the scales of the rate model far from it."""


@dataclass(frozen=True)
class CollageObjective(Checked):
    """What is minimised: distortion + ``rate_weight`` · bits per pixel.

    Attributes:
        distortion: of the decoded picture, ``decode``, or of one application, ``collage``.
        rate_weight: larger gives fewer bits at the same steps.
        regularisation: weight of the mean magnitude of domain weights, which keeps them small.
    Raises:
        InputError: a value out of its range.
    """

    distortion: Distortion = "decode"
    rate_weight: Annotated[float, Range(0, 1e3, open_low=True)] = DEFAULT_RATE_WEIGHT
    regularisation: Annotated[float, Range(0, 1e6)] = 0.0


class CollageTask(Task):
    """A codec's model and its loss, for ``selfsame.training.train``."""

    model: CollageModel

    def __init__(
        self,
        config: CollageConfig | None = None,
        objective: CollageObjective | None = None,
        *,
        init: str | Path | None = None,
        validation: Sequence[NDArray[np.uint8]] = (),
    ) -> None:
        """
        Args:
            config: shape of the model; default that of ``init``, or the usual one.
            init: model to go on from, a name or a path.
            validation: pictures (H, W, 3) to measure the model on.
        Raises:
            InputError: ``init`` has another shape than ``config`` asks for, or cannot be read.
        """
        if init is None:
            self.model = CollageModel(config or CollageConfig())
        else:
            self.model = CollageModel.from_pretrained(init)
            if config is not None and config != self.model.config:
                raise InputError(
                    f"model {init} has the shape {self.model.config}, which cannot become {config}"
                )
        self.objective = objective or CollageObjective()
        self.validation = list(validation)

    def loss(self, batch: Tensor, step: int, generator: torch.Generator) -> tuple[Tensor, Metrics]:
        """Return the loss of crops, (B, 1 or 3, S, S) in [0, 1], S a multiple of 16."""
        model, objective = self.model, self.objective
        count, device = batch.shape[0], batch.device
        low, high = model.config.scales
        draws = torch.rand(2, count, generator=generator, device=device)
        scale = low + (high - low) * draws[0]
        planes = planes_from_pictures(batch)
        if planes.shape[1] == 3:
            colored = (draws[1] >= _GREY_SHARE).to(planes.dtype)[:, None, None, None]
            planes = torch.cat([planes[:, :1], planes[:, 1:] * colored], 1)
        values = model.encode(planes, scale)
        distortion, rate, levels = distortion_and_rate(
            model, values, planes, scale, generator, distortion=objective.distortion
        )
        loss = (distortion + objective.rate_weight * rate).mean()
        if objective.regularisation:
            domains = model.decoder.is_domain[: levels.shape[1]]
            loss = loss + objective.regularisation * levels[:, domains].abs().mean()
        return loss, {"loss": loss, "distortion": distortion.mean(), "bpp": rate.mean()}

    def validate(self, model: torch.nn.Module, shard: slice) -> Means:
        """Return mean PSNR (dB) and estimated rate (bits per pixel) of the validation pictures."""
        assert isinstance(model, CollageModel)
        results: dict[str, float] = {}
        pictures = self.validation[shard]
        for scale in _VALIDATION_SCALES:
            rates, qualities = [], []
            for pixels in pictures:
                rate, quality = _measure(model, pixels, scale)
                rates.append(rate)
                qualities.append(quality)
            if rates:
                results[f"bpp_at_{scale:+g}"] = float(np.mean(rates))
                results[f"psnr_at_{scale:+g}"] = float(np.mean(qualities))
        return Means(results, len(pictures))

    def parameter_groups(self) -> list[ParameterGroup]:
        """Return the parts of the model that learn at rates of their own."""
        model = self.model
        slow = [*model.decoder.blocks, *model.encoder.filters]
        fast = list(model.rates.parameters())
        others = {id(p) for p in (*slow, *fast)}
        return [
            ParameterGroup(slow, lr_multiplier=_FILTER_LR),
            ParameterGroup(fast, lr_multiplier=_RATE_LR),
            ParameterGroup([p for p in model.parameters() if id(p) not in others]),
        ]


def distortion_and_rate(
    model: CollageModel,
    values: Tensor,
    planes: Tensor,
    scale: Tensor,
    generator: torch.Generator,
    *,
    distortion: Distortion = "decode",
) -> tuple[Tensor, Tensor, Tensor]:
    """Return distortion and bits per pixel, (B,) each, and the rounded levels.

    The distortion is the squared error over all channels of the picture, in units of the squared
    quantiser step, so that every quality has the same say in a sum. Levels are rounded for it, with
    a gradient as if they were not, and have uniform noise of ±½ instead for the rate.

    Args:
        values: levels before rounding, (B, K, rows, columns).
        planes: the pictures, (B, 1 or 3, H, W), padded.
        scale: (B,), log2 of the scale of the steps.
        generator: of the noise.
    """
    levels = round_straight_through(values)
    if distortion == "decode":
        decoded = model.decoder(levels, scale)
    else:
        weights, decoded = model.decoder.collage(levels, scale)
        if model.config.domain_factors:
            decoded = decoded + domain_term(planes, weights, model.config.geometry)
    errors = 255 * (pictures_from_planes(decoded) - pictures_from_planes(planes))
    squared = errors.square().mean((1, 2, 3)) / (START_STEP * torch.exp2(scale)).square()
    noise = torch.rand(values.shape, generator=generator, device=values.device) - 0.5
    bits = model.bits(values + noise, levels.detach()).sum((1, 2, 3))
    return squared, bits / (planes.shape[2] * planes.shape[3]), levels


def _measure(model: CollageModel, pixels: NDArray[np.uint8], scale: float) -> tuple[float, float]:
    height, width = pixels.shape[:2]
    device = model.decoder.log_steps.device
    picture = torch.from_numpy(pixels).to(device).permute(2, 0, 1)[None].float() / 255
    scales = torch.tensor([scale], device=device)
    levels = model.encode(pad_planes(planes_from_pictures(picture)), scales).round()
    decoded = pictures_from_planes(model.decoder(levels, scales))[..., :height, :width]
    rate = model.bits(levels, levels).sum().item() / (height * width)
    return rate, psnr_db(decoded.clamp(0, 1).cpu().numpy(), picture.cpu().numpy())
