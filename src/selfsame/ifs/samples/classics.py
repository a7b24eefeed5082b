"""The definitions of the classic systems; ``selfsame.ifs.samples.library`` is their face.

Plane similitudes are written with complex numbers: ``z -> a z + b``.
"""

import cmath
import math
from collections.abc import Callable, Iterable
from itertools import product

import numpy as np

from selfsame.ifs.system import IFS

GOLDEN = (1 + math.sqrt(5)) / 2


def _complex(maps: Iterable[tuple[complex, complex]]) -> IFS:
    """Return the system of the maps ``z -> a z + b``, given as pairs (a, b)."""
    pairs = [(complex(a), complex(b)) for a, b in maps]
    return IFS(
        [[[a.real, -a.imag], [a.imag, a.real]] for a, _ in pairs],
        [[b.real, b.imag] for _, b in pairs],
    )


def _affine(rows: list[list[float]]) -> IFS:
    """Return a plane system of rows ``a b c d e f p``: x' = a x + b y + e, y' = c x + d y + f."""
    table = np.array(rows)
    weights = table[:, 6] / table[:, 6].sum()
    return IFS(table[:, :4].reshape(-1, 2, 2), table[:, 4:6], weights)


def _grid(dimension: int, keep: Callable[[tuple[int, ...]], bool]) -> IFS:
    """Return the maps of ratio 1/3 onto the kept cells of the unit cube's 3^d cells."""
    cells = [list(cell) for cell in product(range(3), repeat=dimension) if keep(cell)]
    return IFS(np.tile(np.eye(dimension) / 3, (len(cells), 1, 1)), np.array(cells) / 3)


def _all_ends(cell: tuple[int, ...]) -> bool:
    return 1 not in cell


def _polygon_flake(sides: int, ratio: float, *, center: complex | None = None) -> IFS:
    """Return a polygon's copies of a ratio at its corners; ``center`` is the middle copy's factor.

    The corners lie on the unit circle, the first one at the top.
    """
    corners = [1j * cmath.exp(2j * math.pi * k / sides) for k in range(sides)]
    maps: list[tuple[complex, complex]] = [(ratio, (1 - ratio) * c) for c in corners]
    return _complex(maps + ([] if center is None else [(center, 0)]))


def _corners(points: list[list[float]], ratio: float) -> IFS:
    """Return homotheties of one ratio with the given fixed points."""
    fixed = np.array(points, np.float64)
    eye = np.eye(fixed.shape[1])
    return IFS(np.tile(ratio * eye, (len(fixed), 1, 1)), (1 - ratio) * fixed)


def _polyline(ratio: float, degrees: list[float]) -> IFS:
    """Return the maps of the unit interval onto a chain of segments with the given directions."""
    maps, position = [], 0j
    for angle in degrees:
        step = ratio * cmath.exp(1j * math.radians(angle))
        maps.append((step, position))
        position += step
    return _complex(maps)


def _koch_snowflake() -> IFS:
    around = [cmath.exp(1j * math.pi * (k / 3 + 1 / 6)) for k in range(6)]
    middle = cmath.exp(1j * math.pi / 6) / math.sqrt(3)
    return _complex([(middle, 0), *((1 / 3, c * 2 / 3) for c in around)])


def _terdragon() -> IFS:
    step = 0.5 - 0.5j / math.sqrt(3)
    return _complex([(step, 0), (1j / math.sqrt(3), step), (step, step.conjugate())])


def _golden_dragon() -> IFS:
    r = GOLDEN ** (-1 / GOLDEN)
    # A triangle of sides 1, r and r²: the law of cosines gives the angles at the ends of side 1.
    near = math.acos((1 + r**2 - r**4) / (2 * r))
    far = math.acos((1 + r**4 - r**2) / (2 * r**2))
    return _complex([(r * cmath.exp(1j * near), 0), (-(r**2) * cmath.exp(-1j * far), 1)])


def _gosper_island() -> IFS:
    base = (5 + 1j * math.sqrt(3)) / 2
    digits = [0, *(cmath.exp(1j * math.pi * k / 3) for k in range(6))]
    return _complex((1 / base, digit / base) for digit in digits)


def _jerusalem_cube() -> IFS:
    large, small = math.sqrt(2) - 1, (math.sqrt(2) - 1) ** 2
    matrices: list[list[list[float]]] = []
    offsets: list[list[float]] = []
    for cell in product((0.0, 0.5, 1.0), repeat=3):
        middles = cell.count(0.5)
        if middles > 1:
            continue
        ratio = small if middles else large  # small cubes fill the middle of each edge
        matrices.append((ratio * np.eye(3)).tolist())
        offsets.append([(1 - ratio) * c for c in cell])
    return IFS(matrices, offsets)


