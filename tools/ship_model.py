"""Write a trained model as it ships, in 8 bits, with its card: `tools/ship_model.py SOURCE NAME`.

Of a space, the first and the last layers of the decoder stay in half precision: there, 8 bits would
be seen as a grain.

It goes to the folder ``models`` of its kind, such as ``src/selfsame/collage/grid/models/digits``.
A space goes first: the diffusion in it is told that its space now has the fingerprint of the one
that ships by its name, whose numbers differ by the rounding of weights.
"""

import sys
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Any

import torch

from selfsame.collage.grid.network.model import GridModel
from selfsame.io.model_file import Pretrained
from selfsame.io.model_place import kind_at
from selfsame.io.model_weights import rounded
from selfsame.priors.diffusion.model import DiffusionModel

IN_HALF = (
    "decoder.numbers.weight",
    "decoder.hidden.weight",
    "decoder.stem.weight",
    "decoder.mixer.places",
)

KINDS: dict[str, type[Pretrained]] = {"grid": GridModel, "diffusion": DiffusionModel}


def ship(source: str, called: str) -> Path:
    """Write a model into the package and return its folder."""
    kind = KINDS[str(kind_at(source))]
    model: Any = kind.from_pretrained(source)
    if isinstance(model, DiffusionModel):
        space = GridModel.from_pretrained(model.config.space)
        digest = space.decoder.fingerprint().hex()
        model.config = replace(model.config, space_digest=digest)
    place = Path(str(resources.files(kind.home))) / "models" / called
    place.parent.mkdir(exist_ok=True)
    card = {**kind.card_of(source), "weights": "8 bits"}
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            dtype = torch.float16 if name in IN_HALF else torch.int8
            parameter.copy_(rounded(parameter, dtype))
    model.save_pretrained(place, card, dtype="exact")
    return place


if __name__ == "__main__":
    print(ship(*sys.argv[1:]))
