"""What ``selfsame info`` says of an IFS."""

import math
from typing import Any

from selfsame.errors import InputError
from selfsame.family import Description
from selfsame.ifs.code import IFSCode
from selfsame.ifs.exchange.json_code import code_to_values
from selfsame.ifs.geometry.dimension import similarity_dimension
from selfsame.ifs.system import IFS


def describe(code: IFSCode) -> Description:
    """Return what people and programs want to know of a code; ``_values`` names the values."""
    values = _values(code)
    return Description(values, _rows(values), [_map_table(values)])


def _values(code: IFSCode) -> dict[str, Any]:
    """Return every parameter of a code, ready for JSON.

    ``contraction`` is None where it overflows, ``similarity_dimension`` where a map does not
    contract.
    """
    contraction = code.system.contraction
    return code_to_values(code) | {
        "contraction": contraction if math.isfinite(contraction) else None,
        "similarity_dimension": _similarity_dimension(code.system),
    }


def _rows(values: dict[str, Any]) -> list[tuple[str, str]]:
    """Return names and values for people, six digits a number."""
    width, height = values["size"]
    x_min, y_min, x_max, y_max = values["viewport"]
    color = "grey" if values["colors"] is None else "sRGB"
    contraction, dimension = values["contraction"], values["similarity_dimension"]
    rows = [
        ("size", f"{width}x{height} pixels, {color}"),
        ("viewport", f"x {x_min:g} to {x_max:g}, y {y_min:g} to {y_max:g}"),
        ("contraction", "overflows" if contraction is None else f"{contraction:.6g}"),
        ("dimension", "none, a map expands" if dimension is None else f"{dimension:.6g} (Moran)"),
    ]
    if values["primitive"]:
        numbers = " ".join(f"{v:g}" for v in values["primitive"]["parameters"])
        rows.append(("primitive", f"{values['primitive']['kind']} {numbers}"))
    return rows


def _map_table(values: dict[str, Any]) -> list[list[str]]:
    """Return a row of cells per map: probability, matrix row by row, offset, colour."""
    axes = "xyz"[: len(values["offsets"][0])]
    names = ["map", "probability"]
    names += [f"A_{row}{column}" for row in axes for column in axes]
    names += [f"b_{axis}" for axis in axes]
    table = [
        [p, *(v for row in matrix for v in row), *offset]
        for p, matrix, offset in zip(
            values["probabilities"], values["matrices"], values["offsets"], strict=True
        )
    ]
    if values["colors"] is not None:
        names += ["red", "green", "blue"]
        table = [row + color for row, color in zip(table, values["colors"], strict=True)]
    return [names] + [[str(i), *(f"{v:.6g}" for v in row)] for i, row in enumerate(table)]


def _similarity_dimension(system: IFS) -> float | None:
    try:
        return similarity_dimension(system)
    except InputError:
        return None
