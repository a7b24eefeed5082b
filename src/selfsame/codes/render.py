"""Codes to pictures: the one way from a code of any family to any view of it."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from selfsame.checked import checked
from selfsame.codes.registry import family_of
from selfsame.errors import SettingError
from selfsame.family import Code, DrawsBytes, Family, Iterates, Iterations, Picture, Run, View
from selfsame.io.pictures import Bytes, to_uint8
from selfsame.run.threads import limited_threads

STARTS = ("grey", "noise")


def render(
    code: Code | Any,
    size: tuple[int, int] | None = None,
    *,
    scale: float | None = None,
    region: tuple[int, int, int, int] | None = None,
    viewport: tuple[float, float, float, float] | None = None,
    zoom: float = 1.0,
    center: tuple[float, float] | None = None,
    threads: int | None = None,
    device: str = "cpu",
    seed: int = 0,
    progress: Callable[[float], object] | None = None,
    **options: Any,
) -> Picture:
    """Return a picture of a code: (H, W) grey or (H, W, 3) sRGB float32 in [0, 1], row 0 at the
    top, with one channel more if the code has alpha.

    Args:
        code: of any family, or a bare ``IFS``.
        size: (width, height); default the code's own.
        scale, region, viewport, zoom, center: see ``selfsame.family.View``; families honour some.
        threads, device, seed, progress: see ``selfsame.family.Run``.
        options: of the family. Points: ``points``, ``depth``, ``mode``, ``supersample``,
            ``azimuth``, ``elevation`` (``selfsame.ifs.render.pictures.render`` explains them).
            Blocks and collages: ``iterations`` of the map, ``start`` picture.
    Raises:
        InputError: not a code, a value out of its range, or one that this family does not honour.
    """
    view = View(size, scale, region, viewport, zoom, center)
    return draw(code, view, Run(threads, device, seed, progress), **options)


def decode(
    code: Code,
    *,
    scale: float = 1.0,
    size: tuple[int, int] | None = None,
    region: tuple[int, int, int, int] | None = None,
    iterations: int | None = None,
    start: Any = None,
    threads: int | None = None,
) -> Picture:
    """Return the picture that a code was made of, as ``render`` does.

    Args:
        scale: output pixels per pixel of the original.
        size: (width, height) in its stead.
        region: x0, y0, x1, y1 in pixels of the original, of block codes.
        iterations, start: applications of the map, and the picture to start from, of block codes
            and collages.
        threads: default all cores.
    Raises:
        InputError: as ``render``, or the model of a collage is not at hand.
    """
    view = _pixel_view(scale, size, region)
    given = {"iterations": iterations, "start": start}
    options = {name: value for name, value in given.items() if value is not None}
    return draw(code, view, Run(threads), **options)


def draw(code: Code | Any, view: View, run: Run, **options: Any) -> Picture:
    """Return the picture of a code in the words of ``selfsame.family``; see ``render``.

    What its family would not honour is refused.
    """
    family = _family_that_honours(code, view, run, options)
    with limited_threads(run.threads):  # of what is not told how many
        return family.render(code, view, run, **options)


def draw_bytes(code: Code | Any, view: View, run: Run, **options: Any) -> Bytes:
    """Return ``draw`` rounded to bytes."""
    family = _family_that_honours(code, view, run, options)
    with limited_threads(run.threads):
        if isinstance(family, DrawsBytes):
            return family.render_bytes(code, view, run, **options)
        return to_uint8(family.render(code, view, run, **options))


def _family_that_honours(
    code: Code | Any, view: View, run: Run, options: Mapping[str, Any]
) -> Family[Any]:
    """Return the family of a code.

    Raises:
        InputError: not a code, or it would not honour what is asked for.
    """
    family = family_of(code)
    for kind, names, known in (
        ("view", view.asked(), family.views),
        ("run", run.asked(), family.runs),
        ("option", tuple(options), family.options),
    ):
        for name in names:
            if name not in known:
                raise SettingError(
                    f"{name} is not for codes of the family {family.name}, which takes "
                    f"{', '.join(sorted(known)) or f'no {kind}'}"
                )
    return family


def starting_picture(code: Code, name: str) -> NDArray[np.float32]:
    """Return ``noise`` (always the same) or ``grey``, in size and channels of the code.

    Raises:
        InputError: another name.
    """
    width, height = code.size
    shape = (height, width) + ((3,) if code.channels == 3 else ())
    if name == "noise":
        return np.random.default_rng(0).random(shape, np.float32)
    if name == "grey":
        return np.full(shape, 0.5, np.float32)
    raise SettingError(f"start must be a picture, {' or '.join(map(repr, STARTS))}: got {name!r}")


def decode_steps(
    code: Code,
    *,
    steps: int | None = None,
    start: NDArray[np.float32] | str | None = None,
    scale: float = 1.0,
    size: tuple[int, int] | None = None,
    region: tuple[int, int, int, int] | None = None,
    threads: int | None = None,
) -> Iterator[Picture]:
    """Return the pictures after 0, 1, ..., ``steps`` applications of the maps.

    Args:
        steps: by default as many as the code says.
        start: a picture as in ``decode``, a name of ``STARTS``, or by default the part of the code
            that is not self-similar.
        scale, size, region, threads: as in ``decode``.
    Raises:
        InputError: as ``decode``, or the family does not iterate.
    """
    if isinstance(start, str):
        start = starting_picture(code, start)
    view = _pixel_view(scale, size, region)
    return draw_steps(code, view, Run(threads), steps=steps, start=start)


def draw_steps(
    code: Code,
    view: View,
    run: Run,
    *,
    steps: int | None = None,
    start: NDArray[np.float32] | None = None,
) -> Iterator[Picture]:
    """Return the steps of a code in the words of ``selfsame.family``; see ``decode_steps``."""
    family = family_of(code)
    if not isinstance(family, Iterates):
        raise SettingError(f"codes of the family {family.name} are not decoded step by step")
    options = {} if start is None else {"start": start}
    last = family.iterations(code) if steps is None else checked("steps", steps, Iterations)
    return (draw(code, view, run, iterations=n, **options) for n in range(last + 1))


def _pixel_view(
    scale: float, size: tuple[int, int] | None, region: tuple[int, int, int, int] | None
) -> View:
    """Return a view in pixels; a size takes the place of a scale."""
    return View(size, None if size is not None or scale == 1 else scale, region)
