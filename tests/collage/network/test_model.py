import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from selfsame.collage.network.model import CollageConfig, CollageModel
from selfsame.collage.operator.functional import (
    CollageParameters,
    collage_step,
    constant_term,
    limit_weights,
)
from selfsame.errors import InputError
from support.small_model import small_model


def _planes(channels: int, height: int = 48, width: int = 64) -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    coarse = torch.randn(2, channels, height // 8, width // 8, generator=generator)
    return 40 * F.interpolate(coarse, (height, width), mode="bicubic")


@pytest.mark.parametrize("overlap", [0, 8])
def test_filters_respond_as_plain_correlations(overlap):
    model = small_model(overlap=overlap)
    planes = _planes(3)
    responses = model.encoder.responses(planes)
    padded = F.pad(planes, (overlap,) * 4, mode="replicate")
    for plane, start in enumerate(model.config.biases):
        filters = model.encoder.filters[min(plane, 1)]
        expected = F.conv2d(padded[:, plane : plane + 1], filters[:, None], stride=16)
        count = filters.shape[0]
        torch.testing.assert_close(
            responses[:, start : start + count], expected, rtol=1e-4, atol=1e-3
        )
        assert (responses[:, start + count : start + count + 1] == 0).all()


@pytest.mark.parametrize(("overlap", "share"), [(0, 2e-3), (8, 0.08)])
def test_a_model_without_training_is_a_codec_already(overlap, share):
    # With an overlap the window of the bias is not quite the transform's first function.
    model = CollageModel(CollageConfig(overlap=overlap, domain_factors=(), width=16, depth=1))
    planes = _planes(3)
    scale = torch.full((2,), -5.0)
    decoded = model.decoder(model.encode(planes, scale).round(), scale)
    inner = (..., slice(16, -16), slice(16, -16))
    assert (decoded - planes)[inner].square().mean() < share * planes[inner].var()


def test_the_decoder_is_the_operator():
    model = small_model(domain_factors=(2, 4))
    config = model.config
    scale = torch.tensor([0.5])
    levels = torch.randint(-3, 4, (1, sum(config.numbers), 3, 4)).float()
    decoded = model.decoder(levels, scale, iterations=3)
    values = (levels * model.decoder.steps(scale)).flatten(2)
    planes = torch.split(values, list(config.numbers), 1)
    for index, plane in enumerate(planes):
        blocks = model.decoder.blocks[min(index, 1)]
        atoms = blocks.shape[0]
        parameters = CollageParameters(
            limit_weights(plane[:, None, 1 + atoms :], config.bound),
            plane[:, None, 0],
            plane[:, None, 1 : 1 + atoms],
            blocks,
        )
        x = constant_term(parameters, config.geometry, (48, 64))
        for _ in range(3):
            x = collage_step(x, parameters, config.geometry)
        torch.testing.assert_close(decoded[:, index : index + 1], x, rtol=1e-4, atol=1e-3)


def test_the_start_is_forgotten():
    model = small_model()
    scale = torch.zeros(1)
    levels = model.encode(_planes(3)[:1], scale).round()
    assert (levels[:, model.decoder.is_domain] != 0).any()
    noise = 100 * torch.randn(1, 3, 48, 64)
    one = model.decoder(levels, scale, iterations=25)
    other = model.decoder(levels, scale, iterations=25, start=noise)
    torch.testing.assert_close(one, other, rtol=0, atol=1e-3)
    assert (model.decoder(levels, scale, iterations=1, start=noise) - one).abs().max() > 0.1


def test_enlarged_pictures_average_down_to_the_plain_one():
    model = small_model()
    scale = torch.zeros(1)
    levels = model.encode(_planes(3)[:1], scale).round()
    plain = model.decoder(levels, scale, iterations=10)
    large = model.decoder(levels, scale, factor=2, iterations=10)
    difference = F.avg_pool2d(large, 2) - plain
    assert difference.square().mean() < 1e-3 * plain.var()


def test_grey_pictures_have_the_numbers_of_luma_alone():
    model = small_model()
    planes = _planes(3)
    planes[:, 1:] = 0
    scale = torch.zeros(2)
    luma = model.config.numbers[0]
    grey = model.encode(planes[:, :1], scale)
    assert grey.shape == (2, luma, 3, 4)
    torch.testing.assert_close(grey, model.encode(planes, scale)[:, :luma], rtol=0, atol=1e-4)
    assert model.decoder(grey.round(), scale).shape == (2, 1, 48, 64)
    assert model.bits(grey, grey.round()).shape == grey.shape


def test_the_fingerprint_is_of_the_decoder_half():
    model = small_model()
    before = model.decoder.fingerprint()
    with torch.no_grad():
        model.encoder.dead_zone += 0.1
        model.rates.log_scale += 0.1
        assert model.decoder.fingerprint() == before
        model.decoder.log_steps[5] += 1e-3
    assert model.decoder.fingerprint() != before
    assert len(before) == 8


class _Nothing(nn.Module):
    def forward(self, levels, quality):
        return torch.zeros_like(levels), torch.full_like(levels, -3.0)


def test_any_module_can_be_the_network():
    model = CollageModel(CollageConfig(atoms=(5, 2)), _Nothing())
    planes = _planes(3)
    scale = torch.zeros(2)
    expected = model.encoder.responses(planes) / model.decoder.steps(scale)
    levels = model.encode(planes, scale)
    assert (levels - expected).abs().max() <= 0.15 * np.exp(-3) + 1e-5


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"overlap": 4}, "overlap must be one of 0, 8"),
        ({"atoms": (300, 5)}, "must be a whole number within 0..255"),
        ({"atoms": (5,)}, "atoms must be 2 values"),
        ({"bound": 1.0}, "bound must be a number above 0 and below 1"),
        ({"iterations": 0}, "iterations must be a whole number within 1..64"),
        ({"width": 0}, "width must be a whole number within 1..4096"),
        ({"domain_factors": tuple(range(2, 30))}, "at most 16 domain_factors: got 28"),
        ({"scales": (2, 1)}, "scales must be two rising numbers"),
    ],
)
def test_odd_shapes_are_refused(options, words):
    with pytest.raises(InputError, match=words):
        CollageConfig(**options)
