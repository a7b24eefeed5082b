"""Small diffusions, with weights that say something."""

import torch

from selfsame.priors.diffusion.config import DiffusionConfig
from selfsame.priors.diffusion.model import DiffusionModel

SMALL = {"tokens": 4, "numbers": 3, "width": 16, "depth": 2, "heads": 2}


def awake(module: torch.nn.Module, seed: int = 0) -> None:
    """Give layers that are 0 before training some weights, too."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(0.2 * torch.randn(parameter.shape, generator=generator))


def small_diffusion(seed: int = 0, **options) -> DiffusionModel:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = DiffusionModel(DiffusionConfig(**SMALL | options))
    awake(model, seed)
    model.mean.copy_(torch.tensor([1.0, -2.0, 0.5]))
    model.std.copy_(torch.tensor([0.5, 2.0, 1.0]))
    return model.eval()
