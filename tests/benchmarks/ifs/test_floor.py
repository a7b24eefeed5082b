"""The floor on targets whose answer is known, and its gradient against brute force."""

import numpy as np
import pytest
import torch

from benchmarks.ifs import floor


def square(side: int, size: int) -> torch.Tensor:
    target = torch.zeros(side, side)
    first = (side - size) // 2
    target[first : first + size, first : first + size] = 1
    return target


def test_lattice_draws_have_the_density_and_the_kernel() -> None:
    lattice = floor.Lattice(3, side=6)
    G = len(lattice.positions)
    density = torch.zeros(1, G, G)
    # The centre of pixel (row 2, column 4): a site of every odd lattice.
    row, column = (int(torch.argmin((lattice.positions - c).abs())) for c in (2.5, 4.5))
    density[0, row, column] = 1
    picture = lattice.draw(density, 2, 5, torch.Generator().manual_seed(0))[0, 1]
    expected = floor.splat(torch.tensor([[4.5, 2.5]]).repeat(5, 1), 6)
    torch.testing.assert_close(picture, expected, atol=1e-5, rtol=1e-5)


def test_gradient_is_the_error_of_one_more_point() -> None:
    lattice = floor.Lattice(3, side=8)
    generator = torch.Generator().manual_seed(0)
    others = torch.rand((1, 4, 8, 8), generator=generator) * 1.3
    target = square(8, 4)[None]
    slope = lattice.gradient(others, target)[0]
    before = ((others.clamp(max=1) - target) ** 2).mean()
    G = len(lattice.positions)
    for _ in range(40):
        row, column = (int(torch.randint(G, (), generator=generator)) for _ in range(2))
        point = torch.stack([lattice.positions[column], lattice.positions[row]])[None]
        after = (((others + floor.splat(point, 8)).clamp(max=1) - target) ** 2).mean()
        # What lies beyond REACH_PX is left out: below 1.3e-4 in each of a few pixels.
        assert abs(float(slope[row, column] - (after - before))) < 3e-5
    assert slope.std() > 1e-3


@pytest.mark.parametrize(("size", "points"), [(0, 60), (8, 400)])
def test_empty_and_full_targets_are_nearly_free(size: int, points: int) -> None:
    # Points for the empty target hide outside; 6 points to the pixel light the full one.
    target = square(8, size)[None]
    lattice, density = floor.descend(target, steps=80, sub=3, points=points)
    torch.testing.assert_close(density.sum(), torch.tensor(1.0))
    pictures = lattice.draw(density, 100, points, torch.Generator().manual_seed(1))
    result = floor.judge(pictures, target)
    assert 0 <= result.min_mse[0] <= result.mean_mse[0] < 1e-3


def test_two_optimisers_agree() -> None:
    target = square(16, 8)
    target[7:9, 7:9] = 0
    lattice, density = floor.descend(target[None], steps=150, sub=3, points=60)
    generator = torch.Generator().manual_seed(1)
    by_lattice = floor.judge(lattice.draw(density, 1000, 60, generator), target[None])
    where = floor.descend_particles(target, particles=400, steps=250, points=60)
    index = torch.randint(len(where), (1000, 60), generator=generator)
    by_particles = floor.judge(floor.splat(where[index], 16)[None], target[None])
    ratio = float(by_lattice.mean_mse[0] / by_particles.mean_mse[0])
    assert 0.92 < ratio < 1.08
    # Both are far below evenly spread points.
    even = target.repeat_interleave(3, 0).repeat_interleave(3, 1)
    plain = torch.zeros_like(density)
    plain[0, 9:-9, 9:-9] = even / even.sum()
    spread = floor.judge(lattice.draw(plain, 1000, 60, generator), target[None])
    assert float(by_lattice.mean_mse[0]) < 0.95 * float(spread.mean_mse[0])


def test_judge_takes_the_minimum_within_groups_of_100() -> None:
    pictures = torch.ones((1, 200, 2, 2))
    pictures[0, 0] = 0
    result = floor.judge(pictures, torch.zeros((1, 2, 2)))
    np.testing.assert_allclose(result.mean_mse, [199 / 200])
    np.testing.assert_allclose(result.min_mse, [0.5])


@pytest.mark.parametrize("quick", [True, False])
def test_floors_come_in_the_order_of_the_targets(
    quick: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    descend = floor.descend
    monkeypatch.setattr(
        floor, "descend", lambda targets, *, steps, **other: descend(targets, steps=30, **other)
    )
    images = [square(32, size).numpy() for size in (28, 20, 14)]
    result = floor.floors(images, quick=quick, at_once=2)
    assert result.min_mse.shape == (3,)
    assert (result.min_mse <= result.mean_mse).all()
    # The larger the figure, the harder to fill with 300 points.
    assert result.mean_mse[0] > result.mean_mse[2]
