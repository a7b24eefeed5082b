"""Pre-training on fractals, and what it is good for.

The names below load on first use: ``import selfsame.lab`` stays light.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
