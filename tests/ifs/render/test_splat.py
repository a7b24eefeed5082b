import numpy as np
import pytest
import torch
from torch import Tensor

from selfsame.ifs.render.splat import splat, splat_dense
from selfsame.run.threads import limited_threads


def brute_force(points: Tensor, values: Tensor, size: tuple[int, int], sigma: float) -> np.ndarray:
    """The formula, pixel by pixel and point by point, in float64."""
    p, v = points.double().numpy(), values.double().numpy()
    image = np.zeros((len(p), v.shape[2], *size))
    for b in range(len(p)):
        for (x, y), value in zip(p[b], v[b], strict=True):
            for i in range(size[0]):
                for j in range(size[1]):
                    distance = (x - j - 0.5) ** 2 + (y - i - 0.5) ** 2
                    image[b, :, i, j] += value * np.exp(-distance / sigma)
    return image


@pytest.mark.parametrize("sigma", [0.3, 1.0, 4.0])
@pytest.mark.parametrize("function", [splat, splat_dense])
def test_matches_the_formula(function: object, sigma: float) -> None:
    generator = torch.Generator().manual_seed(1)
    points = torch.rand(2, 30, 2, generator=generator) * 20 - 4  # some outside
    values = torch.randn(2, 30, 3, generator=generator)
    image = function(points, values, (9, 12), sigma)  # type: ignore[operator]
    np.testing.assert_allclose(image, brute_force(points, values, (9, 12), sigma), atol=5e-5)


def test_gradients_are_those_of_the_dense_form() -> None:
    generator = torch.Generator().manual_seed(2)
    points = (
        torch.rand(2, 40, 2, generator=generator, dtype=torch.double) * 14 - 2
    ).requires_grad_()
    values = torch.rand(2, 40, 2, generator=generator, dtype=torch.double).requires_grad_()
    weight = torch.randn(2, 2, 10, 9, generator=generator, dtype=torch.double)
    got = torch.autograd.grad(splat(points, values, (10, 9), 0.8), (points, values), weight)
    want = torch.autograd.grad(splat_dense(points, values, (10, 9), 0.8), (points, values), weight)
    for mine, theirs in zip(got, want, strict=True):
        # Dropped tails are below the cut-off; a wrong factor would miss by its own size.
        torch.testing.assert_close(mine, theirs, rtol=1e-3, atol=5e-5)


def test_points_outside_or_not_finite_add_nothing() -> None:
    points = torch.tensor([[[torch.nan, 1.0], [torch.inf, 1.0], [-1e30, 2.0], [99.0, 2.0]]])
    points.requires_grad_()
    image = splat(points, torch.ones(1, 4, 1), (5, 5))
    assert image.abs().max() == 0
    image.sum().backward()
    assert points.grad is not None
    assert torch.isfinite(points.grad).all()


def test_a_far_corner_point_reaches_only_its_corner() -> None:
    image = splat(torch.tensor([[[0.0, 0.0]]]), torch.ones(1, 1, 1), (6, 6))
    assert image[0, 0, 0, 0] == pytest.approx(np.exp(-0.5), rel=1e-5)
    assert image[0, 0, 5, 5] == 0


def test_the_number_of_threads_changes_nothing() -> None:
    generator = torch.Generator().manual_seed(0)
    points = (torch.rand(9, 300, 2, generator=generator) * 40 - 4).requires_grad_()
    values = torch.rand(9, 300, 1, generator=generator).requires_grad_()
    weights = torch.rand(9, 1, 32, 32, generator=generator)
    results = []
    for threads in (1, 3):
        with limited_threads(threads):
            picture = splat(points, values, (32, 32))
            gradients = torch.autograd.grad((picture * weights).sum(), (points, values))
        results.append((picture.detach(), *gradients))
    assert all(map(torch.equal, *results))
