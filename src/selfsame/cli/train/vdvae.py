"""``selfsame train vdvae DATA -o FOLDER``: generative models of pictures."""

from pathlib import Path
from typing import Any

import click

from selfsame.cli.shared.options import PATH, settings_options
from selfsame.cli.train.shared import Call, training_options, validation_place
from selfsame.priors.vdvae.config import VdvaeConfig
from selfsame.priors.vdvae.data import TRAINING, DataSettings, model_for


@click.command("vdvae")
@training_options(TRAINING)
@settings_options(VdvaeConfig, "head")
@settings_options(DataSettings, "binarise")
@settings_options(
    VdvaeConfig,
    "likelihood",
    help={
        "likelihood": "Of the pixels [default: bernoulli, or logistic-mixture if nothing is "
        "binarised]."
    },
)
@settings_options(DataSettings, "side")
@click.option(
    "--validate",
    type=PATH,
    help="Pictures to measure the model on while it learns [default: the test split of DATA].",
)
def command(validate: Path | None, **options: Any) -> int:
    """Train a model for `selfsame generate` on the pictures in DATA.

    DATA is an .npz or idx file or a folder of pictures; of a set with splits, the split train is
    learned. The folder OUTPUT gets config.json, checkpoints, a log and the folder model. The same
    command goes on where it was stopped.
    """
    import torch

    from selfsame.priors.vdvae.train import VdvaeObjective, VdvaeTask

    call = Call(options, TRAINING)
    objective = call.settings(VdvaeObjective, "objective")
    table = call.table("model", "head", "likelihood")
    data = call.settings(DataSettings, "data", "binarise", "side")
    pictures = data.learned(call.data)
    data = data.for_model(pictures, table)
    shape = model_for(pictures, data, table)
    batches = data.batches(pictures, call.training.batch)
    place = validation_place(validate, call.data)
    validation = None if place is None else data.validation(data.unseen(place, pictures))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(call.training.seed)  # of the weights that the model starts from
        task = VdvaeTask(shape, objective, validation=validation)
    same = {"model": shape, "objective": objective}
    return call.run(task, batches, same=same, data=data, model=shape, objective=objective)
