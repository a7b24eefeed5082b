import io
import sys
from typing import Any

import pytest
import tqdm

from selfsame.run.progress import CancelledError, Progress, shown_progress


def test_it_shows_what_it_is_told_and_without_a_listener_nothing() -> None:
    shown: list[tuple[float, float, str]] = []
    progress = Progress(lambda *told: shown.append(told))
    progress(1, 3)
    progress(2, 3, "fitting")
    assert shown == [(1, 3, ""), (2, 3, "fitting")]
    Progress()(1, 3)


def test_a_part_counts_on_top_of_what_was_before() -> None:
    shown: list[tuple[float, float, str]] = []
    part = Progress(lambda *told: shown.append(told)).part(10, 40)
    part(0, 5, "b")
    part(5, 5, "b")
    assert shown == [(10, 40, "b"), (15, 40, "b")]
    shown.clear()
    scaled = Progress(lambda *told: shown.append(told)).part(10, 40, share=2)
    for done in (0, 50, 100):
        scaled(done, 100)
    assert shown == [(10, 40, ""), (11, 40, ""), (12, 40, "")]


def test_a_cancelled_one_ends_the_work_at_its_next_call_in_its_parts_too() -> None:
    shown: list[float] = []
    progress = Progress(lambda done, total, label: shown.append(done))
    part = progress.part(0, 9)
    part(1, 9)
    progress.cancel()
    for each in (progress, part):
        with pytest.raises(CancelledError, match="cancelled"):
            each(2, 9)
    assert shown == [1]


def test_a_bar_is_for_terminals_and_silent_when_quiet(capsys) -> None:
    for quiet in (False, True):
        with shown_progress("work", quiet=quiet) as progress:
            progress(0.5)
            progress(1, 3, "another")
    assert capsys.readouterr() == ("", "")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_bar_shows_percents_counts_and_labels(monkeypatch) -> None:
    terminal, bar = Terminal(), tqdm.tqdm

    def at_once(**options: Any) -> Any:
        return bar(**(options | {"file": terminal, "mininterval": 0}))

    monkeypatch.setattr(tqdm, "tqdm", at_once)
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr("selfsame.run.progress.DELAY", 0)
    with shown_progress("work") as progress:
        progress(0.5)
        progress(1, 3, "another")
    for words in ("work:  50%", " 50/100 [", "another:  33%", " 1/3 ["):
        assert words in terminal.getvalue()


def test_short_work_shows_no_bar(monkeypatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with shown_progress("work") as progress:
        progress(0.5)
    assert terminal.getvalue() == ""
