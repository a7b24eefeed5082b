"""The trained part of the codec: what turns pictures into levels, and levels into pictures.

A model has two halves. The decoder half - auxiliary blocks and quantiser steps - is what a file
needs, and its fingerprint stands in the file. The encoder half - filters, network, dead zones -
and the rate model that trained it can change without any file noticing.

The numbers of a range, K of them, follow each other plane by plane (Y, Cb, Cr), in a plane as in
``CollageCode``: bias, auxiliary weights, domain weights.
"""

import hashlib
import json
from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from selfsame.checked import Checked, Range
from selfsame.collage.code import FINGERPRINT_BYTES, GRID, MAX_ATOMS, MAX_DOMAINS
from selfsame.collage.named_model import NamedModel
from selfsame.collage.network.atoms import start_atoms
from selfsame.collage.network.conv_mixer import ConvMixer
from selfsame.collage.network.entropy import RateModel, soft_threshold
from selfsame.collage.operator.functional import (
    CollageParameters,
    contraction_factor,
    limit_weights,
)
from selfsame.collage.operator.geometry import Geometry
from selfsame.collage.operator.resampling import upscale_aux
from selfsame.collage.operator.strips import constant_in_strips, domain_in_strips
from selfsame.errors import SettingError

STEP_SCALE = 16
STEP_ZERO = 128
"""Index ``step`` of a code scales the quantiser steps by ``2 ** ((step - 128) / 16)``."""

START_STEP = 32.0
"""Of a weight, in units of 1/255 of the value range times pixels of a block's norm."""

DEFAULT_RATE_WEIGHT = 0.15
"""Of a bit, over the squared error in squared steps: at high rates a bit saves 0.12 of a uniform
quantiser's; at low ones more."""

_BIAS_EXPONENT = 0.7
"""Steps of biases grow more slowly than those of weights: seen as blotches on a clear sky, coarse
biases cost more than their squared error says."""

_START_DOMAIN_STEP = 1 / 16
_START_DEAD_ZONE = 0.15
_MOST_DEAD_ZONE = 0.45

AtomCount = Annotated[int, Range(0, MAX_ATOMS)]
Scale = Annotated[float, Range(-8, 8, open_high=True)]


@dataclass(frozen=True)
class CollageConfig(Checked):
    """The shape of a model.

    Attributes:
        overlap: 8, ranges of 16 x 16 pixels blended with their neighbours, or 0.
        atoms: auxiliary blocks of luma, and of both chroma planes.
        domain_factors: how many times as large as a range each of its domains is.
        bound: the domain weights of a range sum to less than this: contraction is certain.
        iterations: applications of the map in training and decoding.
        width, depth: of the encoder's network.
        scales: least and greatest log2 of the steps' scale that the network knows from training;
            beyond, it is told the nearest.
    Raises:
        InputError: a value out of its range.
    """

    overlap: Literal[0, 8] = 8
    atoms: tuple[AtomCount, AtomCount] = (170, 50)
    domain_factors: tuple[int, ...] = (2,)
    bound: Annotated[float, Range(0, 1, open_low=True, open_high=True)] = 0.5
    iterations: Annotated[int, Range(1, 64)] = 2
    width: Annotated[int, Range(1, 4096)] = 192
    depth: Annotated[int, Range(0, 64)] = 4
    scales: tuple[Scale, Scale] = (-2.5, 2.0)

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.domain_factors) > MAX_DOMAINS:
            raise SettingError(
                f"at most {MAX_DOMAINS} domain_factors: got {len(self.domain_factors)}"
            )
        if self.scales[0] > self.scales[1]:
            raise SettingError(f"scales must be two rising numbers: got {self.scales}")

    @property
    def geometry(self) -> Geometry:
        """Of ranges and domains; without domains, one that blends only."""
        sizes = tuple((GRID * f, GRID * f) for f in self.domain_factors or (2,))
        return Geometry((GRID, GRID), sizes, overlap=self.overlap, local=True)

    @property
    def plane_atoms(self) -> tuple[int, int, int]:
        """How many auxiliary blocks each plane has."""
        return self.atoms[0], self.atoms[1], self.atoms[1]

    @property
    def numbers(self) -> tuple[int, ...]:
        """How many numbers a range has in each plane."""
        return tuple(1 + count + len(self.domain_factors) for count in self.plane_atoms)

    @property
    def biases(self) -> tuple[int, int, int]:
        """Where among a range's numbers the biases stand."""
        luma, chroma, _ = self.numbers
        return 0, luma, luma + chroma


