"""The network of COIN and its file: sine layers from a pixel's place to its colour.

All weights are one flat tensor, which keeps their count, their bytes and the optimiser's state
plain to see.

Source: Dupont et al. 2021 (COIN); the layers are those of Sitzmann et al. 2020 (SIREN).
"""

import math
import struct
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from benchmarks.harness.types import Bytes
from selfsame.errors import InputError

OMEGA = 30.0
"""w0 of every sine layer, as in both papers."""

CHANNELS = 3

HEADER = struct.Struct("<HHBB")
"""Width, height, sine layers, their width; float16 weights follow."""

CHUNK_PIXELS = {"cpu": 1 << 14, "cuda": 1 << 20}
"""Pixels computed at once: activations that fit in a core's cache save a third of the time."""


class Configuration(NamedTuple):
    """A network of ``layers`` sine layers of ``width`` neurons, and a linear one to RGB."""

    layers: int
    width: int

    def __str__(self) -> str:
        return f"{self.layers}x{self.width}"

    @property
    def shapes(self) -> list[tuple[int, int]]:
        """Inputs and outputs of each layer."""
        hidden = [(self.width, self.width)] * (self.layers - 1)
        return [(2, self.width), *hidden, (self.width, CHANNELS)]

    @property
    def parameters(self) -> int:
        """Number of weights and biases."""
        return sum(inputs * outputs + outputs for inputs, outputs in self.shapes)

    @property
    def file_bytes(self) -> int:
        """Size of a file."""
        return HEADER.size + 2 * self.parameters


KODAK_PIXELS = 768 * 512

PUBLISHED = {
    0.07: Configuration(5, 20),
    0.15: Configuration(5, 30),
    0.3: Configuration(10, 28),
    0.6: Configuration(10, 40),
    1.2: Configuration(13, 49),
}
"""The authors' choice for each rate in bits per pixel of Kodak's pictures."""

DEPTHS = ((1500, 3), (5000, 5), (22000, 10))
"""Sine layers of a network of so many parameters at most; more have 13. The published ones, and
below them what did best on reduced pictures."""

MAX_LAYERS, MAX_WIDTH = 255, 255


def configuration_for(bpp: float, pixels: int) -> Configuration:
    """Return the network whose file comes nearest to a rate: the published one where there is one.

    Args:
        bpp: bits per pixel. pixels: of the picture.
    Raises:
        InputError: the rate is not positive, or a file of one neuron a layer exceeds it.
    """
    if not bpp > 0:
        raise InputError(f"bpp must be above 0: got {bpp}")
    if pixels == KODAK_PIXELS and bpp in PUBLISHED:
        return PUBLISHED[bpp]
    wanted = bpp * pixels / 8
    layers = next((d for most, d in DEPTHS if wanted <= 2 * most), 13)
    sizes = [abs(Configuration(layers, w).file_bytes - wanted) for w in range(1, MAX_WIDTH + 1)]
    found = Configuration(layers, 1 + int(np.argmin(sizes)))
    if found.width == 1 and found.file_bytes > wanted:
        raise InputError(f"no network fits {bpp:g} bits per pixel of {pixels} pixels")
    return found


def initial_weights(configuration: Configuration, generator: torch.Generator) -> Tensor:
    """Return flat weights, each layer's matrix (outputs, inputs) and then its biases.

    Uniform within 1 / inputs in the first layer and sqrt(6 / inputs) / w0 in the others: then what
    each sine gets has unit variance, whatever the depth. Biases have their layer's range.
    """
    parts = []
    for index, (inputs, outputs) in enumerate(configuration.shapes):
        limit = 1 / inputs if index == 0 else math.sqrt(6 / inputs) / OMEGA
        count = inputs * outputs + outputs
        parts.append((2 * torch.rand(count, generator=generator) - 1) * limit)
    return torch.cat(parts)


def layers_of(weights: Tensor, configuration: Configuration) -> list[tuple[Tensor, Tensor]]:
    """Return views of flat weights: matrix (outputs, inputs) and bias (outputs,) of each layer."""
    counts = [n for i, o in configuration.shapes for n in (i * o, o)]
    parts = weights.split(counts)
    return [
        (matrix.view(outputs, inputs), bias)
        for (inputs, outputs), matrix, bias in zip(
            configuration.shapes, parts[::2], parts[1::2], strict=True
        )
    ]


def predict(weights: Tensor, configuration: Configuration, places: Tensor) -> Tensor:
    """Return colours (N, 3), 0 black and 1 white, at places (N, 2)."""
    values = places
    *hidden, (last, last_bias) = layers_of(weights, configuration)
    for matrix, bias in hidden:
        values = torch.sin(OMEGA * torch.nn.functional.linear(values, matrix, bias))
    return torch.nn.functional.linear(values, last, last_bias)


def places_of(height: int, width: int) -> Tensor:
    """Return the place (row, column) of every pixel, (height · width, 2), row-major.

    Rows run from -1 to 1; columns have the same scale, so that a wide picture goes beyond 1, as the
    authors have it: the network's frequencies then fit both directions alike.
    """
    scale = 2 / max(1, height - 1)
    rows, columns = torch.arange(height) * scale - 1, torch.arange(width) * scale - 1
    return torch.cartesian_prod(rows, columns).float()


def to_file(weights: Tensor, configuration: Configuration, height: int, width: int) -> bytes:
    """Return the bytes of a file: header and float16 weights, little-endian.

    Raises:
        InputError: a size or configuration beyond what the header can hold.
    """
    if max(height, width) > 0xFFFF or max(configuration) > MAX_WIDTH:
        raise InputError(f"too large for the header: {width}x{height}, network {configuration}")
    halves = weights.detach().cpu().numpy().astype("<f2")
    return HEADER.pack(width, height, *configuration) + halves.tobytes()


def from_file(data: bytes) -> tuple[Tensor, Configuration, int, int]:
    """Return flat float32 weights, the configuration, height and width that a file holds.

    Raises:
        InputError: the length does not fit the header.
    """
    if len(data) < HEADER.size:
        raise InputError(f"a file has at least {HEADER.size} bytes: got {len(data)}")
    width, height, *pair = HEADER.unpack_from(data)
    configuration = Configuration(*pair)
    if 0 in (width, height, *pair) or len(data) != configuration.file_bytes:
        raise InputError(
            f"a file of network {configuration} for {width}x{height} pixels must have "
            f"{configuration.file_bytes} bytes: got {len(data)}"
        )
    halves = np.frombuffer(data, "<f2", offset=HEADER.size).astype(np.float32)
    return torch.from_numpy(halves), configuration, height, width


@torch.no_grad()
def decode(data: bytes, device: str = "cpu") -> Bytes:
    """Return the picture in a file, (H, W, 3) bytes; computed in float32."""
    weights, configuration, height, width = from_file(data)
    weights = weights.to(device)
    parts = [
        predict(weights, configuration, part)
        for part in places_of(height, width).to(device).split(CHUNK_PIXELS[device])
    ]
    values = torch.cat(parts).mul(255).round().clamp(0, 255).byte()
    return values.reshape(height, width, CHANNELS).cpu().numpy()
