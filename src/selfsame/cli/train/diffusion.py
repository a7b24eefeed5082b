"""``selfsame train diffusion DATA --space SPACE -o MODEL``: diffusion on fractal codes."""

from typing import Any

import click

from selfsame.cli.shared.options import settings_options
from selfsame.cli.train.shared import Call, training_options
from selfsame.priors.diffusion.config import DiffusionConfig, DiffusionObjective
from selfsame.training.settings import TrainSettings

TRAINING = TrainSettings(
    steps=20_000,
    batch=128,
    lr=1e-3,
    warmup_steps=500,
    ema_decay=0.9995,
    log_every=100,
    validate_every=0,
    checkpoint_every=1000,
)
"""How a diffusion is trained unless told otherwise."""

SHAPE = ("width", "depth", "prediction", "schedule")
"""Settings of the model that have an option of their own."""


@click.command("diffusion")
@training_options(TRAINING)
@click.option("--space", required=True, help="Latent space that the pictures are coded in.")
@click.option("--label", help="Column of DATA whose values are the classes [default: its labels].")
@settings_options(DiffusionConfig, *SHAPE)
def command(space: str, label: str | None, **options: Any) -> int:
    """Train a model that makes up codes like those of the pictures in DATA.

    The pictures are coded in SPACE, which `selfsame train latents` made, and a transformer learns
    to take noise away from their numbers; of pictures with labels, class by class. The folder
    OUTPUT gets config.json, checkpoints, a log and the folder model, with a copy of SPACE. The same
    command goes on where it was stopped.
    """
    import torch

    from selfsame.datasets.readers import read_pictures
    from selfsame.latents import CollageSpace
    from selfsame.latents.batches import LatentBatches, encode_set
    from selfsame.priors.diffusion.model import DiffusionModel
    from selfsame.priors.diffusion.train import DiffusionTask
    from selfsame.run.progress import shown_progress

    call = Call(options, TRAINING)
    objective = call.settings(DiffusionObjective, "objective")
    loaded = CollageSpace.from_pretrained(space)
    pictures = read_pictures(call.data, "train", label=label)
    labels = None if pictures.labels is None else torch.from_numpy(pictures.labels.copy())
    names = pictures.classes or ()
    rows = loaded.model.config.rows
    implied = {
        "tokens": loaded.tokens,
        "numbers": len(loaded.fields),
        "grid": (rows, rows),
        "classes": 0 if labels is None else len(names) or int(labels.max()) + 1,
        "class_names": names,
        "space": loaded.name,
        "space_digest": loaded.fingerprint.hex(),
    }
    shape = call.settings(DiffusionConfig, "model", *SHAPE, implied=implied)
    with shown_progress("encode", quiet=options["quiet"]) as progress:
        values = encode_set(loaded, pictures, progress=progress).values
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(call.training.seed)  # of the weights that the model starts from
        model = DiffusionModel(shape)
    model.learn_scale(values)
    task = DiffusionTask(model, objective, space=loaded)
    batches = LatentBatches(values, labels, call.training.batch)
    same = {"model": shape.as_dict(), "objective": objective.as_dict()}
    return call.run(task, batches, same=same, model=shape, objective=objective)
