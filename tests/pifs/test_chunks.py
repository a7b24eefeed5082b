"""PIFS codes in files: round trips, and thousands of damaged files."""

import sys
import zlib
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from selfsame.codes.store import pack, unpack
from selfsame.coding.container import alpha_chunks, container_bytes, read_container, write_container
from selfsame.errors import (
    CorruptedError,
    FormatError,
    InputError,
    TruncatedError,
    UnsupportedError,
)
from selfsame.pifs.decoding import decode as picture_decoder
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


def test_every_cut_is_named():
    data = pack(SMALL)
    for length in range(len(data)):
        with pytest.raises(TruncatedError, match=r"the file ends|the file has .* left"):
            unpack(data[:length])


def outcome(data):
    """Decode to the picture; whatever comes is a picture or a named error."""
    try:
        code = unpack(data)
    except FormatError:
        return "refused"
    picture = picture_decoder.decode(code)
    assert np.isfinite(picture).all()
    assert picture.shape[:2] == (code.height, code.width)
    return "decoded"


def resealed(data, rng):
    """The file with bytes of one chunk changed and its checksum right again."""
    container = read_container(data)
    chunks = list(container.chunks)
    i = int(rng.integers(len(chunks)))
    payload = bytearray(chunks[i].payload)
    for _ in range(int(rng.integers(1, 5))):
        payload[int(rng.integers(len(payload)))] = int(rng.integers(256))
    if rng.random() < 0.2:
        payload = payload[: int(rng.integers(len(payload)))]
    chunks[i] = chunks[i]._replace(payload=bytes(payload))
    return write_container(replace(container, chunks=tuple(chunks)))


@pytest.mark.parametrize("mode", ["pure", "hybrid"])
def test_damage_behind_a_right_checksum_is_named_or_decodes(mode):
    rng = np.random.default_rng(4)
    seen = Counter()
    for seed in range(6):
        data = pack(random_code(seed, 40, 52, 3, seed % 2 == 0, mode, alpha=seed % 3 == 0))
        seen.update(outcome(resealed(data, rng)) for _ in range(200))
    assert seen["refused"] > 600
    assert seen["decoded"] > 50


def test_flipped_bits_never_pass_the_checksums():
    rng = np.random.default_rng(5)
    data = pack(SMALL)
    for _ in range(1500):
        damaged = bytearray(data)
        damaged[int(rng.integers(len(data)))] ^= 1 << int(rng.integers(8))
        with pytest.raises(FormatError, match=r"chunk|signature|Selfsame file|version"):
            unpack(bytes(damaged))


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
