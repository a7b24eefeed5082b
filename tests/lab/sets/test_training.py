from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from selfsame.codes.store import load
from selfsame.datasets import Pictures
from selfsame.errors import InputError
from selfsame.io.pictures import read_picture
from selfsame.lab.sets.config import FractalSetConfig, SetObjective
from selfsame.lab.sets.losses import Adversary, energy_distance, sliced_wasserstein
from selfsame.lab.sets.model import FractalSet
from selfsame.lab.sets.training import (
    LearnedFractals,
    SetTask,
    learn_fractals,
    make_task,
    padded_side,
    save_set,
    set_batches,
)
from selfsame.training import TrainSettings
from selfsame.training.logs import read_log
from selfsame.training.task import Metrics

SMALL = FractalSetConfig(fractals=5, maps=3, side=24, points=40, noise=0.1, noise_steps=4)
SETTINGS = TrainSettings(
    steps=6,
    batch=7,
    lr=0.02,
    warmup_steps=0,
    gradient_clip=None,
    ema_decay=0.0,
    device="cpu",
    log_every=2,
    checkpoint_every=2,
    workers=0,
)


def blobs(count: int = 20, side: int = 12) -> Pictures:
    """Bright squares of 4x4 pixels near the upper left corner."""
    images = np.zeros((count, side, side, 1), np.uint8)
    random = np.random.default_rng(0)
    for image in images:
        row, column = random.integers(0, 3, 2)
        image[row : row + 4, column : column + 4] = 255
    return Pictures(images)


def learn(folder: Path, **changes) -> LearnedFractals:
    arguments = {"config": SMALL, "settings": SETTINGS, **changes}
    return learn_fractals(blobs(), folder, **arguments)


def code_bytes(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((folder / "codes").glob("*.ssm"))}


def test_a_set_becomes_more_like_the_pictures(tmp_path) -> None:
    config = replace(SMALL, fractals=4, points=30, noise=0.0)
    batches = set_batches(blobs(), config, 20)
    reals = batches.batch(0, 0, range(20))
    before = FractalSet(config, seed=0)(torch.Generator().manual_seed(1)).detach()
    settings = replace(SETTINGS, steps=60, lr=0.1, log_every=10)
    learn(tmp_path, config=config, settings=settings, loss=SetObjective("energy"))
    sheet = torch.from_numpy(read_picture(tmp_path / "codes.png"))
    after = torch.stack([sheet[26 * i :, 26 * j :][:24, :24] for i in (0, 1) for j in (0, 1)])
    distances = [energy_distance(fakes, reals).item() for fakes in (before, after[:, None])]
    assert distances[1] < 0.6 * distances[0]


def test_a_stopped_training_ends_with_the_same_codes(tmp_path) -> None:
    whole = learn(tmp_path / "whole")
    part = learn(tmp_path / "part", stop_after=3)
    assert (part.training.step, part.training.finished) == (3, False)
    assert code_bytes(tmp_path / "part") != code_bytes(tmp_path / "whole")
    again = learn(tmp_path / "part")
    assert (again.training.step, again.training.finished) == (6, True)
    assert code_bytes(tmp_path / "part") == code_bytes(tmp_path / "whole")
    np.testing.assert_array_equal(again.codes[2].system.matrices, whole.codes[2].system.matrices)


def test_the_folder_holds_what_is_returned(tmp_path) -> None:
    codes = learn(tmp_path).codes
    assert list(code_bytes(tmp_path)) == [f"{i:05d}.ssm" for i in range(5)]
    assert [load(tmp_path / "codes" / f"{i:05d}.ssm") for i in range(5)] == codes
    assert read_picture(tmp_path / "codes.png").shape == (50, 76)  # 2 rows of 3


def test_codes_of_a_larger_set_are_removed(tmp_path) -> None:
    folder = tmp_path / "codes"
    save_set(FractalSet(SMALL), folder, None, seed=0)
    (folder / "mine.ssm").write_bytes(b"mine")
    save_set(FractalSet(replace(SMALL, fractals=2)), folder, {"a": 1}, seed=0)
    assert sorted(path.name for path in folder.iterdir()) == [
        "00000.ssm",
        "00001.ssm",
        "card.json",
        "mine.ssm",
    ]


