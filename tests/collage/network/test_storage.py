import json
from dataclasses import asdict

import pytest
import torch
from safetensors.torch import save_file

from selfsame.collage.network.model import CollageModel
from selfsame.errors import CorruptedError
from support.small_model import small_model

FINGERPRINTS = {"aerial": "b6993d65f3a5db82", "photo": "e5704c8a38bf1299"}
"""Files in the world name them."""


def test_a_model_comes_back(tmp_path):
    model = small_model(atoms=(7, 3), domain_factors=(2, 4), overlap=0)
    model.save_pretrained(tmp_path / "m")
    again = CollageModel.from_pretrained(tmp_path / "m")
    assert again.config == model.config
    assert again.decoder.fingerprint() == model.decoder.fingerprint()  # saving rounded the model
    for name, parameter in model.named_parameters():
        assert torch.equal(parameter, dict(again.named_parameters())[name])
    assert torch.equal(again.decoder.exponents, model.decoder.exponents)


def test_a_single_file_of_an_earlier_version_loads(tmp_path):
    model = small_model()
    about = {
        "format": "selfsame collage 1",
        "card": "{}",
        "config": json.dumps(asdict(model.config)),
    }
    place = tmp_path / "mine"
    place.mkdir()
    (place / "config.json").write_text('{"train": {"steps": 3}}')  # as `selfsame train` left it
    save_file(model.state_dict(), place / "model.safetensors", about)
    for source in (place, place / "model.safetensors"):
        again = CollageModel.from_pretrained(source)
        assert again.decoder.fingerprint() == model.decoder.fingerprint()
        assert again.name == "mine"
    (place / "model.safetensors").rename(tmp_path / "other.safetensors")
    assert CollageModel.from_pretrained(tmp_path / "other.safetensors").name == "other"


def test_a_wrong_shape_is_damage(tmp_path):
    about = {"format": "selfsame collage 1", "card": "{}"}
    about["config"] = json.dumps({"atoms": [21, 6], "width": 16, "depth": 1})
    save_file(small_model().state_dict(), tmp_path / "m.safetensors", about)
    with pytest.raises(CorruptedError, match="damaged"):
        CollageModel.from_pretrained(tmp_path / "m.safetensors")


@pytest.mark.parametrize("name", CollageModel.shipped())
def test_shipped_models_load_and_have_a_card(name):
    model = CollageModel.from_pretrained(name)
    assert model.name == name
    assert model.decoder.fingerprint().hex() == FINGERPRINTS[name]
    card = CollageModel.card_of(name)
    assert card["training_seconds"] > 0
    assert card["data"]
    assert card["licence"]
