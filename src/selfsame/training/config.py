"""Configurations: tables of settings in a TOML or JSON file, under flags that override them."""

import json
import tomllib
from collections.abc import Iterable, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any, TypeVar

from selfsame.checked import Checked
from selfsame.errors import InputError, SettingError

S = TypeVar("S", bound=Checked)
Config = dict[str, dict[str, Any]]
"""Table -> name -> value."""


def read_config(path: Path, tables: Iterable[str]) -> Config:
    """Return the tables of a ``.toml`` or ``.json`` file.

    Raises:
        InputError: no such file, not of either kind, or another table than ``tables``.
    """
    if path.suffix.lower() not in (".toml", ".json"):
        raise InputError(f"a configuration is a .toml or .json file: got {path}")
    try:
        text = path.read_text("utf-8")
        values = tomllib.loads(text) if path.suffix.lower() == ".toml" else json.loads(text)
    except FileNotFoundError as error:
        raise InputError(f"no such file: {path}") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} cannot be read as a configuration: {error}") from error
    known = tuple(tables)
    if not isinstance(values, dict) or not all(isinstance(v, dict) for v in values.values()):
        raise SettingError(f"{path} must hold tables, of {', '.join(known)}")
    for name in values:
        if name not in known:
            raise SettingError(f"{path}: unknown table {name!r}; allowed are {', '.join(known)}")
    return values


def with_settings(config: Config, assignments: Iterable[str], tables: Iterable[str]) -> Config:
    """Return the configuration with every ``table.name=value`` set; the value is JSON or text.

    Raises:
        InputError: an assignment of another form, or of another table than ``tables``.
    """
    result, known = deepcopy(config), tuple(tables)
    for assignment in assignments:
        place, equals, text = assignment.partition("=")
        table, point, name = place.partition(".")
        if not (equals and point and name) or table not in known:
            raise SettingError(
                f"a setting is TABLE.NAME=VALUE, TABLE one of {', '.join(known)}: "
                f"got {assignment!r}"
            )
        try:
            value = json.loads(text)
        except ValueError:
            value = text
        result.setdefault(table, {})[name] = value
    return result


def settings_from(kind: type[S], table: Mapping[str, Any], name: str) -> S:
    """Return the settings that a table describes.

    Raises:
        InputError: an unknown name, or a value that the settings refuse; both say in which table.
    """
    try:
        return kind.from_dict(table)
    except InputError as error:
        raise SettingError(f"{name}: {error}") from error


def check_kept(settings: Checked, start: Checked, what: str, but: Iterable[str] = ()) -> None:
    """Check that the model that a training goes on from has the settings that are asked for.

    Args:
        what: the model is, in words.
        but: settings that may differ.
    Raises:
        InputError: it has others; says which.
    """
    asked, free = settings.as_dict(), tuple(but)
    others = [
        f"{name} {value!r}, not {asked[name]!r}"
        for name, value in start.as_dict().items()
        if value != asked[name] and name not in free
    ]
    if others:
        raise SettingError(f"model: the {what} that is gone on from has {', '.join(others)}")
