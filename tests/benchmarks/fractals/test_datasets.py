"""The benchmark of fractal data sets: its peers are right, its estimates add up, it runs."""

import colorsys
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from benchmarks import harness
from benchmarks.fractals import datasets, files, network
from benchmarks.reference import fractaldb_renderer
from selfsame.fractals.files.write import Written
from selfsame.fractals.recipes.fractaldb import FractalDB
from selfsame.ifs.render.batch import render_batch, stack_systems
from selfsame.ifs.samples.library import classic
from selfsame.ifs.samples.random import sample_anderson_farrell, sample_fractaldb

pytestmark = pytest.mark.filterwarnings("ignore:This process .* is multi-threaded, use of fork")


@pytest.fixture(scope="module")
def plain() -> Any:
    """The reference class, plain Python in these tests: compiling it takes longer."""
    from benchmarks.reference import anderson_farrell_dataset

    return anderson_farrell_dataset


def uncompiled(function: Any) -> Any:
    return function.py_func


# The reference class.


def test_the_reference_plays_the_chaos_game(plain: Any) -> None:
    gasket = classic("sierpinski-gasket")
    maps = np.concatenate([gasket.matrices.reshape(-1, 4), gasket.offsets], axis=1)
    points = uncompiled(plain.chain)(maps, np.array(gasket.probabilities), 3000, 5)
    again = uncompiled(plain.chain)(maps, np.array(gasket.probabilities), 3000, 5)
    assert np.array_equal(points, again)
    # Each point is one map of the one before, and every map gets its share.
    images = np.einsum("nij,tj->tni", gasket.matrices, points[:-1]) + gasket.offsets
    distance = np.abs(images - points[1:, None]).sum(axis=2)
    assert distance.min(axis=1).max() < 1e-12
    shares = np.bincount(distance.argmin(axis=1), minlength=3) / 2999
    assert shares == pytest.approx(gasket.probabilities, abs=0.04)


def test_the_reference_stamps_and_colours(plain: Any) -> None:
    points = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 2.0], [1.0, 2.0]])
    dot = np.zeros((3, 3), int)
    dot[1, 1] = 1
    counts = uncompiled(plain.stamped)(points, 5, dot)
    expected = np.zeros((5, 5))
    expected[4, 0] = expected[4, 4] = 1
    expected[0, 4] = 2
    assert np.array_equal(counts, expected)
    dot[1, 2] = 1  # and its right neighbour
    wide = uncompiled(plain.stamped)(points, 5, dot)
    assert wide[4].tolist() == [1, 1, 0, 0, 1]
    for hue in (0.0, 0.1, 0.4, 0.77, 1.3):
        found = uncompiled(plain.rgb)(hue, 0.6, 0.9)
        assert found == pytest.approx(colorsys.hsv_to_rgb(hue % 1, 0.6, 0.9))
    front, back = np.ones((5, 5, 3)), np.zeros((5, 5, 3))
    assert np.array_equal(uncompiled(plain.over)(counts, front, back)[:, :, 0], counts > 0)


def test_the_reference_has_a_diamond_square_surface(plain: Any) -> None:
    # 17 pixels need all of the grid, and without noise on the last level (16 to 8 to 4 to 2 to 1:
    # decay 0 leaves noise on the first only) midpoints are means of their neighbours.
    heights = uncompiled(plain.surface)(17, 0.0, 3)
    assert (heights.min(), heights.max()) == (0, 1)
    # Scaling to 0..1 keeps means.
    diagonal = [heights[a, b] for a in (0, 8) for b in (0, 8)]
    assert heights[4, 4] == pytest.approx(np.mean(diagonal))
    neighbours = [heights[0, 8], heights[8, 8], heights[4, 4], heights[4, 12]]
    assert heights[4, 8] == pytest.approx(np.mean(neighbours))
    assert heights[0, 4] == pytest.approx(np.mean([heights[0, 0], heights[0, 8], heights[4, 4]]))
    rough = uncompiled(plain.surface)(224, 0.7, 3)
    assert rough.shape == (224, 224)
    assert np.isfinite(rough).all()


def test_the_reference_jitters_one_map(plain: Any) -> None:
    maps = np.array([[0.5, 0, 0, 0.5, 1, 2], [0.4, 0.1, 0, 0.3, 0, 1.0], [0.95, 0, 0, 0.95, 1, 1]])
    for seed in range(10):
        changed = plain.jittered(maps, np.random.default_rng(seed))
        ratio = changed[maps != 0] / maps[maps != 0]
        (rows,) = np.nonzero((changed != maps).any(axis=1))
        assert len(rows) <= 1
        assert (ratio >= 0.8).all()
        assert (ratio <= 1.1).all()
        assert np.linalg.norm(changed[:, :4].reshape(-1, 2, 2), ord=2, axis=(1, 2)).max() <= 1


@pytest.mark.slow
def test_the_reference_class_is_a_data_set(plain: Any) -> None:
    systems = sample_anderson_farrell(2, seed=0)
    dataset = plain.AndersonFarrellPictures(systems, 3, side=33, points=500)
    assert len(dataset) == 6
    picture, label = dataset[4]
    assert label == 1
    assert picture.shape == (3, 33, 33)
    assert picture.dtype == torch.float32
    assert 0 <= picture.min() < picture.max() <= 1
    assert torch.equal(picture, dataset[4][0])
    assert not torch.equal(picture, dataset[5][0])


# The plain renderer.


