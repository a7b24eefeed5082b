import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from selfsame.errors import CorruptedError, InputError, UnsupportedError
from selfsame.lab.networks.architectures import NETWORKS, make_network
from selfsame.lab.networks.files import load_network, network_card, save_network


@pytest.mark.parametrize("name", NETWORKS)
def test_a_saved_network_is_the_same(tmp_path, name) -> None:
    network = make_network(name, classes=3, channels=3, side=16)
    pictures = torch.rand(4, 3, 16, 16)
    network(pictures)  # moves the statistics of batch norms
    save_network(network, tmp_path / "network.safetensors", {"steps": 7})
    again = load_network(tmp_path / "network.safetensors")
    assert not again.training
    assert again.config() == network.config()
    assert torch.equal(again(pictures), network.eval()(pictures))
    assert network_card(tmp_path / "network.safetensors") == {"steps": 7}


def saved(path: Path, **changes: object) -> Path:
    """Write a LeNet with other weights or metadata than its own; None leaves one out."""
    network = make_network("lenet", classes=2, side=16)
    tensors = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    about = {
        "format": "selfsame network 1",
        "config": json.dumps(network.config()),
        "card": "{}",
    }
    for name, value in changes.items():
        place = tensors if name in tensors or "." in name else about
        if value is None:
            del place[name]
        else:
            place[name] = value
    save_file(tensors, path, about)
    return path


@pytest.mark.parametrize(
    ("changes", "error", "text"),
    [
        ({"head.bias": torch.tensor([0.0, torch.nan])}, CorruptedError, "not finite"),
        ({"head.bias": torch.zeros(3)}, CorruptedError, "head.bias"),
        ({"head.bias": None}, CorruptedError, "head.bias"),
        ({"config": None}, CorruptedError, "damaged model"),
        ({"config": "{"}, CorruptedError, "damaged model"),
        ({"config": '{"name": "vgg", "classes": 2}'}, CorruptedError, "network must be one of"),
        ({"config": '{"name": "lenet", "classes": 1e9}'}, CorruptedError, "classes must be"),
        ({"config": '{"name": "lenet", "depth": 2}'}, CorruptedError, "damaged model"),
        ({"config": "[]"}, CorruptedError, "damaged model"),
        ({"format": "selfsame network 2"}, UnsupportedError, "selfsame network 2"),
        ({"format": None}, CorruptedError, "no model"),
    ],
)
def test_files_that_are_no_network_are_refused(tmp_path, changes, error, text) -> None:
    path = saved(tmp_path / "network.safetensors", **changes)
    with pytest.raises(error, match=text):
        load_network(path)


def test_other_files_are_refused(tmp_path) -> None:
    assert load_network(saved(tmp_path / "right")).classes == 2
    with pytest.raises(InputError, match="no network 'none': give a file that"):
        load_network("none")
    (tmp_path / "text").write_text("hello")
    with pytest.raises(CorruptedError, match="text is no model"):
        load_network(tmp_path / "text")
    whole = (tmp_path / "right").read_bytes()
    (tmp_path / "half").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(CorruptedError, match="half is a damaged model"):
        load_network(tmp_path / "half")
    with pytest.raises(CorruptedError, match="card"):
        network_card(saved(tmp_path / "odd", card="[]"))


def test_weights_that_are_not_finite_are_not_saved(tmp_path) -> None:
    network = make_network("lenet", classes=2, side=16)
    with torch.no_grad():
        network.head.weight[0, 0] = torch.inf
    with pytest.raises(InputError, match="not finite"):
        save_network(network, tmp_path / "network.safetensors")
    assert not (tmp_path / "network.safetensors").exists()
