"""Set prediction: a picture in, the maps of a system out, in no particular order.

The set begins as the pieces of a Gaussian mixture of the picture, each an affine copy of the
whole. In every round each piece sees the picture, in its own frame and in that of the whole, and
which way it would have to move for the drawing to become better; attention lets the pieces know of
each other; the answer of each is how its frame is turned, stretched and shifted. The same weights
serve all rounds and any number of maps, in any order, and a picture that is moved gets maps that
are moved with it, up to the pixels. What such a network learns from is how the attractor looks
(``selfsame.lab.encoder.training``).

Sources: sets by attention: Lee et al. 2019, "Set Transformer"; networks that are told the gradient:
Andrychowicz et al. 2016, "Learning to learn by gradient descent by gradient descent"; amortised
starts for fits of IFS: Yamaguti 2026, "Amortized Set Prediction".
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Annotated

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from selfsame.checked import Checked, Range
from selfsame.errors import SettingError
from selfsame.ifs.code import Viewport
from selfsame.ifs.fit.config import PAPER_POINTS, TWO_MAP_WORDS, FitConfig
from selfsame.ifs.fit.maps import Maps, largest_singular_value
from selfsame.ifs.fit.mixture import gaussian_mixture, roots
from selfsame.ifs.fit.objectives import Targets, WordObjective
from selfsame.io.model_file import Pretrained

LARGEST_SINGULAR = 0.95
"""Bound on the singular values of every predicted map; the fit's default."""

_NUMBERS = 7
"""Of a piece's answer: four for its frame, two for its place, one for its share."""

_VIEW = 12
"""Samples along the side of a view."""

_REACH = 2.5
"""Standard deviations that a view reaches from its middle."""

_FEATURES = 2 * _VIEW**2 + 19
"""Of a piece: see ``_features``."""

_ITERATIONS = 6
"""Of the mixture; the network makes up for what more of them would find."""

_CELL = 2
"""Pixels along the side of the cells that the mixture is of; finer ones take most of the time."""

_SAMPLES = 1000
"""Points of the attractor, at least, that an error is estimated from."""

_FIRST_STEP = 0.1
"""Of an untrained network down the gradient, in standard deviations of a piece."""

_FLAT = 1e-7
"""Gradients below it are taken for it."""

Count = Annotated[int, Range(1, 64)]


@dataclass(frozen=True)
class EncoderConfig(Checked):
    """The shape of a ``SetEncoder``.

    Attributes:
        side: of the pictures it looks at, pixels; an even number.
        width: numbers by which a piece is represented; a multiple of ``heads``.
        layers: of attention.
        heads: of attention.
        rounds: in which the pieces are moved.
    Raises:
        InputError: a value out of its range.
    """

    side: Annotated[int, Range(8, 256)] = 32
    width: Annotated[int, Range(8, 4096)] = 128
    layers: Count = 3
    heads: Count = 4
    rounds: Count = 4

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.side % _CELL or self.width % self.heads:
            raise SettingError(
                f"side must be a multiple of {_CELL} and width one of heads: "
                f"got side {self.side}, width {self.width}, heads {self.heads}"
            )


@dataclass(frozen=True)
class Pieces:
    """Systems by where their maps send the whole: a frame for each piece, one for the whole.

    A frame ``(middle, root)`` has its origin at a mean and a root of a covariance as its axes.

    Attributes:
        middle: (B, N, 2).
        root: (B, N, 2, 2).
        log_share: (B, N), logarithms of probabilities up to a constant.
        whole_middle: (B, 2).
        whole_root: (B, 2, 2), symmetric.
        whole_inverse: (B, 2, 2), of the root.
    """

    middle: Tensor
    root: Tensor
    log_share: Tensor
    whole_middle: Tensor
    whole_root: Tensor
    whole_inverse: Tensor

    def maps(self) -> Maps:
        """Return the contractive maps from the frame of the whole to those of the pieces.

        A matrix beyond the bound is scaled down about the middle of the whole, so that the piece
        stays where it is.
        """
        matrices = self.root @ self.whole_inverse[:, None]
        norm = largest_singular_value(matrices).clamp_min(LARGEST_SINGULAR)
        matrices = matrices * (LARGEST_SINGULAR / norm)[..., None, None]
        offsets = self.middle - (matrices @ self.whole_middle[:, None, :, None])[..., 0]
        return Maps(matrices, offsets, torch.log_softmax(self.log_share, -1))

    def moved(self, numbers: Tensor) -> "Pieces":
        """Return the pieces after answers (B, N, 7), each in the frame of its piece."""
        change = torch.eye(2).to(numbers) + numbers[..., :4].reshape(*numbers.shape[:2], 2, 2)
        shift = (self.root @ numbers[..., 4:6, None])[..., 0]
        share = self.log_share + numbers[..., 6]
        return replace(self, middle=self.middle + shift, root=self.root @ change, log_share=share)

    def detach(self) -> "Pieces":
        return Pieces(*(part.detach() for part in vars(self).values()))


