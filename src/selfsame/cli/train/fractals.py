"""``selfsame train fractals DATA -o FOLDER``: sets of fractals that look like pictures."""

from dataclasses import asdict
from typing import Any

import click

from selfsame.cli.options import given
from selfsame.cli.train.shared import (
    call_of,
    configuration,
    run_training,
    side_option,
    training_options,
)
from selfsame.lab.sets.config import LOSSES, TRAINING


@click.command("fractals")
@training_options(TRAINING)
@click.option("--fractals", type=click.IntRange(1), help="How many are learned [default: 100].")
@click.option("--maps", type=click.IntRange(1), help="Of each fractal [default: 10].")
@click.option(
    "--loss",
    type=click.Choice(LOSSES),
    help="What tells the set of fractals from that of pictures [default: gan].",
)
@side_option
def command(
    fractals: int | None, maps: int | None, loss: str | None, side: int | None, **options: Any
) -> int:
    """Learn fractals that look, as a set, like the pictures in DATA.

    DATA is an .npz or idx file or a folder of pictures, which are made grey; of a set with splits,
    the split train is learned. The folder OUTPUT gets config.json, checkpoints, a log, the folder
    codes with a code of each fractal, and codes.png, a picture of all. The same command goes on
    where it was stopped.
    """
    from selfsame.lab.sets.config import FractalSetConfig, SetObjective
    from selfsame.lab.sets.training import (
        CODES_NAME,
        SetData,
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
        "data": asdict(data),
        "model": asdict(shape),
        "objective": asdict(objective),
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
