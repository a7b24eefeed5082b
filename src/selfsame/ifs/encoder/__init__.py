"""A network that looks at a picture and proposes the maps of an IFS: a start for a fit."""

import lazy_loader

from selfsame.moved import forwarding

_attached, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
__getattr__ = forwarding(__name__, "ifs.encoder.network", attached=_attached)
