from concurrent.futures import ThreadPoolExecutor
from typing import get_args

import numpy as np
import pytest
import torch

from selfsame.datasets import Pictures
from selfsame.datasets.batches import PictureBatches, evaluation_pictures
from selfsame.datasets.fitting import Binarise
from selfsame.errors import InputError


def numbered(count: int, shape: tuple[int, ...] = (2, 3, 1)) -> Pictures:
    """Pictures whose values are their number."""
    images = np.arange(count, dtype=np.uint8).reshape(count, 1, 1, 1)
    return Pictures(np.ascontiguousarray(np.broadcast_to(images, (count, *shape))))


def stream(batches: PictureBatches, seed: int, steps: int, batch: int) -> list[int]:
    """Return the numbers of the pictures of the first steps."""
    found = [batches.batch(seed, step, range(batch))[:, 0, 0, 0] for step in range(steps)]
    return (torch.cat(found) * 255).round().int().tolist()


def greys() -> Pictures:
    """400 pictures with every byte once."""
    ramp = np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1)
    return Pictures(np.repeat(ramp, 400, 0))


def test_shape_and_values() -> None:
    images = np.random.default_rng(0).integers(0, 256, (1, 5, 7, 3), dtype=np.uint8)
    batch = PictureBatches(Pictures(images), 4).batch(0, 0, range(4))
    assert (batch.shape, batch.dtype) == ((4, 3, 5, 7), torch.float32)
    assert batch.is_contiguous()
    expected = torch.from_numpy(images).permute(0, 3, 1, 2) / 255
    assert torch.equal(batch, expected.expand(4, -1, -1, -1))
    assert torch.equal(evaluation_pictures(Pictures(images)), expected)


