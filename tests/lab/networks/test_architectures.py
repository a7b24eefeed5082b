import pytest
import torch
from torch import nn
from torch.nn import functional as F

from selfsame.errors import InputError
from selfsame.lab.networks.architectures import (
    SIDES,
    NetworkConfig,
    make_network,
    replace_head,
)
from selfsame.lab.networks.names import NETWORKS


def weights(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize(("channels", "side"), [(1, 28), (3, 33)])
def test_shapes(name, channels, side) -> None:
    network = make_network(name, classes=7, channels=channels, side=side).eval()
    pictures = torch.rand(3, channels, side, side)
    features = network.features(pictures)
    assert features.shape == (3, network.feature_size)
    assert torch.equal(network(pictures), network.head(features))
    assert network(pictures).shape == (3, 7)
    assert network.config == NetworkConfig(name, 7, channels, side)


@pytest.mark.parametrize("name", NETWORKS)
def test_the_least_side_works(name) -> None:
    least = SIDES[name][0]
    network = make_network(name, classes=2, side=least).eval()
    assert network(torch.rand(1, 1, least, least)).isfinite().all()
    with pytest.raises(InputError, match=f"side of the pictures of {name} must be"):
        make_network(name, classes=2, side=least - 1)


@pytest.mark.parametrize("name", NETWORKS)
def test_every_weight_gets_a_gradient(name) -> None:
    network = make_network(name, classes=3, side=16)
    F.cross_entropy(network(torch.rand(8, 1, 16, 16)), torch.arange(8) % 3).backward()
    for parameter in network.parameters():
        assert parameter.grad is not None
        assert parameter.grad.abs().max() > 0


def test_lenet_is_lenet_5() -> None:
    """Of 61706 weights, as textbooks count it with all maps of the second convolution connected."""
    network = make_network("lenet", classes=10)
    assert weights(network) == 61_706
    assert network.feature_size == 84


def test_resnet18_has_its_11_7_million_weights() -> None:
    assert weights(make_network("resnet18", classes=1000, channels=3, side=224)) == 11_689_512


def test_the_transformer_against_torch_layers() -> None:
    torch.manual_seed(0)
    network = make_network("vit", classes=2, side=14).eval()
    pictures = torch.rand(2, 1, 14, 14)
    tokens = network.embed(pictures).flatten(2).transpose(1, 2) + network.positions
    assert tokens.shape == (2, 49, 192)
    for block in network.blocks:
        layer = nn.TransformerEncoderLayer(
            192, 3, 768, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
        )
        with torch.no_grad():
            layer.self_attn.in_proj_weight.copy_(block.queries_keys_values.weight)
            layer.self_attn.in_proj_bias.copy_(block.queries_keys_values.bias)
        layer.self_attn.out_proj.load_state_dict(block.mix.state_dict())
        layer.linear1.load_state_dict(block.perceptron[0].state_dict())
        layer.linear2.load_state_dict(block.perceptron[2].state_dict())
        layer.norm1.load_state_dict(block.norms[0].state_dict())
        layer.norm2.load_state_dict(block.norms[1].state_dict())
        tokens = layer(tokens)
    wanted = network.norm(tokens).mean(1)
    assert torch.allclose(network.features(pictures), wanted, atol=1e-5)


def test_a_new_head_leaves_the_body() -> None:
    network = make_network("lenet", classes=5, side=16).eval()
    pictures = torch.rand(2, 1, 16, 16)
    before = network.features(pictures)
    replace_head(network, 3)
    assert torch.equal(network.features(pictures), before)
    assert network(pictures).shape == (2, 3)
    assert network.config.classes == 3


def test_bodies_do_not_depend_on_the_number_of_classes() -> None:
    bodies = []
    for classes in (2, 9):
        torch.manual_seed(0)
        bodies.append(
            make_network("vit", classes=classes, side=14).features(torch.ones(1, 1, 14, 14))
        )
    assert torch.equal(*bodies)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"name": "vgg"}, "network must be one of lenet, resnet18, vit: got 'vgg'"),
        ({"classes": 0}, "classes must be a whole number of 1.."),
        ({"classes": True}, "classes must be"),
        ({"channels": 2}, "channels must be 1 or 3: got 2"),
        ({"side": 28.0}, "side of the pictures of lenet"),
    ],
)
def test_wrong_arguments_are_named(options, text) -> None:
    values = {"name": "lenet", "classes": 2, **options}
    with pytest.raises(InputError, match=text):
        make_network(values.pop("name"), **values)
