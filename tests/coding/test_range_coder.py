"""The range coder: what is written is read, at the price that information theory asks."""

import hashlib

import numpy as np
import pytest

from selfsame._native.coding import MAX_INPUTS
from selfsame._native.testing import Decoder, Encoder, tables

SLOTS = 64


def models():
    return np.full(SLOTS, 1 << 31, np.uint32), np.full((2, MAX_INPUTS), 20000, np.int32)


def run(coder, bits, contexts):
    """Code the bits, by turns mixed, adaptive and plain, and return those that came out."""
    out = []
    for i, context in enumerate(contexts.tolist()):
        bit = -1 if bits is None else int(bits[i])
        if i % 3 == 0:
            out.append(coder.mixed(bit, (context, context // 2, 40), context % 2))
        elif i % 3 == 1:
            out.append(coder.adaptive(bit, context))
        else:
            out.append(coder.plain(bit))
    return np.array(out)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("p", [0.5, 0.02, 0.999])
def test_round_trip(seed, p):
    rng = np.random.default_rng(seed)
    bits = rng.random(3000) < p
    contexts = rng.integers(0, 32, bits.size)
    writer = Encoder(*models())
    run(writer, bits, contexts)
    reader = Decoder(*models(), writer.finished())
    assert (run(reader, None, contexts) == bits).all()
    assert (reader.slots == writer.slots).all()
    assert (reader.weights == writer.weights).all()
    assert not reader.is_overrun


def test_skewed_bits_cost_about_their_entropy():
    rng = np.random.default_rng(1)
    p = 0.05
    bits = (rng.random(40000) < p).astype(int)
    writer = Encoder(*models())
    for bit in bits.tolist():
        writer.adaptive(bit, 3)
    length = len(writer.finished())
    ones = bits.mean()
    entropy = -bits.size * (ones * np.log2(ones) + (1 - ones) * np.log2(1 - ones)) / 8
    assert entropy * 0.99 < length < entropy * 1.02
    assert writer.spent / 8 == pytest.approx(length, rel=0.01)


def test_mixing_finds_the_context_that_knows():
    rng = np.random.default_rng(2)
    bits = rng.integers(0, 2, 8000)
    sizes = []
    for informed in (False, True):
        writer = Encoder(*models())
        for bit in bits.tolist():
            writer.mixed(bit, (1, 10 + bit if informed else 10, 20), 0)
        sizes.append(len(writer.finished()))
    assert sizes[0] > 990
    assert sizes[1] < 0.1 * sizes[0]


def test_bytes_behind_the_end_are_zeros_and_counted():
    reader = Decoder(*models(), b"")
    for read in range(100):
        assert reader.is_overrun == (read >= 40)
        assert reader.plain(-1) == 1


def test_slots_and_weights_that_are_not_there_are_refused():
    writer = Encoder(*models())
    with pytest.raises(IndexError, match="out of bounds"):
        writer.adaptive(1, SLOTS)
    with pytest.raises(IndexError, match="out of bounds"):
        writer.mixed(1, (0, 0, 0), 2)


def test_tables_are_those_of_the_format():
    """Files depend on every entry; a platform that rounds one otherwise must fail here."""
    joined = b"".join(table.astype("<i8").tobytes() for table in tables())
    assert hashlib.sha256(joined).hexdigest() == PINNED


PINNED = "b6ea8d6cb6069b073b0ca47c2cf1a070004a997b037accc0c7cb508eb151f5b1"
