"""Pictures made of themselves: ``fit`` one, ``render`` it at any size, zoom into it without end.

The names below load on first use, so that reading a code does not wait for a compiler.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
