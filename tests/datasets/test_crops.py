import io
import threading
from collections import Counter

import numpy as np
import pytest
import torch
from PIL import Image

from selfsame.datasets.crops import FolderCrops
from selfsame.errors import InputError


def coordinates(width: int, height: int, blue: int = 0) -> np.ndarray:
    """A picture whose red is the column and whose green is the row."""
    rows, columns = np.mgrid[:height, :width]
    return np.stack([columns, rows, np.full_like(rows, blue)], axis=-1).astype(np.uint8)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "deep").mkdir()
    Image.fromarray(coordinates(60, 40, 1)).save(tmp_path / "a.png")
    Image.fromarray(coordinates(120, 80, 2)).save(tmp_path / "deep" / "b.png")
    return tmp_path


def corners(crops: torch.Tensor) -> np.ndarray:
    """Return column, row and blue of the upper left pixel of each crop."""
    return np.rint(crops[:, :, 0, 0].numpy() * 255).astype(int)


def test_crops_are_pieces_of_the_pictures(folder) -> None:
    crops = FolderCrops(folder, 16, flips=False)
    batch = crops.batch(0, 0, range(50))
    assert (batch.shape, batch.dtype) == ((50, 3, 16, 16), torch.float32)
    for (column, row, blue), crop in zip(corners(batch), batch, strict=True):
        whole = coordinates(*((60, 40) if blue == 1 else (120, 80)), blue)
        piece = whole[row : row + 16, column : column + 16]
        assert np.array_equal(np.rint(crop.permute(1, 2, 0).numpy() * 255), piece)


def test_every_place_is_equally_likely(folder) -> None:
    crops = FolderCrops(folder, 16, flips=False)
    assert len(crops) == 2
    found = np.concatenate([corners(crops.batch(0, step, range(500))) for step in range(8)])
    places = {1: 45 * 25, 2: 105 * 65}
    share = (found[:, 2] == 1).mean()
    expected = places[1] / (places[1] + places[2])
    assert abs(share - expected) < 4 * np.sqrt(expected / len(found))
    big = found[found[:, 2] == 2]
    assert big[:, 0].min() == 0
    assert big[:, 0].max() == 104
    assert (big[:, 1].min(), big[:, 1].max()) == (0, 64)
    assert abs(big[:, 0].mean() - 52) < 2


def test_half_of_them_are_mirrored(folder) -> None:
    batch = FolderCrops(folder, 16).batch(0, 0, range(400))
    mirrored = (batch[:, 0, 0, 0] > batch[:, 0, 0, -1]).float().mean()
    assert abs(mirrored - 0.5) < 0.1


def test_turned_crops_lie_in_every_way_equally_often(folder) -> None:
    batch = FolderCrops(folder, 16, turns=True).batch(0, 0, range(1600))
    # How red and green, column and row in the picture, grow to the right and downwards.
    right = batch[:, :2, 0, -1] - batch[:, :2, 0, 0]
    down = batch[:, :2, -1, 0] - batch[:, :2, 0, 0]
    growth = (255 * torch.cat([right, down], 1)).round().int().tolist()
    counts = Counter(tuple(way) for way in growth)
    assert set(counts) == {
        *((a, 0, 0, b) for a in (-15, 15) for b in (-15, 15)),
        *((0, a, b, 0) for a in (-15, 15) for b in (-15, 15)),
    }
    assert all(140 < count < 260 for count in counts.values())


def test_a_crop_depends_on_seed_step_and_index_alone(folder) -> None:
    one, other = FolderCrops(folder, 16, shrink=2), FolderCrops(folder, 16, shrink=2, memory=0)
    whole = one.batch(3, 7, range(8))
    other.batch(3, 6, range(8))
    parts = [other.batch(3, 7, range(4, 8)), other.batch(3, 7, range(4))]
    assert torch.equal(whole, torch.cat(parts[::-1]))
    for different in (one.batch(4, 7, range(8)), one.batch(3, 8, range(8))):
        assert not torch.equal(whole, different)


