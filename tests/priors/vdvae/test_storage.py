import json
import shutil

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from selfsame.errors import CorruptedError, FormatError, InputError, UnsupportedError
from selfsame.priors import generate
from selfsame.priors.vdvae.storage import (
    from_pretrained,
    model_card,
    save_pretrained,
    shipped_models,
)
from support.fuzzing import DIGITS, damaged_copies, outcomes
from support.small_vdvae import small_vdvae

CARD = {"data": "none", "seconds": 3}


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "digits"
    save_pretrained(small_vdvae(), place, CARD)
    return place


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
    save_pretrained(model, tmp_path / "m", CARD, dtype=dtype)
    again = from_pretrained(tmp_path / "m")
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


def test_a_folder_or_a_file_in_it_names_a_model(folder, monkeypatch):
    for path in (folder, folder / "config.json", str(folder / "model.safetensors")):
        assert from_pretrained(path).name == "digits"
        assert model_card(path) == CARD
    monkeypatch.chdir(folder)
    assert from_pretrained(".").name == "digits"
    odd = shutil.copytree(folder, folder.parent / "größe & more")
    assert from_pretrained(odd).name == "gr--e---more"


def test_loading_draws_no_random_numbers(folder):
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    from_pretrained(folder)
    assert torch.equal(torch.rand(3), expected)


def test_a_model_replaces_another(folder):
    other = small_vdvae(1, head="plain")
    save_pretrained(other, folder)
    assert from_pretrained(folder).config == other.config
    assert model_card(folder) == {}
    assert sorted(p.name for p in folder.iterdir()) == ["config.json", "model.safetensors"]


def test_no_such_model(tmp_path, folder):
    for name in ("frobnicate", tmp_path, tmp_path / "absent"):
        with pytest.raises(InputError, match="no model"):
            from_pretrained(name)
    (folder / "model.safetensors").unlink()
    with pytest.raises(CorruptedError, match="missing"):
        from_pretrained(folder)


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "m").write_text("")
    with pytest.raises(InputError, match="is a file"):
        save_pretrained(small_vdvae(), tmp_path / "m")


def test_damaged_weights_have_a_name(folder):
    path = folder / "model.safetensors"
    whole = path.read_bytes()
    for cut in (0, 1, 7, 8, 100, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:cut])
        with pytest.raises(CorruptedError, match="damaged"):
            from_pretrained(folder)
    path.write_bytes(b"PK" + whole)
    with pytest.raises(CorruptedError, match="damaged"):
        from_pretrained(folder)


def test_wrong_tensors_have_a_name(folder):
    path = folder / "model.safetensors"
    tensors = load_file(path)
    first = min(tensors)
    for name, changed in (
        ("more", tensors | {"more": torch.zeros(1)}),
        (first, {name: tensor for name, tensor in tensors.items() if name != first}),
        ("start", tensors | {"start": torch.zeros(1, 9, 1, 1)}),
    ):
        save_file(changed, path)
        with pytest.raises(CorruptedError, match=f"asks for {name} of size"):
            from_pretrained(folder)
    for value in (np.nan, np.inf):
        save_file(tensors | {"start": torch.full((1, 8, 1, 1), value)}, path)
        with pytest.raises(CorruptedError, match="not finite"):
            from_pretrained(folder)


def test_numbers_that_half_precision_lacks_are_refused(tmp_path):
    model = small_vdvae()
    with torch.no_grad():
        model.start += 1e5
    with pytest.raises(InputError, match="float32"):
        save_pretrained(model, tmp_path / "m")
    assert not (tmp_path / "m").exists()
    save_pretrained(model, tmp_path / "m", dtype=torch.float32)
    assert torch.equal(from_pretrained(tmp_path / "m").start, model.start)


def test_a_newer_format_is_unsupported(folder):
    edited(folder, format="selfsame vdvae 2")
    for read in (from_pretrained, model_card):
        with pytest.raises(UnsupportedError, match="update"):
            read(folder)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "3", "null", "{}", '{"format": "selfsame vdvae 1"}', "[" * 100_000]
)
def test_a_damaged_description_has_a_name(text, folder):
    (folder / "config.json").write_text(text)
    for read in (from_pretrained, model_card):
        with pytest.raises(CorruptedError, match=r"describes no very deep VAE|has no config"):
            read(folder)


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
def test_absurd_shapes_have_a_name(change, folder):
    edited(folder, **change)
    with pytest.raises(CorruptedError, match="damaged"):
        from_pretrained(folder)


@pytest.mark.parametrize("file", ["config.json", "model.safetensors"])
def test_flipped_bytes_never_surprise(file, folder):
    """Other digits of a description are another shape; other bytes of weights, another model."""
    path = folder / file
    whole = path.read_bytes()

    def load(contents):
        path.write_bytes(contents)
        return from_pretrained(folder)

    mutants = [*damaged_copies(whole, 60), *damaged_copies(whole, 60, most=1, among=DIGITS)]
    accepted, refused = outcomes(load, mutants, FormatError)
    assert len(accepted) > 10
    assert len(refused) > 20
    assert all(model.name == "digits" for model in accepted)


def test_a_card_is_an_object(folder):
    edited(folder, card=[1])
    with pytest.raises(CorruptedError, match="card"):
        model_card(folder)


def test_shipped_models_load_and_have_a_card():
    names = shipped_models()
    assert names
    for name in names:
        assert from_pretrained(name).name == name
        card = model_card(name)
        assert card["data"]
        assert card["licence"]
