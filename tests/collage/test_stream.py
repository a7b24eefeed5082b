"""The stream of symbols: round trips, and damage that is named and never trusted."""

from fractions import Fraction
from math import floor

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from selfsame._native import collage as native
from selfsame.coding.slots import MAX_INPUTS
from selfsame.collage.code import MAX_ATOMS, MAX_BIAS, MAX_WEIGHT
from selfsame.collage.stream import ELEMENTS, read_symbols, write_symbols
from selfsame.errors import CorruptedError
from support.fuzzing import outcomes
from support.random_collages import lifelike_symbols, random_code


def round_trip(symbols, domains, step=128):
    data, bits = write_symbols(symbols, domains, step)
    back = read_symbols(data, [plane.shape for plane in symbols], domains, step)
    for plane, original in zip(back, symbols, strict=True):
        assert plane.dtype == np.int32
        np.testing.assert_array_equal(plane, original)
    return data, bits


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(("width", "height"), [(1, 1), (16, 300), (300, 16), (130, 90)])
def test_round_trip(seed, channels, width, height):
    code = random_code(seed, width, height, channels)
    data, bits = round_trip(code.symbols, code.domains, code.step)
    assert sum(bits.values()) / 8 == pytest.approx(len(data), abs=4)
    assert list(bits) == list(ELEMENTS)
    assert write_symbols(code.symbols, code.domains, code.step)[0] == data


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_round_trip_of_anything(data):
    rows, columns = data.draw(st.integers(1, 5)), data.draw(st.integers(1, 5))
    planes, domains = data.draw(st.sampled_from([1, 3])), data.draw(st.integers(0, 3))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    symbols = []
    for _ in range(planes):
        atoms = data.draw(st.integers(0, 40))
        largest = data.draw(st.sampled_from([0, 1, 2, 20, MAX_WEIGHT]))
        density = data.draw(st.sampled_from([0.02, 0.3, 1]))
        shape = (1 + atoms + domains, rows, columns)
        plane = rng.integers(-largest, largest + 1, shape) * (rng.random(shape) < density)
        most = data.draw(st.sampled_from([0, 3, 1000, MAX_BIAS]))
        plane[0] = rng.integers(-most, most + 1, (rows, columns))
        symbols.append(plane.astype(np.int32))
    round_trip(tuple(symbols), domains, data.draw(st.integers(0, 255)))


def test_the_extremes():
    for value in (-1, 1):
        shape = (1 + MAX_ATOMS + 16, 3, 4)
        plane = np.full(shape, value * MAX_WEIGHT, np.int32)
        plane[0] = value * MAX_BIAS * (-1) ** np.arange(12).reshape(3, 4)
        round_trip((plane,) * 3, 16)


def bias_guesses(biases, y, x):
    """Return the four guesses at a bias, as docs/file-format.md has them."""
    if (y, x) == (0, 0):
        return [0] * 4
    left = biases[y][x - 1] if x else biases[y - 1][x]
    above = biases[y - 1][x] if y else left
    corner = biases[y - 1][x - 1] if x and y else left
    above_right = biases[y - 1][min(x + 1, len(biases[y]) - 1)] if y else left
    second = biases[y][x - 2] if x > 1 else left
    median = sorted([left, above, left + above - corner])[1]
    combined = 70 * left + 51 * above - 13 * corner + 15 * above_right + 5 * second
    return [left, above, median, floor(Fraction(combined, 128) + Fraction(1, 2))]


