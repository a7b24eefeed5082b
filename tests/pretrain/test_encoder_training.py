import pytest
import torch

from selfsame.errors import InputError
from selfsame.ifs.encoder import EncoderConfig
from selfsame.ifs.fit.objectives import WordObjective
from selfsame.pretrain.encoder_training import DoodleBatches, EncoderObjective, EncoderTask
from selfsame.training import TrainSettings, train

SMALL = EncoderConfig(side=16, width=24, layers=1, heads=2)


def task() -> EncoderTask:
    torch.manual_seed(0)
    return EncoderTask(SMALL, EncoderObjective(samples=200))


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


def test_the_error_is_that_of_a_fit():
    """That the encoder's systems have by the objective of ``fit``, over the same samples."""
    from selfsame.ifs.code import Viewport
    from selfsame.ifs.fit.config import FitConfig
    from selfsame.ifs.fit.targets import Targets

    one = task()
    pictures = DoodleBatches(16, 3, 1).batch(0, 0, range(3))
    with torch.no_grad():
        found = one.objective.errors(one.model, pictures, 5, torch.Generator().manual_seed(1))
        generator = torch.Generator().manual_seed(1)
        maps = one.model(pictures, 5, generator)
        points = torch.full((3,), 300.0)
        targets = Targets(pictures, Viewport(-1, -1, 1, 1), points, ((16, 16),) * 3)
        config = FitConfig(maps=5, size=16, samples=200)
        expected = WordObjective(targets, config, generator)(maps)
    assert torch.equal(found, expected)
    assert (found > 0).all()


def test_training_lowers_the_error(tmp_path):
    one = task()
    before = one.validate(one.model)["error"]
    steps = settings(steps=30, batch=16, lr=3e-3, ema_decay=0.0, validate_every=30)
    result = train(one, DoodleBatches(16, 16, 30), steps, tmp_path)
    assert result.validation["error"] < 0.85 * before


def test_a_stopped_training_goes_on_to_the_same_weights(tmp_path):
    batches = DoodleBatches(16, 4, 4)
    whole, parts = task(), task()
    train(whole, batches, settings(), tmp_path / "whole")
    train(parts, batches, settings(), tmp_path / "parts", stop_after=2)
    again = task()
    train(again, batches, settings(), tmp_path / "parts")
    for name, weight in whole.model.state_dict().items():
        assert torch.equal(again.model.state_dict()[name], weight)


@pytest.mark.parametrize("wrong", [{"points": 0}, {"samples": 1.5}, {"points": True}])
def test_objectives_out_of_range_are_refused(wrong):
    with pytest.raises(InputError, match="must be a whole number"):
        EncoderObjective(**wrong)


def test_the_command_trains_an_encoder(tmp_path):
    from click.testing import CliRunner

    from selfsame.cli.train_encoder import command
    from selfsame.ifs.encoder import load_encoder

    tiny = ["--set", "model.side=16", "--set", "model.width=24", "--set", "model.layers=1"]
    tiny += ["--steps", "2", "--batch", "2", "--device", "cpu", "--quiet"]
    result = CliRunner().invoke(command, ["-o", str(tmp_path / "run"), *tiny])
    assert result.exit_code == 0, result.output
    assert load_encoder(tmp_path / "run" / "encoder.safetensors").config.width == 24
    assert CliRunner().invoke(command, ["pictures", "-o", str(tmp_path / "x")]).exit_code == 2
