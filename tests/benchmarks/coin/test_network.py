"""The network of COIN: its sizes, its start, its values, its file."""

import math
from itertools import pairwise

import numpy as np
import pytest
import torch

from benchmarks.coin import network
from benchmarks.coin.network import PUBLISHED, Configuration
from selfsame.errors import InputError


def count(layers: int, width: int) -> int:
    """Weights and biases of 2 -> width -> ... -> width -> 3, spelled out."""
    return (2 * width + width) + (layers - 1) * (width * width + width) + (3 * width + 3)


def started(configuration: Configuration, seed: int = 0) -> torch.Tensor:
    return network.initial_weights(configuration, torch.Generator().manual_seed(seed))


def test_published_networks_have_the_published_sizes() -> None:
    counts = {bpp: one.parameters for bpp, one in PUBLISHED.items()}
    assert counts == {0.07: 1803, 0.15: 3903, 0.3: 7479, 0.6: 15003, 1.2: 29697}
    for bpp, one in PUBLISHED.items():
        assert one.parameters == count(*one) == len(started(one))
        data = network.to_file(started(one), one, 512, 768)
        assert len(data) == one.file_bytes == 2 * count(*one) + 6
        assert len(data) * 8 / (768 * 512) == pytest.approx(bpp, rel=0.06)
        assert network.configuration_for(bpp, 768 * 512) == one


def test_other_pictures_get_the_nearest_network_of_a_depth() -> None:
    for bpp, pixels in ((0.3, 192 * 128), (0.6, 192 * 128), (0.6, 481 * 321), (0.25, 768 * 512)):
        found = network.configuration_for(bpp, pixels)
        wanted = bpp * pixels / 8
        sizes = {w: abs(2 * count(found.layers, w) + 6 - wanted) for w in range(1, 100)}
        assert found.width == min(sizes, key=sizes.__getitem__)
        assert found.file_bytes == pytest.approx(wanted, rel=0.15)
    depths = [network.configuration_for(b, 768 * 512).layers for b in (0.01, 0.1, 0.31, 1.1)]
    assert depths == [3, 5, 10, 13]
    for bpp in (0.0, -1.0, math.nan):
        with pytest.raises(InputError, match="above 0"):
            network.configuration_for(bpp, 1000)
    with pytest.raises(InputError, match="no network fits"):
        network.configuration_for(0.1, 100)


def test_the_start_is_uniform_and_keeps_the_variance_of_what_sines_get() -> None:
    configuration = Configuration(8, 96)
    weights = started(configuration)
    places = torch.rand(4000, 2, generator=torch.Generator().manual_seed(1)) * 2 - 1
    values = places
    layers = network.layers_of(weights, configuration)
    for index, (matrix, bias) in enumerate(layers):
        limit = 1 / 2 if index == 0 else math.sqrt(6 / 96) / 30
        both = torch.cat([matrix.flatten(), bias])
        assert both.abs().max() <= limit
        assert both.std() == pytest.approx(limit / math.sqrt(3), rel=0.12)
        assert both.mean().abs() < 0.15 * limit
        before = 30 * (values @ matrix.T + bias)
        if 0 < index < len(layers) - 1:
            assert before.std() == pytest.approx(1, abs=0.15)
        values = torch.sin(before)
    assert (started(configuration) == weights).all()
    assert (started(configuration, 1) != weights).any()


def test_values_are_those_of_the_plain_formula_and_so_are_gradients() -> None:
    configuration = Configuration(3, 5)
    weights = started(configuration).double().requires_grad_()
    places = torch.tensor([[-1.0, 0.25], [0.5, 1.5]], dtype=torch.float64)
    flat = weights.detach().numpy()
    found = network.predict(weights, configuration, places)
    assert found.shape == (2, 3)
    np.testing.assert_allclose(found.detach().numpy(), plain(flat, configuration, places.numpy()))

    def loss(w: torch.Tensor) -> torch.Tensor:
        return network.predict(w, configuration, places).square().sum()

    (gradient,) = torch.autograd.grad(loss(weights), weights)
    for index in (0, 9, 14, 30, 60, len(flat) - 1):
        step = np.zeros_like(flat)
        step[index] = 1e-6
        high, low = (
            (plain(flat + sign * step, configuration, places.numpy()) ** 2).sum()
            for sign in (1, -1)
        )
        assert gradient[index].item() == pytest.approx((high - low) / 2e-6, rel=1e-5, abs=1e-8)
    assert gradient.abs().min() > 0


def plain(flat: np.ndarray, configuration: Configuration, places: np.ndarray) -> np.ndarray:
    """One neuron at a time."""
    rows = []
    for place in places:
        values, at = list(place), 0
        sides = [2, *[configuration.width] * configuration.layers, 3]
        for layer, (inputs, outputs) in enumerate(pairwise(sides)):
            biases = flat[at + inputs * outputs : at + inputs * outputs + outputs]
            sums = []
            for j in range(outputs):
                row = flat[at + j * inputs : at + (j + 1) * inputs]
                sums.append(sum(r * v for r, v in zip(row, values, strict=True)) + biases[j])
            last = layer == len(sides) - 2
            values = sums if last else [math.sin(30 * s) for s in sums]
            at += inputs * outputs + outputs
        rows.append(values)
    return np.array(rows)


def test_places_have_one_scale_and_rows_end_at_one() -> None:
    places = network.places_of(5, 9).reshape(5, 9, 2)
    assert places[0, 0].tolist() == [-1, -1]
    assert places[4, 8].tolist() == [1, 3]
    assert (places[:, :, 0] == places[:, :1, 0]).all()
    assert torch.diff(places[0, :, 1]).tolist() == [0.5] * 8
    assert network.places_of(1, 2).isfinite().all()


def test_a_file_gives_back_its_weights_as_halves(monkeypatch: pytest.MonkeyPatch) -> None:
    configuration = Configuration(4, 7)
    weights = started(configuration)
    data = network.to_file(weights, configuration, 6, 11)
    again, found, height, width = network.from_file(data)
    assert (found, height, width) == (configuration, 6, 11)
    assert (again == weights.half().float()).all()
    assert network.to_file(again, configuration, 6, 11) == data
    picture = network.decode(data)
    values = network.predict(again, configuration, network.places_of(6, 11))
    expected = np.clip(np.rint(values.numpy() * 255), 0, 255).reshape(6, 11, 3)
    assert (picture == expected).all()
    monkeypatch.setattr(network, "CHUNK_PIXELS", {"cpu": 7})
    assert np.abs(network.decode(data).astype(int) - expected).max() <= 1


def test_damaged_files_and_too_large_ones_are_refused() -> None:
    configuration = Configuration(2, 3)
    data = network.to_file(started(configuration), configuration, 4, 4)
    for length in (0, 5, 6, 7, len(data) - 1):
        with pytest.raises(InputError, match="bytes"):
            network.from_file(data[:length])
    with pytest.raises(InputError, match="must have"):
        network.from_file(data + b"0")
    for at in (0, 2, 4, 5):
        with pytest.raises(InputError, match="must have"):
            network.from_file(data[:at] + b"\0" * (2 if at < 4 else 1) + data[at + 2 :])
    with pytest.raises(InputError, match="too large"):
        network.to_file(started(configuration), configuration, 1 << 16, 4)
