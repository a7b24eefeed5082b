import numpy as np
import pytest
from PIL import Image

from selfsame.datasets import list_pictures, read_pictures
from selfsame.datasets.captioned import tables
from selfsame.errors import CorruptedError, FormatError, InputError, LimitError
from support.fuzzing import damaged_copies, outcomes

VALUES = {"a.png": 10, "b.png": 20, "deep/c.png": 30}


@pytest.fixture
def folder(tmp_path):
    for name, value in VALUES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.fromarray(np.full((4, 4), value, np.uint8)).save(tmp_path / name)
    return tmp_path


def test_files_and_captions_without_names_of_columns(folder) -> None:
    (folder / "captions.csv").write_text('b.png,"a cat, a hat"\n\ndeep/c.png,a dog\n')
    for path in (folder, folder / "captions.csv"):
        found = read_pictures(path)
        assert found.images[:, 0, 0, 0].tolist() == [20, 30]
        assert {name: values.tolist() for name, values in found.columns.items()} == {
            "captions": ["a cat, a hat", "a dog"]
        }
        assert [picture.name for picture in list_pictures(path)] == ["b.png", "deep/c.png"]
        assert found.labels is None


@pytest.mark.parametrize("name", [*tables.FILE_NAMES, "Filename", "whatever"])
def test_named_columns(folder, name) -> None:
    order = [name, "text", "kind"] if name == "whatever" else ["text", "kind", name]
    rows = {name: ["a.png", "b.png"], "text": ["one", "two"], "kind": ["x", "w"]}
    lines = [",".join(order), *(",".join(rows[key][i] for key in order) for i in (0, 1))]
    (folder / "metadata.csv").write_text("\n".join(lines))
    found = read_pictures(folder, label="kind")
    assert found.columns["captions"].tolist() == ["one", "two"]
    assert (found.classes, found.labels.tolist()) == (("w", "x"), [1, 0])
    assert found.images[:, 0, 0, 0].tolist() == [10, 20]


def test_classes_are_numbered_over_splits(folder) -> None:
    for split, kinds in (("train", "zy"), ("test", "xy")):
        (folder / "all" / split).mkdir(parents=True)
        for number, kind in enumerate(kinds):
            Image.new("L", (4, 4)).save(folder / "all" / split / f"{number}.png")
            with (folder / "all" / split / "captions.csv").open("a") as stream:
                stream.write("file,kind\n" * (number == 0) + f"{number}.png,{kind}\n")
    train, test = (
        read_pictures(folder / "all", split, label="kind") for split in ("train", "test")
    )
    assert train.classes == test.classes == ("x", "y", "z")
    assert (train.labels.tolist(), test.labels.tolist()) == ([2, 1], [0, 1])


@pytest.mark.parametrize(
    ("contents", "error", "message"),
    [
        ("", InputError, "is empty"),
        ("file,caption\n", InputError, "lists no picture"),
        ("a.png\n", CorruptedError, "has 1 columns and does not name them"),
        ("a.png,x\nb.png,y,z\n", CorruptedError, "line 2 has 3 cells, and there are 2 columns"),
        ("a.png,x\na.png,y\n", CorruptedError, r"lists a\.png twice"),
        ("a.png,x\n../b.png,y\n", CorruptedError, r"line 2 names '\.\./b\.png'"),
        ("/etc/a.png,x\n", CorruptedError, "must be a file below the folder"),
        ("file,file\na.png,x\n", CorruptedError, "name each of its columns once"),
        ("file,\na.png,x\n", CorruptedError, "name each of its columns once"),
        ('a.png,"x\n', CorruptedError, "unexpected end of data"),
        (f"a.png,{'x' * 200_000}\n", CorruptedError, "field larger than field limit"),
        ("a.png,x\nnone.png,y\n", InputError, r"no such file: .*none\.png"),
        ("a.png,x\0\n", CorruptedError, "zero bytes"),
    ],
)
def test_tables_that_are_none(folder, contents, error, message) -> None:
    (folder / "captions.csv").write_text(contents)
    with pytest.raises(error, match=message) as raised:
        read_pictures(folder)
    assert "captions.csv" in str(raised.value) or "none.png" in str(raised.value)


def test_long_tables_are_refused(folder, monkeypatch) -> None:
    (folder / "captions.csv").write_text("a.png,x\n" * 9)
    monkeypatch.setattr(tables, "MAX_TABLE", 60)
    with pytest.raises(LimitError, match="longer than the 60 bytes"):
        read_pictures(folder)


def test_one_long_caption_of_many_is_refused_before_all_are_as_long(folder, monkeypatch) -> None:
    lines = [f"{number}.png,{'x' * (90_000 * (number == 7))}" for number in range(10_000)]
    (folder / "captions.csv").write_text("\n".join(lines))
    with pytest.raises(LimitError, match="captions takes 3600000000 bytes"):
        list_pictures(folder)


def test_tables_with_damage(folder) -> None:
    contents = b'file,caption\na.png,a cat\nb.png,two cats\ndeep/c.png,"three, four"\n'

    def read(data):
        (folder / "captions.csv").write_bytes(data)
        return read_pictures(folder)

    accepted, refused = outcomes(
        read, damaged_copies(contents, 300, cut=0.2), (FormatError, InputError)
    )
    assert len(accepted) > 30
    assert len(refused) > 30
