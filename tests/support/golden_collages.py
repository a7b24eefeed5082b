"""What the golden files of collages hold, from whole numbers alone. Entries are added, never
changed."""

import numpy as np

from selfsame.collage.code import CollageCode, symbol_shapes


def whole_numbers(seed: int, count: int) -> np.ndarray:
    """Whole numbers of 0 to 2 ** 31 - 1 that no library's version can change."""
    values, state = np.empty(count, np.int64), seed
    for i in range(count):
        state = (1103515245 * state + 12345) % 2**31
        values[i] = state >> 8
    return values


def _code(seed, width, height, atoms, domains, density, alpha=False, **fields):
    symbols = []
    for p, shape in enumerate(symbol_shapes(width, height, 16, atoms, domains)):
        count = int(np.prod(shape))
        draws = whole_numbers(seed + p, 3 * count).reshape(3, *shape)
        sizes = 1 + draws[1] % 3 + (draws[1] % 97 == 0) * (draws[1] % 30000)
        fall = 1 + np.arange(shape[0])[:, None, None] // 4
        plane = np.where(draws[0] % (density * fall) == 0, sizes, 0) * (1 - 2 * (draws[2] % 2))
        plane[0] = np.cumsum(draws[0][0] % 9 - 4, axis=1) * (1 + 3 * (p == 0))
        symbols.append(plane.astype(np.int32))
    pixels = whole_numbers(seed + 9, width * height).reshape(height, width) % 256
    return CollageCode(
        width,
        height,
        fingerprint=bytes(range(1, 9)),
        range_size=16,
        atoms=atoms,
        domains=domains,
        symbols=tuple(symbols),
        alpha=pixels.astype(np.uint8) if alpha else None,
        **fields,
    )


COLLAGES = {
    # Every element of the syntax, far more often than a picture would: three planes and alpha.
    "collage-syntax": _code(
        1, 77, 50, (170, 50, 40), 2, 3, True, model="golden", step=120, iterations=4
    ),
    # Grey, few weights, as coarse as can be.
    "collage-grey": _code(2, 200, 120, (60,), 0, 20, model="g", step=255, iterations=0),
    # One pixel, nothing but a bias.
    "collage-pixel": _code(3, 1, 1, (0, 0, 0), 0, 1, model="a-b_c.9", step=0, iterations=64),
}
