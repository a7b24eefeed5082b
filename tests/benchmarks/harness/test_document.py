"""The record of a run and its schema."""

import argparse
import json
from pathlib import Path

import pytest

from benchmarks import harness
from benchmarks.harness import document
from selfsame.errors import InputError


@pytest.fixture
def options(tmp_path: Path) -> argparse.Namespace:
    return harness.parser("test").parse_args(["-o", str(tmp_path / "out"), "--seed", "3"])


def test_a_record_passes_its_own_schema_and_is_published(
    options: argparse.Namespace, capsys: pytest.CaptureFixture[str]
) -> None:
    document = harness.record("trial", {"speed": {"median_s": 1.5}}, options, notes=["rough"])
    harness.check_result(document)
    assert document["seeds"] == [3]
    options.json = True
    harness.publish(document, options, "| a table |")
    assert json.loads((options.output / "trial.json").read_text()) == document
    captured = capsys.readouterr()
    assert json.loads(captured.out) == document
    assert "| a table |" in captured.err


def test_a_quick_run_is_written_only_where_asked(
    options: argparse.Namespace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(document, "RESULTS", tmp_path / "results")
    options.quick, options.output = True, None
    harness.publish(harness.record("trial", {"x": 1}, options), options, "")
    assert not list(tmp_path.rglob("*.json"))
    options.quick = False
    harness.publish(harness.record("trial", {"x": 1}, options), options, "")
    assert [p.name for p in tmp_path.rglob("*.json")] == ["trial.json"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"seeds": ["0"]}, "seeds must be integers"),
        ({"quick": 1}, "quick must be bool"),
        ({"schema": True}, "schema must be int"),
        ({"schema": 99}, "schema must be"),
        ({"results": {}}, "results is empty"),
        ({"results": {"mse": float("nan")}}, r"result\.results\.mse must be finite"),
        ({"results": {"mse": [1.0, float("inf")]}}, r"mse\[1\] must be finite"),
        ({"published": [{"mse": 0.1}]}, "needs its source"),
        ({"machine": {"cpu": "x"}}, "machine needs the fields"),
        ({"versions": {}}, "versions lacks"),
        ({"surplus": 1}, "differs in surplus"),
    ],
)
def test_bad_documents_are_refused(
    options: argparse.Namespace, change: dict[str, object], message: str
) -> None:
    document = harness.record("trial", {"x": 1.0}, options) | change
    with pytest.raises(InputError, match=message):
        harness.check_result(document)


def test_committed_results_keep_the_schema() -> None:
    for path in harness.RESULTS.glob("*.json"):
        document = json.loads(path.read_text())
        harness.check_result(document)
        assert path.stem == document["name"]
        assert not document["quick"]


def test_measure_leaves_out_the_warm_up() -> None:
    calls = []
    timing = harness.measure(lambda: calls.append(1), warm_up=2, runs=3)
    assert len(calls) == 5
    assert len(timing.runs_s) == 3
    assert timing.min_s <= timing.median_s <= timing.max_s
    with pytest.raises(InputError, match="runs must be"):
        harness.measure(lambda: None, runs=0)


def test_markdown_table() -> None:
    table = harness.markdown_table([{"a": 0.012345, "b": "x"}, {"a": None, "b": 7}], ["a", "b"])
    assert table.splitlines() == ["| a | b |", "|---|---|", "| 0.01235 | x |", "| – | 7 |"]


def test_plain_makes_json_of_what_scripts_hold() -> None:
    timing = harness.Timing(1.0, 0.5, 2.0, [0.5, 1.0, 2.0])
    value = harness.plain({1: timing, "far": float("inf"), "pair": (1, 2)})
    assert value == {
        "1": {"median_s": 1.0, "min_s": 0.5, "max_s": 2.0, "runs_s": [0.5, 1.0, 2.0]},
        "far": None,
        "pair": [1, 2],
    }
