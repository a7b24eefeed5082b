"""``selfsame train vdvae DATA -o FOLDER``: generative models of pictures."""

from pathlib import Path
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
from selfsame.priors.vdvae.config import VdvaeConfig
from selfsame.priors.vdvae.data import TRAINING, DataSettings, model_for

MODEL_NAME = "model"


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
    type=click.Path(path_type=Path),
    help="Pictures to measure the model on while it learns [default: the test split of DATA].",
)
def command(
    head: str | None,
    binarise: str | None,
    likelihood: str | None,
    side: int | None,
    validate: Path | None,
    **options: Any,
) -> int:
    """Train a model for `selfsame generate` on the pictures in DATA.

    DATA is an .npz or idx file or a folder of pictures; of a set with splits, the split train is
    learned. The folder OUTPUT gets config.json, checkpoints, a log and the folder model. The same
    command goes on where it was stopped.
    """
    import torch

    from selfsame.datasets.readers import unseen_split
    from selfsame.priors.vdvae.train import VdvaeObjective, VdvaeTask
    from selfsame.training.config import settings_from
    from selfsame.training.settings import TrainSettings

    call = call_of(options)
    config = configuration(call)
    config["model"] |= given(head=head, likelihood=likelihood)
    config["data"] |= given(binarise=binarise, side=side)
    train = {**TRAINING.as_dict(), **config["train"]}
    settings = settings_from(TrainSettings, train, "train")
    objective = settings_from(VdvaeObjective, config["objective"], "objective")
    data = settings_from(DataSettings, config["data"], "data")
    pictures = data.learned(call.data)
    data = data.for_model(pictures, config["model"])
    shape = model_for(pictures, data, config["model"])
    batches = data.batches(pictures, settings.batch)
    place = validate or (call.data if unseen_split(call.data) == "test" else None)
    validation = None if place is None else data.validation(data.unseen(place, pictures))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)  # of the weights that the model starts from
        task = VdvaeTask(shape, objective, validation=validation)
    tables = {
        "train": settings.as_dict(),
        "data": data.as_dict(),
        "model": shape.as_dict(),
        "objective": objective.as_dict(),
        "card": config["card"],
    }
    same = {"model": tables["model"], "objective": tables["objective"]}
    return run_training(
        call, task, batches, settings, tables, same, model_name=MODEL_NAME, notes=[]
    )
