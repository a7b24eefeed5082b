import math
import signal
from dataclasses import dataclass, replace

import pytest
import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from selfsame.checked import Checked
from selfsame.errors import DivergedError, InputError
from selfsame.run.progress import Progress
from selfsame.training import Loss, ParameterGroup, Task, TaskBase, TrainSettings, train
from selfsame.training.checkpoint import checkpoints, load_checkpoint
from selfsame.training.logs import read_log
from support.toy_task import SETTINGS, ToyData, ToyTask


def weights(task) -> list[torch.Tensor]:
    return [value.clone() for value in task.model.state_dict().values()]


def averages(state) -> list[torch.Tensor]:
    return state["updates"]["model"]["average"]["values"]


def by_shape(values) -> list[torch.Tensor]:
    return sorted(values, key=lambda value: tuple(value.shape))


def equal(one, other) -> bool:
    return all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


def trained(folder, settings=SETTINGS, task=None, **options):
    task = task or ToyTask()
    result = train(task, ToyData(), settings, folder, **options)
    return task, result


def test_the_loop_does_what_a_plain_loop_does(tmp_path) -> None:
    settings = replace(SETTINGS, steps=25, ema_decay=0.0, gradient_clip=0.5)
    task, _ = trained(tmp_path, settings, ToyTask(noise=0, dropout=0))
    plain = ToyTask(noise=0, dropout=0).model
    matrices = [p for p in plain.parameters() if p.ndim > 1]
    vectors = [p for p in plain.parameters() if p.ndim == 1]
    groups = [{"params": matrices}, {"params": vectors, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, betas=settings.betas, weight_decay=0.01)
    for step in range(25):
        rise = (step + 1) / 6
        fall = 0.01 + 0.99 * (1 + math.cos(math.pi * (step - 5) / 19)) / 2
        for group in optimizer.param_groups:
            group["lr"] = 1e-2 * (rise if step < 5 else fall)
        batch = ToyData().batch(0, step, range(4))
        optimizer.zero_grad()
        (plain(batch) - batch).square().mean().backward()
        torch.nn.utils.clip_grad_norm_(plain.parameters(), 0.5)
        optimizer.step()
    for found, expected in zip(task.model.parameters(), plain.parameters(), strict=True):
        assert torch.allclose(found, expected, atol=1e-6)


def test_it_learns(tmp_path) -> None:
    trained(tmp_path, replace(SETTINGS, steps=300, batch=32))
    losses = [line["loss"] for line in read_log(tmp_path) if line["kind"] == "train"]
    assert losses[-1] < 0.5 * losses[0]


def test_a_seed_repeats_a_run_whatever_the_workers_and_another_differs(tmp_path) -> None:
    one = trained(tmp_path / "1")[0]
    torch.manual_seed(99)  # the caller's random state plays no part
    again = trained(tmp_path / "2", replace(SETTINGS, workers=0, log_every=7))[0]
    other = trained(tmp_path / "3", replace(SETTINGS, seed=1))[0]
    assert equal(weights(one), weights(again))
    assert not equal(weights(one), weights(other))


def test_every_step_has_noise_of_its_own(tmp_path) -> None:
    draws = []

    class Drawing(ToyTask):
        def loss(self, batch, step, generator):
            # From the generator, and from where dropout draws.
            draws.append((float(torch.rand(1, generator=generator)), float(torch.rand(1))))
            return super().loss(batch, step, generator)

    trained(tmp_path, replace(SETTINGS, steps=5), Drawing())
    assert len({number for pair in draws for number in pair}) == 10


def test_the_callers_random_state_is_left_alone(tmp_path) -> None:
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    trained(tmp_path, replace(SETTINGS, steps=3))
    assert torch.equal(torch.random.get_rng_state(), before)


def test_a_training_in_pieces_equals_one_in_one_piece(tmp_path) -> None:
    whole, result = trained(tmp_path / "whole")
    for stop, expected in ((7, 7), (1, 8), (15, 23), (None, 40)):
        pieces, part = trained(tmp_path / "pieces", stop_after=stop)
        assert part.step == expected
        assert part.finished == (expected == 40)
    assert equal(weights(whole), weights(pieces))
    assert part.validation == result.validation
    for kind in ("train", "validation"):
        steps = [line["step"] for line in read_log(tmp_path / "pieces") if line["kind"] == kind]
        assert steps == {"train": [10, 20, 30, 40], "validation": [20, 40]}[kind]


def test_a_finished_training_is_not_repeated(tmp_path) -> None:
    first = trained(tmp_path)
    lines = len(read_log(tmp_path))
    second = trained(tmp_path)
    assert second[1].finished
    assert second[1].validation == first[1].validation
    assert equal(weights(first[0]), weights(second[0]))
    assert len(read_log(tmp_path)) == lines + 1  # that it was started


def test_the_model_ends_with_the_average_and_the_checkpoint_holds_both(tmp_path) -> None:
    task, _ = trained(tmp_path)
    state = load_checkpoint(checkpoints(tmp_path / "checkpoints")[0][1])["learner"]
    assert equal(by_shape(weights(task)), by_shape(averages(state)))
    assert not equal(weights(task), list(state["model"].values()))


def test_checkpoints_are_kept_as_asked(tmp_path) -> None:
    trained(tmp_path, replace(SETTINGS, keep=3))
    assert [step for step, _ in checkpoints(tmp_path / "checkpoints")] == [40, 30, 20]


def test_a_damaged_checkpoint_costs_its_steps_only(tmp_path) -> None:
    whole, _ = trained(tmp_path / "whole")
    trained(tmp_path / "a", stop_after=30)
    newest = checkpoints(tmp_path / "a" / "checkpoints")[0][1]
    newest.write_bytes(newest.read_bytes()[:1000])
    task, result = trained(tmp_path / "a")
    assert equal(weights(whole), weights(task))
    assert newest.name in result.notes[0]


def test_other_settings_are_refused_by_name(tmp_path) -> None:
    trained(tmp_path, stop_after=2, config={"model": {"width": 8}})
    with pytest.raises(InputError, match=r"settings.lr is 0.01 there and 0.02 here"):
        trained(tmp_path, replace(SETTINGS, lr=0.02), config={"model": {"width": 8}})
    with pytest.raises(InputError, match=r"config.model.width is 8 there and 9 here"):
        trained(tmp_path, config={"model": {"width": 9}})
    free = replace(SETTINGS, keep=5, workers=0, checkpoint_every=7, log_every=1)
    assert trained(tmp_path, free, config={"model": {"width": 8}}, stop_after=1)[1].step == 3


def test_settings_that_did_not_exist_were_as_by_default(tmp_path, monkeypatch) -> None:
    identity = TrainSettings.identity
    with monkeypatch.context() as patch:
        old = lambda self: {k: v for k, v in identity(self).items() if k != "optimizer"}  # noqa: E731
        patch.setattr(TrainSettings, "identity", old)
        trained(tmp_path, stop_after=2)
    with pytest.raises(InputError, match=r'optimizer is "adamw" there and "muon" here'):
        trained(tmp_path, replace(SETTINGS, optimizer="muon"))
    assert trained(tmp_path)[1].finished


@dataclass(frozen=True)
class OldTable(Checked):
    width: int = 8


@dataclass(frozen=True)
class Table(Checked):
    width: int = 8
    depth: int = 1


def test_tables_that_lacked_a_setting_had_its_default(tmp_path) -> None:
    trained(tmp_path, stop_after=2, config={"model": OldTable()})
    with pytest.raises(InputError, match=r"config.model.depth is 1 there and 2 here"):
        trained(tmp_path, config={"model": Table(depth=2)})
    assert trained(tmp_path, config={"model": Table()})[1].finished


def test_a_checkpoint_of_another_model_is_refused(tmp_path) -> None:
    trained(tmp_path, stop_after=1)
    other = ToyTask()
    other.model = torch.nn.Linear(6, 6)
    with pytest.raises(InputError, match="of another model"):
        trained(tmp_path, task=other)


def test_starting_anew(tmp_path) -> None:
    trained(tmp_path, replace(SETTINGS, lr=0.5), stop_after=20)
    task, _ = trained(tmp_path, resume=False)
    assert equal(weights(task), weights(trained(tmp_path / "other")[0]))
    assert read_log(tmp_path)[0]["settings"]["lr"] == 0.01
    assert sum(line["kind"] == "start" for line in read_log(tmp_path)) == 1


def test_progress_counts_every_step(tmp_path) -> None:
    seen = []
    trained(tmp_path, stop_after=12, progress=Progress(lambda *told: seen.append(told)))
    assert [told[:2] for told in seen] == [(done, SETTINGS.steps) for done in range(1, 13)]
    assert seen[-1][2].startswith("loss ")


@pytest.mark.parametrize("stop_after", [None, 3])
def test_a_signal_that_comes_after_the_last_step_is_not_lost(tmp_path, stop_after) -> None:
    settings = replace(SETTINGS, steps=5)

    def end(step: float, *_: object) -> None:
        if step == (stop_after or settings.steps):  # its checkpoint is written already
            signal.raise_signal(signal.SIGTERM)

    result = train(
        ToyTask(), ToyData(), settings, tmp_path, progress=Progress(end), stop_after=stop_after
    )
    assert result.stopped_by == "SIGTERM"
    assert result.finished == (stop_after is None)


def test_a_signal_ends_after_the_step_with_a_checkpoint(tmp_path) -> None:
    before = signal.getsignal(signal.SIGINT)

    def interrupt(done, *_) -> None:
        if done == 6:
            signal.raise_signal(signal.SIGINT)

    result = trained(tmp_path, progress=Progress(interrupt))[1]
    assert (result.stopped_by, result.finished) == ("SIGINT", False)
    assert result.step == checkpoints(tmp_path / "checkpoints")[0][0] == 7
    assert signal.getsignal(signal.SIGINT) is before
    assert equal(weights(trained(tmp_path)[0]), weights(trained(tmp_path / "whole")[0]))


def test_a_second_interrupt_acts_at_once(tmp_path) -> None:
    def interrupt(done, *_) -> None:
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)

    # Whoever runs the tests in the background may have them ignore it.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            trained(tmp_path, progress=Progress(interrupt))
    finally:
        signal.signal(signal.SIGINT, before)


