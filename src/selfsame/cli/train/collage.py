"""``selfsame train collage DATA -o FOLDER``: models of the collage codec."""

from pathlib import Path
from typing import Any

import click

from selfsame.cli.shared.fields import settings_options
from selfsame.cli.train.shared import call_of, configuration, run_training, training_options
from selfsame.datasets.crops import CropSettings
from selfsame.training.settings import TrainSettings

MODEL_NAME = "model"


@click.command("collage")
@training_options(TrainSettings())
@settings_options(CropSettings, "crop")
@click.option("--init", metavar="MODEL", help="Go on from a model: photo, aerial or a folder.")
@click.option(
    "--validate",
    type=click.Path(path_type=Path),
    help="Pictures as of DATA, to measure the model on while it learns.",
)
def command(crop: int | None, init: str | None, validate: Path | None, **options: Any) -> int:
    """Train a model for `selfsame encode --model` on the pictures in DATA.

    DATA is a folder of pictures, with its sub-folders, one picture, an .npz or an idx file; its
    split train, if it has several. The folder OUTPUT gets config.json, checkpoints, a log and
    the folder model. The same command goes on where it was stopped.
    """
    import torch

    from selfsame.collage.code import GRID
    from selfsame.collage.network.model import CollageConfig
    from selfsame.collage.network.train import CollageObjective, CollageTask
    from selfsame.errors import InputError
    from selfsame.training.config import settings_from

    call = call_of(options)
    config = configuration(call)
    if crop is not None:
        config["data"]["crop"] = crop
    settings = settings_from(TrainSettings, config["train"], "train")
    pieces = settings_from(CropSettings, config["data"], "data")
    if pieces.crop % GRID:
        raise InputError(f"crop must be a multiple of {GRID}: got {pieces.crop}")
    shape = settings_from(CollageConfig, config["model"], "model")
    objective = settings_from(CollageObjective, config["objective"], "objective")
    notes: list[str] = []
    crops = pieces.crops(call.data, notes.append)
    pictures = [] if validate is None else _pictures(validate)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)  # of the weights that the model starts from
        task = CollageTask(
            shape if config["model"] or init is None else None,
            objective,
            init=init,
            validation=pictures,
        )
    tables = {
        "train": settings.as_dict(),
        "data": pieces.as_dict(),
        "model": task.model.config.as_dict(),
        "objective": objective.as_dict(),
        "card": config["card"],
    }
    same = {"model": tables["model"], "objective": tables["objective"], "init": init}
    return run_training(
        call, task, crops, settings, tables, same, model_name=MODEL_NAME, notes=notes
    )


def _pictures(path: Path) -> list[Any]:
    """Return the pictures of a set, the test pictures if it has any, as (H, W, 3) bytes."""
    from selfsame.datasets import list_pictures
    from selfsame.datasets.readers import unseen_split
    from selfsame.io.pictures import to_uint8

    return [to_uint8(named.read("rgb")) for named in list_pictures(path, unseen_split(path))]
