"""Sets of small pictures, with labels where they have them.

The names below load on first use: ``import selfsame.datasets`` stays light.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