class Spiky(ToyTask):
    """Has gradients a thousand times as large, or NaN, at some steps."""

    def __init__(self, factors) -> None:
        super().__init__(noise=0, dropout=0)
        self.factors = iter(factors)

    def loss(self, batch, step, generator):
        loss, metrics = super().loss(batch, step, generator)
        return loss * next(self.factors), metrics


def test_an_update_with_too_long_a_gradient_is_left_out(tmp_path) -> None:
    settings = replace(SETTINGS, steps=6, gradient_skip=50.0, ema_decay=0.5, warmup_steps=0)
    factors = [1, 1000, 1, math.nan, math.inf, 1]
    task, result = trained(tmp_path / "a", settings, Spiky(factors))
    assert result.skipped == 3
    assert all(value.isfinite().all() for value in weights(task))
    # Weights, moments and average are those from before the update.
    one = load(trained(tmp_path / "b", settings, Spiky(factors[:1]), stop_after=1), tmp_path / "b")
    two = load(trained(tmp_path / "c", settings, Spiky(factors[:2]), stop_after=2), tmp_path / "c")
    assert equal(one["model"].values(), two["model"].values())
    assert equal(averages(one), averages(two))
    states = [state["updates"]["model"]["optimizer"]["state"][0] for state in (one, two)]
    assert states[0]["step"] == states[1]["step"] == 1
    assert torch.equal(states[0]["exp_avg"], states[1]["exp_avg"])
    without = trained(tmp_path / "d", replace(settings, gradient_skip=None), Spiky(factors))[1]
    assert without.skipped == 2  # what is not finite is never taken


