"""``selfsame train encoder -o FOLDER``: networks that propose starts for a fit."""

from typing import Any

import click

from selfsame.cli.train.shared import Call, training_options
from selfsame.lab.encoder.recipe import TRAINING


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

    call = Call(options, TRAINING, ("train", "model", "card"))
    shape = call.settings(EncoderConfig, "model")
    settings = call.training
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)  # of the weights that the network starts from
        task = EncoderTask(shape)
    doodles = DoodleBatches(shape.side, settings.batch, settings.steps)
    return call.run(task, doodles, same={"model": shape}, model=shape)
