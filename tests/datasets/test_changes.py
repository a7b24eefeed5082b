"""Pictures changed at random."""

import numpy as np
import pytest
import torch

from selfsame.datasets.batches import PictureBatches
from selfsame.datasets.changes import Changes
from selfsame.datasets.pictures import Pictures
from selfsame.errors import InputError


def planes(count: int = 200, side: int = 9) -> np.ndarray:
    picture = np.random.default_rng(0).integers(1, 255, (3, side, side), dtype=np.uint8)
    return np.repeat(picture[None], count, 0)


def changed(changes: Changes, pictures: np.ndarray, step: int = 0) -> list[np.ndarray]:
    return list(changes.applied(pictures, 1, step, np.arange(len(pictures))))


def among(found: list[np.ndarray], expected: list[np.ndarray]) -> list[int]:
    """Return how often each expected picture was found; every one found is expected."""
    names = [picture.tobytes() for picture in found]
    counts = [names.count(picture.tobytes()) for picture in expected]
    assert sum(counts) == len(found)
    return counts


def test_half_of_them_are_mirrored() -> None:
    pictures = planes()
    counts = among(changed(Changes(mirror=True), pictures), [pictures[0], pictures[0, :, :, ::-1]])
    assert min(counts) > 70


def test_channels_change_places() -> None:
    pictures = planes()
    orders = [(0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)]
    expected = [pictures[0, list(order)] for order in orders]
    assert min(among(changed(Changes(recolor=True), pictures), expected)) > 15


def test_shifts_are_even_and_repeat_the_border() -> None:
    pictures = planes()
    padded = np.pad(pictures[0], ((0, 0), (1, 1), (1, 1)), mode="edge")
    expected = [padded[:, y : y + 9, x : x + 9] for y in range(3) for x in range(3)]
    assert min(among(changed(Changes(shift=1), pictures), expected)) > 8


def test_what_happens_depends_on_seed_step_and_place_alone() -> None:
    pictures = Pictures(planes(6).transpose(0, 2, 3, 1).copy())
    changes = Changes(mirror=True, shift=3, recolor=True)
    batches = PictureBatches(pictures, 6, changes=changes)
    whole = batches.batch(3, 2, range(6))
    assert torch.equal(batches.batch(3, 2, [4, 1]), whole[[4, 1]])
    assert not torch.equal(batches.batch(3, 3, range(6)), whole)
    assert not torch.equal(batches.batch(4, 2, range(6)), whole)
    plain = PictureBatches(pictures, 6)
    assert batches.fingerprint != plain.fingerprint
    assert len({row.numpy().tobytes() for row in plain.batch(3, 2, range(6))}) == 1


def test_shifts_have_a_limit() -> None:
    with pytest.raises(InputError, match="shift"):
        Changes(shift=-1)


def test_grey_pictures_have_no_channels_to_change() -> None:
    grey = Pictures(planes(6)[:, :1].transpose(0, 2, 3, 1).copy())
    with pytest.raises(InputError, match="these are grey"):
        PictureBatches(grey, 2, changes=Changes(mirror=True, recolor=True))
    assert len(PictureBatches(grey, 2, changes=Changes(mirror=True)).batch(0, 0, range(2))) == 2
