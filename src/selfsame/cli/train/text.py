"""``selfsame train text DATA --teacher MODEL -o MODEL``: encoders of words."""

from typing import Any

import click

from selfsame.cli.shared.options import settings_options
from selfsame.cli.train.shared import Call, training_options
from selfsame.priors.conditioning.config import TextConfig
from selfsame.training.settings import TrainSettings

TRAINING = TrainSettings(
    steps=20_000,
    batch=256,
    lr=2e-3,
    warmup_steps=500,
    ema_decay=0.999,
    log_every=100,
    validate_every=0,
    checkpoint_every=1000,
)
"""How an encoder of texts is trained unless told otherwise."""

TABLES = ("train", "model", "card")
"""Of its configuration."""

SHAPE = ("width", "depth", "longest")
"""Settings of the model that have an option of their own."""

PIECES = 16_000
MEANINGS = "meanings"


@click.command("text")
@training_options(TRAINING)
@click.option(
    "--teacher",
    required=True,
    metavar="MODEL",
    help="Sentence model to learn from: a folder of transformers, or a Python package with one.",
)
@click.option(
    "--pieces",
    type=click.IntRange(100, 1_000_000),
    default=PIECES,
    show_default=True,
    help="Words and parts of words that are told apart, at most.",
)
@settings_options(TextConfig, *SHAPE)
def command(teacher: str, pieces: int, **options: Any) -> int:
    """Train an encoder of texts for `selfsame train diffusion --condition text --words`.

    It learns what the teacher, a large model of sentences, says of its own words and of the
    captions and tags in DATA; of these in other languages, what it says of the English ones. The
    folder OUTPUT gets config.json, what the teacher said, checkpoints, a log and the folder model.
    The same command goes on where it was stopped.
    """
    import torch

    from selfsame.datasets.readers import read_pictures
    from selfsame.io.files import make_folder
    from selfsame.priors.conditioning.sentences import SentenceModel
    from selfsame.priors.conditioning.teaching import (
        LessonBatches,
        TextTask,
        lessons_of,
        meanings_of,
    )
    from selfsame.priors.conditioning.text import new_encoder
    from selfsame.run.progress import shown_progress

    call = Call(options, TRAINING, TABLES)
    model = SentenceModel(teacher)
    lessons = lessons_of(read_pictures(call.data, "train").columns, model.words)
    english = sorted(set(lessons.english))
    make_folder(options["output"], "a training needs a folder")
    with shown_progress("teacher", quiet=options["quiet"]) as progress:
        meanings = meanings_of(model, english, options["output"] / MEANINGS, progress)
    shape = call.settings(TextConfig, "model", *SHAPE, implied={"taught": meanings.shape[1]})
    encoder = new_encoder(lessons.texts, shape, pieces=pieces, seed=call.training.seed)
    numbers = {text: number for number, text in enumerate(english)}
    batches = LessonBatches(
        encoder.ids(lessons.texts),
        meanings,
        torch.tensor([numbers[text] for text in lessons.english]),
        call.training.batch,
    )
    same = {"model": encoder.config}
    return call.run(TextTask(encoder), batches, same=same, model=encoder.config)
