"""What is drawn and encoded takes no more threads than it is told."""

import numpy as np
import pytest

from selfsame.codes.encode import encode
from selfsame.codes.render import draw_bytes, render
from selfsame.family import Run, View
from selfsame.ifs.code import IFSCode, Primitive, Viewport
from selfsame.ifs.render import recursion
from selfsame.ifs.system import IFS
from selfsame.run.threads import thread_count

HALVES = IFS(np.full((1, 2, 2), 0.5) * np.eye(2), np.zeros((1, 2)), np.ones(1))
LEAF = IFSCode(HALVES, Viewport(-1, -1, 1, 1), (8, 8), Primitive("disk", (0.0, 0.0, 0.5)))


@pytest.fixture
def counts(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The numbers of threads that recursions take."""
    taken: list[int] = []

    def counted(threads: int | None) -> int:
        taken.append(thread_count(threads))
        return taken[-1]

    monkeypatch.setattr(recursion, "thread_count", counted)
    return taken


def test_a_recursion_takes_no_more_threads_than_it_is_told(counts: list[int]) -> None:
    render(LEAF, depth=1, threads=5)
    draw_bytes(LEAF, View(), Run(threads=6), depth=1)
    assert counts == [5, 6]


def test_all_of_an_encoder_takes_no_more_threads_than_it_is_told() -> None:
    seen = []
    picture = np.zeros((16, 16), np.uint8)
    encode(picture, threads=5, effort=1, progress=lambda _: seen.append(thread_count(None)))
    assert set(seen) == {5}
