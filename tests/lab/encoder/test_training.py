import torch

from selfsame.ifs.encoder import EncoderConfig
from selfsame.lab.encoder import training as encoder_training
from selfsame.lab.encoder.training import DoodleBatches, EncoderTask
from selfsame.training import TrainSettings, train

SMALL = EncoderConfig(side=16, width=24, layers=1, heads=2, rounds=2)


def task() -> EncoderTask:
    torch.manual_seed(0)
    return EncoderTask(SMALL)


def settings(**changes) -> TrainSettings:
    base = {"steps": 4, "batch": 4, "warmup_steps": 0, "log_every": 1, "device": "cpu"}
    return TrainSettings(**{**base, "checkpoint_every": 1, "workers": 0, **changes})


def test_batches_are_doodles_of_seed_and_step():
    batches = DoodleBatches(16, 4, 10)
    first = batches.batch(3, 0, range(4))
    assert first.shape == (4, 1, 16, 16)
    assert len(batches) == 40
    assert torch.equal(batches.batch(3, 0, [2, 1]), first[[2, 1]])
    assert not torch.equal(batches.batch(3, 1, range(4)), first)
    assert not torch.equal(batches.batch(4, 0, range(4)), first)


def test_training_lowers_the_error(tmp_path, monkeypatch):
    monkeypatch.setattr(encoder_training, "VALIDATION_PICTURES", 24)
    one = task()
    with torch.no_grad():
        one.model.steps.zero_()  # nothing but what is learned
    before = one.validate(one.model, slice(None)).values["error"]
    steps = settings(steps=20, batch=8, lr=5e-3, ema_decay=0.0, validate_every=20)
    result = train(one, DoodleBatches(16, 8, 20), steps, tmp_path)
    assert result.validation["error"] < 0.85 * before
    assert result.metrics["last"] < result.metrics["first"]


def test_a_stopped_training_goes_on_to_the_same_weights(tmp_path, monkeypatch):
    monkeypatch.setattr(encoder_training, "VALIDATION_PICTURES", 4)
    batches = DoodleBatches(16, 4, 4)
    whole, parts = task(), task()
    train(whole, batches, settings(), tmp_path / "whole")
    train(parts, batches, settings(), tmp_path / "parts", stop_after=2)
    again = task()
    train(again, batches, settings(), tmp_path / "parts")
    for name, weight in whole.model.state_dict().items():
        assert torch.equal(again.model.state_dict()[name], weight)


def test_the_command_trains_an_encoder(tmp_path, monkeypatch):
    monkeypatch.setattr(encoder_training, "VALIDATION_PICTURES", 4)
    from click.testing import CliRunner

    from selfsame.cli.train.encoder import command
    from selfsame.ifs.encoder import SetEncoder

    tiny = ["--set", "model.side=16", "--set", "model.width=24", "--set", "model.layers=1"]
    tiny += ["--steps", "2", "--batch", "2", "--device", "cpu", "--quiet"]
    result = CliRunner().invoke(command, ["-o", str(tmp_path / "run"), *tiny])
    assert result.exit_code == 0, result.output
    assert SetEncoder.from_pretrained(tmp_path / "run" / "model").config.width == 24
    assert CliRunner().invoke(command, ["pictures", "-o", str(tmp_path / "x")]).exit_code == 2
    result = CliRunner().invoke(command, ["-o", str(tmp_path / "x"), "--set", "data.side=16"])
    assert "TABLE one of train, model, card" in str(result.exception)
