from dataclasses import replace

import numpy as np
import pytest
import torch

from selfsame.errors import DivergedError, InputError
from selfsame.ifs.code import Viewport
from selfsame.ifs.fit import PRESETS, FitConfig, fit
from selfsame.ifs.fit.maps import dyadic_probabilities
from selfsame.ifs.render.points import sample_points
from selfsame.run.progress import Progress

QUICK = FitConfig(steps=40, restarts=2)


def disk(height: int = 32, width: int = 32, radius: float = 9.0, x: float = 0.0) -> np.ndarray:
    row, column = np.mgrid[:height, :width] + 0.5
    inside = (column - width / 2 - x) ** 2 + (row - height / 2) ** 2 < radius**2
    return inside.astype(np.float32)


def ring(side: int = 32) -> np.ndarray:
    return disk(side, side, side * 0.35) - disk(side, side, side * 0.22)


def drawing_error(code: object, target: np.ndarray, drawings: int = 40) -> float:
    """The mean error of clamped drawings of 300 points, from the definition."""
    points = sample_points(code.system, 300 * drawings, seed=9)  # type: ignore[attr-defined]
    points = points[np.random.default_rng(0).permutation(len(points))].reshape(drawings, 300, 2)
    side = len(target)
    column, row = (points[..., 0] + 1) * side / 2, (1 - points[..., 1]) * side / 2
    centre = np.arange(side) + 0.5
    gx = np.exp(-((column[..., None] - centre) ** 2))
    gy = np.exp(-((row[..., None] - centre) ** 2))
    image = np.minimum(1, gy.transpose(0, 2, 1) @ gx)
    return float(((image - target) ** 2).mean())


def test_the_loss_is_the_error_of_real_drawings() -> None:
    result = fit([ring()], replace(QUICK, steps=150))
    assert result.losses[0] < 0.02
    assert drawing_error(result.codes[0], ring()) == pytest.approx(result.losses[0], rel=0.12)
    code = result.codes[0]
    assert code.viewport == Viewport(-1, -1, 1, 1)
    assert code.system.contraction <= 0.95 + 1e-6
    assert code.size == (32, 32)


def test_same_seed_same_code_and_another_seed_another() -> None:
    first, again, other = (fit([disk()], QUICK, seed=s).codes[0].system for s in (1, 1, 2))
    assert first == again
    assert first != other


def test_pictures_of_several_shapes_come_back_in_order() -> None:
    pictures = [disk(40, 20, 6), disk(), disk(40, 20, 8)]
    codes = fit(pictures, QUICK).codes
    assert [code.size for code in codes] == [(20, 40), (32, 32), (20, 40)]
    assert codes[0].viewport == Viewport(-0.5, -1, 0.5, 1)


def test_restarts_help_and_never_lose() -> None:
    config = FitConfig(steps=60, restarts=1)
    one = fit([ring()], config).losses[0]
    many = fit([ring()], replace(config, restarts=8)).losses[0]
    assert many < one * 1.02


def test_target_loss_and_patience_stop_early() -> None:
    steps: list[int] = []
    fit(
        [disk()],
        replace(QUICK, steps=300, target_loss=0.05),
        callback=lambda s, *_: steps.append(s),
    )
    assert steps[-1] < 150
    steps.clear()
    fit([disk()], replace(QUICK, steps=3000, patience=30), callback=lambda s, *_: steps.append(s))
    assert steps[-1] < 1500


def test_progress_adds_up_even_when_stopping_early() -> None:
    told: list[tuple[float, float]] = []
    progress = Progress(lambda done, total, label: told.append((done, total)))
    fit([disk(), disk()], replace(QUICK, target_loss=0.05, batch=1), progress=progress)
    assert {total for _, total in told} == {2 * QUICK.steps}
    done = [done for done, _ in told]
    assert done == sorted(done)
    assert done[0] == 1
    assert len(done) < 2 * QUICK.steps
    assert {QUICK.steps, 2 * QUICK.steps} <= set(done)


def test_snapshots_show_the_fit_on_its_way() -> None:
    codes = []
    fit([disk()], QUICK, callback=lambda s, losses, snapshot: codes.extend(snapshot()))
    assert len(codes) == QUICK.steps
    assert codes[0].system != codes[-1].system


