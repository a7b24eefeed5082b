import torch
from torch import nn

from selfsame.nn.ema import WeightAverage


def model_of(value: float) -> nn.Module:
    module = nn.BatchNorm1d(1)
    with torch.no_grad():
        module.weight.fill_(value)
    return module


def test_the_average_follows_its_formula() -> None:
    values = [1.0, 3.0, -2.0, 5.0, 0.5]
    average = WeightAverage(model_of(values[0]), decay=0.3)
    expected = values[0]
    for t, value in enumerate(values[1:], start=1):
        average.update(model_of(value))
        decay = min(0.3, (1 + t) / (10 + t))
        expected = decay * expected + (1 - decay) * value
    assert torch.allclose(average.model.weight, torch.tensor(expected))


def test_buffers_are_copied() -> None:
    average, model = WeightAverage(model_of(1), decay=0.9), model_of(1)
    model(torch.randn(8, 1))
    average.update(model)
    assert torch.equal(average.model.running_mean, model.running_mean)
    assert average.model.num_batches_tracked == 1


def test_the_model_keeps_its_weights_and_its_mode() -> None:
    model = model_of(2)
    average = WeightAverage(model, decay=0.9)
    average.update(model_of(7))
    assert model.weight.item() == 2
    assert model.training
    assert not average.model.training
    assert not any(p.requires_grad for p in average.model.parameters())


def test_the_state_carries_the_count_of_updates() -> None:
    one, other = (WeightAverage(model_of(1), decay=0.999) for _ in range(2))
    one.update(model_of(4))
    other.load_state_dict(one.state_dict())
    for average in (one, other):
        average.update(model_of(-3))
    assert torch.equal(one.model.weight, other.model.weight)
