import json
import math
import re

import pytest

from selfsame.errors import InputError
from selfsame.training import TrainSettings


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"steps": 0}, "steps must be a whole number within 1.."),
        ({"steps": 2.5}, "steps must be a whole number"),
        ({"batch": True}, "batch must be a whole number"),
        ({"seed": -1}, "seed must be"),
        ({"workers": 1000}, "workers must be"),
        ({"lr": float("nan")}, "lr must be a number above 0 and at most 1000: got nan"),
        ({"lr": "fast"}, "lr must be a number"),
        ({"lr": -1}, "lr must be a number"),
        ({"final_fraction": 1.5}, "final_fraction must be a number within 0..1"),
        ({"gradient_clip": 0}, "gradient_clip must be a number within"),
        ({"ema_decay": 1}, "ema_decay must be a number within 0..0.9999999: got 1"),
        ({"ema_decay": None}, "ema_decay must be a number"),
        ({"betas": 0.9}, "betas must be 2 values: got 0.9"),
        ({"betas": [0.9, 1]}, "betas[1] must be a number within"),
        ({"precision": "float16"}, "precision must be one of auto, float32, bfloat16"),
        ({"device": "tpu"}, "device must be one of auto, cpu, cuda"),
        ({"stepz": 3}, "unknown setting 'stepz'; allowed are steps, batch"),
    ],
)
def test_other_values_are_named(options, words) -> None:
    with pytest.raises(InputError, match=re.escape(words)):
        TrainSettings.from_dict(options)


def test_settings_survive_json() -> None:
    settings = TrainSettings(betas=(0.8, 0.9), gradient_clip=None, gradient_skip=3.0)
    assert TrainSettings.from_dict(json.loads(json.dumps(settings.as_dict()))) == settings


def test_the_identity_leaves_out_what_does_not_change_the_result() -> None:
    free = TrainSettings(device="cpu", workers=7, log_every=3, checkpoint_every=9, keep=1)
    assert free.identity() == TrainSettings().identity()
    for options in ({"lr": 0.5}, {"seed": 1}, {"steps": 7}, {"precision": "bfloat16"}):
        assert TrainSettings(**options).identity() != TrainSettings().identity()


def test_the_learning_rate_rises_and_falls() -> None:
    settings = TrainSettings(lr=0.5, steps=11, warmup_steps=4, final_fraction=0.2)
    rise = [0.2, 0.4, 0.6, 0.8, 1.0]
    # Six steps of 30 degrees down a cosine between 1 and 0.2.
    fall = [0.6 + 0.4 * c for c in (math.sqrt(3) / 2, 0.5, 0, -0.5, -math.sqrt(3) / 2, -1)]
    rates = [settings.learning_rate(step) / settings.lr for step in range(11)]
    assert rates == pytest.approx(rise + fall)


def test_no_warm_up_starts_at_one_and_a_fraction_of_one_stays_there() -> None:
    settings = TrainSettings(lr=1, steps=100, warmup_steps=0, final_fraction=0)
    assert settings.learning_rate(0) == 1
    assert settings.learning_rate(99) == pytest.approx(0)
    constant = TrainSettings(lr=1, steps=7, warmup_steps=0, final_fraction=1)
    assert {constant.learning_rate(step) for step in range(7)} == {1.0}


@pytest.mark.parametrize(("steps", "warmup"), [(1, 0), (1, 5), (5, 5), (5, 4)])
def test_short_trainings_stay_within_bounds(steps: int, warmup: int) -> None:
    settings = TrainSettings(lr=1, steps=steps, warmup_steps=warmup)
    for step in range(steps):
        assert 0 < settings.learning_rate(step) <= 1
