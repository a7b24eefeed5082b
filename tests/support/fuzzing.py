"""Damaged inputs from a seed, and what a reader makes of them. A test of damage counts both sides:
a reader that refuses everything, or accepts everything, passes any test that counts only one."""

import random

DIGITS = b"0123456789"


def damaged_copies(data, count, seed=0, most=3, cut=0.0, among=range(256)):
    """``count`` copies of ``data``, each with one to ``most`` bytes made others.

    Args:
        cut: the share of the copies that end early too.
        among: only bytes of these change, to others of these: digits leave a text well-formed.
    """
    rng = random.Random(seed)
    places = [place for place, value in enumerate(data) if value in among]
    for _ in range(count):
        copy = bytearray(data)
        for _ in range(rng.randint(1, most)):
            place = rng.choice(places)
            copy[place] = rng.choice([value for value in among if value != copy[place]])
        if rng.random() < cut:
            del copy[rng.randrange(len(copy)) :]
        yield bytes(copy)


def outcomes(read, inputs, errors):
    """What ``read`` returned for the inputs that it accepts, and what it raised of ``errors`` for
    the others; whatever else it raises fails the test."""
    accepted, refused = [], []
    for data in inputs:
        try:
            value = read(data)
        except errors as error:
            refused.append(error)
        else:
            accepted.append(value)
    assert all(str(error) for error in refused)
    return accepted, refused
