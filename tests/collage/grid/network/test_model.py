"""The autoencoder of grids: shapes, scales, bounds, the three regularisers."""

import hashlib
import json
import math

import pytest
import torch
from torch.distributions import Normal, kl_divergence

from selfsame.collage.grid.network.config import GridConfig
from selfsame.collage.grid.network.layers import Mixer
from selfsame.collage.grid.network.model import GridModel, Posterior
from selfsame.collage.operator.functional import contraction_factor
from selfsame.collage.operator.resampling import area_resize
from selfsame.errors import InputError
from support.small_grid import small_grid_model


def numbers_of(model, count=2, seed=0):
    config = model.config
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(count, config.numbers, config.rows, config.rows, generator=generator)


@pytest.mark.parametrize(
    ("options", "scale", "side"),
    [
        ({}, 1, 20),
        ({}, 2.5, 50),
        ({}, 0.35, 7),
        ({"detail": 2}, 1, 20),
        ({"detail": 2}, 3, 60),
        ({"side": 28, "channels": 3, "range_size": 8, "width": 4}, 1.3, 36),
    ],
)
@torch.no_grad()
def test_pictures_of_any_scale(options, scale, side):
    model = small_grid_model(**options)
    drawn = model.decoder(numbers_of(model), scale)
    assert drawn.shape == (2, model.config.channels, side, side)
    assert drawn.std() > 0.01


@pytest.mark.parametrize("detail", [1, 2, 4])
@torch.no_grad()
def test_a_larger_picture_averages_down_to_about_the_plain_one(detail):
    """Not exactly: of blocks that overlap, the mean of the blend is not the blend of the means."""
    model = small_grid_model(detail=detail)
    numbers = numbers_of(model)
    plain = model.decoder(numbers, 1, tolerance=1e-6)
    for scale in (2, 4):
        large = model.decoder(numbers, scale, tolerance=1e-6)
        difference = area_resize(large, plain.shape[2:]) - plain
        assert difference.square().mean().sqrt() < 0.05 * plain.std()


@torch.no_grad()
def test_details_of_their_own_are_in_the_fine_picture_only_with_detail():
    """Auxiliary blocks that alternate from pixel to pixel of the fine picture."""
    model = small_grid_model(detail=4)
    blocks = model.decoder.operator.aux
    checkers = (torch.arange(blocks.shape[-1])[:, None] + torch.arange(blocks.shape[-1])) % 2
    blocks.copy_((2.0 * checkers - 1).expand_as(blocks))
    model.decoder.operator.bound = 1e-6
    numbers = numbers_of(model)
    flat, fine = model.decoder(numbers, 1), model.decoder(numbers, 4)
    assert (fine - fine.roll(1, -1)).abs().mean() > 10 * (flat - flat.roll(1, -1)).abs().mean()


@pytest.mark.parametrize("options", [{}, {"local": False, "side": 16, "attention": True}])
@torch.no_grad()
def test_collages_contract_by_their_bound(options):
    model = small_grid_model(bound=0.3, **options)
    with torch.no_grad():
        for parameter in model.decoder.parameters():
            parameter.mul_(30)
    params = model.decoder.collages(numbers_of(model))
    assert contraction_factor(params.weights).max() <= 0.3 * (1 + 1e-5)


@torch.no_grad()
def test_attention_weighs_domains_by_queries_and_keys():
    """Against sums over every range and domain, one by one."""
    model = small_grid_model(local=False, side=16, attention=True)
    decoder = model.decoder
    features = torch.randn(1, model.config.width, 4, 4)
    weights = decoder._attention(features)
    query, gain = decoder.query(features).split([model.config.width, 1], 1)
    keys = decoder.keys[0](features).flatten(2)
    for place in range(16):
        row, column = divmod(place, 4)
        scores = [
            float((query[0, :, row, column] * keys[0, :, d]).sum()) / math.sqrt(model.config.width)
            for d in range(keys.shape[2])
        ]
        total = sum(math.exp(score) for score in scores)
        for d, score in enumerate(scores):
            wanted = float(gain[0, 0, row, column]) * math.exp(score) / total
            assert float(weights[0, d, row, column]) == pytest.approx(wanted, rel=1e-4)


