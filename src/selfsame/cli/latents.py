"""``selfsame latents inspect SPACE DATA``: what a latent space makes of a set of pictures."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from selfsame.cli.shared.call import report, set_threads
from selfsame.cli.shared.options import PATH, common_options
from selfsame.run.progress import shown_progress

if TYPE_CHECKING:
    from selfsame.latents import Inspection

DEFAULT_PICTURES = 500


@click.group("latents", context_settings={"help_option_names": ["-h", "--help"]})
def command() -> None:
    """Look at latent spaces, which `selfsame train latents` makes."""


@command.command("inspect")
@click.argument("space")
@click.argument("data", type=PATH)
@click.option(
    "-n",
    "--count",
    type=click.IntRange(1),
    default=DEFAULT_PICTURES,
    show_default=True,
    help="Pictures at most, spread over the set.",
)
@common_options("threads", "json", "quiet")
def inspect(space: str, data: Path, count: int, **options: Any) -> int:
    """Print the range of each number of SPACE over the pictures in DATA, which of them are dead,
    the bytes of a file, and the PSNR of what codes draw.

    DATA is a set of pictures as for training; of one with splits the split test is read. Pictures
    twice or four times as large as those of SPACE are compared at these scales, too.
    """
    from selfsame.datasets.batches import evaluation_pictures
    from selfsame.datasets.readers import read_pictures, unseen_split
    from selfsame.latents import CollageSpace, inspect_space

    set_threads(options["threads"])
    loaded = CollageSpace.from_pretrained(space)
    pictures = evaluation_pictures(read_pictures(data, unseen_split(data)).spread(count))
    with shown_progress("inspect", quiet=options["quiet"]) as progress:
        found = inspect_space(loaded, pictures, progress=progress)
    report({"space": loaded.name, **found.as_dict()}, _text(loaded.name, found), asked=True)
    return 0


def _text(name: str, found: "Inspection") -> str:
    """Return the report for people."""
    dead = sum(channel.is_dead for channel in found.channels)
    psnr = ", ".join(f"{value:.2f} dB at {scale}x" for scale, value in found.psnr.items())
    lines = [
        f"{name}: {found.pictures} pictures, {found.bytes:.0f} bytes a file, {psnr}, {dead} of "
        f"{len(found.channels)} numbers dead",
        f"{'number':<12}{'mean':>9}{'deviation':>11}{'least':>9}{'greatest':>10}",
    ]
    for channel in found.channels:
        row = (
            f"{channel.name:<12}{channel.mean:>9.3f}{channel.deviation:>11.3f}"
            f"{channel.low:>9.3f}{channel.high:>10.3f}"
        )
        lines.append(row + "  dead" * channel.is_dead)
    return "\n".join(lines)
