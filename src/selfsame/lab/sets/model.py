"""A set of fractals whose parameters are learned, as a generator of pictures."""

import torch
from torch import Tensor, nn

from selfsame.ifs.code import IFSCode, Viewport
from selfsame.ifs.fit.maps import (
    Maps,
    Parameters,
    first_fixed_point,
    sample_indices,
)
from selfsame.ifs.fit.orbit import orbit
from selfsame.ifs.render.splat import splat
from selfsame.lab.sets.config import FractalSetConfig


class FractalSet(nn.Module):
    """K planar systems in the form of Tu et al. 2023 (eq. 10), from their uniform start.

    Probabilities are proportional to |det A|, as there.

    Attributes:
        config: what the set is.
        twist: (K, N, 6), two angles, two singular values before their sigmoid, two signs.
        offsets: (K, N, 2).

    Args:
        seed: of the start.
    """

    logits: Tensor

    def __init__(self, config: FractalSetConfig | None = None, *, seed: int = 0) -> None:
        super().__init__()
        self.config = config or FractalSetConfig()
        generator = torch.Generator().manual_seed(seed)
        start = Parameters.svd_uniform(
            self.config.fractals, self.config.maps, generator, learn_probabilities=False
        )
        self.twist = nn.Parameter(start.leaves["twist"].detach())
        self.offsets = nn.Parameter(start.leaves["offsets"].detach())
        self.register_buffer("logits", start.leaves["logits"].detach(), persistent=False)

    @property
    def viewport(self) -> Viewport:
        """The window of the plane that the pictures show."""
        half = self.config.window
        return Viewport(-half, -half, half, half)

    def maps(self) -> Maps:
        """Return the systems; gradients through them are clipped as the configuration says."""
        limit = self.config.gradient_clip
        return self._held(
            clipped_gradient(self.twist, limit), clipped_gradient(self.offsets, limit)
        ).maps()

    def forward(self, generator: torch.Generator, indices: Tensor | None = None) -> Tensor:
        """Return a picture of every system, (K, 1, S, S), of a random sequence each.

        Args:
            generator: for the sequences, on any device.
            indices: (k,) which systems; None for all.
        Source: Tu et al. 2023, algorithm 1 and eq. 7.
        """
        config = self.config
        maps = self.maps() if indices is None else self.maps().select(indices)
        sequences = sample_indices(maps, 1, config.points, _on_cpu(generator))
        points = orbit(maps.matrices, maps.offsets, sequences, first_fixed_point(maps))[:, 0]
        pixel = 2 * config.window / config.side
        pixels = torch.stack(
            [(points[..., 0] + config.window) / pixel, (config.window - points[..., 1]) / pixel], -1
        )
        values = pixels.new_ones(*pixels.shape[:2], 1)
        image = splat(pixels, values, (config.side, config.side), config.sigma)
        return image.clamp(max=1) if config.clamp else image

    @torch.no_grad()
    def bound(self) -> None:
        """Scale down singular values beyond the bound; to be called between updates."""
        self._held(self.twist, self.offsets).bound(self.config.largest_singular)

    @torch.no_grad()
    def add_noise(self, deviation: float, generator: torch.Generator) -> None:
        """Add Gaussian noise to the matrix parameters (Tu et al. 2023, noisy optimisation)."""
        self._held(self.twist, self.offsets).add_noise(deviation, generator)

    @torch.no_grad()
    def codes(self) -> list[IFSCode]:
        """Return the systems as codes, whose viewport is the window of the pictures."""
        self.bound()
        size, notes = (self.config.side, self.config.side), {"method": "learned as a set"}
        return [
            IFSCode(system, self.viewport, size, notes=notes) for system in self.maps().systems()
        ]

    def _held(self, twist: Tensor, offsets: Tensor) -> Parameters:
        leaves = {"twist": twist, "offsets": offsets, "logits": self.logits}
        return Parameters(leaves, learn_probabilities=False)


def clipped_gradient(values: Tensor, limit: float | None) -> Tensor:
    """Return ``values`` (K, ...); of the gradient, each of the K is cut to a norm of ``limit``.

    A gradient of one of the K that is not finite becomes 0. None cuts nothing else.
    """

    def clip(gradient: Tensor) -> Tensor:
        rows = gradient.flatten(1)
        rows = torch.where(rows.isfinite().all(1, keepdim=True), rows, 0.0)
        if limit is not None:
            norm = rows.norm(dim=1, keepdim=True)
            rows = rows * (limit / norm.clamp_min(torch.finfo(rows.dtype).tiny)).clamp(max=1)
        return rows.view_as(gradient)

    passed = values.view_as(values)
    if passed.requires_grad:
        passed.register_hook(clip)  # type: ignore[no-untyped-call]
    return passed


def _on_cpu(generator: torch.Generator) -> torch.Generator:
    """Return a generator for sampling on the CPU, seeded by one that may be on another device."""
    if generator.device.type == "cpu":
        return generator
    seed = torch.randint(2**62, (), generator=generator, device=generator.device)
    return torch.Generator().manual_seed(int(seed))
