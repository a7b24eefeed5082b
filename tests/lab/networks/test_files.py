import json
from dataclasses import asdict
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from selfsame.errors import CorruptedError, InputError, UnsupportedError
from selfsame.lab.networks.architectures import Network, make_network
from selfsame.lab.networks.names import NETWORKS


@pytest.mark.parametrize("name", NETWORKS)
def test_a_saved_network_is_the_same(tmp_path, name) -> None:
    network = make_network(name, classes=3, channels=3, side=16)
    pictures = torch.rand(4, 3, 16, 16)
    network(pictures)  # moves the statistics of batch norms
    network.save_pretrained(tmp_path / "network", {"steps": 7})
    again = Network.from_pretrained(tmp_path / "network")
    assert not again.training
    assert again.config == network.config
    assert torch.equal(again(pictures), network.eval()(pictures))
    assert type(again) is type(network)


def saved(path: Path, **changes: object) -> Path:
    """Write a LeNet with other weights or metadata than its own; None leaves one out."""
    network = make_network("lenet", classes=2, side=16)
    tensors = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    about = {
        "format": "selfsame network 1",
        "config": json.dumps(asdict(network.config)),
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
        ({"config": None}, CorruptedError, "its config"),
        ({"config": "{"}, CorruptedError, "damaged model"),
        ({"config": '{"name": "vgg", "classes": 2}'}, CorruptedError, "name must be one of"),
        ({"config": '{"name": "lenet", "classes": 1e9}'}, CorruptedError, "classes must be"),
        ({"config": '{"name": "lenet", "depth": 2}'}, CorruptedError, "damaged model"),
        ({"config": "[]"}, CorruptedError, "damaged model"),
        ({"format": "selfsame network 2"}, UnsupportedError, "selfsame network 2"),
        ({"format": None}, CorruptedError, "no network"),
    ],
)
def test_files_that_are_no_network_are_refused(tmp_path, changes, error, text) -> None:
    path = saved(tmp_path / "network.safetensors", **changes)
    with pytest.raises(error, match=text):
        Network.from_pretrained(path)


def test_other_files_are_refused(tmp_path) -> None:
    assert Network.from_pretrained(saved(tmp_path / "right")).config.classes == 2
    words = "no network 'none': give the folder seed-S/network that `selfsame probe` wrote, or hf:"
    with pytest.raises(InputError, match=words):
        Network.from_pretrained("none")
    (tmp_path / "text").write_text("hello")
    with pytest.raises(CorruptedError, match="text is no network"):
        Network.from_pretrained(tmp_path / "text")
    whole = (tmp_path / "right").read_bytes()
    (tmp_path / "half").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(CorruptedError, match="half is a damaged model"):
        Network.from_pretrained(tmp_path / "half")