def _fern_3d() -> IFS:
    matrices: list[list[list[float]]] = [  # growing along z, which points up
        [[0, 0, 0], [0, 0, 0], [0, 0, 0.18]],
        [[0.85, 0, 0], [0, 0.85, 0.1], [0, -0.1, 0.85]],
        [[0.2, 0, -0.2], [0, 0.3, 0], [0.2, 0, 0.2]],
        [[-0.2, 0, 0.2], [0, 0.3, 0], [0.2, 0, 0.2]],
    ]
    heights = [0, 1.6, 0.8, 0.8]
    return IFS(matrices, [[0.0, 0.0, h] for h in heights], [0.01, 0.85, 0.07, 0.07])


_BARNSLEY_FERN = [
    [0, 0, 0, 0.16, 0, 0, 0.01],
    [0.85, 0.04, -0.04, 0.85, 0, 1.6, 0.85],
    [0.2, -0.26, 0.23, 0.22, 0, 1.6, 0.07],
    [-0.15, 0.28, 0.26, 0.24, 0, 0.44, 0.07],
]
_CYCLOSORUS = [
    [0, 0, 0, 0.25, 0, -0.4, 0.02],
    [0.95, 0.005, -0.005, 0.93, -0.002, 0.5, 0.84],
    [0.035, -0.2, 0.16, 0.04, -0.09, 0.02, 0.07],
    [-0.04, 0.2, 0.16, 0.04, 0.083, 0.12, 0.07],
]
_MAPLE_LEAF = [
    [0.14, 0.01, 0, 0.51, -0.08, -1.31, 0.1],
    [0.43, 0.52, -0.45, 0.5, 1.49, -0.75, 0.35],
    [0.45, -0.49, 0.47, 0.47, -1.62, -0.74, 0.35],
    [0.49, 0, 0, 0.51, 0.02, 1.62, 0.2],
]
_TREE = [
    [0, 0, 0, 0.5, 0, 0, 0.05],
    [0.42, -0.42, 0.42, 0.42, 0, 0.2, 0.4],
    [0.42, 0.42, -0.42, 0.42, 0, 0.2, 0.4],
    [0.1, 0, 0, 0.1, 0, 0.2, 0.15],
]
_SPIRAL = [
    [0.787879, -0.424242, 0.242424, 0.859848, 1.758647, 1.408065, 0.895652],
    [-0.121212, 0.257576, 0.151515, 0.05303, -6.721654, 1.377236, 0.052174],
    [0.181818, -0.136364, 0.090909, 0.181818, 6.086107, 1.568035, 0.052174],
]
_CRYSTAL = [
    [0.69697, -0.481061, -0.393939, -0.662879, 2.147003, 10.310288, 0.747826],
    [0.090909, -0.443182, 0.515152, -0.094697, 4.286558, 2.925762, 0.252174],
]

_PENTAGON_RATIO = 1 / GOLDEN**2  # corner pentagons that touch
_DRAGON = (1 + 1j) / 2
_TETRAHEDRON: list[list[float]] = [[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]]
_OCTAHEDRON: list[list[float]] = [
    [1, 0, 0],
    [-1, 0, 0],
    [0, 1, 0],
    [0, -1, 0],
    [0, 0, 1],
    [0, 0, -1],
]

