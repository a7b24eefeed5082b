import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selfsame import IFS, IFSCode
from selfsame.codes.store import pack, unpack
from selfsame.coding.container import Chunk, Container, Header, read_container, write_container
from selfsame.errors import CorruptedError, InputError, LimitError, UnsupportedError
from selfsame.ifs import chunks as ifs_chunks
from selfsame.ifs.code import PRIMITIVE_PARAMETERS, Primitive, Viewport
from selfsame.limits import MAX_PIXELS
from support.plain_reader import read
from support.sample_codes import FULL, SMALLEST

finite = st.floats(allow_nan=False, allow_infinity=False)
single = st.floats(allow_nan=False, allow_infinity=False, width=32)
text = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)


@st.composite
def codes(draw):
    d, n = draw(st.sampled_from((2, 3))), draw(st.integers(1, 4))

    def array(numbers, *shape):
        size = int(np.prod(shape))
        return np.reshape(draw(st.lists(numbers, min_size=size, max_size=size)), shape)

    numbers = draw(st.sampled_from((finite, single)))
    weights = array(st.floats(1e-6, 1), n)
    colors = array(st.floats(0, 1), n, 3) if draw(st.booleans()) else None
    x, y = (sorted(draw(st.lists(numbers, min_size=2, max_size=2, unique=True))) for _ in "xy")
    kind = draw(st.sampled_from(("", *PRIMITIVE_PARAMETERS)))
    count = PRIMITIVE_PARAMETERS.get(kind, 0)
    leaf = kind and Primitive(kind, tuple(draw(numbers) for _ in range(count)))
    return IFSCode(
        IFS(array(numbers, n, d, d), array(numbers, n, d), weights / weights.sum(), colors),
        Viewport(x[0], y[0], x[1], y[1]),
        (draw(st.integers(1, 2000)), draw(st.integers(1, 2000))),
        leaf or None,
        draw(st.dictionaries(text, text, max_size=3)),
    )


def bits(code):
    """Every number of a code as bytes, so that -0.0 differs from 0.0."""
    s = code.system
    groups = [s.matrices, s.offsets, s.probabilities, code.viewport]
    groups += [] if s.colors is None else [s.colors]
    groups += [] if code.primitive is None else [code.primitive.parameters]
    return [np.asarray(group, np.float64).tobytes() for group in groups]


@settings(max_examples=300)
@given(codes())
def test_round_trip_changes_no_bit(code):
    data = pack(code)
    back = unpack(data)
    assert back == code
    assert bits(back) == bits(code)
    assert pack(back) == data


@settings(max_examples=100)
@given(codes())
def test_a_reader_written_from_the_specification_agrees(code):
    plain = read(pack(code))
    s = code.system
    assert (plain["kind"], plain["size"], plain["notes"]) == (1, code.size, code.notes)
    assert plain["color_space"] == (s.colors is not None)
    assert plain["viewport"] == list(code.viewport)
    for name in ("matrices", "offsets", "probabilities"):
        assert plain[name] == getattr(s, name).ravel().tolist()
    assert plain.get("colors") == (None if s.colors is None else s.colors.ravel().tolist())
    leaf = code.primitive
    assert plain["primitive"] == (leaf and (leaf.kind, list(leaf.parameters)))


@given(st.lists(st.floats(1e-300, 1), min_size=1, max_size=300))
def test_building_a_system_from_its_own_probabilities_changes_nothing(weights):
    n = len(weights)
    p = np.array(weights) / np.sum(weights)
    first = IFS(np.zeros((n, 2, 2)), np.zeros((n, 2)), p)
    second = IFS(first.matrices, first.offsets, first.probabilities)
    assert first.probabilities.tobytes() == second.probabilities.tobytes()


def test_probabilities_off_by_rounding_of_single_precision_are_normalised():
    p = IFS(np.zeros((3, 2, 2)), np.zeros((3, 2)), np.float32([0.3, 0.3, 0.40001])).probabilities
    assert abs(p.sum() - 1) < 1e-15


@pytest.mark.parametrize("p", [[1e308, 1e308], [2.0, -1.0], [0.5, 0.4], [1.5, 0.0]])
def test_impossible_probabilities_are_the_callers_mistake(p):
    with pytest.raises(InputError, match="sum 1"):
        IFS(np.zeros((2, 2, 2)), np.zeros((2, 2)), p)


def test_file_is_small_when_single_precision_holds_every_number():
    rng = np.random.default_rng(0)
    A, b = rng.normal(size=(10, 2, 2)).astype(np.float32), rng.normal(size=(10, 2))
    p = np.full(10, 0.125)
    p[:4] = 0.0625

    def length(offsets, probabilities):
        system = IFS(A, offsets, probabilities)
        return len(pack(IFSCode(system, Viewport(0, 0, 1, 1), (32, 32))))

    frame = 9 + (12 + 10) + (12 + 6) + 12
    assert length(b.astype(np.float32), p) == frame + 4 * (4 + 40 + 20 + 10)
    assert length(b, p) == frame + 4 * (4 + 40 + 10) + 8 * 20
    assert length(b, np.full(10, 0.1)) == frame + 4 * (4 + 40) + 8 * (20 + 10)


