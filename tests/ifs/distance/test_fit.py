"""The distance method: losses, layouts, known codes recovered, checkpoints, errors."""

import math

import numpy as np
import pytest
import torch

from selfsame.errors import InputError
from selfsame.ifs.code import Primitive, Viewport
from selfsame.ifs.distance import DistanceDivergedError, Progress, engine, fit_distance
from selfsame.ifs.distance.field import winning_words
from selfsame.ifs.distance.layouts import (
    build_maps,
    initial_parameters,
    without_map,
)
from selfsame.ifs.distance.polish import polish
from selfsame.ifs.distance.settings import parse_layout
from selfsame.ifs.distance.target import all_levels, coverage_loss, distance_loss, make_target
from selfsame.ifs.render.recursion import render_recursion
from selfsame.ifs.system import IFS
from selfsame.metrics.pictures import chamfer_px, iou

VIEW = Viewport(-0.5, -0.5, 0.5, 0.5)


def koch(size=72, depth=3):
    """A Koch curve from (-0.42, -0.1) to (0.42, -0.1), two pixels thick."""
    corners = np.array([0, 1 / 3, 0.5 + 1j * math.sqrt(3) / 6, 2 / 3, 1]) * 0.84 - 0.42 - 0.1j
    turn = np.diff(corners) / 0.84
    matrices = [[[z.real, -z.imag], [z.imag, z.real]] for z in turn]
    start = corners[:-1] - turn * corners[0]
    system = IFS(matrices, np.stack([start.real, start.imag], axis=1))
    leaf = Primitive("segment", (-0.42, -0.1, 0.42, -0.1, 3.0**depth / size))
    return render_recursion(system, leaf, depth, (size, size), VIEW)


def carpet(depth=2, size=54):
    cells = np.array([(i, j) for i in range(3) for j in range(3) if (i, j) != (1, 1)])
    system = IFS([np.eye(2) / 3] * 8, (cells - 1) / 3 * (2 / 3))
    leaf = Primitive("rectangle", (0, 0, 1 / 3, 1 / 3, 0))
    return render_recursion(system, leaf, depth, (size, size), VIEW)


def rendered(code, depth):
    return render_recursion(code.system, code.primitive, depth, code.size, code.viewport)


def same(a, b):
    return a.system == b.system and a.primitive == b.primitive and a.notes == b.notes


def test_target_measures_to_the_edge_of_the_figure():
    picture = np.zeros((20, 40), np.float32)
    picture[10, 5] = 0.6
    target = make_target(picture, 0.5)
    assert target.viewport == (-0.5, -0.25, 0.5, 0.25)
    assert target.distance[10, 5] == 0
    assert target.distance[10, 9] == pytest.approx(3.5 / 40)
    np.testing.assert_allclose(target.figure_points, [[5.5 / 40 - 0.5, 0.25 - 10.5 / 40]])


def test_losses_vanish_at_the_exact_code():
    """The start of squares:3 without its middle is the carpet itself."""
    target = make_target(carpet(), 0.5)
    layout = parse_layout("squares:3")
    start = initial_parameters(layout, target, 2, np.random.default_rng(0), 0.0)
    exact = without_map(layout, start, 4)
    losses = {}
    for name, parameters in (("whole", start), ("exact", exact)):
        maps, kind, shape = build_maps(layout, parameters)
        _, signed = winning_words(maps, kind, shape, 2, torch.tensor(target.points))
        signed = signed.reshape(target.mask.shape)
        losses[name] = (
            float(distance_loss(signed, torch.tensor(target.distance), range(5))),
            float(coverage_loss(signed, torch.tensor(target.mask).double(), target.pixel)),
        )
    # Beyond a corner the transform to pixel centres less half a pixel is off by up to 0.2 px.
    assert losses["exact"][0] < 5 * (0.2 * target.pixel) ** 2
    assert losses["exact"][0] < losses["whole"][0] / 100
    assert losses["exact"][1] < 1e-20
    assert losses["whole"][1] > 0.05


def test_distance_loss_pools_and_pushes_out_of_the_background():
    target = torch.tensor(make_target(carpet(), 0.5).distance)
    signed = (target + 0.1).requires_grad_()
    assert float(distance_loss(signed, target, [0]).detach()) == pytest.approx(0.01)
    assert float(distance_loss(signed, target, [0, 2]).detach()) == pytest.approx(0.02)
    covered = torch.full_like(target, -0.1).requires_grad_()
    (gradient,) = torch.autograd.grad(distance_loss(covered, target, [0]), covered)
    assert bool((gradient[target > 0] < 0).all())
    assert bool((gradient[target == 0] == 0).all())


def test_levels_fit_the_picture():
    assert all_levels((256, 256)) == (0, 1, 2, 3, 4, 5)
    assert all_levels((1000, 9)) == (0, 1, 2)
    assert all_levels((1, 1)) == (0,)


