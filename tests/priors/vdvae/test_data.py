"""Pictures for a very deep VAE, and the shape of model that follows from them."""

import itertools

import numpy as np
import pytest
import torch

from selfsame.datasets import Pictures
from selfsame.errors import InputError
from selfsame.priors.vdvae.config import VdvaeConfig, default_levels
from selfsame.priors.vdvae.data import DataSettings, model_for


def pictures(count: int = 4, side: int = 8, channels: int = 1) -> Pictures:
    random = np.random.default_rng(0)
    return Pictures(random.integers(0, 256, (count, side, side, channels)).astype(np.uint8))


@pytest.mark.parametrize(
    ("side", "sides"),
    [
        (28, [1, 7]),
        (32, [1, 8]),
        (64, [1, 8, 16]),
        (128, [1, 8, 16, 32]),
        (36, [1, 3, 9]),
        (30, [1, 5, 15]),
        (4, [1]),
        (2, [1]),
    ],
)
def test_levels_follow_from_the_side(side, sides) -> None:
    assert [level.side for level in VdvaeConfig(side=side).levels] == sides


def test_levels_are_found_for_every_even_side() -> None:
    for side, channels in itertools.product(range(1, 1025), (1, 3)):
        if side % 2:
            with pytest.raises(InputError, match=f"no levels are known for pictures of {side}x"):
                default_levels(side, channels)
        else:
            config = VdvaeConfig(side=side, channels=channels)
            assert side // config.levels[-1].side in (2, 4)


@pytest.mark.parametrize(
    ("channels", "table", "binarise", "likelihood"),
    [
        (1, {}, "dynamic", "bernoulli"),
        (3, {}, "none", "logistic-mixture"),
        (1, {"likelihood": "logistic-mixture"}, "none", "logistic-mixture"),
    ],
)
def test_bits_or_bytes_follow_from_the_pictures(channels, table, binarise, likelihood) -> None:
    given = pictures(channels=channels)
    data = DataSettings().for_model(given, table)
    assert data.binarise == binarise
    config = model_for(given, data, table)
    assert (config.likelihood, config.channels) == (likelihood, channels)


def test_a_border_makes_the_model_larger() -> None:
    data = DataSettings(pad=2, binarise="threshold")
    given = pictures()
    assert model_for(given, data, {}).side == 12
    assert data.batches(given, 2).batch(0, 0, [0]).shape == (1, 1, 12, 12)
    assert data.validation(given).shape == (4, 1, 12, 12)


def test_validation_takes_pictures_from_the_whole_set() -> None:
    values = np.arange(10, dtype=np.uint8)[:, None, None, None]
    given = Pictures(np.broadcast_to(values, (10, 8, 8, 1)).copy())
    data = DataSettings(binarise="none", validation_pictures=4)
    assert (data.validation(given)[:, 0, 0, 0] * 255).round().tolist() == [0, 2, 5, 7]
    assert len(DataSettings(binarise="none").validation(given)) == 10


def test_validation_draws_bits_once() -> None:
    given = pictures()
    one = DataSettings(binarise="dynamic").validation(given)
    assert set(one.unique().tolist()) == {0, 1}
    assert torch.equal(one, DataSettings(binarise="dynamic").validation(given))
    assert not torch.equal(one, DataSettings(binarise="dynamic", static_seed=1).validation(given))
