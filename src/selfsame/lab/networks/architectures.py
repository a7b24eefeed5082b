"""The networks that are pre-trained: LeNet, ResNet-18 and a small vision transformer.

Each is a body, whose output ``features`` returns, and a linear ``head``. Pictures go in as they
are, in [0, 1]: nothing is subtracted, so that the black around a figure is the zero of the padding.
"""

from dataclasses import dataclass, replace
from typing import Annotated, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from selfsame.checked import Checked, Range, check_whole
from selfsame.io.model_file import Pretrained
from selfsame.lab.networks.names import NetworkName

SIDES = {"lenet": (12, 1024), "resnet18": (16, 1024), "vit": (7, 1024)}
"""Least and largest side of the pictures of each network, pixels."""


@dataclass(frozen=True)
class NetworkConfig(Checked):
    """Which network, and what it is made for.

    Attributes:
        name: of ``selfsame.lab.networks.names.NETWORKS``.
        classes: of the head.
        channels: 1 for grey pictures, 3 for colour.
        side: of the square pictures, pixels; within ``SIDES[name]``.
    Raises:
        InputError: a value out of its range.
    """

    name: NetworkName
    classes: Annotated[int, Range(1, 2**20)]
    channels: Literal[1, 3] = 1
    side: int = 28

    def __post_init__(self) -> None:
        super().__post_init__()
        check_whole(f"side of the pictures of {self.name}", self.side, *SIDES[self.name])


class Network(Pretrained):
    """A classifier of square pictures; ``Network.from_config`` makes the right one.

    Attributes:
        config: what it was made for.
        feature_size: F, the width of the layer before the head.
        head: the linear layer from features to logits.
    """

    file_format = "selfsame network 1"
    config_type = NetworkConfig
    noun = "network"
    folder = "the folder seed-S/network"
    made_by = "selfsame probe"
    file_dtype = torch.float32  # it is measured: rounded weights would be another network's

    config: NetworkConfig
    body: nn.Module
    head: nn.Linear

    def __init__(self, config: NetworkConfig, feature_size: int) -> None:
        super().__init__()
        self.config, self.feature_size = config, feature_size

    @classmethod
    def from_config(cls, config: NetworkConfig) -> "Network":
        """Return a network with weights drawn from torch's generator, the head's last."""
        return _KINDS[config.name](config)

    def features(self, pictures: Tensor) -> Tensor:
        """Return the features of pictures (B, C, H, W) in [0, 1], (B, F)."""
        features: Tensor = self.body(pictures)
        return features

    def forward(self, pictures: Tensor) -> Tensor:
        """Return the logits of pictures (B, C, H, W) in [0, 1], (B, classes)."""
        logits: Tensor = self.head(self.features(pictures))
        return logits


class LeNet(Network):
    """LeNet-5 with ReLU and max-pooling in place of tanh and learned averages; F = 84.

    Every map of the second convolution sees all of the first.

    Source: LeCun et al. 1998, "Gradient-based learning applied to document recognition", figure 2;
    pictures of 28 pixels become its 32 by padding.
    """

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__(config, feature_size=84)
        pooled = (config.side // 2 - 4) // 2
        self.body = nn.Sequential(
            nn.Conv2d(config.channels, 6, 5, padding=2),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(6, 16, 5),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(16 * pooled**2, 120),
            nn.ReLU(),
            nn.Linear(120, 84),
            nn.ReLU(),
        )
        self.head = nn.Linear(84, config.classes)


class ResNet18(Network):
    """ResNet-18; F = 512. With 1000 classes and colour it has 11.7 million weights.

    Source: He et al. 2016, "Deep Residual Learning for Image Recognition", table 1.
    """

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__(config, feature_size=512)
        layers: list[nn.Module] = [
            nn.Conv2d(config.channels, 64, 7, 2, 3, bias=False),
            nn.BatchNorm2d(64),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(3, 2, 1),
        ]
        inputs = 64
        for outputs, stride in ((64, 1), (128, 2), (256, 2), (512, 2)):
            layers += [_Residual(inputs, outputs, stride), _Residual(outputs, outputs, 1)]
            inputs = outputs
        self.body = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.head = nn.Linear(inputs, config.classes)


class _Residual(nn.Module):
    """Two convolutions and the way around them."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(inplace=True),
            nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False),
            nn.BatchNorm2d(outputs),
        )
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)
            )

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.body(x) + self.shortcut(x))


class ViT(Network):
    """A small vision transformer: 7 × 7 patches or a few more, the width of ViT-Ti, half its depth.

    Norms come first, positions are learned, the features are the mean of the tokens; F = 192.
    Pictures whose side is no multiple of the patch are padded to the right and below.

    Source: Dosovitskiy et al. 2021, "An Image is Worth 16x16 Words"; the width is that of
    Touvron et al. 2021, "Training data-efficient image transformers".
    """

    width, heads, depth = 192, 3, 6

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__(config, feature_size=self.width)
        self.patch = config.side // 7
        across = -(-config.side // self.patch)
        self.padding = across * self.patch - config.side
        self.embed = nn.Conv2d(config.channels, self.width, self.patch, self.patch)
        self.positions = nn.Parameter(torch.randn(across**2, self.width) * 0.02)
        self.blocks = nn.Sequential(*(_Block(self.width, self.heads) for _ in range(self.depth)))
        self.norm = nn.LayerNorm(self.width)
        self.head = nn.Linear(self.width, config.classes)

    def features(self, pictures: Tensor) -> Tensor:
        padded = F.pad(pictures, (0, self.padding, 0, self.padding))
        tokens = self.embed(padded).flatten(2).transpose(1, 2) + self.positions
        features: Tensor = self.norm(self.blocks(tokens)).mean(1)
        return features


class _Block(nn.Module):
    """Attention and a perceptron, each with its norm before it and a way around it."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(2))
        self.queries_keys_values = nn.Linear(width, 3 * width)
        self.mix = nn.Linear(width, width)
        self.perceptron = nn.Sequential(
            nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width)
        )

    def forward(self, tokens: Tensor) -> Tensor:
        batch, count, width = tokens.shape
        parts = self.queries_keys_values(self.norms[0](tokens))
        split = parts.reshape(batch, count, 3, self.heads, width // self.heads)
        q, k, v = split.permute(2, 0, 3, 1, 4)
        attended = F.scaled_dot_product_attention(q, k, v).transpose(1, 2)
        tokens = tokens + self.mix(attended.reshape(batch, count, width))
        changed: Tensor = tokens + self.perceptron(self.norms[1](tokens))
        return changed


_KINDS: dict[str, type[LeNet] | type[ResNet18] | type[ViT]] = {
    "lenet": LeNet,
    "resnet18": ResNet18,
    "vit": ViT,
}


def make_network(name: str, *, classes: int, channels: int = 1, side: int = 28) -> Network:
    """Return ``Network.from_config``; arguments and errors as of ``NetworkConfig``."""
    given = {"name": name, "classes": classes, "channels": channels, "side": side}
    return Network.from_config(NetworkConfig.from_dict(given))


def replace_head(network: Network, classes: int) -> None:
    """Give a network a new head, drawn from torch's generator on the CPU."""
    device = network.head.weight.device
    network.head = nn.Linear(network.feature_size, classes).to(device)
    network.config = replace(network.config, classes=classes)
