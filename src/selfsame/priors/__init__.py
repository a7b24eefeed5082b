"""Generative models whose latent is a fractal code.

The names below load on first use: settings can be read without torch.
"""

from typing import TYPE_CHECKING

from selfsame.lazy import lazy_names

if TYPE_CHECKING:
    from selfsame.priors.bounds import elbo as elbo
    from selfsame.priors.bounds import importance_weighted_bound as importance_weighted_bound
    from selfsame.priors.config import CollageHeadConfig as CollageHeadConfig
    from selfsame.priors.config import Level as Level
    from selfsame.priors.config import VdvaeConfig as VdvaeConfig
    from selfsame.priors.generation import generate as generate
    from selfsame.priors.generation import interpolate as interpolate
    from selfsame.priors.generation import reconstruct as reconstruct
    from selfsame.priors.storage import from_pretrained as from_pretrained
    from selfsame.priors.storage import model_card as model_card
    from selfsame.priors.storage import save_pretrained as save_pretrained
    from selfsame.priors.storage import shipped_models as shipped_models
    from selfsame.priors.vdvae import Vdvae as Vdvae

_HOME = {
    "CollageHeadConfig": "selfsame.priors.config",
    "Level": "selfsame.priors.config",
    "Vdvae": "selfsame.priors.vdvae",
    "VdvaeConfig": "selfsame.priors.config",
    "elbo": "selfsame.priors.bounds",
    "from_pretrained": "selfsame.priors.storage",
    "generate": "selfsame.priors.generation",
    "importance_weighted_bound": "selfsame.priors.bounds",
    "interpolate": "selfsame.priors.generation",
    "model_card": "selfsame.priors.storage",
    "reconstruct": "selfsame.priors.generation",
    "save_pretrained": "selfsame.priors.storage",
    "shipped_models": "selfsame.priors.storage",
}

__getattr__ = lazy_names(__name__, _HOME)
