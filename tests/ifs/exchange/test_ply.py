"""Point clouds as files: round trips, foreign layouts, hostile bytes."""

import numpy as np
import pytest

from selfsame.errors import FormatError, InputError, UnsupportedError
from selfsame.ifs.exchange.ply import read_points, write_ply
from support.fuzzing import damaged_copies, outcomes

POINTS = np.array([[0.5, -1.25, 3.0], [1e-3, 2e10, -7.0]], np.float32)


def test_the_bytes_are_those_of_the_format(tmp_path):
    path = tmp_path / "cloud.ply"
    write_ply(path, POINTS, [[1, 0, 0.5], [0, 1, 0]])
    header, body = path.read_bytes().split(b"end_header\n")
    assert header.decode().splitlines() == [
        "ply",
        "format binary_little_endian 1.0",
        "comment points of a self-similar set",
        "element vertex 2",
        *(f"property float {axis}" for axis in "xyz"),
        *(f"property uchar {name}" for name in ("red", "green", "blue")),
    ]
    assert body == (
        POINTS[0].astype("<f4").tobytes()
        + bytes([255, 0, 128])
        + POINTS[1].astype("<f4").tobytes()
        + bytes([0, 255, 0])
    )


@pytest.mark.parametrize("colored", [False, True])
@pytest.mark.parametrize("d", [2, 3])
def test_round_trip(tmp_path, d, colored):
    rng = np.random.default_rng(0)
    points = rng.normal(size=(100, d)).astype(np.float32)
    write_ply(tmp_path / "cloud.ply", points, rng.random((100, 3)) if colored else None)
    read = read_points(tmp_path / "cloud.ply")
    assert read.shape == (100, 3)
    assert np.array_equal(read[:, :d], points)
    assert (read[:, d:] == 0).all()


def test_an_existing_file_stays_unless_asked(tmp_path):
    path = tmp_path / "cloud.ply"
    write_ply(path, POINTS)
    with pytest.raises(InputError, match="exists"):
        write_ply(path, POINTS, overwrite=False)


@pytest.mark.parametrize(
    ("points", "colors", "words"),
    [
        (np.zeros((3, 4)), None, "points must be"),
        (np.zeros(3), None, "points must be"),
        ([[np.nan, 0, 0]], None, "points must be finite"),
        ([[np.inf, 0]], None, "points must be finite"),
        (np.zeros((2, 3)), np.zeros((3, 3)), r"colors must be \(2, 3\)"),
        (np.zeros((1, 3)), [[2.0, 0, 0]], r"within \[0, 1\]: got 0 to 2"),
        (np.zeros((1, 3)), [[np.nan, 0, 0]], r"within \[0, 1\]: got nan"),
    ],
)
def test_unusable_points_are_not_written(tmp_path, points, colors, words):
    with pytest.raises(InputError, match=words):
        write_ply(tmp_path / "cloud.ply", points, colors)
    assert not any(tmp_path.iterdir())


def read_bytes(tmp_path, data: bytes, name: str = "cloud.ply") -> np.ndarray:
    (tmp_path / name).write_bytes(data)
    return read_points(tmp_path / name)


def test_ascii_with_other_properties_and_faces(tmp_path):
    data = b"""ply\r
format ascii 1.0\r
comment made elsewhere\r
obj_info x\r
element vertex 2\r
property uchar red\r
property double y\r
property double x\r
property float32 z\r
element face 1\r
property list uchar int vertex_indices\r
end_header\r
255 2.5 1.5 -3\r
0 1e-3 7 8\r
3 0 1 0\r
"""
    assert np.array_equal(read_bytes(tmp_path, data), [[1.5, 2.5, -3], [7, 1e-3, 8]])


def test_big_endian_and_planar(tmp_path):
    head = (
        b"ply\nformat binary_big_endian 1.0\nelement vertex 1\nproperty short x\n"
        b"property double y\nend_header\n"
    )
    body = np.array(-2, ">i2").tobytes() + np.array(0.25, ">f8").tobytes()
    assert np.array_equal(read_bytes(tmp_path, head + body), [[-2, 0.25]])


def header(*lines: str, count: int | str = 1) -> bytes:
    return "\n".join(
        [
            "ply",
            "format binary_little_endian 1.0",
            f"element vertex {count}",
            *lines,
            "end_header",
            "",
        ]
    ).encode()


