"""What ``selfsame info`` says of the blocks of a picture."""

from typing import Any

import numpy as np

from selfsame.family import PLANE_NAMES, Description, bit_rows
from selfsame.pifs.code import SCALE_STEP, PifsCode, PlaneCode

KIND_NAMES = ("none", "half", "quarter", "copy", "luma")
"""Of the kinds of map, in the order of their numbers."""


def describe(code: PifsCode) -> Description:
    """Return what people and programs want to know of a code; ``_values`` names the values."""
    values = _values(code)
    return Description(values, _rows(values), [_plane_table(values), _block_table(values)])


def _values(code: PifsCode) -> dict[str, Any]:
    """Return what a code consists of, ready for JSON.

    ``bits`` counts the coded planes by syntax element. Of each plane: ``blocks`` by width × height,
    ``maps`` by kind with the number of blocks and their share of the plane's area, and
    ``mean_scale``, the mean size of the scale over blocks with a map, None if there are none.
    """
    from selfsame.pifs.stream import write_planes

    return {
        "kind": "pifs",
        "size": list(code.size),
        "mode": code.mode,
        "alpha": code.alpha is not None,
        "half_chroma": code.half_chroma,
        "iterations": code.iterations,
        "deblock": code.deblock,
        "bits": write_planes(code.planes)[1],
        "planes": [
            {"name": name, **_describe_plane(plane)}
            for name, plane in zip(PLANE_NAMES[len(code.planes)], code.planes, strict=True)
        ],
    }


def _describe_plane(plane: PlaneCode) -> dict[str, Any]:
    shapes, counts = np.unique(plane.blocks[:, 2:], axis=0, return_counts=True)
    kinds = plane.maps[:, 0]
    scales = np.abs(plane.maps[kinds > 0, 4]) * SCALE_STEP
    return {
        "size": [plane.width, plane.height],
        "step": plane.step,
        "blocks": {
            f"{1 << width}x{1 << height}": int(count)
            for (height, width), count in reversed(list(zip(shapes, counts, strict=True)))
        },
        "maps": {
            name: {"blocks": int((kinds == kind).sum()), "area": area}
            for kind, (name, area) in enumerate(zip(KIND_NAMES, kind_shares(plane), strict=True))
        },
        "mean_scale": float(scales.mean()) if scales.size else None,
    }


def _rows(values: dict[str, Any]) -> list[tuple[str, str]]:
    """Return names and values for people."""
    width, height = values["size"]
    color = "grey" if len(values["planes"]) == 1 else "sRGB"
    color += ", chroma of half resolution" if values["half_chroma"] else ""
    color += ", with alpha" if values["alpha"] else ""
    return [
        ("size", f"{width}x{height} pixels, {color}"),
        ("mode", values["mode"]),
        ("decoding", f"{values['iterations']} iterations, deblocking {values['deblock']} of 7"),
        *bit_rows(values["bits"]),
    ]


def _plane_table(values: dict[str, Any]) -> list[list[str]]:
    """Return a row of cells per plane: size, step, blocks, and area by kind of map."""
    names = list(values["planes"][0]["maps"])
    of_area = [f"{name}, area" for name in names]
    rows = [["plane", "size", "step", "blocks", *of_area, "mean |s|"]]
    for plane in values["planes"]:
        scale = plane["mean_scale"]
        rows.append(
            [
                plane["name"],
                "{}x{}".format(*plane["size"]),
                f"{plane['step']:g}",
                str(sum(plane["blocks"].values())),
                *(f"{100 * plane['maps'][name]['area']:.1f} %" for name in names),
                "" if scale is None else f"{scale:.2f}",
            ]
        )
    return rows


def _block_table(values: dict[str, Any]) -> list[list[str]]:
    """Return a row of cells per size of blocks: how many each plane has."""
    planes = values["planes"]
    shapes = {shape for plane in planes for shape in plane["blocks"]}

    def area(shape: str) -> tuple[int, int]:
        width, height = map(int, shape.split("x"))
        return width * height, width

    return [
        ["blocks", *(plane["name"] for plane in planes)],
        *(
            [shape, *(str(plane["blocks"].get(shape, 0)) for plane in planes)]
            for shape in sorted(shapes, key=area, reverse=True)
        ),
    ]


def kind_shares(plane: PlaneCode) -> list[float]:
    """Return which share of the area each kind of map has, in the order of ``KIND_NAMES``."""
    areas = np.left_shift(1, plane.blocks[:, 2:].sum(axis=1))
    by_kind = np.bincount(plane.maps[:, 0], areas, len(KIND_NAMES))
    return [float(area / areas.sum()) for area in by_kind]
