"""``selfsame convert IN -o OUT``: codes between formats."""

from pathlib import Path

import click

from selfsame.cli.shared.call import FLAMES, report
from selfsame.cli.shared.code_files import holds_any_family, output_paths, write_code_files
from selfsame.cli.shared.options import common_options


@click.command("convert")
@click.argument("codes", nargs=-1, required=True)
@common_options("output", "index", "drop_unsupported", "overwrite", "quiet", "json")
def command(
    codes: tuple[str, ...],
    output: Path,
    index: int | None,
    drop_unsupported: bool,
    overwrite: bool,
    **_: bool,
) -> None:
    """Convert CODES between .ssm, .flame (or .flam3) and .json.

    What CODES hold tells their format, the suffix of OUTPUT its own; `-` is standard input.
    Several codes (of a .flame, or of several files) go into one .flame file, or into a folder
    as 00000.ssm, 00001.ssm ... The JSON is that of `selfsame info --json`. Codes of other
    families than maps go into .ssm files only.
    """
    from selfsame.codes.files import read_codes

    if index is not None and len(codes) > 1:
        raise click.UsageError(f"--index takes a code of one file: got {len(codes)} files")
    files = [read_codes(name, index=index, drop_unsupported=drop_unsupported) for name in codes]
    flame = next((file.form for file in files if file.form == "flame"), files[0].form)
    FLAMES.check(f"a .{flame} file")
    any_family = holds_any_family(output)
    read = [
        code
        for file in files
        for code in file.flames or (file.codes if any_family else file.systems())
    ]
    dropped = [f"{file.name}: {line}" for file in files for line in file.dropped]
    paths = output_paths(output, len(read), overwrite=overwrite, inputs=codes)
    write_code_files(paths, read, overwrite=overwrite)
    report(
        {"outputs": paths, "count": len(read), "dropped": dropped},
        "\n".join([*dropped, f"{output}: {len(read)} code{'s' * (len(read) != 1)}"]),
    )
