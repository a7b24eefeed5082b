"""Packages that look as if they were not installed."""

import sys
from typing import Any


class _Without:
    """A finder of modules that does not find some packages."""

    def __init__(self, finder: Any, packages: tuple[str, ...]) -> None:
        self._finder, self._packages = finder, packages

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        if name.partition(".")[0] in self._packages:
            return None
        return self._finder.find_spec(name, path, target)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._finder, name)


def finders_without(*packages: str) -> list[Any]:
    """Return what ``sys.meta_path`` is where some packages are not installed.

    What was imported already is still in ``sys.modules``.
    """
    from selfsame import extras

    return [
        finder if isinstance(finder, extras._LastFinder) else _Without(finder, packages)
        for finder in sys.meta_path
    ]
