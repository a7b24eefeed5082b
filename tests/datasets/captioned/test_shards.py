import io
import json
import tarfile

import numpy as np
import pytest
from PIL import Image

from selfsame.cli import main
from selfsame.datasets import list_pictures, read_pictures
from selfsame.datasets.captioned import shards
from selfsame.errors import (
    CorruptedError,
    FormatError,
    InputError,
    LimitError,
    SelfsameError,
    TruncatedError,
)
from support.fuzzing import damaged_copies, outcomes


def png(value: int, side: int = 4) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(np.full((side, side), value, np.uint8)).save(stream, "png")
    return stream.getvalue()


def write_tar(path, members, form=tarfile.PAX_FORMAT, mode="w"):
    """Write members, name and bytes, in order."""
    with tarfile.open(path, mode, format=form) as tar:
        for name, contents in members:
            member = tarfile.TarInfo(name)
            member.size = len(contents)
            tar.addfile(member, io.BytesIO(contents))
    return path


MEMBERS = [
    ("./one/0.png", png(10)),
    ("./one/0.txt", b"a  cat\n"),
    ("./one/0.json", json.dumps({"caption": "not this", "kind": "x", "n": 3, "l": [1]}).encode()),
    ("1.v2.png", png(99)),  # ends at the first dot: a thing of a name that is not read
    ("README.md", b"words"),
    ("alone.txt", b"of no picture"),
    ("1.json", json.dumps({"kind": "w", "n": 4, "good": True}).encode()),
    ("1.PNG", png(20)),
]


@pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT])
def test_members_of_one_name_belong_together(tmp_path, form) -> None:
    path = write_tar(tmp_path / "set.tar", MEMBERS, form)
    found = read_pictures(path, label="kind")
    assert found.images[:, 0, 0, 0].tolist() == [10, 20]
    assert {name: values.tolist() for name, values in found.columns.items()} == {
        "captions": ["a cat", ""],
        "kind": ["x", "w"],
        "n": [3, 4],
        "good": ["", "True"],
    }
    assert (found.classes, found.labels.tolist()) == (("w", "x"), [1, 0])
    assert [picture.name for picture in list_pictures(path)] == ["one/0.png", "1.PNG"]
    assert [picture.size for picture in list_pictures(path)] == [(4, 4), (4, 4)]
    assert list_pictures(path)[1].read("grey")[0, 0] == pytest.approx(20 / 255)


def test_shards_of_a_folder(tmp_path) -> None:
    for number in (1, 0):
        members = [(f"{i}.png", png(10 * number + i)) for i in range(2)]
        labels = [(f"{i}.cls", f"{number}\n".encode()) for i in range(2)]
        write_tar(tmp_path / f"{number}.tar", members + labels)
    (tmp_path / "dataset.json").write_text("{}")
    found = read_pictures(tmp_path)
    assert found.images[:, 0, 0, 0].tolist() == [0, 1, 10, 11]
    assert found.labels.tolist() == [0, 0, 1, 1]
    assert list_pictures(tmp_path)[2].name == "1.tar/0.png"


def test_a_data_set_of_fractals_is_read(tmp_path) -> None:
    shared = ["--classes", "2", "--instances", "5", "--size", "16", "--set", "points=200"]
    arguments = ["dataset", "fractaldb", *shared, "--jobs", "1", "--split", "0.6,0.2,0.2"]
    for form in ("folder", "webdataset"):
        out = str(tmp_path / form)
        assert main([*arguments, "--format", form, "-o", out, "--quiet"]) == 0
    for split in ("train", "test"):
        tars, files = (read_pictures(tmp_path / form, split) for form in ("webdataset", "folder"))
        order = np.lexsort((tars.images.reshape(len(tars), -1).sum(1), tars.labels))
        other = np.lexsort((files.images.reshape(len(files), -1).sum(1), files.labels))
        assert np.array_equal(tars.images[order], files.images[other])
        assert tars.labels[order].tolist() == files.labels[other].tolist()


def test_tars_beside_pictures_are_none_of_the_set(tmp_path) -> None:
    write_tar(tmp_path / "a.tar", [("0.png", png(1))])
    (tmp_path / "b.png").write_bytes(png(2))
    assert read_pictures(tmp_path).images[:, 0, 0, 0].tolist() == [2]


