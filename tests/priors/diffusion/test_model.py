import math

import pytest
import torch

from selfsame.errors import CorruptedError, InputError
from selfsame.priors.diffusion.backbone import Condition
from selfsame.priors.diffusion.config import DiffusionConfig
from selfsame.priors.diffusion.model import DiffusionModel, same_scale
from selfsame.priors.diffusion.prediction import x0_of
from selfsame.priors.diffusion.samplers import sample_noise
from selfsame.priors.diffusion.schedules import Level
from support.gaussian_data import normal
from support.small_diffusion import SMALL, small_diffusion

F32 = torch.float32
KINDS = [
    {},
    {"grid": (2, 2), "classes": 3, "class_names": ("a", "b", "c"), "space": "emoji"},
    {"schedule": "linear", "prediction": "epsilon", "learned_variance": True, "chain": 20},
    {"schedule": "karras", "prediction": "edm", "context": 5, "space_digest": "0123abcd"},
]


@pytest.mark.parametrize("options", KINDS)
@pytest.mark.parametrize("dtype", [torch.float16, torch.float32])
def test_a_model_comes_back(options, dtype, tmp_path) -> None:
    model = small_diffusion(**options)
    model.save_pretrained(tmp_path / "m", {"data": "none"}, dtype=dtype)
    again = DiffusionModel.from_pretrained(tmp_path / "m")
    assert again.config == model.config
    assert not again.training
    for name, tensor in again.state_dict().items():
        assert torch.equal(tensor, model.state_dict()[name].to(dtype).float()), name
    assert same_scale(model, again)
    z, level = normal(2, 4, 3, dtype=F32), model.schedule.level(torch.tensor([0.3, 0.6]))
    condition = Condition(torch.tensor([0, 2])) if model.config.classes else Condition()
    for one, other in zip(model(z, level, condition), again(z, level, condition), strict=True):
        tolerance = 1e-6 if dtype == torch.float32 else 2e-2
        assert one is other is None or torch.allclose(one, other, atol=tolerance)


def test_a_damaged_model_is_told(tmp_path) -> None:
    small_diffusion().save_pretrained(tmp_path / "m")
    weights = tmp_path / "m" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(CorruptedError, match="damaged model"):
        DiffusionModel.from_pretrained(tmp_path / "m")


def test_latents_are_standardised_by_number_and_restored() -> None:
    model = DiffusionModel(DiffusionConfig(**SMALL))
    values = torch.tensor([3.0, -1.0, 0.0]) + torch.tensor([0.1, 5.0, 0.0]) * normal(
        500, 4, 3, dtype=F32
    )
    model.learn_scale(values)
    x = model.standardised(values)
    assert torch.allclose(x.mean((0, 1)), torch.zeros(3), atol=1e-4)
    assert torch.allclose(x.std((0, 1)), torch.tensor([1.0, 1.0, 0.0]), atol=1e-2)
    assert torch.allclose(model.restored(x), values, atol=1e-4)
    assert [name for name, _ in model.named_parameters() if name in ("mean", "std")] == []


def test_tokens_that_are_not_there_do_not_count_for_the_scale() -> None:
    model, values = DiffusionModel(DiffusionConfig(**SMALL)), normal(200, 4, 3, dtype=F32)
    mask = torch.arange(4) < torch.arange(200)[:, None] % 5
    model.learn_scale(torch.where(mask[..., None], values, 1e6), mask)
    assert torch.allclose(model.mean, values[mask].mean(0), atol=1e-5)
    assert (model.standardised(values, mask)[~mask] == 0).all()
    assert (model.restored(values, mask)[~mask] == 0).all()
    for bad in (values[:0], torch.full_like(values, math.nan)):
        with pytest.raises(InputError, match="must be finite, and there must be some"):
            model.learn_scale(bad)


@pytest.mark.parametrize("schedule", ["linear", "cosine", "flow", "karras", "geometric"])
def test_the_network_is_given_tokens_of_unit_variance_and_a_finite_number(schedule) -> None:
    model = small_diffusion(schedule=schedule, prediction="edm")
    for time in (0.0, 0.5, 1.0):
        level = model.schedule.level(torch.tensor(time))
        z = math.hypot(*map(float, level)) * normal(500, 4, 3, dtype=F32)
        tokens, noise = model.inputs_of(z, level)
        assert float(tokens.std()) == pytest.approx(1, abs=0.05)
        assert noise.isfinite().all()
        assert noise.shape == (500,)
        assert model.denoiser()(z, level).x0.isfinite().all()


def test_the_denoiser_means_what_the_network_says() -> None:
    model = small_diffusion(prediction="v", schedule="cosine", classes=3)
    z, level = normal(2, 4, 3, dtype=F32), model.schedule.level(torch.tensor([0.3, 0.6]))
    condition = Condition(torch.tensor([0, 2]))
    output, fraction = model(z, level, condition)
    assert fraction is None
    expected = x0_of("v", output, z, level)
    assert torch.equal(model.denoiser(condition)(z, level).x0, expected)
    mask = torch.tensor([[True, True, False, False]] * 2)
    assert (model.denoiser(condition, mask=mask)(z, level).x0[:, 2:] == 0).all()


def test_before_training_learned_variances_are_in_the_middle() -> None:
    model = DiffusionModel(
        DiffusionConfig(**SMALL, schedule="linear", prediction="epsilon", learned_variance=True)
    )
    output, fraction = model(normal(2, 4, 3, dtype=F32), model.chain.at(500))
    assert output.shape == fraction.shape == (2, 4, 3)
    assert (fraction == 0.5).all()


def test_the_bound_is_in_the_units_of_the_latents() -> None:
    """Of data a hundred times as wide the density is a hundredth for each number."""
    model = small_diffusion(schedule="cosine", prediction="v", chain=8)
    x = normal(3, 4, 3, dtype=F32)

    def noise():
        return sample_noise([torch.Generator().manual_seed(i) for i in range(3)])

    narrow = model.bound(model.restored(x), noise()).total
    model.std *= 100
    wide = model.bound(model.restored(x), noise()).total
    torch.testing.assert_close(
        wide - narrow, torch.full((3,), 12 * math.log(100)), rtol=1e-3, atol=0
    )


def test_the_bound_of_a_set_is_that_of_the_tokens_that_are_there() -> None:
    model = small_diffusion(schedule="cosine", prediction="v", chain=8)
    x, mask = normal(3, 4, 3, dtype=F32), torch.arange(4) < torch.tensor([[4], [2], [1]])

    def bound(values, there, rows=slice(None), tokens=4):
        """Of some rows and their first tokens, with the noise that they have among all."""
        draw = sample_noise([torch.Generator().manual_seed(i) for i in range(3)])
        part = values[rows, :tokens]
        noise = lambda _: draw(x)[rows, :tokens]  # noqa: E731
        return model.bound(part, noise, mask=None if there is None else there[rows, :tokens]).total

    found = bound(x, mask)
    padded = torch.where(mask[..., None], x, 1e3)
    torch.testing.assert_close(bound(padded, mask), found)
    for row, tokens in enumerate((4, 2, 1)):
        alone = bound(x, None, slice(row, row + 1), tokens)
        torch.testing.assert_close(alone[0], found[row], rtol=1e-4, atol=1e-3)


def test_other_scales_are_told_apart() -> None:
    one, other = small_diffusion(), small_diffusion(seed=3)
    assert same_scale(one, other)
    other.mean += 0.1
    assert not same_scale(one, other)
    assert isinstance(one.chain, Level)
