"""``selfsame convert IN -o OUT``: codes between formats."""

from pathlib import Path

import click

from selfsame.cli.code_files import output_paths, read_code_file, write_code_files
from selfsame.cli.methods import Methods
from selfsame.cli.options import (
    json_option,
    output_option,
    overwrite_option,
    quiet_option,
    report,
)
from selfsame.errors import InputError

INPUTS = Methods({"a .flame file": ("drop_unsupported",), "other codes": ()})


@click.command("convert")
@click.argument("codes", nargs=-1, required=True, type=click.Path(path_type=Path))
@output_option
@click.option("--index", type=click.IntRange(0), help="Take only this code, counted from 0.")
@click.option(
    "--drop-unsupported",
    is_flag=True,
    help="Drop what a .flame has beyond affine maps, with a message, instead of refusing it.",
)
@overwrite_option
@quiet_option
@json_option
def command(
    codes: tuple[Path, ...],
    output: Path,
    index: int | None,
    drop_unsupported: bool,
    overwrite: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Convert CODES between .ssm, .flame and .json, as the suffixes say.

    Several codes (of a .flame, or of several files) go into one .flame file, or into a folder
    as 00000.ssm, 00001.ssm ... The JSON is that of `selfsame info --json`.
    """
    flame = any(path.suffix.lower() == ".flame" for path in codes)
    INPUTS.check("a .flame file" if flame else "other codes")
    read, dropped = [], []
    for path in codes:
        found, lines = read_code_file(path, drop_unsupported=drop_unsupported)
        read += found
        dropped += lines
    if index is not None:
        if index >= len(read):
            raise InputError(f"--index must be within 0..{len(read) - 1}: got {index}")
        read = [read[index]]
    paths = output_paths(output, len(read), overwrite=overwrite)
    write_code_files(paths, read, overwrite=overwrite)
    report(
        {"outputs": paths, "count": len(read), "dropped": dropped},
        as_json=as_json,
        quiet=quiet,
        text="\n".join([*dropped, f"{output}: {len(read)} code{'s' * (len(read) != 1)}"]),
    )
