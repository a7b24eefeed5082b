"""``selfsame train KIND DATA -o FOLDER``: models of one's own."""

import click

from selfsame.cli import train_collage, train_encoder, train_fractals, train_vdvae


@click.group("train", context_settings={"help_option_names": ["-h", "--help"]})
def command() -> None:
    """Train a model of one's own."""


command.add_command(train_collage.command)
command.add_command(train_encoder.command)
command.add_command(train_fractals.command)
command.add_command(train_vdvae.command)
