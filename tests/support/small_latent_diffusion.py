"""A small diffusion with its space, in a folder as a training writes it."""

from pathlib import Path

from selfsame.latents import CollageSpace
from selfsame.priors.diffusion.latent import LatentDiffusion
from support.small_diffusion import small_diffusion
from support.small_grid import small_grid_model


def small_latent_diffusion(folder: Path, **options) -> LatentDiffusion:
    """Return what is in ``folder`` afterwards: 2x2 cells of 3 numbers, pictures of 16x16 pixels."""
    grid = small_grid_model(cell=8, side=16, range_size=4)
    grid.name = "own"
    grid.save_pretrained(folder / "own")
    space = CollageSpace.from_pretrained(folder / "own")
    told = {"space": space.name, "space_digest": space.fingerprint.hex(), "grid": (2, 2)}
    model = small_diffusion(**told | options)
    LatentDiffusion(model, space).save_pretrained(folder / "model")
    return LatentDiffusion.from_pretrained(folder / "model")
