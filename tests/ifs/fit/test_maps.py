import itertools

import numpy as np
import torch

from selfsame.ifs.fit.maps import (
    Cloud,
    Maps,
    Parameters,
    advance_cloud,
    first_fixed_point,
    largest_singular_value,
    sample_indices,
    word_points,
)
from selfsame.ifs.samples.random import matrices_from_svd_form


def planar_maps() -> Maps:
    generator = torch.Generator().manual_seed(8)
    A = torch.randn(2, 5, 2, 2, generator=generator) * 0.3  # reflections among them
    b = torch.randn(2, 5, 2, generator=generator)
    return Maps(A, b, torch.log_softmax(torch.randn(2, 5, generator=generator), -1))


def test_raw_and_svd_stand_for_the_same_maps() -> None:
    maps = planar_maps()
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
    expected = matrices_from_svd_form(
        twist[:, 0].numpy(),
        torch.sigmoid(twist[:, 2:4]).numpy(),
        twist[:, 1].numpy(),
        np.ones((4, 2)),
    )
    np.testing.assert_allclose(start.maps().matrices[0].detach(), expected, atol=1e-6)
    weight = start.maps().log_probabilities.exp()
    determinant = torch.linalg.det(start.maps().matrices).abs()
    torch.testing.assert_close(weight, determinant / determinant.sum(), rtol=1e-4, atol=1e-6)


def test_signs_pass_their_gradient_straight_through() -> None:
    parameters = Parameters.svd(planar_maps(), learn_probabilities=True)
    parameters.maps().matrices.sum().backward()
    gradient = parameters.leaves["twist"].grad
    assert gradient is not None
    assert (gradient[..., 4:].abs() > 0).all()


def test_bound_holds_and_leaves_the_others_alone() -> None:
    maps = planar_maps()._replace(matrices=planar_maps().matrices * 5)
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
    parameters = Parameters.raw(planar_maps(), learn_probabilities=True)
    before = {name: leaf.detach().clone() for name, leaf in parameters.leaves.items()}
    parameters.add_noise(0.1, torch.Generator().manual_seed(0))
    moved = {n for n, leaf in parameters.leaves.items() if not torch.equal(leaf, before[n])}
    assert moved == {"matrices"}


def some_maps(d: int = 2, colors: bool = False) -> Maps:
    generator = torch.Generator().manual_seed(5)
    A = torch.randn(2, 3, d, d, generator=generator) * 0.3
    b = torch.randn(2, 3, d, generator=generator)
    log_p = torch.log_softmax(torch.randn(2, 3, generator=generator), -1)
    return Maps(A, b, log_p, torch.rand(2, 3, 3, generator=generator) if colors else None)


def test_words_are_compositions_with_product_weights() -> None:
    for d in (2, 3):
        maps = some_maps(d)
        cloud = torch.randn(2, 4, d, generator=torch.Generator().manual_seed(6))
        points, weights, colors = word_points(maps, Cloud(cloud), 3)
        assert colors is None
        torch.testing.assert_close(weights.sum(1), torch.ones(2))
        n = 0
        for word in itertools.product(range(3), repeat=3):
            for m in range(4):
                x, p = cloud[1, m], torch.tensor(0.25)
                for i in reversed(word):  # the last letter acts first
                    x = maps.matrices[1, i] @ x + maps.offsets[1, i]
                    p = p * maps.log_probabilities[1, i].exp()
                torch.testing.assert_close(points[1, n], x)
                torch.testing.assert_close(weights[1, n], p)
                n += 1


def test_colors_blend_half_way_at_each_map() -> None:
    maps = some_maps(colors=True)
    before = torch.rand(2, 1, 3, generator=torch.Generator().manual_seed(1))
    _, _, colors = word_points(maps, Cloud(torch.zeros(2, 1, 2), before), 2)
    assert maps.colors is not None
    assert colors is not None
    inner = (before[0, 0] + maps.colors[0, 2]) / 2  # word 5 = (1, 2): map 2 acts first
    torch.testing.assert_close(colors[0, 5], (inner + maps.colors[0, 1]) / 2)


def test_the_cloud_carries_the_colour_of_its_path() -> None:
    maps = some_maps(colors=True)
    assert maps.colors is not None
    maps = maps._replace(colors=torch.full_like(maps.colors, 0.75))
    start = Cloud(torch.zeros(2, 5, 2), torch.zeros(2, 5, 3))
    after = advance_cloud(maps, start, torch.Generator().manual_seed(0), 2)
    torch.testing.assert_close(after.colors, torch.full((2, 5, 3), 0.75 * 0.75))


def test_a_cloud_follows_the_chaos_game() -> None:
    # Two maps to two points: after one step the shares are the probabilities.
    maps = Maps(
        torch.zeros(1, 2, 2, 2),
        torch.tensor([[[0.0, 0.0], [1.0, 1.0]]]),
        torch.tensor([[0.25, 0.75]]).log(),
    )
    start = Cloud(torch.zeros(1, 20_000, 2))
    cloud = advance_cloud(maps, start, torch.Generator().manual_seed(0))
    assert abs(float(cloud.positions.mean()) - 0.75) < 0.02
    indices = sample_indices(maps, 4, 5000, torch.Generator().manual_seed(0))
    assert indices.shape == (1, 4, 5000)
    assert abs(float(indices.float().mean()) - 0.75) < 0.02


def test_first_fixed_point_is_fixed() -> None:
    maps = some_maps()
    x = first_fixed_point(maps)
    again = (maps.matrices[:, 0] @ x[..., None])[..., 0] + maps.offsets[:, 0]
    torch.testing.assert_close(again, x)
