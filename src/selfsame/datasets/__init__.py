"""Sets of small pictures, with labels where they have them.

The names below load on first use: ``import selfsame.datasets`` stays light.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from selfsame.datasets.pictures import Pictures as Pictures
    from selfsame.datasets.readers import read_pictures as read_pictures

_HOME = {
    "Pictures": "selfsame.datasets.pictures",
    "read_pictures": "selfsame.datasets.readers",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value
