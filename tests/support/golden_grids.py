"""What the golden files of grids hold, from whole numbers alone. Entries are added, never
changed."""

import numpy as np

from selfsame.collage.grid.code import GridCode
from support.golden_collages import whole_numbers


def _code(seed, width, height, channels, shape, alpha=False, model="golden"):
    draws = whole_numbers(seed, 2 * int(np.prod(shape))).reshape(2, *shape)
    sizes = draws[0] % 30 + (draws[0] % 97 == 0) * (draws[0] % 32700)
    levels = np.where(draws[1] % 2, sizes, -sizes)
    pixels = whole_numbers(seed + 9, width * height).reshape(height, width) % 256
    return GridCode(
        width,
        height,
        channels,
        model,
        bytes(range(1, 9)),
        levels.astype(np.int32),
        pixels.astype(np.uint8) if alpha else None,
    )


GRIDS = {
    "grid-syntax": _code(1, 77, 50, 3, (16, 8, 8), True),
    "grid-grey": _code(2, 28, 28, 1, (8, 4, 4)),
    "grid-pixel": _code(3, 1, 1, 3, (1, 1, 1), model="g"),
}
