"""A valid call of every function of the compiled core."""

from itertools import chain

from support.native_calls.blocks import of_blocks
from support.native_calls.call import Call
from support.native_calls.codes import of_coding, of_collages, of_mosaics
from support.native_calls.systems import of_systems


def valid_calls() -> dict[str, Call]:
    """Return a small call of every function, by name."""
    calls = chain(of_coding(), of_blocks(), of_collages(), of_mosaics(), of_systems())
    return {name: Call(function, arguments) for name, function, arguments in calls}
