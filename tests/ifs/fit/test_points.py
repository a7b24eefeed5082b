import itertools

import torch

from selfsame.ifs.fit.parameters import Maps
from selfsame.ifs.fit.points import (
    Cloud,
    advance_cloud,
    first_fixed_point,
    sample_indices,
    word_points,
)


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
