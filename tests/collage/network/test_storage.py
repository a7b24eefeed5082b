import json
from dataclasses import asdict

import pytest
import torch
from safetensors.torch import save_file

from selfsame.collage.network.storage import SHIPPED, load_model, model_card, save_model
from selfsame.errors import CorruptedError, InputError, SelfsameError
from support.small_model import small_model


def test_a_model_comes_back(tmp_path):
    model = small_model(atoms=(7, 3), domain_factors=(2, 4), overlap=0)
    path = tmp_path / "m.safetensors"
    save_model(model, path, {"data": "none", "seconds": 3})
    again = load_model(path)
    assert again.config == model.config
    assert again.decoder.fingerprint() == model.decoder.fingerprint()
    for name, parameter in model.named_parameters():
        assert torch.equal(parameter, dict(again.named_parameters())[name])
    assert model_card(path) == {"data": "none", "seconds": 3}
    assert again.name == "m"
    assert not again.training


def test_names_of_files_become_names_of_models(tmp_path):
    path = tmp_path / ("größe & more" + 40 * "x" + ".safetensors")
    save_model(small_model(), path)
    name = load_model(path).name
    assert len(name) == 32
    assert name.startswith("gr--e---more")


def test_damage_has_a_name(tmp_path):
    path = tmp_path / "m.safetensors"
    save_model(small_model(), path)
    whole = path.read_bytes()
    for cut in (0, 1, 7, 8, 100, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:cut])
        with pytest.raises(CorruptedError, match=r"no model of a collage|damaged model"):
            load_model(path)
    path.write_bytes(b"PK" + whole)
    with pytest.raises(CorruptedError, match="no model of a collage"):
        load_model(path)


def test_a_wrong_shape_or_number_is_damage(tmp_path):
    path = tmp_path / "m.safetensors"
    model = small_model()
    save_model(model, path)
    data = path.read_bytes()
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    header["__metadata__"]["config"] = json.dumps({"atoms": [21, 6], "width": 16, "depth": 1})
    changed = json.dumps(header).encode()
    path.write_bytes(len(changed).to_bytes(8, "little") + changed + data[8 + length :])
    with pytest.raises(CorruptedError, match="damaged"):
        load_model(path)
    with torch.no_grad():
        model.decoder.log_steps[0] = float("nan")
    with pytest.raises(InputError, match="not finite"):
        save_model(model, path)
    about = {name: header["__metadata__"][name] for name in ("format", "card")}
    about["config"] = json.dumps(asdict(model.config))
    save_file(model.state_dict(), path, about)
    with pytest.raises(CorruptedError, match="not finite"):
        load_model(path)


def test_no_such_model(tmp_path):
    with pytest.raises(InputError, match="photo"):
        load_model(tmp_path / "absent")


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_models_load_and_have_a_card(name):
    model = load_model(name)
    assert model.name == name
    card = model_card(name)
    assert card["training_seconds"] > 0
    assert card["data"]
    assert card["licence"]
    assert issubclass(CorruptedError, SelfsameError)
