"""A picture of how a code works: its blocks, their kinds of map, and where their domains lie."""

import colorsys
import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from selfsame.errors import InputError
from selfsame.io.pictures import to_uint8
from selfsame.pifs.code import CONTRACTION, LUMA, NO_MAP, PifsCode, PlaneCode
from selfsame.pifs.describe import KIND_NAMES, kind_shares

KIND_COLORS = ((128, 128, 128), (255, 140, 0), (214, 40, 150), (20, 130, 255), (40, 180, 70))

WANTED_SIDE = 1024
"""The longer side of a panel, about; smaller pictures are enlarged by a whole factor."""

MAX_FACTOR = 16
LINES = 250
"""Most lines from domains to blocks, lest they cover everything; see ``lined_blocks``."""

_TINT = 0.38
_GAP = 12
_PAPER, _INK = (255, 255, 255), (40, 40, 40)


def plot_code(code: PifsCode, plane: int = 0) -> NDArray[np.uint8]:
    """Return an sRGB picture, (H, W, 3) bytes, of the partition and the domains of one plane.

    First panel: the decoded picture in grey with the borders of the blocks, those with a map tinted
    by its kind. Second: blocks with a map of the same plane, coloured by where their domain lies
    (hue: direction, as on the disk in the legend; strength: distance), with lines from the
    centres of domains (dots) to those of blocks all over the picture.

    Args:
        plane: index of the plane.
    Raises:
        InputError: no such plane.
    """
    from selfsame.pifs.decoding.decode import decode

    if not 0 <= plane < len(code.planes):
        raise InputError(f"plane must be 0 to {len(code.planes) - 1}: got {plane}")
    coded = code.planes[plane]
    factor = max(1, min(MAX_FACTOR, round(WANTED_SIDE / max(coded.width, coded.height))))
    size = coded.width * factor, coded.height * factor
    decoded = Image.fromarray(to_uint8(decode(replace(code, alpha=None))))
    picture = decoded.convert("L").convert("RGB").resize(size, Image.Resampling.NEAREST)
    panels = [_partition(picture, coded, factor), _domains(picture, coded, factor)]
    return np.asarray(_page(panels, _legend(code, coded)))


def _partition(picture: Image.Image, plane: PlaneCode, factor: int) -> Image.Image:
    tint = Image.new("RGB", picture.size)
    mask = Image.new("L", picture.size, 0)
    draw, strength = ImageDraw.Draw(tint), ImageDraw.Draw(mask)
    for block, (kind, *_) in zip(plane.blocks, plane.maps, strict=True):
        if kind != NO_MAP:
            box = _box(block, factor)
            draw.rectangle(box, fill=KIND_COLORS[kind])
            strength.rectangle(box, fill=round(255 * _TINT))
    panel = Image.composite(tint, picture, mask)
    return _with_borders(panel, plane, factor)


def _with_borders(panel: Image.Image, plane: PlaneCode, factor: int) -> Image.Image:
    """Return the panel with a line along the upper and left border of every block."""
    mask = Image.new("L", panel.size, 0)
    draw = ImageDraw.Draw(mask)
    for block in plane.blocks:
        x0, y0, x1, y1 = _box(block, factor)
        draw.line((x0, y0, x1, y0), fill=150)
        draw.line((x0, y0, x0, y1), fill=150)
    # White on dark and black on bright parts.
    bright = panel.convert("L").point(lambda v: 0 if v > 110 else 255).convert("RGB")
    return Image.composite(bright, panel, mask)


def _domains(picture: Image.Image, plane: PlaneCode, factor: int) -> Image.Image:
    paper = Image.new("RGB", picture.size, _PAPER)
    panel = Image.blend(picture, paper, 0.72)
    draw = ImageDraw.Draw(panel, "RGBA")
    reach = math.hypot(plane.width, plane.height)
    colors = {}
    for i in _mapped(plane).tolist():
        block_x, block_y, domain_x, domain_y = _centres(plane.blocks[i], plane.maps[i])
        colors[i] = _direction_color(domain_x - block_x, domain_y - block_y, reach)
        draw.rectangle(_box(plane.blocks[i], factor), fill=(*colors[i], 190))
    for i in lined_blocks(plane):
        dark = tuple(value // 2 for value in colors[i])
        block_x, block_y, domain_x, domain_y = _centres(plane.blocks[i], plane.maps[i])
        ends = (domain_x * factor, domain_y * factor, block_x * factor, block_y * factor)
        draw.line(ends, fill=(*dark, 200), width=1)
        radius = 1 + int(plane.blocks[i, 2]) // 3
        x, y = ends[:2]
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=(*dark, 255))
    return panel


def _mapped(plane: PlaneCode) -> NDArray[np.intp]:
    """Return which blocks have a map of their own plane."""
    return np.flatnonzero(~np.isin(plane.maps[:, 0], (NO_MAP, LUMA)))


