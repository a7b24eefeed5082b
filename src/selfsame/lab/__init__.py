"""Pre-training on fractals, and what it is good for.

The names below load on first use: ``import selfsame.lab`` stays light.
"""

from typing import TYPE_CHECKING

from selfsame.lazy import lazy_names

if TYPE_CHECKING:
    from selfsame.lab.networks.architectures import Network as Network
    from selfsame.lab.networks.architectures import make_network as make_network
    from selfsame.lab.sets.config import FractalSetConfig as FractalSetConfig
    from selfsame.lab.sets.training import learn_fractals as learn_fractals

_HOME = {
    "FractalSetConfig": "selfsame.lab.sets.config",
    "Network": "selfsame.lab.networks.architectures",
    "learn_fractals": "selfsame.lab.sets.training",
    "make_network": "selfsame.lab.networks.architectures",
}

__getattr__ = lazy_names(__name__, _HOME)
