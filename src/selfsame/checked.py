"""Settings that check themselves: what a field allows is written once, in its annotation.

    @dataclass(frozen=True)
    class Settings(Checked):
        steps: Annotated[int, Range(1, 10**9)] = 1000
        rate: Annotated[float, Range(0, 1, open_low=True)] = 0.1
        clip: Annotated[float, Range(0)] | None = None
        mode: Literal["hybrid", "pure"] = "hybrid"

Values are checked, and made plain Python ones, when the object is made; every message names the
field, what is allowed and what came. The command line reads the same annotations
(``selfsame.cli.shared.options``). What several fields must keep together is checked by the class
itself, in a ``__post_init__`` that calls this one first.
"""

import math
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from numbers import Integral, Real
from os import PathLike
from pathlib import Path
from types import NoneType, UnionType
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    Literal,
    NamedTuple,
    Self,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

from selfsame.errors import InputError, SettingError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


@dataclass(frozen=True)
class Range:
    """The numbers from ``low`` to ``high``, both included unless open; never NaN or infinite."""

    low: float = -math.inf
    high: float = math.inf
    open_low: bool = False
    open_high: bool = False

    def __contains__(self, number: float) -> bool:
        above = self.low < number if self.open_low else self.low <= number
        return above and (number < self.high if self.open_high else number <= self.high)

    @property
    def bounded(self) -> bool:
        """Whether both ends are finite."""
        return math.isfinite(self.low) and math.isfinite(self.high)

    def __str__(self) -> str:
        low = f"above {_short(self.low)}" if self.open_low else f"at least {_short(self.low)}"
        high = f"below {_short(self.high)}" if self.open_high else f"at most {_short(self.high)}"
        if not (self.open_low or self.open_high or self.low == -math.inf):
            low, high = _short(self.low), _short(self.high)
            return f"within {low}..{high}" if self.bounded else f"from {low}"
        bounds = [low] * (self.low > -math.inf) + [high] * (self.high < math.inf)
        return " and ".join(bounds)


Seed = Annotated[int, Range(0, 2**63 - 1)]
"""Of random numbers."""


class Allowed(NamedTuple):
    """What an annotation allows.

    Attributes:
        kind: a class, a ``Literal`` or a tuple of annotations.
        range: of a number, and of each element of ``kind`` if the whole tuple is annotated.
        optional: None too.
    """

    kind: Any
    range: Range
    optional: bool


def allowed(annotation: Any) -> Allowed:
    """Return what an annotation allows; ``Annotated`` and ``| None`` may stand in either order."""
    range_, optional, kind = Range(), False, annotation
    while True:
        if get_origin(kind) is Annotated:
            kind, *marks = get_args(kind)
            range_ = next((mark for mark in marks if isinstance(mark, Range)), range_)
        elif get_origin(kind) in (Union, UnionType) and NoneType in get_args(kind):
            optional = True
            kind = Union[tuple(each for each in get_args(kind) if each is not NoneType)]  # noqa: UP007
        else:
            return Allowed(kind, range_, optional)


def annotations(kind: type["DataclassInstance"]) -> dict[str, Any]:
    """Return the annotation of each field of a class."""
    hints = get_type_hints(kind, include_extras=True)
    return {field.name: hints[field.name] for field in fields(kind)}


def check_fields(settings: "DataclassInstance") -> None:
    """Check the fields of a new dataclass, frozen or not, and make their values plain.

    Raises:
        InputError: a value that the annotation of its field does not allow.
    """
    for name, annotation in annotations(type(settings)).items():
        object.__setattr__(settings, name, checked(name, getattr(settings, name), annotation))


