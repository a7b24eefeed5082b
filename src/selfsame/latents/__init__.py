"""Latent spaces: pictures as tokens of numbers that priors model, and that are codes.

The names below load on first use.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
