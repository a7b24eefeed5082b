"""``selfsame train KIND DATA -o FOLDER``: models of one's own."""

import click

from selfsame.cli.train import (
    collage as train_collage,
)
from selfsame.cli.train import (
    encoder as train_encoder,
)
from selfsame.cli.train import (
    fractals as train_fractals,
)
from selfsame.cli.train import (
    vdvae as train_vdvae,
)


@click.group("train", context_settings={"help_option_names": ["-h", "--help"]})
def command() -> None:
    """Train a model of one's own."""


command.add_command(train_collage.command)
command.add_command(train_encoder.command)
command.add_command(train_fractals.command)
command.add_command(train_vdvae.command)
