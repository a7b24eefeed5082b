from typing import get_args

import pytest
import torch

from selfsame.priors.diffusion.config import Prediction
from selfsame.priors.diffusion.losses import denoising_loss, mean_number, variance_loss
from selfsame.priors.diffusion.prediction import output_of
from selfsame.priors.diffusion.schedules import noisy, schedule_named
from support.gaussian_data import F64, normal


def test_the_mean_is_over_the_numbers_that_are_there() -> None:
    values = torch.arange(12.0).reshape(2, 3, 2)
    mask = torch.tensor([[True, False, True], [False, False, False]])
    assert mean_number(values).tolist() == [2.5, 8.5]
    assert mean_number(values, mask).tolist() == [(0 + 1 + 4 + 5) / 4, 0]


@pytest.mark.parametrize("prediction", get_args(Prediction))
def test_it_is_nothing_of_the_right_output_and_least_there(prediction) -> None:
    x, epsilon = normal(4, 3, 2), normal(4, 3, 2, seed=1)
    level = schedule_named("linear").level(torch.tensor([0.2, 0.4, 0.6, 0.8]))
    output = output_of(prediction, x, epsilon, level)
    assert (denoising_loss(output, x, epsilon, level, prediction) == 0).all()
    off = output + 0.5
    for weighting, expected in (("own", torch.full((4,), 0.25)), ("epsilon", None)):
        found = denoising_loss(off, x, epsilon, level, prediction, weighting)
        assert expected is None or torch.allclose(found, expected.double())
        assert (found > 0).all()


def test_the_bound_teaches_the_variance_alone() -> None:
    schedule = schedule_named("linear")
    t, s = (schedule.level(torch.tensor(time, dtype=F64)) for time in ([0.5, 0.9], [0.4, 0.8]))
    x, x0 = normal(2, 3, 2), normal(2, 3, 2, seed=1).requires_grad_()
    z = noisy(x, normal(2, 3, 2, seed=2), t)
    fraction = torch.full((2, 3, 2), 0.5, dtype=F64, requires_grad=True)
    variance_loss(z, x, x0, fraction, t, s).sum().backward()
    assert x0.grad is None
    # Of an estimate that errs by much the variance must grow.
    assert (fraction.grad.sum((1, 2)) < 0).all()
