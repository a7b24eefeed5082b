"""A model small enough for tests: few atoms, a narrow network, weights that are not special."""

import torch

from selfsame.collage.network.model import CollageConfig, CollageModel


def small_model(seed: int = 0, domain_weights: bool = True, **options: object) -> CollageModel:
    """Return a model whose network says something; its domain weights are seldom zero."""
    config = CollageConfig(**{"atoms": (20, 6), "width": 16, "depth": 1, **options})  # type: ignore[arg-type]
    torch.manual_seed(seed)
    model = CollageModel(config)
    with torch.no_grad():
        head = model.encoder.network.head
        head.weight.normal_(0, 0.02)  # type: ignore[union-attr, operator]
        if domain_weights:
            bias = torch.zeros(2 * sum(config.numbers))
            bias[: sum(config.numbers)][model.decoder.is_domain] = 2.0
            head.bias.copy_(bias)  # type: ignore[union-attr, operator]
    return model.eval()
