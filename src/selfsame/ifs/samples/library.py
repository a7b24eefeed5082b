"""Classic systems by name: ``classic("barnsley-fern")``."""

import difflib
from collections.abc import Callable
from dataclasses import dataclass

from selfsame.errors import SettingError
from selfsame.ifs.samples import classics
from selfsame.ifs.system import IFS


@dataclass(frozen=True)
class Classic:
    """What the library knows of a system.

    Attributes:
        name: lower case with hyphens.
        source: who described it first, or where the numbers come from.
        make: builds the system.
        dimension: similarity dimension of the maps, which is the Hausdorff dimension for all
            systems here that have one, as their images hardly overlap; None where the maps
            are no similitudes.
    """

    name: str
    source: str
    make: Callable[[], IFS]
    dimension: float | None


_CLASSICS = {
    name: Classic(name, source, make, dimension) for name, source, dimension, make in classics.TABLE
}


def classic_names() -> list[str]:
    """Return the names that ``classic`` takes, sorted."""
    return sorted(_CLASSICS)


def classic_info(name: str) -> Classic:
    """Return source, dimension and maker of a classic system; errors as in ``classic``."""
    if name not in _CLASSICS:
        near = [n for n in classic_names() if name and name in n]
        near = near or difflib.get_close_matches(name, _CLASSICS, n=3)
        names = ", ".join(near or classic_names())
        hint = f"did you mean {names}?" if near else f"use one of {names}"
        raise SettingError(f"no classic system is called {name!r}; {hint}")
    return _CLASSICS[name]


def classic(name: str) -> IFS:
    """Return a classic system; y points up in the plane, z in space.

    Raises:
        InputError: unknown name; the message offers similar ones.
    """
    return classic_info(name).make()
