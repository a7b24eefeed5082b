"""Optional dependencies: whatever of the package imports one that is missing says how to get it.

Most of the package needs no learning and runs without PyTorch; some of it cannot even be imported.
So that a plain ``from selfsame import fit`` says what to do, the last of the finders that Python
asks for a module, once no other one has it, is one of ours. For imports of other packages it finds
nothing, as if it were not there.
"""

import sys
from types import FrameType
from typing import Any

from selfsame.errors import MissingExtraError

EXTRAS = {
    **dict.fromkeys(("dask", "distributed"), "cluster"),
    **dict.fromkeys(("matplotlib", "numba"), "bench"),
    **dict.fromkeys(("fontTools", "resvg_py"), "data"),
    **dict.fromkeys(("scipy", "sentencepiece", "sklearn", "torch"), "learn"),
    "huggingface_hub": "hub",
    "transformers": "text",
}
"""Package -> the extra of ``pyproject.toml`` that brings it."""


def missing(package: str) -> MissingExtraError:
    """Return the error of what needs a package of ``EXTRAS``, which is not there."""
    return MissingExtraError(
        f"this needs the package {package}: {installation(EXTRAS[package])}", name=package
    )


def installation(extra: str, *, editable: bool = False) -> str:
    """Return the words that say how an extra is installed: Selfsame is not on PyPI.

    Args:
        editable: such that the package runs from the checkout.
    """
    return (
        f"in a checkout of selfsame, pip install -c constraints.txt {'-e ' * editable}'.[{extra}]'"
    )


class _LastFinder:
    """Raises ``MissingExtraError`` where this package imports what nobody finds."""

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> None:
        if fullname in EXTRAS and _importer(sys._getframe(1)).partition(".")[0] == "selfsame":
            raise missing(fullname)


def _importer(frame: FrameType | None) -> str:
    """Return the name of the module that asks the import system for another one."""
    while frame is not None:
        name = str(frame.f_globals.get("__name__", ""))
        if name.partition(".")[0] not in ("importlib", "_frozen_importlib"):
            return name
        frame = frame.f_back
    return ""


def install() -> None:
    """Let missing extras be named; called when the package is imported."""
    if not any(isinstance(finder, _LastFinder) for finder in sys.meta_path):
        sys.meta_path.append(_LastFinder())
