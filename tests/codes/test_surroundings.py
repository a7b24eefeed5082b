"""Codes opened where a program is not alone: in many threads, after a fork, in little memory."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from selfsame.codes.store import pack, unpack
from support.hostile_files import FILES, drawn

TESTS = Path(__file__).parents[1]
UNDRAWN = ("collage", "grid")
"""Their models are nobody's."""

DRAWN = [name for name in FILES if unpack(FILES[name]).family not in UNDRAWN]


def python(script):
    """What a script prints, run with the helpers of the tests at hand."""
    environment = {**os.environ, "PYTHONPATH": str(TESTS), "OPENBLAS_NUM_THREADS": "1"}
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-c", script],
        env=environment,
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def test_many_threads_read_and_draw_the_same():
    names = [name for name in FILES for _ in range(4)]
    alone = {name: unpack(data) for name, data in FILES.items()}
    pictures = {name: drawn(alone[name]) for name in DRAWN}

    def work(name):
        code = unpack(FILES[name])
        return code, pack(code), drawn(code) if name in DRAWN else None

    with ThreadPoolExecutor(8) as pool:
        for name, (code, data, picture) in zip(names, pool.map(work, names), strict=True):
            assert code == alone[name], name
            assert data == pack(alone[name]), name
            np.testing.assert_array_equal(picture, pictures.get(name))


AFTER_FORK = """
import os, sys
import numpy as np
from selfsame.codes.store import unpack
from support.hostile_files import FILES, drawn
data = FILES["all-syntax"]
before = drawn(unpack(data), threads=2)
child = os.fork()
same = np.array_equal(drawn(unpack(data), threads=2), before)
if child == 0:
    os._exit(0 if same else 1)
_, status = os.waitpid(child, 0)
print(same, os.waitstatus_to_exitcode(status))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_after_a_fork_both_draw_the_same():
    assert python(AFTER_FORK) == "True 0\n"


IN_LITTLE_MEMORY = """
import resource
from selfsame.codes.store import pack, unpack
from selfsame.errors import FormatError
from support.hostile_files import FILES, drawn
from support.random_codes import random_code
from support.random_collages import random_code as random_collage
MEBIBYTE = 1 << 20
large = {"pifs": pack(random_code(5, 400, 400, 3, alpha=True)), "ifs": FILES["gasket"]}
large |= {"collage": pack(random_collage(5, 1000, 1000)), "mosaic": FILES["mosaic-syntax"]}
def work(data):
    code = unpack(data)
    return code if code.family == "collage" else drawn(code, (500, 500), threads=2)
for name in ("photo-pure", "gasket", "mosaic-pixel"):  # what first calls load and keep
    drawn(unpack(FILES[name]))
unpack(FILES["collage-pixel"])
with open("/proc/self/statm") as file:
    used = int(file.read().split()[0]) * resource.getpagesize()
_, most = resource.getrlimit(resource.RLIMIT_AS)
for room in (1, 3, 6, 12, 20, 32, 512):
    results = []
    resource.setrlimit(resource.RLIMIT_AS, (used + room * MEBIBYTE, most))
    for data in large.values():
        try:
            work(data)
            results.append("done")
        except MemoryError:
            results.append("MemoryError")
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    print(*results)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not hold to such limits")
def test_in_little_memory_a_code_is_drawn_or_says_so():
    first, *others, last = python(IN_LITTLE_MEMORY).splitlines()
    assert first.split().count("MemoryError") > 1
    assert len(set(others)) > 1  # what takes less is done in less
    assert last == "done done done done"
