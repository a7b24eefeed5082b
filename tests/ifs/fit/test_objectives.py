import numpy as np
import pytest
import torch

from selfsame.ifs.fit.objectives import expected_clamp


@pytest.mark.parametrize("density", [0.05, 0.3, 0.8, 2.0, 6.0])
def test_against_simulated_shot_noise(density: float) -> None:
    """Poisson points of even density, Gaussian bumps exp(-r²): the law the table stands for."""
    rng = np.random.default_rng(7)
    radius, drawings = 5.0, 60_000
    counts = rng.poisson(density * np.pi * radius**2, drawings)
    r_squared = radius**2 * rng.random(counts.sum())
    value = np.add.reduceat(np.append(np.exp(-r_squared), 0.0), np.r_[0, counts.cumsum()[:-1]]) * (
        counts > 0
    )
    clamped = np.minimum(1, value)
    mean = torch.tensor(np.pi * density)
    once, twice = expected_clamp(mean, mean / 2)
    assert float(once) == pytest.approx(clamped.mean(), abs=0.006)
    assert float(twice) == pytest.approx((clamped**2).mean(), abs=0.006)


def test_without_variance_the_value_is_clamped_itself() -> None:
    mean = torch.tensor([0.1, 0.5, 0.8, 2.0, 50.0])
    once, twice = expected_clamp(mean, torch.zeros(5))
    torch.testing.assert_close(once, mean.clamp(max=1), atol=0.02, rtol=0)
    torch.testing.assert_close(twice, mean.clamp(max=1) ** 2, atol=0.03, rtol=0)


def test_moments_are_ordered_monotone_and_differentiable() -> None:
    mean = torch.linspace(0, 30, 400).requires_grad_()
    once, twice = expected_clamp(mean, 0.5 * mean)
    assert (once.diff() >= -1e-6).all()
    assert (twice <= once + 1e-6).all()
    assert (twice >= once**2 - 1e-6).all()
    (gradient,) = torch.autograd.grad(once.sum(), mean)
    assert torch.isfinite(gradient).all()
    assert (gradient >= -1e-6).all()
    assert gradient[3] > 0.1


def test_no_ink_is_finite() -> None:
    once, twice = expected_clamp(torch.zeros(2), torch.zeros(2))
    assert (once < 2e-3).all()
    assert (twice < 2e-3).all()
