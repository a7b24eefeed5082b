"""Finished work is kept, and no other is taken for it."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.codec import ours
from benchmarks.collage import trials
from benchmarks.harness import kept
from benchmarks.harness.kept import Kept, Table, fingerprint, finished, kept_folder
from benchmarks.harness.types import Arrays
from benchmarks.pretraining import data
from benchmarks.priors import subjects
from selfsame.errors import InputError
from selfsame.run.ledger import SettingsChangedError


def test_work_is_done_once_and_again_for_other_settings_or_sources(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []

    def rows() -> list[dict[str, Any]]:
        calls.append(1)
        return [{"accuracy": 0.1 + 0.2}]

    def folder(settings: dict[str, Any], sources: str = "pifs/*.py") -> Path:
        return kept_folder(tmp_path, "probes", [sources], settings)

    place = folder({"draws": 2})
    first, again = finished(place, "a", rows), finished(place, "a", rows)
    assert first == again == [{"accuracy": 0.1 + 0.2}]
    assert len(calls) == 1
    assert finished(place, "b", rows) == first
    assert finished(place, "a", rows, {"other": "settings"}) == first
    assert len(calls) == 3
    assert finished(None, "a", rows) == first
    assert len(calls) == 4
    assert folder({"draws": 2}) == place
    others = {folder({"draws": 3}), folder({"draws": 2}, "ifs/*.py")}
    monkeypatch.setattr(kept, "fingerprint", lambda patterns: "changed")
    others.add(folder({"draws": 2}))
    assert len({place, *others}) == 4


def test_finished_work_is_kept(tmp_path: Path) -> None:
    calls = []

    def work() -> Arrays:
        calls.append(1)
        return {"a": np.arange(3), "b": np.ones((2, 2), np.float32)}

    def kept(folder: Path | None, sources: str = "pifs/*.py") -> Kept:
        return Kept(folder, "trial", [sources], ["x"])

    folder = tmp_path / "kept"
    first = kept(folder).get("w", {"x": 1}, work)
    again = kept(folder).get("w", {"x": 1}, work)
    assert len(calls) == 1
    assert again.keys() == first.keys()
    np.testing.assert_array_equal(again["b"], first["b"])
    kept(folder).get("w", {"x": 2}, work)
    kept(folder).get("v", {"x": 1}, work)
    kept(folder, "ifs/*.py").get("w", {"x": 1}, work)
    assert len(calls) == 4
    kept(None).get("w", {"x": 1}, work)
    assert len(calls) == 5


@pytest.mark.parametrize(
    "sources", [ours.SOURCES, trials.SOURCES, subjects.SOURCES, *data.SOURCES.values()]
)
def test_the_sources_of_kept_work_are_there(sources: tuple[str, ...]) -> None:
    assert len(fingerprint(sources)) == 12


def test_a_pattern_without_sources_is_refused() -> None:
    with pytest.raises(InputError, match=r"no source of selfsame matches gone/\*\.py"):
        fingerprint(("pifs/*.py", "gone/*.py"))


def test_a_table_is_read_back_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "kept" / "t.jsonl"
    table = Table(path, ("name", "setting"), ("name", "setting", "x", "y"))
    table.add({"name": "a", "setting": 0.5, "x": np.float32(1.25), "y": None})
    assert table.find(name="a", setting=0.5)["x"] == 1.25
    table.add({"name": "a", "setting": 1, "x": 3, "y": "text"})
    table.add({"name": "a", "setting": 0.5, "x": 2.5, "y": 7})
    again = Table(path, ("name", "setting"), ("name", "setting", "x", "y"))
    assert again.find(name="a", setting=0.5) == {"name": "a", "setting": "0.5", "x": 2.5, "y": 7}
    assert again.find(name="a", setting=1) == {"name": "a", "setting": "1", "x": 3, "y": "text"}
    assert again.find(name="b", setting=1) is None
    assert again.rows == table.rows
    with pytest.raises(SettingsChangedError, match="columns is "):
        Table(path, ("name",), ("name", "z"))
