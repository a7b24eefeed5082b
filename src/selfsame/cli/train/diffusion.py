"""``selfsame train diffusion DATA --space SPACE -o MODEL``: diffusion on fractal codes."""

from pathlib import Path
from typing import Any

import click

from selfsame.cli.shared.options import PATH, settings_options
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

LATENTS = "latents"
"""Folder in that of the training, for what the pictures are coded to."""

TABLES = ("train", "model", "objective", "card")
"""Of its configuration: the space says all of the pictures."""

OF_SPACE = ("space", "space_digest", "class_names")
"""Settings of the model that may be others than those of the model that is gone on from."""

SHAPE = ("width", "depth", "patch", "prediction", "schedule")
"""Settings of the model that have an option of their own."""


@click.command("diffusion")
@training_options(TRAINING)
@click.option("--space", required=True, help="Latent space that the pictures are coded in.")
@click.option(
    "--label",
    metavar="COLUMN[,COLUMN]",
    help="Of DATA, whose values, or values together, are the classes [default: its labels].",
)
@click.option(
    "--latents",
    "keep",
    type=PATH,
    help=f"Folder that keeps what the pictures are coded to [default: {LATENTS} in OUTPUT].",
)
@settings_options(DiffusionConfig, *SHAPE)
@click.option("--init", metavar="MODEL", help="Go on from a diffusion: digits, glyphs or a folder.")
def command(
    space: str, label: str | None, keep: Path | None, init: str | None, **options: Any
) -> int:
    """Train a model that makes up codes like those of the pictures in DATA.

    The pictures are coded in SPACE, which `selfsame train latents` or `selfsame latents maps` made,
    and a transformer learns to take noise away from their numbers; of pictures with labels, class
    by class. The folder OUTPUT gets config.json, latents, checkpoints, a log and the folder model,
    with a copy of SPACE. The same command goes on where it was stopped, while pictures are coded,
    too.
    """
    import torch

    from selfsame.datasets.readers import read_pictures
    from selfsame.io.files import make_folder
    from selfsame.latents import load_space
    from selfsame.latents.batches import LatentBatches, encode_set
    from selfsame.priors.diffusion.model import DiffusionModel
    from selfsame.priors.diffusion.train import DiffusionTask, new_model, shape_of
    from selfsame.run.progress import shown_progress
    from selfsame.training.config import check_kept

    call = Call(options, TRAINING, TABLES)
    objective = call.settings(DiffusionObjective, "objective")
    start = None if init is None else DiffusionModel.from_pretrained(init)
    loaded = load_space(space)
    pictures = read_pictures(call.data, "train", label=label).with_names()
    labels = None if pictures.labels is None else torch.from_numpy(pictures.labels.copy())
    names = () if labels is None else pictures.classes or ()
    known = {} if start is None else start.config.as_dict()
    implied = known | shape_of(loaded, encode_set(loaded, pictures.spread(1)), names)
    shape = call.settings(DiffusionConfig, "model", *SHAPE, implied=implied)
    if start is not None:
        check_kept(shape, start.config, "diffusion", OF_SPACE)
    make_folder(options["output"], "a training needs a folder")
    with shown_progress("encode", quiet=options["quiet"]) as progress:
        latents = encode_set(
            loaded, pictures, keep=keep or options["output"] / LATENTS, progress=progress
        )
    model = new_model(shape, latents, labels, seed=call.training.seed, start=start)
    task = DiffusionTask(model, objective, space=loaded)
    batches = LatentBatches(latents, labels, call.training.batch)
    same = {"model": shape, "objective": objective, "init": init}
    return call.run(task, batches, same=same, model=shape, objective=objective)
