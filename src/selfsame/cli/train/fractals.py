"""``selfsame train fractals DATA -o FOLDER``: sets of fractals that look like pictures."""

from typing import Any

import click

from selfsame.cli.shared.options import settings_options
from selfsame.cli.train.shared import Call, training_options
from selfsame.lab.sets.config import TRAINING, FractalSetConfig, SetData, SetObjective


@click.command("fractals")
@training_options(TRAINING)
@settings_options(FractalSetConfig, "fractals", "maps")
@settings_options(SetObjective, "loss")
@settings_options(SetData, "side")
def command(**options: Any) -> int:
    """Learn fractals that look, as a set, like the pictures in DATA.

    DATA is an .npz or idx file or a folder of pictures, which are made grey; of a set with splits,
    the split train is learned. The folder OUTPUT gets config.json, checkpoints, a log, the folder
    codes with a code of each fractal, and codes.png, a picture of all. The same command goes on
    where it was stopped.
    """
    from selfsame.lab.sets.training import (
        CODES_NAME,
        make_task,
        padded_side,
        set_batches,
    )

    call = Call(options, TRAINING)
    objective = call.settings(SetObjective, "objective", "loss")
    data = call.settings(SetData, "data", "side")
    pictures = data.learned(call.data)
    implied = {"side": padded_side(pictures.images.shape[1])}
    shape = call.settings(FractalSetConfig, "model", "fractals", "maps", implied=implied)
    batches = set_batches(pictures, shape, call.training.batch, data.binarise)
    return call.run(
        make_task(shape, objective, seed=call.training.seed),
        batches,
        same={"model": shape, "objective": objective},
        model_name=CODES_NAME,
        data=data,
        model=shape,
        objective=objective,
    )
