import io

import pytest

import selfsame
from selfsame.codes.store import load, pack, save, unpack
from selfsame.coding import container
from selfsame.errors import CorruptedError, InputError, LimitError, TruncatedError
from support.sample_codes import FULL, SMALLEST


def test_saved_code_loads_equal_and_the_public_names_are_these_functions(tmp_path):
    assert (selfsame.save, selfsame.load) == (save, load)
    save(FULL, tmp_path / "a.ssm")
    save(FULL, str(tmp_path / "b.ssm"))
    assert load(tmp_path / "a.ssm") == load(str(tmp_path / "b.ssm")) == FULL
    assert (tmp_path / "a.ssm").read_bytes() == pack(FULL)


def test_loading_from_a_stream():
    assert load(io.BytesIO(pack(FULL))) == FULL


def test_any_bytes_like_object_decodes():
    assert unpack(bytearray(pack(FULL))) == unpack(memoryview(pack(FULL))) == FULL


def test_loaded_arrays_are_read_only_and_leave_the_file_alone(tmp_path):
    save(FULL, tmp_path / "a.ssm")
    with pytest.raises(ValueError, match="read-only"):
        load(tmp_path / "a.ssm").system.matrices[0] = 0


def test_existing_file_is_kept_unless_told(tmp_path):
    path = tmp_path / "a.ssm"
    save(FULL, path)
    with pytest.raises(InputError, match="exists"):
        save(SMALLEST, path, overwrite=False)
    assert load(path) == FULL
    save(SMALLEST, path)
    assert load(path) == SMALLEST


def test_nothing_is_left_behind_by_a_failing_save(tmp_path):
    bad = selfsame.IFSCode(SMALLEST.system, SMALLEST.viewport, (1, 1), notes={"a": "\ud800"})
    with pytest.raises(InputError, match="notes must be valid Unicode"):
        save(bad, tmp_path / "a.ssm")
    assert list(tmp_path.iterdir()) == []


def test_only_codes_are_saved(tmp_path):
    with pytest.raises(InputError, match="holds codes, IFSCode here: got IFS"):
        save(FULL.system, tmp_path / "a.ssm")


def test_missing_file_and_folder_are_the_callers_mistake(tmp_path):
    with pytest.raises(InputError, match=r"no such file: .*a\.ssm"):
        load(tmp_path / "a.ssm")
    with pytest.raises(InputError, match="is a folder"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("contents", "error"),
    [
        (b"", TruncatedError),
        (pack(FULL)[:-1], TruncatedError),
        (b"P5 1 1 255 0", CorruptedError),
        (pack(FULL)[:-1] + b"\0", CorruptedError),
    ],
)
def test_errors_name_the_file(tmp_path, contents, error):
    path = tmp_path / "a.ssm"
    path.write_bytes(contents)
    with pytest.raises(error, match=r"a\.ssm: "):
        load(path)


def test_at_most_the_limit_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(container, "MAX_FILE_BYTES", 1000)

    class Endless(io.RawIOBase):
        given = 0

        def read(self, size=-1):
            assert 0 <= size <= 1001
            start = pack(SMALLEST)[self.given : self.given + size]
            self.given += size
            return start.ljust(size, b"\0")

    stream = Endless()
    with pytest.raises(LimitError, match="at most 1000 bytes"):
        load(stream)
    assert stream.given == 1001
