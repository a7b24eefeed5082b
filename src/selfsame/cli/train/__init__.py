"""``selfsame train KIND DATA -o FOLDER``: models of one's own."""

import click

from selfsame.cli.train import collage, diffusion, encoder, fractals, latents, text, vdvae


@click.group("train", context_settings={"help_option_names": ["-h", "--help"]})
def command() -> None:
    """Train a model of one's own."""


for kind in (collage, diffusion, encoder, fractals, latents, text, vdvae):
    command.add_command(kind.command)
