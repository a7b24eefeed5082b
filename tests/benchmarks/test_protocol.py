"""The evaluation against the reference's renderer, and its choice of targets."""

from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks import protocol
from benchmarks.reference import learning_fractals as plain
from selfsame.errors import InputError

WINDOW = (-5.0, -5.0, 5.0, 5.0)


def random_system(seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    generator = torch.Generator().manual_seed(seed)
    parts = plain.system(plain.initial_parameters(10, generator, torch.float64))
    A, b, p = (part.numpy() for part in parts)
    return A, b, p


def disk(radius: float = 9.0, side: int = 32) -> np.ndarray:
    row, column = np.mgrid[:side, :side] + 0.5 - side / 2
    return (row**2 + column**2 < radius**2).astype(np.float32)


def test_splat_equals_the_references_full_kernel() -> None:
    pixels = np.random.default_rng(0).uniform(-2, 34, (3, 300, 2))
    pictures = protocol.splat(pixels)
    settings = plain.Settings()
    for one, picture in zip(pixels, pictures, strict=True):
        expected = plain.render(torch.from_numpy(one), settings).numpy()
        np.testing.assert_allclose(picture, expected, atol=1e-12)
    assert pictures.max() == 1


def test_points_equal_the_references_chain_on_the_same_sequences() -> None:
    A, b, p = random_system()
    points = protocol.sample_points(A, b, p, np.random.default_rng(7), sequences=5, points=30)
    # The drawn maps, recovered: the one that carries each point to its successor.
    start = np.linalg.solve(np.eye(2) - A[0], b[0])
    before = np.concatenate([np.broadcast_to(start, (5, 1, 2)), points[:, :-1]], axis=1)
    images = np.einsum("nij,stj->stni", A, before) + b
    distance = np.linalg.norm(images - points[:, :, None], axis=-1)
    assert distance.min(axis=-1).max() < 1e-12
    sequences = torch.from_numpy(distance.argmin(axis=-1))
    expected = plain.chain(torch.from_numpy(A), torch.from_numpy(b), sequences)
    np.testing.assert_allclose(points, expected, atol=1e-12)
    settings = plain.Settings()
    np.testing.assert_allclose(
        protocol.to_pixels(points, WINDOW, 32), plain.to_pixels(expected, settings), atol=1e-12
    )


def test_maps_are_drawn_with_their_probabilities() -> None:
    A = np.zeros((3, 2, 2))
    b = np.array([[0.0, 0.0], [1.0, 0.0], [2.0, 0.0]])
    p = np.array([0.2, 0.0, 0.8])
    drawn = protocol.sample_points(A, b, p, np.random.default_rng(0), sequences=200)[..., 0]
    share = [(drawn == value).mean() for value in range(3)]
    # 60 000 draws: four standard deviations are 0.0065.
    assert share == pytest.approx(p, abs=0.0066)
    assert share[1] == 0


def test_score_is_what_the_reference_computes() -> None:
    A, b, p = random_system(4)
    target = disk()
    score = protocol.score(A, b, p, WINDOW, target, seed=5)
    points = protocol.sample_points(A, b, p, protocol._generator(5))
    settings = plain.Settings()
    pixels = plain.to_pixels(torch.from_numpy(points), settings)
    wanted = torch.from_numpy(target)
    errors = [float(((plain.render(one, settings) - wanted) ** 2).mean()) for one in pixels]
    assert len(errors) == 100
    assert score.min_mse == pytest.approx(min(errors), rel=1e-6)
    assert score.mean_mse == pytest.approx(np.mean(errors), rel=1e-6)
    assert protocol.min_mse(A, b, p, WINDOW, target, seed=5) == score.min_mse


def test_burn_in_leaves_out_the_first_points() -> None:
    A, b, p = random_system()
    whole = protocol.sample_points(A, b, p, np.random.default_rng(1), sequences=4, points=50)
    late = protocol.sample_points(
        A, b, p, np.random.default_rng(1), sequences=4, points=30, burn_in=20
    )
    np.testing.assert_array_equal(late, whole[:, 20:])


def test_a_perfect_code_gets_perfect_converged_measures() -> None:
    # Four half-size copies fill the window [-1, 1]²: the target is the whole picture.
    A = np.repeat(0.5 * np.eye(2)[None], 4, axis=0)
    b = 0.5 * np.array([[-1.0, -1], [1, -1], [-1, 1], [1, 1]])
    p = np.full(4, 0.25)
    score = protocol.score(A, b, p, (-1.0, -1.0, 1.0, 1.0), np.ones((32, 32), np.float32))
    assert score.iou > 0.95
    assert score.chamfer_px < 0.1
    assert score.density_sse < 2e-5
    assert score.min_mse <= score.mean_mse


def test_wild_systems_get_a_finite_error() -> None:
    A = np.array([[[3.0, 0], [0, 3.0]], [[1.0, 0], [0, 1.0]]])
    b = np.array([[1.0, 0.0], [0.5, 0.5]])
    score = protocol.score(A, b, np.array([0.5, 0.5]), WINDOW, disk())
    assert np.isfinite([score.min_mse, score.mean_mse, score.density_sse]).all()
    assert score.iou < 0.5


def test_unusable_codes_and_targets_are_refused() -> None:
    A, b, p = random_system()
    with pytest.raises(InputError, match="finite"):
        protocol.score(A * np.nan, b, p, WINDOW, disk())
    with pytest.raises(InputError, match="32x32"):
        protocol.score(A, b, p, WINDOW, disk(side=28))


def test_histogram_counts_and_drops_what_lies_outside() -> None:
    pixels = np.array([[0.0, 0.0], [31.99, 0.5], [32.0, 0.5], [-0.01, 5.0], [3.2, 7.9]])
    counts = protocol.histogram(pixels)
    assert counts.sum() == 3
    assert counts[0, 0] == counts[0, 31] == counts[7, 3] == 1


@pytest.fixture
def sets(tmp_path: Path) -> Path:
    generator = np.random.default_rng(0)
    images = generator.integers(0, 256, (130, 28, 28)).astype(np.uint8)
    labels = np.repeat(np.arange(10), 13).astype(np.uint8)
    np.savez(tmp_path / "kmnist_200.npz", images=images, labels=labels)
    shuffled = generator.permutation(labels)
    np.savez(
        tmp_path / "mnist.npz",
        train_images=np.zeros_like(images),
        train_labels=labels,
        test_images=images,
        test_labels=shuffled,
    )
    return tmp_path


def test_splits_are_disjoint_balanced_and_repeatable(sets: Path) -> None:
    found = protocol.find_sets(sets)
    assert list(found) == ["mnist", "kmnist"]
    targets = {s: protocol.select_targets(found["kmnist"], s, 20) for s in protocol.SPLITS}
    names = {split: {t.name for t in chosen} for split, chosen in targets.items()}
    whole = {s: protocol.select_targets(found["kmnist"], s, None) for s in protocol.SPLITS}
    dev, test = ({t.name for t in whole[split]} for split in ("dev", "test"))
    assert not dev & test
    assert dev | test == {t.name for t in whole["all"]}
    assert len(dev) == 100
    assert names["dev"] <= dev
    for chosen in targets.values():
        assert np.bincount([t.label for t in chosen], minlength=10).tolist() == [2] * 10
        assert all(t.image.shape == (32, 32) for t in chosen)
        assert set(np.unique([t.image for t in chosen])) <= {0.0, 1.0}
    again = protocol.select_targets(found["kmnist"], "test", 20)
    assert [t.name for t in again] == [t.name for t in targets["test"]]
    # A shorter list is the beginning of a longer one.
    assert [t.name for t in protocol.select_targets(found["kmnist"], "test", 5)] == [
        t.name for t in again[:5]
    ]
    mnist = protocol.select_targets(found["mnist"], "test", None)
    assert 0 < np.mean([t.image for t in mnist]) < 1  # the training pictures are blank


def test_any_folder_or_array_is_a_set(tmp_path: Path) -> None:
    images = np.zeros((3, 40, 50, 3), np.uint8)
    images[:, 10:20, 10:20] = (0, 255, 0)
    path = tmp_path / "mine.npz"
    np.savez(path, images=images)
    assert protocol.find_sets(path) == {"mine": path}
    targets = protocol.select_targets(path, "all", None)
    assert len(targets) == 3
    assert 0 < targets[0].image.mean() < 0.2
    with pytest.raises(InputError, match="3 all targets: 4 asked for"):
        protocol.select_targets(path, "all", 4)
    with pytest.raises(InputError, match="split must be one of"):
        protocol.select_targets(path, "validation", 1)
    with pytest.raises(InputError, match="--data"):
        protocol.find_sets(tmp_path / "absent")


def test_threshold_after_resizing() -> None:
    picture = np.full((32, 32), 0.2, np.float32)
    picture[0, 0] = 0.21
    assert protocol.target_mask(picture).sum() == 1


def test_without_data_there_are_made_targets() -> None:
    assert protocol.find_sets(None) == {"made": None}
    targets = protocol.select_targets(None, "all", None)
    assert [t.name for t in targets] == ["made-0", "made-1", "made-2", "made-3"]
    for target in targets:
        assert 0.05 < target.image.mean() < 0.6
