"""Set prediction: a picture in, the maps of a system out, in no particular order.

The pieces of a Gaussian mixture of the picture are the queries; attention lets them look at the
picture and at each other, and the answer of each is the map that sends the whole onto its piece:
how it is turned, stretched and shifted against the plain affine copy. Any number of maps goes, in
any order: what a network of this kind learns from is how the attractor looks
(``selfsame.pretrain.encoder_training``). Source of sets by attention: Lee et al. 2019, "Set
Transformer"; Carion et al. 2020, "End-to-End Object Detection with Transformers".
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from selfsame.errors import InputError
from selfsame.ifs.fit.mixture import Mixture, affine_copies, gaussian_mixture, roots
from selfsame.ifs.fit.parameters import Maps, largest_singular_value

LARGEST_SINGULAR = 0.95
"""Bound on the singular values of every predicted map; the fit's default."""

_NUMBERS = 7
"""Of a map: four for its matrix, two for the place of its piece, one for its probability."""

_FEATURES = 12
"""Of a query: see ``_features``."""

_ITERATIONS = 10
"""Of the mixture; the network makes up for what more of them would find."""

_CELL = 2
"""Pixels along the side of the cells that the mixture is of; finer ones take most of the time."""

_POOLING = 4
"""Pixels of the picture along the side of a token."""


@dataclass(frozen=True)
class EncoderConfig:
    """The shape of a ``SetEncoder``.

    Attributes:
        side: of the pictures it looks at, pixels; a multiple of 4.
        width: numbers of a token; a multiple of ``heads``.
        layers: of attention among the tokens, and as many of the queries.
        heads: of attention.
    Raises:
        InputError: a value out of its range.
    """

    side: int = 32
    width: int = 128
    layers: int = 3
    heads: int = 4

    def __post_init__(self) -> None:
        for name, low, high in (
            ("side", 8, 256),
            ("width", 8, 4096),
            ("layers", 1, 64),
            ("heads", 1, 64),
        ):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
                raise InputError(
                    f"{name} must be a whole number within {low}..{high}: got {value!r}"
                )
        if self.side % _POOLING or self.width % (4 * self.heads):
            raise InputError(
                f"side must be a multiple of {_POOLING} and width one of 4 x heads: "
                f"got side {self.side}, width {self.width}, heads {self.heads}"
            )