@pytest.mark.parametrize("value", [1e300, 1e-300, 3.5e38, 1e-46, -0.0, 2.0**-149, 2.0**-1074])
def test_numbers_at_the_ends_of_single_precision(value):
    code = IFSCode(IFS([[[value, 0], [0, 0]]], [[value, 0]], [1]), Viewport(0, 0, 1, 1), (1, 1))
    assert bits(unpack(pack(code))) == bits(code)


def with_payloads(code, color_space=None, **payloads):
    """The bytes of ``code`` with chunks exchanged, removed (None) or added, checksums right."""
    box = read_container(pack(code))
    chunks = {chunk.tag.decode(): chunk.payload for chunk in box.chunks} | payloads
    header = box.header
    if color_space is not None:
        header = header._replace(color_space=color_space)
    pairs = [Chunk(t.encode(), p) for t, p in chunks.items() if p is not None]
    return write_container(Container(header, tuple(pairs)))


MAPS = read_container(pack(SMALLEST)).chunks[0].payload


def maps_with(index, value, precision="f"):
    """The MAPS payload of SMALLEST with one of its 11 numbers exchanged."""
    return MAPS[: 6 + 4 * index] + struct.pack("<" + precision, value) + MAPS[10 + 4 * index :]


NUMBERS = ["viewport needs"] * 4 + ["matrices"] * 4 + ["offsets"] * 2 + ["probabilities"]
"""What each number of MAPS belongs to, as the errors call it."""


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        pytest.param(b"", "at least 6 bytes", id="empty"),
        pytest.param(MAPS[:5], "at least 6 bytes", id="cut record"),
        pytest.param(MAPS[:-1], "needs 44 bytes of numbers", id="short"),
        pytest.param(MAPS + b"\0", "needs 44 bytes of numbers", id="long"),
        pytest.param(b"\1" + MAPS[1:], "bytes of numbers", id="claims doubles"),
        pytest.param(
            MAPS[:2] + bytes(4) + MAPS[6:], "bytes of numbers|impossible IFS", id="no maps"
        ),
        pytest.param(
            MAPS[:2] + (60_000).to_bytes(4, "little") + MAPS[6:],
            "bytes of numbers",
            id="60000 maps",
        ),
        pytest.param(b"\0\3" + MAPS[2:], "bytes of numbers", id="three dimensions"),
        *(
            pytest.param(maps_with(i, value), NUMBERS[i], id=f"number {i} is {value}")
            for i in range(11)
            for value in (float("nan"), float("inf"), -float("inf"))
        ),
        pytest.param(
            maps_with(4, 0)[:22] + b"\1\0\x80\x7f" + MAPS[26:],
            "must be finite",
            id="signalling NaN",
        ),
        pytest.param(maps_with(0, 1.0), "needs x_min < x_max", id="viewport without width"),
        pytest.param(maps_with(1, 2.0), "y_min < y_max", id="viewport upside down"),
        pytest.param(
            maps_with(10, 0.9), "probabilities must be within", id="probabilities sum to 0.9"
        ),
        pytest.param(
            maps_with(10, -1.0), "probabilities must be within", id="negative probability"
        ),
        pytest.param(maps_with(10, 3e38), "probabilities must be within", id="huge probability"),
    ],
)
def test_malformed_maps_are_corrupted(payload, words):
    with pytest.raises(CorruptedError, match=words):
        unpack(with_payloads(SMALLEST, MAPS=payload))


def test_more_maps_than_the_limit_are_refused_before_the_length_is_compared():
    payload = MAPS[:2] + (65_537).to_bytes(4, "little") + MAPS[6:]
    with pytest.raises(LimitError, match="65536"):
        unpack(with_payloads(SMALLEST, MAPS=payload))


def test_largest_system_round_trips():
    n = 65_536
    system = IFS(np.full((n, 3, 3), 0.1), np.zeros((n, 3)), np.full(n, 1 / n), np.ones((n, 3)))
    code = IFSCode(system, Viewport(0, 0, 1, 1), (1, 1))
    assert unpack(pack(code)) == code


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        (b"\x10" + MAPS[1:], "flags .*: 0x10"),
        (b"\x80" + MAPS[1:], "flags .*: 0x80"),
        (b"\0\4" + MAPS[2:], "2 or 3 dimensions: the file has 4"),
    ],
)
def test_unknown_flags_and_dimensions_are_unsupported(payload, words):
    with pytest.raises(UnsupportedError, match=words):
        unpack(with_payloads(SMALLEST, MAPS=payload))


