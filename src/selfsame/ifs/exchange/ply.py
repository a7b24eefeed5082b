"""Point clouds as files: PLY out, PLY and NumPy arrays in."""

import os
import re
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from selfsame.errors import InputError
from selfsame.io.arrays import read_npy
from selfsame.io.files import open_input, read_rest, write_bytes

MAX_FILE_BYTES = 2**31
"""Largest file read: 2 GiB."""

MAX_HEADER_BYTES = 65_536

_TYPES = {
    "char": "i1",
    "uchar": "u1",
    "short": "i2",
    "ushort": "u2",
    "int": "i4",
    "uint": "u4",
    "float": "f4",
    "double": "f8",
    "int8": "i1",
    "uint8": "u1",
    "int16": "i2",
    "uint16": "u2",
    "int32": "i4",
    "uint32": "u4",
    "float32": "f4",
    "float64": "f8",
}


def write_ply(
    path: str | os.PathLike[str],
    points: ArrayLike,
    colors: ArrayLike | None = None,
    *,
    overwrite: bool = True,
) -> None:
    """Write points as binary little-endian PLY with float32 coordinates.

    Args:
        points: (n, 2) or (n, 3), finite; planar points get z = 0.
        colors: (n, 3) in [0, 1], written as bytes ``red green blue``.
    Raises:
        InputError: wrong shapes, non-finite numbers, or the file cannot be written.
    """
    xyz = np.asarray(points, np.float32)
    if xyz.ndim != 2 or xyz.shape[1] not in (2, 3):
        raise InputError(f"points must be (n, 2) or (n, 3): got {xyz.shape}")
    if not np.isfinite(xyz).all():
        raise InputError("points must be finite: found NaN or infinity")
    if xyz.shape[1] == 2:
        xyz = np.column_stack([xyz, np.zeros(len(xyz), np.float32)])
    fields = [(axis, "<f4") for axis in "xyz"]
    if colors is not None:
        rgb = np.asarray(colors, np.float64)
        if rgb.shape != (len(xyz), 3):
            raise InputError(f"colors must be ({len(xyz)}, 3), one a point: got {rgb.shape}")
        if not ((rgb >= 0) & (rgb <= 1)).all():
            raise InputError(f"colors must be within [0, 1]: got {rgb.min():g} to {rgb.max():g}")
        fields += [(name, "u1") for name in ("red", "green", "blue")]
    vertices = np.empty(len(xyz), np.dtype(fields))
    for i, axis in enumerate("xyz"):
        vertices[axis] = xyz[:, i]
    if colors is not None:
        for i, name in enumerate(("red", "green", "blue")):
            vertices[name] = np.rint(rgb[:, i] * 255)
    kinds = {"<f4": "float", "u1": "uchar"}
    header = ["ply", "format binary_little_endian 1.0", "comment points of a self-similar set"]
    header += [f"element vertex {len(xyz)}"]
    header += [f"property {kinds[kind]} {name}" for name, kind in fields]
    header += ["end_header", ""]
    write_bytes(path, "\n".join(header).encode("ascii") + vertices.tobytes(), overwrite=overwrite)


def read_points(path: str | os.PathLike[str]) -> NDArray[np.float64]:
    """Return the points in a ``.ply`` (ascii or binary) or ``.npy`` file, (n, 2) or (n, 3).

    Of a PLY file the properties x, y and, if there, z of the element ``vertex`` are read, which
    must come before any element with lists; the rest is ignored.

    Raises:
        InputError: no such file, another suffix, a damaged PLY file, wrong shape, no points, or
            numbers that are not finite.
        FormatError: a damaged ``.npy`` file, or one of other things than numbers; a file beyond
            the limits.
    """
    source = Path(path)
    suffix = source.suffix.lower()
    if suffix not in (".ply", ".npy"):
        raise InputError(f"points are read from .ply or .npy: got {source.name!r}")
    if suffix == ".npy":
        points = np.asarray(read_npy(source), np.float64)
    else:
        with open_input(source) as stream:
            points = _read_ply(source, read_rest(stream, MAX_FILE_BYTES))
    if points.ndim != 2 or points.shape[1] not in (2, 3) or len(points) == 0:
        raise InputError(f"{source} must hold (n, 2) or (n, 3) numbers: got {points.shape}")
    if not np.isfinite(points).all():
        raise InputError(f"{source} holds coordinates that are NaN or infinite")
    return points


def _read_ply(source: Path, data: bytes) -> NDArray[np.float64]:
    encoding, count, properties, body = _ply_header(source, data)
    names = [name for name, _ in properties]
    axes = [axis for axis in "xyz" if axis in names]
    if axes[:2] != ["x", "y"] or len(set(names)) != len(names):
        raise InputError(f"{source}: the vertices need properties x and y: got {names}")
    if encoding == "ascii":
        # Every value takes at least a digit and a separator: a bound before any allocation.
        if count * len(names) * 2 > len(data) - body + 1:
            raise InputError(f"{source} ends before its {count} vertices do")
        try:
            words = data[body:].decode("ascii").split(maxsplit=count * len(names))
            table = np.array(words[: count * len(names)], np.float64)
        except (UnicodeDecodeError, ValueError) as error:
            raise InputError(f"{source}: the vertices are not numbers: {error}") from error
        if len(table) < count * len(names):
            raise InputError(f"{source} ends before its {count} vertices do")
        rows = table.reshape(count, len(names))
        return np.stack([rows[:, names.index(axis)] for axis in axes], axis=1)
    order = "<" if encoding == "binary_little_endian" else ">"
    kind = np.dtype([(name, order + _TYPES[type_name]) for name, type_name in properties])
    if count * kind.itemsize > len(data) - body:
        raise InputError(
            f"{source} ends before its {count} vertices do: {count * kind.itemsize} bytes "
            f"announced, {len(data) - body} there"
        )
    vertices = np.frombuffer(data, kind, count, body)
    with np.errstate(invalid="ignore"):
        return np.stack([vertices[axis].astype(np.float64) for axis in axes], axis=1)


def _ply_header(source: Path, data: bytes) -> tuple[str, int, list[tuple[str, str]], int]:
    """Return encoding, number of vertices, their (name, type) properties, and the body's start."""
    end = re.search(rb"(?m)^end_header[ \t]*(?:\r\n|\n|\r)", data[:MAX_HEADER_BYTES])
    if not re.match(rb"ply[ \t]*[\r\n]", data) or end is None:
        raise InputError(f"{source} is not a PLY file, or its header does not end")
    lines = [line.split() for line in data[: end.start()].decode("latin-1").splitlines()[1:]]
    encoding, count, properties = "", -1, list[tuple[str, str]]()
    current = ""
    for words in lines:
        match words:
            case [] | ["comment" | "obj_info", *_]:
                continue
            case ["format", "ascii" | "binary_little_endian" | "binary_big_endian" as kind, "1.0"]:
                encoding = kind
            case ["element", name, number] if re.fullmatch(r"\d{1,12}", number):
                if current == "" and name != "vertex":
                    raise InputError(f"{source}: the first element must be vertex: got {name!r}")
                current = name
                count = int(number) if name == "vertex" else count
            case ["property", kind, name] if kind in _TYPES and current:
                if current == "vertex":
                    properties.append((name, kind))
            case ["property", "list", _, _, _] if current not in ("", "vertex"):
                continue
            case _:
                raise InputError(f"{source}: not understood in the PLY header: {' '.join(words)!r}")
    if not encoding or count < 0:
        raise InputError(f"{source}: the PLY header lacks a format or the element vertex")
    return encoding, count, properties, end.end()
