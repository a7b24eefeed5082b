"""The compiled core against callers from within: whatever arrays and numbers come, a call does its
work or is refused by an ordinary error. That it touches no foreign memory is seen with sanitizers:
``make sanitized``."""

import zlib

import pytest

from selfsame._native import coding, collage, fractals, ifs, mosaic, pifs, testing
from support.fuzzing import outcomes
from support.native_calls import valid_calls
from support.native_calls.call import hostile_calls

CALLS = valid_calls()
COUNT = 100
REFUSALS = (ValueError, IndexError, TypeError, MemoryError)


def test_every_function_of_the_core_has_a_call():
    ours = {call.function for call in CALLS.values()}
    small = {testing.tables, pifs.map_slots, testing.mix64}  # of nothing, or of one number
    for module in (coding, pifs, collage, mosaic, ifs, fractals, testing):
        functions = {value for value in vars(module).values() if type(value).__name__ == "nb_func"}
        assert functions - small <= ours


@pytest.mark.parametrize("name", CALLS)
def test_calls_are_answered_or_refused(name):
    assert CALLS[name]() is not NotImplemented
    changed = hostile_calls(CALLS[name], COUNT, zlib.crc32(name.encode()))
    accepted, refused = outcomes(lambda call: call(), changed, REFUSALS)
    assert len(accepted) > COUNT // 20
    assert len(refused) > 0
