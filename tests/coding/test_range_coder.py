"""The range coder: what is written is read, at the price that information theory asks."""

import hashlib

import numpy as np
import pytest

from selfsame.coding.range_coder import (
    MAX_INPUTS,
    RATES,
    SQUASH,
    STRETCH,
    code_adaptive,
    code_mixed,
    code_plain,
    finish,
    new_coder,
)

SLOTS = 64


def models():
    return np.full(SLOTS, 1 << 31, np.uint32), np.full((2, MAX_INPUTS), 20000, np.int64)


def run(coder, decoding, bits, contexts):
    """Code the bits, by turns mixed, adaptive and plain, and return those that came out."""
    out = []
    for i, context in enumerate(contexts):
        bit = -1 if decoding else int(bits[i])
        if i % 3 == 0:
            coder.contexts[:3] = context, context // 2, 40
            out.append(code_mixed(coder, decoding, bit, 3, int(context) % 2, 0))
        elif i % 3 == 1:
            out.append(code_adaptive(coder, decoding, bit, int(context), 0))
        else:
            out.append(code_plain(coder, decoding, bit, 1))
    return np.array(out)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("p", [0.5, 0.02, 0.999])
def test_round_trip(seed, p):
    rng = np.random.default_rng(seed)
    bits = rng.random(3000) < p
    contexts = rng.integers(0, 32, bits.size)
    coder = new_coder(*models(), 2, 4000)
    run(coder, False, bits, contexts)
    length = finish(coder)
    reader = new_coder(*models(), 2, coder.buffer[:length].tobytes())
    assert (run(reader, True, bits, contexts) == bits).all()
    assert (reader.slots == coder.slots).all()
    assert (reader.weights == coder.weights).all()


def test_skewed_bits_cost_about_their_entropy():
    rng = np.random.default_rng(1)
    p = 0.05
    bits = (rng.random(40000) < p).astype(int)
    coder = new_coder(*models(), 1, 40000)
    for bit in bits:
        code_adaptive(coder, False, int(bit), 3, 0)
    length = finish(coder)
    ones = bits.mean()
    entropy = -bits.size * (ones * np.log2(ones) + (1 - ones) * np.log2(1 - ones)) / 8
    assert entropy * 0.99 < length < entropy * 1.02
    assert coder.spent[0] / 8 == pytest.approx(length, rel=0.01)


def test_mixing_finds_the_context_that_knows():
    rng = np.random.default_rng(2)
    bits = rng.integers(0, 2, 8000)
    sizes = []
    for informed in (False, True):
        coder = new_coder(*models(), 1, 8000)
        for bit in bits:
            coder.contexts[:2] = 1, 10 + int(bit) if informed else 10
            code_mixed(coder, False, int(bit), 2, 0, 0)
        sizes.append(finish(coder))
    assert sizes[0] > 990
    assert sizes[1] < 0.1 * sizes[0]


def test_bytes_behind_the_end_are_zeros_and_counted():
    reader = new_coder(*models(), 1, b"")
    for _ in range(100):
        assert code_plain(reader, True, -1, 0) == 1
    assert reader.state[5] >= 100 // 8


def test_a_full_buffer_loses_no_memory():
    coder = new_coder(*models(), 1, 4)
    rng = np.random.default_rng(3)
    for bit in rng.integers(0, 2, 200):
        code_plain(coder, False, int(bit), 0)
    assert coder.state[3] > 4  # the position says that the bytes did not fit


def test_tables_are_those_of_the_format():
    """Files depend on every entry; a platform that rounds one otherwise must fail here."""
    tables = b"".join(table.astype("<i8").tobytes() for table in (STRETCH, SQUASH, RATES))
    assert hashlib.sha256(tables).hexdigest() == PINNED


PINNED = "b6ea8d6cb6069b073b0ca47c2cf1a070004a997b037accc0c7cb508eb151f5b1"