def test_kl_is_that_of_normal_distributions():
    mean, log_variance = torch.randn(3, 2, 4, 4), torch.randn(3, 2, 4, 4)
    posterior = Posterior(mean, log_variance)
    deviation = (0.5 * log_variance).exp()
    wanted = kl_divergence(Normal(mean, deviation), Normal(0.0, 1.0))
    torch.testing.assert_close(posterior.kl(), wanted)
    draws = torch.stack([posterior.sample(torch.Generator().manual_seed(i)) for i in range(2000)])
    torch.testing.assert_close(draws.std(0), deviation, rtol=0.15, atol=0)
    torch.testing.assert_close(draws.mean(0), mean, rtol=0, atol=float(deviation.max()) / 8)


def test_scalar_quantisation_rounds_and_passes_the_gradient():
    model = small_grid_model(regulariser="fsq", levels=5)
    pictures = torch.rand(2, 1, 20, 20)
    posterior = model.encode(pictures)
    assert posterior.log_variance is None
    scaled = posterior.mean.detach() / model.config.quantum
    torch.testing.assert_close(scaled, scaled.round())
    assert scaled.abs().max() <= 2
    posterior.mean.sum().backward()
    assert model.encoder.stem.weight.grad.abs().sum() > 0


@torch.no_grad()
def test_tanh_bounds_the_numbers():
    model = small_grid_model(regulariser="tanh")
    for parameter in model.encoder.parameters():
        parameter.mul_(10)
    assert model.encode(torch.rand(2, 1, 20, 20)).mean.abs().max() <= 1


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"range_size": 16}, "range_size must be at most cell"),
        ({"attention": True}, "set local to false"),
        ({"levels": 4}, "levels must be odd"),
        ({"side": 21}, "multiple of half a range"),
        ({"aux_blocks": 64}, "aux_blocks must be 0 to 63"),
        ({"side": 1024, "cell": 4}, "at most 16384 cells"),
        ({"local": False, "domains": (3,)}, "domains of 12x12 must tile the picture"),
        ({"regulariser": "l2"}, "regulariser must be one of"),
    ],
)
def test_shapes_that_cannot_be_are_refused(options, words):
    with pytest.raises(InputError, match=words):
        GridConfig(**options)


def test_pictures_of_another_shape_are_refused():
    with pytest.raises(InputError, match="pictures must be"):
        small_grid_model().encode(torch.zeros(1, 1, 21, 20))


@torch.no_grad()
def test_a_saved_model_draws_the_same(tmp_path):
    model = small_grid_model()
    model.save_pretrained(tmp_path / "own")
    loaded = GridModel.from_pretrained(tmp_path / "own")
    assert loaded.name == "own"
    assert loaded.decoder.fingerprint() == model.decoder.fingerprint()
    numbers = numbers_of(model)
    torch.testing.assert_close(loaded.decoder(numbers), model.decoder(numbers))
    changed = small_grid_model(seed=1)
    assert changed.decoder.fingerprint() != model.decoder.fingerprint()


def test_mixers_let_cells_use_what_others_hold():
    random = torch.Generator().manual_seed(0)
    mixer = Mixer(8, 3, 2)
    x = torch.randn(2, 8, 3, 3, generator=random)
    other = x.clone()
    other[:, 0, 2, 2] += 1
    with torch.no_grad():
        wanted = x + mixer.places.T.reshape(8, 3, 3)  # each cell at its own place, row by row
        torch.testing.assert_close(mixer(x), wanted)  # and no more before training
        for parameter in mixer.blocks.parameters():
            parameter.add_(0.3 * torch.randn(parameter.shape, generator=random))
        assert (mixer(x) - mixer(other))[:, :, 0, 0].abs().max() > 1e-3


def test_models_without_mixers_keep_the_fingerprint_that_they_had():
    """Codes name their decoder by it: of the weights, and of the shape as it was before mixers."""
    model = small_grid_model()
    shape = model.config.as_dict() | {"iterations": 1, "quantum": model.config.quantum}
    del shape["mixers"]
    digest = hashlib.sha256(json.dumps(shape, sort_keys=True).encode())
    for name, tensor in sorted(model.decoder.state_dict().items()):
        digest.update(name.encode())
        digest.update(tensor.numpy().astype("<f4").tobytes())
    assert model.decoder.fingerprint() == digest.digest()[:8]
    assert small_grid_model(mixers=1).decoder.fingerprint() != model.decoder.fingerprint()
