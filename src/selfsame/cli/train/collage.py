"""``selfsame train collage DATA -o FOLDER``: models of the collage codec."""

from pathlib import Path
from typing import Any

import click

from selfsame.cli.shared.options import PATH, settings_options
from selfsame.cli.train.shared import Call, training_options
from selfsame.datasets.crops import CropSettings
from selfsame.training.settings import TrainSettings


@click.command("collage")
@training_options(TrainSettings())
@settings_options(CropSettings, "crop")
@click.option("--init", metavar="MODEL", help="Go on from a model: photo, aerial or a folder.")
@click.option(
    "--validate", type=PATH, help="Pictures as of DATA, to measure the model on while it learns."
)
def command(init: str | None, validate: Path | None, **options: Any) -> int:
    """Train a model for `selfsame encode --model` on the pictures in DATA.

    DATA is a folder of pictures, with its sub-folders, one picture, an .npz or an idx file; its
    split train, if it has several. The folder OUTPUT gets config.json, checkpoints, a log and
    the folder model. The same command goes on where it was stopped.
    """
    import torch

    from selfsame.collage.code import GRID
    from selfsame.collage.network.model import CollageConfig
    from selfsame.collage.network.train import CollageObjective, CollageTask
    from selfsame.errors import SettingError

    call = Call(options, TrainSettings())
    pieces = call.settings(CropSettings, "data", "crop")
    if pieces.crop % GRID:
        raise SettingError(f"crop must be a multiple of {GRID}: got {pieces.crop}")
    shape = call.settings(CollageConfig, "model")
    objective = call.settings(CollageObjective, "objective")
    notes: list[str] = []
    crops = pieces.crops(call.data, notes.append)
    pictures = [] if validate is None else _pictures(validate)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(call.training.seed)  # of the weights that the model starts from
        task = CollageTask(
            shape if call.config["model"] or init is None else None,
            objective,
            init=init,
            validation=pictures,
        )
    shape = task.model.config
    same = {"model": shape, "objective": objective, "init": init}
    return call.run(
        task, crops, same=same, notes=notes, data=pieces, model=shape, objective=objective
    )


def _pictures(path: Path) -> list[Any]:
    """Return the pictures of a set, the test pictures if it has any, as (H, W, 3) bytes."""
    from selfsame.datasets import list_pictures
    from selfsame.datasets.readers import unseen_split
    from selfsame.io.pictures import to_uint8

    return [to_uint8(named.read("rgb")) for named in list_pictures(path, unseen_split(path))]
