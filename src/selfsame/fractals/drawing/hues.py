# mypy: disable-error-code="no-untyped-def"
"""Colours by hue, for the kernels that colour pictures."""

import numpy as np

from selfsame.ifs.chaos.random_counts import kernel


@kernel
def write_color(hue, saturation, value, out):
    """Write the sRGB bytes of a colour into ``out`` (3,).

    Args:
        hue: any number, 1 is the whole circle from red by green and blue.
        saturation, value: in [0, 1], those of HSV.
    """
    sector = 6.0 * (hue - np.floor(hue))
    for channel in range(3):
        # Each channel is full for a third of the circle: red around 0, green 2, blue 4 of 6.
        away = abs(sector - 2.0 * channel)
        away = min(away, 6.0 - away)
        fullness = min(max(2.0 - away, 0.0), 1.0)
        out[channel] = np.uint8(255.0 * value * (1.0 - saturation * (1.0 - fullness)) + 0.5)
