"""The journal of resumable work: what is kept, what a kill costs, who may write."""

import errno
import json
import os
import signal
import subprocess
import sys
import time
from io import FileIO
from pathlib import Path

import pytest

from selfsame.errors import InputError
from selfsame.run.executor import Failure
from selfsame.run.ledger import (
    Entry,
    Ledger,
    LedgerBusyError,
    SettingsChangedError,
    differences,
    file_digest,
    read_ledger,
    refuse_former,
)

SETTINGS = {"quality": 40, "model": {"name": "a", "steps": [1, 2]}}

WRITER = """
import sys, time
from selfsame.run.ledger import Ledger

with Ledger(sys.argv[1], "test", {}) as ledger:
    for number in range(10**9):
        ledger.record(f"item {number}", {"text": "x" * 500})
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.jsonl"


def opened(path: Path, settings: dict = SETTINGS, **options: bool) -> Ledger:
    return Ledger(path, "test", settings, **options)


def test_what_is_recorded_is_there_again(path: Path) -> None:
    with opened(path) as ledger:
        assert ledger.entries == {}
        ledger.plan(["a", "b", "c"])
        ledger.record("a", {"bytes": 3, "names": ["x"], "none": None}, "d1")
        ledger.record("b", Failure("it is no picture"), "d2")
        before = dict(ledger.entries)
    with opened(path) as ledger:
        assert ledger.entries == before == read_ledger(path).entries
        assert ledger.row("a", "d1") == {"bytes": 3, "names": ["x"], "none": None}
        assert ledger.entries["b"] == Entry("b", "d2", error="it is no picture")
        assert ledger.entries["c"] == Entry("c")
        assert "c" in ledger.entries
        assert "d" not in ledger.entries
        assert [ledger.row(item, "d2") for item in "bcd"] == [None, None, None]


def test_another_input_voids_its_item_and_no_other(path: Path) -> None:
    with opened(path) as ledger:
        ledger.record("a", {"n": 1}, "d1")
        ledger.record("b", {"n": 2}, "d1")
        assert ledger.row("a", "d2") is None
        assert ledger.row("b", "d1") == {"n": 2}
        ledger.record("a", Failure("broken"), "d2")
        assert ledger.row("a", "d2") is None
        ledger.record("a", {"n": 3}, "d2")
    with opened(path) as ledger:
        assert ledger.row("a", "d2") == {"n": 3}


def test_plans_void_nothing(path: Path) -> None:
    with opened(path) as ledger:
        ledger.record("a", {"n": 1})
        ledger.plan(["a", "b"])
        assert ledger.row("a") == {"n": 1}
    assert len(path.read_bytes().splitlines()) == 3


def test_other_settings_are_named_and_replaced_on_request_only(path: Path) -> None:
    other = {"quality": 30, "model": {"name": "a", "steps": [1, 2, 3]}, "new": True}
    with opened(path) as ledger:
        ledger.record("a", {"n": 1})
    before = path.read_bytes()
    with pytest.raises(SettingsChangedError, match="other settings") as caught:
        opened(path, other)
    for words in (
        "quality is 40 there and 30 here",
        "model.steps is [1, 2] there and [1, 2, 3] here",
        "new is nothing there and true here",
        "--overwrite",
    ):
        assert words in str(caught.value)
    assert "model.name" not in str(caught.value)
    assert path.read_bytes() == before
    with opened(path, overwrite=True) as ledger:
        assert ledger.row("a") == {"n": 1}  # of the same settings
    with opened(path, other, overwrite=True) as ledger:
        assert ledger.entries == {}
        ledger.record("a", {"n": 2})
    with opened(path, other) as ledger:
        assert ledger.row("a") == {"n": 2}


def test_settings_are_compared_as_json(path: Path) -> None:
    with opened(path, {"size": (1, 2), 3: None}) as ledger:
        ledger.plan([])
    with opened(path, {"size": [1, 2], "3": None}) as ledger:
        assert ledger.settings == {"size": [1, 2], "3": None}


def test_long_settings_are_shortened_in_messages() -> None:
    (text,) = differences({"a": list(range(100))}, {"a": []})
    assert len(text) < 160
    assert text.startswith("a is [0, 1, 2")
    assert text.endswith("98, 99] there and [] here")


@pytest.mark.parametrize("cut", range(1, 40, 3))
def test_a_torn_last_line_costs_its_item_only(path: Path, cut: int) -> None:
    with opened(path) as ledger:
        ledger.record("a", {"n": 1})
        ledger.record("b", {"n": 222222222222222222222222})
    path.write_bytes(path.read_bytes()[:-cut])
    with opened(path) as ledger:
        assert list(ledger.entries) == ["a"]
        ledger.record("c", {"n": 3})
    with opened(path) as ledger:
        assert (ledger.row("a"), ledger.row("c")) == ({"n": 1}, {"n": 3})
        assert list(ledger.entries) == ["a", "c"]


@pytest.mark.parametrize("cut", [0, 1, 5, 30])
def test_a_torn_first_line_is_begun_again(path: Path, cut: int) -> None:
    with opened(path) as ledger:
        ledger.plan([])
    head = path.read_bytes()
    assert head.endswith(b"\n")
    for torn in (head[:cut], head[: -1 - cut]):
        path.write_bytes(torn)
        with opened(path, {"other": 1}) as ledger:
            assert ledger.entries == {}
            ledger.plan([])
        assert read_ledger(path).settings == {"other": 1}


def test_nothing_noted_leaves_nothing(path: Path) -> None:
    with opened(path):
        assert path.exists()
    assert not path.exists()
    with opened(path) as ledger:
        ledger.plan([])
    assert path.exists()


@pytest.mark.parametrize("line", [b"\0" * 30, b"[]", b"5", b'{"item": 5}', b'{"row": {}}', b"\xff"])
def test_damaged_lines_are_passed_over(path: Path, line: bytes) -> None:
    with opened(path) as ledger:
        ledger.record("a", {"n": 1})
    path.write_bytes(path.read_bytes() + line + b'\n{"item": "b", "row": {}}\n')
    with opened(path) as ledger:
        assert list(ledger.entries) == ["a", "b"]


@pytest.mark.parametrize("text", ["hello", "hello\n", "[]\n", "{}\n", '{"ledger": 1}\n', "\n"])
def test_foreign_files_are_left_alone(path: Path, text: str) -> None:
    path.write_text(text)
    with pytest.raises(InputError, match="is no ledger of this package"):
        opened(path, overwrite=True)
    assert path.read_text() == text


def test_other_versions_and_kinds_are_left_alone(path: Path) -> None:
    path.write_text('{"ledger": 2, "kind": "test", "settings": {}}\n')
    with pytest.raises(InputError, match="has version 2 of ledgers, this build 1"):
        opened(path, overwrite=True)
    path.unlink()
    with Ledger(path, "archive", {}) as ledger:
        ledger.plan([])
    with pytest.raises(InputError, match="another kind of work, 'archive' and not 'test'"):
        opened(path, overwrite=True)


def test_no_ledger_to_read(path: Path) -> None:
    with pytest.raises(InputError, match="no such ledger"):
        read_ledger(path)


def test_settled_ledgers_tell_nothing_of_their_history(path: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.jsonl"
    with opened(path) as ledger:
        ledger.plan("abc")
        for item in "cab":
            ledger.record(item, {"item": item})
        ledger.settle("abc")
        ledger.record("d", {})  # it is still open
    with opened(other) as ledger:
        for item in "abcd":
            ledger.record(item, Failure("no"))
            ledger.record(item, {"item": item} if item != "d" else {})
        ledger.settle("abc")
    assert path.read_bytes() == other.read_bytes()
    assert {p.name for p in tmp_path.iterdir()} == {"ledger.jsonl", "other.jsonl"}
    assert list(read_ledger(path).entries) == ["a", "b", "c", "d"]


def test_restarted_ledgers_forget(path: Path) -> None:
    with opened(path) as ledger:
        ledger.record("a", {})
        ledger.restart()
        assert "a" not in ledger.entries
    assert len(path.read_bytes().splitlines()) == 1


def test_a_full_disk_leaves_whole_lines(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with opened(path) as ledger:
        ledger.record("a", {"n": 1})
        before = path.read_bytes()
        whole = ledger._file

        class Full(FileIO):
            """A file that takes ten bytes more."""

            left = 10

            def write(self, data):  # type: ignore[no-untyped-def]
                if not self.left:
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                self.left -= (written := super().write(data[: self.left]))
                return written

        ledger._file = Full(os.dup(whole.fileno()), "r+b")
        with pytest.raises(OSError, match="No space left"):
            ledger.record("b", {"n": 2})
        ledger._file.close()
        assert path.read_bytes() == before
        assert "b" not in ledger.entries
        ledger._file = whole
        ledger.record("c", {"n": 3})
    assert list(read_ledger(path).entries) == ["a", "c"]


@pytest.mark.skipif(sys.platform == "win32", reason="no such locks")
def test_one_process_at_a_time(path: Path) -> None:
    with opened(path) as ledger:
        with pytest.raises(LedgerBusyError, match="another run is writing to"):
            opened(path, overwrite=True)
        ledger.record("a", {})
        ledger.settle(["a"])  # a new file, and a new lock
        with pytest.raises(LedgerBusyError, match="another run is writing to"):
            opened(path)
    with opened(path) as ledger:
        assert "a" in ledger.entries


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
def test_a_killed_writer_leaves_whole_lines_and_no_lock(path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", WRITER, str(path)])
    try:
        end = time.monotonic() + 60
        while not path.exists() or path.stat().st_size < 50_000:
            assert process.poll() is None
            assert time.monotonic() < end
            time.sleep(0.005)
        with pytest.raises(LedgerBusyError, match="another run is writing"):
            opened(path, {})
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    with opened(path, {}) as ledger:
        count = len(ledger.entries)
        assert list(ledger.entries) == [f"item {n}" for n in range(count)]
        assert count > 50
        ledger.record("last", {})
    assert all(json.loads(line) for line in path.read_bytes().splitlines())


def test_digests_are_of_contents(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert file_digest(tmp_path / "a") == known
    os.utime(tmp_path / "a", (0, 0))
    assert file_digest(tmp_path / "a") == known


def test_records_of_earlier_versions_are_named_and_not_misread(tmp_path: Path) -> None:
    record, other = tmp_path / "manifest.json", tmp_path / "app.json"
    record.write_text('{"schema": 1, "files": []}')
    other.write_text('{"name": "an app of the web"}')
    for path in (other, tmp_path / "none"):
        assert not refuse_former(path, ("schema", "files"), overwrite=False)
    with pytest.raises(InputError, match=r"manifest.json is the record of an earlier version"):
        refuse_former(record, ("schema", "files"), overwrite=False)
    for text in ("[1]", "{", "\xff", "5"):
        other.write_text(text)
        assert not refuse_former(other, (), overwrite=True)
    assert record.exists()
    assert other.exists()
    assert refuse_former(record, ("schema", "files"), overwrite=True)
    assert not record.exists()
