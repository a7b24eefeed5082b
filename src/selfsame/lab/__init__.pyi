from .networks.architectures import make_network as make_network
from .networks.files import load_network as load_network
from .networks.files import save_network as save_network
from .sets.config import FractalSetConfig as FractalSetConfig
from .sets.training import learn_fractals as learn_fractals
