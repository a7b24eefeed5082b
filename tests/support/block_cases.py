"""Block codes of every kind: of one block, of colour and alpha, pure, hybrid, baseline."""

from dataclasses import replace

import numpy as np

from selfsame import load
from selfsame.pifs.code import PifsCode, PlaneCode
from selfsame.pifs.encoding.baseline import encode_baseline
from support import ROOT
from support.random_codes import random_code

NOISE = np.random.default_rng(0).integers(0, 256, (40, 28, 3), dtype=np.uint8)
GOLDEN = ROOT / "tests" / "golden" / "v1"


def plain_code(side: int, width: int, height: int) -> PifsCode:
    """Return the code of a grey picture by blocks of one side, which divides its sides."""
    corners = [(y, x) for y in range(0, height, side) for x in range(0, width, side)]
    log2 = side.bit_length() - 1
    blocks = np.array([(y, x, log2, log2) for y, x in corners], np.int32)
    levels = np.zeros((height, width), np.int32)
    levels[::side, ::side] = np.arange(len(corners)).reshape(height // side, -1)
    maps = np.zeros((len(blocks), 5), np.int32)
    return PifsCode(
        width, height, "pure", (PlaneCode(height, width, 2.0, blocks, maps, levels),), False, 0, 0
    )


BLOCK_CASES = {
    "one block": plain_code(64, 64, 64),
    "one pixel": random_code(0, 1, 1, 3, True),
    "grey": random_code(1, 70, 45),
    "pure": random_code(2, 45, 70, mode="pure"),
    "colour": random_code(3, 30, 20, 3),
    "half chroma, alpha": random_code(4, 75, 40, 3, True, alpha=True),
    "baseline": encode_baseline(NOISE, ranges=8, domains=16, domain_step=4, threads=1),
    "golden hybrid": load(GOLDEN / "photo-hybrid.ssm"),
    "golden pure": load(GOLDEN / "photo-pure.ssm"),
    "golden syntax": load(GOLDEN / "all-syntax.ssm"),
}


def with_blocks(code: PifsCode, rows: list[tuple[int, int, int, int]]) -> PifsCode:
    """Return a grey code with other blocks, none of them with a map."""
    blocks = np.array(rows, np.int32)
    maps = np.zeros((len(blocks), 5), np.int32)
    return replace(code, planes=(replace(code.planes[0], blocks=blocks, maps=maps),))
