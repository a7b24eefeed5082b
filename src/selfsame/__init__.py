"""Images as the parameters of self-similar maps.

The names below load on first use, so that ``import selfsame`` stays light:
neither torch nor numba is imported before something needs them.
"""

from typing import TYPE_CHECKING

from selfsame.codes import pillow as _pillow_plugin  # noqa: F401  (opens and saves .ssm)
from selfsame.lazy import lazy_names

__version__ = "0.1.0"

if TYPE_CHECKING:
    from selfsame.codes.encode import decode as decode
    from selfsame.codes.encode import encode as encode
    from selfsame.codes.store import load as load
    from selfsame.codes.store import save as save
    from selfsame.collage.code import CollageCode as CollageCode
    from selfsame.errors import FormatError as FormatError
    from selfsame.errors import InputError as InputError
    from selfsame.errors import SelfsameError as SelfsameError
    from selfsame.ifs.code import IFSCode as IFSCode
    from selfsame.ifs.fit import fit as fit
    from selfsame.ifs.render.pictures import render as render
    from selfsame.ifs.system import IFS as IFS
    from selfsame.pifs.code import PifsCode as PifsCode

_HOME = {
    "CollageCode": "selfsame.collage.code",
    "IFS": "selfsame.ifs.system",
    "IFSCode": "selfsame.ifs.code",
    "FormatError": "selfsame.errors",
    "InputError": "selfsame.errors",
    "PifsCode": "selfsame.pifs.code",
    "SelfsameError": "selfsame.errors",
    "decode": "selfsame.codes.encode",
    "encode": "selfsame.codes.encode",
    "fit": "selfsame.ifs.fit",
    "load": "selfsame.codes.store",
    "render": "selfsame.ifs.render.pictures",
    "save": "selfsame.codes.store",
}

__all__ = [*sorted(_HOME), "__version__"]

__getattr__ = lazy_names(__name__, _HOME)


def __dir__() -> list[str]:
    return __all__
