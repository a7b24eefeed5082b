"""An encoder of latents to a vector of what they show, by which a diffusion makes them again.

Source: Preechakul et al., "Diffusion Autoencoders: Toward a Meaningful and Decodable
Representation", CVPR 2022.
"""

import torch
from torch import Tensor, nn

from selfsame.nn.transformer import TransformerBlock, normed
from selfsame.priors.conditioning.config import SemanticConfig


class SemanticEncoder(nn.Module):
    """Standardised latents, (B, T, D), to a vector, (B, numbers).

    Args:
        config: its shape.
        tokens, inputs: T and D.
    """

    def __init__(self, config: SemanticConfig, tokens: int, inputs: int) -> None:
        super().__init__()
        width = config.width
        self.enter = nn.Linear(inputs, width)
        self.places = nn.Parameter(0.02 * torch.randn(tokens, width))
        self.blocks = nn.ModuleList(
            TransformerBlock(width, config.heads) for _ in range(config.depth)
        )
        self.leave = nn.Linear(width, config.numbers)

    def forward(self, latents: Tensor) -> Tensor:
        """Return the vector of latents; each of its numbers is about as large as 1."""
        x = self.enter(latents) + self.places
        for block in self.blocks:
            x = block(x)
        return normed(self.leave(normed(x).mean(1)))