def test_a_custom_loss_replaces_ours() -> None:
    def absolute(image: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        return (image - target).abs().mean((1, 2, 3))

    for preset in ("default", "paper"):
        config = replace(PRESETS[preset], steps=30, restarts=1, sequences=4)
        result = fit([disk()], config, loss=absolute)
        assert 0 < result.losses[0] < 0.9


@pytest.mark.parametrize("preset", [name for name in PRESETS if name.startswith("paper")])
def test_every_preset_of_the_paper_learns(preset: str) -> None:
    losses: list[float] = []
    config = replace(PRESETS[preset], steps=60, sequences=8)
    fit([disk()], config, callback=lambda s, now, _: losses.append(now[0]))
    assert losses[-1] < 0.9 * losses[0]


def test_density_follows_grey_values() -> None:
    picture = np.full((32, 32), 0.1, np.float32)
    picture[8:24, 16:24] = 1.0
    config = FitConfig(steps=150, restarts=2, objective="density", threshold=None)
    code = fit([picture], config).codes[0]
    points = sample_points(code.system, 40_000, seed=1)
    bright = (np.abs(points[:, 1]) < 0.5) & (points[:, 0] > 0) & (points[:, 0] < 0.5)
    wanted = picture[8:24, 16:24].sum() / picture.sum()
    assert bright.mean() == pytest.approx(wanted, abs=0.06)


def test_colours_are_learned_with_the_maps() -> None:
    picture = np.zeros((32, 32, 3), np.float32)
    picture[4:28, 2:15] = (0.9, 0.1, 0.1)
    picture[4:28, 17:30] = (0.1, 0.2, 0.9)
    code = fit([picture], FitConfig(steps=150, restarts=2)).codes[0]
    system = code.system
    assert system.colors is not None
    left = system.offsets[:, 0] < 0
    assert system.colors[left, 0].mean() > system.colors[left, 2].mean() + 0.3
    assert system.colors[~left, 2].mean() > system.colors[~left, 0].mean() + 0.3


def test_larger_pictures_go_through_a_pyramid() -> None:
    code = fit([ring(128)], FitConfig(maps=20, steps=90, restarts=1)).codes[0]
    points = sample_points(code.system, 200_000, seed=0)
    radius = np.hypot(*points.T)
    assert np.mean((radius > 0.44 - 0.03) & (radius < 0.7 + 0.03)) > 0.97


@pytest.mark.parametrize(
    ("pictures", "message"),
    [
        ([], "no picture"),
        ([np.zeros((32, 32), np.float32)], "target 0 has no pixel above"),
        ([disk(), np.full((32, 32), 0.1, np.float32)], "target 1 has no pixel above"),
        ([np.zeros((0, 5), np.float32)], "target 0 must be"),
        ([disk(), np.zeros((5, 5, 4), np.float32)], "target 1 must be"),
    ],
)
def test_unusable_pictures_are_named(pictures: list[np.ndarray], message: str) -> None:
    with pytest.raises(InputError, match=message):
        fit(pictures, QUICK)


@pytest.mark.parametrize(
    "change",
    [
        {"maps": 0},
        {"steps": 0},
        {"steps": 2.5},
        {"restarts": True},
        {"learning_rate": float("nan")},
        {"objective": "other"},
        {"threshold": 1.5},
        {"objective": "density", "generator": "sequences"},
        {"maps": 2000, "word_length": 2},
    ],
)
def test_unusable_settings_are_named(change: dict[str, object]) -> None:
    with pytest.raises(InputError, match=next(iter(change))):
        FitConfig(**change)  # type: ignore[arg-type]


def test_divergence_is_an_error_with_the_last_good_codes() -> None:
    calls = 0

    def breaks(image: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        nonlocal calls
        calls += 1
        loss = ((image - target) ** 2).mean((1, 2, 3))
        return loss if calls < 10 else loss * torch.nan

    with pytest.raises(DivergedError, match="not finite") as caught:
        fit([disk()], replace(QUICK, steps=100), loss=breaks)
    (code,) = caught.value.codes  # type: ignore[attr-defined]
    assert np.isfinite(code.system.matrices).all()


def test_a_passing_bad_gradient_is_skipped() -> None:
    calls = 0

    def hiccup(image: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        nonlocal calls
        calls += 1
        loss = ((image - target) ** 2).mean((1, 2, 3))
        return loss * torch.nan if calls == 5 else loss

    assert np.isfinite(fit([disk()], QUICK, loss=hiccup).losses).all()


def test_probabilities_fit_float32_exactly() -> None:
    p = dyadic_probabilities(np.log(np.random.default_rng(0).dirichlet(np.ones(50))))
    assert p.sum() == 1
    assert (p.astype(np.float32) == p).all()
    assert (p > 0).all()
