"""What the golden files hold, number by number. Entries are added, never changed: a file that
version 1 wrote opens for ever."""

from selfsame import IFS, IFSCode
from selfsame.ifs.code import Primitive, Viewport

V1 = {
    # One map, single precision throughout, nothing optional: the smallest file.
    "smallest": IFSCode(
        IFS([[[0.5, 0.0], [0.0, 0.5]]], [[0.25, 0.25]], [1.0]), Viewport(0.0, 0.0, 1.0, 1.0), (1, 1)
    ),
    # Sierpinski gasket; double precision offsets and probabilities, a disk, notes.
    "gasket": IFSCode(
        IFS(
            [[[0.5, 0.0], [0.0, 0.5]]] * 3,
            [[0.0, 0.0], [0.5, 0.0], [0.25, 0.4330127018922193]],
            [0.3333333333333333, 0.3333333333333333, 0.3333333333333334],
        ),
        Viewport(-0.125, -0.125, 1.125, 1.0),
        (640, 576),
        Primitive("disk", (0.5, 0.25, 0.75)),
        {"name": "Sierpiński gasket", "seed": "0", "empty": ""},
    ),
    # Barnsley fern; double precision matrices, colours in single precision, a rectangle.
    "fern": IFSCode(
        IFS(
            [
                [[0.0, 0.0], [0.0, 0.16]],
                [[0.85, 0.04], [-0.04, 0.85]],
                [[0.2, -0.26], [0.23, 0.22]],
                [[-0.15, 0.28], [0.26, 0.24]],
            ],
            [[0.0, 0.0], [0.0, 1.6], [0.0, 1.6], [0.0, 0.44]],
            [0.0078125, 0.8515625, 0.0703125, 0.0703125],
            [[0.25, 0.125, 0.0], [0.0, 0.5, 0.0], [0.25, 0.75, 0.25], [1.0, 1.0, 0.5]],
        ),
        Viewport(-2.5, 0.0, 2.75, 10.5),
        (65535, 2048),
        Primitive("rectangle", (0.0, 5.0, 2.5, 5.0, 0.1)),
    ),
    # Space: a corner fractal, double precision colours and viewport, a segment, extreme numbers.
    "space": IFSCode(
        IFS(
            [
                [[0.5, 0.0, 0.0], [0.0, 0.5, 0.0], [0.0, 0.0, 0.5]],
                [[0.5, -0.0, 0.0], [0.0, 0.0, -0.5], [0.0, 0.5, 0.0]],
            ],
            [[0.0, 0.0, 1e-300], [0.5, -1e300, 0.1]],
            [1.0, 0.0],
            [[0.1, 0.2, 0.3], [1.0, 0.0, 0.7]],
        ),
        Viewport(-1 / 3, -0.1, 1.1, 1e10),
        (3, 2),
        Primitive("segment", (0.0, 0.0, 1.0, 1.0, 0.0625)),
        {"a note of two\nlines": "π ≈ 3.14159"},
    ),
}
