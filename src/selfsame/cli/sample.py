"""``selfsame sample KIND -o OUT``: random and classic codes."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from selfsame.cli.shared.call import Methods, report
from selfsame.cli.shared.code_files import output_paths, write_code_files
from selfsame.cli.shared.options import PATH, SIZE, common_options
from selfsame.ifs.code import IFSCode, Viewport
from selfsame.run.progress import shown_progress

if TYPE_CHECKING:
    from selfsame.ifs.system import IFS

RANDOM_KINDS = {
    "anderson-farrell": "random contractive systems in SVD form (Anderson and Farrell 2022)",
    "fractaldb": "random systems that fill their picture (Kataoka et al. 2020)",
}
CLASSIC = "a classic"
KINDS = Methods(
    {
        "fractaldb": ("count", "maps", "seed", "filling_rate", "threads"),
        "anderson-farrell": ("count", "maps", "seed"),
        CLASSIC: (),
    }
)
TASKS = Methods(
    {
        "a code": (
            *("kind", "output", "count", "maps", "filling_rate", "size", "seed", "threads"),
            *("quiet", "overwrite"),
        ),
        "--list": ("list_names",),
    }
)
MARGIN = 0.05
"""Border around a space system's window, as a fraction of its larger side."""


@click.command("sample")
@click.argument("kind", required=False)
@click.option("-o", "--output", type=PATH, help="Where to write.")
@click.option(
    "--count", type=click.IntRange(1, 100_000), default=1, show_default=True, help="How many."
)
@click.option("--maps", type=click.IntRange(2, 4096), help="Maps of each [default: 2 to 8].")
@click.option(
    "--filling-rate",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    default=0.2,
    show_default=True,
    help="fractaldb: least share of set pixels.",
)
@click.option("--size", type=SIZE, default="256x256", show_default=True, help="Size of the codes.")
@click.option("--list", "list_names", is_flag=True, help="Print every KIND and end.")
@common_options("seed", "threads", "json", "quiet", "overwrite")
def command(kind: str | None, output: Path | None, count: int, **options: Any) -> None:
    """Make codes of a KIND: fractaldb, anderson-farrell, or the name of a classic (see --list).

    OUT is a file, .ssm, .flame or .json, or a folder that gets 00000.ssm, 00001.ssm ...
    """
    TASKS.check("--list" if options["list_names"] else "a code")
    if options["list_names"]:
        _print_kinds()
        return
    if kind is None or output is None:
        raise click.UsageError("KIND and -o are needed; --list prints every KIND")
    KINDS.check(kind if kind in RANDOM_KINDS else CLASSIC)
    size, overwrite = options["size"], options["overwrite"]
    if kind not in RANDOM_KINDS:
        from selfsame.ifs.samples.library import classic

        systems = [classic(kind)]
        paths = output_paths(output, count, overwrite=overwrite)
        notes = [{"name": kind, "source": "selfsame sample"}]
    else:
        paths = output_paths(output, count, overwrite=overwrite)
        systems = _random_systems(kind, count, options)
        begin = f"{kind} {options['seed']}"
        source = f"selfsame sample {kind} --seed {options['seed']}"
        notes = [{"name": f"{begin}/{i}", "source": source} for i in range(count)]
    codes = [
        IFSCode(system, _window(system, size), size, notes=note)
        for system, note in zip(systems, notes, strict=True)
    ]
    write_code_files(paths, codes, overwrite=overwrite)
    report(
        {"kind": kind, "outputs": paths, "count": count, "maps": [len(s) for s in systems]},
        f"{output}: {count} code{'s' * (count != 1)}",
    )


def _random_systems(kind: str, count: int, options: dict[str, Any]) -> list["IFS"]:
    from selfsame.ifs.samples.random import sample_anderson_farrell, search_fractaldb

    seed, maps = options["seed"], options["maps"]
    bounds = (2, 8) if maps is None else (maps, maps)
    if kind != "fractaldb":
        return sample_anderson_farrell(count, seed=seed, maps=bounds)
    with shown_progress(kind, quiet=options["quiet"]) as progress:
        return search_fractaldb(
            count,
            seed=seed,
            maps=bounds,
            rate=options["filling_rate"],
            threads=options["threads"],
            progress=progress,
        )


def _window(system: "IFS", size: tuple[int, int]) -> Viewport:
    """Return a window around the attractor; for a system of space around its x and y."""
    if system.dimension == 2:
        from selfsame.ifs.geometry.viewport import fit_viewport

        return fit_viewport(system, size)
    from selfsame.ifs.geometry.bounds import bounding_box

    low, high = (corner[:2] for corner in bounding_box(system))
    extent = high - low
    width, height = extent + 2 * MARGIN * extent.max()
    width, height = max(width, height * size[0] / size[1]), max(height, width * size[1] / size[0])
    (x, y), half = (low + high) / 2, (width / 2, height / 2)
    return Viewport(*(float(v) for v in (x - half[0], y - half[1], x + half[0], y + half[1])))


def _print_kinds() -> None:
    from selfsame.ifs.samples.library import classic_info, classic_names

    classics = {name: classic_info(name) for name in classic_names()}
    rows = [(name, "", what) for name, what in RANDOM_KINDS.items()]
    for name, info in classics.items():
        rows += [(name, "" if info.dimension is None else f"{info.dimension:.4f}", info.source)]
    width = max(len(name) for name, *_ in rows)
    values = {
        "random": sorted(RANDOM_KINDS),
        "classics": {
            name: {"dimension": info.dimension, "source": info.source}
            for name, info in classics.items()
        },
    }
    lines = (f"{name:<{width}}  {dimension:6}  {what}" for name, dimension, what in rows)
    report(values, "\n".join(lines), asked=True)