class SetEncoder(nn.Module):
    """Predicts systems of contractive maps from pictures."""

    def __init__(self, config: EncoderConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or EncoderConfig()
        width = config.width
        # Windows of two tokens' side, so that neighbours overlap.
        self.stem = nn.Conv2d(1, width, 2 * _POOLING, stride=_POOLING, padding=_POOLING // 2)
        tokens = (config.side // _POOLING) ** 2
        self.places = nn.Parameter(0.02 * torch.randn(tokens, width))
        self.queries = nn.Sequential(
            nn.Linear(_FEATURES, width), nn.GELU(), nn.Linear(width, width)
        )
        self.looking = nn.ModuleList(_Layer(config) for _ in range(config.layers))
        self.asking = nn.ModuleList(_Layer(config, asks=True) for _ in range(config.layers))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, _NUMBERS)
        with torch.no_grad():
            self.head.weight *= 0.1  # the first proposals are nearly the plain copies
            self.head.bias.zero_()

    def forward(self, pictures: Tensor, maps: int, generator: torch.Generator) -> Maps:
        """Return a system for each picture, differentiable.

        Args:
            pictures: (B, 1, S, S) in [0, 1], bright = figure, none of them empty; they fill the
                window [-1, 1]².
            maps: N.
            generator: draws the seeds of the mixtures, on the CPU.
        Returns:
            matrices (B, N, 2, 2) with singular values up to ``LARGEST_SINGULAR``, offsets
            (B, N, 2), log-probabilities (B, N).
        """
        mixture = _mixture(pictures, maps, generator)
        tokens = self.stem(pictures).flatten(2).transpose(1, 2) + self.places
        for layer in self.looking:
            tokens = layer(tokens, tokens)
        queries = self.queries(_features(mixture))
        for layer in self.asking:
            queries = layer(queries, tokens)
        numbers = self.head(self.norm(queries))
        turns = torch.eye(2).to(numbers) + numbers[..., :4].view(*numbers.shape[:2], 2, 2)
        copies = affine_copies(mixture, turns)
        root, _ = roots(mixture.covariance)
        shift = (root @ numbers[..., 4:6, None])[..., 0]
        # The bound must not move a piece: what the matrix loses at the middle, the offset gets.
        middle = mixture.whole()[0][:, None, :, None]
        place = (copies.matrices @ middle)[..., 0] + copies.offsets + shift
        norm = largest_singular_value(copies.matrices).clamp_min(LARGEST_SINGULAR)
        matrices = copies.matrices * (LARGEST_SINGULAR / norm)[..., None, None]
        offsets = place - (matrices @ middle)[..., 0]
        log_probabilities = torch.log_softmax(copies.log_probabilities + numbers[..., 6], -1)
        return Maps(matrices, offsets, log_probabilities)


class _Layer(nn.Module):
    """Attention of ``x`` to ``y`` and a perceptron, both on normalised inputs; first, if it
    ``asks``, attention of ``x`` to itself."""

    def __init__(self, config: EncoderConfig, *, asks: bool = False) -> None:
        super().__init__()
        self.own = _Attention(config) if asks else None
        self.attention = _Attention(config)
        self.perceptron = nn.Sequential(
            nn.LayerNorm(config.width),
            nn.Linear(config.width, 2 * config.width),
            nn.GELU(),
            nn.Linear(2 * config.width, config.width),
        )

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        if self.own is None:  # y is x
            x = x + self.attention(x, x)
        else:
            x = x + self.own(x, x)
            x = x + self.attention(x, y)
        result: Tensor = x + self.perceptron(x)
        return result


class _Attention(nn.Module):
    """Multi-head attention of normalised ``x`` to normalised ``y``."""

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        self.heads = config.heads
        self.norm = nn.LayerNorm(config.width)
        self.query = nn.Linear(config.width, config.width)
        self.key_value = nn.Linear(config.width, 2 * config.width)
        self.out = nn.Linear(config.width, config.width)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        q = self._split(self.query(self.norm(x)))
        k, v = (self._split(part) for part in self.key_value(self.norm(y)).chunk(2, -1))
        mixed = F.scaled_dot_product_attention(q, k, v)
        result: Tensor = self.out(mixed.transpose(1, 2).flatten(2))
        return result

    def _split(self, x: Tensor) -> Tensor:
        return x.view(*x.shape[:2], self.heads, -1).transpose(1, 2)


@torch.no_grad()
def _mixture(pictures: Tensor, components: int, generator: torch.Generator) -> Mixture:
    """Return a mixture of the ink of each picture, in the window [-1, 1]²."""
    cells = F.avg_pool2d(pictures, _CELL)
    side = cells.shape[-1]
    x = (2 * torch.arange(side, device=cells.device) + 1) / side - 1
    centers = torch.stack(torch.meshgrid(x, -x, indexing="xy"), -1).reshape(-1, 2)
    floor = (2 / side) ** 2 / 12  # of a square cell
    return gaussian_mixture(centers, cells.flatten(1), components, floor, generator, _ITERATIONS)


def _features(mixture: Mixture) -> Tensor:
    """Return what each query knows of its piece and of the whole, (B, K, 12): means, roots of the
    covariances and their inverses' scale, and the logarithm of the share."""
    m, covariance = mixture.whole()
    whole, _ = roots(covariance)
    root, inverse = roots(mixture.covariance)
    upper = torch.triu_indices(2, 2)
    size = inverse.diagonal(dim1=-2, dim2=-1).log()
    count = mixture.share.shape[1]
    parts = (
        mixture.mean,
        4 * root[..., upper[0], upper[1]],
        size - 2,
        m[:, None].expand(-1, count, -1),
        whole[:, None, upper[0], upper[1]].expand(-1, count, -1)[..., :2],
        (count * mixture.share[..., None]).log(),
    )
    return torch.cat(parts, -1)
