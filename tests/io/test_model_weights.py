"""Weights in 8 bits."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load, save

from selfsame.errors import CorruptedError, InputError
from selfsame.io.model_weights import rounded, weights_from_bytes, weights_to_bytes

PLACE = Path("model.safetensors")


def layer(seed: int = 0) -> torch.nn.Linear:
    torch.manual_seed(seed)
    return torch.nn.Linear(50, 40)


def test_a_quarter_of_the_bytes_at_half_a_level_of_error() -> None:
    module = layer()
    data = weights_to_bytes(module, {}, torch.int8)
    assert len(data) < 0.35 * len(weights_to_bytes(module, {}, torch.float32))
    weight = weights_from_bytes(data, PLACE)["weight"]
    step = module.weight.detach().abs().amax(1, keepdim=True) / 127
    assert ((weight - module.weight).abs() <= 0.51 * step).all()


@pytest.mark.parametrize("dtype", [torch.float16, torch.int8])
def test_what_was_rounded_once_stays(dtype) -> None:
    module = layer()
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(rounded(parameter, dtype))
    weights = weights_from_bytes(weights_to_bytes(module, {}, dtype), PLACE)
    assert all(torch.equal(weights[name], p) for name, p in module.named_parameters())


def test_exact_takes_of_each_tensor_the_smallest_that_is() -> None:
    module = torch.nn.ModuleList(layer(seed) for seed in range(3))
    dtypes = (torch.int8, torch.float16, torch.float32)
    with torch.no_grad():
        for part, dtype in zip(module, dtypes, strict=True):
            for parameter in part.parameters():
                parameter.copy_(rounded(parameter, dtype))
    data = weights_to_bytes(module, {}, "exact")
    parts = load(data)
    assert [parts[f"{number}.weight"].dtype for number in range(3)] == list(dtypes)
    weights = weights_from_bytes(data, PLACE)
    assert all(torch.equal(weights[name], p) for name, p in module.named_parameters())


@pytest.mark.parametrize("shape", [(3, 2, 2, 40), (3, 2, 40, 2)])
def test_wide_rows_have_their_own_scales(shape) -> None:
    tensor = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    tensor[..., 0, :] *= 100
    module = torch.nn.Module()
    module.picture = torch.nn.Parameter(tensor)
    parts = load(weights_to_bytes(module, {}, torch.int8))
    runs = tensor.reshape(12, 40) if shape[-1] == 40 else tensor.reshape(3, 160)
    slow = torch.stack([run.div(run.abs().max() / 127).round() for run in runs])
    assert parts["picture.scale"].shape == (shape[:3] if shape[-1] == 40 else shape[:1])
    assert (parts["picture"].reshape(runs.shape) - slow).abs().max() <= 1
    back = weights_from_bytes(weights_to_bytes(module, {}, torch.int8), PLACE)["picture"]
    worst = (back.reshape(runs.shape) - runs).abs().amax(1)
    assert (worst <= 0.51 * runs.abs().amax(1) / 127).all()


def test_rows_of_nothing_and_next_to_nothing() -> None:
    tensor = torch.tensor([[0.0, 0.0], [1e-9, -1e-9], [1e4, 1.0]])
    assert rounded(tensor, torch.int8)[:2].abs().max() == 0
    assert rounded(tensor, torch.int8)[2, 0] == pytest.approx(1e4, rel=1e-3)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e9])
def test_numbers_that_a_file_cannot_hold(value) -> None:
    module = layer()
    module.weight.data[3, 4] = value
    with pytest.raises(InputError, match="not finite"):
        weights_to_bytes(module, {}, torch.int8)


def test_a_weight_that_is_called_scale_is_one() -> None:
    module = torch.nn.Module()
    module.scale = torch.nn.Parameter(torch.randn(3, 4))
    module.inner = layer()
    module.inner.scale = torch.nn.Parameter(torch.randn(2))
    weights = weights_from_bytes(weights_to_bytes(module, {}, torch.float32), PLACE)
    assert all(torch.equal(weights[name], p) for name, p in module.named_parameters())


def test_a_scale_of_another_size_is_damage() -> None:
    parts = load(weights_to_bytes(layer(), {}, torch.int8))
    parts["weight.scale"] = parts["weight.scale"][:-1].clone()
    with pytest.raises(CorruptedError, match="scale of weight"):
        weights_from_bytes(save(parts), PLACE)
