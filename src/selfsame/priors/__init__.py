"""Generative models whose latent is a fractal code.

The names below load on first use: settings can be read without torch.
"""

from typing import TYPE_CHECKING

from selfsame.lazy import lazy_names

if TYPE_CHECKING:
    from selfsame.priors.generation import generate as generate
    from selfsame.priors.generation import interpolate as interpolate
    from selfsame.priors.generation import reconstruct as reconstruct
    from selfsame.priors.vdvae.bounds import elbo as elbo
    from selfsame.priors.vdvae.bounds import importance_weighted_bound as importance_weighted_bound
    from selfsame.priors.vdvae.config import CollageHeadConfig as CollageHeadConfig
    from selfsame.priors.vdvae.config import Level as Level
    from selfsame.priors.vdvae.config import VdvaeConfig as VdvaeConfig
    from selfsame.priors.vdvae.network import Vdvae as Vdvae

_HOME = {
    "CollageHeadConfig": "selfsame.priors.vdvae.config",
    "Level": "selfsame.priors.vdvae.config",
    "Vdvae": "selfsame.priors.vdvae.network",
    "VdvaeConfig": "selfsame.priors.vdvae.config",
    "elbo": "selfsame.priors.vdvae.bounds",
    "generate": "selfsame.priors.generation",
    "importance_weighted_bound": "selfsame.priors.vdvae.bounds",
    "interpolate": "selfsame.priors.generation",
    "reconstruct": "selfsame.priors.generation",
}

__getattr__ = lazy_names(__name__, _HOME)
