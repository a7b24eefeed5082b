"""Training of latent spaces."""

import pytest
import torch

from selfsame.collage.grid.network.config import GridConfig
from selfsame.collage.grid.network.data import GridData, space_for
from selfsame.collage.grid.network.train import GridObjective, GridTask
from selfsame.datasets.pictures import Pictures
from selfsame.errors import InputError
from selfsame.training import TrainSettings, train
from support.small_grid import small_grid_model

GENERATOR = torch.Generator()


def blobs(count, side, seed=0):
    """Pictures of a bright disc somewhere, (count, 1, side, side)."""
    random = torch.Generator().manual_seed(seed)
    center = side * (0.3 + 0.4 * torch.rand(count, 2, 1, 1, generator=random))
    place = torch.arange(side) + 0.5
    squared = (place[:, None] - center[:, :1]) ** 2 + (place - center[:, 1:]) ** 2
    return torch.sigmoid((0.2 * side - squared.sqrt()) * 8 / side)


class Discs:
    """Batches of discs, without end."""

    def __init__(self, side):
        self.side = side

    def batch(self, seed, step, indices):
        return blobs(len(indices), self.side, seed + step)


@pytest.mark.parametrize("options", [{}, {"detail": 2}, {"regulariser": "fsq"}])
def test_a_short_training_learns_discs(tmp_path, options):
    config = GridConfig(side=16, cell=8, numbers=4, width=16, blocks=1, aux_blocks=24, **options)
    task = GridTask(config, validation=blobs(20, 16 * config.detail, seed=10**6))
    before = task.validate(task.model, slice(None)).values
    settings = TrainSettings(
        steps=60, batch=16, lr=8e-3, warmup_steps=10, ema_decay=0.9, validate_every=0
    )
    result = train(task, Discs(16 * config.detail), settings, tmp_path)
    gain = result.validation["psnr"] - before["psnr"]
    assert gain > 5
    if config.detail > 1:
        assert result.validation["psnr_at_2x"] > before["psnr_at_2x"] + 5


@pytest.mark.parametrize("optimizer", ["adamw", "muon"])
def test_a_decoder_learns_by_itself(tmp_path, optimizer):
    model = small_grid_model()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    settings = TrainSettings(steps=2, batch=2, optimizer=optimizer, validate_every=0)
    train(GridTask(model, GridObjective(decoder_only=True)), Discs(20), settings, tmp_path)
    moved = {name for name, tensor in model.state_dict().items() if not before[name].equal(tensor)}
    assert "decoder.numbers.weight" in moved
    assert not [name for name in moved if name.startswith("encoder")]


def test_the_loss_is_the_sum_of_its_parts():
    model_options = {"detail": 2, "side": 20}
    task = GridTask(
        small_grid_model(**model_options).config,
        GridObjective(kl_weight=0.01, fine_weight=0.5, fine_share=0.5),
    )
    batch = blobs(4, 40)
    loss, metrics = task.loss(batch, 0, GENERATOR.manual_seed(0))
    error = 10 ** (-float(metrics["psnr"]) / 10)
    wanted = error + 0.01 * float(metrics["kl"]) + 0.5 * float(metrics["fine_error"])
    assert float(loss.detach()) == pytest.approx(wanted, rel=1e-5)


def test_a_share_of_less_than_a_picture_is_one_now_and_then():
    task = GridTask(small_grid_model(detail=2).config, GridObjective(fine_share=0.05, kl_weight=0))
    batch = blobs(4, 40)
    finely = ["fine_error" in task.loss(batch, step, GENERATOR)[1] for step in range(10)]
    assert finely == [False, False, False, False, True] * 2