def test_layouts_parse():
    assert parse_layout("squares:3").count == 9
    assert parse_layout("segments:4").count == 4
    assert parse_layout("free:8:mirror").mirror
    for text in ("circle:3", "squares", "free:1", "squares:99", "segments:4:mirror", "free:8 "):
        with pytest.raises(InputError, match="layout"):
            parse_layout(text)


def test_squares_map_without_turning():
    parameters = {
        "center": torch.tensor([1.0, 2.0]),
        "log_half": torch.zeros(2),
        "centers": torch.tensor([[0.0, 0.0], [3.0, 1.0]]),
        "log_scale": torch.tensor([0.5, 0.25]).log(),
    }
    maps, kind, _ = build_maps(parse_layout("squares:2"), parameters)
    assert kind == "rectangle"
    corner = torch.einsum("nij,j->ni", maps.matrices, torch.tensor([2.0, 3.0])) + maps.offset
    torch.testing.assert_close(corner, torch.tensor([[0.5, 0.5], [3.25, 1.25]]))


def test_segments_start_on_the_curve():
    """The corners of the Koch curve lie at equal lengths along it."""
    target = make_target(koch(192), 0.5)
    start = initial_parameters(parse_layout("segments:4"), target, 3, np.random.default_rng(0), 0.0)
    points = start["points"].numpy()
    points = points[np.argsort(points[:, 0])]
    corners = [(-0.42, -0.1), (-0.14, -0.1), (0, 0.1425), (0.14, -0.1), (0.42, -0.1)]
    assert np.linalg.norm(points - corners, axis=1).max() < 0.04


@pytest.mark.parametrize("layout", ["squares:2", "segments:3", "free:3:mirror"])
@pytest.mark.parametrize("pixels", [[(3, 4)], [(0, 0), (19, 29)], None])
def test_any_figure_gives_a_finite_start(layout, pixels):
    picture = np.ones((20, 30)) if pixels is None else np.zeros((20, 30))
    for i, j in pixels or []:
        picture[i, j] = 1
    target = make_target(picture, 0.5)
    parameters = initial_parameters(parse_layout(layout), target, 3, np.random.default_rng(0), 0)
    maps, _, shape = build_maps(parse_layout(layout), parameters)
    for value in (maps.scale, maps.linear, maps.offset, shape):
        assert bool(torch.isfinite(value).all())
    code = fit_distance([picture], layout, 2, steps=2, refine_steps=2, polish_evaluations=5)[0]
    assert code.size == (30, 20)


def test_koch_is_recovered_from_a_perturbed_start(monkeypatch):
    picture = koch()
    start = engine.initial_parameters

    def perturbed(*arguments):
        parameters = start(*arguments)
        noise = np.random.default_rng(1).normal(0, 0.06, (5, 2))
        parameters["points"] += torch.tensor(noise)
        return parameters

    monkeypatch.setattr(engine, "initial_parameters", perturbed)
    before = fit_distance(
        [picture], "segments:4", 3, steps=0, refine_steps=0, polish_evaluations=0
    )[0]
    after = fit_distance(
        [picture], "segments:4", 3, steps=80, refine_steps=60, polish_evaluations=60
    )[0]
    overlap = [iou(rendered(code, 3) > 0.5, picture > 0.5) for code in (before, after)]
    assert overlap[0] < 0.4
    assert overlap[1] > 0.9
    assert float(after.notes["iou"]) == pytest.approx(overlap[1], abs=1e-4)
    assert chamfer_px(rendered(after, 3) > 0.5, picture > 0.5) < 0.1
    np.testing.assert_allclose(
        np.linalg.norm(after.system.matrices, ord=2, axis=(1, 2)), 1 / 3, atol=0.01
    )


def test_the_useless_map_is_pruned():
    picture = carpet()
    budget = {"steps": 1, "refine_steps": 0, "polish_evaluations": 0}
    assert len(fit_distance([picture], "squares:3", 2, **budget)[0].system) == 8
    assert len(fit_distance([picture], "squares:3", 2, prune=False, **budget)[0].system) == 9


def test_free_similitudes_cover_a_disk():
    y, x = np.mgrid[:48, :48]
    picture = (np.hypot(x - 24, y - 20) < 15).astype(np.float32)
    code = fit_distance([picture], "free:5", 2, steps=60, refine_steps=40, polish_evaluations=60)[0]
    assert iou(rendered(code, 2) > 0.5, picture > 0.5) > 0.9
    assert code.notes["method"] == "distance"


SHORT = {"steps": 25, "refine_steps": 20, "polish_evaluations": 8, "restarts": 2}


