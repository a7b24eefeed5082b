"""``selfsame info CODE``: what a code file holds."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from selfsame.cli.info.collage import collage_rows, describe_collage, weight_table
from selfsame.cli.info.ifs import describe_ifs, ifs_rows, map_table
from selfsame.cli.info.pifs import block_table, describe_pifs, pifs_rows, plane_table
from selfsame.cli.options import (
    drop_option,
    index_option,
    json_option,
    overwrite_option,
    report,
)
from selfsame.codes.files import CodeFile, read_codes
from selfsame.codes.store import Code
from selfsame.coding.container import read_container
from selfsame.collage.code import CollageCode
from selfsame.errors import InputError
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
@index_option
@drop_option
@json_option
@overwrite_option
def command(
    code: Path,
    plot: Path | None,
    index: int | None,
    drop_unsupported: bool,
    as_json: bool,
    overwrite: bool,
) -> None:
    """Print what CODE holds, a .ssm, .json or .flame file; `-` reads standard input.

    Of several flames in a file the first is shown.
    """
    file = read_codes(code, index=index or 0, drop_unsupported=drop_unsupported)
    if plot is not None:
        _plot(file.codes[0], plot, overwrite=overwrite)
    values = describe(file)
    if as_json:
        report(values, as_json=True, quiet=False, text="")
    else:
        click.echo(_text(values))


def describe(file: CodeFile) -> dict[str, Any]:
    """Return what the first code that was read from a file is, and its file, ready for JSON.

    ``bpp`` counts every byte over width × height; chunks are those of a ``.ssm``.
    """
    code, data = file.codes[0], file.data
    width, height = code.size
    values = _describe_code(code) | {
        "bytes": len(data),
        "bpp": 8 * len(data) / (width * height),
    }
    if file.form == "ssm":
        listing = read_container(data).listing
        return values | {"chunks": [{"tag": tag, "length": length} for tag, length in listing]}
    return values | {"format": file.form, "codes": file.count, "dropped": list(file.dropped)}


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
    ]
    if "chunks" in values:
        rows += [("chunks", " ".join(f"{c['tag']}({c['length']})" for c in values["chunks"]))]
    else:
        rows += [("codes", f"{values['codes']} in the .{values['format']}")]
        rows += [("dropped", _printable(line)) for line in values["dropped"]]
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