def lined_blocks(plane: PlaneCode, most: int = LINES) -> list[int]:
    """Return blocks that stand for all with a map of their own plane, at most so many.

    Of equal cells, about as many as lines, each gives its largest block, or its largest two, and so
    on, as long as all find room; of equally large ones that next to the middle of the cell.
    """
    found = _mapped(plane)
    side = math.sqrt(plane.width * plane.height / most)
    grid = np.array([max(1, int(length / side)) for length in (plane.height, plane.width)])
    while grid.prod() > most:  # a plane of few rows or columns
        grid[grid.argmax()] -= 1
    middles = plane.blocks[found, :2] + np.left_shift(1, plane.blocks[found, 2:]) / 2
    places = middles * grid / (plane.height, plane.width)
    cells = np.minimum(places.astype(int), grid - 1)
    away = np.square(places - cells - 0.5).sum(axis=1)
    number = cells[:, 0] * grid[1] + cells[:, 1]
    order = np.lexsort((found, away, -plane.blocks[found, 2:].sum(axis=1), number))
    starts = np.searchsorted(number[order], number[order])
    ranks = np.arange(len(order)) - starts
    rounds = int((np.cumsum(np.bincount(ranks)) <= most).sum())
    return sorted(found[order[ranks < rounds]].tolist())


def _box(block: NDArray[np.int32], factor: int) -> tuple[int, int, int, int]:
    """Return left, top, right and bottom of a block, inclusive, in pixels of the panel."""
    y, x, log_height, log_width = (int(value) for value in block)
    right, bottom = (x + (1 << log_width)) * factor, (y + (1 << log_height)) * factor
    return x * factor, y * factor, right - 1, bottom - 1


def _centres(block: NDArray[np.int32], row: NDArray[np.int32]) -> tuple[float, float, float, float]:
    """Return x and y of the centres of a block and of its domain, in pixels of the plane."""
    y, x, log2, _ = (int(value) for value in block)
    kind, domain_y, domain_x = (int(value) for value in row[:3])
    half = (1 << log2) / 2
    reach = half * CONTRACTION[kind]
    return x + half, y + half, domain_x + reach, domain_y + reach


def _direction_color(dx: float, dy: float, reach: float) -> tuple[int, int, int]:
    """Return the colour of a displacement; the longest, ``reach``, has the fullest."""
    hue = (math.atan2(dy, dx) / (2 * math.pi)) % 1
    strength = min(1.0, math.hypot(dx, dy) / reach) ** 0.4  # most domains are near
    red, green, blue = colorsys.hsv_to_rgb(hue, strength, 0.95)
    return round(255 * red), round(255 * green), round(255 * blue)


def _legend(code: PifsCode, plane: PlaneCode) -> Image.Image:
    """Return a strip with the colours of the kinds and of the directions of domains."""
    font = ImageFont.load_default(13)
    strip = Image.new("RGB", (980, 64), _PAPER)
    draw = ImageDraw.Draw(strip)
    text = f"{code.mode}, {len(plane.blocks)} blocks, {code.iterations} iterations; maps by area:"
    draw.text((4, 8), text, _INK, font)
    x = 4
    for kind, (name, share) in enumerate(zip(KIND_NAMES, kind_shares(plane), strict=True)):
        if share == 0:
            continue
        if kind != NO_MAP:
            draw.rectangle((x, 38, x + 14, 52), fill=KIND_COLORS[kind])
            x += 20
        label = f"{name} {100 * share:.1f} %"
        draw.text((x, 37), label, _INK, font)
        x += round(draw.textlength(label, font)) + 24
    radius = 28
    centre = max(x, round(draw.textlength(text, font)) + 24) + radius
    disk = np.full((2 * radius, 2 * radius, 3), 255, np.uint8)
    for i in range(2 * radius):
        for j in range(2 * radius):
            dy, dx = i + 0.5 - radius, j + 0.5 - radius
            if math.hypot(dx, dy) <= radius:
                disk[i, j] = _direction_color(dx, dy, radius)
    strip.paste(Image.fromarray(disk), (centre - radius, 32 - radius))
    draw.text((centre + radius + 10, 24), "from block to domain", _INK, font)
    return strip


def _page(panels: list[Image.Image], legend: Image.Image) -> Image.Image:
    """Return panels beside each other, wide ones below each other, over the legend."""
    width, height = panels[0].size
    across = width <= 1.3 * height
    step = (width + _GAP, 0) if across else (0, height + _GAP)
    total_width = max(2 * width + _GAP if across else width, legend.width) + 2 * _GAP
    total_height = (height if across else 2 * height + _GAP) + legend.height + 3 * _GAP
    page = Image.new("RGB", (total_width, total_height), _PAPER)
    for i, panel in enumerate(panels):
        page.paste(panel, (_GAP + i * step[0], _GAP + i * step[1]))
    page.paste(legend, (_GAP, total_height - legend.height - _GAP))
    return page
