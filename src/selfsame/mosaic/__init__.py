"""Pictures made of themselves: ``fit`` one, ``render`` it at any size, zoom into it without end."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
