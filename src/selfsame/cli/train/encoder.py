"""``selfsame train encoder -o FOLDER``: networks that propose starts for a fit."""

from typing import Any

import click

from selfsame.cli.train.shared import call_of, configuration, run_training, training_options
from selfsame.lab.encoder.recipe import TRAINING

MODEL_NAME = "model"
TABLES = ("train", "model", "card")


@click.command("encoder")
@training_options(TRAINING, takes_data=False)
def command(**options: Any) -> int:
    """Train a network for `selfsame fit --init encoder`.

    It learns from pictures that are made up as it goes, new ones in every step. The folder OUTPUT
    gets config.json, checkpoints, a log and the folder model. The same command goes on where it was
    stopped.
    """
    import torch

    from selfsame.ifs.encoder import EncoderConfig
    from selfsame.lab.encoder.training import DoodleBatches, EncoderTask
    from selfsame.training.config import settings_from
    from selfsame.training.settings import TrainSettings

    call = call_of(options)
    config = configuration(call, TABLES)
    settings = settings_from(TrainSettings, {**TRAINING.as_dict(), **config["train"]}, "train")
    shape = settings_from(EncoderConfig, config["model"], "model")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)  # of the weights that the network starts from
        task = EncoderTask(shape)
    tables = {
        "train": settings.as_dict(),
        "model": shape.as_dict(),
        "card": config["card"],
    }
    same = {"model": tables["model"]}
    doodles = DoodleBatches(shape.side, settings.batch, settings.steps)
    return run_training(
        call, task, doodles, settings, tables, same, model_name=MODEL_NAME, notes=[]
    )
