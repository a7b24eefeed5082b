from .network import EncoderConfig as EncoderConfig
from .network import SetEncoder as SetEncoder
from .network import encoder_maps as encoder_maps
