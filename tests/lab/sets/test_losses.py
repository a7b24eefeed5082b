import math
from typing import get_args

import numpy as np
import pytest
import torch
from scipy.optimize import linear_sum_assignment
from torch import nn
from torch.nn import functional as F

from selfsame.errors import InputError
from selfsame.lab.sets.config import Loss, SetObjective
from selfsame.lab.sets.losses import (
    AdversarialLoss,
    Adversary,
    energy_distance,
    make_set_loss,
    sliced_wasserstein,
)


def sets(count: int, other: int, side: int = 3) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(count)
    one = torch.rand(count, 1, side, side, generator=generator, dtype=torch.float64)
    two = torch.rand(other, 1, side, side, generator=generator, dtype=torch.float64) + 0.3
    return one, two


def matched_cost(one: np.ndarray, other: np.ndarray) -> float:
    """Return the least mean squared distance of two sets on a line, each made as large as both."""
    common = math.lcm(len(one), len(other))
    a, b = np.repeat(one, common // len(one)), np.repeat(other, common // len(other))
    cost = (a[:, None] - b[None]) ** 2
    return float(cost[linear_sum_assignment(cost)].mean())


@pytest.mark.parametrize(("count", "other"), [(5, 5), (4, 6), (1, 7), (9, 2)])
def test_sliced_wasserstein_is_the_cost_of_the_best_matching_along_lines(count, other) -> None:
    one, two = sets(count, other)
    found = sliced_wasserstein(one, two, projections=6, generator=torch.Generator().manual_seed(3))
    directions = torch.randn(9, 6, generator=torch.Generator().manual_seed(3), dtype=one.dtype)
    lines = (directions / directions.norm(dim=0)).T.numpy()
    a, b = one.flatten(1).numpy(), two.flatten(1).numpy()
    expected = 9 * np.mean([matched_cost(a @ line, b @ line) for line in lines])
    assert float(found) == pytest.approx(expected, rel=1e-9)


def test_sliced_wasserstein_of_single_pictures_is_their_squared_distance() -> None:
    one, two = sets(1, 1)
    found = sliced_wasserstein(
        one, two, projections=40_000, generator=torch.Generator().manual_seed(0)
    )
    assert float(found) == pytest.approx(float((one - two).square().sum()), rel=0.03)


def test_sets_have_no_order() -> None:
    one, _ = sets(6, 1)
    assert float(sliced_wasserstein(one, one.flip(0))) == pytest.approx(0, abs=1e-20)


def test_the_energy_distance_is_its_formula() -> None:
    one, two = sets(4, 5)
    a, b = one.flatten(1).numpy(), two.flatten(1).numpy()

    def mean(p: np.ndarray, q: np.ndarray, *, same: bool = False) -> float:
        pairs = [
            np.linalg.norm(x - y)
            for i, x in enumerate(p)
            for j, y in enumerate(q)
            if not (same and i == j)
        ]
        return float(np.mean(pairs))

    expected = (2 * mean(a, b) - mean(a, a, same=True) - mean(b, b, same=True)) / 3
    assert float(energy_distance(one, two)) == pytest.approx(expected, rel=1e-6)


def test_the_energy_distance_needs_pairs() -> None:
    with pytest.raises(InputError, match="two pictures"):
        energy_distance(*sets(1, 5))


@pytest.mark.parametrize("loss", [sliced_wasserstein, energy_distance])
def test_descent_moves_fakes_onto_reals(loss) -> None:
    fakes, reals = sets(4, 8)
    fakes.requires_grad_(True)
    optimizer = torch.optim.Adam([fakes], lr=0.05)
    first = loss(fakes, reals).item()
    torch.manual_seed(0)
    for _ in range(30):
        optimizer.zero_grad()
        loss(fakes, reals).backward()
        optimizer.step()
    assert loss(fakes, reals).item() < 0.3 * first


def critic() -> nn.Module:
    torch.manual_seed(1)
    return nn.Sequential(nn.Flatten(), nn.Linear(9, 5), nn.Tanh(), nn.Linear(5, 1)).double()


def test_the_critic_learns_nothing_about_where_fakes_come_from() -> None:
    fakes, reals = sets(4, 6)
    fakes.requires_grad_(True)
    model = critic()
    of_fakes, of_critic, _ = AdversarialLoss(model).losses(fakes, reals)
    torch.testing.assert_close(of_fakes, F.softplus(-model(fakes)).mean())
    alone = F.softplus(-model(reals)).mean() + F.softplus(model(fakes.detach())).mean()
    torch.testing.assert_close(of_critic, alone)
    of_critic.backward()
    assert fakes.grad is None


def test_r1_is_the_squared_slope_at_reals() -> None:
    fakes, reals = sets(3, 3)
    model = nn.Sequential(nn.Flatten(), nn.Linear(9, 1)).double()
    plain, with_r1 = AdversarialLoss(model), AdversarialLoss(model, r1=0.6)
    difference = (with_r1.losses(fakes, reals)[1] - plain.losses(fakes, reals)[1]).item()
    assert difference == pytest.approx(0.3 * model[1].weight.square().sum().item(), rel=1e-9)


def test_instance_noise_comes_from_torchs_own_generator() -> None:
    fakes, reals = sets(3, 3)
    loss = AdversarialLoss(critic(), instance_noise=0.5)
    values = []
    for seed in (5, 5, 6):
        torch.manual_seed(seed)
        values.append(loss.losses(fakes, reals)[1].item())
    assert values[0] == values[1] != values[2]


def test_the_critic_sees_means_of_squares() -> None:
    fakes, reals = sets(3, 4, side=6)
    fine = torch.nn.functional.interpolate(fakes, scale_factor=2, mode="nearest")
    finest = torch.nn.functional.interpolate(reals, scale_factor=2, mode="nearest")
    torch.manual_seed(1)
    model = nn.Sequential(nn.Flatten(), nn.Linear(36, 1)).double()
    pooled = AdversarialLoss(model, pool=2).losses(fine, finest)
    torch.testing.assert_close(pooled, AdversarialLoss(model).losses(fakes, reals))


def test_measures_say_what_the_critic_saw() -> None:
    fakes, reals = sets(3, 3)
    loss = AdversarialLoss(nn.Sequential(nn.Flatten(), nn.Linear(9, 1)).double())
    with torch.no_grad():
        loss.critic[1].weight.fill_(0)
        loss.critic[1].bias.fill_(math.log(3))
    _, of_critic, measures = loss.losses(fakes, reals)
    assert of_critic.item() == pytest.approx(-math.log(0.75) - math.log(0.25))
    assert {name: float(value) for name, value in measures.items()} == pytest.approx(
        {"seen_real": 0.75, "seen_fake": 0.75}
    )


@pytest.mark.parametrize("name", get_args(Loss))
def test_losses_by_name_give_gradients(name) -> None:
    torch.manual_seed(0)
    fakes, reals = torch.rand(4, 1, 24, 24, requires_grad=True), torch.rand(5, 1, 24, 24)
    loss = make_set_loss(SetObjective(name), 24)
    value = loss.losses(fakes, reals)[0] if isinstance(loss, Adversary) else loss(fakes, reals)
    value.backward()
    assert fakes.grad is not None
    assert float(fakes.grad.abs().sum()) > 0


@pytest.mark.parametrize(
    ("settings", "word"),
    [
        ({"loss": "mse"}, "gan, sliced-wasserstein, energy"),
        ({"critic_rate": -1}, "critic_rate"),
        ({"instance_noise": math.nan}, "instance_noise"),
        ({"r1": "1"}, "r1"),
        ({"projections": 0}, "projections"),
        ({"pool": 1.5}, "pool"),
    ],
)
def test_settings_out_of_range_are_refused(settings, word) -> None:
    with pytest.raises(InputError, match=word):
        SetObjective(**settings)
