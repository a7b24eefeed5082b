import pytest
import torch

from selfsame.errors import InputError, SettingError
from selfsame.priors.conditioning.config import SemanticConfig, TextConfig
from selfsame.priors.diffusion.config import DiffusionConfig
from support.gaussian_data import normal
from support.small_diffusion import small_diffusion

F32 = torch.float32
READERS = {
    "context": 6,
    "text": TextConfig(width=8, heads=2, pieces=9, longest=5),
    "semantic": SemanticConfig(width=8, heads=2, numbers=4),
}
IDS = torch.tensor([[3, 4, 0, 0, 0], [5, 0, 0, 0, 0]], dtype=torch.int32)


def test_what_is_read_lies_side_by_side() -> None:
    model = small_diffusion(classes=2, **READERS)
    vectors = model.semantic(normal(2, 4, 3, dtype=F32))
    assert vectors.shape == (2, 4)
    both = model.condition(torch.tensor([0, 1]), {"semantic": vectors, "text": IDS})
    assert both.context.shape == (2, 6, 6)
    text = model.condition(given={"text": IDS})
    assert torch.equal(both.context[:, :5], text.context)
    there = torch.tensor([[1, 1, 0, 0, 0, 1], [1, 0, 0, 0, 0, 1]], dtype=torch.bool)
    assert torch.equal(both.context_mask, there)
    assert model.condition(torch.tensor([0, 1])).context is None


def test_what_is_said_changes_what_the_network_says() -> None:
    model = small_diffusion(**READERS)
    z, level = normal(2, 4, 3, dtype=F32), model.schedule.level(torch.tensor(0.5))
    nothing = model(z, level)[0]
    said = model(z, level, model.condition(given={"text": IDS}))[0]
    assert not torch.allclose(said, nothing, atol=1e-3)
    swapped = model(z.flip(0), level, model.condition(given={"text": IDS.flip(0)}))[0]
    assert torch.allclose(swapped.flip(0), said, atol=1e-5)


def test_a_semantic_vector_is_of_the_latents_in_their_own_units() -> None:
    model = small_diffusion(**READERS)
    values = normal(3, 4, 3, dtype=F32)
    found = model.semantic(values)
    assert torch.allclose(found, model.readers.semantic((values - model.mean) / model.std))
    assert torch.allclose(found.mean(1), torch.zeros(3), atol=1e-5)
    assert not torch.allclose(model.semantic(values.flip(1)), found, atol=1e-3)  # places count


def test_what_is_not_read_is_refused() -> None:
    with pytest.raises(InputError, match="told nothing: it reads no text"):
        small_diffusion().condition(given={"text": IDS})
    with pytest.raises(InputError, match="without semantic vectors"):
        small_diffusion().semantic(normal(1, 4, 3, dtype=F32))
    with pytest.raises(SettingError, match="context must be above 0"):
        DiffusionConfig(text=TextConfig())
    with pytest.raises(SettingError, match="heads must divide the width"):
        TextConfig(width=9)


def test_a_model_with_readers_comes_back(tmp_path) -> None:
    model = small_diffusion(**READERS)
    model.save_pretrained(tmp_path / "m", dtype=F32)
    again = type(model).from_pretrained(tmp_path / "m")
    assert again.config == model.config
    given = {"text": IDS}
    assert torch.equal(again.condition(given=given).context, model.condition(given=given).context)
