import numpy as np
import torch

from selfsame.ifs.fit.mixture import gaussian_mixture, mixture_maps
from selfsame.ifs.system import IFS
from support.chaos_points import invariant_moments


def blobs(d: int) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    left = torch.randn(600, d, generator=generator) * 0.05 - 0.5
    right = torch.randn(200, d, generator=generator) * 0.02 + 0.5
    return torch.cat([left, right]), torch.ones(1, 800)


def test_two_blobs_are_found() -> None:
    positions, weights = blobs(2)
    share, mean, covariance = gaussian_mixture(
        positions[None], weights / 800, 2, 1e-6, torch.Generator().manual_seed(1)
    )
    order = mean[0, :, 0].argsort()
    torch.testing.assert_close(share[0, order], torch.tensor([0.75, 0.25]), atol=1e-3, rtol=0)
    torch.testing.assert_close(
        mean[0, order], torch.tensor([[-0.5, -0.5], [0.5, 0.5]]), atol=0.01, rtol=0
    )
    deviation = covariance[0, order].diagonal(dim1=-2, dim2=-1).sqrt()
    torch.testing.assert_close(
        deviation, torch.tensor([[0.05, 0.05], [0.02, 0.02]]), atol=5e-3, rtol=0
    )


def test_the_invariant_measure_has_the_moments_of_the_target() -> None:
    for d in (2, 3):
        positions, weights = blobs(d)
        maps = mixture_maps(positions, weights, 5, 1e-6, torch.Generator().manual_seed(2))
        system = IFS(maps.matrices[0], maps.offsets[0], maps.log_probabilities[0].exp().double())
        mean, covariance = invariant_moments(system)
        np.testing.assert_allclose(mean, positions.mean(0), atol=1e-3)
        np.testing.assert_allclose(covariance, np.cov(positions.T), atol=1e-3)


def test_a_single_point_and_more_components_than_points() -> None:
    positions = torch.tensor([[0.25, 0.5], [0.5, 0.5]])
    for weights in (torch.tensor([[1.0, 0.0]]), torch.tensor([[1.0, 1.0]])):
        maps = mixture_maps(positions, weights, 6, 1e-4, torch.Generator().manual_seed(3))
        assert all(torch.isfinite(part).all() for part in maps[:3])