def test_detail_that_nobody_can_see_is_paid_for():
    task = GridTask(small_grid_model().config, GridObjective(kl_weight=0, detail_weight=2.0))
    batch = blobs(8, 20)
    loss, metrics = task.loss(batch, 0, GENERATOR.manual_seed(0))
    error = 10 ** (-float(metrics["psnr"]) / 10)
    assert float(metrics["detail"]) > 0
    assert float(loss.detach()) == pytest.approx(error + 2 * float(metrics["detail"]), rel=1e-5)


def test_wrong_steps_between_neighbours_are_paid_for():
    """At both scales, of numbers that are not drawn from a posterior."""
    model = small_grid_model(detail=2, regulariser="tanh")
    objective = {"kl_weight": 0.0, "fine_weight": 0.5, "fine_share": 1.0}
    batch = blobs(3, 40)
    losses = [
        GridTask(model, GridObjective(**objective, gradient_weight=weight)).loss(
            batch, 0, GENERATOR
        )
        for weight in (0.0, 2.0)
    ]
    pictures = batch.reshape(3, 1, 20, 2, 20, 2).mean((3, 5))
    numbers = model.encode(pictures).mean
    wanted = 0.0
    for weight, scale, truth in ((1.0, 1, pictures), (0.5, 2, batch)):
        options = {"iterations": model.config.iterations}
        wrong = (model.decoder(numbers, scale, **options) - truth).detach().double()
        down = (wrong[:, :, 1:] - wrong[:, :, :-1]).abs().mean()
        across = (wrong[..., 1:] - wrong[..., :-1]).abs().mean()
        wanted += 2.0 * weight * float(down + across)
    assert float((losses[1][0] - losses[0][0]).detach()) == pytest.approx(wanted, rel=1e-4)


def test_validation_is_of_what_codes_hold():
    """PSNR of decoded codes; every channel whose KL is seen counts as alive."""
    model = small_grid_model(step=1.0)
    task = GridTask(model.config, validation=blobs(5, 20))
    values = task.validate(model, slice(None)).values
    with torch.no_grad():
        posterior = model.encode(task.validation)
    drawn = model.decoder(posterior.mean.round()).clamp(0, 1).detach()
    errors = (255 * drawn).round() - (255 * task.validation).round()
    wanted = (-10 * (errors / 255).square().mean((1, 2, 3)).log10()).mean()
    assert values["psnr"] == pytest.approx(float(wanted), abs=0.05)
    kl = posterior.kl().sum((2, 3)).mean(0)
    assert values["kl"] == pytest.approx(float(kl.sum()), rel=1e-4)
    assert values["live_channels"] == int((kl > 0.01).sum())
    assert task.validate(model, slice(5, None)).samples == 0


def test_the_shape_follows_from_the_pictures():
    pictures = Pictures(blobs(2, 40).mul(255).byte().permute(0, 2, 3, 1).numpy())
    assert space_for(pictures, {}).side == 40
    assert space_for(pictures, {"detail": 2, "aux_blocks": 9}).side == 20
    with pytest.raises(InputError, match="cannot be 3 times as fine"):
        space_for(pictures, {"detail": 3})
    with pytest.raises(InputError, match="ask for side 40"):
        space_for(pictures, {"side": 20})
    start = space_for(pictures, {"detail": 2})
    assert space_for(pictures, {}, start) == start
    larger = Pictures(pictures.images.repeat(2, 1).repeat(2, 2))
    with pytest.raises(InputError, match="of side 40 and 1 channels: got pictures of side 80"):
        space_for(larger, {}, start)


def test_validation_pictures_are_spread_over_the_set(tmp_path):
    import numpy as np

    images = np.arange(10, dtype=np.uint8).repeat(64).reshape(10, 8, 8)
    np.savez(tmp_path / "a.npz", train_images=images, test_images=images)
    data = GridData(validation_pictures=5)
    pictures = data.learned(tmp_path / "a.npz")
    shown = data.validation(tmp_path / "a.npz", pictures)
    assert (255 * shown[:, 0, 0, 0]).round().tolist() == [0, 2, 4, 6, 8]
