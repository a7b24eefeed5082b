"""``selfsame encode``: a picture to a code, a folder of pictures to an archive."""

import time
from pathlib import Path
from typing import Any

import click

from selfsame.cli.options import (
    fraction_bar,
    json_option,
    output_option,
    overwrite_option,
    progress_bar,
    quiet_option,
    report,
    seed_option,
    threads_option,
)
from selfsame.codes.settings import DEFAULT_QUALITY, MODELS, PRESETS, TARGETS, EncodeSettings


@click.command("encode")
@click.argument("image", type=click.Path(path_type=Path))
@output_option
@click.option(
    "--quality",
    type=click.FloatRange(0, 100, min_open=True),
    help=f"Up to 100 [default: {DEFAULT_QUALITY:g}].",
)
@click.option(
    "--bpp", type=click.FloatRange(0, min_open=True), help="Most bits per pixel of the file."
)
@click.option("--bytes", type=click.IntRange(1), help="Most bytes of the file.")
@click.option(
    "--psnr", type=click.FloatRange(0, 100, min_open=True), help="Least PSNR of the result, in dB."
)
@click.option(
    "--mode",
    type=click.Choice(["hybrid", "pure"]),
    help="pure: self-similarity and the means and slopes of blocks only [default: hybrid].",
)
@click.option(
    "--effort",
    type=click.IntRange(1, 9),
    help="1 is fast, 9 gives small files [default: 5].",
)
@click.option(
    "--preset",
    type=click.Choice(PRESETS),
    help="Another encoder: fixed blocks, all domains, no rate control.",
)
@click.option("--range-size", type=click.IntRange(4, 64), help="Preset: side of blocks [8].")
@click.option("--domain-size", type=click.IntRange(4, 256), help="Preset: side of domains [32].")
@click.option(
    "--model",
    help=f"A neural collage instead of blocks: {', '.join(MODELS)}, or the folder of your own.",
)
@click.option(
    "--refine",
    type=click.IntRange(0),
    help="Model: steps of descent on the code of each picture; 8 to 16 do most of it [default: 0].",
)
@seed_option
@click.option("--jobs", type=click.IntRange(1, 256), help="Folder: processes [default: all cores].")
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
    OUT, which also gets manifest.json. An interrupted or repeated call goes on where it stopped. A
    picture that cannot be encoded does not stop the rest; the exit status is then 1.
    """
    settings = _settings(options)
    if image.is_dir():
        if threads is not None:
            raise click.UsageError("a folder takes --jobs, processes of one thread, no --threads")
        return _encode_folder(
            image, output, settings, jobs, report_path, device, as_json, quiet, overwrite
        )
    if jobs is not None or report_path is not None:
        raise click.UsageError("--jobs and --report take a folder of pictures")
    _encode_one(image, output, settings, threads, device, as_json, quiet, overwrite)
    return 0


def _settings(options: dict[str, Any]) -> EncodeSettings:
    chosen = {name: value for name, value in options.items() if value is not None}
    targets = [name for name in TARGETS if name in chosen]
    if len(targets) > 1:
        raise click.UsageError(f"give only one of {', '.join(f'--{name}' for name in targets)}")
    if "preset" in chosen:
        free = [name for name in (*TARGETS, "mode", "effort", "model") if name in chosen]
        if free:
            raise click.UsageError(f"--preset takes no --{free[0]}")
    elif "range_size" in chosen or "domain_size" in chosen:
        raise click.UsageError("--range-size and --domain-size belong to --preset")
    if "model" in chosen:
        for name in ("mode", "effort"):
            if name in chosen:
                raise click.UsageError(f"--model takes no --{name}, which is for block codes")
    else:
        for name in ("refine", "seed"):
            if chosen.get(name):
                raise click.UsageError(f"--{name} belongs to --model")
    return EncodeSettings.from_options(chosen)


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
        "effort": settings.effort if settings.preset is None and settings.model is None else None,
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
    jobs: int | None,
    report_path: Path | None,
    device: str,
    as_json: bool,
    quiet: bool,
    overwrite: bool,
) -> int:
    from selfsame.archive import encode_folder, write_report
    from selfsame.archive.listing import code_names
    from selfsame.archive.report import check_report

    if report_path is not None:
        check_report(report_path, overwrite=overwrite)
    with progress_bar(len(code_names(folder)), "encode", quiet=quiet) as update:

        def progress(entry: dict[str, Any]) -> None:
            update(1)
            lines = [*entry.get("notes", ()), *([entry["error"]] if "error" in entry else ())]
            if not quiet:
                for line in lines:
                    click.echo(f"{entry['source']}: {line}", err=True)

        archive = encode_folder(
            folder,
            output,
            settings,
            jobs=jobs,
            device=device,
            overwrite=overwrite,
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
