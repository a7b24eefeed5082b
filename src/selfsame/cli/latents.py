"""``selfsame latents``: ``inspect SPACE DATA``, what a latent space makes of a set of pictures;
``maps DATA -o SPACE``, a space of sets of maps for such pictures."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from selfsame.cli.shared.call import given, report, set_threads
from selfsame.cli.shared.options import PATH, common_options, settings_options
from selfsame.io.model_place import local_weights
from selfsame.latents.maps.config import MapsConfig
from selfsame.run.progress import shown_progress

if TYPE_CHECKING:
    from selfsame.latents import Inspection

DEFAULT_PICTURES = 500

SETTINGS = ("maps", "ink", "pen", "density", "steps")
"""Those of ``MapsConfig`` that have an option."""


@click.group("latents", context_settings={"help_option_names": ["-h", "--help"]})
def command() -> None:
    """Look at latent spaces, which `selfsame train latents` makes, or make one of maps."""


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
    from selfsame.latents import inspect_space, load_space

    set_threads(options["threads"])
    loaded = load_space(space)
    pictures = evaluation_pictures(read_pictures(data, unseen_split(data)).spread(count))
    with shown_progress("inspect", quiet=options["quiet"]) as progress:
        found = inspect_space(loaded, pictures, progress=progress)
    report({"space": loaded.name, **found.as_dict()}, _text(loaded.name, found), asked=True)
    return 0


@command.command("maps")
@click.argument("data", type=PATH)
@common_options("output")
@settings_options(
    MapsConfig,
    *SETTINGS,
    help={
        "ink": "Pixels' worth of brightness that a map stands for [default: so many that most "
        "pictures in DATA need no more maps than there may be]."
    },
)
@common_options("json", "quiet", "overwrite")
def maps(data: Path, output: Path, overwrite: bool, **options: Any) -> int:
    """Write to the folder OUTPUT a latent space for pictures like those in DATA, which are grey and
    square: each becomes an unordered set of affine maps, which is an IFS.

    Nothing is learned here. `selfsame train diffusion DATA --space OUTPUT` codes the pictures.
    """
    from selfsame.datasets.batches import evaluation_pictures
    from selfsame.datasets.readers import read_pictures
    from selfsame.errors import InputError
    from selfsame.latents import MapsModel
    from selfsame.latents.maps.encoding import ink_for

    if local_weights(output) is not None and not overwrite:
        raise InputError(f"output {output} has a model; pass --overwrite to replace it")
    pictures = read_pictures(data, "train")
    _, height, width, channels = pictures.images.shape
    if height != width or channels != 1:
        raise InputError(
            f"sets of maps draw square grey pictures: got {width}x{height} pixels and {channels} "
            "channels"
        )
    settings = MapsConfig(side=width, **given(options, *SETTINGS))
    if options["ink"] is None:
        seen = evaluation_pictures(pictures.spread(DEFAULT_PICTURES))
        settings = replace(settings, ink=ink_for(seen, settings.maps))
    MapsModel(settings).save_pretrained(output, {"side": width, "data": data.name})
    report(
        {"output": output, **settings.as_dict()},
        f"{output}: pictures of {width}x{width} pixels as up to {settings.maps} maps, one for "
        f"{settings.ink:g} pixels of ink",
    )
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