def test_threads_change_nothing(folder) -> None:
    crops = FolderCrops(folder, 16, memory=10_000)  # keeps one of the two
    alone = [FolderCrops(folder, 16).batch(0, step, range(4)) for step in range(12)]
    found: dict[int, torch.Tensor] = {}
    threads = [
        threading.Thread(target=lambda s=s: found.update({s: crops.batch(0, s, range(4))}))
        for s in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(torch.equal(found[step], alone[step]) for step in range(12))


def test_pictures_stay_in_memory_up_to_the_limit(folder, monkeypatch) -> None:
    import selfsame.datasets.pictures as module

    read = []
    monkeypatch.setattr(
        module, "read_picture", lambda p, m, f=module.read_picture: read.append(p.name) or f(p, m)
    )
    Image.fromarray(coordinates(60, 40)).save(folder / "c.png")
    crops = FolderCrops(folder, 16, memory=2 * 60 * 40 * 3 - 1)  # room for one of the small ones
    for step in range(8):
        crops.batch(0, step, range(20))
    counts = [read.count(name) for name in ("a.png", "c.png", "b.png")]
    assert min(counts[:2]) == 1
    assert min(max(counts[:2]), counts[2]) > 1


@pytest.mark.parametrize(
    ("region", "columns", "rows"),
    [((0.5, 0, 1, 1), (60, 104), (0, 64)), ((0, 0, 1, 0.5), (0, 104), (0, 24))],
)
def test_a_region_bounds_the_crops(folder, region, columns, rows) -> None:
    crops = FolderCrops(folder / "deep" / "b.png", 16, flips=False, region=region)
    found = corners(crops.batch(0, 0, range(2000)))
    assert (found[:, 0].min(), found[:, 0].max()) == columns
    assert (found[:, 1].min(), found[:, 1].max()) == rows


def test_shrinking_averages_and_keeps_within_the_region(tmp_path) -> None:
    # Columns of 0 and 255 in turn: a crop without a filter would be black and white.
    stripes = np.zeros((64, 64), np.uint8)
    stripes[:, ::2] = 255
    Image.fromarray(stripes).save(tmp_path / "stripes.png")
    crops = FolderCrops(tmp_path, 16, mode="grey", shrink=4.0)
    batch = crops.batch(0, 0, range(200))
    assert batch.shape == (200, 1, 16, 16)
    contrast = batch.std(dim=(1, 2, 3))
    assert (contrast < 0.1).float().mean() > 0.3  # factors of 2 and more: grey
    assert abs(float(batch.mean()) - 0.5) < 0.01
    ramp = tmp_path / "ramp"
    ramp.mkdir()
    Image.fromarray(coordinates(200, 200)).save(ramp / "ramp.png")
    batch = FolderCrops(ramp, 16, flips=False, shrink=3.0).batch(0, 0, range(300)) * 255
    # The slope of a ramp is the factor it was scaled down by, drawn evenly by its logarithm.
    slopes = (batch[:, 0, :, 12] - batch[:, 0, :, 4]).mean(1).numpy() / 8
    assert slopes.min() > 0.99
    assert slopes.max() < 3.02
    assert abs(np.log(slopes).mean() - np.log(3) / 2) < 0.06


def test_what_cannot_be_used_is_left_out_with_a_note(folder) -> None:
    (folder / "broken.png").write_bytes(b"no picture")
    Image.new("RGB", (100, 9)).save(folder / "flat.png")
    notes: list[str] = []
    assert len(FolderCrops(folder, 16, note=notes.append)) == 2
    assert len(notes) == 2
    assert "broken.png cannot be read" in notes[0]
    assert "flat.png is smaller than a crop: 100x9" in notes[1]


def test_damage_found_later_gives_other_crops_and_one_note(folder) -> None:
    path = folder / "cut.png"
    noise = np.random.default_rng(0).integers(0, 255, (300, 300, 3), np.uint8)
    Image.fromarray(noise).save(path)
    path.write_bytes(path.read_bytes()[:50_000])
    notes: list[str] = []
    crops = FolderCrops(folder, 16, note=notes.append)
    assert len(crops) == 3
    batches = [crops.batch(0, 0, range(30)), crops.batch(0, 0, range(30))]
    assert torch.equal(*batches)
    assert set(corners(FolderCrops(folder, 16, flips=False).batch(0, 0, range(30)))[:, 2]) <= {1, 2}
    assert len(notes) == 1
    assert "cut.png" in notes[0]


def test_nothing_left_is_an_error(folder, tmp_path_factory) -> None:
    with pytest.raises(InputError, match="as large as a crop, 500x500"):
        FolderCrops(folder, 500)
    with pytest.raises(InputError, match="holds no file"):
        FolderCrops(tmp_path_factory.mktemp("empty"), 16)
    crops = FolderCrops(folder / "a.png", 16)
    (folder / "a.png").unlink()
    with pytest.raises(InputError, match="can no longer be read"):
        crops.batch(0, 0, range(1))


def test_turned_and_grey_pictures(tmp_path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("L", (40, 16), 100).save(tmp_path / "turned.jpg", exif=exif)
    crops = FolderCrops(tmp_path, 16)
    assert crops.batch(0, 0, range(20)).shape == (20, 3, 16, 16)
    assert crops.batch(0, 0, [0]).mean() == pytest.approx(100 / 255, abs=0.01)


def test_the_fingerprint_stays_with_the_folder_and_changes_with_its_contents(folder) -> None:
    crops = FolderCrops(folder, 16)
    moved = folder.rename(folder.with_name("moved"))
    assert FolderCrops(moved, 16, memory=0).fingerprint == crops.fingerprint
    assert FolderCrops(moved, 17).fingerprint != crops.fingerprint
    assert FolderCrops(moved, 16, shrink=2.0).fingerprint != crops.fingerprint
    Image.new("L", (40, 40)).save(moved / "c.png")
    assert FolderCrops(moved, 16).fingerprint != crops.fingerprint


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"size": 0}, "size must be a whole number from 1"),
        ({"size": 2.5}, "size must be a whole number from 1"),
        ({"mode": "cmyk"}, "mode must be one of grey, rgb"),
        ({"region": (0.5, 0, 0.5, 1)}, "region must be"),
        ({"region": (0, 0, 1, 1.5)}, r"region\[3\] must be a number within 0\.\.1"),
        ({"region": (0, 0, 1)}, "region must be"),
        ({"shrink": 0.5}, r"shrink must be a number within 1\.\.64"),
    ],
)
def test_wrong_arguments_are_named(folder, options, words) -> None:
    with pytest.raises(InputError, match=words):
        FolderCrops(folder, **{"size": 16, **options})