def test_a_resumed_fit_equals_an_uninterrupted_one(tmp_path):
    pictures = [koch(32, 2), carpet(1, 27)]
    whole = fit_distance(pictures, "free:3", 2, **SHORT)
    path = tmp_path / "state.pt"

    class StopError(Exception):
        pass

    # Interrupt in every part: first phase, second phase, second restart, second picture.
    for moment in (
        (0, 0, "distance", 20),
        (0, 0, "refine", 10),
        (0, 1, "distance", 15),
        (1, 1, "refine", 15),
    ):

        def stop(progress, moment=moment):
            if (progress.picture, progress.restart, progress.phase, progress.step) == moment:
                raise StopError(progress.phase)

        with pytest.raises(StopError, match=moment[2]):
            fit_distance(
                pictures,
                "free:3",
                2,
                **SHORT,
                checkpoint=path,
                checkpoint_every=7,
                callback=stop,
                callback_every=5,
            )
        assert path.exists()
    calls: list[Progress] = []
    resumed = fit_distance(
        pictures, "free:3", 2, **SHORT, checkpoint=path, callback=calls.append, callback_every=1
    )
    first = calls[0]  # the last checkpoint before step 15 is that of step 14
    assert (first.picture, first.restart, first.phase, first.step) == (1, 1, "refine", 15)
    assert all(same(a, b) for a, b in zip(whole, resumed, strict=True))
    # Once finished, the same call only reads the file.
    calls.clear()
    again = fit_distance(pictures, "free:3", 2, **SHORT, checkpoint=path, callback=calls.append)
    assert calls == []
    assert all(same(a, b) for a, b in zip(whole, again, strict=True))


def test_a_checkpoint_of_another_fit_is_refused(tmp_path):
    path = tmp_path / "state.pt"
    budget = {"steps": 2, "refine_steps": 0, "polish_evaluations": 0, "checkpoint": path}
    fit_distance([carpet()], "squares:3", 1, **budget)
    with pytest.raises(InputError, match="other pictures or settings"):
        fit_distance([carpet()], "squares:3", 2, **budget)
    with pytest.raises(InputError, match="other pictures or settings"):
        fit_distance([1 - carpet()], "squares:3", 1, **budget)
    for contents in (b"", b"nonsense", path.read_bytes()[:200]):
        path.write_bytes(contents)
        with pytest.raises(InputError, match="checkpoint"):
            fit_distance([carpet()], "squares:3", 1, **budget)


def test_seeds_and_callbacks():
    seen: list[Progress] = []
    picture = carpet(1, 27)
    a, b, c = (
        fit_distance(
            [picture], "free:3", 2, seed=s, **SHORT, callback=seen.append, callback_every=10
        )
        for s in (0, 0, 1)
    )
    assert a[0].system == b[0].system
    assert a[0].system != c[0].system
    assert (seen[0].phase, seen[0].step, seen[0].steps) == ("distance", 10, 25)
    assert {p.phase for p in seen} == {"distance", "refine"}
    assert all(math.isfinite(p.loss) and len(p.code.system) >= 2 for p in seen)


def test_non_finite_numbers_stop_the_fit_with_the_last_good_code(monkeypatch):
    calls = []

    def spoilt(*arguments):
        calls.append(1)
        return distance_loss(*arguments) * (math.nan if len(calls) > 25 else 1)

    monkeypatch.setattr(engine, "distance_loss", spoilt)
    with pytest.raises(
        DistanceDivergedError, match=r"phase distance, step .* learning_rate"
    ) as caught:
        fit_distance([carpet()], "squares:3", 1, prune=False, steps=50)
    assert caught.value.last_good is not None
    assert caught.value.last_good.system.contraction < 1


def test_polish_only_ever_improves():
    start = {"centers": torch.tensor([0.3, -0.2]), "log_scale": torch.tensor([-1.0])}

    def error(p):
        return float((p["centers"] ** 2).sum() + (p["log_scale"] + 1.2) ** 2)

    found, lowest = polish(start, error, pixel=0.01, evaluations=400, rng=np.random.default_rng(0))
    assert lowest == error(found) < 1e-4
    assert float(start["centers"][0]) == pytest.approx(0.3)
    same, value = polish(start, error, pixel=0.01, evaluations=1, rng=np.random.default_rng(0))
    assert value == error(start) == error(same)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"layout": "hexagons:3"}, "layout"),
        ({"depth": 0}, "depth"),
        ({"depth": 40}, "leaves"),
        ({"steps": -1}, "steps"),
        ({"steps": 2.5}, r"steps must be a whole number within 0\.\.10000000: got 2\.5"),
        ({"stepz": 1}, "unknown setting 'stepz'; allowed are layout, depth, steps"),
        ({"restarts": 0}, "restarts"),
        ({"threshold": 1.0}, "threshold"),
        ({"levels": []}, "levels"),
        ({"levels": [0, 99]}, "levels"),
        ({"learning_rate": 0}, "learning_rate"),
        ({"callback_every": 0}, "callback_every"),
        ({"checkpoint_every": 0}, "checkpoint_every"),
        ({"pictures": [np.zeros((8, 8))]}, "no pixel exceeds"),
        ({"pictures": [np.ones((8, 8)), np.ones((8, 8, 2))]}, "target 1 must be"),
    ],
)
def test_unusable_arguments_are_named(change, message):
    with pytest.raises(InputError, match=message):
        fit_distance(**({"pictures": [carpet()]} | change))