@pytest.mark.parametrize("name", files.PEERS)
def test_other_renderers_draw_what_ours_does(name: str) -> None:
    system = classic("sierpinski-gasket")
    points, side = 20_000, 64
    picture = files.PEERS[name][0](system, side, points, 0) > 0
    assert not picture[: fractaldb_renderer.PADDING - 1].any()
    assert not picture[:, -fractaldb_renderer.PADDING + 1 :].any()
    padding = fractaldb_renderer.PADDING
    inner = side - 2 * padding
    ours = np.zeros((side, side), bool)
    drawn = render_batch([system], (inner, inner), points, stretch=True)[0] > 0
    ours[padding:-padding, padding:-padding] = drawn[::-1]  # its rows go up, as y does
    # Its patches add a pixel around: ours lies within, and it within ours but for two pixels.
    grown = ours
    for _ in range(2):
        padded = np.pad(grown, 1)
        rows = padded[:-2] | padded[1:-1] | padded[2:]
        grown = rows[:, :-2] | rows[:, 1:-1] | rows[:, 2:]
    assert (picture & ~grown).sum() < 0.01 * picture.sum()
    assert (ours & ~picture).sum() < 0.1 * ours.sum()


def test_the_plain_renderer_writes_four_flips(tmp_path: Path) -> None:
    picture = np.arange(12, dtype=np.uint8).reshape(3, 4)
    size = fractaldb_renderer.write_flips(picture, tmp_path, "a")
    names = [tmp_path / f"a_flip{i}.png" for i in range(4)]
    assert size == sum(name.stat().st_size for name in names)
    flips = [np.asarray(Image.open(name)) for name in names]
    expected = [picture, picture[:, ::-1], picture[::-1], picture[::-1, ::-1]]
    assert all(np.array_equal(a, b) for a, b in zip(flips, expected, strict=True))


# The network.


def test_the_network_is_resnet18() -> None:
    trained = network.Training(1000, 0).network
    assert sum(p.numel() for p in trained.parameters()) == 11_689_512  # the published network
    assert trained(torch.zeros(2, 3, 64, 64)).shape == (2, 1000)


def test_waiting_is_told_from_training(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]

    def batches() -> Any:
        while True:
            clock[0] += 1.0
            yield torch.zeros(5, 1), torch.zeros(5)

    class Slow:
        def step(self, pictures: Any, labels: Any) -> float:
            clock[0] += 3.0
            return 0.0

    monkeypatch.setattr(network.time, "perf_counter", lambda: clock[0])
    found = network.train(Slow(), batches(), steps=4, skip=2)  # type: ignore[arg-type]
    assert found == {"pictures_per_s": 5 / 4, "waiting_share": 1 / 4, "steps": 4}
    assert clock[0] == 6 * 4


def test_a_step_trains(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "LEARNING_RATE", 0.002)  # Four pictures bear no larger one.
    training = network.Training(3, seed=0)
    pictures = torch.rand(4, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    labels = torch.tensor([0, 1, 2, 0])
    losses = [training.step(pictures, labels) for _ in range(12)]
    assert losses[-1] < 0.7 * losses[0]


# Estimates.


def test_estimates_start_once() -> None:
    written = Written(
        pictures=10_000, shards=10, bytes=30_000_000, splits={}, made=10_000, kept=0, seconds=38.0
    )
    row = files.estimated(written, "folder", search_s=0.36, start_s=2.0)
    # A thousand searches of 0.36 s, a start of 2 s, and a hundred times 36 s.
    assert row["hours"] == pytest.approx((360 + 2 + 3600) / 3600)
    assert row["gigabytes"] == pytest.approx(3.0)
    assert row["pictures_per_s"] == pytest.approx(10_000 / 38)


def test_digests_see_every_byte(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "1.png").write_bytes(b"12")
    (tmp_path / "a" / "2.png").write_bytes(b"3")
    first = files.digest(tmp_path)
    (tmp_path / "notes.txt").write_text("no picture")
    assert files.digest(tmp_path) == first
    (tmp_path / "a" / "2.png").write_bytes(b"4")
    second = files.digest(tmp_path)
    (tmp_path / "a" / "1.png").write_bytes(b"1")
    (tmp_path / "a" / "2.png").write_bytes(b"24")
    assert len({first, second, files.digest(tmp_path)}) == 3


def test_categories_come_out_as_they_went_in() -> None:
    systems = sample_fractaldb(3, seed=1)
    recipe = FractalDB(side=16, classes=3, instances=2, seed=0, systems=stack_systems(systems))
    assert files.category(recipe, 2) == systems[2]


@pytest.mark.slow
@pytest.mark.parametrize("part", list(datasets.PARTS))
def test_a_quick_run_of_every_part(
    part: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--quick", "--part", part, "--side", "32", "-o", str(tmp_path), "--json"]
    monkeypatch.setattr(sys, "argv", ["fractal_datasets.py", *arguments])
    monkeypatch.setattr(torch, "set_num_threads", lambda _: None)
    datasets.main()
    document = json.loads(capsys.readouterr().out)
    harness.check_result(document)
    assert document == json.loads((tmp_path / f"fractal_datasets_{part}.json").read_text())
    results = document["results"]
    if part == "loaders":
        rows = {row["source"]: row for row in results["sources"]}
        assert rows[datasets.REFERENCE]["times_reference"] == 1
        assert all(row["pictures_per_s"] > 0 for row in rows.values())
    elif part == "network":
        assert results["training"][0]["source"] == "in memory"
    else:
        assert results["same_bytes_with_1_and_4_jobs"]
        assert [row["pictures"] for row in results["files"]] == [40, 40]


@pytest.mark.parametrize(
    "arguments", [["--workers", "0"], ["--part", "fractaldb", "--percent", "0"]]
)
def test_unusable_options_are_named(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["fractal_datasets.py", "--quick", *arguments])
    with pytest.raises(SystemExit):
        harness.run(datasets.main)
    assert "must be" in capsys.readouterr().err