def test_a_transparent_picture_lies_on_black(tmp_path) -> None:
    buffer = io.BytesIO()
    Image.new("RGBA", (20, 20), (255, 255, 255, 0)).save(buffer, "png")
    (tmp_path / "clear.png").write_bytes(buffer.getvalue())
    assert FolderCrops(tmp_path, 16).batch(0, 0, [0]).max() == 0


def test_crops_of_a_set_in_an_array_are_those_of_its_files(tmp_path) -> None:
    pictures = np.stack([coordinates(30, 20, blue) for blue in (1, 2)])
    (tmp_path / "files").mkdir()
    for i, pixels in enumerate(pictures):
        Image.fromarray(pixels).save(tmp_path / "files" / f"{i:05d}.png")
    np.savez(tmp_path / "set.npz", x_train=pictures, x_test=pictures[:1])
    one, other = FolderCrops(tmp_path / "files", 16), FolderCrops(tmp_path / "set.npz", 16)
    assert len(other) == 2
    assert torch.equal(one.batch(0, 3, range(20)), other.batch(0, 3, range(20)))


def test_of_a_folder_with_splits_train_is_cut(tmp_path) -> None:
    for name in ("train/a.png", "val/b.png"):
        (tmp_path / name).parent.mkdir()
        Image.fromarray(coordinates(30, 20)).save(tmp_path / name)
    assert len(FolderCrops(tmp_path, 16)) == 1
