"""Damaged files end in the same named errors as in Python, or are read as the same code."""

from pathlib import Path

import pytest

from selfsame.codes.store import unpack
from selfsame.errors import FormatError
from support.browser import Job, assert_same_numbers, in_node, needs_node, numbers
from support.framed_files import frames, joined, reframed
from support.fuzzing import damaged_copies

pytestmark = needs_node

FOLDER = Path(__file__).parents[1] / "golden" / "v1"
FILES = {path.stem: path.read_bytes() for path in sorted(FOLDER.glob("*.ssm"))}


def expected(data):
    """The code of a file, or the name of the error that it raises."""
    try:
        return unpack(data)
    except FormatError as error:
        return type(error).__name__


def assert_read_alike(files):
    """Return the named errors that files end in, and how many are read."""
    errors, read = set(), 0
    for data, found in zip(files, in_node(*map(Job, files)), strict=True):
        wanted = expected(data)
        if isinstance(wanted, str):
            assert found.get("error") == wanted, found
            assert found["message"]
            errors.add(wanted)
        else:
            assert "error" not in found, found
            assert_same_numbers(found["fields"], numbers(wanted))
            read += 1
    return errors, read


def test_truncations():
    files = []
    for data in FILES.values():
        files += [data[:length] for length in range(0, len(data), 1 + len(data) // 60)]
        files += [data[: -1 - length] for length in range(12)]
    assert assert_read_alike(files) == ({"TruncatedError"}, 0)


def test_every_bit_of_a_small_file():
    data = FILES["smallest"]
    flips = [(at, 1 << bit) for at in range(len(data)) for bit in range(8)]
    files = [data[:at] + bytes([data[at] ^ bit]) + data[at + 1 :] for at, bit in flips]
    errors, read = assert_read_alike(files)
    assert errors == {"TruncatedError", "CorruptedError", "UnsupportedError", "LimitError"}
    assert read == 0


def test_damaged_bytes():
    files = [copy for data in FILES.values() for copy in damaged_copies(data, 30, cut=0.2)]
    errors, _ = assert_read_alike(files)
    assert errors >= {"TruncatedError", "CorruptedError"}


@pytest.mark.parametrize("name", FILES)
def test_changes_under_right_checksums(name):
    count = 60 if len(FILES[name]) > 1000 else 150
    errors, read = assert_read_alike(list(reframed(FILES[name], count, len(name))))
    assert errors >= {"CorruptedError", "UnsupportedError"}
    assert read > 0


def test_claims_beyond_the_limits_take_no_memory():
    """Sizes are compared with the limits, or cost nothing until the stream proves them."""
    files = []
    for name in ("smallest", "one-pixel", "collage-pixel", "mosaic-pixel"):
        for width, height in ((65535, 2048), (11585, 11585), (65535, 65535), (65536, 1), (0, 1)):
            chunks = frames(FILES[name])
            head = chunks[0][1]
            chunks[0][1] = head[:2] + width.to_bytes(4, "little") + height.to_bytes(4, "little")
            files.append(joined(chunks))
    errors, read = assert_read_alike(files)
    assert errors == {"LimitError", "CorruptedError"}
    assert read > 0