def test_other_settings_are_refused(tmp_path) -> None:
    learn(tmp_path, stop_after=2)
    with pytest.raises(InputError, match=r"config\.model\.maps"):
        learn(tmp_path, config=replace(SMALL, maps=4))
    with pytest.raises(InputError, match=r"config\.objective\.loss"):
        learn(tmp_path, loss=SetObjective("energy"))


def test_any_callable_is_a_loss(tmp_path) -> None:
    seen = []

    def loss(fakes: Tensor, reals: Tensor) -> Tensor:
        seen.append((tuple(fakes.shape), tuple(reals.shape)))
        return sliced_wasserstein(fakes, reals, projections=8)

    assert learn(tmp_path, loss=loss, config=replace(SMALL, drawn=3)).training.finished
    assert set(seen) == {((3, 1, 24, 24), (7, 1, 24, 24))}


class Scaled(Adversary):
    """A loss with a parameter of its own, a measure and a learning rate."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(3.0))
        self.lr_multiplier = 0.5

    def losses(self, fakes: Tensor, reals: Tensor) -> tuple[Tensor, Tensor, Metrics]:
        own = (self.scale * fakes.detach().mean() - reals.mean()).square()
        return fakes.mean(), own, {"scale": self.scale}


def test_the_parameters_of_a_loss_are_learned_too(tmp_path) -> None:
    loss = Scaled()
    learn(tmp_path, loss=loss)
    # Adam's first steps are all but lr long: here half of it.
    assert 0 < abs(loss.scale.item() - 3) < 6 * 0.02 * 0.5 * 1.01
    assert next(line for line in read_log(tmp_path) if line["kind"] == "train")["scale"] < 3


def test_noise_follows_from_seed_and_step() -> None:
    def after(step: int, seed: int) -> Tensor:
        task = SetTask(replace(SMALL, noise_every=2), sliced_wasserstein, seed=seed)
        start = task.fractals.twist.detach().clone()
        task.begin_step(step)
        return (task.fractals.twist - start).detach()

    assert torch.equal(after(1, 0), after(1, 0))
    assert not torch.equal(after(1, 0), after(3, 0))
    assert not torch.equal(after(1, 0), after(1, 1))
    assert not after(2, 0).any()  # every second step
    assert not after(5, 0).any()  # beyond the steps with noise


def test_a_part_of_the_set_is_drawn_by_chance() -> None:
    task = SetTask(replace(SMALL, drawn=2), lambda fakes, reals: fakes.sum(), seed=0)
    moved = torch.zeros(5, dtype=torch.bool)
    for seed in range(12):
        task.model.zero_grad()
        generator = torch.Generator().manual_seed(seed)
        (loss,) = task.losses(torch.zeros(1, 1, 24, 24), 0, generator)
        loss.value.backward()
        hit = task.fractals.offsets.grad.flatten(1).any(1)
        assert int(hit.sum()) <= 2
        moved |= hit
    assert bool(moved.all())


def test_the_weights_of_the_discriminator_follow_from_the_seed() -> None:
    tasks = [make_task(SMALL, SetObjective(), seed=seed) for seed in (3, 3, 4)]
    weights = [torch.cat([p.flatten() for p in task.model["loss"].parameters()]) for task in tasks]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


@pytest.mark.parametrize(("side", "padded"), [(28, 32), (27, 33), (32, 32), (64, 64), (33, 33)])
def test_small_pictures_get_a_border(side, padded) -> None:
    assert padded_side(side) == padded


@pytest.mark.parametrize(
    ("pictures", "side", "word"),
    [
        (blobs(), 11, "12x12 pixels in grey"),
        (blobs(), 15, "a side of 32"),
        (Pictures(np.zeros((2, 8, 9, 1), np.uint8)), 16, "9x8"),
        (Pictures(np.zeros((2, 8, 8, 3), np.uint8)), 16, "in colour"),
    ],
)
def test_pictures_that_do_not_fit_are_refused(pictures, side, word) -> None:
    with pytest.raises(InputError, match=word):
        set_batches(pictures, replace(SMALL, side=side), 4)
