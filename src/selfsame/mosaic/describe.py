"""What ``selfsame info`` says of a mosaic."""

from typing import Any

import numpy as np

from selfsame.family import Description, bit_rows
from selfsame.isometries import ISOMETRIES
from selfsame.mosaic.code import CONTRAST_STEP, SATURATION_STEP, TINT_STEP, MosaicCode


def describe(code: MosaicCode) -> Description:
    """Return what people and programs want to know of a code; ``_values`` names the values."""
    values = _values(code)
    return Description(values, _rows(values), [_level_table(values)])


def _values(code: MosaicCode) -> dict[str, Any]:
    """Return what a code consists of, ready for JSON.

    ``bits`` counts the coded patches by syntax element. Of each level: ``size`` of its patches in
    pixels of the original, their number, the share of the picture that they cover, and their mean
    contrast, None if there are none. ``isometries`` counts patches by number, ``second`` is the
    size of the picture that the pieces are of, None for a picture made of itself.
    """
    from selfsame.mosaic.stream import write_patches

    pieces = code.pieces
    return {
        "kind": "mosaic",
        "size": list(code.size),
        "color": "grey" if code.channels == 1 else "sRGB",
        "grid": code.grid,
        "patches": len(code.cells),
        "saturation": code.saturation * SATURATION_STEP,
        "tint": code.tint * TINT_STEP,
        "isometries": np.bincount(code.isometries, minlength=ISOMETRIES).tolist(),
        "second": None if pieces is None else [pieces.picture.shape[1], pieces.picture.shape[0]],
        "bits": write_patches(code)[1],
        "levels": [_describe_level(code, level) for level in range(code.levels + 1)],
    }


def _describe_level(code: MosaicCode, level: int) -> dict[str, Any]:
    along = code.grid << level
    contrasts = code.contrasts[code.cells[:, 0] == level] * CONTRAST_STEP
    return {
        "size": [code.width / along, code.height / along],
        "patches": len(contrasts),
        "area": len(contrasts) / along**2,
        "mean_contrast": float(contrasts.mean()) if contrasts.size else None,
    }


def _rows(values: dict[str, Any]) -> list[tuple[str, str]]:
    """Return names and values for people."""
    turned = sum(values["isometries"][1:])
    second = values["second"]
    return [
        ("size", "{}x{} pixels, ".format(*values["size"]) + values["color"]),
        ("patches", f"{values['patches']}, of a grid of {values['grid']}x{values['grid']}"),
        ("copies", f"saturation {values['saturation']:.2f}, tint {values['tint']:.2f}"),
        ("turned", f"{turned} of {values['patches']}"),
        *([] if second is None else [("pieces", "of a second picture, {}x{}".format(*second))]),
        *bit_rows(values["bits"]),
    ]


def _level_table(values: dict[str, Any]) -> list[list[str]]:
    """Return a row of cells per level: size of its patches, how many, their area and contrast."""
    rows = [["level", "pixels", "patches", "area", "mean contrast"]]
    for number, level in enumerate(values["levels"]):
        contrast = level["mean_contrast"]
        rows.append(
            [
                str(number),
                "{:.1f}x{:.1f}".format(*level["size"]),
                str(level["patches"]),
                f"{100 * level['area']:.1f} %",
                "" if contrast is None else f"{contrast:.2f}",
            ]
        )
    return rows
