"""``selfsame encode``: a picture to a code, a folder of pictures to an archive."""

import time
from pathlib import Path
from typing import Any

import click

from selfsame.checked import annotations
from selfsame.cli.shared.call import (
    Methods,
    check_only_one,
    executor_of,
    given_settings,
    note,
    report,
)
from selfsame.cli.shared.options import FILE, JOBS, PATH, common_options, settings_options
from selfsame.codes.settings import METHODS, TARGETS, EncodeSettings, method_of
from selfsame.run.progress import shown_progress

ENCODERS = Methods(
    {
        method: names if method == "a preset" else (*names, "device")
        for method, names in METHODS.items()
    }
)
INPUTS = Methods({"a folder": (*JOBS, "report_path"), "a single picture": ("threads",)})


@click.command("encode")
@click.argument("image", type=PATH)
@common_options("output")
@settings_options(EncodeSettings, *annotations(EncodeSettings))
@common_options(*JOBS)
@click.option(
    "--report",
    "report_path",
    type=FILE,
    help="Folder: write a table of the results to this .html or .csv file.",
)
@common_options("threads")
@click.option(
    "--device",
    type=click.Choice(["cpu", "cuda"]),
    default="cpu",
    show_default=True,
    help="Where domains are searched, or the model computes.",
)
@common_options("json", "quiet", "overwrite")
def command(image: Path, output: Path, **options: Any) -> int:
    """Encode IMAGE, a picture of any kind that Pillow reads, to a .ssm file.

    Of --quality, --bpp, --bytes and --psnr at most one can be given.

    If IMAGE is a folder, every picture in it and its sub-folders becomes a .ssm file in the folder
    OUT, which also gets ledger.jsonl. An interrupted or repeated call goes on where it stopped,
    encodes what is new, and writes its report anew. A picture that cannot be encoded does not stop
    the rest; the exit status is then 1.
    """
    check_only_one(*TARGETS)
    check_only_one("preset", "model")
    ENCODERS.check(method_of(options["preset"], options["model"]))
    settings = EncodeSettings(**given_settings(EncodeSettings, options))
    INPUTS.check("a folder" if image.is_dir() else "a single picture")
    encode = _encode_folder if image.is_dir() else _encode_one
    return encode(image, output, settings, options)


def _encode_one(
    image: Path, output: Path, settings: EncodeSettings, options: dict[str, Any]
) -> int:
    from selfsame.codes.encode import encode_source, results
    from selfsame.io.files import check_writable, write_bytes
    from selfsame.io.pictures import read_source

    check_writable(output, overwrite=options["overwrite"], inputs=[image])
    begin = time.perf_counter()
    source = read_source(image)
    for line in source.notes:
        note(f"{image}: {line}")
    with shown_progress("encode", quiet=options["quiet"]) as progress:
        encoded = encode_source(
            source,
            settings,
            threads=options["threads"],
            device=options["device"],
            progress=progress,
        )
    write_bytes(output, encoded.data, overwrite=options["overwrite"])
    values = {
        "output": output,
        **results(source, encoded),
        "effort": settings.effort,
        "settings": settings.as_dict(),
        "seconds": round(time.perf_counter() - begin, 4),
    }
    report(
        values,
        f"{output}: {values['bytes']} bytes, {values['bpp']:.4g} bits per pixel, "
        f"{values['psnr']:.2f} dB, encoded in {encoded.seconds:.2f} s",
    )
    return 0


def _encode_folder(
    folder: Path, output: Path, settings: EncodeSettings, options: dict[str, Any]
) -> int:
    from selfsame.archive import encode_folder, write_report
    from selfsame.archive.report import check_report, is_report_of

    executor, overwrite, table = executor_of(options), options["overwrite"], options["report_path"]
    if table is not None:
        replaced = overwrite or is_report_of(table, output)
        check_report(table, output, overwrite=replaced)

    def tell(entry: dict[str, Any]) -> None:
        for line in (*entry.get("notes", ()), *([entry["error"]] if "error" in entry else ())):
            note(f"{entry['source']}: {line}")

    with shown_progress("encode", quiet=options["quiet"]) as progress:
        archive = encode_folder(
            folder,
            output,
            settings,
            executor=executor,
            device=options["device"],
            overwrite=overwrite,
            settled=tell,
            progress=progress,
        )
    if table is not None:
        write_report(table, archive, folder, output, settings, overwrite=replaced)
    totals, done = archive.totals(), len(archive.done)
    text = f"{output}: {done} code{'s' * (done != 1)}, {archive.encoded} of them new"
    if done:
        text += (
            f"; {totals['bytes']} bytes, {totals['bpp']:.4g} bits per pixel, "
            f"{totals['psnr']:.2f} dB on average"
        )
    if archive.failed:
        text += f"; {len(archive.failed)} failed"
    report({"output": output, "report": table, "settings": settings.as_dict(), **totals}, text)
    return 1 if archive.failed else 0
