from .networks.architectures import Network as Network
from .networks.architectures import make_network as make_network
from .sets.config import FractalSetConfig as FractalSetConfig
from .sets.training import learn_fractals as learn_fractals
