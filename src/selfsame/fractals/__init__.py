"""Data sets of fractals for pre-training, of which every picture can be made by itself.

The names below load on first use: ``import selfsame.fractals`` stays light.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
