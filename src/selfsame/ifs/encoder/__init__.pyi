from .network import EncoderConfig as EncoderConfig
from .network import SetEncoder as SetEncoder
from .start import encoder_maps as encoder_maps
from .storage import load_encoder as load_encoder
from .storage import save_encoder as save_encoder
