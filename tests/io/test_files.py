import io
import os
import stat
import threading
from pathlib import Path

import pytest

from selfsame import InputError
from selfsame.errors import LimitError, SettingError
from selfsame.io.files import (
    atomic_file,
    check_writable,
    make_folder,
    open_input,
    read_rest,
    remove_unfinished,
    write_bytes,
)


def test_a_written_file_has_its_bytes_and_the_usual_mode(tmp_path) -> None:
    target = tmp_path / "a.bin"
    write_bytes(target, b"new")
    assert target.read_bytes() == b"new"
    plain = tmp_path / "plain"
    plain.write_text("")
    assert stat.S_IMODE(target.stat().st_mode) == stat.S_IMODE(plain.stat().st_mode)


def test_the_file_is_there_only_when_it_is_whole(tmp_path) -> None:
    target = tmp_path / "a.png"
    with atomic_file(target) as stream:
        stream.write(b"x")
        assert not target.exists()
        assert len(list(tmp_path.iterdir())) == 1
    assert [p.name for p in tmp_path.iterdir()] == ["a.png"]


@pytest.mark.parametrize("error", [RuntimeError("mine"), KeyboardInterrupt("mine")])
def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path, error) -> None:
    target = tmp_path / "a.bin"
    target.write_bytes(b"old")

    def fail() -> None:
        with atomic_file(target) as stream:
            stream.write(b"half")
            raise error

    with pytest.raises(type(error), match="mine"):
        fail()
    assert target.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.bin"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no such device here")
def test_a_full_disk_is_told_with_the_name_of_the_output() -> None:
    with pytest.raises(OSError, match="No space left on device: '/dev/full'"):
        write_bytes("/dev/full", b"new")


def test_an_error_of_another_file_keeps_its_name(tmp_path) -> None:
    def fail() -> None:
        with atomic_file(tmp_path / "a"):
            (tmp_path / "none").read_bytes()

    with pytest.raises(OSError, match=r"none'$"):
        fail()


def test_nothing_is_written_to_a_file_called_minus(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SettingError, match="/dev/stdout is standard output"):
        write_bytes("-", b"new")
    assert list(tmp_path.iterdir()) == []


def test_a_failure_after_the_temporary_file_is_gone_keeps_its_own_error(tmp_path) -> None:
    def fail() -> None:
        with atomic_file(tmp_path / "a"):
            remove_unfinished(tmp_path)
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


# --- what is there already ---


def test_the_mode_of_a_replaced_file_stays(tmp_path) -> None:
    target = tmp_path / "a"
    target.write_bytes(b"old")
    target.chmod(0o640)
    write_bytes(target, b"new")
    assert target.read_bytes() == b"new"
    assert stat.S_IMODE(target.stat().st_mode) == 0o640


def test_a_link_stays_and_the_file_it_names_is_replaced(tmp_path) -> None:
    (tmp_path / "deep").mkdir()
    file = tmp_path / "deep" / "file"
    file.write_bytes(b"old")
    inode = file.stat().st_ino
    (tmp_path / "middle").symlink_to("deep/file")
    link = tmp_path / "link"
    link.symlink_to("middle")
    with pytest.raises(InputError, match="exists; pass --overwrite"):
        write_bytes(link, b"new", overwrite=False)
    write_bytes(link, b"new")
    assert os.readlink(link) == "middle"
    assert file.read_bytes() == b"new"
    assert file.stat().st_ino != inode  # one step, not over the old bytes
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["deep", "file", "link", "middle"]


def test_a_failure_behind_a_link_leaves_all_as_it_was(tmp_path) -> None:
    (tmp_path / "file").write_bytes(b"old")
    (tmp_path / "link").symlink_to("file")

    def fail() -> None:
        with atomic_file(tmp_path / "link") as stream:
            stream.write(b"half")
            raise RuntimeError("mine")

    with pytest.raises(RuntimeError, match="mine"):
        fail()
    assert (tmp_path / "file").read_bytes() == b"old"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "link"]


def test_a_link_to_nothing_gets_its_file(tmp_path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "file")
    write_bytes(tmp_path / "link", b"new", overwrite=False)
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "file").read_bytes() == b"new"
    (tmp_path / "lost").symlink_to(tmp_path / "none" / "file")
    with pytest.raises(InputError, match="none of the output does not exist"):
        write_bytes(tmp_path / "lost", b"new")


