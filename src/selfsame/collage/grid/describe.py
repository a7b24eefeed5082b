"""What ``selfsame info`` says of a grid."""

import numpy as np

from selfsame.collage.grid.code import GridCode
from selfsame.collage.stream import ELEMENTS
from selfsame.family import Description, bit_rows


def describe(code: GridCode) -> Description:
    """Return what people and programs want to know of a code."""
    from selfsame.collage.grid.chunks import coded_levels

    numbers, rows, columns = code.levels.shape
    bits = coded_levels(code)[1]
    width, height = code.size
    values = {
        "kind": "grid",
        "size": [width, height],
        "channels": code.channels,
        "model": code.model,
        "fingerprint": code.fingerprint.hex(),
        "alpha": code.alpha is not None,
        "numbers": numbers,
        "grid": [columns, rows],
        "largest": int(np.abs(code.levels).max()),
        "bits": {name: bits[name] for name in ELEMENTS if bits[name]},
    }
    color = ("grey" if code.channels == 1 else "sRGB") + ", with alpha" * bool(values["alpha"])
    shown = [
        ("size", f"{width}x{height} pixels, {color}"),
        ("model", f"{code.model} ({code.fingerprint.hex()})"),
        ("grid", f"{columns}x{rows} cells of {numbers} numbers, up to ±{values['largest']}"),
        *bit_rows(bits),
    ]
    return Description(values, shown)
