"""``selfsame train fractals DATA -o FOLDER``: sets of fractals that look like pictures."""

from typing import Any

import click

from selfsame.cli.shared.fields import settings_options
from selfsame.cli.shared.options import given
from selfsame.cli.train.shared import (
    call_of,
    configuration,
    run_training,
    training_options,
)
from selfsame.lab.sets.config import TRAINING, FractalSetConfig, SetData, SetObjective


@click.command("fractals")
@training_options(TRAINING)
@settings_options(FractalSetConfig, "fractals", "maps")
@settings_options(SetObjective, "loss")
@settings_options(SetData, "side")
def command(
    fractals: int | None, maps: int | None, loss: str | None, side: int | None, **options: Any
) -> int:
    """Learn fractals that look, as a set, like the pictures in DATA.

    DATA is an .npz or idx file or a folder of pictures, which are made grey; of a set with splits,
    the split train is learned. The folder OUTPUT gets config.json, checkpoints, a log, the folder
    codes with a code of each fractal, and codes.png, a picture of all. The same command goes on
    where it was stopped.
    """
    from selfsame.lab.sets.training import (
        CODES_NAME,
        identity,
        make_task,
        padded_side,
        set_batches,
    )
    from selfsame.training.config import settings_from
    from selfsame.training.settings import TrainSettings

    call = call_of(options)
    config = configuration(call)
    config["model"] |= given(fractals=fractals, maps=maps)
    config["objective"] |= given(loss=loss)
    config["data"] |= given(side=side)
    train = {**TRAINING.as_dict(), **config["train"]}
    settings = settings_from(TrainSettings, train, "train")
    objective = settings_from(SetObjective, config["objective"], "objective")
    data = settings_from(SetData, config["data"], "data")
    pictures = data.learned(call.data)
    model = {"side": padded_side(pictures.images.shape[1]), **config["model"]}
    shape = settings_from(FractalSetConfig, model, "model")
    batches = set_batches(pictures, shape, settings.batch, data.binarise)
    task = make_task(shape, objective, seed=settings.seed)
    tables = {
        "train": settings.as_dict(),
        "data": data.as_dict(),
        "model": shape.as_dict(),
        "objective": objective.as_dict(),
        "card": config["card"],
    }
    return run_training(
        call,
        task,
        batches,
        settings,
        tables,
        identity(shape, objective),
        model_name=CODES_NAME,
        notes=[],
    )