def load(_, folder):
    return load_checkpoint(checkpoints(folder / "checkpoints")[0][1])["learner"]


def test_a_training_that_cannot_recover_says_so(tmp_path) -> None:
    task = Spiky([math.nan] * 200)
    with pytest.raises(DivergedError, match="100 gradients up to step 99"):
        trained(tmp_path, replace(SETTINGS, steps=150), task)


def test_a_group_has_its_own_rate(tmp_path) -> None:
    class Grouped(ToyTask):
        def parameter_groups(self) -> list[ParameterGroup]:
            first, last = self.model[0], self.model[3]
            return [
                ParameterGroup(list(first.parameters()), lr_multiplier=0.0),
                ParameterGroup([last.weight], lr_multiplier=2.0),
            ]

    start, task = weights(ToyTask()), Grouped()
    settings = replace(SETTINGS, steps=1, warmup_steps=0, ema_decay=0.0, weight_decay=0.5)
    trained(tmp_path, settings, task)
    end = weights(task)
    assert equal(start[:2], end[:2])
    assert torch.equal(start[3], end[3])  # in no group
    # Adam's first update is lr in every weight, after the decay of lr times 0.5.
    moved = (end[2] - start[2] * (1 - 0.02 * 0.5)).abs()
    assert torch.allclose(moved, torch.full_like(moved, 0.02), atol=1e-4)


def test_a_task_is_told_every_step_before_its_loss(tmp_path) -> None:
    seen = []

    class Counting(ToyTask):
        def begin_step(self, step) -> None:
            seen.append(step)

        def loss(self, batch, step, generator):
            seen.append("loss")
            return super().loss(batch, step, generator)

    trained(tmp_path, task=Counting(), stop_after=2)
    trained(tmp_path, task=Counting(), stop_after=1)
    assert seen == [0, "loss", 1, "loss", 2, "loss"]


def test_an_error_in_the_data_comes_through(tmp_path) -> None:
    class Failing(ToyData):
        def batch(self, seed, step, indices):
            if step == 3:
                raise InputError("picture gone")
            return super().batch(seed, step, indices)

    for workers in (0, 2):
        with pytest.raises(InputError, match="picture gone"):
            train(ToyTask(), Failing(), replace(SETTINGS, workers=workers), tmp_path / f"{workers}")


