"""``selfsame edit MODEL PICTURE --attribute NAME=AMOUNT -o OUT``: pictures, changed."""

import math
import time
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import click

from selfsame.cli.shared.call import report, set_threads
from selfsame.cli.shared.options import FILE, PATH, common_options
from selfsame.io.files import check_writable


@click.command("edit")
@click.argument("model")
@click.argument("picture", type=FILE)
@click.option(
    "--attribute",
    "attributes",
    multiple=True,
    metavar="NAME=AMOUNT",
    help="More of something, or less, such as bold=+2 or italic=-1, in standard deviations of "
    "the pictures that the model learned from; may be repeated. Without one all are listed.",
)
@common_options("output")
@click.option("--code", type=PATH, metavar="FILE", help="Write the code of the result, too: .ssm.")
@common_options("model_scale", "device", "threads", "json", "overwrite")
def command(
    model: str, picture: Path, attributes: Sequence[str], output: Path, **options: Any
) -> None:
    """Make PICTURE again with MODEL, with more or less of some attributes, and write it.

    MODEL is the folder of `selfsame train diffusion --condition semantic`. The attributes are the
    columns of the pictures that it learned from.
    """
    import torch

    from selfsame.codes.store import save
    from selfsame.errors import SettingError
    from selfsame.io.pictures import check_picture_suffix, to_arrays, write_picture
    from selfsame.latents import Latents
    from selfsame.latents.pictures import picture_latents
    from selfsame.priors.diffusion.editing import attribute_change, edited
    from selfsame.priors.diffusion.latent import LatentDiffusion
    from selfsame.run.device import resolve_device

    begin, overwrite = time.perf_counter(), options["overwrite"]
    amounts = dict(map(_amount, attributes))
    for path in (output, options["code"]):
        if path is not None:
            check_writable(path, overwrite=overwrite, inputs=[picture])
    check_picture_suffix(output)
    set_threads(options["threads"])
    made_by = LatentDiffusion.from_pretrained(model)
    if not amounts:
        known = ", ".join(made_by.model.config.attributes) or "none"
        raise SettingError(f"give an --attribute, NAME=AMOUNT; the model knows {known}")
    space = made_by.space
    side = made_by.drawn_side(options["scale"])
    device = resolve_device(options["device"])
    changed = made_by.model.to(device)
    change = attribute_change(changed, amounts)
    values = edited(changed, picture_latents(space, picture).to(device), change).cpu()
    latents = space.rounded(Latents(values))
    with torch.no_grad():
        drawn = space.draw(latents, Fraction(side, space.side)).clamp(0, 1)
    if options["code"] is not None:
        save(space.codes(latents)[0], options["code"], overwrite=overwrite)
    write_picture(output, to_arrays(drawn)[0], overwrite=overwrite)
    told = {
        "output": output,
        "code": options["code"],
        "attributes": amounts,
        "size": [side, side],
        "seconds": round(time.perf_counter() - begin, 4),
    }
    report(told, f"{output}: {side}x{side}, {', '.join(attributes)}")


def _amount(text: str) -> tuple[str, float]:
    """Return the name and the amount of NAME=AMOUNT."""
    name, _, number = text.rpartition("=")
    try:
        amount = float(number)
    except ValueError:
        amount = math.nan
    if not name or not math.isfinite(amount):
        raise click.UsageError(f"--attribute is NAME=AMOUNT, such as italic=+2: got {text!r}")
    return name, amount