class SetEncoder(Pretrained):
    """Predicts systems of contractive maps from pictures."""

    file_format = "selfsame encoder 1"
    config_type = EncoderConfig
    home = "selfsame.ifs.encoder"
    noun = "encoder"
    made_by = "selfsame train encoder"

    config: EncoderConfig

    def __init__(self, config: EncoderConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or EncoderConfig()
        width = config.width
        self.look = nn.Sequential(nn.Linear(_FEATURES, width), nn.GELU(), nn.Linear(width, width))
        self.layers = nn.ModuleList(_Layer(config) for _ in range(config.layers))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, _NUMBERS)
        self.steps = nn.Parameter(torch.full((_NUMBERS,), _FIRST_STEP))
        with torch.no_grad():
            self.head.weight *= 0.1  # the first answers are little more than steps down
            self.head.bias.zero_()

    def forward(self, pictures: Tensor, maps: int, generator: torch.Generator) -> Maps:
        """Return a system for each picture: what the last of ``rounds`` gives."""
        return self.rounds(pictures, maps, generator)[0][-1]

    def rounds(
        self, pictures: Tensor, maps: int, generator: torch.Generator
    ) -> tuple[list[Maps], list[Tensor]]:
        """Return a system for each picture after every round, and its error.

        Each round is differentiable, no gradient goes from one to another.

        Args:
            pictures: (B, 1, S, S) in [0, 1], bright = figure, none of them empty; they fill the
                window [-1, 1]².
            maps: N.
            generator: draws the seeds of the mixtures and points of the attractors, on the CPU.
        Returns:
            for each round matrices (B, N, 2, 2) with singular values up to ``LARGEST_SINGULAR``,
            offsets (B, N, 2) and log-probabilities (B, N); and the expected squared error (B,) of
            a drawing of ``PAPER_POINTS`` points, see ``selfsame.ifs.fit.objectives``.
        """
        pieces = mixture_pieces(pictures, maps, generator)
        error = _error_of(pictures, maps, generator)
        _, slope = _error_and_slope(pieces, error)
        found, errors = [], []
        for _ in range(self.config.rounds):
            x = self.look(_features(pictures, pieces, slope))
            for layer in self.layers:
                x = layer(x)
            pieces = pieces.moved(self.head(self.norm(x)) - self.steps * _direction(slope))
            value, slope = _error_and_slope(pieces, error)
            found.append(pieces.maps())
            errors.append(value)
            pieces = pieces.detach()
        return found, errors


@torch.no_grad()
def encoder_maps(
    encoder: SetEncoder, pictures: Tensor, maps: int, window: float, generator: torch.Generator
) -> Maps:
    """Return the systems of ``maps`` maps that an encoder predicts from pictures.

    A picture that is given twice gets two systems: the mixtures that they begin with are drawn.

    Args:
        pictures: (B, 1, H, W) in [0, 1], none of them empty; the longest side fills the window.
        window: half the longest side, in units of the plane.
        generator: on the CPU.
    """
    found: Maps = encoder(squared(pictures, encoder.config.side), maps, generator)
    return found._replace(offsets=window * found.offsets)


