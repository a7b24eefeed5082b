"""The build backend: scikit-build-core's, with a C++ compiler from the registry if there is none.

``ziglang`` is clang in a wheel. It is asked for only if no compiler is found, neither in ``CXX``
nor under one of the usual names.
"""

import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from scikit_build_core import build as core
from scikit_build_core.build import build_sdist, get_requires_for_build_sdist

__all__ = [
    "build_editable",
    "build_sdist",
    "build_wheel",
    "get_requires_for_build_editable",
    "get_requires_for_build_sdist",
    "get_requires_for_build_wheel",
]

ZIG = "ziglang>=0.15"
_COMPILERS = ("c++", "g++", "clang++", "cl")
_TOOLS = {"CC": "cc", "CXX": "c++"}
_CMAKE_TOOLS = {"CMAKE_AR": "ar", "CMAKE_RANLIB": "ranlib"}


def _has_compiler() -> bool:
    return bool(os.environ.get("CXX")) or any(map(shutil.which, _COMPILERS))


def _requires(of_core: list[str]) -> list[str]:
    return of_core if _has_compiler() else [*of_core, ZIG]


def get_requires_for_build_wheel(config_settings: dict[str, Any] | None = None) -> list[str]:
    return _requires(core.get_requires_for_build_wheel(config_settings))


def get_requires_for_build_editable(config_settings: dict[str, Any] | None = None) -> list[str]:
    return _requires(core.get_requires_for_build_editable(config_settings))


@contextmanager
def _compiler() -> Iterator[None]:
    """Let CMake find zig's compiler, as programs of one word each, if there is no other."""
    if _has_compiler():
        yield
        return
    before = dict(os.environ)
    with tempfile.TemporaryDirectory() as folder:

        def program(tool: str) -> str:
            path = Path(folder) / tool
            # By itself it would build for this very processor, and the result run on no other.
            target = " -mcpu=baseline" if tool in _TOOLS.values() else ""
            command = f'exec "{sys.executable}" -m ziglang {tool}{target} "$@"'
            path.write_text(f"#!/bin/sh\n{command}\n")
            path.chmod(path.stat().st_mode | stat.S_IXUSR)
            return str(path)

        os.environ.update({name: program(tool) for name, tool in _TOOLS.items()})
        defines = [f"-D{name}={program(tool)}" for name, tool in _CMAKE_TOOLS.items()]
        os.environ["CMAKE_ARGS"] = " ".join([os.environ.get("CMAKE_ARGS", ""), *defines])
        try:
            yield
        finally:
            os.environ.clear()
            os.environ.update(before)


def build_wheel(
    wheel_directory: str,
    config_settings: dict[str, Any] | None = None,
    metadata_directory: str | None = None,
) -> str:
    with _compiler():
        return core.build_wheel(wheel_directory, config_settings, metadata_directory)


def build_editable(
    wheel_directory: str,
    config_settings: dict[str, Any] | None = None,
    metadata_directory: str | None = None,
) -> str:
    with _compiler():
        return core.build_editable(wheel_directory, config_settings, metadata_directory)
