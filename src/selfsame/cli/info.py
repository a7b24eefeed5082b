"""``selfsame info CODE``: what a code file holds."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from selfsame.cli.shared.call import FLAMES, Methods, report
from selfsame.cli.shared.options import FILE, PATH, common_options
from selfsame.codes.files import CodeFile, read_codes
from selfsame.codes.registry import family_of
from selfsame.coding.container import read_container
from selfsame.errors import SettingError
from selfsame.family import Code, Description, Plots

PLOTS = Methods({"--plot": ("overwrite",)})


@click.command("info")
@click.argument("code", type=PATH)
@click.option(
    "--plot", type=FILE, help="Draw the parts of the code, blocks or patches, to this picture."
)
@common_options("index", "drop_unsupported", "json", "overwrite")
def command(
    code: Path,
    plot: Path | None,
    index: int | None,
    drop_unsupported: bool,
    overwrite: bool,
    **_: bool,
) -> None:
    """Print what CODE holds, a .ssm, .json or .flame file; `-` reads standard input.

    Of several flames in a file the first is shown.
    """
    file = read_codes(code, index=index or 0, drop_unsupported=drop_unsupported)
    FLAMES.check(f"a .{file.form} file")
    PLOTS.check("no --plot" if plot is None else "--plot")
    found = file.codes[0]
    if plot is not None:
        _plot(found, plot, code, overwrite=overwrite)
    description = family_of(found).describe(found)
    values = description.values | _file(file)
    report(values, _text(description, values), asked=True)


def _file(file: CodeFile) -> dict[str, Any]:
    """Return what there is to say of a file; ``bpp`` counts every byte over width × height."""
    width, height = file.codes[0].size
    size = len(file.data)
    values: dict[str, Any] = {"bytes": size, "bpp": 8 * size / (width * height)}
    if file.form == "ssm":
        listing = read_container(file.data).listing
        return values | {"chunks": [{"tag": tag, "length": length} for tag, length in listing]}
    return values | {"format": file.form, "codes": file.count, "dropped": list(file.dropped)}


def _plot(code: Code, path: Path, source: Path, *, overwrite: bool) -> None:
    from selfsame.io.files import check_writable
    from selfsame.io.pictures import check_picture_suffix, write_picture

    family = family_of(code)
    if not isinstance(family, Plots):
        raise SettingError(
            f"--plot is for codes of different parts: this code is of the family {family.name}; "
            "selfsame render draws it"
        )
    check_picture_suffix(path)
    check_writable(path, overwrite=overwrite, inputs=[source])
    write_picture(path, family.plot(code), overwrite=overwrite)


def _text(description: Description, values: dict[str, Any]) -> str:
    """Return tables for people."""
    rows = [
        ("kind", values["kind"]),
        ("file", f"{values['bytes']} bytes, {values['bpp']:.4g} bits per pixel"),
        *description.rows,
    ]
    if "chunks" in values:
        rows += [("chunks", " ".join(f"{c['tag']}({c['length']})" for c in values["chunks"]))]
    else:
        rows += [("codes", f"{values['codes']} in the .{values['format']}")]
        rows += [("dropped", _printable(line)) for line in values["dropped"]]
    rows += [(f"note {_printable(k)}", _printable(v)) for k, v in values.get("notes", {}).items()]
    left = max(len(name) for name, _ in rows)
    lines = [f"{name:<{left}}  {value}" for name, value in rows]
    for table in description.tables:
        lines += ["", *_aligned(table)]
    return "\n".join(lines)


def _aligned(cells: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return ["  ".join(c.rjust(w) for c, w in zip(row, widths, strict=True)) for row in cells]


def _printable(text: str) -> str:
    """Return text from a file with control characters escaped, so that it cannot steer a
    terminal."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