class CollageDecoder(nn.Module):
    """The half of a model that a file needs.

    Attributes:
        blocks: auxiliary blocks of luma and of chroma, (A, 1, n, n) each.
        log_steps: (K,) natural logarithms of the quantiser steps at scale 1.
    """

    is_domain: Tensor
    exponents: Tensor

    def __init__(self, config: CollageConfig) -> None:
        super().__init__()
        self.config = config
        starts = [start_atoms(config.overlap, count)[0] for count in config.atoms]
        self.blocks = nn.ParameterList(torch.from_numpy(a)[:, None] for a in starts)
        steps = []
        for count in config.plane_atoms:
            steps += [START_STEP / GRID] + [START_STEP] * count
            steps += [_START_DOMAIN_STEP] * len(config.domain_factors)
        self.log_steps = nn.Parameter(torch.tensor(steps).log())
        is_domain = torch.zeros(len(steps), dtype=torch.bool)
        exponents = torch.ones(len(steps))
        for start, count in zip(config.biases, config.numbers, strict=True):
            is_domain[start + count - len(config.domain_factors) : start + count] = True
            exponents[start] = _BIAS_EXPONENT
        exponents[is_domain] = 0
        self.register_buffer("is_domain", is_domain, persistent=False)
        self.register_buffer("exponents", exponents, persistent=False)

    def steps(self, scale: Tensor) -> Tensor:
        """Return the quantiser steps, (B, K, 1, 1), at ``scale``, (B,), log2 of a factor.

        Those of biases change less with it, those of domain weights not at all.
        """
        scales = torch.exp2(scale[:, None] * self.exponents)
        return (self.log_steps.exp() * scales)[..., None, None]

    def forward(
        self,
        levels: Tensor,
        scale: Tensor,
        *,
        factor: int | Fraction = 1,
        iterations: int | None = None,
        start: Tensor | None = None,
    ) -> Tensor:
        """Return the planes of pictures, (B, 1 or 3, H, W), centred on 0, in units of 1/255.

        Args:
            levels: whole numbers, (B, K, rows, columns); K of all planes or of luma alone.
            scale: (B,), log2 of the scale of the steps.
            factor: pixels per pixel, a multiple of 1/8.
            iterations: applications of the map; default as the model was trained.
            start: planes to start from instead of the constant term.
        """
        weights, constant = self.collage(levels, scale, factor)
        x = constant if start is None else start.expand_as(constant)
        if not self.config.domain_factors:
            return constant
        geometry = self.config.geometry.scaled(factor)
        for _ in range(self.config.iterations if iterations is None else iterations):
            x = domain_in_strips(x, weights, geometry) + constant
        return x

    def collage(
        self, levels: Tensor, scale: Tensor, factor: int | Fraction = 1
    ) -> tuple[Tensor, Tensor]:
        """Return the map that levels stand for, ``x -> S x + b``: domain weights (B, C, D, R) and
        constant term (B, C, H, W); arguments as for ``forward``."""
        geometry = self.config.geometry.scaled(factor)
        planes = self._values(levels, scale)
        weights = self._domain_weights(planes)
        size = levels.shape[2] * geometry.range_size[0], levels.shape[3] * geometry.range_size[1]
        constants = []
        for blocks, part in ((self.blocks[0], slice(0, 1)), (self.blocks[1], slice(1, 3))):
            if not planes[part]:
                continue  # grey
            numbers = torch.stack(planes[part], 1)  # (B, C, 1 + A + D, R)
            parameters = CollageParameters(
                weights[:, part],
                numbers[:, :, 0],
                numbers[:, :, 1 : 1 + blocks.shape[0]],
                blocks if factor == 1 else upscale_aux(blocks, Fraction(factor)),
            )
            constants.append(constant_in_strips(parameters, geometry, size))
        return weights, torch.cat(constants, 1)

    def contraction(self, levels: Tensor, scale: Tensor) -> Tensor:
        """Return the factors by which the maps of levels contract at least, (B,)."""
        return contraction_factor(self._domain_weights(self._values(levels, scale)))

    def _values(self, levels: Tensor, scale: Tensor) -> tuple[Tensor, ...]:
        """Return the numbers that levels stand for, (B, 1 + A + D, R) of each plane."""
        count = levels.shape[1]
        planes = 1 if count == self.config.numbers[0] else 3
        values = (levels * self.steps(scale)[:, :count]).flatten(2)
        return torch.split(values, list(self.config.numbers[:planes]), 1)

    def _domain_weights(self, planes: tuple[Tensor, ...]) -> Tensor:
        """Return the domain weights, (B, C, D, R); without domains 0 for the one that blends."""
        domains = len(self.config.domain_factors)
        if not domains:
            return torch.zeros_like(torch.stack(planes[:1] * len(planes), 1)[:, :, :1])
        raw = torch.stack([plane[:, -domains:] for plane in planes], 1)
        return limit_weights(raw, self.config.bound)

    def fingerprint(self) -> bytes:
        """Return 8 bytes that identify everything that decoding depends on."""
        config = self.config
        shape = [config.overlap, config.domain_factors, config.bound, _BIAS_EXPONENT]
        digest = hashlib.sha256(json.dumps(shape).encode())
        for tensor in (*self.blocks, self.log_steps):
            digest.update(tensor.detach().cpu().to(torch.float32).numpy().astype("<f4").tobytes())
        return digest.digest()[:FINGERPRINT_BYTES]


