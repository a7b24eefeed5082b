import json

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from selfsame.errors import CorruptedError, UnsupportedError
from selfsame.priors import generate
from selfsame.priors.vdvae.network import Vdvae
from support.small_vdvae import small_vdvae

CARD = {"data": "none", "seconds": 3}


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "digits"
    small_vdvae().save_pretrained(place, CARD)
    return place


@pytest.fixture
def early(folder):
    """A folder as earlier versions wrote it: ``config.json`` alone says what the weights are."""
    path = folder / "model.safetensors"
    save_file(load_file(path), path)
    (folder / "README.md").unlink()
    return folder


def edited(folder, **changes):
    """Change entries of config.json, or of the model's config in it."""
    path = folder / "config.json"
    about = json.loads(path.read_text())
    for name, value in changes.items():
        table = about if name in about else about["config"]
        table[name] = value
    path.write_text(json.dumps(about))


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"head": "plain"},
        {"channels": 3, "likelihood": "logistic-mixture", "mixtures": 2},
        {"collage": {"hidden": 4, "aux_blocks": 3, "latent_aux": True}},
    ],
)
@pytest.mark.parametrize("dtype", [torch.float16, torch.float32])
def test_a_model_comes_back(options, dtype, tmp_path):
    model = small_vdvae(**options)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    model.save_pretrained(tmp_path / "m", CARD, dtype=dtype)
    again = Vdvae.from_pretrained(tmp_path / "m")
    assert again.config == model.config
    assert not again.training
    assert all(parameter.requires_grad for parameter in again.parameters())
    for name, tensor in again.state_dict().items():
        assert torch.equal(model.state_dict()[name], before[name]), "saving changed the model"
        assert tensor.dtype == torch.float32
        assert torch.equal(tensor, before[name].to(dtype).float())
        assert tensor.stride() == before[name].stride()
    if dtype == torch.float32:
        assert torch.equal(generate(again, 3), generate(model, 3))
    assert (tmp_path / "m/model.safetensors").stat().st_size < 400_000


def test_a_folder_of_an_earlier_version_loads(early):
    model = Vdvae.from_pretrained(early)
    assert model.name == "digits"
    assert Vdvae.card_of(early) == CARD
    model.save_pretrained(early)
    assert Vdvae.card_of(early) == {}


def test_loading_draws_no_random_numbers(folder):
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    Vdvae.from_pretrained(folder)
    assert torch.equal(torch.rand(3), expected)


def test_wrong_tensors_have_a_name(early):
    path = early / "model.safetensors"
    tensors = load_file(path)
    first = min(tensors)
    for name, changed in (
        ("more", tensors | {"more": torch.zeros(1)}),
        (first, {name: tensor for name, tensor in tensors.items() if name != first}),
        ("start", tensors | {"start": torch.zeros(1, 9, 1, 1)}),
    ):
        save_file(changed, path)
        with pytest.raises(CorruptedError, match=f"asks for {name} of size"):
            Vdvae.from_pretrained(early)
    for value in (np.nan, np.inf):
        save_file(tensors | {"start": torch.full((1, 8, 1, 1), value)}, path)
        with pytest.raises(CorruptedError, match="not finite"):
            Vdvae.from_pretrained(early)


def test_a_newer_format_is_unsupported(early):
    edited(early, format="selfsame vdvae 2")
    for read in (Vdvae.from_pretrained, Vdvae.card_of):
        with pytest.raises(UnsupportedError, match="update"):
            read(early)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "3", "null", "{}", '{"format": "selfsame vdvae 1"}', "[" * 100_000]
)
def test_a_damaged_description_has_a_name(text, early):
    (early / "config.json").write_text(text)
    for read in (Vdvae.from_pretrained, Vdvae.card_of):
        with pytest.raises(CorruptedError, match="model"):
            read(early)


@pytest.mark.parametrize(
    "change",
    [
        {"side": 1 << 40},
        {"side": 12},
        {"head": "plain"},
        {"channels": "3"},
        {"levels": []},
        {"levels": 7},
        {"levels": [[1, 8, 4, 1, 1000], [4, 8, 2, 1000, 1000]]},
        {"levels": [[1, 16384, 16384, 1, 1], [4, 16384, 16384, 1, 2]]},
        {"levels": [[8, 8, 4, 0, 1]] * 10_000},
        {"bottleneck": float("nan")},
        {"bottleneck": "wide"},
        {"collage": {"hidden": 8, "aux_blocks": 3, "domains": [[]]}},
        {"collage": {"hidden": 8, "aux_blocks": 16384}},
        {"collage": {"hidden": 8, "aux_blocks": 3, "bound": "none"}},
        {"collage": {"hidden": 8, "aux_blocks": 3, "overlap": 1 << 60}},
        {"collage": None},
        {"frobnicate": 1},
        {"config": []},
    ],
    ids=lambda change: str(change)[:40],
)
def test_absurd_shapes_have_a_name(change, early):
    edited(early, **change)
    with pytest.raises(CorruptedError, match="damaged"):
        Vdvae.from_pretrained(early)


def test_a_card_is_an_object(early):
    edited(early, card=[1])
    with pytest.raises(CorruptedError, match="card"):
        Vdvae.card_of(early)


def test_shipped_models_load_and_have_a_card():
    for name in Vdvae.shipped():
        assert Vdvae.from_pretrained(name).name == name
        card = Vdvae.card_of(name)
        assert card["data"]
        assert card["licence"]
