import math
from dataclasses import replace

import pytest
import torch

from selfsame.errors import InputError
from selfsame.priors.vdvae import train as priors_train
from selfsame.priors.vdvae.bounds import Elbo, elbo
from selfsame.priors.vdvae.config import CollageHeadConfig, Level, VdvaeConfig
from selfsame.priors.vdvae.network import Vdvae
from selfsame.priors.vdvae.train import VdvaeObjective, VdvaeTask
from selfsame.training import TrainSettings, train
from selfsame.training.checkpoint import checkpoints, load_checkpoint
from selfsame.training.logs import read_log
from selfsame.training.task import joint_means

CONFIG = VdvaeConfig(
    side=8,
    levels=(Level(1, 8, 2, 1, 2), Level(2, 8, 2, 1, 1)),
    collage=CollageHeadConfig(hidden=8, aux_blocks=2),
)
SETTINGS = TrainSettings(
    steps=6,
    batch=4,
    lr=1e-2,
    warmup_steps=0,
    gradient_clip=200.0,
    device="cpu",
    workers=0,
    log_every=1,
    checkpoint_every=2,
    ema_decay=0.5,
)


def squares(count: int, seed: int = 0) -> torch.Tensor:
    """Return black pictures with a white square of 4x4 somewhere."""
    generator = torch.Generator().manual_seed(seed)
    pictures = torch.zeros(count, 1, 8, 8)
    for picture, (row, column) in zip(
        pictures, torch.randint(5, (count, 2), generator=generator).tolist(), strict=True
    ):
        picture[0, row : row + 4, column : column + 4] = 1
    return pictures


class Squares:
    """The same few pictures, in turn."""

    def batch(self, seed, step, indices):
        return squares(20)[[(4 * step + i) % 20 for i in indices]]


def task(objective=None, head="collage", **options) -> VdvaeTask:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        return VdvaeTask(replace(CONFIG, head=head), objective, **options)


def noise(seed: int = 3) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def weights(model) -> list[torch.Tensor]:
    return [value.clone() for value in model.state_dict().values()]


def equal(one, other) -> bool:
    return all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


def logged(folder, kind="train"):
    return [line for line in read_log(folder) if line["kind"] == kind]


@pytest.mark.parametrize("head", ["collage", "plain"])
def test_the_loss_is_the_bound_in_nats_per_picture(head) -> None:
    learner = task(VdvaeObjective(detail_weight=0.0), head)
    batch = squares(5)
    loss, measures = learner.loss(batch, 0, noise())
    with torch.no_grad():
        bound = elbo(learner.model, batch, noise())
    expected = -bound.total.mean().item()
    assert loss.item() == pytest.approx(expected, rel=1e-6)
    assert measures["negative_elbo"].item() == pytest.approx(expected, rel=1e-6)
    parts = (measures["distortion"] + measures["kl"]).item()
    assert parts == pytest.approx(expected, rel=1e-6)
    assert measures["bits_per_dimension"].item() == pytest.approx(expected / 64 / math.log(2))
    loss.backward()
    assert all(p.grad is not None for p in learner.model.parameters())


def test_detail_is_weighed_on_a_share_of_the_batch_of_collage_heads() -> None:
    batch = squares(16)
    plain, _ = task(VdvaeObjective(detail_weight=0.0)).loss(batch, 0, noise())
    learner = task(VdvaeObjective(detail_weight=100.0))
    loss, measures = learner.loss(batch, 0, noise())
    features = learner.model.infer(batch, noise()).features
    expected = learner.model.head.detail(features[:2]).mean()
    assert expected > 1e-5
    assert measures["detail"].item() == pytest.approx(expected.item(), rel=1e-5)
    assert (loss - plain).item() == pytest.approx(100 * expected.item(), rel=1e-3)
    assert "detail" not in task(head="plain").loss(batch, 0, noise())[1]


def test_free_bits_cost_nothing_and_have_no_gradient() -> None:
    kl = torch.tensor([[0.2, 3.0], [0.6, 5.0]], requires_grad=True)
    bound = Elbo(torch.tensor([-10.0, -20.0]), kl)
    # Means by block: 0.4, which is raised to 1, and 4.
    loss = VdvaeObjective(free_bits=1.0).loss(bound, 0)
    assert loss.item() == pytest.approx(15 + 1 + 4)
    loss.backward()
    assert kl.grad.tolist() == [[0, 0.5], [0, 0.5]]
    assert VdvaeObjective().loss(bound, 0).item() == pytest.approx(15 + 0.4 + 4)


def test_the_weight_of_the_kl_rises_in_equal_steps() -> None:
    objective = VdvaeObjective(kl_warmup_steps=3, free_bits=1.0)
    assert [objective.kl_weight(step) for step in range(6)] == [0.25, 0.5, 0.75, 1, 1, 1]
    assert VdvaeObjective().kl_weight(0) == 1
    bound = Elbo(torch.zeros(1), torch.full((1, 2), 3.0))
    assert objective.loss(bound, 1).item() == pytest.approx(0.5 * 6)


