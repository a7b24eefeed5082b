"""Random valid codes, and the plain definition of what they mean."""

import numpy as np

from selfsame.pifs.code import (
    CONTRACTION,
    COPY,
    HALF,
    LUMA,
    MAX_LOG2,
    MIN_LOG2,
    NO_MAP,
    QUARTER,
    PifsCode,
    PlaneCode,
    padded_shape,
)


def random_code(seed, width, height, channels=1, half_chroma=False, mode="hybrid", alpha=False):
    """Return a valid code of a picture of noise-like content; its maps contract in practice."""
    rng = np.random.default_rng(seed)
    shape = padded_shape(height, width)
    planes = [_random_plane(rng, height, width, shape, mode, chroma=False)]
    for _ in range(1, channels):
        if half_chroma:
            small = (shape[0] // 2, shape[1] // 2)
            size = (-(-height // 2), -(-width // 2))
            planes.append(_random_plane(rng, *size, small, mode, chroma=True))
        else:
            planes.append(_random_plane(rng, height, width, shape, mode, chroma=True))
    return PifsCode(
        width=width,
        height=height,
        mode=mode,
        planes=tuple(planes),
        half_chroma=half_chroma and channels == 3,
        iterations=int(rng.integers(3, 9)),
        deblock=int(rng.integers(0, 8)),
        alpha=rng.integers(0, 256, (height, width), dtype=np.uint8) if alpha else None,
    )


def _random_plane(rng, height, width, shape, mode, chroma):
    blocks = np.array(_random_blocks(rng, *shape), np.int32).reshape(-1, 4)
    maps = np.array([_random_map(rng, block, shape, chroma) for block in blocks], np.int32)
    levels = np.zeros(shape, np.int32)
    for y, x, log_h, log_w in blocks:
        _fill_levels(rng, levels[y : y + (1 << log_h), x : x + (1 << log_w)], mode)
    step = int(rng.integers(128, 1920)) / 64
    return PlaneCode(height, width, step, blocks, maps, levels)


def _random_blocks(rng, height, width):
    """Yield rows y, x, log2 height, log2 width of a random quadtree over every superblock."""

    def node(y, x, log2):
        side = 1 << log2
        if y >= height or x >= width:
            return
        reaches_over = y + side > height or x + side > width
        draw = rng.random()
        if reaches_over or (log2 > MIN_LOG2 and draw < 0.6):
            for dy in (0, side // 2):
                for dx in (0, side // 2):
                    yield from node(y + dy, x + dx, log2 - 1)
        elif log2 > MIN_LOG2 and draw < 0.7:
            yield y, x, log2 - 1, log2
            yield y + side // 2, x, log2 - 1, log2
        elif log2 > MIN_LOG2 and draw < 0.8:
            yield y, x, log2, log2 - 1
            yield y, x + side // 2, log2, log2 - 1
        else:
            yield y, x, log2, log2

    side = 1 << MAX_LOG2
    return [
        row
        for y in range(0, height, side)
        for x in range(0, width, side)
        for row in node(y, x, MAX_LOG2)
    ]


def _random_map(rng, block, shape, chroma):
    _, _, log_h, log_w = block
    kinds = [kind for kind in (HALF, QUARTER, COPY) if CONTRACTION[kind] << log_h <= min(shape)]
    kinds += [LUMA] if chroma else []
    if log_h != log_w or not kinds or rng.random() < 0.4:
        return NO_MAP, 0, 0, 0, 0
    kind = rng.choice(kinds)
    scale = rng.integers(1, 7) * rng.choice([-1, 1])
    if kind == LUMA:
        return kind, 0, 0, 0, scale
    side = CONTRACTION[kind] << log_h
    y, x = rng.integers(0, shape[0] - side + 1), rng.integers(0, shape[1] - side + 1)
    return kind, y, x, rng.integers(0, 8), scale


def _fill_levels(rng, levels, mode):
    height, width = levels.shape
    levels[0, 0] = rng.integers(-40, 41)
    if mode == "pure":
        levels[0, 1], levels[1, 0] = rng.integers(-4, 5, 2) * (rng.random(2) < 0.5)
        return
    count = rng.integers(0, 9)
    rows = np.minimum(rng.geometric(0.4, count) - 1, height - 1)
    columns = np.minimum(rng.geometric(0.4, count) - 1, width - 1)
    levels[rows, columns] += rng.integers(-6, 7, count, dtype=np.int32)


def naive_isometry(block, isometry):
    """Return a square block moved by an isometry, pixel by pixel as the definition says."""
    n = len(block)
    out = np.empty_like(block)
    for i in range(n):
        for j in range(n):
            u, v = (j, i) if isometry & 4 else (i, j)
            if isometry & 2:
                u = n - 1 - u
            if isometry & 1:
                v = n - 1 - v
            out[i, j] = block[u, v]
    return out