def squared(pictures: Tensor, side: int) -> Tensor:
    """Return pictures (B, 1, H, W) on a black square, scaled to (B, 1, side, side)."""
    height, width = pictures.shape[-2:]
    if height != width:
        longest = max(height, width)
        top, left = (longest - height) // 2, (longest - width) // 2
        pad = (left, longest - width - left, top, longest - height - top)
        pictures = F.pad(pictures, pad)
    if pictures.shape[-1] == side:
        return pictures
    return F.interpolate(
        pictures, (side, side), mode="bilinear", align_corners=False, antialias=True
    )


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
def mixture_pieces(pictures: Tensor, count: int, generator: torch.Generator | None) -> Pieces:
    """Return the components of a mixture of the ink of each picture as pieces of it.

    Args:
        pictures: (B, 1, S, S), filling [-1, 1]².
        count: N.
        generator: draws the seeds, on the CPU; or None, as of ``gaussian_mixture``.
    """
    cells = F.avg_pool2d(pictures, _CELL)
    side = cells.shape[-1]
    x = (2 * torch.arange(side, device=cells.device) + 1) / side - 1
    centers = torch.stack(torch.meshgrid(x, -x, indexing="xy"), -1).reshape(-1, 2)
    floor = (2 / side) ** 2 / 12  # of a square cell
    mixture = gaussian_mixture(centers, cells.flatten(1), count, floor, generator, _ITERATIONS)
    middle, covariance = mixture.whole()
    root, _ = roots(mixture.covariance)
    return Pieces(mixture.mean, root, mixture.share.log(), middle, *roots(covariance))


def _error_of(pictures: Tensor, maps: int, generator: torch.Generator) -> Callable[[Maps], Tensor]:
    """Return the error that a fit of the pictures minimises, systems to (B,)."""
    side, count = pictures.shape[-1], len(pictures)
    length = 2 if maps <= TWO_MAP_WORDS else 1
    config = FitConfig(maps=maps, size=side, samples=_SAMPLES, word_length=length)
    points = torch.full((count,), float(PAPER_POINTS), device=pictures.device)
    view = Viewport(-1, -1, 1, 1)
    targets = Targets(pictures, view, points, (side, side), config.resolved(side))
    return WordObjective(targets, config, generator)


def _error_and_slope(pieces: Pieces, error: Callable[[Maps], Tensor]) -> tuple[Tensor, Tensor]:
    """Return the error (B,) of the pieces' systems, and its slope by answers of theirs, (B, N, 7).

    The error keeps its graph.
    """
    with torch.enable_grad():
        answers = pieces.middle.new_zeros(*pieces.middle.shape[:2], _NUMBERS, requires_grad=True)
        value = error(pieces.moved(answers).maps())
        (slope,) = torch.autograd.grad(value.sum(), answers, retain_graph=True)
    return value, torch.nan_to_num(slope.detach(), posinf=0.0, neginf=0.0)


def _direction(slope: Tensor) -> Tensor:
    """Return slopes (B, N, 7) over their root mean square in each picture."""
    return slope / _size(slope)


def _size(slope: Tensor) -> Tensor:
    return slope.square().mean((1, 2), keepdim=True).sqrt().clamp_min(_FLAT)


def _features(pictures: Tensor, pieces: Pieces, slope: Tensor) -> Tensor:
    """Return what each piece knows, (B, N, F).

    The picture in the frame of the piece and in that of the whole, the piece's place and frame in
    that of the whole, the size of a pixel in its own, its share, and where the error falls.
    """
    side, count = pictures.shape[-1], pieces.middle.shape[1]
    own = _view(pictures, pieces.middle, pieces.root)
    whole = _view(pictures, pieces.whole_middle[:, None], pieces.whole_root[:, None])
    relative = pieces.whole_inverse[:, None] @ pieces.root
    apart = pieces.middle - pieces.whole_middle[:, None]
    place = (pieces.whole_inverse[:, None] @ apart[..., None])[..., 0]
    share = (count * torch.softmax(pieces.log_share, -1)).clamp_min(1e-6).log()[..., None]
    parts = (
        own,
        whole.expand(-1, count, -1),
        place,
        relative.flatten(-2),
        _pixel(pieces.root, side),
        share,
        _direction(slope),
        _size(slope).log().expand(-1, count, -1),
    )
    return torch.cat(parts, -1)


def _pixel(root: Tensor, side: int) -> Tensor:
    """Return a pixel in each frame, (B, N, 4), no side of it longer than a view."""
    a, b, c, d = root.flatten(-2).unbind(-1)
    area = a * d - b * c
    least = (2 / side) ** 2 * 1e-2
    area = torch.where(area < 0, area.clamp(max=-least), area.clamp(min=least))
    inverse = torch.stack([d, -b, -c, a], -1) / area[..., None]
    return (2 / side * inverse).clamp(-_REACH, _REACH)


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
