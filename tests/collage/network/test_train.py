import pytest
import torch
from torch.nn import functional as F

from selfsame.collage.network.model import CollageConfig
from selfsame.collage.network.train import CollageObjective, CollageTask
from selfsame.errors import InputError
from support.small_model import small_model

CONFIG = CollageConfig(atoms=(20, 6), width=16, depth=1)


def _batch(count: int = 4) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    coarse = torch.rand(count, 3, 8, 8, generator=generator)
    return F.interpolate(coarse, (64, 64), mode="bilinear")


def _mean_loss(task: CollageTask) -> float:
    with torch.no_grad():
        losses = [task.loss(_batch(), 0, torch.Generator().manual_seed(i))[0] for i in range(8)]
    return torch.stack(losses).mean().item()


@pytest.mark.parametrize("distortion", ["decode", "collage"])
def test_descent_lowers_the_loss_and_moves_every_part(distortion):
    torch.manual_seed(0)
    task = CollageTask(CONFIG, CollageObjective(distortion=distortion, regularisation=0.01))
    before = {name: p.clone() for name, p in task.model.named_parameters()}
    groups = [
        {"params": list(g.parameters), "lr": 1e-3 * g.lr_multiplier}
        for g in task.parameter_groups()
    ]
    optimizer = torch.optim.Adam(groups)
    start = _mean_loss(task)
    for step in range(25):
        loss, metrics = task.loss(_batch(), 0, torch.Generator().manual_seed(100 + step))
        assert set(metrics) == {"loss", "distortion", "bpp"}
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert _mean_loss(task) < 0.97 * start
    still = [n for n, p in task.model.named_parameters() if torch.equal(p, before[n])]
    assert not still


def test_every_parameter_is_in_one_group():
    task = CollageTask(CONFIG)
    grouped = [id(p) for group in task.parameter_groups() for p in group.parameters]
    assert sorted(grouped) == sorted(id(p) for p in task.model.parameters())


def test_a_step_repeats():
    task = CollageTask(CONFIG)
    losses = {task.loss(_batch(), 0, torch.Generator().manual_seed(7))[0].item() for _ in range(2)}
    assert len(losses) == 1
    assert task.loss(_batch(), 0, torch.Generator().manual_seed(8))[0].item() not in losses


def test_grey_crops_train_too():
    loss, _ = CollageTask(CONFIG).loss(_batch()[:, :1], 0, torch.Generator().manual_seed(0))
    loss.backward()
    assert torch.isfinite(loss)


def test_validation_measures_rate_and_quality():
    pictures = [(255 * _batch(1)[0].permute(1, 2, 0)[:50, :41]).to(torch.uint8).numpy()]
    task = CollageTask(CONFIG, validation=pictures)
    with torch.no_grad():
        measured = task.validate(task.model, slice(None)).values
    rates = [v for k, v in measured.items() if k.startswith("bpp")]
    qualities = [v for k, v in measured.items() if k.startswith("psnr")]
    assert len(rates) == len(qualities) == 5
    assert rates == sorted(rates, reverse=True)
    assert qualities[0] > qualities[-1]


def test_training_goes_on_from_a_model_of_the_same_shape(tmp_path):
    path = tmp_path / "m.safetensors"
    model = small_model()
    model.save_pretrained(path)
    task = CollageTask(init=path)
    assert task.model.decoder.fingerprint() == model.decoder.fingerprint()
    with pytest.raises(InputError, match="shape"):
        CollageTask(CollageConfig(), init=path)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"distortion": "both"}, "distortion must be one of decode, collage: got 'both'"),
        ({"rate_weight": 0}, "rate_weight must be a number above 0"),
        ({"regularisation": -1}, "regularisation must be a number within 0"),
    ],
)
def test_odd_objectives_are_refused(options, words):
    with pytest.raises(InputError, match=words):
        CollageObjective(**options)
