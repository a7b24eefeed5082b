import os
import stat

import pytest

from selfsame import InputError
from selfsame.io.files import atomic_path, check_writable, write_bytes


def test_a_written_file_has_its_bytes_and_the_usual_mode(tmp_path) -> None:
    target = tmp_path / "a.bin"
    write_bytes(target, b"new")
    assert target.read_bytes() == b"new"
    plain = tmp_path / "plain"
    plain.write_text("")
    assert stat.S_IMODE(target.stat().st_mode) == stat.S_IMODE(plain.stat().st_mode)


def test_the_temporary_file_lies_beside_the_target_with_its_suffix(tmp_path) -> None:
    target = tmp_path / "a.png"
    with atomic_path(target) as temporary:
        assert temporary.parent == tmp_path
        assert temporary.suffix == ".png"
        assert temporary != target
        temporary.write_bytes(b"x")
        assert not target.exists()
    assert [p.name for p in tmp_path.iterdir()] == ["a.png"]


@pytest.mark.parametrize("error", [RuntimeError("mine"), KeyboardInterrupt("mine")])
def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path, error) -> None:
    target = tmp_path / "a.bin"
    target.write_bytes(b"old")

    def fail() -> None:
        with atomic_path(target) as temporary:
            temporary.write_bytes(b"half")
            raise error

    with pytest.raises(type(error), match="mine"):
        fail()
    assert target.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.bin"]


def test_a_failure_after_the_temporary_file_is_gone_keeps_its_own_error(tmp_path) -> None:
    def fail() -> None:
        with atomic_path(tmp_path / "a") as temporary:
            temporary.unlink()
            raise RuntimeError("mine")

    with pytest.raises(RuntimeError, match="mine"):
        fail()


def test_a_failing_rename_leaves_nothing(tmp_path, monkeypatch) -> None:
    def refuse(self, target):
        raise OSError("disk full")

    monkeypatch.setattr("pathlib.Path.replace", refuse)
    with pytest.raises(OSError, match="disk full"):
        write_bytes(tmp_path / "a", b"x")
    assert list(tmp_path.iterdir()) == []


def test_existing_files_are_replaced_only_if_allowed(tmp_path) -> None:
    target = tmp_path / "a.bin"
    target.write_bytes(b"old")
    with pytest.raises(InputError, match="pass --overwrite"):
        write_bytes(target, b"new", overwrite=False)
    assert target.read_bytes() == b"old"
    write_bytes(target, b"new", overwrite=True)
    assert target.read_bytes() == b"new"


def test_targets_that_cannot_be_written_are_told_early(tmp_path) -> None:
    with pytest.raises(InputError, match="is a directory"):
        check_writable(tmp_path, overwrite=True)
    with pytest.raises(InputError, match="does not exist; create it"):
        check_writable(tmp_path / "none" / "a", overwrite=True)
    check_writable(tmp_path / "a", overwrite=False)
    assert list(tmp_path.iterdir()) == []


def test_strings_and_relative_names_are_paths_too(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_bytes("a.bin", b"x")
    assert os.listdir() == ["a.bin"]
