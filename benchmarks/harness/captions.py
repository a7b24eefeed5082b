"""Panels side by side, each below its name."""

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from benchmarks.harness.types import Bytes

GAP = 4

CAPTION = 22

FONT_SIZE = 15


def captioned(panels: dict[str, Bytes]) -> Bytes:
    """Return panels of one height side by side, each below its name: (H, W), or (H, W, 3) if any
    has colours."""
    height = next(iter(panels.values())).shape[0]
    width = sum(panel.shape[1] for panel in panels.values()) + GAP * (len(panels) - 1)
    mode = "RGB" if any(panel.ndim == 3 for panel in panels.values()) else "L"
    image = Image.new(mode, (width, height + CAPTION), "white")
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(FONT_SIZE)
    left = 0
    for name, panel in panels.items():
        draw.text((left + panel.shape[1] / 2, CAPTION / 2), name, "black", font, anchor="mm")
        image.paste(Image.fromarray(panel), (left, CAPTION))
        left += panel.shape[1] + GAP
    return np.asarray(image)


def magnified(picture: Bytes, times: int) -> Bytes:
    """Return a picture with every pixel as a square."""
    return picture.repeat(times, -2).repeat(times, -1)