@dataclass(frozen=True, eq=False)  # each class compares its own fields
class Checked:
    """Base of dataclasses, frozen too, whose fields are checked when an object is made.

    Raises:
        InputError: a value that the annotation of its field does not allow.
    """

    def __post_init__(self) -> None:
        check_fields(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Return the settings that names and values describe, perhaps by way of JSON.

        Raises:
            InputError: an unknown name, a missing one that has no default, or as for the class.
        """
        known = fields(cls)
        names = [field.name for field in known]
        for name in values:
            if name not in names:
                raise SettingError(f"unknown setting {name!r}; allowed are {', '.join(names)}")
        for field in known:
            if field.name not in values and field.default is field.default_factory is MISSING:
                raise SettingError(f"{field.name} is missing; all settings are {', '.join(names)}")
        return cls(**values)

    def as_dict(self) -> dict[str, Any]:
        """Return all settings, ready for JSON."""
        return {field.name: jsonable(getattr(self, field.name)) for field in fields(self)}


def checked(name: str, value: Any, annotation: Any) -> Any:
    """Return a value as the plain Python object that an annotation has.

    NumPy's scalars become Python's, lists tuples, mappings the ``Checked`` class that is wanted.

    Args:
        name: what the message calls the value.
        annotation: of a bool, int, float, str, ``Path``, ``Literal``, ``Checked`` or another
            class, or a tuple or an optional one of them.
    Raises:
        InputError: the annotation does not allow the value.
    """
    kind, range_, optional = allowed(annotation)
    plain = value.item() if getattr(value, "shape", None) == () else value  # of numpy or torch
    if kind is Any or (plain is None and optional):
        return plain
    if get_origin(kind) is tuple:
        return _checked_tuple(name, value, get_args(kind), range_)
    if isinstance(kind, type) and issubclass(kind, Checked) and not isinstance(value, kind):
        return _nested(name, value, kind)
    result, what = _fitting(plain, kind, range_)
    if result is None:
        raise SettingError(f"{name} must be {what}{' or None' * optional}: got {plain!r}")
    return result


def check_whole(name: str, value: Any, low: int, high: int) -> int:
    """Return a whole number of ``low`` to ``high`` as an int; else as ``checked``."""
    number: int = checked(name, value, Annotated[int, Range(low, high)])
    return number


def _fitting(value: Any, kind: Any, range_: Range) -> tuple[Any, str]:
    """Return the value as ``kind`` has it, None if it cannot be, and what is allowed in words."""
    if get_origin(kind) is Literal:
        choices = get_args(kind)
        found = [each for each in choices if type(each) is type(value) and each == value]
        return (found or [None])[0], f"one of {', '.join(map(str, choices))}"
    if kind is bool:
        return (value if isinstance(value, bool) else None), "true or false"
    if kind in (int, float):
        sort = (
            "a whole number" if kind is int else "a number" if range_.bounded else "a finite number"
        )
        return _number(value, kind, range_), f"{sort} {range_}".rstrip()
    if kind is Path:
        return (Path(value) if isinstance(value, str | PathLike) else None), "a path"
    if kind is str:
        return (value if isinstance(value, str) else None), "text"
    wanted = get_origin(kind) or kind
    return (value if isinstance(value, wanted) else None), f"a {wanted.__name__}"


def _number(value: Any, kind: type[int] | type[float], range_: Range) -> float | None:
    """Return the number as int or float, or None if it is none of the range."""
    is_number = isinstance(value, Integral if kind is int else Real)
    try:
        number: float = kind(value) if is_number and not isinstance(value, bool) else math.nan
    except OverflowError:  # too large for a float
        return None
    return number if math.isfinite(number) and number in range_ else None


def _checked_tuple(name: str, value: Any, items: tuple[Any, ...], range_: Range) -> tuple[Any, ...]:
    """Return a list or tuple as a tuple whose elements are checked one by one."""
    many = items[-1] is Ellipsis
    if not isinstance(value, list | tuple) or not (many or len(value) == len(items)):
        wanted = "a list" if many else f"{len(items)} values"
        raise SettingError(f"{name} must be {wanted}: got {value!r}")
    kinds = items[:1] * len(value) if many else items
    return tuple(
        checked(f"{name}[{i}]", each, Annotated[kind, range_])
        for i, (each, kind) in enumerate(zip(value, kinds, strict=True))
    )


def _nested(name: str, value: Any, kind: type[Checked]) -> Checked:
    """Return the object of a class that a mapping, or a list of its first values, describes."""
    names = list(annotations(kind))
    if isinstance(value, list | tuple) and len(value) <= len(names):
        value = dict(zip(names, value, strict=False))
    if not isinstance(value, Mapping):
        raise SettingError(f"{name} must be a mapping of {', '.join(names)}: got {value!r}")
    try:
        return kind.from_dict(value)
    except InputError as error:
        raise SettingError(f"{name}: {error}") from error


def jsonable(value: Any) -> Any:
    """Return a checked value with tuples as lists, paths as text and settings as dicts."""
    if isinstance(value, Checked):
        return value.as_dict()
    if isinstance(value, tuple):
        return [jsonable(each) for each in value]
    if isinstance(value, Mapping):
        return {key: jsonable(each) for key, each in value.items()}
    return str(value) if isinstance(value, Path) else value


def _short(number: float) -> str:
    return str(int(number)) if float(number).is_integer() else str(number)
