"""Pre-training on fractals, and what it is good for.

The names below load on first use: ``import selfsame.pretrain`` stays light.
"""

from typing import TYPE_CHECKING

from selfsame.lazy import lazy_names

if TYPE_CHECKING:
    from selfsame.pretrain.networks import make_network as make_network

_HOME = {
    "make_network": "selfsame.pretrain.networks",
}

__getattr__ = lazy_names(__name__, _HOME)
