"""Latent spaces and their codes, small enough for tests."""

import numpy as np
import torch

from selfsame.collage.grid.code import GridCode
from selfsame.collage.grid.network.config import GridConfig
from selfsame.collage.grid.network.model import GridModel


def small_grid_model(seed: int = 0, **options: object) -> GridModel:
    """Return a model that draws something: its numbers matter, and its domains weigh."""
    config = GridConfig(
        **{"side": 20, "width": 8, "blocks": 1, "numbers": 3, "aux_blocks": 6, **options}  # type: ignore[arg-type]
    )
    torch.manual_seed(seed)
    model = GridModel(config)
    with torch.no_grad():
        model.decoder.stem.weight.normal_(0, 1.0)
        model.decoder.numbers.weight.normal_(0, 0.3)
        model.encoder.head[-1].weight.normal_(0, 0.3)
    return model.eval()


def random_grid(
    seed: int = 0, shape: tuple[int, int, int] = (5, 3, 4), alpha: bool = False, **fields: object
) -> GridCode:
    """Return a valid code of noise, a few of its numbers large."""
    rng = np.random.default_rng(seed)
    levels = np.rint(rng.normal(0, 6, shape) * (1 + 20 * (rng.random(shape) < 0.02)))
    width, height = fields.pop("width", 30), fields.pop("height", 21)
    return GridCode(
        width,
        height,
        fields.pop("channels", 3),
        fields.pop("model", "tests"),
        bytes(range(8)),
        levels.astype(np.int32),
        rng.integers(0, 256, (height, width), dtype=np.uint8) if alpha else None,
        **fields,
    )
