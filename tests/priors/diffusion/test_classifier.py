from dataclasses import replace

import pytest
import torch
from torch.nn import functional as F

from selfsame.errors import InputError
from selfsame.priors.diffusion import losses
from selfsame.priors.diffusion.classifier import ClassifierTask, NoisyClassifier
from selfsame.priors.diffusion.config import ClassifierConfig, DiffusionObjective
from selfsame.training import TrainSettings, train
from support.gaussian_data import PAIR, normal
from support.small_diffusion import SMALL, awake

F32 = torch.float32


def classifier(**options) -> NoisyClassifier:
    torch.manual_seed(0)
    model = NoisyClassifier(ClassifierConfig(**SMALL | options))
    awake(model)
    return model.eval()


def points(count: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    labels = (torch.rand(count, generator=generator) < 0.7).long()
    noise = torch.randn(count, 2, generator=generator, dtype=torch.float64)
    along = (noise * PAIR.widths[labels].sqrt())[:, None] @ PAIR.axes[labels].mT
    return (PAIR.means[labels][:, None] + along).float(), labels


def batch_of(values, labels, **known) -> dict[str, torch.Tensor]:
    return {"values": values, "labels": labels, **known}


class Points:
    def batch(self, seed, step, indices):
        return batch_of(*points(len(indices), seed + 1000 * step))


def test_a_classifier_comes_back(tmp_path) -> None:
    model = classifier(classes=3, class_names=("a", "b", "c"), schedule="cosine")
    model.save_pretrained(tmp_path / "c", dtype=torch.float32)
    again = NoisyClassifier.from_pretrained(tmp_path / "c")
    z, level = normal(2, 4, 3, dtype=F32), model.schedule.level(torch.tensor([0.3, 0.6]))
    assert torch.equal(again(z, level), model(z, level))
    assert again.config == model.config


def test_a_set_is_classified_by_the_tokens_that_are_there() -> None:
    model, z = classifier(), normal(2, 4, 3, dtype=F32)
    level = model.schedule.level(torch.tensor(0.5))
    mask = torch.tensor([[True, True, True, False]] * 2)
    found = model(z, level, mask)
    assert torch.allclose(found, model(z[:, :3], level), atol=1e-5)
    order = torch.tensor([2, 1, 3, 0])
    assert torch.allclose(model(z[:, order], level, mask[:, order]), found, atol=1e-5)


def test_probabilities_are_of_the_labels_and_none_of_no_label() -> None:
    model, z = classifier(classes=3), normal(3, 4, 3, dtype=F32)
    level = model.schedule.level(torch.tensor(0.5))
    found = model.log_probability(torch.tensor([0, 2, -1]))(z, level)
    expected = -F.cross_entropy(model(z, level)[:2], torch.tensor([0, 2]), reduction="none")
    assert torch.allclose(found[:2], expected)
    assert found[2] == 0


def test_it_learns_what_bayes_says(tmp_path) -> None:
    model = classifier(tokens=1, numbers=2, width=32, depth=1, classes=2)
    model.learn_scale(points(2000, 1)[0])
    settings = TrainSettings(
        steps=150, batch=128, lr=1e-2, warmup_steps=10, ema_decay=0.98, device="cpu", workers=0,
        validate_every=0, checkpoint_every=150,
    )  # fmt: skip
    task = ClassifierTask(model, validation=batch_of(*points(512, 2)))
    result = train(task, Points(), settings, tmp_path)
    assert result.validation["accuracy"] > 0.8
    # By Bayes, over many points of either kind in the place of their densities.
    many, labels = points(4000, 4)
    many = model.standardised(many)
    x = model.standardised(points(300, 3)[0])
    for time in (0.2, 0.5, 0.8):
        level = model.schedule.level(torch.tensor(time))
        z = level.alpha.float() * x + level.sigma.float() * normal(300, 1, 2, dtype=F32)
        found = model(z, level).detach().softmax(1)[:, 1]
        off = (z - level.alpha.float() * many[:, 0]).square().sum(-1)
        shares = (-off / (2 * level.sigma.float() ** 2)).softmax(1)
        expected = shares @ labels.float()
        assert float((found - expected).abs().mean()) < 0.08


def test_validation_is_the_same_by_however_many_processes(monkeypatch) -> None:
    monkeypatch.setattr(losses, "_PART", 3)
    mask = torch.arange(4) < 1 + torch.arange(8)[:, None] % 4
    batch = batch_of(normal(8, 4, 3, dtype=F32), torch.arange(8) % 2, mask=mask)
    task = ClassifierTask(classifier(), validation=batch)
    whole = task.validate(task.model, slice(None))
    parts = [task.validate(task.model, slice(k, None, 2)) for k in range(2)]
    assert [part.samples for part in parts] == [5, 3]
    for name, value in whole.values.items():
        assert sum(p.samples * p.values[name] for p in parts) / 8 == pytest.approx(value)
    # What there is not counts for nothing.
    other = batch | {"values": torch.where(mask[..., None], batch["values"], 9.0)}
    again = ClassifierTask(task.model, validation=other).validate(task.model, slice(None))
    assert again.values == pytest.approx(whole.values, abs=1e-5)


def test_validation_and_settings() -> None:
    model = classifier()
    assert ClassifierTask(model).validate(model, slice(None)).values == {}
    values, labels = normal(8, 4, 3, dtype=F32), torch.arange(8) % 2
    task = ClassifierTask(model, validation=batch_of(values, labels))
    found = task.validate(model, slice(None))
    assert found.samples == 8
    assert task.validate(model, slice(1, None, 2)).samples == 0
    assert set(found.values) == {"cross_entropy", "accuracy"}
    with pytest.raises(InputError, match="latents with labels: got none"):
        task.loss({"values": values}, 0, torch.Generator())
    clean = ClassifierTask(model, replace(DiffusionObjective(), times="uniform"))
    loss, metrics = clean.loss(batch_of(values, labels), 0, torch.Generator().manual_seed(0))
    assert loss.ndim == 0
    assert 0 <= float(metrics["accuracy"]) <= 1
