import math

import numpy as np
import pytest
import torch

from selfsame.errors import InputError
from selfsame.fractals import make_recipe
from selfsame.ifs.fit.maps import sample_indices
from selfsame.lab.sets.config import FractalSetConfig
from selfsame.lab.sets.model import FractalSet, clipped_gradient

SMALL = FractalSetConfig(fractals=3, maps=2, side=12, points=20, window=2.0)


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def slow_pictures(fractals: FractalSet, generator: torch.Generator) -> np.ndarray:
    """Draw as the paper writes it: point by point, pixel by pixel."""
    config, maps = fractals.config, fractals.maps()
    sequences = sample_indices(maps, 1, config.points, generator)[:, 0]
    result = np.zeros((config.fractals, config.side, config.side))
    centers = np.arange(config.side) + 0.5
    for k, sequence in enumerate(sequences.tolist()):
        A, b = (part[k].detach().double().numpy() for part in maps[:2])
        point = np.linalg.solve(np.eye(2) - A[0], b[0])
        for i in sequence:
            point = A[i] @ point + b[i]
            column = (point[0] / config.window + 1) / 2 * config.side
            row = (1 - point[1] / config.window) / 2 * config.side
            squared = (centers - column) ** 2 + (centers[:, None] - row) ** 2
            result[k] += np.exp(-squared / config.sigma)
    return np.minimum(result, 1)[:, None]


def test_pictures_are_those_of_the_paper() -> None:
    fractals = FractalSet(SMALL, seed=4)
    found = fractals(seeded(1)).detach().numpy()
    np.testing.assert_allclose(found, slow_pictures(fractals, seeded(1)), atol=3e-4)
    assert (found > 0.5).any()


def point_at(x: float, y: float) -> FractalSet:
    """Return a set whose first fractal is all but a point."""
    fractals = FractalSet(FractalSetConfig(fractals=2, maps=3, side=32))
    with torch.no_grad():
        fractals.twist[0, :, 2:4] = -12
        fractals.offsets[0] = torch.tensor([x, y])
    return fractals


def test_y_is_up_and_the_window_is_that_of_the_paper() -> None:
    picture = point_at(3.0, 2.0)(seeded(0)).detach()[0, 0]
    centers = torch.arange(32) + 0.5
    column, row = ((picture.sum(d) * centers).sum() / picture.sum() for d in (0, 1))
    assert (float(row), float(column)) == pytest.approx(((5 - 2) * 3.2, (3 + 5) * 3.2), abs=0.1)


def test_single_fractals_can_be_drawn() -> None:
    fractals = FractalSet(SMALL)
    chosen = fractals(seeded(0), torch.tensor([2, 0]))
    assert chosen.shape == (2, 1, 12, 12)
    with torch.no_grad():
        fractals.offsets[1] += 5
    assert torch.equal(fractals(seeded(0), torch.tensor([2, 0])), chosen)


def test_the_seed_decides_the_start() -> None:
    starts = [FractalSet(SMALL, seed=seed).offsets for seed in (1, 1, 2)]
    assert torch.equal(starts[0], starts[1])
    assert not torch.equal(starts[0], starts[2])


def test_codes_draw_what_was_learned() -> None:
    config = FractalSetConfig(fractals=6, maps=4, side=32, points=20_000, window=3.0)
    fractals = FractalSet(config, seed=2)
    drawn = fractals(seeded(0)).detach()[:, 0].numpy()
    recipe = make_recipe(
        "custom", codes=fractals.codes(), side=32, points=20_000, instances=1, window="code"
    )
    hit = recipe.pictures(range(6)) > 0
    assert (drawn[hit] > math.exp(-0.5)).all()  # a point in a pixel is at most √½ from its centre
    assert (drawn[~hit] < 1).any()
    assert hit.mean() > 0.02


def test_codes_keep_the_window() -> None:
    fractals = FractalSet(SMALL, seed=1)
    codes = fractals.codes()
    assert [code.size for code in codes] == [(12, 12)] * 3
    assert tuple(codes[0].viewport) == (-2, -2, 2, 2)
    np.testing.assert_allclose(codes[1].system.offsets, fractals.offsets[1].detach())
    np.testing.assert_allclose(codes[1].system.matrices, fractals.maps().matrices[1].detach())


def test_bounds_hold_for_singular_values() -> None:
    fractals = FractalSet(SMALL)
    with torch.no_grad():
        fractals.twist[..., 2:4] = 50
    fractals.bound()
    largest = torch.linalg.matrix_norm(fractals.maps().matrices, ord=2).max()
    assert largest.item() == pytest.approx(SMALL.largest_singular, abs=1e-6)


def test_noise_is_on_the_matrices_alone() -> None:
    fractals, still = FractalSet(SMALL), FractalSet(SMALL)
    fractals.add_noise(0.1, seeded(0))
    assert torch.equal(fractals.offsets, still.offsets)
    moved = (fractals.twist - still.twist).detach()
    assert 0.05 < float(moved.std()) < 0.2


def test_gradients_are_clipped_for_each_fractal() -> None:
    values = torch.zeros(4, 2, 3, requires_grad=True)
    weights = torch.zeros(4, 2, 3)
    weights[0], weights[1, 0, 0], weights[2, 0, 0] = 5.0, 0.25, math.inf
    weights[3] = -1.0
    (clipped_gradient(values, 1.0) * weights).sum().backward()
    norms = values.grad.flatten(1).norm(dim=1)
    assert norms.tolist() == pytest.approx([1, 0.25, 0, 1])
    assert bool((values.grad[3] < 0).all())


def test_without_a_limit_only_broken_gradients_are_cut() -> None:
    values = torch.zeros(2, 3, requires_grad=True)
    weights = torch.tensor([[5.0, 0, 0], [math.nan, 1, 1]])
    (clipped_gradient(values, None) * weights).sum().backward()
    assert values.grad.tolist() == [[5, 0, 0], [0, 0, 0]]


def test_gradients_reach_every_parameter() -> None:
    fractals = FractalSet(SMALL, seed=4)
    (fractals(seeded(0)) * torch.rand(12, 12, generator=seeded(1))).sum().backward()
    for parameter in fractals.parameters():
        assert bool((parameter.grad.flatten(1).norm(dim=1) > 0).all())


@pytest.mark.parametrize(
    ("settings", "word"),
    [
        ({"fractals": 0}, "fractals"),
        ({"maps": 2.5}, "maps"),
        ({"side": True}, "side"),
        ({"drawn": 0}, "drawn"),
        ({"sigma": 0.0}, "sigma"),
        ({"window": math.inf}, "window"),
        ({"largest_singular": 1.0}, "largest_singular"),
        ({"gradient_clip": -1.0}, "gradient_clip"),
        ({"clamp": 1}, "clamp"),
    ],
)
def test_settings_out_of_range_are_refused(settings, word) -> None:
    with pytest.raises(InputError, match=word):
        FractalSetConfig(**settings)
