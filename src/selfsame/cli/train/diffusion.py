"""``selfsame train diffusion DATA --space SPACE -o MODEL``: diffusion on fractal codes."""

from pathlib import Path
from typing import Any

import click

from selfsame.cli.shared.options import PATH, settings_options
from selfsame.cli.train.shared import Call, training_options
from selfsame.priors.conditioning.config import LABEL, SEMANTIC, TEXT
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

CONDITIONS = (LABEL, TEXT, SEMANTIC)

CHANGEABLE = ("space", "space_digest", "class_names")
"""Settings of the model that may be others than those of the model that is gone on from."""

READERS = ("context", TEXT, SEMANTIC, "attributes")
"""Settings of what may be added to a model that is gone on from."""

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
@click.option(
    "--condition",
    "conditions",
    multiple=True,
    type=click.Choice(CONDITIONS),
    help="What samples are made for; may be repeated [default: label of pictures with labels].",
)
@click.option(
    "--text",
    "columns",
    metavar="COLUMN[,COLUMN]",
    help="Of DATA, which say what pictures show [default: captions and tags in all languages].",
)
@click.option(
    "--words",
    metavar="MODEL",
    help="Encoder of texts to begin with [default: a new one, of the words of DATA].",
)
@settings_options(DiffusionConfig, *SHAPE)
@click.option("--init", metavar="MODEL", help="Go on from a diffusion: digits, glyphs or a folder.")
def command(space: str, keep: Path | None, init: str | None, **options: Any) -> int:
    """Train a model that makes up codes like those of the pictures in DATA.

    The pictures are coded in SPACE, which `selfsame train latents` or `selfsame latents maps` made,
    and a transformer learns to take noise away from their numbers: of pictures with labels class by
    class, or under another --condition: by the words of their captions, or for a short vector of
    what they show, which it learns too (semantic). The folder OUTPUT gets config.json, latents,
    checkpoints, a log and the folder model, with a copy of SPACE. The same command goes on where it
    was stopped, while pictures are coded, too.
    """
    from selfsame.datasets.readers import read_pictures
    from selfsame.io.files import make_folder
    from selfsame.latents import load_space
    from selfsame.latents.batches import LatentBatches, encode_set
    from selfsame.priors.conditioning.text import TextEncoder
    from selfsame.priors.conditioning.told import told_of
    from selfsame.priors.diffusion.model import DiffusionModel
    from selfsame.priors.diffusion.train import DiffusionTask, new_model, shape_of
    from selfsame.run.progress import shown_progress
    from selfsame.training.config import check_kept, settings_from

    call = Call(options, TRAINING, TABLES)
    objective = call.settings(DiffusionObjective, "objective")
    seed, asked = call.training.seed, call.table("model", *SHAPE)
    start = None if init is None else DiffusionModel.from_pretrained(init)
    loaded = load_space(space)
    conditions, label, words, columns = (
        options[name] for name in ("conditions", "label", "words", "columns")
    )
    if TEXT not in conditions and (words is not None or columns is not None):
        raise click.UsageError("--text and --words are of --condition text")
    if conditions and LABEL not in conditions and label is not None:
        raise click.UsageError("--label is of --condition label")
    pictures = read_pictures(call.data, "train", label=label).with_names()
    encoder = None if words is None else TextEncoder.from_pretrained(words)
    if encoder is None and start is not None and start.config.text is not None:
        encoder = start.readers.text
    told = told_of(
        pictures,
        conditions,
        asked,
        columns=columns.split(",") if columns else (),
        encoder=encoder,
        seed=seed,
    )
    known = {} if start is None else start.config.as_dict()
    of_space = shape_of(loaded, encode_set(loaded, pictures.spread(1)), told.classes)
    shape = settings_from(DiffusionConfig, known | of_space | asked | told.readers, "model")
    if start is not None:
        added = [name for name in READERS if not getattr(start.config, name)]
        check_kept(shape, start.config, "diffusion", (*CHANGEABLE, *added))
    make_folder(options["output"], "a training needs a folder")
    with shown_progress("encode", quiet=options["quiet"]) as progress:
        latents = encode_set(
            loaded, pictures, keep=keep or options["output"] / LATENTS, progress=progress
        )
    model = new_model(shape, latents, told.known.get("labels"), seed=seed, start=start)
    if told.encoder is not None and (start is None or start.config.text is None):
        model.readers.text.load_state_dict(told.encoder.state_dict())
    task = DiffusionTask(
        model,
        objective,
        space=loaded,
        known=(latents.values, told.attributes) if told.attributes else None,
    )
    batches = LatentBatches(latents, call.training.batch, told.known)
    same = {"model": shape, "objective": objective, "init": init, "words": words}
    return call.run(task, batches, same=same, model=shape, objective=objective)
