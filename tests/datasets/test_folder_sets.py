import numpy as np
import pytest
from PIL import Image

from selfsame.datasets import listing, read_pictures
from selfsame.errors import InputError, LimitError

RANDOM = np.random.default_rng(0)


def put(folder, name: str, shape: tuple[int, ...] = (6, 6)) -> np.ndarray:
    """Write a picture of noise and return it."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = RANDOM.integers(0, 256, shape, dtype=np.uint8)
    Image.fromarray(picture).save(path)
    return picture


def test_a_flat_folder(tmp_path) -> None:
    expected = [put(tmp_path, name) for name in ("a.png", "b.bmp", "c.pgm")]
    (tmp_path / "notes.txt").write_text("no picture")
    put(tmp_path, ".hidden/d.png")
    found = read_pictures(tmp_path)
    assert np.array_equal(found.images[..., 0], expected)
    assert (found.labels, found.classes) == (None, None)


def test_a_folder_per_class(tmp_path) -> None:
    names = ("cat/2.png", "cat/1.png", "ant/5.png", "bee/deep/x.png")
    pictures = {name: put(tmp_path, name) for name in names}
    found = read_pictures(tmp_path, "train")
    assert found.classes == ("ant", "bee", "cat")
    assert found.labels.tolist() == [0, 1, 2, 2]
    assert np.array_equal(found.images[..., 0], [pictures[name] for name in sorted(names)])


@pytest.mark.parametrize("held_out", ["test", "val"])
def test_splits(tmp_path, held_out) -> None:
    for name in ("train/b/1.png", "train/a/1.png", f"{held_out}/b/1.png", f"{held_out}/c/1.png"):
        put(tmp_path, name)
    train, test = (read_pictures(tmp_path, split) for split in ("train", "test"))
    assert train.classes == test.classes == ("a", "b", "c")
    assert (train.labels.tolist(), test.labels.tolist()) == ([0, 1], [1, 2])
    with pytest.raises(InputError, match="choose one of train, test"):
        read_pictures(tmp_path)


def test_test_comes_before_val(tmp_path) -> None:
    for name, width in (("train", 4), ("val", 5), ("test", 6)):
        put(tmp_path, f"{name}/1.png", (4, width))
    assert read_pictures(tmp_path, "test").images.shape == (1, 4, 6, 1)


def test_a_class_called_train(tmp_path) -> None:
    for name in ("train/1.png", "bicycle/1.png"):
        put(tmp_path, name)
    assert read_pictures(tmp_path).classes == ("bicycle", "train")


def test_colour_where_any_has_it(tmp_path) -> None:
    grey, colour = put(tmp_path, "a.png"), put(tmp_path, "b.png", (6, 6, 3))
    found = read_pictures(tmp_path).images
    assert np.array_equal(found[0], np.repeat(grey[..., None], 3, 2))
    assert np.array_equal(found[1], colour)
    as_grey = read_pictures(tmp_path, mode="grey").images
    assert np.array_equal(as_grey[1, ..., 0], np.asarray(Image.fromarray(colour).convert("L")))
    assert read_pictures(tmp_path, mode="rgb").images.shape == (2, 6, 6, 3)


def test_sizes_are_made_alike(tmp_path) -> None:
    same, wide = put(tmp_path, "a.png"), put(tmp_path, "b.png", (12, 20))
    tall = put(tmp_path, "c.png", (10, 6))
    with pytest.raises(InputError, match=r"b\.png has 20x12 pixels, a\.png has 6x6; give side"):
        read_pictures(tmp_path)
    found = read_pictures(tmp_path, side=6).images
    assert np.array_equal(found[0, ..., 0], same)
    middle = Image.fromarray(wide[:, 4:16]).resize((6, 6), Image.Resampling.BICUBIC)
    assert np.array_equal(found[1, ..., 0], np.asarray(middle))
    assert np.array_equal(found[2, ..., 0], tall[2:8])
    with pytest.raises(InputError, match=r"a\.png is smaller than side, 7"):
        read_pictures(tmp_path, side=7)


def test_a_ramp_keeps_its_middle_and_its_range(tmp_path) -> None:
    ramp = np.broadcast_to(np.linspace(40, 200, 81).astype(np.uint8), (27, 81))
    Image.fromarray(np.ascontiguousarray(ramp)).save(tmp_path / "a.png")
    found = read_pictures(tmp_path, side=9).images[0, ..., 0].astype(float)
    assert np.abs(found.mean(0) - ramp[0, 27:54].reshape(9, 3).mean(1)).max() < 1.5


@pytest.mark.parametrize(
    ("names", "message"),
    [((), "holds no file"), (("a.png", "b/1.png"), "both beside and in")],
)
def test_folders_that_are_no_set(tmp_path, names, message) -> None:
    for name in names:
        put(tmp_path, name)
    with pytest.raises(InputError, match=message):
        read_pictures(tmp_path)


def test_unusable_files(tmp_path) -> None:
    put(tmp_path, "a.png")
    with pytest.raises(InputError, match="no such file or folder"):
        read_pictures(tmp_path / "nowhere")
    contents = (tmp_path / "a.png").read_bytes()
    (tmp_path / "b.png").write_bytes(contents[: len(contents) // 2])
    with pytest.raises(InputError, match=r"b\.png cannot be read"):
        read_pictures(tmp_path)


def test_a_limit_on_memory(tmp_path, monkeypatch) -> None:
    for name, shape in (("a.png", (6, 6)), ("b.png", (6, 6)), ("c.png", (6, 6, 3))):
        put(tmp_path, name, shape)
    monkeypatch.setattr(listing, "MAX_BYTES", 5 * 36)
    with pytest.raises(LimitError, match="smaller side or fewer"):
        read_pictures(tmp_path)  # all of them in colour take 9 planes
    assert len(read_pictures(tmp_path, mode="grey")) == 3
    monkeypatch.setattr(listing, "MAX_BYTES", 2 * 36)
    with pytest.raises(LimitError, match="smaller side or fewer"):
        read_pictures(tmp_path, mode="grey")


def test_huge_pictures_need_a_side(tmp_path) -> None:
    Image.new("L", (4097, 2)).save(tmp_path / "a.png")
    with pytest.raises(LimitError, match="4097x2"):
        read_pictures(tmp_path)
    assert read_pictures(tmp_path, side=2).images.shape == (1, 2, 2, 1)
