import numpy as np
import torch

from selfsame.ifs.fit.parameters import Maps, Parameters, largest_singular_value
from selfsame.ifs.geometry.svd_form import SVDForm, matrices_from_svd_form


def some_maps() -> Maps:
    generator = torch.Generator().manual_seed(8)
    A = torch.randn(2, 5, 2, 2, generator=generator) * 0.3  # reflections among them
    b = torch.randn(2, 5, 2, generator=generator)
    return Maps(A, b, torch.log_softmax(torch.randn(2, 5, generator=generator), -1))


def test_raw_and_svd_stand_for_the_same_maps() -> None:
    maps = some_maps()
    assert (torch.linalg.det(maps.matrices) < 0).any()
    for make in (Parameters.raw, Parameters.svd):
        parameters = make(maps, learn_probabilities=True)
        for mine, theirs in zip(parameters.maps()[:3], maps[:3], strict=True):
            torch.testing.assert_close(mine, theirs, atol=1e-5, rtol=1e-5)


def test_twist_is_equation_10() -> None:
    start = Parameters.svd_uniform(
        1, 4, torch.Generator().manual_seed(1), learn_probabilities=False
    )
    twist = start.leaves["twist"].detach()[0].double()
    form = SVDForm(
        twist[:, 0].numpy(),
        torch.sigmoid(twist[:, 2:4]).numpy(),
        twist[:, 1].numpy(),
        np.ones((4, 2)),
    )
    np.testing.assert_allclose(
        start.maps().matrices[0].detach(), matrices_from_svd_form(form), atol=1e-6
    )
    weight = start.maps().log_probabilities.exp()
    determinant = torch.linalg.det(start.maps().matrices).abs()
    torch.testing.assert_close(weight, determinant / determinant.sum(), rtol=1e-4, atol=1e-6)


def test_signs_pass_their_gradient_straight_through() -> None:
    parameters = Parameters.svd(some_maps(), learn_probabilities=True)
    parameters.maps().matrices.sum().backward()
    gradient = parameters.leaves["twist"].grad
    assert gradient is not None
    assert (gradient[..., 4:].abs() > 0).all()


def test_bound_holds_and_leaves_the_others_alone() -> None:
    maps = some_maps()._replace(matrices=some_maps().matrices * 5)
    for make in (Parameters.raw, Parameters.svd):
        parameters = make(maps, learn_probabilities=True)
        before = parameters.maps().matrices.detach().clone()
        parameters.bound(0.9)
        after = parameters.maps().matrices.detach()
        assert (largest_singular_value(after) <= 0.9 + 1e-4).all()
        small = largest_singular_value(before) < 0.9
        torch.testing.assert_close(after[small], before[small])


def test_largest_singular_value_closed_form() -> None:
    A = torch.randn(50, 2, 2, generator=torch.Generator().manual_seed(2))
    torch.testing.assert_close(largest_singular_value(A), torch.linalg.matrix_norm(A, ord=2))


def test_noise_moves_only_the_matrices() -> None:
    parameters = Parameters.raw(some_maps(), learn_probabilities=True)
    before = {name: leaf.detach().clone() for name, leaf in parameters.leaves.items()}
    parameters.add_noise(0.1, torch.Generator().manual_seed(0))
    moved = {n for n, leaf in parameters.leaves.items() if not torch.equal(leaf, before[n])}
    assert moved == {"matrices"}