@pytest.mark.parametrize(
    ("members", "error", "message"),
    [
        ([], InputError, "holds no picture"),
        ([("a.txt", b"words")], InputError, "holds no picture"),
        ([("../a.png", png(1))], CorruptedError, r"names '\.\./a\.png'"),
        ([("/a.png", png(1))], CorruptedError, "below the folder"),
        ([("a.png", png(1)), ("a.jpg", png(1))], CorruptedError, r"holds a\.jpg beside a\.png"),
        ([("a.png", png(1)), ("a.txt", b"\xff")], CorruptedError, r"a\.txt is no text in UTF-8"),
        ([("a.png", png(1)), ("a.txt", b"a" * 65537)], LimitError, "65536 bytes"),
        ([("a.png", png(1)), ("a.json", b"{")], CorruptedError, r"a\.json is no JSON"),
        ([("a.png", png(1)), ("a.json", b"[" * 60000)], CorruptedError, r"a\.json is no JSON"),
        ([("a.png", png(1)), ("a.json", b"[1]")], CorruptedError, "must hold an object: got list"),
        ([("a.png", png(1)), ("a.cls", b"-1")], CorruptedError, "number of a class: got '-1'"),
        (
            [("a.png", png(1)), ("a.cls", b"1"), ("b.png", png(1))],
            InputError,
            r"1 of 2 pictures have a \.cls",
        ),
        ([("a.png", png(1)[:40])], InputError, r"a\.png cannot be read as a picture"),
        ([("a.png", b"words")], InputError, r"a\.png cannot be read as a picture"),
        ([("a.png", png(1)), ("b.png", png(1, 5))], InputError, "give side to make them alike"),
    ],
)
def test_tars_that_are_no_sets(tmp_path, members, error, message) -> None:
    with pytest.raises(error, match=message):
        read_pictures(write_tar(tmp_path / "set.tar", members))


def test_links_and_sparse_files_are_passed_over(tmp_path) -> None:
    path = tmp_path / "set.tar"
    with tarfile.open(path, "w") as tar:
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE):
            member = tarfile.TarInfo(f"{kind.decode()}.png")
            member.type, member.linkname = kind, "/etc/passwd"
            tar.addfile(member)
        member = tarfile.TarInfo("a.png")
        member.size = len(png(7))
        tar.addfile(member, io.BytesIO(png(7)))
    assert [picture.name for picture in list_pictures(path)] == ["a.png"]


def test_a_tar_that_is_cut_or_damaged_in_the_middle_is_not_taken_for_its_beginning(
    tmp_path,
) -> None:
    path = write_tar(tmp_path / "set.tar", [(f"{i}.png", png(i)) for i in range(4)])
    contents = path.read_bytes()
    for length, message in (
        (540, r"cannot be read as a tar|ends within 0\.png"),
        (1500, "1024 on"),
    ):
        path.write_bytes(contents[:length])
        with pytest.raises(FormatError, match=message):
            list_pictures(path)
    path.write_bytes(contents[:1024] + b"\x55" * 512 + contents[1536:])
    with pytest.raises(CorruptedError, match="is damaged from byte 1024 on"):
        list_pictures(path)


def test_compressed_tars_are_refused(tmp_path) -> None:
    path = write_tar(tmp_path / "set.tar", [("a.png", png(1))], mode="w:bz2")
    with pytest.raises(CorruptedError, match="compressed ones must be unpacked first"):
        read_pictures(path)


def test_pictures_that_are_too_large(tmp_path, monkeypatch) -> None:
    path = write_tar(tmp_path / "set.tar", [("a.png", png(1))])
    monkeypatch.setattr(shards, "MAX_PICTURE", 20)
    with pytest.raises(LimitError, match="larger than 20 bytes"):
        list_pictures(path)


def test_an_archive_that_has_become_shorter(tmp_path) -> None:
    path = write_tar(tmp_path / "set.tar", [("a.png", png(1))])
    (picture,) = list_pictures(path)
    path.write_bytes(path.read_bytes()[:520])
    with pytest.raises(TruncatedError, match=r"a\.png ends after 8 of"):
        picture.read()


def test_tars_with_damage(tmp_path) -> None:
    members = [(name, contents) for name, contents in MEMBERS if "/" in name]
    contents = write_tar(tmp_path / "a.tar", members, tarfile.USTAR_FORMAT).read_bytes()
    assert len(contents) == 10240  # as tars are padded

    def read(data):
        (tmp_path / "a.tar").write_bytes(data)
        return read_pictures(tmp_path / "a.tar")

    copies = damaged_copies(contents[:4096], 300, most=6, cut=0.1)
    accepted, refused = outcomes(read, copies, (FormatError, InputError, SelfsameError))
    assert len(accepted) > 30
    assert len(refused) > 30
