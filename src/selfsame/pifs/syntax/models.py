"""The models that coding starts from: probabilities and mixing weights learned from photographs."""

from functools import cache

from selfsame.coding import slots
from selfsame.coding.slots import Models
from selfsame.pifs.syntax import contexts as c


def untrained_models() -> Models:
    """Return slots of probability one half, and equal weights."""
    return slots.untrained_models(c.SLOTS, c.WEIGHT_SETS)


@cache
def initial_models() -> Models:
    """Return the slots and weights of ``Coder`` at the start of a stream; do not change them."""
    return slots.load_models("selfsame.pifs", "models.npz", c.SLOTS, c.WEIGHT_SETS)
