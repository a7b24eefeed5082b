"""The trained part of a latent space of grids: pictures to numbers, numbers to collages.

The decoder is what a file needs, and its fingerprint stands in the file. Auxiliary blocks are
written ``GridConfig.detail`` times as finely as the pictures, so that a collage has details of its
own up to that scale; beyond it, they are those of its self-similarity.
"""

import hashlib
import json
import math
from dataclasses import replace
from fractions import Fraction
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from selfsame.collage.code import FINGERPRINT_BYTES
from selfsame.collage.grid.network.config import GridConfig
from selfsame.collage.grid.network.layers import Down, Mixer, Up, norm, widths
from selfsame.collage.named_model import NamedModel
from selfsame.collage.operator.functional import CollageParameters
from selfsame.collage.operator.module import CollageOperator, hidden_detail, render
from selfsame.errors import InputError

_LOG_VARIANCES = (-12.0, 4.0)
"""Least and greatest logarithm of a number's variance: beyond, nothing is learned."""


class Posterior(NamedTuple):
    """What an encoder says of pictures.

    Attributes:
        mean: (B, D, rows, columns).
        log_variance: of the same shape; None where numbers are not drawn.
    """

    mean: Tensor
    log_variance: Tensor | None

    def sample(self, generator: torch.Generator) -> Tensor:
        """Return numbers drawn from it, or the numbers."""
        if self.log_variance is None:
            return self.mean
        noise = torch.randn(
            self.mean.shape, generator=generator, device=self.mean.device, dtype=self.mean.dtype
        )
        return self.mean + (0.5 * self.log_variance).exp() * noise

    def kl(self) -> Tensor:
        """Return the nats of each number over a standard normal prior; 0 if none are drawn."""
        if self.log_variance is None:
            return torch.zeros_like(self.mean)
        v = self.log_variance
        return 0.5 * (self.mean.square() + v.exp() - 1 - v)


def mixer(config: GridConfig, channels: int) -> nn.Module:
    """Return what mixes the cells of a model, or leaves them as they are."""
    return Mixer(channels, config.rows, config.mixers) if config.mixers else nn.Identity()


