"""``selfsame info CODE``: what a code file holds."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from selfsame.cli.info.collage import collage_rows, describe_collage, weight_table
from selfsame.cli.info.ifs import describe_ifs, ifs_rows, map_table
from selfsame.cli.info.pifs import block_table, describe_pifs, pifs_rows, plane_table
from selfsame.cli.options import json_option, overwrite_option, report
from selfsame.codes.store import Code, decode, read_file
from selfsame.coding.container import read_bounded, read_container
from selfsame.collage.code import CollageCode
from selfsame.errors import FormatError, InputError
from selfsame.ifs.code import IFSCode
from selfsame.pifs.code import PifsCode

_Rows = Callable[[dict[str, Any]], list[tuple[str, str]]]
_Table = Callable[[dict[str, Any]], list[list[str]]]


@click.command("info")
@click.argument("code", type=click.Path(path_type=Path, allow_dash=True))
@click.option(
    "--plot",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Block codes: draw the partition and the domains to this picture.",
)
@json_option
@overwrite_option
def command(code: Path, plot: Path | None, as_json: bool, overwrite: bool) -> None:
    """Print what the file CODE holds; `-` reads standard input."""
    data = read_bounded(sys.stdin.buffer) if str(code) == "-" else read_file(code)
    try:
        found = decode(data)
    except FormatError as error:
        raise type(error)(f"{code}: {error}") from error
    if plot is not None:
        _plot(found, plot, overwrite=overwrite)
    values = describe(found, data)
    if as_json:
        report(values, as_json=True, quiet=False, text="")
    else:
        click.echo(_text(values))


def describe(code: Code, data: bytes) -> dict[str, Any]:
    """Return what a code and its file hold, ready for JSON.

    ``bpp`` counts every byte over width × height.
    """
    width, height = code.size
    return _describe_code(code) | {
        "bytes": len(data),
        "bpp": 8 * len(data) / (width * height),
        "chunks": [{"tag": tag, "length": length} for tag, length in read_container(data).listing],
    }


def _describe_code(code: Code) -> dict[str, Any]:
    if isinstance(code, PifsCode):
        return describe_pifs(code)
    if isinstance(code, CollageCode):
        return describe_collage(code)
    return describe_ifs(code)


def _plot(code: Code, path: Path, *, overwrite: bool) -> None:
    from selfsame.io.files import check_writable
    from selfsame.io.pictures import check_picture_suffix, write_picture
    from selfsame.pifs.plot import plot_code

    if isinstance(code, IFSCode):
        raise InputError("--plot is for block codes: this code is an IFS; selfsame render draws it")
    if isinstance(code, CollageCode):
        raise InputError(
            "--plot is for block codes: this code is a collage, whose ranges are alike"
        )
    check_picture_suffix(path)
    check_writable(path, overwrite=overwrite)
    write_picture(path, plot_code(code), overwrite=overwrite)


def _text(values: dict[str, Any]) -> str:
    """Return the values as tables for people."""
    rows_of, tables = _LAYOUTS[values["kind"]]
    rows = [
        ("kind", values["kind"]),
        ("file", f"{values['bytes']} bytes, {values['bpp']:.4g} bits per pixel"),
        *rows_of(values),
        ("chunks", " ".join(f"{c['tag']}({c['length']})" for c in values["chunks"])),
    ]
    rows += [(f"note {_printable(k)}", _printable(v)) for k, v in values.get("notes", {}).items()]
    left = max(len(name) for name, _ in rows)
    lines = [f"{name:<{left}}  {value}" for name, value in rows]
    for table in tables:
        lines += ["", *_aligned(table(values))]
    return "\n".join(lines)


_LAYOUTS: dict[str, tuple[_Rows, tuple[_Table, ...]]] = {
    "ifs": (ifs_rows, (map_table,)),
    "pifs": (pifs_rows, (plane_table, block_table)),
    "collage": (collage_rows, (weight_table,)),
}
"""What is shown of a kind of code: rows of a name and a value, then tables."""


def _aligned(cells: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return ["  ".join(c.rjust(w) for c, w in zip(row, widths, strict=True)) for row in cells]


def _printable(text: str) -> str:
    """Return text from a file with control characters escaped, so that it cannot steer a
    terminal."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
