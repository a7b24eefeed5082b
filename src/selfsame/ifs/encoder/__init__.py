"""A network that looks at a picture and proposes the maps of an IFS: a start for a fit."""

from typing import TYPE_CHECKING

from selfsame.lazy import lazy_names

if TYPE_CHECKING:
    from selfsame.ifs.encoder.network import EncoderConfig as EncoderConfig
    from selfsame.ifs.encoder.network import SetEncoder as SetEncoder
    from selfsame.ifs.encoder.start import encoder_maps as encoder_maps

_HOME = {
    "EncoderConfig": "selfsame.ifs.encoder.network",
    "SetEncoder": "selfsame.ifs.encoder.network",
    "encoder_maps": "selfsame.ifs.encoder.start",
}

__getattr__ = lazy_names(__name__, _HOME)
