import numpy as np
import pytest
import torch

from selfsame.collage.network.entropy import (
    RateModel,
    laplace_bits,
    round_straight_through,
    soft_threshold,
)


@pytest.mark.parametrize("log_scale", [-2.0, 0.0, 1.5])
def test_laplace_masses_sum_to_one_and_match_the_definition(log_scale):
    levels = torch.arange(-200, 201, dtype=torch.float64)
    scales = torch.full_like(levels, log_scale)
    masses = torch.exp2(-laplace_bits(levels, scales))
    # Masses below the least probability are lifted to it.
    assert masses.sum().item() == pytest.approx(1, abs=1e-5)
    scale = np.exp(log_scale)
    x = np.linspace(0.5, 1.5, 20001)
    integral = np.trapezoid(np.exp(-x / scale) / (2 * scale), x)
    assert masses[201].item() == pytest.approx(integral, rel=1e-6)


def _model() -> RateModel:
    torch.manual_seed(0)
    model = RateModel(10, (0, 4, 7), hidden=8)
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, 0, 0.3)
    return model


def test_bits_depend_on_nothing_that_is_coded_later():
    model = _model()
    levels = torch.randint(-3, 4, (1, 10, 4, 5)).float()
    plain = model(levels, levels)
    order = {0: 3, 1: 2, 2: 1, 3: 0, 4: 6, 5: 5, 6: 4, 7: 9, 8: 8, 9: 7}  # high frequencies first
    for number in range(10):
        changed = levels.clone()
        changed[0, number, 2, 2] += 2
        bits = model(levels, changed)
        for k in range(10):
            for row in range(4):
                for column in range(5):
                    before = (row, column) < (2, 2) or (
                        (row, column) == (2, 2) and order[k] <= order[number]
                    )
                    # What lies above right is coded before; the rest of the row above too.
                    if before:
                        same = bits[0, k, row, column] == plain[0, k, row, column]
                        assert same, (number, k, row, column)
        assert (bits != plain).any()


def test_a_flat_picture_predicts_its_biases():
    model = RateModel(3, (0, 1, 2))
    flat = torch.full((1, 3, 6, 6), 40.0)
    ramp = flat + 40 * torch.randn(1, 3, 6, 6, generator=torch.Generator().manual_seed(0)).round()
    inner = (..., slice(1, None), slice(1, None))
    assert model(flat, flat)[inner].sum() < 0.5 * model(ramp, ramp)[inner].sum()


def test_rounding_passes_the_gradient():
    x = torch.tensor([-1.6, 0.2, 0.7], requires_grad=True)
    y = round_straight_through(x)
    (y * torch.tensor([1.0, 2.0, 3.0])).sum().backward()
    assert y.tolist() == [-2, 0, 1]
    assert x.grad.tolist() == [1, 2, 3]


def test_soft_threshold_moves_towards_zero_and_stops_there():
    x = torch.tensor([-2.0, -0.1, 0.0, 0.1, 2.0])
    torch.testing.assert_close(
        soft_threshold(x, torch.tensor(0.25)), torch.tensor([-1.75, 0, 0, 0, 1.75])
    )
