"""Flames from ``.flame`` XML."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from selfsame.errors import CorruptedError, InputError, LimitError, UnsupportedError
from selfsame.ifs.code import IFSCode, Viewport
from selfsame.ifs.exchange.flame_model import (
    DEFAULT_COLOR_SPEED,
    PALETTE_SIZE,
    Flame,
    flip_vertically,
    palette_colors,
)
from selfsame.ifs.exchange.flame_text import (
    parse_xml,
    read_integers,
    read_numbers,
    read_palette,
)
from selfsame.ifs.system import IFS, MAX_MAPS, SUM_TOLERANCE, conjugated
from selfsame.limits import MAX_SIDE

Array = NDArray[np.float64]
Affine = tuple[Array, Array]
"""Matrix (2, 2) and offset (2,) of a map."""

MAX_FILE_BYTES = 1 << 24
"""Largest file that is read: thousands of flames."""

MAX_SYMMETRY = 1000
"""Most rotations that one ``symmetry`` element may ask for."""

# flam3's defaults for what a flame leaves out.
DEFAULT_SIZE = "100 100"
DEFAULT_SCALE = "50"

LARGEST_CONDITION = 1e12
"""A final transform flatter than this cannot be undone, so it cannot join the maps."""

_HANDLED_BY_FLAME = frozenset(
    ("version", "time", "name", "size", "center", "scale", "rotate", "zoom", "palette", "soloxform")
)
_CAMERA = ("cam_pitch", "cam_yaw", "cam_perspective", "cam_dof")
_LINEAR = ("linear", "linear3D")
_HANDLED_BY_XFORM = frozenset(_LINEAR).union(
    ("weight", "color", "color_speed", "symmetry", "var_color", "opacity", "plotmode", "name"),
    ("coefs", "post", "chaos", "animate", "motion_frequency", "motion_function"),
    ("var", "var1", "flatten"),
)


@dataclass
class _Dropped:
    """What the flame at hand has beyond affine maps: an error if strict, else a list."""

    strict: bool
    items: list[str] = field(default_factory=list)

    def add(self, what: str) -> None:
        if self.strict:
            raise UnsupportedError(
                f"{what} cannot be part of an affine IFS; --drop-unsupported, or "
                "on_unsupported='warn', drops it"
            )
        if what not in self.items:
            self.items.append(what)


@dataclass(frozen=True)
class _Xform:
    affine: Affine
    weight: float
    color: float
    color_speed: float


class ReadFlames(NamedTuple):
    """What a file of flames holds.

    Attributes:
        flames: all of them in order, or the one that was asked for.
        dropped: a line for each flame from which parts were dropped.
        total: flames in the file, those without any affine map too.
    """

    flames: list[Flame]
    dropped: list[str]
    total: int


def flames_from_xml(data: bytes, *, strict: bool, index: int | None = None) -> ReadFlames:
    """Return the flames in the bytes of a file.

    Unless ``strict``, a flame without any affine map is left out, which is a line of ``dropped``.

    Args:
        index: read only this flame of the file, counted from 0; if there are fewer, none is read.
    Raises:
        FormatError: as ``selfsame.ifs.exchange.flame.read_flames``.
    """
    elements = list(enumerate(parse_xml(data).iter("flame")))
    if not elements:
        raise CorruptedError("the file holds no <flame> element")
    chosen = elements if index is None else elements[index : index + 1]
    flames, lines = [], []
    for number, element in chosen:
        dropped = _Dropped(strict)
        try:
            flame = _read_flame(element, dropped)
        except (CorruptedError, LimitError, UnsupportedError) as error:
            raise type(error)(f"flame {number}: {error}") from error
        except InputError as error:  # the numbers do not make an IFS or a viewport
            raise CorruptedError(f"flame {number}: {error}") from error
        if flame is not None:
            flames.append(flame)
        if dropped.items:
            end = "" if flame is not None else "; no affine map is left, so it is skipped"
            lines.append(f"flame {number}: dropped {', '.join(dropped.items)}{end}")
    if chosen and not flames:
        what = "no flame of the file" if index is None else f"flame {index}"
        kind = "has an affine map" if index is None else "has no affine map"
        raise UnsupportedError(f"{what} {kind}")
    return ReadFlames(flames, lines, len(elements))


def _read_flame(element: Any, dropped: _Dropped) -> Flame | None:
    maps = [_read_xform(x, i, dropped) for i, x in enumerate(element.findall("xform"))]
    kept = [x for x in maps if x is not None]
    for symmetry in element.findall("symmetry"):
        kept += _symmetry_maps(symmetry)
    if not maps:
        raise CorruptedError("the flame has no <xform> element")
    if not kept:
        return None
    if len(kept) > MAX_MAPS:
        raise LimitError(f"a flame may have {MAX_MAPS} maps: found {len(kept)}")
    if "soloxform" in element.attrib:
        dropped.add("soloxform")
    for name in _CAMERA:
        if _number(element, name) != 0:
            dropped.add(f"camera ({name})")

    matrices = np.stack([x.affine[0] for x in kept])
    offsets = np.stack([x.affine[1] for x in kept])
    coordinates = np.clip([x.color for x in kept], 0, 1)
    palette = read_palette(element, dropped.add)
    linear = element.get("palette_mode") == "linear"

    center, viewport, size = _read_view(element)
    final = _final_xform(element, dropped)
    move: Affine = (np.eye(2), np.zeros(2))
    if final is not None:
        move = final.affine
        if palette is not None:
            palette = _palette_after(palette, final, linear=linear)
    angle = np.radians(_number(element, "rotate"))
    if angle:
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        move = turn @ move[0], turn @ (move[1] - center) + center
    if final is not None or angle:
        with np.errstate(all="ignore"):  # out of range is refused by IFS
            matrices, offsets = conjugated(matrices, offsets, *move)
    matrices, offsets = flip_vertically(matrices, offsets)

    colors = None
    if palette is not None and (palette != 1).any():  # all white stands for no colours
        colors = palette_colors(palette, coordinates, linear=linear)
    name = element.get("name", "")
    notes = {"name": name} if name else {}
    notes.update({n.get("key", ""): n.get("text", "") for n in element.findall("note")})
    weights = _probabilities([x.weight for x in kept])
    code = IFSCode(IFS(matrices, offsets, weights, colors), viewport, size, notes=notes)
    return Flame(
        code,
        name,
        np.ones((PALETTE_SIZE, 3)) if palette is None else palette,
        coordinates,
        np.array([x.color_speed for x in kept]),
        {k: v for k, v in element.attrib.items() if k not in _HANDLED_BY_FLAME},
    )


def _read_view(element: Any) -> tuple[Array, Viewport, tuple[int, int]]:
    """Return the centre (y down), the viewport (y up) and the size."""
    width, height = read_integers(element.get("size", DEFAULT_SIZE), 2, "size")
    if not (1 <= width <= MAX_SIDE and 1 <= height <= MAX_SIDE):
        raise LimitError(f"size must be within 1..{MAX_SIDE}: got {width} {height}")
    center = read_numbers(element.get("center", "0 0"), 2, "center")
    scale, zoom = _number(element, "scale", DEFAULT_SCALE), _number(element, "zoom")
    with np.errstate(all="ignore"):  # out of range is refused below and by IFSCode
        pixels_per_unit = scale * np.exp2(zoom)
        half = np.array([width, height]) / (2 * pixels_per_unit)
    if not (pixels_per_unit > 0 and np.isfinite(half).all()):
        raise CorruptedError(f"scale must be positive and finite: got {scale:g} with zoom {zoom:g}")
    x, y = float(center[0]), -float(center[1])
    viewport = Viewport(*(float(v) for v in (x - half[0], y - half[1], x + half[0], y + half[1])))
    return center, viewport, (width, height)


def _read_xform(element: Any, index: int, dropped: _Dropped) -> _Xform | None:
    """Return an xform (y down) with its variations and post transform folded in.

    None if nothing affine is left of it.
    """
    where = "finalxform" if element.tag == "finalxform" else f"xform {index}"
    linear, others = _variations(element, where)
    if others:
        dropped.add(f"{where}: {', '.join(others)}")
        if linear == 0:
            return None
    _refuse_features(element, where, dropped)
    A, b = _affine(element.get("coefs", "1 0 0 1 0 0"), f"{where}: coefs")
    P, q = _affine(element.get("post", "1 0 0 1 0 0"), f"{where}: post")
    with np.errstate(all="ignore"):  # out of range is refused by IFS
        affine = linear * (P @ A), linear * (P @ b) + q
    weight = _number(element, "weight", "0", f"{where}: ")
    if weight < 0:
        raise CorruptedError(f"{where}: weight must not be negative: got {weight:g}")
    if "color_speed" in element.attrib or "symmetry" not in element.attrib:
        speed = _number(element, "color_speed", str(DEFAULT_COLOR_SPEED), f"{where}: ")
    else:  # the older spelling of the same
        speed = (1 - _number(element, "symmetry", "0", f"{where}: ")) / 2
    color = element.get("color", "0").split()[:1]  # old files have a second, unused coordinate
    position = read_numbers(" ".join(color), 1, f"{where}: color")[0]
    return _Xform(affine, weight, float(position), speed)


def _variations(element: Any, where: str) -> tuple[float, list[str]]:
    """Return the weight of ``linear`` and the names of all other variations and parameters."""
    linear, others = 0.0, []
    if "var" in element.attrib:  # the oldest spelling: all weights in a row, linear first
        values = read_numbers(element.get("var"), None, f"{where}: var")
        linear += values[0]
        others += [f"var {i}" for i in np.nonzero(values[1:])[0] + 1]
    if "var1" in element.attrib:
        (kind,) = read_integers(element.get("var1"), 1, f"{where}: var1")
        linear += kind == 0
        others += [f"var1 {kind}"] if kind else []
    for name in element.attrib:
        if name in _LINEAR:
            linear += _number(element, name, "0", f"{where}: ")
        elif name not in _HANDLED_BY_XFORM and _number(element, name, "0", f"{where}: ") != 0:
            others.append(name)
    return float(linear), others


def _refuse_features(element: Any, where: str, dropped: _Dropped) -> None:
    chaos = element.get("chaos", "").split()
    if chaos and (read_numbers(" ".join(chaos), None, f"{where}: chaos") != 1).any():
        dropped.add(f"{where}: chaos")
    if _number(element, "opacity", "1", f"{where}: ") != 1 or element.get("plotmode") == "off":
        dropped.add(f"{where}: opacity")
    if element.find("motion") is not None:
        dropped.add(f"{where}: motion")


def _final_xform(element: Any, dropped: _Dropped) -> _Xform | None:
    finals = element.findall("finalxform")
    if len(finals) > 1:
        raise CorruptedError("a flame may have one finalxform only")
    final = _read_xform(finals[0], 0, dropped) if finals else None
    if final is not None:
        A, b = final.affine
        if not (np.isfinite(A).all() and np.isfinite(b).all()):
            raise CorruptedError("finalxform: coefs overflow")
        if A.any() and np.linalg.cond(A) < LARGEST_CONDITION:
            return final
        dropped.add("finalxform: flat")
    return None


def _symmetry_maps(element: Any) -> list[_Xform]:
    """Return flam3's maps for ``<symmetry kind>``: rotations, before them a mirror if negative."""
    (kind,) = read_integers(element.get("kind", "0"), 1, "symmetry: kind")
    if kind == 0:
        raise CorruptedError("symmetry: kind 0 is random; write the maps out")
    if abs(kind) > MAX_SYMMETRY:
        raise LimitError(f"symmetry: kind must be within ±{MAX_SYMMETRY}: got {kind}")
    maps = [_Xform((np.diag([-1.0, 1.0]), np.zeros(2)), 1, 1, 0)] if kind < 0 else []
    sides = abs(kind)
    for k in range(1, sides):
        cos, sin = np.cos(2 * np.pi * k / sides), np.sin(2 * np.pi * k / sides)
        turn = np.array([[cos, -sin], [sin, cos]])
        color = (k - 1) / (sides - 2) if sides > 2 else 0.0
        maps.append(_Xform((turn, np.zeros(2)), 1, color, 0))
    return maps


def _palette_after(palette: Array, final: _Xform, *, linear: bool) -> Array:
    """Return the palette that shows at c what ``palette`` shows once the final transform has
    pulled c towards its own colour."""
    own = np.arange(PALETTE_SIZE) / PALETTE_SIZE
    pulled = (1 - final.color_speed) * own + final.color_speed * final.color
    return palette_colors(palette, pulled, linear=linear)


def _probabilities(weights: list[float]) -> Array:
    p = np.array(weights)
    if p.max() == 0:
        raise CorruptedError("no xform has a positive weight")
    if abs(p.sum() - 1) > SUM_TOLERANCE:
        p = p / p.max()  # huge weights would overflow their sum
        p = p / p.sum()
    return p


def _number(element: Any, name: str, default: str = "0", where: str = "") -> float:
    """Return the number in an attribute."""
    return float(read_numbers(element.get(name, default), 1, f"{where}{name}")[0])


def _affine(text: str, what: str) -> Affine:
    """Return the map of six numbers ``a d b e c f``, column by column."""
    columns = read_numbers(text, 6, what).reshape(3, 2)
    return columns[:2].T, columns[2]