class CollageEncoder(nn.Module):
    """The half of a model that looks at a picture: linear filters, and a network over them.

    Attributes:
        filters: of luma and of chroma, (1 + A, n, n) each: bias, then auxiliary weights.
        network: maps responses to corrections, as ``ConvMixer`` does.
        dead_zone: (K,) how far rounding moves towards 0, in steps, before the network's word.
    """

    is_level: Tensor

    def __init__(self, config: CollageConfig, network: nn.Module | None = None) -> None:
        super().__init__()
        self.config = config
        starts = [start_atoms(config.overlap, count)[1] for count in config.atoms]
        self.filters = nn.ParameterList(torch.from_numpy(f) for f in starts)
        total = sum(config.numbers)
        self.network = network or ConvMixer(total, config.width, config.depth)
        dead_zone = torch.full((total,), _START_DEAD_ZONE)
        dead_zone[list(config.biases)] = 0.0
        self.dead_zone = nn.Parameter(dead_zone)
        self.register_buffer("is_level", (dead_zone > 0).float()[:, None, None], persistent=False)

    def forward(self, planes: Tensor, steps: Tensor, scale: Tensor) -> Tensor:
        """Return levels to be rounded, (B, K, rows, columns); K of luma alone for grey.

        Args:
            planes: (B, 1 or 3, H, W), centred on 0, in units of 1/255; H and W multiples of 16.
            steps: (B, K, 1, 1), the decoder's.
            scale: (B,), log2 of their scale.
        """
        levels = self.responses(planes) / steps
        corrections, dead_zones = self.network(levels, scale.clamp(*self.config.scales))
        dead_zone = self.dead_zone.clamp(0, _MOST_DEAD_ZONE)[:, None, None] * self.is_level
        levels = soft_threshold(
            levels + corrections, dead_zone * torch.exp(dead_zones.clamp(-3, 3))
        )
        return levels[:, : self.config.numbers[0]] if planes.shape[1] == 1 else levels

    def responses(self, planes: Tensor) -> Tensor:
        """Return the responses of the filters, (B, K, rows, columns); 0 for domain weights."""
        overlap, domains = self.config.overlap, len(self.config.domain_factors)
        padded = F.pad(planes, (overlap,) * 4, mode="replicate") if overlap else planes
        side = GRID + 2 * overlap
        windows = padded.unfold(2, side, GRID).unfold(3, side, GRID)
        grid = windows.shape[2:4]
        responses = []
        for plane, count in enumerate(self.config.numbers):
            if plane < planes.shape[1]:
                # One product of matrices; a convolution of such kernels takes twice the time.
                filters = self.filters[min(plane, 1)].flatten(1)
                found = filters @ windows[:, plane].flatten(3).flatten(1, 2).mT
                responses.append(found.unflatten(2, grid))
                count = domains
            responses.append(planes.new_zeros(planes.shape[0], count, *grid))
        return torch.cat(responses, 1)


class CollageModel(NamedModel):
    """Both halves, and the estimate of bits that trained them."""

    file_format = "selfsame collage 1"
    config_type = CollageConfig
    home = "selfsame.collage"
    made_by = "selfsame train collage"

    config: CollageConfig

    def __init__(self, config: CollageConfig, network: nn.Module | None = None) -> None:
        super().__init__()
        self.config = config
        self.decoder = CollageDecoder(config)
        self.encoder = CollageEncoder(config, network)
        self.rates = RateModel(sum(config.numbers), config.biases)

    def encode(self, planes: Tensor, scale: Tensor) -> Tensor:
        """Return levels to be rounded; see ``CollageEncoder``."""
        return self.encoder(planes, self.decoder.steps(scale), scale)  # type: ignore[no-any-return]

    def bits(self, values: Tensor, levels: Tensor) -> Tensor:
        """Return the estimated bits of each number, shaped as ``values``; see ``RateModel``."""
        missing = sum(self.config.numbers) - values.shape[1]
        if not missing:
            return self.rates(values, levels)  # type: ignore[no-any-return]
        padding = (0, 0, 0, 0, 0, missing)
        bits: Tensor = self.rates(F.pad(values, padding), F.pad(levels, padding))
        return bits[:, : values.shape[1]]
