"""A network that looks at a picture and proposes the maps of an IFS: a start for a fit."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