class Plain(Task):
    """Nothing but what a task must have."""

    def __init__(self) -> None:
        torch.manual_seed(0)
        self.model = nn.Sequential(nn.Linear(6, 4), nn.Linear(4, 1))

    def loss(self, batch, step, generator):
        return self.model(batch).square().mean(), {}


def test_defaults_of_a_task(tmp_path) -> None:
    result = train(Plain(), ToyData(), TrainSettings(steps=2, device="cpu"), tmp_path)
    assert result.finished
    assert result.validation == {}
    assert {line["kind"] for line in read_log(tmp_path)} == {"start", "train"}
    with pytest.raises(TypeError, match="Plain must say how its model is exported"):
        Plain().export(tmp_path / "model")


@pytest.mark.parametrize("name", ["valdate", "parameter_group", "begin_steps", "optimisers"])
def test_a_misspelt_method_is_refused(name) -> None:
    with pytest.raises(TypeError, match=f"Misspelt.{name} is never called: is it"):
        type("Misspelt", (Plain,), {name: lambda self: None})
    type("Own", (Plain,), {f"_{name}": lambda self: None, "exact": None, "validation": None})


class Duel(TaskBase):
    """One number drawn to another that flees from it."""

    def __init__(self) -> None:
        self.model = nn.ParameterDict({"hunter": torch.tensor([1.0]), "prey": torch.tensor([3.0])})

    def losses(self, batch, step, generator):
        yield Loss("hunter", (self.model["hunter"] - self.model["prey"]).square().sum())
        # Computed anew: from where the hunter is now.
        distance = (self.model["hunter"] - self.model["prey"]).square().sum()
        yield Loss("prey", -distance, {"distance": distance})

    def optimizers(self):
        return {
            "hunter": [ParameterGroup([self.model["hunter"]])],
            "prey": [ParameterGroup([self.model["prey"]], lr_multiplier=0.5)],
        }


def test_adversaries_move_in_turn_each_by_its_own_loss(tmp_path) -> None:
    settings = replace(SETTINGS, steps=30, ema_decay=0.0, gradient_clip=None, warmup_steps=0)
    task = Duel()
    train(task, ToyData(), replace(settings, final_fraction=1.0), tmp_path)
    hunter, prey = torch.tensor([1.0], requires_grad=True), torch.tensor([3.0], requires_grad=True)
    own = {"betas": settings.betas, "weight_decay": 0.0}
    optimizers = (torch.optim.AdamW([hunter], 0.01, **own), torch.optim.AdamW([prey], 0.005, **own))
    for _ in range(30):
        for number, sign in ((hunter, 1), (prey, -1)):
            hunter.grad = prey.grad = None
            (sign * (hunter - prey).square().sum()).backward()
            optimizers[0 if number is hunter else 1].step()
    assert torch.allclose(task.model["hunter"], hunter, atol=1e-6)
    assert torch.allclose(task.model["prey"], prey, atol=1e-6)
    line = read_log(tmp_path)[-1]
    assert {"hunter_loss", "prey_loss", "hunter_gradient_norm", "distance"} <= set(line)


def test_adversaries_go_on_as_if_nothing_had_been(tmp_path) -> None:
    whole, parts = Duel(), Duel()
    train(whole, ToyData(), SETTINGS, tmp_path / "whole")
    for stop in (7, None):
        parts = Duel()
        train(parts, ToyData(), SETTINGS, tmp_path / "parts", stop_after=stop)
    assert equal(weights(whole), weights(parts))


def test_frozen_parts_are_left_out_of_the_average(tmp_path) -> None:
    task = Plain()
    task.model[0].requires_grad_(False)
    frozen = weights(task)[:2]
    train(task, ToyData(), replace(SETTINGS, steps=3), tmp_path)
    shapes = [tuple(value.shape) for value in averages(load(None, tmp_path))]
    assert sorted(shapes) == [(1,), (1, 4)]
    assert equal(weights(task)[:2], frozen)


class Waits(TorchDispatchMode):
    """Counts how often a number of the device is asked for on the host."""

    count = 0

    def __torch_dispatch__(self, function, types, arguments=(), keywords=None):
        self.count += function is torch.ops.aten._local_scalar_dense.default
        return function(*arguments, **(keywords or {}))


def test_nothing_waits_for_the_device_between_two_lines_of_the_log(tmp_path) -> None:
    counts: list[int] = []
    settings = replace(SETTINGS, steps=20, log_every=5, checkpoint_every=20, validate_every=20)
    with Waits() as waits:
        train(
            Plain(),
            ToyData(),
            replace(settings, workers=0, gradient_skip=1.0),
            tmp_path,
            progress=Progress(lambda *_: counts.append(waits.count)),
        )
    waited = {step for step in range(1, 20) if counts[step] > counts[step - 1]}
    assert waited <= {4, 9, 14, 19}
    assert waits.count > 0
