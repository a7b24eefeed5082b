"""Which decoder a code needs: codes name one by its fingerprint."""

from selfsame.collage.code import CollageCode
from selfsame.collage.network.model import CollageDecoder, CollageModel, loaded_decoders
from selfsame.errors import InputError


def decoder_of(code: CollageCode) -> CollageDecoder:
    """Return the half of a model that a code needs: of one that was loaded, or that ships.

    Raises:
        InputError: no model at hand has the fingerprint that the code names.
    """
    if code.fingerprint not in loaded_decoders and code.model in CollageModel.shipped():
        CollageModel.from_pretrained(code.model)
    if code.fingerprint not in loaded_decoders:
        raise InputError(
            f"the file was made with model {code.model!r} (fingerprint {code.fingerprint.hex()}), "
            "which is not at hand; give its folder (--model PATH, or CollageModel.from_pretrained)"
        )
    return loaded_decoders[code.fingerprint]
