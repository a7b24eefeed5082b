"""``selfsame train latents DATA -o SPACE``: latent spaces whose points are codes."""

from pathlib import Path
from typing import Any

import click

from selfsame.cli.shared.options import PATH, settings_options
from selfsame.cli.train.shared import Call, training_options, validation_place
from selfsame.collage.grid.network.config import GridConfig
from selfsame.collage.grid.network.data import TRAINING, GridData, space_for

SHAPE = ("cell", "numbers", "regulariser", "range_size", "detail")
"""Settings of the model that have an option of their own."""


@click.command("latents")
@training_options(TRAINING)
@settings_options(GridConfig, *SHAPE)
@settings_options(GridData, "side")
@click.option(
    "--init", metavar="MODEL", help="Go on from a space: digits, glyphs, emoji or a folder."
)
@click.option(
    "--validate",
    type=PATH,
    help="Pictures to measure the model on while it learns [default: the test split of DATA].",
)
def command(init: str | None, validate: Path | None, **options: Any) -> int:
    """Train a latent space on the pictures in DATA, for `selfsame encode --model`.

    A picture becomes a small grid of numbers, from which a network writes the collage that draws
    it at any size. With --detail the pictures in DATA are so many times as fine as those that are
    coded: what lies between their pixels is learned.

    DATA is an .npz or idx file or a folder of pictures; of a set with splits, the split train is
    learned. The folder OUTPUT gets config.json, checkpoints, a log and the folder model. The same
    command goes on where it was stopped.
    """
    import torch

    from selfsame.collage.grid.network.model import GridModel
    from selfsame.collage.grid.network.train import GridObjective, GridTask
    from selfsame.datasets.batches import PictureBatches

    call = Call(options, TRAINING)
    objective = call.settings(GridObjective, "objective")
    data = call.settings(GridData, "data", "side")
    pictures = data.learned(call.data)
    start = None if init is None else GridModel.from_pretrained(init)
    begun = None if start is None else start.config
    shape = space_for(pictures, call.table("model", *SHAPE), begun)
    place = validation_place(validate, call.data)
    validation = None if place is None else data.validation(place, pictures)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(call.training.seed)  # of the weights that the model starts from
        task = GridTask(start or shape, objective, validation=validation)
    batches = PictureBatches(pictures, call.training.batch, changes=data.changes)
    same = {"model": shape, "objective": objective, "init": init}
    return call.run(task, batches, same=same, data=data, model=shape, objective=objective)
