"""The compiled core computes the same with every instruction set that it is compiled for."""

import json
import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from selfsame import _native
from support.instruction_sets import LEVELS, levels_here, resolvers, with_level

TESTS = Path(__file__).parent
LIBRARY = Path(str(_native.__file__))


def has_clones() -> bool:
    """Whether the library was built by a compiler that makes them; see native/core/clones.hpp."""
    machine = platform.machine(), platform.libc_ver()[0]
    return machine == ("x86_64", "glibc") and b"GCC: (" in LIBRARY.read_bytes()


pytestmark = pytest.mark.skipif(not has_clones(), reason="built for one instruction set")


def results_of(library: Path) -> dict[str, str]:
    path = os.pathsep.join([str(TESTS), str(TESTS.parent)])
    done = subprocess.run(
        [sys.executable, "-m", "support.instruction_sets", str(library)],
        env={**os.environ, "PYTHONPATH": path},
        check=True,
        capture_output=True,
    )
    results: dict[str, str] = json.loads(done.stdout)
    return results


def test_every_function_has_a_clone_for_each_set() -> None:
    functions = resolvers(LIBRARY.read_bytes())
    assert len(functions) >= 20
    assert all(set(LEVELS) <= set(known) for known in functions.values())


def test_all_sets_give_the_same_results(tmp_path: Path) -> None:
    original, found = LIBRARY.read_bytes(), {}
    for level in levels_here():
        patched = tmp_path / f"{level}.so"
        patched.write_bytes(with_level(original, level))
        found[level] = results_of(patched)
    assert len({json.dumps(results) for results in found.values()}) == 1, found
    assert len(found["default"]) == 7