XYZ = ("property float x", "property float y", "property float z")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "not a PLY"),
        (b"PLY\n", "not a PLY"),
        (b"ply\nformat ascii 1.0\nelement vertex 1\n", "not end"),
        (b"ply\n" + b"comment x\n" * 10_000 + b"end_header\n", "not end"),
        (header(*XYZ) + bytes(11), "ends before"),
        (header(*XYZ, count=999_999_999_999) + bytes(12), "ends before"),
        (header(*XYZ, count="9" * 40) + bytes(12), "not understood"),
        (header(*XYZ, count=-1) + bytes(12), "not understood"),
        (header(*XYZ, count=0), "must hold"),
        (header("property float x") + bytes(12), "x and y"),
        (header(*XYZ, "property float x") + bytes(16), "x and y"),
        (header(*XYZ, "property quad w") + bytes(16), "not understood"),
        (header("property list uchar int x", *XYZ) + bytes(16), "not understood"),
        (b"ply\nformat ascii 2.0\nend_header\n", "not understood"),
        (b"ply\nformat ascii 1.0\nend_header\n", "lacks"),
        (b"ply\nelement vertex 1\nproperty float x\nproperty float y\nend_header\n1 2\n", "lacks"),
        (b"ply\nformat ascii 1.0\nelement face 1\nelement vertex 1\nend_header\n", "first element"),
        (header(*XYZ) + np.array([np.nan, 0, 0], "<f4").tobytes(), "NaN"),
        (header(*XYZ) + np.array([np.inf, 0, 0], "<f4").tobytes(), "infinite"),
        (header(*XYZ).replace(b"binary_little_endian", b"ascii") + b"1 2\n", "ends before"),
        (header(*XYZ).replace(b"binary_little_endian", b"ascii") + b"1 2 x\n", "not numbers"),
        (header(*XYZ).replace(b"binary_little_endian", b"ascii") + b"1 2 \xff\n", "not numbers"),
        (header(*XYZ, count=10**9).replace(b"binary_little_endian", b"ascii") + b"1 2 3", "ends"),
    ],
)
def test_hostile_bytes_get_a_named_error(tmp_path, data, message):
    with pytest.raises(InputError, match=message):
        read_bytes(tmp_path, data)


def test_every_truncation_is_noticed(tmp_path):
    write_ply(tmp_path / "whole.ply", POINTS)
    data = (tmp_path / "whole.ply").read_bytes()
    assert np.array_equal(read_bytes(tmp_path, data), POINTS)
    for length in range(len(data)):
        with pytest.raises(InputError, match=r"not a PLY file|ends before"):
            read_bytes(tmp_path, data[:length])


@pytest.mark.parametrize("kind", ["ply", "npy"])
def test_a_changed_byte_never_crashes(tmp_path, kind):
    path = tmp_path / f"mutant.{kind}"
    if kind == "ply":
        write_ply(path, POINTS)
    else:
        np.save(path, POINTS)
    mutants = damaged_copies(path.read_bytes(), 400, most=1)
    accepted, refused = outcomes(
        lambda data: read_bytes(tmp_path, data, path.name), mutants, (InputError, FormatError)
    )
    assert len(accepted) > 40
    assert len(refused) > 40
    assert all(np.isfinite(points).all() for points in accepted)
    assert all(path.name in str(error) for error in refused)


def test_npy_round_trip_and_refusals(tmp_path):
    np.save(tmp_path / "cloud.npy", POINTS)
    assert np.array_equal(read_points(tmp_path / "cloud.npy"), POINTS)
    for name, array, error, words in (
        ("flat", np.zeros(4), InputError, r"must hold \(n, 2\)"),
        ("wide", np.zeros((4, 5)), InputError, r"must hold \(n, 2\)"),
        ("empty", np.zeros((0, 3)), InputError, "is empty"),
        ("nan", np.full((2, 2), np.nan), InputError, "NaN"),
        ("words", np.array([["a", "b"]]), UnsupportedError, "<U1"),
        ("complex", np.zeros((2, 2), complex), UnsupportedError, "complex"),
        ("pickle", np.array([[{}, 1]], object), UnsupportedError, "object"),
    ):
        np.save(tmp_path / f"{name}.npy", array, allow_pickle=True)
        with pytest.raises(error, match=words):
            read_points(tmp_path / f"{name}.npy")
    data = (tmp_path / "cloud.npy").read_bytes()
    with pytest.raises(FormatError, match=r"cut\.npy claims .* more than it can hold|ends after"):
        read_bytes(tmp_path, data[:-1], "cut.npy")
    for claim, words in ((b"(2000000000, 3)", "at most"), (b"(20000000, 3)", "than it can hold")):
        with pytest.raises(FormatError, match=words):
            read_bytes(tmp_path, data.replace(b"(2, 3)", claim), "huge.npy")


def test_missing_files_folders_and_suffixes(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        read_points(tmp_path / "none.ply")
    (tmp_path / "folder.ply").mkdir()
    with pytest.raises(InputError, match="is a folder"):
        read_points(tmp_path / "folder.ply")
    with pytest.raises(InputError, match=r"\.ply or \.npy"):
        read_points(tmp_path / "cloud.xyz")
