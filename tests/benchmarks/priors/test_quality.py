"""Distances of samples in a classifier's features: the classifier learns, baselines are what they
say."""

import numpy as np
import pytest
import torch

from benchmarks.priors import classifier, quality, subjects
from benchmarks.priors.classifier import Described
from benchmarks.priors.digits import Data, binarised, made_pictures
from benchmarks.priors.subjects import Subject


@pytest.fixture(scope="module")
def data() -> Data:
    return Data(made_pictures(300, 0), made_pictures(100, 1), "made")


def test_the_classifier_learns_and_its_seed_decides(
    data: Data, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(classifier, "BATCH", 30)
    state = torch.random.get_rng_state()
    weights = classifier.train_classifier(data.train, 1, 4)
    assert torch.equal(torch.random.get_rng_state(), state)
    model = classifier.load_classifier(weights, data.train)
    seen = classifier.describe(model, binarised(data.test, 0))
    assert classifier.accuracy(seen, classifier.labels_of(data.test)) > 0.7
    np.testing.assert_allclose(seen.probabilities.sum(1), 1, rtol=1e-5)
    again = classifier.train_classifier(data.train, 1, 4)
    assert all(np.array_equal(weights[name], again[name]) for name in weights)
    other = classifier.train_classifier(data.train, 2, 1)
    assert not np.array_equal(weights["classes.weight"], other["classes.weight"])


def test_entropy_of_classes() -> None:
    def found(*classes: int) -> Described:
        return Described(np.zeros((len(classes), 2)), np.eye(4)[list(classes)])

    assert classifier.class_entropy(found(0, 1, 2, 3)) == pytest.approx(np.log(4))
    assert classifier.class_entropy(found(2, 2)) == 0


def test_samples_are_binary_and_repeat() -> None:
    subject = Subject("collage", subjects.untrained("collage"), {})
    first, again, other = (quality.drawn_samples(subject, 5, 1.0, s) for s in (1, 1, 2))
    assert first.shape == (5, 1, 28, 28)
    assert set(first.unique().tolist()) == {0, 1}
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_baselines_are_what_they_say(data: Data) -> None:
    count = 200
    drawn = quality.training_pictures(data, count, 3)
    assert set(drawn.unique().tolist()) == {0, 1}
    noisy = quality.flipped(data, count, 3)
    share = float((noisy != drawn).float().mean())
    assert share == pytest.approx(quality.FLIPPED, rel=0.1)
    mixed = quality.quartered(data, count, 3)
    for corner in (np.s_[..., :14, :14], np.s_[..., 14:, :14], np.s_[..., 14:, 14:]):
        ours, theirs = (sorted(x[corner].flatten(1).tolist()) for x in (mixed, drawn))
        assert ours == theirs
    whole = {tuple(x) for x in drawn.flatten(1).tolist()}
    assert sum(tuple(x) in whole for x in mixed.flatten(1).tolist()) < count / 4
    alone = quality.independent_pixels(data, 2000, 3)
    mean = data.train.images.mean((0, 3)) / 255
    np.testing.assert_allclose(alone.mean((0, 1)), mean, atol=0.06)


def test_training_pictures_are_drawn_without_replacement(data: Data) -> None:
    drawn = quality.training_pictures(data, len(data.train), 3)
    brightness = data.train.images.mean() / 255
    assert float(drawn.mean()) == pytest.approx(brightness, rel=0.02)
    assert len(drawn) == len(data.train)


def test_equal_sets_are_at_no_distance_and_others_are() -> None:
    rng = np.random.default_rng(0)
    real = Described(rng.random((40, 6)), np.eye(4)[np.arange(40) % 4] * 0.5 + 0.125)
    same = quality.compared(real, real, 0)
    assert same["frechet"] == pytest.approx(0, abs=1e-9)
    assert same["least_class_share"] == 0.25
    assert same["confidence"] == pytest.approx(0.625)
    far = quality.compared(real._replace(features=real.features + 3), real, 0)
    assert far["frechet"] == pytest.approx(9 * 6)
    assert far["kernel"] > 10 * abs(same["kernel"])


def test_rows_are_means_with_their_spread() -> None:
    found = [{"frechet": 1.0, "kernel": 0.5}, {"frechet": 4.0, "kernel": 1.0}]
    row = quality.mean_row("x", found)
    assert row == {"set": "x", "frechet": 2.5, "kernel": 0.75, "frechet_spread": 3.0}
