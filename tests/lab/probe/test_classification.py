import numpy as np
import pytest
import torch
from PIL import Image
from torch.nn import functional as F

from selfsame.lab.networks.architectures import make_network
from selfsame.lab.probe.classification import ClassificationTask, FractalBatches, with_channels
from support.toy_pictures import SIDE, small_recipe, toy_pictures


@pytest.mark.parametrize("name", ["anderson-farrell", "multifractal", "fractaldb"])
def test_batches_are_a_pure_function_of_seed_step_and_place(name) -> None:
    recipe = small_recipe(name)
    whole = FractalBatches(recipe, 6, channels=1).batch(3, 4, range(6))
    batches = FractalBatches(recipe, 6, channels=1)
    batches.batch(3, 0, range(6))
    batches.batch(2, 4, range(6))
    parts = [batches.batch(3, 4, places) for places in (range(2), range(2, 6))]
    for i in (0, 1):
        assert torch.equal(torch.cat([part[i] for part in parts]), whole[i])
    assert whole[0].shape == (6, 1, SIDE, SIDE)
    assert whole[0].dtype == torch.float32
    assert 0 <= whole[0].min() < whole[0].max() <= 1
    multi = name == "multifractal"
    assert whole[1].shape == ((6, 4) if multi else (6,))
    assert whole[1].dtype == (torch.float32 if multi else torch.int64)


def test_an_epoch_has_every_picture_once() -> None:
    recipe = small_recipe()
    batches = FractalBatches(recipe, 10)
    pictures = torch.cat([batches.batch(0, step, range(10))[0] for step in (0, 1)])
    labels = torch.cat([batches.batch(0, step, range(10))[1] for step in (0, 1)])
    assert torch.bincount(labels).tolist() == [5, 5, 5, 5]
    drawn = recipe.pictures(range(20)).transpose(0, 3, 1, 2)
    known = {picture.tobytes(): i // 5 for i, picture in enumerate(drawn)}
    assert len(known) == 20
    found = [known.pop((p * 255).round().byte().numpy().tobytes()) for p in pictures]
    assert found == labels.tolist()


def test_colour_becomes_grey_as_pillow_makes_it() -> None:
    images = toy_pictures(4, channels=3).images
    images = np.random.default_rng(0).integers(0, 256, images.shape).astype(np.uint8)
    wanted = np.stack([np.asarray(Image.fromarray(image).convert("L")) for image in images])
    grey = with_channels(torch.from_numpy(images).permute(0, 3, 1, 2).float() / 255, 1)
    assert grey.shape == (4, 1, SIDE, SIDE)
    assert np.abs(grey[:, 0].numpy() * 255 - wanted).max() < 0.51
    again = with_channels(grey, 3)
    assert all(torch.equal(again[:, i], grey[:, 0]) for i in range(3))
    assert with_channels(again, None) is again


def test_losses_and_accuracies() -> None:
    torch.manual_seed(0)
    task = ClassificationTask(make_network("lenet", classes=4, side=SIDE))
    pictures = torch.rand(5, 1, SIDE, SIDE)
    logits = task.model(pictures)
    generator = torch.Generator()

    labels = torch.tensor([0, 1, 2, 3, 0])
    loss, measures = task.loss((pictures, labels), 0, generator)
    assert torch.allclose(loss, F.cross_entropy(logits, labels))
    assert measures["accuracy"] == pytest.approx((logits.argmax(1) == labels).float().mean())

    several = torch.tensor([[1.0, 0, 0, 1], [0, 1, 1, 0], [1, 1, 1, 1], [0, 0, 0, 1], [1, 0, 0, 0]])
    loss, measures = task.loss((pictures, several), 0, generator)
    p = logits.sigmoid()
    assert torch.allclose(loss, -(several * p.log() + (1 - several) * (1 - p).log()).mean())
    right = [several[i, best] > 0 for i, best in enumerate(logits.argmax(1))]
    assert measures["accuracy"] == pytest.approx(np.mean(right))
