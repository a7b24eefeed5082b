"""The tables that coding starts from: probabilities and mixing weights learned from photographs."""

from functools import cache

from selfsame.coding import slots
from selfsame.coding.slots import Tables
from selfsame.pifs.syntax import contexts as c


def untrained_tables() -> Tables:
    """Return slots of probability one half, and equal weights."""
    return slots.untrained_tables(c.SLOTS, c.WEIGHT_SETS)


@cache
def initial_tables() -> Tables:
    """Return the slots and weights of ``Coder`` at the start of a stream; do not change them."""
    return slots.load_tables("selfsame.pifs", "tables.npz", c.SLOTS, c.WEIGHT_SETS)
