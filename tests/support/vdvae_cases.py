"""Small very deep VAEs of many shapes, with weights that are not special."""

import torch

from selfsame.priors.vdvae.config import CollageHeadConfig, Level, VdvaeConfig
from selfsame.priors.vdvae.network import Vdvae

TWO = (Level(1, 12, 3, 1, 2), Level(4, 8, 2, 1, 1))
THREE = (Level(1, 12, 3, 0, 1), Level(2, 8, 2, 1, 2), Level(8, 6, 1, 2, 1))
SMALL = CollageHeadConfig(hidden=16, aux_blocks=6)

CASES = {
    "collage": VdvaeConfig(8, levels=TWO, collage=SMALL),
    "plain": VdvaeConfig(8, levels=TWO, head="plain", plain_width=5),
    "three levels": VdvaeConfig(16, levels=THREE, collage=SMALL),
    "colour": VdvaeConfig(
        8, 3, likelihood="logistic-mixture", mixtures=2, levels=TWO, collage=SMALL
    ),
    "plain grey": VdvaeConfig(
        16, likelihood="logistic-mixture", mixtures=3, levels=THREE, head="plain"
    ),
    "own auxiliary blocks": VdvaeConfig(
        8, levels=TWO, collage=CollageHeadConfig(16, aux_blocks=6, latent_aux=True)
    ),
    "shared domains": VdvaeConfig(
        8, levels=TWO, collage=CollageHeadConfig(16, (2, 4), local=False, overlap=0, aux_blocks=3)
    ),
    "two depths": VdvaeConfig(
        16, levels=TWO, collage=CollageHeadConfig(16, (2, 3), overlap=1, aux_blocks=6)
    ),
    "level without latents": VdvaeConfig(
        8, levels=(Level(1, 8, 2), Level(2, 6, 1, 1, 0), Level(4, 6, 1)), collage=SMALL
    ),
}
"""By name, every kind of head, likelihood and level."""


def random_vdvae(config: VdvaeConfig, seed: int = 0, spread: float = 0.3) -> Vdvae:
    """Return a model with all its weights normal, those included that begin as zero."""
    model = Vdvae(config)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(spread * torch.randn(parameter.shape, generator=generator))
    return model


def random_pictures(config: VdvaeConfig, count: int = 3, seed: int = 0) -> torch.Tensor:
    """Return pictures that the model's likelihood allows: zeros and ones, or bytes."""
    generator = torch.Generator().manual_seed(seed)
    shape = (count, config.channels, config.side, config.side)
    top = 1 if config.likelihood == "bernoulli" else 255
    return torch.randint(top + 1, shape, generator=generator) / top
