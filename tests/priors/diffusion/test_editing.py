import numpy as np
import pytest
import torch

from selfsame.errors import SettingError
from selfsame.priors.conditioning.attributes import attributes_of, directions_of
from selfsame.priors.conditioning.config import SemanticConfig
from selfsame.priors.diffusion.editing import attribute_change, edited, noise_of
from selfsame.priors.diffusion.samplers import ddim
from selfsame.priors.diffusion.schedules import sampling_levels, schedule_named
from selfsame.priors.diffusion.train import learn_directions
from support.gaussian_data import Mixture, normal
from support.small_diffusion import small_diffusion

F32 = torch.float32
SEMANTIC = {
    "context": 6,
    "semantic": SemanticConfig(width=8, heads=2, numbers=4),
    "attributes": ("italic", "serifs:sans"),
}
COLUMNS = {
    "captions": np.array(["a", "b", "c", "d"]),
    "tags_de": np.array(["a", "b", "c", "d"]),
    "italic": np.array([True, False, True, False]),
    "weights": np.array([400, 700, 400, 400]),
    "monospace": np.array([False] * 4),
    "serifs": np.array(["sans", "", "serif", "sans"]),
}


def test_attributes_are_numbers_and_values_of_texts() -> None:
    found = attributes_of(COLUMNS)
    assert list(found) == ["italic", "weights", "serifs:sans", "serifs:serif"]
    assert found["weights"].tolist() == [400, 700, 400, 400]
    assert found["serifs:sans"].tolist() == [1, 0, 0, 1]
    many = {"files": np.array([str(number) for number in range(200)])}
    assert attributes_of(many) == {}


def test_a_direction_tells_classes_apart_and_is_one_deviation_long() -> None:
    """Of two Gaussians the discriminant is known: the covariance's inverse times the difference of
    means."""
    rng = np.random.default_rng(0)
    shape = rng.normal(size=(3, 3))
    labels = rng.random(200_000) < 0.3
    means = np.array([1.0, -0.5, 0.2])
    vectors = rng.normal(size=(200_000, 3)) @ shape.T + labels[:, None] * means
    found = directions_of(torch.from_numpy(vectors), {"a": labels.astype(float)})[0]
    expected = np.linalg.solve(shape @ shape.T, means)
    expected /= np.linalg.norm(expected)
    along = found.numpy() / np.linalg.norm(found.numpy())
    assert along @ expected == pytest.approx(1, abs=2e-3)
    assert float(found.norm()) == pytest.approx((vectors @ along).std(), rel=1e-3)


@pytest.mark.parametrize("schedule", ["flow", "cosine"])
def test_the_noise_of_data_leads_back_to_them(schedule) -> None:
    prediction = "v" if schedule == "cosine" else "velocity"
    model = small_diffusion(schedule=schedule, prediction=prediction)
    x = normal(5, 4, 3, dtype=F32)
    levels = sampling_levels(model.schedule, 400, "time")
    denoiser = model.denoiser()
    with torch.no_grad():
        start = noise_of(denoiser, x, levels)
        again = ddim(denoiser, start, levels)
    assert torch.allclose(again, x, atol=0.05 * float(x.std()))
    assert not torch.allclose(start, x, atol=0.5)


def test_the_noise_of_gaussian_data_is_as_wide_as_noise() -> None:
    schedule = schedule_named("flow", False)
    levels = sampling_levels(schedule, 400, "time")
    x = 0.5 * normal(4000, 1, 1) + 2
    start = noise_of(Mixture([1.0], [[2.0]], [[[0.25]]]).denoiser, x, levels)
    assert float(start.mean()) == pytest.approx(0, abs=0.06)
    assert float(start.std()) == pytest.approx(1, abs=0.05)


def test_no_change_gives_the_same_latents_and_a_change_others() -> None:
    model = small_diffusion(**SEMANTIC)
    values = model.restored(normal(6, 4, 3, dtype=F32))
    learn_directions(model, values, {"italic": np.arange(6.0), "serifs:sans": np.arange(6) % 2.0})
    off = (edited(model, values, torch.zeros(4)) - values) / model.std
    assert float(off.abs().mean()) < 0.1
    change = attribute_change(model, {"italic": 20.0, "serifs:sans": -10.0})
    assert torch.allclose(change, 20 * model.directions[0] - 10 * model.directions[1])
    changed = (edited(model, values, change) - values) / model.std
    assert float(changed.abs().mean()) > 3 * float(off.abs().mean())
    with pytest.raises(SettingError, match="no attribute 'bold': italic, serifs:sans"):
        attribute_change(model, {"bold": 1})
    with pytest.raises(SettingError, match="has no semantic vectors: it cannot edit"):
        attribute_change(small_diffusion(), {"bold": 1})


def test_directions_are_kept_with_the_model(tmp_path) -> None:
    model = small_diffusion(**SEMANTIC)
    attributes = {"a": np.arange(6.0), "b": np.arange(6) % 2.0}
    learn_directions(model, normal(6, 4, 3, dtype=F32), attributes)
    model.save_pretrained(tmp_path / "m", dtype=F32)
    again = type(model).from_pretrained(tmp_path / "m")
    assert torch.equal(again.directions, model.directions)
    assert float(model.directions.norm(dim=1).min()) > 0
