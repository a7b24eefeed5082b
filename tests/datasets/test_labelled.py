import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from selfsame.datasets.labelled import (
    FOLDS,
    MOST_FOLDED,
    LabelledSet,
    class_ranks,
    read_labelled,
    validation_folds,
)
from selfsame.errors import InputError
from support.toy_pictures import toy_archive, toy_pictures

LABELS = st.lists(st.integers(0, 4), min_size=1, max_size=60).map(np.array)


@given(LABELS, st.integers(0, 5))
def test_ranks_count_within_each_class(labels, seed) -> None:
    ranks = class_ranks(labels, np.random.default_rng(seed))
    for label in np.unique(labels):
        assert sorted(ranks[labels == label]) == list(range((labels == label).sum()))


@given(LABELS)
def test_folds_hold_out_everything_once_and_no_class_altogether(labels) -> None:
    folds = validation_folds(labels, np.random.default_rng(0))
    held = np.sum([np.zeros(len(labels)), *folds], axis=0)
    several = np.bincount(labels)[labels] > 1
    assert np.array_equal(held, several)
    for fold in folds:
        assert fold.any()
        assert set(labels[~fold]) == set(labels)


def test_large_sets_hold_out_one_fifth() -> None:
    labels = np.arange(MOST_FOLDED + 1) % 2
    (fold,) = validation_folds(labels, np.random.default_rng(0))
    assert fold.sum() == pytest.approx(len(labels) / FOLDS, abs=1)


def one_set(count: int = 30, tested: int | None = None) -> LabelledSet:
    test = None if tested is None else toy_pictures(tested, seed=1)
    return LabelledSet(toy_pictures(count), test, ("0", "1", "2"))


def test_a_fifth_of_each_class_is_tested_where_no_split_is() -> None:
    learn, rest = one_set().masks(0, 0)
    labels = one_set().learned.labels
    assert np.array_equal(learn, ~rest)
    assert np.bincount(labels[rest]).tolist() == [2, 2, 2]
    assert not np.array_equal(learn, one_set().masks(0, 1)[0])
    assert not np.array_equal(learn, one_set().masks(1, 0)[0])
    assert np.array_equal(learn, one_set().masks(0, 0)[0])


def test_shots_leave_the_rest_to_test() -> None:
    learned, tested = one_set().split(0, 0, shots=4)
    assert np.bincount(learned.labels).tolist() == [4, 4, 4]
    assert np.bincount(tested.labels).tolist() == [6, 6, 6]
    both = {image.tobytes() for part in (learned, tested) for image in part.images}
    assert both == {image.tobytes() for image in one_set().learned.images}


def test_a_test_split_is_tested_as_it_is() -> None:
    data = one_set(tested=9)
    learned, tested = data.split(0, 0, shots=4)
    assert tested is data.tested
    assert len(learned) == 12
    learned, _ = data.split(0, 0)
    assert np.array_equal(learned.images, data.learned.images)
    assert not data.masks(0, 0)[1].any()


@given(st.integers(3, 30))
@settings(max_examples=10)
def test_a_limit_takes_from_all_classes(limit) -> None:
    learned, _ = one_set(tested=3).split(0, 0, limit=limit)
    counts = np.bincount(learned.labels)
    assert counts.sum() == limit
    assert counts.max() - counts.min() <= 1


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"shots": 11}, r"shots must be 1..10, the pictures of the smallest class, '0': got 11"),
        ({"shots": 10}, "no picture is left to test on, of 30 pictures of 3 classes"),
        ({"shots": 0}, "shots must be"),
        ({"limit": 2}, "limit 2 leaves class '.' no picture to learn from; raise it"),
    ],
)
def test_too_few_pictures_are_named(options, text) -> None:
    with pytest.raises(InputError, match=text):
        one_set().masks(0, 0, **options)


def test_archives(tmp_path) -> None:
    data = read_labelled(toy_archive(tmp_path / "a.npz"))
    assert (data.side, data.channels, data.classes) == (16, 1, ("0", "1", "2"))
    assert len(data.learned) == 30
    assert len(data.tested) == 12
    assert read_labelled(toy_archive(tmp_path / "b.npz", tested=None)).tested is None
    assert read_labelled(tmp_path / "a.npz", 12, "rgb").learned.images.shape == (30, 12, 12, 3)


def test_labels_are_numbered_from_0(tmp_path) -> None:
    images = toy_pictures(6).images
    path = tmp_path / "set.npz"
    np.savez(path, images=images, labels=[7, 3, 7, 9, 3, 9])
    data = read_labelled(path)
    assert data.classes == ("3", "7", "9")
    assert data.learned.labels.tolist() == [1, 0, 1, 2, 0, 2]


def test_folders_of_classes(tmp_path) -> None:
    for split, count in (("train", 3), ("test", 1)):
        for name in ("cats", "dogs"):
            folder = tmp_path / split / name
            folder.mkdir(parents=True)
            for i in range(count):
                Image.new("L", (20, 16), 10 * i).save(folder / f"{i}.png")
    data = read_labelled(tmp_path, 16)
    assert data.classes == ("cats", "dogs")
    assert len(data.tested) == 2
    with pytest.raises(InputError, match="20x16 pixels: networks take squares; give a side of at"):
        read_labelled(tmp_path)


@pytest.mark.parametrize(
    ("arrays", "text"),
    [
        ({"images": 6}, "no labels for its split train: have one sub-folder per class"),
        ({"train_images": 6, "train_labels": [0, 1] * 3, "test_images": 2}, "its split test"),
        ({"images": 6, "labels": [4] * 6}, "pictures of one class"),
        (
            {
                "train_images": 6,
                "train_labels": [0, 1] * 3,
                "test_images": 2,
                "test_labels": [1, 2],
            },
            r"tests classes that it has none of to learn: \[2\]",
        ),
        ({"test_images": 6, "test_labels": [0, 1] * 3}, "no split 'train'; it has test"),
    ],
)
def test_sets_that_cannot_be_learned_are_refused(tmp_path, arrays, text) -> None:
    path = tmp_path / "set.npz"
    values = {n: toy_pictures(v).images if isinstance(v, int) else v for n, v in arrays.items()}
    np.savez(path, **values)
    with pytest.raises(InputError, match=text):
        read_labelled(path)


def test_splits_of_other_sizes_are_refused(tmp_path) -> None:
    path = tmp_path / "set.npz"
    images = toy_pictures(6).images
    labels = [0, 1] * 3
    np.savez(
        path,
        train_images=images,
        train_labels=labels,
        test_images=images[:, :8, :8],
        test_labels=labels,
    )
    with pytest.raises(InputError, match="give side and mode"):
        read_labelled(path)
    assert read_labelled(path, 8).side == 8
