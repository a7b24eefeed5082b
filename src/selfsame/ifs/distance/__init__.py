"""Distance fields of recursions of similitudes, and fitting through them (Scott 2022)."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
