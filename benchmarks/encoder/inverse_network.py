"""The inverse encoder: a ResNet-18 that regresses the parameters of a fractal from its picture.

The baseline of row B in table 1 of "Learning Fractals by Gradient Descent": ten maps of six
numbers, in the order of their singular values, learned by mean squared error. A system whose maps
come in another order counts as wrong, and so does another system with the same attractor; that is
why ``selfsame.ifs.encoder`` compares pictures instead.
"""

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmarks.encoder.inverse_data import MAPS, POINTS, SIDE, chain, drawing, fractals, maps_of
from selfsame.errors import InputError
from selfsame.ifs.fit.maps import dyadic_probabilities
from selfsame.ifs.system import IFS
from selfsame.lab.networks.architectures import Network, NetworkConfig
from selfsame.training.settings import TrainSettings
from selfsame.training.task import Means, Metrics, Task

TRAINING = TrainSettings(
    steps=8000,
    batch=64,
    lr=1e-3,
    warmup_steps=300,
    ema_decay=0.0,
    log_every=100,
    validate_every=1000,
    checkpoint_every=500,
)
"""How the benchmark trains it."""

VALIDATION_SEED = 2**62
"""Fractals of this seed are never learned."""

VALIDATION_FRACTALS = 512

CONFIG = NetworkConfig("resnet18", classes=6 * MAPS, channels=1, side=SIDE)
"""Pictures (B, 1, 32, 32) to parameters (B, 60)."""

_AT_ONCE = 256
"""Pictures that go through the network together, which bounds its memory."""


class InverseTask(Task):
    """An inverse encoder that learns from ``InverseBatches``, for ``selfsame.training.train``.

    Attributes:
        model: what is trained.
    """

    model: Network

    def __init__(self) -> None:
        self.model = Network.from_config(CONFIG)

    def loss(
        self, batch: tuple[Tensor, Tensor], step: int, generator: torch.Generator
    ) -> tuple[Tensor, Metrics]:
        """Return the mean squared error of the parameters of a batch."""
        pictures, parameters = batch
        return F.mse_loss(self.model(pictures).float(), parameters), {}

    def validate(self, model: nn.Module, shard: slice) -> Means:
        """Return errors on fractals that are never learned; the same ones each time.

        ``parameter_mse`` is what is minimised, ``explained`` the share of the parameters' variance
        that is predicted, ``picture_mse`` the mean squared error of a drawing of the predicted
        systems.
        """
        pictures, parameters = fractals(VALIDATION_SEED, 0, range(VALIDATION_FRACTALS))
        variance = parameters.var(0).mean()
        pictures, parameters = pictures[shard], parameters[shard]
        predicted = _predicted(model, pictures)
        error = F.mse_loss(predicted, parameters)
        generator = torch.Generator().manual_seed(0)
        uniforms = torch.rand(VALIDATION_FRACTALS, POINTS, generator=generator)[shard]
        drawn = drawing(chain(maps_of(predicted), uniforms))
        values = {
            "parameter_mse": float(error),
            "explained": 1 - float(error / variance),
            "picture_mse": float(F.mse_loss(drawn, pictures)),
        }
        return Means(values, len(pictures))


def load_inverse_encoder(source: str | Path) -> Network:
    """Return a network that ``InverseTask`` trained, ready to use; as ``Network.from_pretrained``.

    Raises:
        InputError: it is another network.
    """
    network = Network.from_pretrained(source)
    if network.config != CONFIG:
        raise InputError(f"{source} is no inverse encoder: it has the shape {network.config}")
    return network


def predict_systems(network: nn.Module, pictures: Tensor) -> list[IFS]:
    """Return the system that an inverse encoder predicts from each picture.

    They lie in the window ``inverse_data.WINDOW``. Matrices are made contractive as in a fit, and
    probabilities are proportional to ``|det A|``.

    Args:
        network: put into evaluation mode.
        pictures: (B, 1, 32, 32) in [0, 1].
    Raises:
        InputError: pictures of another shape.
    """
    if pictures.ndim != 4 or pictures.shape[1:] != (1, SIDE, SIDE):
        raise InputError(f"pictures must be (B, 1, {SIDE}, {SIDE}): got {tuple(pictures.shape)}")
    parts = maps_of(_predicted(network.eval(), pictures))
    arrays = (part.numpy() for part in parts[:3] if part is not None)
    return [IFS(A, b, dyadic_probabilities(log_p)) for A, b, log_p in zip(*arrays, strict=True)]


@torch.no_grad()
def _predicted(network: nn.Module, pictures: Tensor) -> Tensor:
    """Return the parameters (B, 60), on the CPU."""
    device = next(network.parameters()).device
    parts = [network(part.to(device)).cpu() for part in torch.split(pictures, _AT_ONCE)]
    return torch.cat([torch.empty(0, 6 * MAPS), *parts])
