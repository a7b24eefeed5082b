import math
from dataclasses import replace

import pytest
import torch
from torch import nn

from selfsame.training import ParameterGroup, train
from selfsame.training.checkpoint import checkpoints, load_checkpoint
from selfsame.training.muon import MOMENTUM, RMS, Muon, matrices, orthogonalised
from support.toy_task import SETTINGS, ToyData, ToyTask

MUON = replace(SETTINGS, optimizer="muon")


def trained(folder, settings=MUON, task=None, **options):
    task = task or ToyTask()
    result = train(task, ToyData(), settings, folder, **options)
    return task.model.state_dict(), result


def same(one, other) -> bool:
    return all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("shape", [(6, 6), (5, 12), (12, 5), (1, 7), (7, 1)])
@pytest.mark.parametrize("length", [1e-5, 1.0, 1e15])
def test_singular_values_become_about_one_and_directions_stay(shape, length) -> None:
    torch.manual_seed(0)
    u, values, v = torch.linalg.svd(torch.randn(shape), full_matrices=False)
    values = values + 0.2 * values.max()
    found = orthogonalised(length * (u * values) @ v)
    middle = u.T @ found @ v.T
    assert torch.allclose(middle, middle.diag().diag(), atol=1e-4)
    assert 0.65 < float(middle.diag().min()) <= float(middle.diag().max()) < 1.25


def test_next_to_nothing_stays_it() -> None:
    torch.manual_seed(0)
    matrix = torch.randn(3, 5)
    for length in (0.0, 1e-44, 1e-30, 1e-14):
        found = orthogonalised(length * matrix)
        assert bool(found.isfinite().all())
        assert float(found.abs().max()) <= 1e-2


def test_which_weights_are_matrices() -> None:
    layers = [nn.Linear(4, 6), nn.Conv2d(6, 8, 3), nn.Conv2d(8, 8, 3, groups=8)]
    model = nn.Sequential(*layers, nn.Embedding(5, 4), nn.LayerNorm(4))
    assert [id(p) for p in matrices(model)] == [id(layers[0].weight), id(layers[1].weight)]


def test_steps_are_those_of_a_plain_reference() -> None:
    torch.manual_seed(0)
    weight = nn.Parameter(torch.randn(4, 3, 2, 2))
    expected, momentum = weight.detach().clone(), torch.zeros(4, 12)
    muon = Muon([{"params": [weight], "weight_decay": 0.1}], lr=0.02)
    muon.found_inf = torch.tensor(0.0)
    for _ in range(4):
        weight.grad = torch.randn(4, 3, 2, 2)
        muon.step()
        gradient = weight.grad.flatten(1)
        momentum = MOMENTUM * momentum + (1 - MOMENTUM) * gradient
        direction = orthogonalised(MOMENTUM * momentum + (1 - MOMENTUM) * gradient)
        expected = expected * (1 - 0.02 * 0.1)
        expected -= 0.02 * RMS * math.sqrt(12) * direction.reshape(4, 3, 2, 2)
        assert torch.allclose(weight, expected, atol=1e-6)


def test_a_step_is_as_long_as_the_learning_rate_says() -> None:
    torch.manual_seed(0)
    for shape in ((64, 64), (32, 128), (128, 16, 3, 3)):
        weight = nn.Parameter(torch.zeros(shape))
        weight.grad = torch.randn(shape)
        muon = Muon([{"params": [weight], "weight_decay": 0.0}], lr=0.01)
        muon.found_inf = torch.tensor(0.0)
        muon.step()
        assert float(weight.detach().square().mean().sqrt()) == pytest.approx(RMS * 0.01, rel=0.2)


@pytest.mark.parametrize("value", [math.nan, math.inf, 1.0])
def test_a_step_that_is_left_out_changes_nothing(value) -> None:
    weight = nn.Parameter(torch.ones(3, 5))
    muon = Muon([{"params": [weight], "weight_decay": 0.1}], lr=0.1)
    weight.grad = torch.ones(3, 5)
    muon.found_inf = torch.tensor(0.0)
    muon.step()
    before = [weight.detach().clone(), muon.state[weight]["momentum"].clone()]
    weight.grad = torch.full((3, 5), value)
    muon.found_inf = torch.tensor(1.0)
    muon.step()
    assert torch.equal(before[0], weight)
    assert torch.equal(before[1], muon.state[weight]["momentum"])


def test_a_training_in_pieces_equals_one_in_one_piece(tmp_path) -> None:
    whole, _ = trained(tmp_path / "whole")
    for stop in (7, 15, None):
        pieces, _ = trained(tmp_path / "pieces", stop_after=stop)
    assert same(whole, pieces)
    assert not same(whole, trained(tmp_path / "other", SETTINGS)[0])


def test_each_optimiser_has_its_parameters(tmp_path) -> None:
    trained(tmp_path, stop_after=1)
    state = load_checkpoint(checkpoints(tmp_path / "checkpoints")[0][1])["learner"]
    updates = state["updates"]["model"]
    shapes = {
        name: [tuple(v["momentum" if name == "muon" else "exp_avg"].shape) for v in s.values()]
        for name, s in ((n, updates[n]["state"]) for n in ("optimizer", "muon"))
    }
    assert sorted(shapes["muon"]) == [(6, 8), (8, 6)]
    assert sorted(shapes["optimizer"]) == [(6,), (8,)]


def test_groups_keep_their_rates(tmp_path) -> None:
    class Halves(ToyTask):
        def parameter_groups(self) -> list[ParameterGroup]:
            first, _, _, last = self.model
            return [ParameterGroup([first.weight], 0.0), ParameterGroup([last.weight])]

    task = Halves()
    before = [task.model[k].weight.detach().clone() for k in (0, 3)]
    settings = replace(MUON, ema_decay=0.0)
    trained(tmp_path, settings, task)
    assert torch.equal(task.model[0].weight, before[0])
    assert not torch.allclose(task.model[3].weight, before[1], atol=1e-2)


def test_matrices_alone_can_be_learned(tmp_path) -> None:
    class Bare(ToyTask):
        def parameter_groups(self) -> list[ParameterGroup]:
            return [ParameterGroup(matrices(self.model))]

    assert trained(tmp_path, task=Bare())[1].finished
