import itertools

import pytest
import torch

from selfsame.errors import InputError
from selfsame.priors.diffusion.backbone import (
    Backbone,
    Condition,
    from_patches,
    grid_places,
    to_patches,
    waves,
)
from selfsame.priors.diffusion.config import NetworkConfig
from support.gaussian_data import normal
from support.small_diffusion import SMALL, awake

F32 = torch.float32


def network(outputs: int = 3, asleep: bool = False, **options) -> Backbone:
    torch.manual_seed(0)
    made = Backbone(NetworkConfig(**SMALL | options), outputs)
    if not asleep:
        awake(made)
    return made.eval()


def tokens(count: int = 5, seed: int = 0) -> torch.Tensor:
    return normal(count, 4, 3, seed=seed, dtype=F32)


NOISE = torch.tensor([-3.0, -1.0, 0.0, 1.0, 3.0])
PLACES = grid_places(2, 2)


def close(a, b) -> bool:
    return torch.allclose(a, b, atol=1e-5)


def test_before_training_it_says_nothing() -> None:
    found = network(asleep=True, grid=(2, 2), classes=3, context=6)(
        tokens(),
        NOISE,
        Condition(torch.tensor([0, 1, 2, -1, 0]), normal(5, 2, 6, dtype=F32)),
        positions=PLACES,
    )
    assert found.shape == (5, 4, 3)
    assert (found == 0).all()


def test_without_places_permuted_tokens_have_permuted_outputs() -> None:
    order = torch.tensor([2, 0, 3, 1])
    for options in ({}, {"classes": 2, "context": 6}):
        made = network(**options)
        plain, moved = made(tokens(), NOISE), made(tokens()[:, order], NOISE)
        assert close(moved, plain[:, order])
    with_places = network(grid=(2, 2))
    plain = with_places(tokens(), NOISE, positions=PLACES)
    moved = with_places(tokens()[:, order], NOISE, positions=PLACES)
    assert not close(moved, plain[:, order])
    both = with_places(tokens()[:, order], NOISE, positions=PLACES[order])
    assert close(both, plain[:, order])


