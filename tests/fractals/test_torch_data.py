"""Fractals in torch's loaders: the same samples however the work is divided."""

import itertools
import json
import pickle
import tracemalloc
from collections import Counter
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch.utils.data import DataLoader, Subset

from selfsame.errors import InputError
from selfsame.fractals.loading.torch_data import FractalDataset, FractalStream, find_share
from selfsame.fractals.randomness import shuffled
from selfsame.fractals.recipes.base import Recipe
from selfsame.fractals.recipes.fractaldb import FractalDB
from selfsame.ifs.render.batch import SystemArrays, stack_systems
from selfsame.ifs.samples.random import sample_anderson_farrell

SIDE = 16

pytestmark = [
    # Neither the cores of this machine nor the threads of other tests matter here.
    pytest.mark.filterwarnings("ignore:This DataLoader will create"),
    pytest.mark.filterwarnings("ignore:This process .* is multi-threaded, use of fork"),
]


@dataclass(frozen=True, eq=False, kw_only=True)
class Numbered(Recipe):
    """Pictures that say which they are: the first two pixels spell the index, the third one how
    many threads drew them."""

    name: ClassVar[str] = "numbered"
    several: bool = False

    @property
    def channels(self) -> int:
        return 3

    @property
    def multi_label(self) -> bool:  # type: ignore[override]
        return self.several

    def find_systems(self, progress: Any = None) -> SystemArrays:
        return self.systems

    def options(self) -> dict[str, Any]:
        return {}

    def instance_parameters(self, index: int) -> dict[str, Any]:
        return {}

    def _draw(self, indices: NDArray[np.int64]) -> NDArray[np.uint8]:
        out = np.zeros((len(indices), self.side, self.side, 3), np.uint8)
        out[:, 0, 0] = (indices // 256)[:, None]
        out[:, 0, 1] = (indices % 256)[:, None]
        out[:, 0, 2] = self.threads or 0
        out[:, 0, 3] = len(indices)
        out[:, 1, 0] = [10, 20, 30]
        return out


def numbered(classes: int = 5, instances: int = 7, **options: Any) -> Numbered:
    systems = stack_systems(sample_anderson_farrell(classes, seed=0))
    return Numbered(
        side=SIDE, classes=classes, instances=instances, seed=3, systems=systems, **options
    )


def stream(recipe: Recipe | None = None, **options: Any) -> FractalStream:
    settings: dict[str, Any] = {"seed": 9, "batch": 4, "dtype": torch.uint8, **options}
    return FractalStream(recipe or numbered(), **settings)


def numbers(pictures: torch.Tensor) -> list[int]:
    """Return the indices that pictures spell."""
    return (pictures[:, 0, 0, 0].long() * 256 + pictures[:, 0, 0, 1]).tolist()


def read(source: Any) -> list[int]:
    return [number for pictures, _ in source for number in numbers(pictures)]


def load(source: FractalStream, workers: int, **options: Any) -> "DataLoader[Any]":
    return DataLoader(source, batch_size=None, num_workers=workers, **options)


# The map style.


def test_a_sample_is_the_picture_of_the_recipe() -> None:
    recipe = numbered()
    dataset = FractalDataset(recipe)
    assert len(dataset) == 35
    picture, label = dataset[23]
    assert picture.shape == (3, SIDE, SIDE)
    assert picture.dtype == torch.float32
    assert label == 23 // 7
    expected = recipe.pictures([23])[0].transpose(2, 0, 1)
    assert np.array_equal(picture.numpy(), (expected / np.float32(255)))
    as_bytes, _ = FractalDataset(recipe, dtype=torch.uint8)[23]
    assert np.array_equal(as_bytes.numpy(), expected)
    with pytest.raises(IndexError, match=r"0\.\.34: got 35"):
        dataset[35]
    assert [label for _, label in dataset] == [i // 7 for i in range(35)]  # type: ignore[attr-defined]


def test_grey_pictures_have_one_channel() -> None:
    recipe = FractalDB(
        classes=2,
        instances=40,
        side=SIDE,
        seed=1,
        points=300,
        systems=stack_systems(sample_anderson_farrell(2, seed=0)),
        threads=1,
    )
    dataset = FractalDataset(recipe, dtype=torch.uint8)
    batch = dataset.__getitems__([70, 0, 41])
    assert [label for _, label in batch] == [1, 0, 1]
    assert batch[0][0].shape == (1, SIDE, SIDE)
    for index, (picture, _) in zip([70, 0, 41], batch, strict=True):
        assert torch.equal(picture, dataset[index][0])
        assert picture.any()


def test_labels() -> None:
    one = FractalDataset(numbered(), labels="multi")[23][1]
    assert isinstance(one, torch.Tensor)
    assert one.tolist() == [0, 0, 0, 1, 0]
    assert one.dtype == torch.float32
    several = numbered(several=True)
    assert torch.equal(FractalDataset(several)[23][1], one)  # type: ignore[arg-type]
    assert FractalDataset(several, labels="class")[23][1] == 3
    labels = next(iter(stream(several, shuffle=False)))[1]
    assert labels.tolist() == [[1, 0, 0, 0, 0]] * 4
    labels = next(iter(stream(shuffle=False, batch=9)))[1]
    assert labels.tolist() == [0] * 7 + [1] * 2
    assert labels.dtype == torch.int64


@pytest.mark.parametrize("workers", [0, 2])
def test_a_loader_draws_whole_batches(workers: int) -> None:
    dataset = FractalDataset(numbered(threads=3), dtype=torch.uint8)
    loader = DataLoader(dataset, batch_size=8, num_workers=workers)
    batches = list(loader)
    assert read(batches) == list(range(35))
    assert [b[0][0, 0, 0, 3].item() for b in batches] == [8, 8, 8, 8, 3]
    # Workers draw with one thread each, the main process with those of the recipe.
    assert {b[0][0, 0, 0, 2].item() for b in batches} == {1 if workers else 3}
    part = Subset(dataset, [30, 2, 19])
    pictures, labels = next(iter(DataLoader(part, batch_size=8, num_workers=workers)))
    assert numbers(pictures) == [30, 2, 19]
    assert labels.tolist() == [4, 0, 2]
    assert pictures[0, 0, 0, 3] == 3


def test_transforms_see_each_picture() -> None:
    def mean_colour(picture: torch.Tensor) -> torch.Tensor:
        assert picture.shape == (3, SIDE, SIDE)
        return picture[:, 1, 0] * 255

    picture, label = FractalDataset(numbered(), mean_colour)[8]
    assert picture.tolist() == pytest.approx([10, 20, 30])
    assert label == 1
    pictures, _ = next(iter(FractalStream(numbered(), mean_colour, batch=4)))
    assert pictures.shape == (4, 3)
    assert pictures[2].tolist() == pytest.approx([10, 20, 30])


# The order.


@pytest.mark.parametrize("length", [1, 2, 3, 5, 16, 17, 1000])
def test_the_order_is_a_permutation(length: int) -> None:
    orders = [shuffled(range(length), length, 7, epoch) for epoch in range(3)]
    for order in orders:
        assert sorted(order) == list(range(length))
    if length > 10:
        assert (orders[0] != orders[1]).mean() > 0.8
        assert (orders[0] != shuffled(range(length), length, 8, 0)).mean() > 0.8
    places = [length - 1, 0, length // 2]
    assert shuffled(places, length, 7, 1).tolist() == orders[1][places].tolist()


def test_all_orders_are_equally_likely() -> None:
    # 24 orders of 4: the statistic is chi-square with 23 degrees, 49.7 at one in a thousand.
    found = Counter(tuple(shuffled(range(4), 4, 0, epoch)) for epoch in range(480))
    assert len(found) == 24
    assert sum((count - 20) ** 2 / 20 for count in found.values()) < 49.7


def test_neighbours_in_a_long_order_are_unrelated() -> None:
    length = 2**40 + 12345
    order = shuffled(range(4000), length, 5, 2).astype(float) / length
    assert len(set(order)) == 4000
    assert abs(order.mean() - 0.5) < 4 / np.sqrt(12 * 4000)
    for lag in (1, 2, 64):
        assert abs(np.corrcoef(order[:-lag], order[lag:])[0, 1]) < 4 / np.sqrt(4000)


# The stream.


def test_an_epoch_has_every_picture_once() -> None:
    source = stream()
    first = read(source)
    assert sorted(first) == list(range(35))
    assert first != sorted(first)
    assert read(source) == first  # an epoch is what it is, however often it is read
    source.set_epoch(1)
    second = read(source)
    assert sorted(second) == list(range(35))
    assert second != first
    assert read(stream(seed=10)) != first
    assert read(stream(shuffle=False)) == list(range(35))
    sizes = [len(labels) for _, labels in stream()]
    assert sizes == [4] * 8 + [3]
    assert len(stream()) == 9
    assert [len(labels) for _, labels in stream(drop_last=True)] == [4] * 8
    assert len(stream(drop_last=True)) == 8


@pytest.mark.parametrize("workers", [1, 2, 3])
@pytest.mark.parametrize("rank", [0, 1])
def test_workers_change_nothing(workers: int, rank: int) -> None:
    source = stream(rank=rank, ranks=2)
    alone = list(source)
    together = list(load(source, workers))
    assert read(alone) == read(together)
    assert len(together) == len(load(source, workers)) == len(source)
    for (_, mine), (_, theirs) in zip(alone, together, strict=True):
        assert mine.tolist() == theirs.tolist()


@pytest.mark.parametrize("instances", [7, 8, 9, 10, 11])
@pytest.mark.parametrize("ranks", [2, 3])
def test_ranks_share_an_epoch(instances: int, ranks: int) -> None:
    recipe = numbered(5, instances)
    alone = list(stream(recipe, batch=4 * ranks))
    shares = [list(stream(recipe, rank=rank, ranks=ranks)) for rank in range(ranks)]
    for rank, share in enumerate(shares):
        assert len(share) == len(stream(recipe, rank=rank, ranks=ranks))
    # Step by step, what the ranks read is what one rank reads in batches as large as all of them.
    for i, (pictures, _) in enumerate(alone):
        together = [n for share in shares for p, _ in share[i : i + 1] for n in numbers(p)]
        assert together == numbers(pictures)
    lengths = {len(list(stream(recipe, rank=r, ranks=ranks, drop_last=True))) for r in range(ranks)}
    assert lengths == {5 * instances // (4 * ranks)}


def test_a_part_of_a_set() -> None:
    chosen = [3, 30, 17, 8, 22]
    source = stream(indices=chosen)
    assert source.samples == 5
    assert sorted(read(source)) == sorted(chosen)
    assert read(stream(indices=chosen, shuffle=False)) == chosen


def test_an_endless_stream_is_its_epochs_one_after_the_other() -> None:
    epochs = []
    for epoch in range(4):
        source = stream()
        source.set_epoch(epoch)
        epochs += read(source)
    for workers in (0, 2):
        source = stream(endless=True, batch=16)
        batches = list(itertools.islice(load(source, workers), 8))
        assert [len(labels) for _, labels in batches] == [16] * 8
        assert read(batches) == epochs[:128]
    long = stream(endless=True, batch=100)
    assert read([next(iter(long))]) == epochs[:100]
    with pytest.raises(TypeError, match="endless"):
        len(long)


def test_it_begins_where_it_is_told_to() -> None:
    source = stream()
    source.set_epoch(2)
    whole = read(source)
    for workers in (0, 2):
        source.set_epoch(2, sample=12)
        assert read(load(source, workers)) == whole[12:]
    other = stream(batch=5, rank=0, ranks=1)  # other batches go on just as well
    other.set_epoch(2, sample=12)
    assert read(other) == whole[12:]
    source.set_epoch(2, sample=35)
    assert read(source) == []
    with pytest.raises(InputError, match=r"sample must be a whole number within 0\.\.35: got 36"):
        source.set_epoch(0, sample=36)
    with pytest.raises(InputError, match="epoch"):
        source.set_epoch(-1)


def test_workers_that_stay_learn_of_a_new_epoch() -> None:
    source = stream()
    expected = []
    for epoch in (0, 1, 1, 5):
        source.set_epoch(epoch)
        expected.append(read(source))
    loader = load(source, 2, persistent_workers=True)
    found = []
    for epoch in (0, 1, 1, 5):
        source.set_epoch(epoch)
        found.append(read(loader))
    assert found == expected


@pytest.mark.parametrize("endless", [False, True])
def test_state_is_saved_and_loaded(endless: bool) -> None:
    source = stream(endless=endless)
    source.set_epoch(3, sample=2)
    before = iter(source)
    for _ in range(3):
        next(before)
    state = json.loads(json.dumps(before.state_dict()))
    rest = read(itertools.islice(before, 5))
    after = iter(stream(endless=endless))
    after.load_state_dict(state)
    assert read(itertools.islice(after, 5)) == rest
    with pytest.raises(InputError, match=r"another stream.*'batch': 4.*'batch': 5.*set_epoch"):
        iter(stream(batch=5)).load_state_dict(state)


def test_transforms_of_a_stream_draw_the_same_numbers_everywhere() -> None:
    before = torch.get_rng_state()
    alone = [p for p, _ in FractalStream(numbered(), _noise, batch=4)]
    again = [p for p, _ in FractalStream(numbered(), _noise, batch=5)]
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(torch.cat(alone), torch.cat(again))
    workers = [p for p, _ in load(FractalStream(numbered(), _noise, batch=4), 2)]
    assert torch.equal(torch.cat(alone), torch.cat(workers))
    assert len(torch.cat(alone).unique(dim=0)) == 35
    later = FractalStream(numbered(), _noise, batch=35)
    later.set_epoch(1)
    both = torch.cat([*alone, next(iter(later))[0]])
    assert len(both.unique(dim=0)) == 70


def _noise(picture: torch.Tensor) -> torch.Tensor:
    return torch.randn(2) + 0 * picture.mean()


def test_memory_does_not_grow() -> None:
    source = stream(numbered(256, 2**32), endless=True)
    source.set_epoch(1000, sample=2**39)
    batches = iter(source)
    tracemalloc.start()
    try:
        for _ in range(5):
            next(batches)
        before, _ = tracemalloc.get_traced_memory()
        for _ in range(50):
            next(batches)
        after, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < 20_000
    assert most < 1_000_000


def test_they_are_pickled() -> None:
    source = stream()
    source.set_epoch(4, sample=6)
    assert read(pickle.loads(pickle.dumps(source))) == read(source)
    dataset = FractalDataset(numbered(), torch.nn.Identity())
    assert torch.equal(pickle.loads(pickle.dumps(dataset))[11][0], dataset[11][0])


@pytest.mark.slow
def test_workers_that_are_spawned() -> None:
    source = stream(make_small())
    alone = [p.clone() for p, _ in source]
    spawned = load(source, 2, multiprocessing_context="spawn", persistent_workers=True)
    assert torch.equal(torch.cat([p for p, _ in spawned]), torch.cat(alone))
    source.set_epoch(1)
    second = torch.cat([p for p, _ in spawned])
    assert torch.equal(second, torch.cat([p for p, _ in source]))
    assert not torch.equal(second, torch.cat(alone))
    dataset = FractalDataset(make_small(), dtype=torch.uint8)
    loader = DataLoader(dataset, batch_size=16, num_workers=2, multiprocessing_context="spawn")
    pictures = torch.cat([p for p, _ in loader])
    assert torch.equal(pictures, torch.stack([p for p, _ in dataset]))  # type: ignore[attr-defined]


def make_small() -> Recipe:
    systems = stack_systems(sample_anderson_farrell(3, seed=0))
    return FractalDB(classes=3, instances=20, side=32, seed=1, points=500, systems=systems)


@pytest.mark.parametrize("workers", [0, 2])
def test_fractals_are_the_same_in_every_process(workers: int) -> None:
    source = stream(make_small(), batch=16)
    expected = torch.from_numpy(source.recipe.pictures(range(60)))[:, None]
    found = torch.cat([p for p, _ in load(source, workers)])
    order = shuffled(range(60), 60, 9, 0)
    assert torch.equal(found, expected[order])


# Unusable arguments.


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"labels": "classes"}, "labels must be one of class, multi or None: got 'classes'"),
        ({"dtype": torch.float64}, "dtype must be torch.float32 or torch.uint8"),
        ({"batch": 0}, "batch must be a whole number"),
        ({"seed": -1}, "seed must be a whole number"),
        ({"rank": 0}, "rank and ranks come together"),
        ({"rank": 2, "ranks": 2}, "rank must be within 0..ranks - 1: got 2 of 2"),
        ({"indices": []}, "at least one picture"),
        ({"indices": [0.5]}, "whole numbers"),
        ({"indices": [[1]]}, "indices must be a row"),
        ({"indices": [0, 35]}, r"indices must lie within 0\.\.34: got 0\.\.35"),
    ],
)
def test_unusable_arguments_are_named(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        stream(**options)


def test_processes_that_have_not_joined_are_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(InputError, match="after init_process_group"):
        stream()
    assert find_share(1, 2).of(range(10, 15)) == range(12, 15)
    monkeypatch.setattr(torch.distributed, "is_initialized", lambda: True)
    monkeypatch.setattr(torch.distributed, "get_rank", lambda: 1)
    monkeypatch.setattr(torch.distributed, "get_world_size", lambda: 2)
    assert (stream().share.rank, stream().share.ranks) == (1, 2)
