"""The registry of families: a name, a number in files, and the module that is loaded on first use.

A new family is a folder and one more line here, or, outside of this package, a module that calls
``register`` and that an installed package names in the entry points ``GROUP``; files, rendering,
Pillow, archives and the command line pick it up.
"""

from importlib import import_module
from typing import Any, NamedTuple

from selfsame.errors import InputError, UnsupportedError
from selfsame.family import Family

PRIVATE = range(192, 256)
"""Numbers for families that are not part of this package."""

GROUP = "selfsame.families"
"""Entry points whose modules register families; they are looked up for what is unknown else."""


class Entry(NamedTuple):
    """A line of the registry.

    Attributes:
        number: of the family in the header of a file, 1 to 255; never used for another one again.
        module: whose ``FAMILY`` is the ``Family``.
    """

    number: int
    module: str


_ENTRIES: dict[str, Entry] = {
    "ifs": Entry(1, "selfsame.ifs.family"),
    "pifs": Entry(2, "selfsame.pifs.family"),
    "collage": Entry(3, "selfsame.collage.family"),
    "mosaic": Entry(4, "selfsame.mosaic.family"),
    "grid": Entry(5, "selfsame.collage.grid.family"),
}


def register(name: str, number: int, module: str) -> None:
    """Add a family from outside of the package, or move its module.

    Raises:
        InputError: the number is not one of ``PRIVATE``, or another family has it or the name.
    """
    if number not in PRIVATE:
        raise InputError(
            f"number of a family must be {PRIVATE.start} to {PRIVATE.stop - 1}: got {number}"
        )
    for known, entry in _ENTRIES.items():
        if (known == name) != (entry.number == number):
            raise InputError(f"{known!r} is family {entry.number}: take another name and number")
    _ENTRIES[name] = Entry(number, module)


def family_names() -> tuple[str, ...]:
    """Return the names of all families."""
    return tuple(_ENTRIES)


def family_named(name: str) -> Family[Any]:
    """Return a family by name.

    Raises:
        InputError: there is no such family.
    """
    failed = "" if name in _ENTRIES else _load_installed()
    if name not in _ENTRIES:
        raise InputError(f"family must be one of {', '.join(_ENTRIES)}: got {name!r}{failed}")
    family: Family[Any] = import_module(_ENTRIES[name].module).FAMILY
    return family


def family_of(code: object) -> Family[Any]:
    """Return the family of a code, or of a bare system of maps.

    Raises:
        InputError: not a code.
    """
    name = getattr(type(code), "family", None)
    if not isinstance(name, str):
        raise InputError(
            f"code must be one of a family, {', '.join(_ENTRIES)}: got {type(code).__name__}"
        )
    return family_named(name)


def number_of(family: Family[Any]) -> int:
    """Return the number of a family in the header of a file."""
    return _ENTRIES[family.name].number


def name_by_number(number: int) -> str:
    """Return the name of the family that a header names; no family of this package is loaded.

    Raises:
        UnsupportedError: neither this build nor an installed package knows it.
    """
    failed = ""
    if number in PRIVATE and all(entry.number != number for entry in _ENTRIES.values()):
        failed = _load_installed()
    for name, entry in _ENTRIES.items():
        if entry.number == number:
            return name
    known = ", ".join(f"{entry.number} ({name})" for name, entry in _ENTRIES.items())
    raise UnsupportedError(
        f"the file holds code of kind {number}, this build knows {known}; update selfsame{failed}"
    )


def _load_installed() -> str:
    """Import the modules of ``GROUP``, which call ``register``; return what a message is to say of
    those that fail."""
    from importlib.metadata import entry_points

    failed = ""
    for point in entry_points(group=GROUP):
        try:
            point.load()
        except Exception as error:  # whatever a foreign module may raise
            failed += f"; the family {point.name} cannot be loaded: {error}"
    return failed
