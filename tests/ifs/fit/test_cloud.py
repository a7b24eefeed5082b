import numpy as np
import pytest
import torch

from selfsame.errors import InputError
from selfsame.ifs.fit.cloud import fit_cloud, weighted_wasserstein
from selfsame.ifs.fit.config import CloudConfig
from selfsame.ifs.render.points import sample_points
from selfsame.ifs.samples.library import classic


def test_wasserstein_of_equal_weights_is_sorted_matching() -> None:
    generator = torch.Generator().manual_seed(0)
    a, b = torch.randn(2, 500, 3, generator=generator), torch.randn(500, 3, generator=generator)
    got = weighted_wasserstein(a, torch.full((2, 500), 1 / 500), b)
    want = ((a.sort(1).values - b.sort(0).values) ** 2).mean((1, 2))
    torch.testing.assert_close(got, want, rtol=1e-4, atol=1e-6)


def test_wasserstein_heeds_weights_and_is_differentiable_in_them() -> None:
    points = torch.linspace(0, 1, 400)[None, :, None]
    sample = torch.sqrt((torch.arange(400) + 0.5) / 400)[:, None]  # density 2x
    heavy = torch.linspace(0, 1, 400)[None] + 1e-6
    logits = heavy.log().requires_grad_()
    even = weighted_wasserstein(points, torch.full((1, 400), 1 / 400), sample)
    right = weighted_wasserstein(points, torch.softmax(logits, -1), sample)
    assert float(right.detach()) < 0.01 * float(even)
    right.sum().backward()
    assert logits.grad is not None
    assert torch.isfinite(logits.grad).all()


@pytest.mark.parametrize("name", ["sierpinski-gasket", "sierpinski-tetrahedron"])
def test_a_cloud_is_learned_in_its_own_coordinates(name: str) -> None:
    cloud = 30 + 5 * sample_points(classic(name), 4000, seed=1).astype(np.float64)
    config = CloudConfig(maps=8, steps=120, restarts=2, samples=1024)
    code, loss = fit_cloud(cloud, config, seed=3)
    assert code.system.dimension == cloud.shape[1]
    assert loss < 2e-3
    again = sample_points(code.system, 4000, seed=2)
    np.testing.assert_allclose(again.mean(0), cloud.mean(0), atol=0.2)
    np.testing.assert_allclose(np.cov(again.T), np.cov(cloud.T), atol=0.5)
    assert code.viewport.x_min < cloud[:, 0].min() < cloud[:, 0].max() < code.viewport.x_max


@pytest.mark.parametrize(
    ("points", "message"),
    [
        (np.zeros((100, 4)), "a cloud is"),
        (np.zeros((5, 2)), "n >= 16"),
        (np.zeros((100, 2)), "all equal"),
        (np.full((100, 3), np.nan), "finite"),
    ],
)
def test_unusable_clouds_are_named(points: np.ndarray, message: str) -> None:
    with pytest.raises(InputError, match=message):
        fit_cloud(points)
