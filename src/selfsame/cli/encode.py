"""``selfsame encode``: a picture to a code, a folder of pictures to an archive."""

import time
from pathlib import Path
from typing import Any

import click

from selfsame.checked import annotations
from selfsame.cli.shared.fields import given_settings, settings_options
from selfsame.cli.shared.jobs import JOBS_OPTIONS, executor_of, jobs_options, shown_progress
from selfsame.cli.shared.methods import Methods, check_only_one
from selfsame.cli.shared.options import (
    fraction_bar,
    json_option,
    output_option,
    overwrite_option,
    quiet_option,
    report,
    threads_option,
)
from selfsame.codes.settings import METHODS, TARGETS, EncodeSettings, method_of
from selfsame.run.executor import Executor

ENCODERS = Methods(
    {
        method: names if method == "a preset" else (*names, "device")
        for method, names in METHODS.items()
    }
)
INPUTS = Methods({"a folder": (*JOBS_OPTIONS, "report_path"), "a single picture": ("threads",)})


@click.command("encode")
@click.argument("image", type=click.Path(path_type=Path))
@output_option
@settings_options(EncodeSettings, *annotations(EncodeSettings))
@jobs_options
@click.option(
    "--report",
    "report_path",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Folder: write a table of the results to this .html or .csv file.",
)
@threads_option
@click.option(
    "--device",
    type=click.Choice(["cpu", "cuda"]),
    default="cpu",
    show_default=True,
    help="Where domains are searched, or the model computes.",
)
@json_option
@quiet_option
@overwrite_option
def command(
    image: Path,
    output: Path,
    jobs: int | None,
    engine: str | None,
    scheduler: str | None,
    report_path: Path | None,
    threads: int | None,
    device: str,
    as_json: bool,
    quiet: bool,
    overwrite: bool,
    **options: Any,
) -> int:
    """Encode IMAGE, a picture of any kind that Pillow reads, to a .ssm file.

    Of --quality, --bpp, --bytes and --psnr at most one can be given.

    If IMAGE is a folder, every picture in it and its sub-folders becomes a .ssm file in the folder
    OUT, which also gets ledger.jsonl. An interrupted or repeated call goes on where it stopped, and
    encodes what is new. A picture that cannot be encoded does not stop the rest; the exit status is
    then 1.
    """
    settings = _settings(options)
    INPUTS.check("a folder" if image.is_dir() else "a single picture")
    if image.is_dir():
        executor = executor_of(jobs, engine, scheduler, quiet=quiet)
        return _encode_folder(
            image, output, settings, executor, report_path, device, as_json, quiet, overwrite
        )
    _encode_one(image, output, settings, threads, device, as_json, quiet, overwrite)
    return 0


def _settings(options: dict[str, Any]) -> EncodeSettings:
    check_only_one(*TARGETS)
    check_only_one("preset", "model")
    ENCODERS.check(method_of(options["preset"], options["model"]))
    return EncodeSettings.from_dict(given_settings(EncodeSettings, options))


def _encode_one(
    image: Path,
    output: Path,
    settings: EncodeSettings,
    threads: int | None,
    device: str,
    as_json: bool,
    quiet: bool,
    overwrite: bool,
) -> None:
    from selfsame.codes.encode import encode_source, results
    from selfsame.io.files import check_writable, write_bytes
    from selfsame.io.pictures import read_source

    check_writable(output, overwrite=overwrite, inputs=[image])
    begin = time.perf_counter()
    source = read_source(image)
    if not quiet:
        for note in source.notes:
            click.echo(f"{image}: {note}", err=True)
    with fraction_bar("encode", quiet=quiet) as progress:
        encoded = encode_source(source, settings, threads=threads, device=device, progress=progress)
    write_bytes(output, encoded.data, overwrite=overwrite)
    values = {
        "output": output,
        **results(source, encoded),
        "effort": settings.effort,
        "settings": settings.as_dict(),
        "seconds": round(time.perf_counter() - begin, 4),
    }
    report(
        values,
        as_json=as_json,
        quiet=quiet,
        text=f"{output}: {values['bytes']} bytes, {values['bpp']:.4g} bits per pixel, "
        f"{values['psnr']:.2f} dB, encoded in {encoded.seconds:.2f} s",
    )


def _encode_folder(
    folder: Path,
    output: Path,
    settings: EncodeSettings,
    executor: Executor,
    report_path: Path | None,
    device: str,
    as_json: bool,
    quiet: bool,
    overwrite: bool,
) -> int:
    from selfsame.archive import encode_folder, write_report
    from selfsame.archive.report import check_report

    if report_path is not None:
        check_report(report_path, overwrite=overwrite)

    def tell(entry: dict[str, Any]) -> None:
        for line in (*entry.get("notes", ()), *([entry["error"]] if "error" in entry else ())):
            click.echo(f"{entry['source']}: {line}", err=True)

    with shown_progress("encode", quiet=quiet) as progress:
        archive = encode_folder(
            folder,
            output,
            settings,
            executor=executor,
            device=device,
            overwrite=overwrite,
            settled=tell if not quiet else lambda entry: None,
            progress=progress,
        )
    if report_path is not None:
        write_report(report_path, archive, folder, output, settings, overwrite=overwrite)
    totals = archive.totals()
    done = len(archive.done)
    text = f"{output}: {done} code{'s' * (done != 1)}, {archive.encoded} of them new"
    if done:
        text += (
            f"; {totals['bytes']} bytes, {totals['bpp']:.4g} bits per pixel, "
            f"{totals['psnr']:.2f} dB on average"
        )
    if archive.failed:
        text += f"; {len(archive.failed)} failed"
    report(
        {"output": output, "report": report_path, "settings": settings.as_dict(), **totals},
        as_json=as_json,
        quiet=quiet,
        text=text,
    )
    return 1 if archive.failed else 0
