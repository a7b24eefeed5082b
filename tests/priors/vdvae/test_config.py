"""Shapes of very deep VAEs: through JSON and back, and what is refused."""

import json
import re
from dataclasses import asdict

import pytest
import torch

from selfsame.errors import InputError
from selfsame.priors.vdvae.config import (
    CollageHeadConfig,
    Level,
    VdvaeConfig,
    default_levels,
)
from selfsame.priors.vdvae.heads import CollageHead
from selfsame.priors.vdvae.network import Vdvae
from support.vdvae_cases import CASES


@pytest.mark.parametrize("config", [VdvaeConfig(), *CASES.values()], ids=["default", *CASES])
def test_through_json(config):
    again = VdvaeConfig(**json.loads(json.dumps(asdict(config))))
    assert again == config
    assert hash(again) == hash(config)
    assert isinstance(again.levels[0], Level)
    assert isinstance(again.collage.domains, tuple)


def test_levels_as_lists():
    levels = (Level(1, 256, 16, 1, 3), Level(7, 64, 4, 2, 3))
    assert VdvaeConfig(levels=[[1, 256, 16, 1, 3], [7, 64, 4, 2, 3]]).levels == levels


@pytest.mark.parametrize(
    ("side", "sides"),
    [(28, [1, 7]), (32, [1, 8]), (64, [1, 8, 16]), (30, [1, 5, 15]), (4, [1])],
)
def test_levels_by_default(side, sides):
    config = VdvaeConfig(side)
    assert [level.side for level in config.levels] == sides
    assert config == VdvaeConfig(side, levels=default_levels(side, 1))


@pytest.mark.parametrize("side", [2, 6, 30])
@pytest.mark.parametrize("head", ["collage", "plain"])
def test_default_levels_suit_both_heads(side, head):
    """Ranges of 2 pixels too, whose blocks of 4x4 have room for 15 auxiliary ones."""
    model = Vdvae(VdvaeConfig(side, head=head))
    features = model.infer(torch.zeros(1, 1, side, side), torch.Generator()).features
    assert model.draw(features).shape == (1, 1, side, side)
    if isinstance(model.head, CollageHead):
        assert len(model.head.operator.aux) == 15


def test_a_config_with_every_default_makes_a_model():
    model = Vdvae(VdvaeConfig())
    assert model.config.levels == default_levels(28, 1)
    assert model.block_count == sum(level.decoder_blocks for level in model.config.levels)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"side": 0}, "side must be a whole number within 1..1024: got 0"),
        ({"side": 28.0}, "side must"),
        ({"side": True}, "side must"),
        ({"side": 1 << 20}, "side must"),
        ({"side": 29}, "no levels are known for pictures of 29x29"),
        ({"side": 30, "levels": (Level(7, 4, 1),)}, "each level's side must divide"),
        ({"channels": 2}, "channels must be one of 1, 3: got 2"),
        ({"channels": True}, "channels must"),
        ({"channels": 3.0}, "channels must"),
        ({"likelihood": "gauss"}, "likelihood must be one of bernoulli, logistic-mixture"),
        ({"likelihood": ["bernoulli"]}, "likelihood must"),
        ({"mixtures": 0}, "mixtures must"),
        ({"head": "fractal"}, "head must be one of collage, plain"),
        ({"bottleneck": 0.0}, "bottleneck must be"),
        ({"bottleneck": float("nan")}, "bottleneck must be"),
        ({"bottleneck": "half"}, "bottleneck must be"),
        ({"plain_width": -1}, "plain_width must"),
        ({"levels": (Level(1, 4, 1, 1, 0),)}, "coarsest of levels must have decoder_blocks"),
        ({"levels": (Level(7, 4, 1), Level(1, 4, 1))}, "each level's side must divide"),
        ({"levels": (Level(7, 4, 1), Level(7, 4, 1))}, "each level's side must divide"),
        ({"levels": (Level(28, 4, 1), Level(28, 4, 1))}, "each level's side must divide"),
        ({"levels": 3}, "levels must be"),
        ({"levels": [7]}, "levels[0] must be a mapping of side, width"),
        ({"levels": [[7, 4, 1, 1, 1, 1]]}, "levels[0] must be a mapping of side, width"),
        ({"levels": [[7]]}, "levels[0]: width is missing"),
        ({"levels": [{"side": 7, "depth": 4}]}, "levels[0]: unknown setting 'depth'"),
        ({"levels": [[7, "4", 1]]}, "width must"),
        ({"collage": {"hidden": 0}}, "hidden must"),
        ({"collage": {"steps": 3}}, "collage: unknown setting 'steps'; allowed are hidden"),
        ({"collage": {"domains": 2}}, "domains must be"),
        ({"collage": {"domains": []}}, "domains must be"),
        ({"collage": {"domains": [1]}}, "domains[0] must"),
        ({"collage": {"domains": [2, 2]}}, "domains must be"),
        ({"collage": {"bound": 1.0}}, "bound must"),
        ({"collage": {"bound": "1"}}, "bound must"),
        ({"collage": {"overlap": -1}}, "overlap must"),
        ({"collage": {"overlap": 0.5}}, "overlap must"),
        ({"collage": {"local": 1}}, "local must"),
        ({"collage": {"latent_aux": None}}, "latent_aux must"),
        ({"collage": {"aux_blocks": 0}}, "aux_blocks must"),
        ({"collage": {"iterations": 0}}, "iterations must"),
        ({"collage": None}, "collage must be a mapping of hidden"),
    ],
)
def test_nonsense_is_refused(options, message):
    with pytest.raises(InputError, match=re.escape(message)):
        VdvaeConfig(**options)


@pytest.mark.parametrize(
    ("head", "message"),
    [
        (CollageHeadConfig(overlap=3), "overlap must be at most half"),
        (CollageHeadConfig(16, (3,), local=False), "must tile the picture"),
    ],
)
def test_a_head_that_does_not_fit_the_picture_is_refused(head, message):
    config = VdvaeConfig(28, levels=(Level(7, 4, 1),), collage=head)
    with pytest.raises(InputError, match=message):
        Vdvae(config)