def test_colour_space_and_colours_must_agree():
    with pytest.raises(CorruptedError, match="needs 56 bytes of numbers: it has 44"):
        unpack(with_payloads(SMALLEST, color_space=1))
    with pytest.raises(UnsupportedError, match="flags"):  # FULL flags its fifth group as double
        unpack(with_payloads(FULL, color_space=0))


@pytest.mark.parametrize(
    ("payload", "error", "words"),
    [
        (b"", CorruptedError, "at least 2 bytes: got 0"),
        (b"\0", CorruptedError, "at least 2 bytes: got 1"),
        (b"\0\1" + bytes(11), CorruptedError, "needs 12 bytes of numbers: it has 11"),
        (b"\0\1" + bytes(24), CorruptedError, "needs 12 bytes of numbers: it has 24"),
        (
            b"\0\1" + struct.pack("<3f", 0, 0, float("nan")),
            CorruptedError,
            "a disk takes 3 finite numbers",
        ),
        (
            b"\1\1" + struct.pack("<3d", 0, float("inf"), 1),
            CorruptedError,
            "a disk takes 3 finite numbers",
        ),
        (b"\0\0" + bytes(12), UnsupportedError, "primitive 0 is unknown"),
        (b"\0\4" + bytes(12), UnsupportedError, "primitive 4 is unknown"),
        (b"\2\1" + bytes(12), UnsupportedError, "flags .*: 0x02"),
    ],
)
def test_malformed_leaf(payload, error, words):
    with pytest.raises(error, match=words):
        unpack(with_payloads(SMALLEST, LEAF=payload))


@pytest.mark.parametrize(
    ("payload", "error", "words"),
    [
        (b"\0", CorruptedError, "longer than the chunk"),
        (b"\1\0a", CorruptedError, "a key without a value"),
        (b"\1\0a\2\0b", CorruptedError, "longer than the chunk"),
        (b"\1\0a\1\0\xff", CorruptedError, "not UTF-8"),
        (b"\1\0a\0\0" * 2, CorruptedError, "a key twice"),
        (b"\1\0a\0", CorruptedError, "longer than the chunk"),
        (b"\xff\xff" + bytes(65_535), LimitError, "at most 65536 bytes: got 65537"),
    ],
)
def test_malformed_notes(payload, error, words):
    with pytest.raises(error, match=words):
        unpack(with_payloads(SMALLEST, note=payload))


def noted(notes):
    return IFSCode(SMALLEST.system, SMALLEST.viewport, SMALLEST.size, notes=notes)


def test_notes_up_to_the_limit():
    fits = noted({"k": "x" * (ifs_chunks.MAX_NOTES_BYTES - 5)})
    assert unpack(pack(fits)) == fits
    for notes in ({"k": "x" * (2**16 - 4)}, {"k": "x" * 2**17}, {str(i): "" for i in range(2**14)}):
        with pytest.raises(InputError, match="at most 65536"):
            pack(noted(notes))


@pytest.mark.parametrize(
    ("notes", "words"),
    [
        ({"steps": 5}, "text by text: got 5 of int"),
        ({5: "steps"}, "text by text: got 5 of int"),
        ({"bad": "\ud800"}, "valid Unicode"),
    ],
)
def test_notes_must_be_text(notes, words):
    with pytest.raises(InputError, match=words):
        pack(noted(notes))


@pytest.mark.parametrize("size", [(65_535, 65_535), (16_384, 8_193)])
def test_sizes_that_no_file_holds(size):
    with pytest.raises(InputError, match=f"at most {MAX_PIXELS} pixels: got {size[0]}x{size[1]}"):
        pack(IFSCode(SMALLEST.system, SMALLEST.viewport, size))
    assert MAX_PIXELS < 16_384 * 8_193


def test_file_without_maps_or_with_foreign_required_chunk():
    with pytest.raises(CorruptedError, match="MAPS"):
        unpack(with_payloads(SMALLEST, MAPS=None))
    with pytest.raises(UnsupportedError, match="PIFS"):
        unpack(with_payloads(SMALLEST, PIFS=b""))
    assert unpack(with_payloads(SMALLEST, pifs=b"future")) == SMALLEST


def test_unknown_kind_of_code():
    box = read_container(pack(SMALLEST))
    other = Container(Header(99, *box.header[1:]), box.chunks)
    with pytest.raises(UnsupportedError, match="kind 99"):
        unpack(write_container(other))


@pytest.mark.parametrize("color_space", [2, 3])
def test_an_ifs_has_no_alpha_channel(color_space):
    for code in (SMALLEST, FULL):
        with pytest.raises(UnsupportedError, match="no alpha channel"):
            unpack(with_payloads(code, color_space=color_space))
