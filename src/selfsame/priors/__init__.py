"""Generative models: a very deep VAE of pictures, whose last layer draws them as a collage.

The names below load on first use: settings can be read without torch.
"""

import lazy_loader

from selfsame.moved import forwarding

_attached, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
__getattr__ = forwarding(__name__, "priors.vdvae.network", attached=_attached)
