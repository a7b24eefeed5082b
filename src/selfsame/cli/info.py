"""``selfsame info CODE``: every parameter of a code file."""

import math
import sys
from pathlib import Path
from typing import Any

import click

from selfsame.bitstream import decode, read_file
from selfsame.bitstream.container import read_bounded, read_container
from selfsame.cli.options import json_option, report
from selfsame.errors import FormatError, InputError
from selfsame.ifs.dimension import similarity_dimension
from selfsame.ifs.json_code import code_to_values
from selfsame.ifs.system import IFS


@click.command("info")
@click.argument("code", type=click.Path(path_type=Path, allow_dash=True))
@json_option
def command(code: Path, as_json: bool) -> None:
    """Print what the file CODE holds; `-` reads standard input."""
    data = read_bounded(sys.stdin.buffer) if str(code) == "-" else read_file(code)
    try:
        values = describe(data)
    except FormatError as error:
        raise type(error)(f"{code}: {error}") from error
    if as_json:
        report(values, as_json=True, quiet=False, text="")
    else:
        click.echo(_text(values))


def describe(data: bytes) -> dict[str, Any]:
    """Return every parameter in the bytes of a code file, ready for JSON.

    ``contraction`` is None where it overflows, ``similarity_dimension`` where a map does not
    contract. ``bpp`` counts every byte over width × height.

    Raises:
        FormatError: as ``selfsame.bitstream.decode``.
    """
    code = decode(data)
    width, height = code.size
    contraction = code.system.contraction
    return code_to_values(code) | {
        "bytes": len(data),
        "bpp": 8 * len(data) / (width * height),
        "contraction": contraction if math.isfinite(contraction) else None,
        "similarity_dimension": _similarity_dimension(code.system),
        "chunks": [{"tag": tag, "length": length} for tag, length in read_container(data).listing],
    }


def _similarity_dimension(system: IFS) -> float | None:
    try:
        return similarity_dimension(system)
    except InputError:
        return None


def _text(values: dict[str, Any]) -> str:
    """Return the values as a table for people, six digits a number."""
    width, height = values["size"]
    x_min, y_min, x_max, y_max = values["viewport"]
    color = "grey" if values["colors"] is None else "sRGB"
    contraction, dimension = values["contraction"], values["similarity_dimension"]
    rows = [
        ("kind", values["kind"]),
        ("size", f"{width}x{height} pixels, {color}"),
        ("file", f"{values['bytes']} bytes, {values['bpp']:.4g} bits per pixel"),
        ("viewport", f"x {x_min:g} to {x_max:g}, y {y_min:g} to {y_max:g}"),
        ("contraction", "overflows" if contraction is None else f"{contraction:.6g}"),
        ("dimension", "none, a map expands" if dimension is None else f"{dimension:.6g} (Moran)"),
    ]
    if values["primitive"]:
        numbers = " ".join(f"{v:g}" for v in values["primitive"]["parameters"])
        rows.append(("primitive", f"{values['primitive']['kind']} {numbers}"))
    rows.append(("chunks", " ".join(f"{c['tag']}({c['length']})" for c in values["chunks"])))
    rows += [(f"note {_printable(k)}", _printable(v)) for k, v in values["notes"].items()]
    left = max(len(name) for name, _ in rows)
    lines = [f"{name:<{left}}  {value}" for name, value in rows]
    return "\n".join([*lines, "", *_map_table(values)])


def _map_table(values: dict[str, Any]) -> list[str]:
    """Return one line per map: probability, matrix row by row, offset, colour."""
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
    cells = [names] + [[str(i), *(f"{v:.6g}" for v in row)] for i, row in enumerate(table)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return ["  ".join(c.rjust(w) for c, w in zip(row, widths, strict=True)) for row in cells]


def _printable(text: str) -> str:
    """Return text from a file with control characters escaped, so that it cannot steer a
    terminal."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
