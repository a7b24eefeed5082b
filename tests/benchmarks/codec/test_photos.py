"""The pictures of the codec benchmarks."""

import argparse
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks.codec.photos import QUICK_SIDE, Photo, load_photos, sides, tiled
from selfsame.errors import InputError


@pytest.mark.parametrize("megapixels", [0.1, 1.0, 20.0])
def test_sides_are_three_to_two_of_the_size_asked_for(megapixels: float) -> None:
    width, height = sides(megapixels)
    assert width * 2 == height * 3
    assert width * height == pytest.approx(megapixels * 1e6, rel=0.03)


def test_tiled_pictures_are_cut_or_mirrored() -> None:
    rgb = np.random.default_rng(0).integers(0, 256, (6, 5, 3), dtype=np.uint8)
    large = tiled(rgb, 17, 14)
    assert large.shape == (14, 17, 3)
    for y in range(14):
        for x in range(17):
            v, u = y % 12, x % 10
            source = rgb[v if v < 6 else 11 - v, u if u < 5 else 9 - u]
            assert (large[y, x] == source).all()
    assert (tiled(rgb, 3, 4) == rgb[1:5, 1:4]).all()
    assert tiled(rgb[..., 0], 8, 3).shape == (3, 8)


def noise(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (160, 200, 3), dtype=np.uint8)


def test_pictures_come_from_where_they_are(tmp_path: Path) -> None:
    def load(data: Path | None, pictures: int | None = None, quick: bool = False) -> list[Photo]:
        return load_photos(argparse.Namespace(data=data, pictures=pictures, quick=quick))

    kodak = tmp_path / "kodak"
    kodak.mkdir()
    for seed in (2, 1):
        Image.fromarray(noise(seed)).save(kodak / f"p{seed}.png")
    (kodak / "notes.txt").write_text("no picture")
    for data in (tmp_path, kodak):
        assert [p.name for p in load(data)] == ["p1", "p2"]
    assert [p.name for p in load(kodak, pictures=1)] == ["p1"]
    assert (load(kodak / "p2.png")[0].rgb == noise(2)).all()
    side = QUICK_SIDE
    small = load(kodak / "p2.png", quick=True)[0]
    assert small.rgb.shape == (side, side, 3)
    top, left = (160 - side) // 2, (200 - side) // 2
    assert (small.rgb == noise(2)[top : top + side, left : left + side]).all()
    assert len(load(None)) == 2
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(InputError, match="none in"):
        load(empty)
