"""Set prediction: a picture in, the maps of a system out, in no particular order.

The pieces of a Gaussian mixture of the picture are the elements of the set. Each sees the picture
twice, in the frame of its own piece and in that of the whole, and its answer is the map that sends
the whole onto the piece: how it is turned, stretched and shifted against the plain affine copy.
Attention lets the pieces know of each other. Any number of maps goes, in any order, and a picture
that is moved or scaled gets maps that are moved and scaled with it, up to the pixels: what such a
network learns from is how the attractor looks (``selfsame.pretrain.encoder_training``). Source of
sets by attention: Lee et al. 2019, "Set Transformer".
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

_VIEW = 12
"""Samples along the side of what a piece sees."""

_REACH = 2.5
"""Standard deviations that a view reaches from its middle."""

_FEATURES = 2 * _VIEW**2 + 10
"""Of a piece: see ``_features``."""

_ITERATIONS = 6
"""Of the mixture; the network makes up for what more of them would find."""

_CELL = 2
"""Pixels along the side of the cells that the mixture is of; finer ones take most of the time."""


@dataclass(frozen=True)
class EncoderConfig:
    """The shape of a ``SetEncoder``.

    Attributes:
        side: of the pictures it looks at, pixels; an even number.
        width: numbers by which a piece is represented; a multiple of ``heads``.
        layers: of attention.
        heads: of attention.
    Raises:
        InputError: a value out of its range.
    """

    side: int = 32
    width: int = 192
    layers: int = 4
    heads: int = 6

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
        if self.side % _CELL or self.width % self.heads:
            raise InputError(
                f"side must be a multiple of {_CELL} and width one of heads: "
                f"got side {self.side}, width {self.width}, heads {self.heads}"
            )


class SetEncoder(nn.Module):
    """Predicts systems of contractive maps from pictures."""

    def __init__(self, config: EncoderConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or EncoderConfig()
        width = config.width
        self.look = nn.Sequential(nn.Linear(_FEATURES, width), nn.GELU(), nn.Linear(width, width))
        self.layers = nn.ModuleList(_Layer(config) for _ in range(config.layers))
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
        pieces = self.look(_features(pictures, mixture))
        for layer in self.layers:
            pieces = layer(pieces)
        numbers = self.head(self.norm(pieces))
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
    """Attention among the pieces and a perceptron, both on normalised inputs."""

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        self.heads = config.heads
        self.norm = nn.LayerNorm(config.width)
        self.query_key_value = nn.Linear(config.width, 3 * config.width)
        self.out = nn.Linear(config.width, config.width)
        self.perceptron = nn.Sequential(
            nn.LayerNorm(config.width),
            nn.Linear(config.width, 2 * config.width),
            nn.GELU(),
            nn.Linear(2 * config.width, config.width),
        )

    def forward(self, x: Tensor) -> Tensor:
        parts = self.query_key_value(self.norm(x)).view(*x.shape[:2], 3, self.heads, -1)
        q, k, v = parts.permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(q, k, v)
        x = x + self.out(mixed.transpose(1, 2).flatten(2))
        result: Tensor = x + self.perceptron(x)
        return result


@torch.no_grad()
def _mixture(pictures: Tensor, components: int, generator: torch.Generator) -> Mixture:
    """Return a mixture of the ink of each picture, in the window [-1, 1]²."""
    cells = F.avg_pool2d(pictures, _CELL)
    side = cells.shape[-1]
    x = (2 * torch.arange(side, device=cells.device) + 1) / side - 1
    centers = torch.stack(torch.meshgrid(x, -x, indexing="xy"), -1).reshape(-1, 2)
    floor = (2 / side) ** 2 / 12  # of a square cell
    return gaussian_mixture(centers, cells.flatten(1), components, floor, generator, _ITERATIONS)


def _features(pictures: Tensor, mixture: Mixture) -> Tensor:
    """Return what each piece knows, (B, K, F).

    The picture in the frame of the piece and in that of the whole, the piece's mean and the root
    of its covariance in the frame of the whole, the size of a pixel in its own, and its share.
    """
    side, count = pictures.shape[-1], mixture.share.shape[1]
    m, covariance = mixture.whole()
    whole, inverse_whole = roots(covariance)
    root, inverse = roots(mixture.covariance)
    own = _view(pictures, mixture.mean, root)
    all_of_it = _view(pictures, m[:, None], whole[:, None]).expand(-1, count, -1)
    relative = inverse_whole[:, None] @ root
    place = (inverse_whole[:, None] @ (mixture.mean - m[:, None])[..., None])[..., 0]
    pixel = (2 / side * inverse.flatten(-2))[..., [0, 1, 3]]
    share = (count * mixture.share[..., None]).log()
    return torch.cat([own, all_of_it, place, relative.flatten(-2), pixel, share], -1)


def _view(pictures: Tensor, middle: Tensor, root: Tensor) -> Tensor:
    """Return samples (B, K, _VIEW²) of the pictures in the frames ``middle + root · g``.

    Args:
        pictures: (B, 1, S, S), filling [-1, 1]².
        middle: (B, K, 2).
        root: (B, K, 2, 2).
    """
    along = torch.linspace(-_REACH, _REACH, _VIEW, device=pictures.device)
    frame = torch.stack(torch.meshgrid(along, along, indexing="xy"), -1).reshape(-1, 2)
    points = frame @ root.mT + middle[:, :, None]
    places = points * torch.tensor([1.0, -1.0], device=pictures.device)  # rows go down
    return F.grid_sample(pictures, places, align_corners=False)[:, 0]
