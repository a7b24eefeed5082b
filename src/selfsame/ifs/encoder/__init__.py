"""A network that looks at a picture and proposes the maps of an IFS: a start for a fit."""

import lazy_loader

from selfsame.moved import renaming

_attached, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
__getattr__ = renaming(__name__, _attached, "ifs.encoder.network")
