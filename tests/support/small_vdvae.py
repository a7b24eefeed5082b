"""A very deep VAE small enough for tests, with weights that make its priors and pictures vary."""

from typing import Any

import torch

from selfsame.priors import Vdvae, VdvaeConfig

LEVELS = ((1, 8, 4, 1, 1), (4, 8, 2, 1, 2))


def small_vdvae(seed: int = 0, spread: float = 0.3, **options: Any) -> Vdvae:
    """Return an untrained model of pictures of 8x8 pixels; options as of ``VdvaeConfig``."""
    shape = {
        "side": 8,
        "levels": LEVELS,
        "collage": {"hidden": 8, "aux_blocks": 3},
        "plain_width": 4,
        **options,
    }
    model = Vdvae(VdvaeConfig(**shape)).eval()
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(spread * torch.randn(parameter.shape, generator=generator))
    return model
