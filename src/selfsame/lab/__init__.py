"""Pre-training on fractals, and what it is good for.

The names below load on first use: ``import selfsame.lab`` stays light.
"""

from typing import TYPE_CHECKING

from selfsame.lazy import lazy_names

if TYPE_CHECKING:
    from selfsame.lab.networks.architectures import make_network as make_network
    from selfsame.lab.networks.files import load_network as load_network
    from selfsame.lab.networks.files import save_network as save_network
    from selfsame.lab.sets.config import FractalSetConfig as FractalSetConfig
    from selfsame.lab.sets.training import learn_fractals as learn_fractals

_HOME = {
    "FractalSetConfig": "selfsame.lab.sets.config",
    "learn_fractals": "selfsame.lab.sets.training",
    "load_network": "selfsame.lab.networks.files",
    "make_network": "selfsame.lab.networks.architectures",
    "save_network": "selfsame.lab.networks.files",
}

__getattr__ = lazy_names(__name__, _HOME)
