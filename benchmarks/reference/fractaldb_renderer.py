"""FractalDB's pictures in plain Python, one point at a time, as its paper describes them.

Kataoka et al. 2020, "Pre-training without Natural Images": a chaos game, of which every point
stamps a random 3 × 3 patch, on a picture written in four flips. No loop is compiled.
"""

import random
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from selfsame.ifs.system import IFS

PADDING = 6
WHITE = 127


def render(system: IFS, side: int, points: int, seed: int) -> NDArray[np.uint8]:
    """Return a (side, side) picture of ``points`` points, stretched to it but for a border."""
    rng = random.Random(seed)
    maps = [
        (*matrix.ravel().tolist(), *offset.tolist())
        for matrix, offset in zip(system.matrices, system.offsets, strict=True)
    ]
    cumulative = np.cumsum(system.probabilities).tolist()
    patch = [[rng.randint(0, 1) for _ in range(3)] for _ in range(3)]
    patch[1][1] = 1
    xs, ys = [0.0], [0.0]
    for _ in range(points - 1):
        chance = rng.random() * cumulative[-1]
        chosen = 0
        while chance >= cumulative[chosen] and chosen < len(maps) - 1:
            chosen += 1
        a, b, c, d, e, f = maps[chosen]
        x, y = xs[-1], ys[-1]
        xs.append(a * x + b * y + e)
        ys.append(c * x + d * y + f)
    inner = side - 2 * PADDING
    x_low, y_low = min(xs), min(ys)
    x_scale = (inner - 1) / max(max(xs) - x_low, 1e-12)
    y_scale = (inner - 1) / max(max(ys) - y_low, 1e-12)
    picture = np.zeros((side, side), np.uint8)
    for x, y in zip(xs, ys, strict=True):
        column = PADDING + int((x - x_low) * x_scale)
        row = PADDING + int((y - y_low) * y_scale)
        for i in range(3):
            for j in range(3):
                if patch[i][j]:
                    picture[row + i - 1, column + j - 1] = WHITE
    return picture


def write_flips(picture: NDArray[np.uint8], folder: Path, name: str) -> int:
    """Write a picture in four flips as PNG; return their bytes."""
    total = 0
    for flip in range(4):
        turned = picture[:: -1 if flip & 2 else 1, :: -1 if flip & 1 else 1]
        path = folder / f"{name}_flip{flip}.png"
        Image.fromarray(np.ascontiguousarray(turned)).save(path)
        total += path.stat().st_size
    return total