class GridEncoder(nn.Module):
    """Pictures to numbers: convolutions from the ranges' resolution to the grid's."""

    def __init__(self, config: GridConfig) -> None:
        super().__init__()
        self.config = config
        halvings = int(math.log2(config.cell // config.range_size))
        patch = config.range_size
        self.stem = nn.Conv2d(config.channels, config.width, 2 * patch, patch, patch // 2)
        self.down = Down(config.width, halvings, config.blocks)
        last = widths(config.width, halvings)[-1]
        self.mixer = mixer(config, last)
        numbers = config.numbers * (2 if config.regulariser == "kl" else 1)
        self.head = nn.Sequential(norm(last), nn.SiLU(), nn.Conv2d(last, numbers, 1))

    def forward(self, pictures: Tensor) -> Posterior:
        """Return what pictures, (B, C, side, side) in [0, 1], are coded to."""
        config = self.config
        excess = config.padded - config.side
        x = 2 * F.pad(pictures, (0, excess, 0, excess), mode="replicate") - 1
        y = self.head(self.mixer(self.down(self.stem(x))))
        if config.regulariser == "kl":
            mean, log_variance = y.float().chunk(2, 1)
            return Posterior(mean, log_variance.clamp(*_LOG_VARIANCES))
        z = torch.tanh(y.float())
        if config.regulariser == "fsq":
            rounded = torch.round(z / config.quantum) * config.quantum
            z = z + (rounded - z).detach()
        return Posterior(z, None)


class GridDecoder(nn.Module):
    """Numbers to collages, and to the pictures that these code."""

    def __init__(self, config: GridConfig) -> None:
        super().__init__()
        self.config = config
        self.operator = CollageOperator(
            config.geometry, config.channels, aux_blocks=config.aux_blocks, bound=config.bound
        )
        doublings = int(math.log2(config.cell // config.range_size))
        channels = widths(config.width, doublings)
        self.stem = nn.Conv2d(config.numbers, channels[-1], 1)
        self.mixer = mixer(config, channels[-1])
        self.up = Up(config.width, doublings, config.blocks)
        side = config.fine_side
        total = self.operator.parameter_count_per_range(side, side)
        self.domains = self.operator.geometry.domain_count(side, side)
        written = total - self.domains if config.attention else total
        self.norm = norm(config.width)
        self.hidden = nn.Conv2d(config.width, 2 * config.width, 1)
        self.numbers = nn.Conv2d(2 * config.width, written, 1)
        if config.attention:
            self.query = nn.Conv2d(config.width, config.width + 1, 1)  # and a gain
            self.keys = nn.ModuleList(
                nn.Conv2d(config.width, config.width, d, stride=d) for d in config.domains
            )

    def collages(self, numbers: Tensor) -> CollageParameters:
        """Return the collages that numbers, (B, D, rows, columns), stand for."""
        features = F.silu(self.norm(self.up(self.mixer(self.stem(numbers)))))
        raw = self.numbers(F.silu(self.hidden(features)))
        if self.config.attention:
            raw = torch.cat([self._attention(features), raw], 1)
        return self.operator.parameters_from(raw.float())

    def forward(self, numbers: Tensor, scale: float | Fraction = 1, **options: Any) -> Tensor:
        """Return pictures at a scale, (B, C, S, S) with S = round(side · scale), not clipped.

        Args:
            numbers: (B, D, rows, columns).
            options: as ``solve`` takes them; by default at the fixed point.
        Raises:
            InputError: as ``selfsame.collage.operator.module.render``.
        """
        config = self.config
        fine = (config.fine_side, config.fine_side)
        visible = (config.side * config.detail,) * 2
        ratio = Fraction(scale) / config.detail
        return render(
            self.collages(numbers),
            self.operator.geometry,
            fine,
            ratio,
            visible=visible,
            **options,
        )

    def hidden_detail(self, numbers: Tensor) -> Tensor:
        """Return what detail of pictures appears beyond their finest scale, (B,); see
        ``selfsame.collage.operator.module.hidden_detail``."""
        config = self.config
        fine = (config.fine_side, config.fine_side)
        options: dict[str, Any] = {"iterations": config.iterations, "gradient": "unroll"}
        return hidden_detail(self.collages(numbers), self.operator.geometry, fine, **options)

    def _attention(self, features: Tensor) -> Tensor:
        """Return weights of the domains before they are limited, (B, domains, rows, columns)."""
        query, gain = self.query(features).split([self.config.width, 1], 1)
        keys = torch.cat([key(features).flatten(2) for key in self.keys], 2)
        scores = torch.einsum("bchw,bcd->bdhw", query, keys) / math.sqrt(self.config.width)
        weights: Tensor = gain * scores.softmax(1)
        return weights

    def fingerprint(self) -> bytes:
        """Return 8 bytes that identify everything that decoding depends on."""
        config = self.config
        shape = replace(config, iterations=1).as_dict() | {"quantum": config.quantum}
        if not config.mixers:  # which earlier models do not know of
            del shape["mixers"]
        digest = hashlib.sha256(json.dumps(shape, sort_keys=True).encode())
        for name, tensor in sorted(self.state_dict().items()):
            digest.update(name.encode())
            digest.update(tensor.detach().cpu().to(torch.float32).numpy().astype("<f4").tobytes())
        return digest.digest()[:FINGERPRINT_BYTES]


class GridModel(NamedModel):
    """Encoder and decoder of a latent space."""

    file_format = "selfsame grid 1"
    config_type = GridConfig
    home = "selfsame.collage.grid"
    noun = "latent space"
    made_by = "selfsame train latents"

    config: GridConfig

    def __init__(self, config: GridConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = GridEncoder(config)
        self.decoder = GridDecoder(config)

    def encode(self, pictures: Tensor) -> Posterior:
        """Return what pictures, (B, C, side, side) in [0, 1], are coded to.

        Raises:
            InputError: pictures of another shape.
        """
        wanted = (self.config.channels, self.config.side, self.config.side)
        if pictures.ndim != 4 or tuple(pictures.shape[1:]) != wanted:
            raise InputError(f"pictures must be (B, {wanted}): got {tuple(pictures.shape)}")
        return self.encoder(pictures)  # type: ignore[no-any-return]
