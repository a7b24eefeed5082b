from dataclasses import replace

import pytest
import torch

from selfsame.errors import InputError, SettingError
from selfsame.priors.diffusion.backbone import Condition
from selfsame.priors.diffusion.config import DiffusionConfig, DiffusionObjective, SamplerSettings
from selfsame.priors.diffusion.generation import sample_latents
from selfsame.priors.diffusion.likelihood import variational_bound
from selfsame.priors.diffusion.losses import latents_of
from selfsame.priors.diffusion.model import DiffusionModel
from selfsame.priors.diffusion.train import DiffusionTask
from selfsame.training import TrainSettings, train
from selfsame.training.logs import read_log
from selfsame.training.task import joint_means
from support.gaussian_data import PAIR, normal
from support.small_diffusion import SMALL, small_diffusion

F32 = torch.float32
SETTINGS = TrainSettings(
    steps=8,
    batch=16,
    lr=3e-3,
    warmup_steps=0,
    device="cpu",
    workers=0,
    log_every=4,
    checkpoint_every=4,
    ema_decay=0.9,
)
PLANE = {"tokens": 1, "numbers": 2, "width": 32, "depth": 1, "heads": 2}


def points(count: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return points of the pair, in units of their own, and which of the two each is of."""
    generator = torch.Generator().manual_seed(seed)
    labels = (torch.rand(count, generator=generator) < PAIR.weights[1]).long()
    noise = torch.randn(count, 2, generator=generator, dtype=torch.float64)
    along = (noise * PAIR.widths[labels].sqrt())[:, None] @ PAIR.axes[labels].mT
    values = PAIR.means[labels][:, None] + along
    return (10 * values + 3).float(), labels


def batch_of(count: int, seed: int) -> dict[str, torch.Tensor]:
    return dict(zip(("values", "labels"), points(count, seed), strict=True))


class Points:
    """Fresh points in every batch."""

    def batch(self, seed, step, indices):
        return batch_of(len(indices), seed + 1000 * step + indices[0])


def task_of(objective=None, validation=None, **options) -> DiffusionTask:
    torch.manual_seed(1)
    model = DiffusionModel(DiffusionConfig(**PLANE | options))
    model.learn_scale(points(2000, 7)[0])
    return DiffusionTask(model, objective, validation=validation)


def sliced_distance(one: torch.Tensor, other: torch.Tensor) -> float:
    """Return the root of the mean squared Wasserstein distance along 32 directions, of as many
    points."""
    angles = torch.linspace(0, torch.pi, 33)[:-1]
    directions = torch.stack([angles.cos(), angles.sin()])
    along = [(points @ directions).sort(0).values for points in (one, other)]
    return float((along[0] - along[1]).square().mean().sqrt())


@pytest.mark.parametrize(
    ("options", "objective"),
    [
        ({}, {}),
        (
            {"prediction": "epsilon", "schedule": "linear", "learned_variance": True},
            {"times": "discrete"},
        ),
        (
            {"prediction": "edm", "schedule": "karras"},
            {"times": "log-normal", "times_mean": -0.5, "times_std": 1.2},
        ),
    ],
    ids=["flow", "ddpm", "edm"],
)
def test_it_learns_points_of_two_kinds(options, objective, tmp_path) -> None:
    """Of 320 points by 320 others: 0.7 to 1.5; of one Gaussian as wide 3.5 to 4, of one of the two
    kinds 8.7."""
    learner = task_of(DiffusionObjective(**objective), classes=2, **options)
    settings = replace(SETTINGS, steps=300, batch=128, lr=1e-2, warmup_steps=20, ema_decay=0.97)
    result = train(learner, Points(), replace(settings, checkpoint_every=300), tmp_path)
    ddpm = SamplerSettings(sampler="ddpm", steps=30, variance="learned")
    sampler = ddpm if "learned_variance" in options else SamplerSettings(steps=10)
    data, labels = points(320, 3)
    made = sample_latents(learner.model, 320, sampler, condition=Condition(labels))
    assert sliced_distance(made[:, 0], data[:, 0]) < 1.6
    for label in (0, 1):
        own = labels == label
        assert (made[own].mean(0) - data[own].mean(0)).norm() < 2
    if "learned_variance" in options:  # 7 to 16 nats per number before
        assert result.metrics["bound"] < 6


def test_the_loss_is_that_of_its_parts_and_repeats() -> None:
    objective = DiffusionObjective(times="discrete", variance_weight=0.25, drop=0.0)
    learner = task_of(
        objective, prediction="epsilon", schedule="linear", learned_variance=True, classes=2
    )
    batch = batch_of(32, 0)
    found = [learner.loss(batch, 0, torch.Generator().manual_seed(s)) for s in (0, 0, 1)]
    assert found[0][0] == found[1][0] != found[2][0]
    loss, parts = found[0]
    torch.testing.assert_close(loss, parts["denoising"] + 0.25 * parts["bound"])
    # Of a network that says nothing the error is the noise.
    assert parts["denoising"].item() == pytest.approx(1, abs=0.3)
    loss.backward()
    assert learner.model.backbone.leave.weight.grad is not None


def test_the_bound_that_is_learned_is_that_of_the_whole_chain() -> None:
    learner = task_of(
        DiffusionObjective(times="discrete"),
        prediction="v",
        schedule="cosine",
        learned_variance=True,
        chain=10,
    )
    values = points(4000, 0)[0]
    _, parts = learner.loss({"values": values}, 0, torch.Generator().manual_seed(0))
    model, generator = learner.model, torch.Generator().manual_seed(1)
    x = model.standardised(values)
    whole = variational_bound(
        model.denoiser(), x, model.chain, lambda like: torch.randn(like.shape, generator=generator)
    )
    assert parts["bound"].item() == pytest.approx(whole.steps.sum(1).mean().item() / 2, rel=0.05)


def test_labels_are_hidden_in_their_share() -> None:
    learner = DiffusionTask(small_diffusion(classes=2), DiffusionObjective(drop=0.3))
    values, labels = normal(2000, 4, 3, dtype=F32), torch.ones(2000).long()
    batch, seen = {"values": values, "labels": labels}, []
    learner.model.backbone.register_forward_pre_hook(lambda _, args: seen.append(args[2].labels))
    learner.loss(batch, 0, torch.Generator().manual_seed(0))
    assert float((seen[0] == -1).float().mean()) == pytest.approx(0.3, abs=0.05)
    assert ((seen[0] == -1) | (seen[0] == 1)).all()
    assert (labels == 1).all()
    learner.objective = DiffusionObjective(drop=0.0)
    learner.loss(batch, 0, torch.Generator().manual_seed(0))
    assert (seen[1] == 1).all()


def test_a_model_without_classes_does_not_read_the_labels() -> None:
    learner = DiffusionTask(small_diffusion(), DiffusionObjective(drop=0.0))
    values = normal(8, 4, 3, dtype=F32)
    losses = [
        learner.loss(batch, 0, torch.Generator().manual_seed(0))[0].item()
        for batch in ({"values": values}, {"values": values, "labels": torch.ones(8).long()})
    ]
    assert losses[0] == losses[1]


def test_tokens_that_are_not_there_do_not_count() -> None:
    learner = DiffusionTask(small_diffusion(), DiffusionObjective())
    values, mask = (
        normal(8, 4, 3, dtype=F32),
        torch.arange(4) < torch.tensor([[1], [2], [3], [4]] * 2),
    )

    def loss(values, learner=learner, **known):
        batch = {"values": values, **known}
        return learner.loss(batch, 0, torch.Generator().manual_seed(0))[0].item()

    other = torch.where(mask[..., None], values, 1e3 * values)
    assert loss(values, mask=mask) == loss(other, mask=mask)
    # Of a network that says 0 for x0 it is the mean square of the numbers that are there.
    silent = DiffusionModel(DiffusionConfig(**SMALL, prediction="x0"))
    found = loss(values, DiffusionTask(silent), mask=mask)
    expected = torch.stack(
        [row[there].square().mean() for row, there in zip(values, mask, strict=True)]
    )
    assert found == pytest.approx(expected.mean().item())
    assert loss(values, mask=mask) != loss(values)


def test_validation_is_the_same_by_any_number_of_processes() -> None:
    learner = task_of(classes=2, validation=batch_of(600, 5), prediction="x0")  # says 0
    whole = learner.validate(learner.model, slice(None))
    assert whole.samples == 600
    expected = learner.model.standardised(points(600, 5)[0]).square().mean()
    assert whole.values["loss"] == pytest.approx(expected.item())
    for ranks in (2, 4):
        shards = [learner.validate(learner.model, slice(i, None, ranks)) for i in range(ranks)]
        assert joint_means(shards) == pytest.approx(whole.values)
    assert task_of().validate(learner.model, slice(None)).values == {}


def test_a_training_in_pieces_is_the_whole_one(tmp_path) -> None:
    whole, pieces = task_of(), task_of()
    train(whole, Points(), SETTINGS, tmp_path / "whole")
    for stop in (3, None):
        pieces = task_of()
        train(pieces, Points(), SETTINGS, tmp_path / "pieces", stop_after=stop)
    for one, other in zip(
        whole.model.state_dict().values(), pieces.model.state_dict().values(), strict=True
    ):
        assert torch.equal(one, other)
    logged = [line for line in read_log(tmp_path / "whole") if line["kind"] == "train"]
    assert {"loss", "denoising", "gradient_norm"} <= set(logged[-1])
    whole.export(tmp_path / "model")
    again = DiffusionModel.from_pretrained(tmp_path / "model")
    assert torch.allclose(again.mean, whole.model.mean, rtol=1e-3)


def test_half_precision_trains(tmp_path) -> None:
    learner = task_of(validation=batch_of(64, 5))
    settings = replace(SETTINGS, precision="bfloat16")
    result = train(learner, Points(), settings, tmp_path)
    assert result.precision == "bfloat16"
    assert result.validation["loss"] < 4


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(SettingError, match="times must be discrete, got 'uniform'"):
        task_of(DiffusionObjective(times="uniform"), learned_variance=True)
    values, labels = points(8, 0)
    for batch in ({"values": values, "labels": labels[:5]}, {"labels": labels}):
        with pytest.raises(InputError, match="latents, its values, and as many of all else"):
            latents_of(batch)