def test_a_training_that_goes_on_is_where_the_warmup_was(tmp_path) -> None:
    objective = VdvaeObjective(detail_weight=0.0, kl_warmup_steps=4)
    train(task(objective), Squares(), SETTINGS, tmp_path, stop_after=2)
    train(task(objective), Squares(), SETTINGS, tmp_path)
    found = [(x["loss"] - x["distortion"]) / x["kl"] for x in logged(tmp_path)]
    assert found == pytest.approx([0.2, 0.4, 0.6, 0.8, 1, 1], rel=1e-4)


def test_validation_is_the_mean_over_pictures_by_parts(monkeypatch) -> None:
    monkeypatch.setattr(priors_train, "_VALUES", 4 * 64 + 1)
    pictures = squares(10, seed=5)
    learner = task(validation=pictures)
    found = learner.validate(learner.model, slice(None)).values
    again = learner.validate(learner.model, slice(None)).values
    with torch.no_grad():
        parts = enumerate(torch.split(pictures, 4))
        bounds = [elbo(learner.model, part, noise(number)) for number, part in parts]
    assert found == again
    total = sum(bound.total.sum().item() for bound in bounds) / 10
    kl = sum(bound.kl.sum(0) for bound in bounds) / 10
    assert found["negative_elbo"] == pytest.approx(-total, rel=1e-6)
    assert found["kl"] == pytest.approx(kl.sum().item(), rel=1e-6)
    assert found["distortion"] == pytest.approx(-total - kl.sum().item(), rel=1e-6)
    assert found["kl_at_1"] == pytest.approx(kl[:2].sum().item(), rel=1e-6)
    assert found["kl_at_2"] == pytest.approx(kl[2].item(), rel=1e-6)
    assert found["bits_per_dimension"] == pytest.approx(-total / 64 / math.log(2), rel=1e-6)
    assert task().validate(learner.model, slice(None)).values == {}
    for ranks in (2, 3, 4):  # more processes than parts, too
        shards = [learner.validate(learner.model, slice(i, None, ranks)) for i in range(ranks)]
        assert joint_means(shards) == pytest.approx(found, rel=1e-6)


@pytest.mark.parametrize("head", ["collage", "plain"])
def test_it_learns(tmp_path, head) -> None:
    learner = task(VdvaeObjective(kl_warmup_steps=10), head, validation=squares(20))
    settings = replace(SETTINGS, steps=60, batch=20, lr=3e-2, log_every=10, checkpoint_every=60)
    before = learner.validate(learner.model, slice(None)).values["negative_elbo"]
    result = train(learner, Squares(), settings, tmp_path)
    assert before > 40  # 64 coins have 44 nats
    assert result.validation["negative_elbo"] < 20
    assert {"negative_elbo", "distortion", "kl", "bits_per_dimension"} <= set(result.metrics)


def test_a_seed_repeats_a_training_in_pieces_or_not(tmp_path) -> None:
    whole, pieces, other = task(), task(), task()
    train(whole, Squares(), SETTINGS, tmp_path / "whole")
    for stop in (1, 3, None):
        pieces = task()
        train(pieces, Squares(), SETTINGS, tmp_path / "pieces", stop_after=stop)
    train(other, Squares(), replace(SETTINGS, seed=1), tmp_path / "other")
    assert equal(weights(whole.model), weights(pieces.model))
    assert not equal(weights(whole.model), weights(other.model))


def test_gradients_that_are_too_long_are_skipped_and_counted(tmp_path) -> None:
    learner = task()
    before = weights(learner.model)
    settings = replace(SETTINGS, gradient_skip=1e-6)
    result = train(learner, Squares(), settings, tmp_path)
    assert result.skipped == 6
    assert equal(weights(learner.model), before)


def test_the_average_of_the_weights_is_exported(tmp_path) -> None:
    learner = task()
    train(learner, Squares(), SETTINGS, tmp_path)
    learner.export(tmp_path / "model", {"steps": 6})
    state = load_checkpoint(checkpoints(tmp_path / "checkpoints")[0][1])["learner"]
    model = Vdvae.from_pretrained(tmp_path / "model")
    assert model.config == CONFIG
    for name, value in model.state_dict().items():
        average = learner.model.state_dict()[name]
        torch.testing.assert_close(value, average, atol=1e-3, rtol=1e-3)
    assert not equal(weights(learner.model), state["model"].values())


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"free_bits": -1}, "free_bits must be a finite number from 0: got -1"),
        ({"free_bits": math.nan}, "free_bits must be a finite number"),
        ({"detail_weight": -1}, "detail_weight must be a finite number from 0: got -1"),
        ({"free_bits": "many"}, "free_bits must be"),
        ({"kl_warmup_steps": -1}, "kl_warmup_steps must be a whole number from 0: got -1"),
        ({"kl_warmup_steps": 1.5}, "kl_warmup_steps must be a whole number"),
        ({"kl_warmup_steps": True}, "kl_warmup_steps must be"),
    ],
)
def test_odd_objectives_are_refused(options, text) -> None:
    with pytest.raises(InputError, match=text):
        VdvaeObjective(**options)
