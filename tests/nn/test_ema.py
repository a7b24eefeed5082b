import torch
from torch import nn

from selfsame.nn.ema import WeightAverage

YES, NO = torch.tensor(True), torch.tensor(False)


def parameter(value: float) -> nn.Parameter:
    return nn.Parameter(torch.full((3, 2), float(value)))


def follow(average: WeightAverage, weights: nn.Parameter, values: list[float]) -> None:
    for value in values:
        with torch.no_grad():
            weights.fill_(value)
        average.update(YES)


def test_the_average_follows_its_formula() -> None:
    values = [1.0, 3.0, -2.0, 5.0, 0.5]
    weights = parameter(values[0])
    average = WeightAverage([weights], decay=0.3)
    follow(average, weights, values[1:])
    expected = values[0]
    for t, value in enumerate(values[1:], start=1):
        decay = min(0.3, (1 + t) / (10 + t))
        expected = decay * expected + (1 - decay) * value
    assert torch.allclose(average.values[0], torch.tensor(expected))


def test_what_does_not_count_leaves_no_trace() -> None:
    weights, others = parameter(1), parameter(1)
    average, other = WeightAverage([weights], decay=0.9), WeightAverage([others], decay=0.9)
    follow(average, weights, [4.0, 2.0])
    follow(other, others, [4.0])
    with torch.no_grad():
        others.fill_(100)
    other.update(NO)
    follow(other, others, [2.0])
    assert torch.equal(average.values[0], other.values[0])


def test_weights_come_back_after_their_averages() -> None:
    weights = parameter(1)
    average = WeightAverage([weights], decay=0.5)
    follow(average, weights, [4.0])
    with average.in_place():
        assert torch.equal(weights, average.values[0])
        assert weights[0, 0] != 4
    assert torch.equal(weights, torch.full((3, 2), 4.0))
    assert weights.requires_grad
    average.apply()
    assert torch.equal(weights, average.values[0])


def test_the_state_carries_the_count_of_updates() -> None:
    weights = parameter(1)
    one = WeightAverage([weights], decay=0.999)
    follow(one, weights, [4.0])
    others = parameter(4)
    other = WeightAverage([others], decay=0.999)
    other.load_state_dict(one.state_dict())
    follow(one, weights, [-3.0])
    follow(other, others, [-3.0])
    assert torch.equal(one.values[0], other.values[0])
