"""Codes that the tests of the file format share, small enough to try every byte of them."""

from selfsame import IFS, IFSCode
from selfsame.ifs.code import Primitive, Viewport

SMALLEST = IFSCode(
    system=IFS([[[0.5, 0.0], [0.0, 0.5]]], [[0.25, 0.25]], [1.0]),
    viewport=Viewport(0.0, 0.0, 1.0, 1.0),
    size=(1, 1),
)
"""One map, every number exact in single precision: the file of docs/file-format.md."""

FULL = IFSCode(
    system=IFS(
        [[[0.5, 0.0], [0.0, 0.5]], [[0.1, -0.2], [0.3, 0.4]]],
        [[0.0, 0.25], [1 / 3, 0.5]],
        [0.75, 0.25],
        [[1.0, 0.5, 0.0], [0.2, 0.4, 0.6]],
    ),
    viewport=Viewport(-1.0, -0.5, 1.5, 2.0),
    size=(12, 9),
    primitive=Primitive("rectangle", (0.0, 0.5, 1.0, 0.25, 0.1)),
    notes={"method": "by hand", "Ort": "Zürich", "empty": ""},
)
"""Every chunk and both precisions."""
