"""Damaged files of every family: each loads as the same code or raises a named error, quickly and
in little memory. Warnings are errors here, so none of them may even warn."""

import io
import random
import tracemalloc
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from selfsame.codes.store import pack, unpack
from selfsame.coding.container import SIGNATURE
from selfsame.errors import FormatError, InputError, TruncatedError
from support.framed_files import frames, joined, reframed
from support.fuzzing import outcomes
from support.hostile_files import FILES, claims, crafted, cuts, drawn, flips, rearranged, restreamed
from support.sample_codes import FULL

DATA = FILES["ifs-full"]
SPARE_MEMORY = 200_000
"""Bytes that refusing a file of a few hundred bytes may take, error message included."""

each_file = pytest.mark.parametrize("name", FILES)


def outcome(data, expected=FULL):
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
    return "same" if code == expected else "other"


def is_drawn(code):
    """Whether there is a picture of a code that damage made: of a large one none is asked for."""
    match code.family:
        case "collage" | "grid":
            return False
        case "pifs" if code.width * code.height > 2**14:
            return False
        case "mosaic" if code.grid << code.levels > 16:
            return False
    pictures, refused = outcomes(drawn, [code], InputError)
    assert all(code.family == "ifs" and "escape" in str(error) for error in refused)
    assert all(0 <= picture.min() <= picture.max() <= 1 for picture in pictures)
    return len(pictures) > 0


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


@each_file
def test_the_helpers_rebuild_the_file(name):
    data = FILES[name]
    assert joined(frames(data)) == data
    assert outcome(data, unpack(data)) == "same"


@each_file
def test_a_cut_file_is_truncated(name):
    for data in cuts(FILES[name], 200):
        with pytest.raises(TruncatedError, match=r"the file ends|the file has .* left"):
            unpack(data)


@each_file
def test_every_single_bit_counts(name):
    for at, data in enumerate(flips(FILES[name], 1000)):
        assert isinstance(outcome(data), type), at


def test_one_wrong_field():
    for data, change in crafted():
        assert isinstance(outcome(data), type), change


@each_file
def test_chunks_left_out_repeated_and_exchanged(name):
    whole, code = frames(FILES[name]), unpack(FILES[name])
    for data in rearranged(FILES[name]):
        pieces, result = frames(data), outcome(data, code)
        missing = [piece for piece in whole if piece not in pieces]
        is_framed = (pieces[0][0], pieces[-1][0]) == (b"HEAD", b"TAIL")
        if is_framed and sorted([*pieces, *missing]) == sorted(
            whole
        ):  # what is inside has no order
            tags = {tag for tag, _ in missing}
            assert isinstance(result, str) == (tags <= {b"LEAF", b"note"})
            assert (result == "same") == (not missing)
        else:
            assert isinstance(result, type)


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


@each_file
def test_changes_under_right_checksums_are_named_or_drawn(name):
    """What a checksum does not keep out comes to the decoders."""
    code, count = unpack(FILES[name]), 200 if len(FILES[name]) < 10_000 else 60
    seed = zlib.crc32(name.encode())
    files = [*reframed(FILES[name], count, seed), *restreamed(FILES[name], count // 4, seed)]
    results = [outcome(changed, code) for changed in files]
    others = [changed for changed, result in zip(files, results, strict=True) if result == "other"]
    assert sum(isinstance(result, type) for result in results) > count // 5
    assert len(others) > 0
    pictures = [is_drawn(unpack(changed)) for changed in others[:10]]
    assert any(pictures) == is_drawn(code)


@given(st.binary(max_size=200))
def test_arbitrary_bytes_after_the_signature(tail):
    assert isinstance(outcome(SIGNATURE + tail), type)
    assert isinstance(outcome(SIGNATURE + b"\1" + tail), type)


def attacks():
    """Files of systems that claim more than they hold."""
    yield from claims(DATA)
    for maps in (0, 1, 3, 10, 60_000, 65_536, 65_537, 2**31, 2**32 - 1):
        for dimension in (2, 3):
            changed = frames(DATA)
            payload = changed[1][1]
            changed[1][1] = payload[:1] + bytes([dimension]) + maps.to_bytes(4, "little")
            changed[1][1] += payload[6:]
            yield joined(changed)
    for size in (0xFFFF, 0xFFFF - 1):
        changed = frames(DATA)
        changed[3][1] = size.to_bytes(2, "little") + changed[3][1][2:]
        yield joined(changed)


def peak_of(work):
    """What a call returns, and how much memory of Python's it took."""
    tracemalloc.start()
    try:
        return work(), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_no_memory_is_taken_by_a_length_not_yet_checked():
    files = list(attacks())
    assert len(files) > 80
    for data in files:
        result, peak = peak_of(lambda data=data: outcome(data))
        assert isinstance(result, type)
        assert peak < SPARE_MEMORY


@each_file
def test_claims_of_every_family_are_refused(name):
    for data in claims(FILES[name]):
        result, peak = peak_of(lambda data=data: outcome(data))
        assert isinstance(result, type)
        assert peak < SPARE_MEMORY + 2 * len(data)


def pillow_outcome(data):
    """As ``outcome`` for Pillow: 'opened', or OSError, UnidentifiedImageError, SyntaxError."""
    try:
        with Image.open(io.BytesIO(data)) as image:
            image.load()
            assert image.size == FULL.size
        return "opened"
    except (OSError, SyntaxError) as error:
        return type(error)


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
        result, peak = peak_of(lambda data=data: pillow_outcome(data))
        assert isinstance(result, type)
        assert peak < SPARE_MEMORY