def bias_residuals(biases):
    """Return how far each bias is from its prediction, in exact fractions."""
    off, residuals = {}, []
    for y, x in np.ndindex(len(biases), len(biases[0])):
        guesses = bias_guesses(biases, y, x)
        around = [(y, x - 1), (y - 1, x - 1), (y - 1, x), (y - 1, x + 1)]
        errors = [1 + sum(off[place][k] for place in around if place in off) for k in range(4)]
        weights = [2**24 // min(error, 1024) ** 2 for error in errors]
        total = sum(weight * guess for weight, guess in zip(weights, guesses, strict=True))
        predicted = floor(Fraction(total, sum(weights)) + Fraction(1, 2))
        off[y, x] = [abs(biases[y][x] - guess) for guess in guesses]
        residuals.append(biases[y][x] - predicted)
    return residuals


@pytest.mark.parametrize("spread", [1, 5, 300, 20_000])
@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1), (2, 2), (3, 4), (4, 3)])
def test_biases_are_predicted_as_the_format_says(shape, spread):
    """With models that take every decision for even, bits count the decisions: of a residual two
    for each of its bits, and one more."""
    even = np.full(native.SLOTS, 1 << 31 | 255, np.uint32)
    unmixed = np.zeros((native.WEIGHT_SETS, MAX_INPUTS), np.int32)
    for seed in range(40):
        steps = np.random.default_rng(seed).normal(0, spread, shape)
        biases = np.rint((steps.cumsum(0) + steps.cumsum(1)) / 2).astype(np.int32)
        bits = native.write_symbols([biases[None]], 0, 128, even, unmixed)[1][0]
        lengths = [abs(r).bit_length() for r in bias_residuals(biases.tolist())]
        expected = sum(2 * length + 1 for length in lengths)
        assert bits == pytest.approx(expected, abs=0.9)  # what the models learn meanwhile


def test_nothing_costs_next_to_nothing():
    plane = np.zeros((172, 40, 50), np.int32)
    data, bits = round_trip((plane,) * 3, 1)
    assert len(data) < 250
    assert bits["weights"] == bits["signs"] == 0


def order_0_bits(symbols):
    """Entropy of every channel on its own, of the biases' differences along rows."""
    total = 0.0
    for plane in symbols:
        for k, channel in enumerate(plane):
            values = np.diff(channel, axis=1, prepend=0) if k == 0 else channel
            _, counts = np.unique(values, return_counts=True)
            total -= (counts * np.log2(counts / values.size)).sum()
    return total


@pytest.mark.parametrize("scale", [1.0, 4.0])
def test_fewer_bits_than_the_entropy_of_each_coefficient(scale):
    symbols = lifelike_symbols(0, scale=scale)
    data, _ = round_trip(symbols, 1)
    assert 8 * len(data) < 0.9 * order_0_bits(symbols)


SHAPES = [(41, 5, 6), (20, 5, 6), (20, 5, 6)]


def test_noise_is_refused_or_gives_symbols():
    """Nearly all of it is symbols: what is too short or holds too large a bias is not."""
    rng = np.random.default_rng(0)
    noise = [rng.bytes(int(rng.integers(0, 2000))) for _ in range(80)]
    noise += [rng.bytes(int(rng.integers(0, 20))) for _ in range(40)]
    accepted, refused = outcomes(
        lambda data: read_symbols(data, SHAPES, 2, 77), noise, CorruptedError
    )
    assert len(accepted) > 50
    assert len(refused) > 10
    for symbols in accepted:
        assert [plane.shape for plane in symbols] == SHAPES
        assert all(np.abs(plane[0]).max() <= MAX_BIAS for plane in symbols)


def test_every_cut_and_every_flipped_bit():
    """A stream that lacks its end needs more bytes than are tolerated, or gives other symbols."""
    code = random_code(7, 90, 70)
    shapes = [plane.shape for plane in code.symbols]
    data = write_symbols(code.symbols, code.domains, code.step)[0]

    def read(data):
        return read_symbols(data, shapes, code.domains, code.step)

    cut = [data[:length] for length in range(0, len(data), 7)]
    accepted, refused = outcomes(read, cut, CorruptedError)
    assert len(refused) > 0.8 * len(cut)
    flips = [(place >> 3, 1 << (place & 7)) for place in range(0, 8 * len(data), 61)]
    flipped = [data[:at] + bytes([data[at] ^ bit]) + data[at + 1 :] for at, bit in flips]
    found = outcomes(read, flipped, CorruptedError)[0]
    assert len(found) > 0.8 * len(flipped)
    for back in (*accepted, *found):
        assert [plane.shape for plane in back] == shapes
        assert any((p != q).any() for p, q in zip(back, code.symbols, strict=True))


def test_a_bias_beyond_its_limit_is_damage():
    """Zero bytes read as nothing but ones: the longest number there is."""
    with pytest.raises(CorruptedError, match="damaged"):
        read_symbols(bytes(100), [(1, 1, 1)], 0, 128)


def test_a_huge_claim_on_few_bytes_is_refused_at_once():
    with pytest.raises(CorruptedError, match="damaged"):
        read_symbols(b"\x55" * 40, [(256, 1000, 1000)], 0, 128)