@pytest.mark.parametrize(("count", "batch"), [(12, 4), (13, 5), (3, 8), (1, 3), (7, 7)])
def test_every_picture_comes_once_per_epoch(count, batch) -> None:
    batches = PictureBatches(numbered(count), batch)
    assert len(batches) == count
    numbers = stream(batches, 5, -(-count * 6 // batch), batch)
    epochs = [numbers[start : start + count] for start in range(0, 6 * count, count)]
    assert all(sorted(epoch) == list(range(count)) for epoch in epochs)


def test_epochs_and_seeds_have_orders_of_their_own() -> None:
    batches = PictureBatches(numbered(50), 50)
    orders = [stream(batches, seed, 3, 50) for seed in (0, 1, 2**62)]
    epochs = [tuple(order[start : start + 50]) for order in orders for start in (0, 50, 100)]
    assert len(set(epochs)) == 9
    assert stream(PictureBatches(numbered(50), 50), 1, 3, 50) == orders[1]


def test_the_order_does_not_depend_on_the_batch() -> None:
    pictures = numbered(30)
    orders = [stream(PictureBatches(pictures, b), 3, 60 // b, b) for b in (1, 4, 20, 60)]
    assert all(order == orders[0] for order in orders)


def test_every_place_is_equally_likely() -> None:
    batches = PictureBatches(numbered(4), 4)
    orders = np.array([stream(batches, seed, 1, 4) for seed in range(1000)])
    counts = (orders[..., None] == np.arange(4)).sum(0)
    assert ((counts - 250) ** 2 / 250).sum(
        1
    ).max() < 16.3  # chi-square, 3 degrees: one in a thousand


@pytest.mark.parametrize("binarise", get_args(Binarise))
def test_processes_share_a_batch(binarise) -> None:
    batches = PictureBatches(greys(), 12, binarise=binarise, pad=1)
    whole = batches.batch(9, 40, range(12))
    for shares in ([range(6), range(6, 12)], [range(0, 12, 2), range(1, 12, 2)]):
        for share in shares:
            assert torch.equal(batches.batch(9, 40, share), whole[list(share)])
    assert torch.equal(batches.batch(9, 40, [7, 2, 7]), whole[[7, 2, 7]])
    assert batches.batch(9, 40, []).shape == (0, 1, 18, 18)


def test_threads_get_the_same() -> None:
    batches = PictureBatches(greys(), 32, binarise="dynamic")
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda step: batches.batch(1, step, range(32)), range(40)))
    again = PictureBatches(greys(), 32, binarise="dynamic")
    assert all(torch.equal(x, again.batch(1, step, range(32))) for step, x in enumerate(found))


@pytest.mark.parametrize("binarise", ["dynamic", "static"])
def test_the_mean_of_drawn_bits_is_the_brightness(binarise) -> None:
    batches = PictureBatches(greys(), 400, binarise=binarise)
    bits = torch.cat([batches.batch(2, step, range(400)) for step in range(5)])
    assert set(bits.unique().tolist()) == {0.0, 1.0}
    draws = len(bits) if binarise == "dynamic" else 400
    level = torch.arange(256) / 255
    error = (bits.flatten(1).mean(0) - level).abs() / (level * (1 - level) / draws).sqrt()
    assert (error[1:-1] < 4.5).all()
    assert (error[1:-1] ** 2).mean() < 1.5
    assert (bits[..., 0, 0] == 0).all()  # black and white are certain
    assert (bits[..., -1, -1] == 1).all()


def test_drawn_bits_are_independent() -> None:
    pictures = Pictures(np.full((64, 8, 8, 1), 128, np.uint8))
    batches = PictureBatches(pictures, 64, binarise="dynamic")
    steps = [batches.batch(0, step, range(64)).flatten() for step in range(8)]
    steps += [batches.batch(1, 0, range(64)).flatten()]
    rows = torch.stack(steps) * 2 - 1
    assert (torch.corrcoef(rows) - torch.eye(9)).abs().max() < 4.5 / 64
    pixels = rows.view(-1, 64)
    assert (torch.corrcoef(pixels.T) - torch.eye(64)).abs().max() < 5 / np.sqrt(9 * 64)
    images = rows[0].view(64, 64)
    assert (images[:, None] != images[None]).any(2).sum() == 64 * 63  # no two are alike


def binarised(batches: PictureBatches, seed: int, step: int) -> set[bytes]:
    return {picture.numpy().tobytes() for picture in batches.batch(seed, step, range(400))}


def test_static_bits_stay_and_dynamic_bits_do_not() -> None:
    static = PictureBatches(greys(), 400, binarise="static")
    first = binarised(static, 0, 0)
    assert len(first) == 400
    assert first == binarised(static, 0, 1) == binarised(static, 8, 3)
    other = PictureBatches(greys(), 400, binarise="static", static_seed=1)
    assert not first & binarised(other, 0, 0)
    dynamic = PictureBatches(greys(), 400, binarise="dynamic")
    assert not binarised(dynamic, 0, 0) & binarised(dynamic, 0, 1)


def test_static_bits_are_those_of_the_evaluation() -> None:
    pictures = greys()
    fixed = evaluation_pictures(pictures, "static", 4)
    seen = PictureBatches(pictures, 400, binarise="static", static_seed=4)
    assert {picture.numpy().tobytes() for picture in fixed} == binarised(seen, 0, 0)
    assert torch.equal(fixed, evaluation_pictures(pictures, "dynamic", 4))
    assert not torch.equal(fixed, evaluation_pictures(pictures, "static", 5))
    fewer = evaluation_pictures(Pictures(pictures.images[:7]), "static", 4)
    assert torch.equal(fewer, fixed[:7])  # a picture's bits do not depend on the others


def test_many_pictures_are_drawn_as_one() -> None:
    pictures = Pictures(np.full((2500, 2, 2, 1), 100, np.uint8))
    fixed = evaluation_pictures(pictures, "static", 0)
    assert abs(float(fixed.mean()) - 100 / 255) < 0.02
    halves = fixed.flatten(1)
    assert not torch.equal(halves[:1024], halves[1024:2048])


def test_threshold() -> None:
    found = evaluation_pictures(greys(), "threshold")[0].flatten()
    assert torch.equal(found, (torch.arange(256) / 255 > 0.5).float())


@pytest.mark.parametrize("binarise", get_args(Binarise))
def test_padding_is_black_and_changes_nothing_else(binarise) -> None:
    pictures = greys()
    padded = evaluation_pictures(pictures, binarise, 3, pad=2)
    assert padded.shape == (400, 1, 20, 20)
    plain = evaluation_pictures(pictures, binarise, 3)
    assert torch.equal(padded[..., 2:-2, 2:-2], plain)
    assert padded.count_nonzero() == plain.count_nonzero()
    batch = PictureBatches(pictures, 8, binarise=binarise, pad=2).batch(0, 0, range(8))
    assert batch.shape == (8, 1, 20, 20)
    assert batch[..., :2, :].sum() + batch[..., -2:].sum() == 0


def test_the_pictures_are_left_alone() -> None:
    pictures = greys()
    before = pictures.images.copy()
    for binarise in get_args(Binarise):
        PictureBatches(pictures, 4, binarise=binarise).batch(0, 0, range(4)).zero_()
        evaluation_pictures(pictures, binarise).zero_()
    assert np.array_equal(pictures.images, before)


def test_the_fingerprint_tells_settings_apart() -> None:
    pictures = numbered(20)
    changes = [
        {},
        {"binarise": "dynamic"},
        {"binarise": "static"},
        {"binarise": "static", "static_seed": 1},
        {"pad": 1},
    ]
    found = [PictureBatches(pictures, 4, **change).fingerprint for change in changes]
    found += [PictureBatches(numbered(19), 4).fingerprint, PictureBatches(pictures, 5).fingerprint]
    assert len(set(found)) == len(found)
    assert PictureBatches(numbered(20), 4, static_seed=1).fingerprint == found[0]


@pytest.mark.parametrize(
    ("batch", "arguments", "message"),
    [
        (0, {}, "batch must be"),
        (True, {}, "batch must be"),
        (2.0, {}, "batch must be"),
        (2, {"binarise": "random"}, "binarise must be one of none, threshold, static, dynamic"),
        (2, {"pad": -1}, "pad must be"),
        (2, {"pad": 1.0}, "pad must be"),
        (2, {"static_seed": -1}, "seed must be"),
    ],
)
def test_arguments_out_of_range(batch, arguments, message) -> None:
    with pytest.raises(InputError, match=message):
        PictureBatches(numbered(3), batch, **arguments)


def test_indices_beyond_the_batch() -> None:
    for indices in ([4], [-1, 0]):
        with pytest.raises(InputError, match=r"within 0\.\.3"):
            PictureBatches(numbered(9), 4).batch(0, 0, indices)
