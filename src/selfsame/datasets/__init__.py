"""Sets of small pictures, with labels where they have them.

The names below load on first use: ``import selfsame.datasets`` stays light.
"""

from typing import TYPE_CHECKING

from selfsame.lazy import lazy_names

if TYPE_CHECKING:
    from selfsame.datasets.pictures import Pictures as Pictures
    from selfsame.datasets.readers import list_pictures as list_pictures
    from selfsame.datasets.readers import read_pictures as read_pictures

_HOME = {
    "Pictures": "selfsame.datasets.pictures",
    "list_pictures": "selfsame.datasets.readers",
    "read_pictures": "selfsame.datasets.readers",
}

__getattr__ = lazy_names(__name__, _HOME)
