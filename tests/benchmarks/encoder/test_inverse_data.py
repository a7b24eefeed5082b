"""Fractals for the inverse encoder: pictures that their parameters draw, batches without state."""

import numpy as np
import pytest
import torch

from benchmarks.encoder import inverse_data
from benchmarks.encoder.inverse_data import (
    EXTENTS,
    LARGEST_SINGULAR,
    MAPS,
    SIDE,
    InverseBatches,
    chain,
    drawing,
    fractals,
    maps_of,
    parameters_of,
    with_area_probabilities,
)
from selfsame.ifs.fit.maps import Maps
from support.reference_drawing import draw


def some_maps(count: int = 3, maps: int = 4) -> Maps:
    generator = torch.Generator().manual_seed(0)
    matrices = torch.rand(count, maps, 2, 2, generator=generator) - 0.5
    return with_area_probabilities(matrices, torch.randn(count, maps, 2, generator=generator))


def test_chains_and_drawings_are_those_of_a_slow_reference() -> None:
    maps = some_maps()
    uniforms = torch.rand(3, 40, generator=torch.Generator().manual_seed(1))
    points, pictures = draw(*(part.numpy() for part in (*maps[:3], uniforms)))
    found = chain(maps, uniforms)
    np.testing.assert_allclose(found.numpy(), points, atol=1e-5)
    np.testing.assert_allclose(drawing(found)[:, 0].numpy(), pictures, atol=1e-4)


def test_parameters_keep_the_system_in_the_order_of_its_singular_values() -> None:
    maps = some_maps()
    parameters = parameters_of(maps)
    back = maps_of(parameters)
    sizes = np.linalg.norm(back.matrices.numpy(), ord=2, axis=(2, 3))
    assert (np.diff(sizes) <= 1e-6).all()
    for i in range(3):  # the same maps, in another order
        rows = [
            sorted(
                map(
                    tuple,
                    torch.cat(
                        [m.matrices[i].flatten(1), m.offsets[i], m.log_probabilities[i, :, None]], 1
                    )
                    .numpy()
                    .round(5)
                    .tolist(),
                )
            )
            for m in (maps, back)
        ]
        assert rows[0] == rows[1]
    # Of each map its matrix by rows, then its offset.
    assert torch.equal(parameters[:, 4:6], back.offsets[:, 0])
    assert torch.equal(parameters[:, 1], back.matrices[:, 0, 0, 1])
    # The order of the maps does not matter.
    turned = Maps(*(part.flip(1) for part in maps[:3] if part is not None))
    assert torch.equal(parameters_of(turned), parameters)


def test_any_numbers_make_a_contractive_system() -> None:
    parameters = 3 * torch.randn(5, 6 * MAPS, generator=torch.Generator().manual_seed(0))
    parameters[0] = 0
    maps = maps_of(parameters)
    sizes = np.linalg.norm(maps.matrices.numpy(), ord=2, axis=(2, 3))
    assert sizes.max() <= LARGEST_SINGULAR + 1e-6
    assert torch.isfinite(maps.log_probabilities).all()
    small = 0.01 * parameters  # what contracts stays as it is
    assert torch.equal(parameters_of(maps_of(small)).sort(1).values, small.sort(1).values)


def test_pictures_show_their_parameters() -> None:
    pictures, parameters = fractals(3, 0, range(24))
    assert pictures.shape == (24, 1, SIDE, SIDE)
    assert set(pictures.unique().tolist()) == {0.0, 1.0}
    maps = maps_of(parameters)
    uniforms = torch.rand(24, 4000, generator=torch.Generator().manual_seed(0))
    points = chain(maps, uniforms)
    # A long chain of the system lies about where the 300 points of the picture lie ...
    assert ((points.amax(1) - points.amin(1)).amax(1) / 2 > 0.98 * EXTENTS[0]).all()
    assert (points.abs() <= 1).all(-1).float().mean() > 0.98
    # ... and where it comes often, the picture is set; elsewhere it hardly ever is.
    often = drawing(points[:, ::4]) > 0.999
    often &= drawing(points[:, 1::4]) > 0.999
    reached = drawing(points) > 0.05
    for item, picture in enumerate(pictures > 0):
        assert picture[often[item]].float().mean() > 0.5
        assert reached[item][picture].float().mean() > 0.9


def test_the_square_is_filled_by_the_points_and_filled_enough(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(inverse_data, "FILLING_RATE", 0.45)
    numbers = inverse_data._draws(0, 0, np.arange(16), 0)
    extents, places = numbers[3], numbers[4]
    pictures, maps, enough = inverse_data._placed(*numbers)
    points = chain(maps, numbers[2])
    low, high = points.amin(1), points.amax(1)
    # The first map's area decides nothing here: the same uniforms choose the same maps.
    torch.testing.assert_close((high - low).amax(1) / 2, extents, atol=1e-4, rtol=0)
    middle = places * (1 - extents[:, None])
    torch.testing.assert_close((low + high) / 2, middle, atol=1e-4, rtol=0)
    assert (points.abs() <= 1 + 1e-4).all()
    filled = pictures.mean((1, 2, 3)) / extents**2
    assert torch.equal(enough, filled >= 0.45)
    assert 0 < enough.sum() < 16


def test_a_sample_depends_on_seed_step_and_index_alone() -> None:
    data = InverseBatches()
    pictures, parameters = data.batch(5, 2, range(6))
    again = data.batch(5, 2, [4, 1])
    assert torch.equal(pictures[[4, 1]], again[0])
    assert torch.equal(parameters[[4, 1]], again[1])
    for seed, step in ((6, 2), (5, 3)):
        other = data.batch(seed, step, range(6))[1]
        assert (other[:, 0] != parameters[:, 0]).all()  # of a matrix, which no place changes
    assert len(parameters.unique(dim=0)) == 6


def test_what_fills_too_little_is_drawn_again(monkeypatch: pytest.MonkeyPatch) -> None:
    first = fractals(1, 0, range(8))[1]
    tries: list[tuple[int, int]] = []
    original = inverse_data._draws

    def counted(seed: int, step: int, indices: np.ndarray, attempt: int) -> list[torch.Tensor]:
        tries.extend((int(index), attempt) for index in indices)
        return original(seed, step, indices, attempt)

    monkeypatch.setattr(inverse_data, "_draws", counted)
    monkeypatch.setattr(inverse_data, "FILLING_RATE", 0.45)
    _, parameters = fractals(1, 0, range(8))
    again = {index for index, attempt in tries if attempt == 1}
    assert 0 < len(again) < 8
    for index in range(8):
        assert torch.equal(parameters[index], first[index]) == (index not in again)


def test_the_last_try_is_taken_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    original = inverse_data._draws
    monkeypatch.setattr(inverse_data, "MAX_TRIES", 3)
    monkeypatch.setattr(inverse_data, "FILLING_RATE", 2.0)
    found = fractals(1, 0, range(4))
    monkeypatch.setattr(inverse_data, "FILLING_RATE", 0.0)
    monkeypatch.setattr(inverse_data, "_draws", lambda *words: original(*words[:3], 2))
    assert all(torch.equal(a, b) for a, b in zip(found, fractals(1, 0, range(4)), strict=True))
