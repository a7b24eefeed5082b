"""Damaged files: each loads as the same code or raises a named error, quickly and in little
memory. Warnings are errors here, so none of them may even warn."""

import io
import itertools
import random
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from selfsame.codes.store import pack, unpack
from selfsame.coding.container import SIGNATURE
from selfsame.errors import FormatError, TruncatedError
from support.framed_files import frames, joined, reframed
from support.sample_codes import FULL, SMALLEST

DATA = pack(FULL)
SPARE_MEMORY = 200_000
"""Bytes that refusing a file of a few hundred bytes may take, error message included."""


def outcome(data):
    """'same', 'other' (a valid file of another code) or the class of the named error."""
    code, caught = None, None
    try:
        code = unpack(data)
    except FormatError as error:
        caught = error
    if caught is not None:
        assert type(caught) is not FormatError
        assert str(caught)
        return type(caught)
    assert unpack(pack(code)) == code
    return "same" if code == FULL else "other"


def pillow_outcome(data):
    """As ``outcome`` for Pillow: 'opened', or OSError, UnidentifiedImageError, SyntaxError."""
    try:
        with Image.open(io.BytesIO(data)) as image:
            image.load()
            assert image.size == FULL.size
        return "opened"
    except (OSError, SyntaxError) as error:
        return type(error)


def damaged(count):
    """Files with one to three changes each: bits, bytes, deletions, insertions, copies."""
    rng = random.Random(1)
    for _ in range(count):
        data = bytearray(DATA)
        for _ in range(rng.randint(1, 3)):
            at = rng.randrange(len(data))
            span = rng.randint(1, 16)
            match rng.randrange(6):
                case 0:
                    data[at] ^= 1 << rng.randrange(8)
                case 1:
                    data[at] = rng.randrange(256)
                case 2:
                    del data[at : at + span]
                case 3:
                    data[at:at] = rng.randbytes(span)
                case 4:
                    source = rng.randrange(len(data))
                    data[at : at + span] = data[source : source + span]
                case 5:
                    data[at:at] = data[rng.randrange(len(data)) :]
        yield bytes(data)


def test_the_helpers_rebuild_the_file():
    assert joined(frames(DATA)) == DATA
    assert outcome(DATA) == "same"


@pytest.mark.parametrize("code", [SMALLEST, FULL], ids=["smallest", "full"])
def test_truncated_at_every_length(code):
    data = pack(code)
    for length in range(len(data)):
        with pytest.raises(TruncatedError, match=r"the file ends|the file has .* left"):
            unpack(data[:length])


def test_every_single_bit_counts():
    for at, bit in itertools.product(range(len(DATA)), range(8)):
        data = bytearray(DATA)
        data[at] ^= 1 << bit
        assert isinstance(outcome(bytes(data)), type), (at, bit)


def test_thousands_of_random_changes():
    results = [(data == DATA, outcome(data)) for data in damaged(5000)]
    assert all(result == "same" for unchanged, result in results if unchanged)
    assert all(isinstance(result, type) for unchanged, result in results if not unchanged)
    assert 0 < sum(unchanged for unchanged, _ in results) < 50  # some changes change nothing


def test_thousands_of_changes_under_right_checksums():
    results = [outcome(data) for data in reframed(DATA, 5000)]
    kinds = {result if isinstance(result, str) else result.__name__ for result in results}
    assert kinds >= {"other", "CorruptedError", "UnsupportedError"}
    assert sum(isinstance(result, type) for result in results) > len(results) // 3
    assert results.count("other") > len(results) // 20
    assert results.count("same") > len(results) // 50


@given(st.binary(max_size=200))
def test_arbitrary_bytes_after_the_signature(tail):
    assert isinstance(outcome(SIGNATURE + tail), type)
    assert isinstance(outcome(SIGNATURE + b"\1" + tail), type)


def test_duplicated_and_reordered_chunks():
    pieces = frames(DATA)
    for order in itertools.permutations(pieces):
        expected = order[0][0] == b"HEAD" and order[-1][0] == b"TAIL"
        assert (outcome(joined(order)) == "same") == expected
    for extra, at in itertools.product(pieces, range(len(pieces) + 1)):
        assert isinstance(outcome(joined([*pieces[:at], extra, *pieces[at:]])), type)


def attacks():
    """Files that claim more than they hold: lengths of every chunk, maps, sides of the picture."""
    pieces = frames(DATA)
    lengths = (0, 1, 2**16, 2**24, 2**27 - 1, 2**27, 2**27 + 1, 2**31 - 1, 2**31, 2**32 - 1)
    for i, (_, payload) in enumerate(pieces):
        for length in {*lengths, len(payload) - 1, len(payload) + 1, len(DATA)} - {len(payload)}:
            if length >= 0:
                yield joined(pieces, {i: length})
    for maps in (0, 1, 3, 10, 60_000, 65_536, 65_537, 2**31, 2**32 - 1):
        for dimension in (2, 3):
            changed = frames(DATA)
            payload = changed[1][1]
            changed[1][1] = payload[:1] + bytes([dimension]) + maps.to_bytes(4, "little")
            changed[1][1] += payload[6:]
            yield joined(changed)
    for side in (0, 65_536, 2**31, 2**32 - 1):
        for at in (2, 6):
            changed = frames(DATA)
            payload = changed[0][1]
            changed[0][1] = payload[:at] + side.to_bytes(4, "little") + payload[at + 4 :]
            yield joined(changed)
    for size in (0xFFFF, 0xFFFF - 1):
        changed = frames(DATA)
        changed[3][1] = size.to_bytes(2, "little") + changed[3][1][2:]
        yield joined(changed)


def test_no_memory_is_taken_by_a_length_not_yet_checked():
    files = list(attacks())
    assert len(files) > 80
    for data in files:
        tracemalloc.start()
        try:
            result = outcome(data)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert isinstance(result, type)
        assert peak < SPARE_MEMORY


def test_pillow_raises_only_what_its_users_expect(blank_renderer):
    files = [
        *damaged(800),
        *(f for f in reframed(DATA, 800) if frames(f)[0][1] == frames(DATA)[0][1]),
    ]
    files += [DATA[:length] for length in range(len(DATA))]
    results = [pillow_outcome(data) for data in files]
    assert results.count("opened") == sum(isinstance(outcome(data), str) for data in files) > 0


def test_pillow_refuses_oversized_claims_without_memory(blank_renderer):
    Image.init()
    for data in attacks():
        tracemalloc.start()
        try:
            result = pillow_outcome(data)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert isinstance(result, type)
        assert peak < SPARE_MEMORY