TABLE: list[tuple[str, str, float | None, Callable[[], IFS]]] = [
    # name, source, similarity dimension, maker; first the plane
    (
        "sierpinski-gasket",
        "Sierpinski 1915",
        math.log2(3),
        lambda: _corners([[0, 0], [1, 0], [0.5, math.sqrt(0.75)]], 0.5),
    ),
    (
        "sierpinski-carpet",
        "Sierpinski 1916",
        math.log(8, 3),
        lambda: _grid(2, lambda c: c != (1, 1)),
    ),
    (
        "sierpinski-pentagon",
        "Dürer 1525, Underweysung der Messung (pentagons of pentagons, without the middle)",
        math.log(5) / math.log(GOLDEN**2),
        lambda: _polygon_flake(5, _PENTAGON_RATIO),
    ),
    (
        "sierpinski-hexagon",
        "Mandelbrot 1982, The Fractal Geometry of Nature (n-gons of n-gons)",
        math.log(6, 3),
        lambda: _polygon_flake(6, 1 / 3),
    ),
    (
        "pentaflake",
        "Dürer 1525, Underweysung der Messung",
        math.log(6) / math.log(GOLDEN**2),
        lambda: _polygon_flake(5, _PENTAGON_RATIO, center=-_PENTAGON_RATIO),
    ),
    (
        "hexaflake",
        "Mandelbrot 1982, The Fractal Geometry of Nature (n-gons of n-gons)",
        math.log(7, 3),
        lambda: _polygon_flake(6, 1 / 3, center=1 / 3),
    ),
    ("cantor-dust", "Cantor 1883 (its square)", math.log(4, 3), lambda: _grid(2, _all_ends)),
    (
        "vicsek",
        "Vicsek 1983",
        math.log(5, 3),
        lambda: _grid(2, lambda c: c.count(1) != 1),
    ),
    ("koch-curve", "von Koch 1904", math.log(4, 3), lambda: _polyline(1 / 3, [0, 60, -60, 0])),
    ("koch-snowflake", "Burns 1994, Fractal tilings (the filled snowflake)", 2.0, _koch_snowflake),
    (
        "levy-c",
        "Lévy 1938",
        2.0,
        lambda: _complex([(_DRAGON, 0), (_DRAGON.conjugate(), _DRAGON)]),
    ),
    (
        "heighway-dragon",
        "Heighway 1966; Davis and Knuth 1970",
        2.0,
        lambda: _complex([(_DRAGON, 0), (-_DRAGON.conjugate(), 1)]),
    ),
    (
        "twindragon",
        "Davis and Knuth 1970 (numbers in base 1 + i)",
        2.0,
        lambda: _complex([(1 / (1 + 1j), 0), (1 / (1 + 1j), 1 / (1 + 1j))]),
    ),
    ("terdragon", "Davis and Knuth 1970", 2.0, _terdragon),
    (
        "golden-dragon",
        "a dragon of ratios r and r² with r = φ^(-1/φ), so that its dimension is φ",
        GOLDEN,
        _golden_dragon,
    ),
    (
        "gosper-island",
        "Gosper; Gardner 1976 (the flowsnake's outline, filled)",
        2.0,
        _gosper_island,
    ),
    (
        "pentigree",
        "McWorter and Tazelaar 1987, Creating fractals",
        math.log(6) / math.log(GOLDEN**2),
        lambda: _polyline(_PENTAGON_RATIO, [36, 108, -36, -108, -36, 36]),
    ),
    (
        "chair",
        "the L-tromino as a rep-4-tile; Golomb 1964",
        2.0,
        lambda: _complex([(0.5, 0), (0.5, 0.5 + 0.5j), (0.5j, 2), (-0.5j, 2j)]),
    ),
    (
        "barnsley-fern",
        "Barnsley 1988, Fractals Everywhere, table III.3",
        None,
        lambda: _affine(_BARNSLEY_FERN),
    ),
    (
        "cyclosorus-fern",
        "numbers in wide use for the Thelypteridaceae variant of Barnsley's fern",
        None,
        lambda: _affine(_CYCLOSORUS),
    ),
    ("maple-leaf", "numbers in wide use, after Barnsley 1988", None, lambda: _affine(_MAPLE_LEAF)),
    ("tree", "numbers in wide use, after Barnsley 1988", None, lambda: _affine(_TREE)),
    ("spiral", "numbers in wide use, after Barnsley 1988", None, lambda: _affine(_SPIRAL)),
    ("crystal", "numbers in wide use, after Barnsley 1988", None, lambda: _affine(_CRYSTAL)),
    # and space
    (
        "menger-sponge",
        "Menger 1926",
        math.log(20, 3),
        lambda: _grid(3, lambda c: c.count(1) <= 1),
    ),
    (
        "mosely-snowflake",
        "Mosely 2006 (the sponge without corners and centre)",
        math.log(18, 3),
        lambda: _grid(3, lambda c: c.count(1) in (1, 2)),
    ),
    ("cantor-cube", "Cantor 1883 (its cube)", math.log(8, 3), lambda: _grid(3, _all_ends)),
    (
        "sierpinski-tetrahedron",
        "after Sierpinski 1915",
        2.0,
        lambda: _corners(_TETRAHEDRON, 0.5),
    ),
    (
        "sierpinski-octahedron",
        "after Sierpinski 1915",
        math.log2(6),
        lambda: _corners(_OCTAHEDRON, 0.5),
    ),
    (
        "jerusalem-cube",
        "Baird 2011",
        # 8 x + 12 x² = 1 for x = (√2 - 1)^D
        math.log((math.sqrt(7) - 2) / 6) / math.log(math.sqrt(2) - 1),
        _jerusalem_cube,
    ),
    ("fern-3d", "numbers in wide use, after Barnsley 1988", None, _fern_3d),
]
