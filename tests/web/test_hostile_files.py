"""Damaged files end in the same named errors as in Python, or are read as the same code."""

import zlib

import numpy as np
import pytest

from selfsame.codes.render import render
from selfsame.codes.store import unpack
from selfsame.errors import FormatError
from support.browser import Job, as_pixels, assert_same_numbers, in_node, needs_node, numbers
from support.framed_files import frames, joined, reframed
from support.fuzzing import damaged_copies, outcomes
from support.hostile_files import (
    FILES,
    claims,
    crafted,
    cuts,
    flips,
    of_size,
    rearranged,
    restreamed,
)

pytestmark = needs_node

each_file = pytest.mark.parametrize("name", FILES)


def expected(data):
    """The code of a file, or the name of the error that it raises."""
    try:
        return unpack(data)
    except FormatError as error:
        return type(error).__name__


def views(code):
    """What of a code is drawn: pixels that do not depend on how numbers round, and not too many."""
    if code.family == "pifs" and code.width * code.height <= 2**14:
        return [{}, {"scale": 1.5}]
    if code.family == "mosaic" and code.grid << code.levels <= 16:
        return [{"size": [16, 16]}]
    return []


def assert_read_alike(files, views=lambda code: []):
    """Return the named errors that files end in, and how many are read."""
    errors, read = set(), 0
    wanted = [expected(data) for data in files]
    jobs = [
        Job(data, [] if isinstance(code, str) else views(code))
        for data, code in zip(files, wanted, strict=True)
    ]
    for code, job, found in zip(wanted, jobs, in_node(*jobs), strict=True):
        if isinstance(code, str):
            assert found.get("error") == code, found
            assert found["message"]
            errors.add(code)
        else:
            assert "error" not in found, found
            assert_same_numbers(found["fields"], numbers(code))
            for options, picture in zip(job.renders, found["pictures"], strict=True):
                assert np.abs(picture - as_pixels(render(code, **options))).max() <= 1, options
            read += 1
    return errors, read


def test_truncations():
    files = [data for whole in FILES.values() for data in cuts(whole)]
    assert assert_read_alike(files) == ({"TruncatedError"}, 0)


def test_every_bit_of_a_small_file():
    errors, read = assert_read_alike(flips(FILES["smallest"], 1000))
    assert errors == {"TruncatedError", "CorruptedError", "UnsupportedError", "LimitError"}
    assert read == 0


def test_damaged_bytes():
    files = [copy for data in FILES.values() for copy in damaged_copies(data, 20, cut=0.2)]
    files += [copy for data in FILES.values() for copy in flips(data, 60)]
    errors, _ = assert_read_alike(files)
    assert errors >= {"TruncatedError", "CorruptedError"}


def test_chunks_left_out_repeated_and_exchanged():
    files = [copy for data in FILES.values() if len(data) < 3000 for copy in rearranged(data)]
    errors, read = assert_read_alike(files)
    assert errors == {"CorruptedError", "TruncatedError", "UnsupportedError"}
    assert read > 0


def test_one_wrong_field():
    errors, read = assert_read_alike([data for data, _ in crafted()])
    assert errors == {"CorruptedError", "UnsupportedError", "LimitError"}
    assert read == 0


@each_file
def test_changes_under_right_checksums(name):
    count = 60 if len(FILES[name]) > 1000 else 150
    files = [*reframed(FILES[name], count, len(name)), *restreamed(FILES[name], count // 4)]
    errors, read = assert_read_alike(files, views)
    assert errors >= {"CorruptedError", "UnsupportedError"}
    assert read > 0


def test_claims_beyond_the_limits_take_no_memory():
    """Sizes are compared with the limits, or cost nothing until the stream proves them."""
    files = [copy for data in FILES.values() if len(data) < 3000 for copy in claims(data)]
    assert assert_read_alike(files) == ({"TruncatedError", "LimitError", "CorruptedError"}, 0)
    sizes = ((65_535, 2048), (2048, 65_535), (11_585, 11_585))
    files = [of_size(data, *size) for data in FILES.values() if len(data) < 3000 for size in sizes]
    errors, read = assert_read_alike(files)
    assert errors == {"CorruptedError"}
    assert read > 0


@pytest.mark.parametrize(
    ("level", "strategy"), [(0, zlib.Z_FIXED), (9, zlib.Z_DEFAULT_STRATEGY), (9, zlib.Z_FIXED)]
)
def test_deflate_is_refused_where_zlib_refuses_it(level, strategy):
    """Behind a right checksum, which else hides what the decoder makes of damage."""
    pieces = frames(FILES["mosaic-pieces"])
    size, packed = pieces[2][1][:8], pieces[2][1][8:]
    packer = zlib.compressobj(level, wbits=-15, strategy=strategy)
    stream = packer.compress(zlib.decompress(packed)) + packer.flush()
    files = []
    for copy in [stream, *flips(stream, 300), *damaged_copies(stream, 50, most=2, cut=0.3)]:
        plain, _ = outcomes(lambda data: zlib.decompress(data, -15), [copy], zlib.error)
        payload = size + b"\x78\x9c" + copy + zlib.adler32(b"".join(plain)).to_bytes(4, "big")
        files.append(joined([*pieces[:2], [b"PIEC", payload], pieces[3]]))
    errors, read = assert_read_alike(files)
    assert errors == {"CorruptedError"}
    assert read > 5
