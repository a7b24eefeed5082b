"""A plain implementation of "Learning Fractals by Gradient Descent".

Source: Tu, Chen, Carlyn, Chao: Learning Fractals by Gradient Descent, AAAI 2023
(arXiv 2303.12722). Written for reading, not for speed: one step of the chain after the
other, and for every picture the full (points, height, width) kernel.

One step of the descent: draw index sequences from the probabilities, follow the maps along
them, put a Gaussian on every point, clamp the sum to [0, 1], take the mean squared error to
the target, back-propagate, clip, Adam. The noise and the learning rate follow a schedule.

Where this differs from the authors' code:

- The window maps to pixels as in docs/conventions.md: y up, pixel centres at half-integers,
  x_min at the left edge of the first pixel. The authors spread the window over ``size - 1``
  pixel distances, with x_min at the *centre* of the first pixel, clamp coordinates to the
  window (a point outside lands on the frame, without gradient) and let x run down the rows.
  ``Settings(authors_pixels=True)`` uses their scale and clamp; the transposition is a mere
  renaming of the axes and is left out.
- Random numbers come from one passed ``torch.Generator``.
- The authors' noise falls on all six numbers of a map, the two signs included; so it does
  here, unless ``noisy_signs`` is false.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

LINEAR = 6
"""Numbers per linear part: theta, phi, two raw singular values, two raw signs."""


@dataclass(frozen=True)
class Settings:
    """The paper's settings; lengths in plane units unless a name says otherwise.

    Attributes:
        sigma: bandwidth of the kernel ``exp(-d² / sigma)``, d in pixels.
        objective: ``expectation`` draws new sequences in every step, ``fixed`` keeps the first.
        clip_norm: largest gradient norm of each of the two parameter tensors.
        noise: standard deviation of what is added to the linear parts every ``noise_every``
            steps before step ``noise_until``.
    """

    maps: int = 10
    points: int = 300
    batch: int = 50
    steps: int = 1000
    size: int = 32
    window: tuple[float, float, float, float] = (-5.0, -5.0, 5.0, 5.0)
    sigma: float = 1.0
    clamp: bool = True
    objective: str = "expectation"
    learning_rate: float = 0.05
    clip_norm: float = 1.0
    noise: float = 0.1
    noise_every: int = 10
    noise_until: int = 600
    noisy_signs: bool = True
    authors_pixels: bool = False


class Parameters(NamedTuple):
    """The fractal embedding: ``linear`` (N, 6), see ``LINEAR``; ``offsets`` (N, 2)."""

    linear: Tensor
    offsets: Tensor


@dataclass
class State:
    """What one step of the descent changes. ``fixed`` holds the sequences of that objective."""

    parameters: Parameters
    optimizer: torch.optim.Adam
    steps_done: int = 0
    fixed: Tensor | None = None


def initial_parameters(
    maps: int, generator: torch.Generator, dtype: torch.dtype = torch.float32
) -> Parameters:
    """Return random parameters: angles in [-pi, pi], raw singular values in [0, 1] (0.5 to
    0.73 after the sigmoid), raw signs 0.005, offsets in [-1, 1]²; all uniform."""
    uniform = torch.rand((maps, LINEAR), generator=generator, dtype=torch.float64)
    linear = torch.empty((maps, LINEAR), dtype=torch.float64)
    linear[:, 0:2] = (2 * uniform[:, 0:2] - 1) * math.pi
    linear[:, 2:4] = uniform[:, 2:4]
    linear[:, 4:6] = 0.005
    offsets = 2 * torch.rand((maps, 2), generator=generator, dtype=torch.float64) - 1
    return Parameters(linear.to(dtype).requires_grad_(), offsets.to(dtype).requires_grad_())


def rotation(angle: Tensor) -> Tensor:
    """Return the (2, 2) rotation by ``angle`` radians, counter-clockwise."""
    cosine, sine = torch.cos(angle), torch.sin(angle)
    return torch.stack([torch.stack([cosine, -sine]), torch.stack([sine, cosine])])


def straight_through_sign(d: Tensor) -> Tensor:
    """Return the sign of ``d``, with the gradient of ``d`` itself."""
    return d.sign().detach() + d - d.detach()


def matrices(linear: Tensor) -> Tensor:
    """Return A = R(theta) · diag(sigmoid(s)) · R(phi) · diag(sign(d)), (N, 2, 2); eq. 10."""
    result = []
    for theta, phi, s1, s2, d1, d2 in linear:
        singular = torch.diag(torch.sigmoid(torch.stack([s1, s2])))
        signs = torch.diag(straight_through_sign(torch.stack([d1, d2])))
        result.append(rotation(theta) @ singular @ rotation(phi) @ signs)
    return torch.stack(result)


def probabilities(A: Tensor) -> Tensor:
    """Return (N,) probabilities in proportion to ``|det A|``; they carry no gradient."""
    weight = torch.linalg.det(A.detach()).abs()
    return weight / weight.sum()


def sample_sequences(p: Tensor, batch: int, points: int, generator: torch.Generator) -> Tensor:
    """Return (batch, points) independent map indices drawn from ``p`` (N,)."""
    drawn = torch.multinomial(p, batch * points, replacement=True, generator=generator)
    return drawn.reshape(batch, points)


def fixed_point(A: Tensor, b: Tensor) -> Tensor:
    """Return x with ``A x + b = x`` for one map, (2,)."""
    return torch.linalg.solve(torch.eye(2, dtype=A.dtype) - A, b)


def chain(A: Tensor, b: Tensor, sequences: Tensor) -> Tensor:
    """Return the points (batch, P, 2) visited along ``sequences`` (batch, P).

    Every chain starts at the fixed point of the first map, which is not itself recorded and
    carries no gradient.
    """
    x = fixed_point(A[0].detach(), b[0].detach()).expand(len(sequences), 2)
    visited = []
    for t in range(sequences.shape[1]):
        chosen = sequences[:, t]
        x = torch.einsum("bij,bj->bi", A[chosen], x) + b[chosen]
        visited.append(x)
    return torch.stack(visited, dim=1)


def to_pixels(points: Tensor, settings: Settings) -> Tensor:
    """Return plane points (..., 2) as (column u, row v) in pixels, see docs/conventions.md."""
    x_min, y_min, x_max, y_max = settings.window
    u = (points[..., 0] - x_min) / (x_max - x_min)
    v = (y_max - points[..., 1]) / (y_max - y_min)
    relative = torch.stack([u, v], dim=-1)
    if settings.authors_pixels:
        return relative.clamp(0, 1) * (settings.size - 1) + 0.5
    return relative * settings.size


def render(pixels: Tensor, settings: Settings) -> Tensor:
    """Return the picture (H, W) of points (P, 2) in pixels: clamp(sum_p exp(-d² / sigma))."""
    centre = torch.arange(settings.size, dtype=pixels.dtype) + 0.5
    dx = centre[None, None, :] - pixels[:, 0, None, None]
    dy = centre[None, :, None] - pixels[:, 1, None, None]
    picture = torch.exp(-(dx**2 + dy**2) / settings.sigma).sum(dim=0)
    return picture.clamp(0, 1) if settings.clamp else picture


def loss(
    parameters: Parameters, sequences: Tensor, target: Tensor, settings: Settings
) -> tuple[Tensor, Tensor]:
    """Return the mean squared error over the batch, and its pictures (batch, H, W)."""
    points = chain(matrices(parameters.linear), parameters.offsets, sequences)
    pixels = to_pixels(points, settings)
    pictures = torch.stack([render(one, settings) for one in pixels])
    return ((pictures - target) ** 2).mean(), pictures


def start(settings: Settings, generator: torch.Generator) -> State:
    """Return the state before the first step."""
    parameters = initial_parameters(settings.maps, generator)
    return State(parameters, torch.optim.Adam(parameters, lr=settings.learning_rate))


def add_noise(state: State, settings: Settings, generator: torch.Generator) -> None:
    """Add Gaussian noise to the linear parts, in the steps that the schedule names."""
    step = state.steps_done + 1
    if settings.noise == 0 or step % settings.noise_every or step >= settings.noise_until:
        return
    linear = state.parameters.linear
    columns = LINEAR if settings.noisy_signs else LINEAR - 2
    with torch.no_grad():
        linear[:, :columns] += settings.noise * torch.randn(
            (len(linear), columns), generator=generator, dtype=linear.dtype
        )


def draw(state: State, settings: Settings, generator: torch.Generator) -> Tensor:
    """Return this step's sequences (batch, points), new or kept as the objective asks."""
    if state.fixed is not None:
        return state.fixed
    p = probabilities(matrices(state.parameters.linear))
    sequences = sample_sequences(p, settings.batch, settings.points, generator)
    if settings.objective == "fixed":
        state.fixed = sequences
    return sequences


