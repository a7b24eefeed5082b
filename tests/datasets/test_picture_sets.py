import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from selfsame.datasets import Pictures, read_pictures
from selfsame.errors import InputError

GREY = np.random.default_rng(0).integers(0, 256, (3, 8, 12, 1), dtype=np.uint8)


@pytest.mark.parametrize(
    ("images", "labels", "classes", "message"),
    [
        (GREY[..., 0], None, None, r"\(N, H, W, 1\)"),
        (GREY.astype(np.float32), None, None, "float32"),
        (np.repeat(GREY, 4, 3), None, None, r"\(N, H, W, 1\)"),
        (GREY[:0], None, None, "at least one"),
        (GREY, np.zeros(2, np.int64), None, "one for each of 3"),
        (GREY, np.zeros(3, np.int32), None, "int32"),
        (GREY, np.array([0, -1, 1]), None, r"got -1\.\.1"),
        (GREY, np.array([0, 1, 2]), ("a", "b"), r"within 0\.\.1: got 0\.\.2"),
    ],
)
def test_what_does_not_fit(images, labels, classes, message) -> None:
    with pytest.raises(InputError, match=message):
        Pictures(images, labels, classes)


def test_the_fingerprint_tells_contents_apart() -> None:
    labels = np.array([0, 1, 2])
    first = Pictures(GREY, labels).fingerprint
    assert len(first) == 16
    assert Pictures(GREY.copy(), labels.copy(), ("a", "b", "c")).fingerprint == first
    changed = GREY.copy()
    changed[2, 7, 11, 0] ^= 1
    others = [
        Pictures(changed, labels),
        Pictures(GREY, labels[::-1].copy()),
        Pictures(GREY),
        Pictures(GREY.reshape(3, 12, 8, 1), labels),
        Pictures(GREY[:2], labels[:2]),
    ]
    assert len({first, *(other.fingerprint for other in others)}) == 6


def test_size_and_mode_of_arrays(tmp_path) -> None:
    colour = np.random.default_rng(1).integers(0, 256, (2, 8, 12, 3), dtype=np.uint8)
    path = tmp_path / "set.npz"
    np.savez(path, images=colour, labels=[4, 2])
    grey = read_pictures(path, mode="grey")
    expected = [np.asarray(Image.fromarray(picture).convert("L")) for picture in colour]
    assert np.array_equal(grey.images[..., 0], expected)
    assert grey.labels.tolist() == [4, 2]
    cut = read_pictures(path, side=8).images
    assert np.array_equal(cut, colour[:, :, 2:10])
    np.savez(path, images=GREY)
    assert np.array_equal(read_pictures(path, mode="rgb").images, np.repeat(GREY, 3, 3))
    assert read_pictures(path, side=4, mode="rgb").images.shape == (3, 4, 4, 3)
    with pytest.raises(InputError, match=r"set\.npz is smaller than side, 9: 12x8"):
        read_pictures(path, side=9)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"side": 0}, "side must be"),
        ({"side": 2.0}, "side must be"),
        ({"side": True}, "side must be"),
        ({"side": 4097}, "side must be"),
        ({"mode": "auto"}, "mode must be one of grey, rgb"),
        ({"split": "all"}, "no split 'all'; it has train"),
        ({"split": ""}, "no split ''; it has train"),
    ],
)
def test_arguments_out_of_range(tmp_path, arguments, message) -> None:
    np.savez(tmp_path / "set.npz", images=GREY)
    with pytest.raises(InputError, match=message):
        read_pictures(tmp_path / "set.npz", **arguments)


def test_reading_needs_no_torch() -> None:
    code = "import sys, selfsame.datasets as d; d.read_pictures; assert 'torch' not in sys.modules"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
