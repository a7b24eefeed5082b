"""Pre-training on fractals, and what it is good for.

The names below load on first use: ``import selfsame.pretrain`` stays light.
"""

from typing import TYPE_CHECKING

from selfsame.lazy import lazy_names

if TYPE_CHECKING:
    from selfsame.pretrain.network_files import load_network as load_network
    from selfsame.pretrain.network_files import save_network as save_network
    from selfsame.pretrain.networks import make_network as make_network
    from selfsame.pretrain.set_config import FractalSetConfig as FractalSetConfig
    from selfsame.pretrain.set_training import learn_fractals as learn_fractals

_HOME = {
    "FractalSetConfig": "selfsame.pretrain.set_config",
    "learn_fractals": "selfsame.pretrain.set_training",
    "load_network": "selfsame.pretrain.network_files",
    "make_network": "selfsame.pretrain.networks",
    "save_network": "selfsame.pretrain.network_files",
}

__getattr__ = lazy_names(__name__, _HOME)