def test_patches_are_squares_of_tokens_row_by_row() -> None:
    config = NetworkConfig(tokens=24, numbers=3, grid=(4, 6), patch=2)
    x = normal(2, 24, 3, dtype=F32)
    patches = to_patches(x, config)
    assert patches.shape == (2, 6, 12)
    for row, column in itertools.product(range(4), range(6)):
        number = 2 * (row % 2) + column % 2
        part = patches[:, 3 * (row // 2) + column // 2, 3 * number : 3 * number + 3]
        assert torch.equal(part, x[:, 6 * row + column])
    assert torch.equal(from_patches(patches, config), x)


def test_a_patch_is_one_token_of_more_numbers() -> None:
    sides = {"tokens": 16, "grid": (4, 4)}
    patched = network(**sides, patch=2, context=6)
    plain = network(12, tokens=4, numbers=12, grid=(2, 2), context=6)
    plain.load_state_dict(patched.state_dict())
    x, told = normal(5, 16, 3, dtype=F32), Condition(context=normal(5, 2, 6, dtype=F32))
    found = patched(x, NOISE, told, positions=PLACES)
    assert found.shape == (5, 16, 3)
    wanted = plain(to_patches(x, patched.config), NOISE, told, positions=PLACES)
    assert torch.equal(to_patches(found, patched.config), wanted)
    with pytest.raises(InputError, match="in patches"):
        patched(x, NOISE, positions=PLACES, mask=torch.ones(5, 16, dtype=torch.bool))


def test_tokens_that_are_not_there_change_nothing() -> None:
    made = network(grid=(2, 2))
    mask = torch.tensor([[1, 1, 1, 0]] * 4 + [[0, 0, 0, 0]], dtype=torch.bool)
    found = made(tokens(), NOISE, positions=PLACES, mask=mask)
    other = torch.where(mask[..., None], tokens(), 1e3 * tokens(seed=1))
    assert torch.equal(found, made(other, NOISE, positions=PLACES, mask=mask))
    alone = made(tokens()[:4, :3], NOISE[:4], positions=PLACES[:3])
    assert close(found[:4, :3], alone)
    assert (found[:4, 3] == 0).all()
    assert (found[4] == 0).all()
    assert (made.features(tokens(), NOISE, positions=PLACES, mask=mask)[:4, 3] == 0).all()


def test_time_label_and_context_matter_and_no_label_is_one_more() -> None:
    made = network(classes=2, context=6)
    x, context = tokens(), normal(5, 3, 6, dtype=F32)
    plain = made(x, NOISE)
    assert not close(made(x, NOISE.flip(0))[:2], plain[:2])
    labelled = made(x, NOISE, Condition(torch.tensor([0, 1, -1, 0, -1])))
    assert [close(a, b) for a, b in zip(labelled, plain, strict=True)] == [
        False,
        False,
        True,
        False,
        True,
    ]
    seen = made(x, NOISE, Condition(context=context))
    assert not any(close(a, b) for a, b in zip(seen, plain, strict=True))
    # A part of the context that is masked is as one that is not there.
    mask = torch.tensor([[1, 1, 0]] * 5, dtype=torch.bool)
    part = made(x, NOISE, Condition(context=context, context_mask=mask))
    assert close(part, made(x, NOISE, Condition(context=context[:, :2])))
    assert not close(part, seen)
    # Its order says nothing: places in it are the context's own business.
    assert close(made(x, NOISE, Condition(context=context.flip(1))), seen)


def test_a_hidden_condition_is_none() -> None:
    made = network(classes=2, context=6)
    x, context = tokens(), normal(5, 3, 6, dtype=F32)
    which = torch.tensor([True, False, True, False, False])
    condition = Condition(torch.tensor([0, 1, 1, 0, 1]), context)
    full, plain = made(x, NOISE, condition), made(x, NOISE)
    found = made(x, NOISE, condition.hidden(which))
    assert close(found[which], plain[which])
    assert close(found[~which], full[~which])
    nobody = made(x, NOISE, condition.hidden(torch.ones(5, dtype=torch.bool)))
    assert close(nobody, plain)
    assert condition.labels.tolist() == [0, 1, 1, 0, 1], "hiding changed the caller's labels"
    assert Condition().hidden(which) == Condition()


def test_every_weight_learns() -> None:
    made = network(grid=(2, 2), classes=3, context=6)
    condition = Condition(torch.tensor([0, 1, 2, -1, 0]), normal(5, 2, 6, dtype=F32))
    made(tokens(), NOISE, condition, positions=PLACES).square().sum().backward()
    for name, parameter in made.named_parameters():
        # A bias that all keys share changes no attention.
        assert parameter.grad is not None, name
        assert parameter.grad.abs().max() > 0, name


def test_samples_do_not_know_each_other() -> None:
    made = network(classes=2)
    labels = torch.tensor([0, 1, 1, 0, -1])
    whole = made(tokens(), NOISE, Condition(labels))
    for i in range(5):
        one = slice(i, i + 1)
        assert close(made(tokens()[one], NOISE[one], Condition(labels[one])), whole[one])


def test_places_are_about_the_centre_row_by_row() -> None:
    assert grid_places(2, 3).tolist() == [
        [-0.5, -1], [-0.5, 0], [-0.5, 1], [0.5, -1], [0.5, 0], [0.5, 1]
    ]  # fmt: skip
    large, small = grid_places(4, 4).reshape(4, 4, 2), grid_places(2, 2).reshape(2, 2, 2)
    assert torch.equal(large[1:3, 1:3], small)


def test_waves_are_told_apart_near_and_far() -> None:
    found = waves(torch.tensor([[-10.0], [-9.99], [9.0], [10.0]]), 0.05, 20.0)
    assert found.shape == (4, 64)
    distance = torch.cdist(found, found)
    assert distance[0, 1] > 0.1
    assert distance[0, 3] > 3
    assert found.abs().max() <= 1


def test_half_precision_is_near_single() -> None:
    made = network(grid=(2, 2), classes=3, context=6)
    condition = Condition(torch.tensor([0, 1, 2, -1, 0]), normal(5, 2, 6, dtype=F32))
    plain = made(tokens(), NOISE, condition, positions=PLACES)
    with torch.autocast("cpu", torch.bfloat16):
        half = made(tokens(), NOISE, condition, positions=PLACES)
    assert (half - plain).abs().max() < 0.05 * plain.abs().max()
    double = made.double()(
        tokens().double(),
        NOISE.double(),
        condition.map(lambda x: x.double() if x.is_floating_point() else x),
        positions=PLACES,
    )
    assert double.dtype == torch.float64
    assert (double - plain).abs().max() < 1e-4 * plain.abs().max()


@pytest.mark.parametrize(
    ("options", "call", "text"),
    [
        ({}, {"tokens": torch.zeros(5, 4, 2)}, r"latents must be \(B, T, 3\): got \(5, 4, 2\)"),
        ({}, {"tokens": torch.zeros(5, 3)}, "latents must be"),
        ({}, {"positions": PLACES}, "needs no positions"),
        ({"grid": (2, 2)}, {}, "needs positions"),
        ({}, {"condition": Condition(torch.zeros(5).long())}, "knows no classes"),
        ({}, {"condition": Condition(context=torch.zeros(5, 1, 2))}, "of 0 numbers a token: got 2"),
        ({"context": 3}, {"condition": Condition(context=torch.zeros(5, 1, 2))}, "of 3 numbers"),
    ],
)
def test_what_it_is_not_made_for_is_refused(options, call, text) -> None:
    with pytest.raises(InputError, match=text):
        network(**options)(**{"tokens": tokens(), "noise": NOISE} | call)