def descend(state: State, sequences: Tensor, target: Tensor, settings: Settings) -> float:
    """Take one step of clipped Adam on these sequences and return the loss before it."""
    state.optimizer.zero_grad()
    error, _ = loss(state.parameters, sequences, target, settings)
    error.backward()
    for tensor in state.parameters:
        torch.nn.utils.clip_grad_norm_(tensor, settings.clip_norm)
    state.optimizer.step()
    state.steps_done += 1
    if state.steps_done % max(1, settings.steps // 4) == 0:
        for group in state.optimizer.param_groups:
            group["lr"] *= 0.5
    return float(error.detach())


def step(state: State, target: Tensor, settings: Settings, generator: torch.Generator) -> float:
    """Do one whole step (noise, sequences, descent) in place and return its loss."""
    add_noise(state, settings, generator)
    return descend(state, draw(state, settings, generator), target, settings)


def fit(target: Tensor, settings: Settings, seed: int = 0) -> tuple[State, list[float]]:
    """Fit ``target`` (H, W) in [0, 1]; return the last state and every step's loss."""
    generator = torch.Generator().manual_seed(seed)
    state = start(settings, generator)
    losses = [step(state, target, settings, generator) for _ in range(settings.steps)]
    return state, losses


def system(parameters: Parameters) -> tuple[Tensor, Tensor, Tensor]:
    """Return the fitted matrices (N, 2, 2), offsets (N, 2) and probabilities (N,)."""
    A = matrices(parameters.linear.detach())
    return A, parameters.offsets.detach(), probabilities(A)