def test_a_circle_of_links_is_refused(tmp_path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(InputError, match="a cannot be written: "):
        write_bytes(tmp_path / "a", b"new")
    assert (tmp_path / "a").is_symlink()


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize("linked", [False, True])
def test_a_fifo_is_written_through(tmp_path, overwrite, linked) -> None:
    fifo, got = tmp_path / "fifo", []
    os.mkfifo(fifo)
    target = fifo
    if linked:
        target = tmp_path / "link"
        target.symlink_to("fifo")
    reader = threading.Thread(target=lambda: got.append(fifo.read_bytes()), daemon=True)
    reader.start()
    check_writable(target, overwrite=overwrite)  # does not wait for a reader
    contents = bytes(range(256)) * 1000  # more than a pipe holds
    write_bytes(target, contents, overwrite=overwrite)
    reader.join(10)
    assert got == [contents]
    assert stat.S_ISFIFO(fifo.stat().st_mode)
    assert target.is_symlink() == linked
    assert len(list(tmp_path.iterdir())) == 1 + linked


@pytest.mark.parametrize(("kind", "needs_overwrite"), [(stat.S_IFCHR, False), (stat.S_IFBLK, True)])
def test_a_device_is_written_through(tmp_path, monkeypatch, kind, needs_overwrite) -> None:
    node = tmp_path / "node"
    node.write_bytes(b"old")
    inode, true_stat = node.stat().st_ino, os.stat

    def as_device(path, **options):
        found = true_stat(path, **options)
        same = isinstance(path, str | Path) and Path(path) == node
        mode = kind | stat.S_IMODE(found.st_mode)
        return os.stat_result((mode, *found[1:])) if same else found

    monkeypatch.setattr("os.stat", as_device)
    if needs_overwrite:
        with pytest.raises(InputError, match="exists; pass --overwrite"):
            write_bytes(node, b"new", overwrite=False)
    write_bytes(node, b"new", overwrite=needs_overwrite)
    monkeypatch.undo()
    assert node.read_bytes() == b"new"
    assert node.stat().st_ino == inode  # the node itself is still there
    assert [p.name for p in tmp_path.iterdir()] == ["node"]


# --- told early ---


def test_names_may_be_as_long_as_names_can_be(tmp_path) -> None:
    for length in (245, 255):
        write_bytes(tmp_path / ("x" * length), b"new")
    with pytest.raises(InputError, match="cannot be written: File name too long"):
        check_writable(tmp_path / ("x" * 256), overwrite=True)
    assert sorted(len(p.name) for p in tmp_path.iterdir()) == [245, 255]


def test_what_may_not_be_written_is_told_early(tmp_path, monkeypatch) -> None:
    (tmp_path / "file").write_bytes(b"old")
    locked = {tmp_path}
    monkeypatch.setattr("os.access", lambda path, mode: Path(path) not in locked)  # root may all
    for name in ("file", "new"):
        with pytest.raises(InputError, match=r"folder .* of the output is write-protected"):
            check_writable(tmp_path / name, overwrite=True)
    with pytest.raises(InputError, match=r"folder .* of the output is write-protected"):
        make_folder(tmp_path, "give a folder")
    locked = {tmp_path / "file"}
    with pytest.raises(InputError, match="file is write-protected"):
        check_writable(tmp_path / "file", overwrite=True)
    with pytest.raises(InputError, match="cannot be written: Not a directory"):
        check_writable(tmp_path / "file" / "inside", overwrite=True)


def test_an_input_is_never_the_output(tmp_path) -> None:
    file, link, twin = tmp_path / "file", tmp_path / "link", tmp_path / "twin"
    file.write_bytes(b"mine")
    link.symlink_to("file")
    os.link(file, twin)
    for output in (file, link, twin):
        with pytest.raises(InputError, match="is the input; choose another name"):
            check_writable(output, overwrite=True, inputs=["barnsley-fern", "-", file])
    check_writable(tmp_path / "other", overwrite=True, inputs=[file])


# --- reading ---


def test_inputs_that_cannot_be_read_are_named(tmp_path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    with open_input(tmp_path / "a") as stream:
        assert stream.read() == b"abc"
    with pytest.raises(InputError, match=r"no such file: .*none"), open_input(tmp_path / "none"):
        pass
    with pytest.raises(InputError, match="is a folder; give a file"), open_input(tmp_path):
        pass
    with pytest.raises(InputError, match="a/b cannot be read: "), open_input(tmp_path / "a" / "b"):
        pass


def test_endless_streams_are_left_at_the_limit() -> None:
    stream = io.BytesIO(b"x" * 1000)
    with pytest.raises(LimitError, match="at most 10 bytes"):
        read_rest(stream, 10, b"ab")
    assert stream.tell() == 9
    assert read_rest(io.BytesIO(b"cde"), 5, b"ab") == b"abcde"
