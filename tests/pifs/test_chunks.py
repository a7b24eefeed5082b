"""PIFS codes in files: round trips, and fields that no code has."""

import sys
import zlib
from dataclasses import replace

import pytest

from selfsame.codes.store import pack, unpack
from selfsame.coding.container import alpha_chunks, container_bytes, read_container, write_container
from selfsame.errors import (
    CorruptedError,
    InputError,
    UnsupportedError,
)
from support.random_codes import random_code


def same(a, b):
    if (a.size, a.mode, a.half_chroma, a.iterations, a.deblock) != (
        b.size,
        b.mode,
        b.half_chroma,
        b.iterations,
        b.deblock,
    ):
        return False
    if (a.alpha is None) != (b.alpha is None) or (
        a.alpha is not None and (a.alpha != b.alpha).any()
    ):
        return False
    return all(
        p.step == q.step and (p.levels == q.levels).all() and (p.blocks == q.blocks).all()
        for p, q in zip(a.planes, b.planes, strict=True)
    )


SMALL = random_code(3, 30, 21, 3, True, alpha=True)


@pytest.mark.parametrize("mode", ["pure", "hybrid"])
@pytest.mark.parametrize("alpha", [False, True])
@pytest.mark.parametrize(("channels", "half"), [(1, False), (3, False), (3, True)])
def test_round_trip(mode, alpha, channels, half):
    code = random_code(9, 50, 70, channels, half, mode, alpha)
    data = pack(code)
    assert same(unpack(data), code)
    container = read_container(data)
    assert container_bytes(container.chunks) == len(data)


def test_a_step_between_two_of_the_file_is_refused():
    plane = replace(SMALL.planes[0], step=1.001)
    with pytest.raises(InputError, match="multiple of"):
        pack(replace(SMALL, planes=(plane, *SMALL.planes[1:])))


def test_a_small_file_that_claims_a_huge_picture_takes_little_memory():
    data = pack(replace(SMALL, alpha=None))
    container = read_container(data)
    claimed = write_container(
        replace(container, header=container.header._replace(width=65535, height=2000))
    )
    resource = pytest.importorskip("resource")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(CorruptedError, match="damaged"):
        unpack(claimed)
    # Planes of 1.8 GB are asked for, of which next to nothing may be touched.
    kibibytes = 1024 if sys.platform == "darwin" else 1
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000 * kibibytes


def changed(**fields):
    container = read_container(pack(SMALL))
    pifs = bytearray(container.chunks[0].payload)
    for offset, value in fields.get("pifs", {}).items():
        pifs[offset] = value
    chunks = [container.chunks[0]._replace(payload=bytes(pifs)), *container.chunks[1:]]
    if "alpha" in fields:
        chunks[1] = chunks[1]._replace(payload=fields["alpha"])
    return write_container(replace(container, chunks=tuple(chunks[: fields.get("keep", 2)])))


@pytest.mark.parametrize(
    ("fields", "error", "message"),
    [
        ({"pifs": {0: 8}}, UnsupportedError, "flags"),
        ({"pifs": {1: 65}}, CorruptedError, "iterations"),
        ({"pifs": {2: 8}}, CorruptedError, "deblock"),
        ({"pifs": {3: 0, 4: 0}}, CorruptedError, "step"),
        ({"keep": 1}, CorruptedError, "ALPH"),
        ({"alpha": b"no zlib"}, CorruptedError, "zlib"),
        ({"alpha": zlib.compress(b"short")}, CorruptedError, "630 bytes"),
        ({"alpha": zlib.compress(bytes(10**7))}, CorruptedError, "630 bytes"),
        ({"alpha": alpha_chunks(SMALL.alpha)[0].payload + b"x"}, CorruptedError, "630 bytes"),
    ],
)
def test_impossible_fields_are_named(fields, error, message):
    with pytest.raises(error, match=message):
        unpack(changed(**fields))
