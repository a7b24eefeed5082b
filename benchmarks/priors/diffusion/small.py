"""Small models, hardly trained, for quick runs of ``codes.py`` without any."""

import argparse
from dataclasses import replace
from pathlib import Path

import torch

from benchmarks.priors.diffusion.pixels import PixelSpace, train_on
from benchmarks.priors.digits import Data
from benchmarks.priors.subjects import untrained
from selfsame.cli.train.diffusion import TRAINING
from selfsame.collage.grid.network.config import GridConfig
from selfsame.collage.grid.network.model import GridModel
from selfsame.latents import CollageSpace

SETTINGS = replace(
    TRAINING, steps=2, batch=4, warmup_steps=1, checkpoint_every=1, log_every=1, keep=2
)
SHAPE = {"width": 8, "depth": 1, "heads": 2}


def make_models(folder: Path, data: Data, options: argparse.Namespace) -> None:
    """Write models of all kinds into a folder, and let the options name them."""
    side = data.train.images.shape[1]
    with torch.random.fork_rng([]):
        torch.manual_seed(0)
        config = GridConfig(side=side, numbers=2, width=8, blocks=0, aux_blocks=4)
        GridModel(config).save_pretrained(folder / "space")
    space, pixels = CollageSpace.from_pretrained(folder / "space"), PixelSpace(side)
    places = (folder / "codes", folder / "pixels")
    for of, place in zip((space, pixels), places, strict=True):
        train_on(of, data.train, place, SETTINGS, SHAPE)
    options.space, options.model, options.pixels = map(str, (folder / "space", *places))
    options.vdvae = str(folder / "vdvae")
    untrained("collage").save_pretrained(options.vdvae)
