"""Images as the parameters of self-similar maps.

The names below load on first use, so that ``import selfsame`` stays light:
torch is not imported before something needs it.
"""

import lazy_loader

from selfsame import extras, moved
from selfsame.codes import pillow as _pillow  # noqa: F401  (opens and saves .ssm)

extras.install()
moved.install()

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
