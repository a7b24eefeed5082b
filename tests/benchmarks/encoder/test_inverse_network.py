"""The inverse encoder: its task, its file, its predictions."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from benchmarks.encoder import inverse_network as inverse
from benchmarks.encoder.inverse_data import LARGEST_SINGULAR, InverseBatches, fractals, maps_of
from benchmarks.encoder.inverse_network import (
    InverseTask,
    load_inverse_encoder,
    predict_systems,
)
from selfsame.errors import InputError
from selfsame.lab.networks.architectures import NetworkConfig, make_network
from selfsame.training import TrainSettings, train


class Oracle(nn.Module):
    """Knows the parameters of some pictures."""

    def __init__(self, parameters: Tensor) -> None:
        super().__init__()
        self.parameters_known = nn.Parameter(parameters)
        self.seen = 0

    def forward(self, pictures: Tensor) -> Tensor:
        first, self.seen = self.seen, self.seen + len(pictures)
        return self.parameters_known[first : self.seen]


def test_the_loss_is_the_mean_squared_error_of_sixty_numbers() -> None:
    torch.manual_seed(0)
    task = InverseTask()
    pictures, parameters = fractals(0, 0, range(3))
    task.model.eval()
    loss, _ = task.loss((pictures, parameters), 0, torch.Generator())
    predicted = task.model(pictures)
    assert predicted.shape == (3, 60)
    squares = (predicted - parameters).detach() ** 2
    assert float(loss.detach()) == pytest.approx(float(squares.sum() / 180))
    loss.backward()
    for parameter in task.model.parameters():
        assert parameter.grad is not None
        assert parameter.grad.abs().sum() > 0


def test_validation_knows_who_is_right(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inverse, "VALIDATION_FRACTALS", 40)
    parameters = fractals(inverse.VALIDATION_SEED, 0, range(40))[1]
    task = InverseTask()
    right = task.validate(Oracle(parameters), slice(None)).values
    assert right["parameter_mse"] == 0
    assert right["explained"] == 1
    mean = parameters.mean(0).expand_as(parameters).clone()
    guess = task.validate(Oracle(mean), slice(None)).values
    assert guess["explained"] == pytest.approx(0, abs=0.05)
    assert guess["parameter_mse"] == pytest.approx(float(parameters.var(0).mean()), rel=0.05)
    assert right["picture_mse"] < 0.5 * guess["picture_mse"]


def test_predictions_are_contractive_systems_with_the_predicted_numbers() -> None:
    parameters = fractals(0, 0, range(5))[1]
    parameters[4] *= 4
    systems = predict_systems(Oracle(parameters), torch.zeros(5, 1, 32, 32))
    maps = maps_of(parameters)
    for i, system in enumerate(systems):
        np.testing.assert_allclose(system.matrices, maps.matrices[i].numpy(), atol=1e-6)
        np.testing.assert_allclose(system.offsets, maps.offsets[i].numpy(), atol=1e-6)
        area = np.abs(np.linalg.det(system.matrices))
        np.testing.assert_allclose(system.probabilities, area / area.sum(), atol=1e-5)
        assert np.linalg.norm(system.matrices, ord=2, axis=(1, 2)).max() < LARGEST_SINGULAR + 1e-5
    np.testing.assert_allclose(systems[0].matrices.ravel()[:4], parameters[0, :4].numpy())


def test_pictures_go_through_in_parts_and_none_is_fine(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    network = InverseTask().model
    pictures = fractals(0, 0, range(5))[0]
    whole = predict_systems(network, pictures)
    monkeypatch.setattr(inverse, "_AT_ONCE", 2)
    parts = predict_systems(network.train(), pictures)
    for a, b in zip(whole, parts, strict=True):
        np.testing.assert_allclose(a.matrices, b.matrices, atol=1e-5)
    assert predict_systems(network, pictures[:0]) == []
    with pytest.raises(InputError, match=r"\(B, 1, 32, 32\): got \(5, 1, 28, 28\)"):
        predict_systems(network, torch.zeros(5, 1, 28, 28))


def test_another_network_is_refused(tmp_path: Path) -> None:
    InverseTask().model.save_pretrained(tmp_path / "inverse")
    assert load_inverse_encoder(tmp_path / "inverse").config == inverse.CONFIG
    make_network("lenet", classes=60, side=32).save_pretrained(tmp_path / "other")
    with pytest.raises(InputError, match="no inverse encoder"):
        load_inverse_encoder(tmp_path / "other")


def test_it_learns_and_goes_on_as_if_nothing_had_been(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inverse, "CONFIG", NetworkConfig("lenet", classes=60, side=32))
    monkeypatch.setattr(inverse, "VALIDATION_FRACTALS", 4)
    settings = TrainSettings(
        steps=4, batch=6, lr=1e-3, warmup_steps=0, ema_decay=0.0, log_every=1, device="cpu"
    )

    def task() -> InverseTask:
        torch.manual_seed(3)
        return InverseTask()

    whole, parts = task(), task()
    train(whole, InverseBatches(), settings, tmp_path / "whole")
    train(parts, InverseBatches(), settings, tmp_path / "parts", stop_after=2)
    parts = task()
    train(parts, InverseBatches(), settings, tmp_path / "parts")
    assert torch.equal(whole.model.head.weight, parts.model.head.weight)
    fresh = task().model.head.weight
    assert not torch.equal(whole.model.head.weight, fresh)
