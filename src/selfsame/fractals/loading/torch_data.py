"""Fractals for ``torch.utils.data``, drawn when they are asked for.

``FractalDataset`` is map style: picture i is picture i of its recipe. ``FractalStream`` is
iterable: it yields batches in an order of its own, divided among the workers of a loader and the
processes of a training.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, distributed
from torch.utils.data import Dataset, IterableDataset, get_worker_info

from selfsame.checked import Seed, check_whole, checked
from selfsame.errors import InputError
from selfsame.fractals.randomness import random_words, stream_order
from selfsame.fractals.recipes.base import Recipe

Labels = Literal["class", "multi"]
Transform: TypeAlias = Callable[[Tensor], Any]

_DTYPES = (torch.float32, torch.uint8)
_MAX_SAMPLE = 2**62
_TRANSFORM = 2002  # purpose of random words


class _Drawn:
    """Pictures of a recipe and their labels as tensors."""

    def __init__(
        self,
        recipe: Recipe,
        transform: Transform | None,
        labels: Labels | None,
        dtype: torch.dtype,
    ) -> None:
        labels = checked("labels", labels, Labels | None)
        if dtype not in _DTYPES:
            raise InputError(f"dtype must be torch.float32 or torch.uint8: got {dtype}")
        self.recipe, self.transform = recipe, transform
        self._multi = recipe.multi_label if labels is None else labels == "multi"
        self._dtype = dtype

    def _draw(self, indices: Sequence[int] | NDArray[np.int64]) -> tuple[Tensor, Tensor]:
        """Return pictures (B, C, H, W), and labels (B,) int64 or (B, classes) float32."""
        if get_worker_info() is not None and self.recipe.threads != 1:
            # The workers of a loader share the cores already; this copy is the worker's own.
            self.recipe = replace(self.recipe, threads=1)
        drawn = self.recipe.pictures(indices)
        planes = drawn[:, None] if drawn.ndim == 3 else drawn.transpose(0, 3, 1, 2)
        # By numpy: in a forked worker torch can wait for ever for threads that only the parent has.
        if self._dtype == torch.float32:
            pictures = torch.from_numpy(planes.astype(np.float32, order="C") / np.float32(255))
        else:
            pictures = torch.from_numpy(np.ascontiguousarray(planes))
        if self._multi:
            matrix = self.recipe.label_matrix(indices)
            return pictures, torch.from_numpy(matrix.astype(np.float32))
        numbers = self.recipe.checked_indices(indices)
        return pictures, torch.from_numpy(numbers // self.recipe.instances)


class FractalDataset(_Drawn, Dataset[tuple[Any, int | Tensor]]):
    """The pictures of a recipe with their labels, ``len(recipe)`` of them.

    ``dataset[i]`` depends on the recipe and i only. Within the workers of a ``DataLoader``, where
    it can be pickled to, each draws with one thread; it draws a whole batch in one call. Parts of
    a data set are ``torch.utils.data.Subset(dataset, indices)``.

    Args:
        recipe: what ``make_recipe`` returns.
        transform: of each picture, a tensor (C, H, W), C 1 (grey) or 3 (sRGB), row 0 at the top.
            Random numbers that it draws from torch are not fixed by the index.
        labels: ``class``, a whole number; ``multi``, a row of one float32 per class, 1 for those
            in the picture and 0 for others; None is ``multi`` for recipes of several fractals a
            picture, else ``class``.
        dtype: ``torch.float32`` for [0, 1], ``torch.uint8`` for 0 to 255, a quarter of the memory.
    Raises:
        InputError: unusable arguments.
    """

    def __init__(
        self,
        recipe: Recipe,
        transform: Transform | None = None,
        *,
        labels: Labels | None = None,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        super().__init__(recipe, transform, labels, dtype)

    def __len__(self) -> int:
        return len(self.recipe)

    def __getitem__(self, index: int) -> tuple[Any, int | Tensor]:
        if not 0 <= index < len(self):  # what ends a loop over a sequence
            raise IndexError(f"index must lie within 0..{len(self) - 1}: got {index}")
        return self.__getitems__([index])[0]

    def __getitems__(self, indices: Sequence[int]) -> list[tuple[Any, int | Tensor]]:
        """Return several samples, drawn in one call; what a ``DataLoader`` asks for a batch."""
        pictures, labels = self._draw(indices)
        rows = labels.tolist() if labels.ndim == 1 else labels
        changed = pictures if self.transform is None else map(self.transform, pictures)
        return list(zip(changed, rows, strict=True))


class FractalStream(_Drawn, IterableDataset[tuple[Any, Tensor]]):
    """Batches of pictures and labels, in an order that its seed fixes.

    Sample k of the stream is a function of the recipe, the seed and k: sample k of an epoch of n
    pictures is sample epoch · n + k. Every epoch has each picture once. A step takes the next
    ``batch`` samples for every rank, so that the samples of a step are the same for 1 rank of 64
    and 2 ranks of 32, and each rank's workers take its steps in turn. Read it with ::

        DataLoader(stream, batch_size=None, num_workers=2)

    and batches come in the same order for any number of workers. At the end of an epoch the ranks
    share what is left, each picture once; some then get a smaller batch or none, for which
    training in step needs ``drop_last`` or ``endless``.

    Args:
        recipe, labels, dtype: as in ``FractalDataset``; labels come as (B,) int64 or (B, classes)
            float32.
        seed: of the order, 0 .. 2^63 - 1.
        batch: pictures per rank and step, B.
        shuffle: each epoch in another order; otherwise in that of the pictures' numbers.
        endless: go from epoch to epoch without end; batches then cross from one to the next.
        drop_last: leave out the last samples of an epoch if they make no step of full batches.
        indices: the pictures of the stream, for example one part of a split; None is all.
        transform: of each picture, before they are stacked. What it draws from torch's default
            generator on the CPU is a function of seed and k too.
        rank, ranks: which process of how many this is; None asks ``torch.distributed``.
    Raises:
        InputError: unusable arguments, or processes that ``torchrun`` started and that have not
            joined yet.
    """

    def __init__(
        self,
        recipe: Recipe,
        transform: Transform | None = None,
        *,
        seed: int = 0,
        batch: int = 64,
        shuffle: bool = True,
        endless: bool = False,
        drop_last: bool = False,
        indices: ArrayLike | None = None,
        labels: Labels | None = None,
        dtype: torch.dtype = torch.float32,
        rank: int | None = None,
        ranks: int | None = None,
    ) -> None:
        super().__init__(recipe, transform, labels, dtype)
        self.seed = checked("seed", seed, Seed)
        self.batch = check_whole("batch", batch, 1, 2**20)
        self.shuffle, self.endless, self.drop_last = shuffle, endless, drop_last
        self._indices = None if indices is None else recipe.checked_indices(indices).copy()
        if self.samples == 0:
            raise InputError("indices must name at least one picture")
        self.share = find_share(rank, ranks)
        # Shared, so that the workers of a loader that keeps them learn of a new epoch.
        self._begin = torch.zeros(2, dtype=torch.int64)
        self._begin.share_memory_()  # type: ignore[no-untyped-call]

    @property
    def samples(self) -> int:
        """n, the pictures of an epoch, of all ranks."""
        return len(self.recipe) if self._indices is None else len(self._indices)

    def __len__(self) -> int:
        """Return the batches of this rank in a whole epoch; an endless stream has no length."""
        if self.endless:
            raise TypeError("an endless stream has no length")
        steps, left = divmod(self.samples, self.share.ranks * self.batch)
        return steps + (not self.drop_last and len(self.share.of(range(left))) > 0)

    def set_epoch(self, epoch: int, sample: int = 0) -> None:
        """Let the next iteration begin with sample ``sample`` of an epoch.

        To resume a training at step s of an epoch, skip s · batch · ranks samples; batch and ranks
        may have changed since.
        """
        last = _MAX_SAMPLE // self.samples - 1
        check_whole("epoch", epoch, 0, last)
        check_whole("sample", sample, 0, self.samples)
        self._begin[0], self._begin[1] = epoch, sample

    def __iter__(self) -> "Steps":
        worker = get_worker_info()
        epoch, sample = self._begin.tolist()
        first, stride = (0, 1) if worker is None else (worker.id, worker.num_workers)
        return Steps(self, epoch, sample, first, stride)

    def step(self, epoch: int, sample: int, step: int) -> range:
        """Return which samples of the stream this rank's batch holds; none beyond the end.

        Args:
            epoch, sample: where step 0 begins.
        """
        whole = self.share.ranks * self.batch
        begin = epoch * self.samples + sample + step * whole
        end = begin + whole
        if not self.endless:
            end = min(end, (epoch + 1) * self.samples)
            if self.drop_last and end - begin < whole:
                return range(0)
        return self.share.of(range(begin, end))

    def indices_of(self, samples: range) -> NDArray[np.int64]:
        """Return the numbers, within the recipe, of the pictures that are these samples."""
        chosen = np.asarray(samples, np.int64)
        if self.shuffle:
            places = stream_order(chosen, self.samples, self.seed)
        else:
            places = chosen % self.samples
        return places if self._indices is None else self._indices[places]

    def read(self, samples: range) -> tuple[Any, Tensor]:
        """Return these samples of the stream as a batch."""
        pictures, labels = self._draw(self.indices_of(samples))
        if self.transform is None:
            return pictures, labels
        seeds = random_words(self.seed, _TRANSFORM, samples, 1)[:, 0]
        return _transformed(self.transform, pictures, seeds), labels


class Steps(Iterator[tuple[Any, Tensor]]):
    """The batches that one worker of one rank yields; its state can be saved and loaded, as
    torchdata's ``StatefulDataLoader`` does."""

    def __init__(
        self, stream: FractalStream, epoch: int, sample: int, first: int, stride: int
    ) -> None:
        self._stream = stream
        self._stride = stride
        self._next = {"epoch": epoch, "sample": sample, "step": first}

    def __next__(self) -> tuple[Any, Tensor]:
        samples = self._stream.step(**self._next)
        if not samples:
            raise StopIteration
        batch = self._stream.read(samples)
        self._next["step"] += self._stride
        return batch

    def state_dict(self) -> dict[str, Any]:
        """Return where the next batch is, with what that depends on; ready for JSON."""
        return {"next": dict(self._next), "of": self._settings()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where ``state_dict`` was called.

        Raises:
            InputError: the state is of a stream that differs in length, seed, batch or ranks.
        """
        mine, theirs = self._settings(), state["of"]
        if mine != theirs:
            raise InputError(
                f"the state is of another stream, {theirs}: this one has {mine}; "
                "use set_epoch(epoch, sample) to go on with other settings"
            )
        self._next = dict(state["next"])

    def _settings(self) -> dict[str, int | bool]:
        stream = self._stream
        return {
            "samples": stream.samples,
            "seed": stream.seed,
            "batch": stream.batch,
            "shuffle": stream.shuffle,
            "ranks": stream.share.ranks,
            "workers": self._stride,
        }


def _transformed(transform: Transform, pictures: Tensor, seeds: NDArray[np.uint64]) -> Any:
    """Return the transformed pictures stacked, each with torch's generator seeded for it."""
    before = torch.get_rng_state()
    try:
        changed = []
        for picture, seed in zip(pictures, seeds, strict=True):
            torch.default_generator.manual_seed(int(seed))
            changed.append(transform(picture))
    finally:
        torch.set_rng_state(before)
    return torch.utils.data.default_collate(changed)


@dataclass(frozen=True)
class Share:
    """Process ``rank`` of ``ranks``."""

    rank: int
    ranks: int

    def of(self, whole: range) -> range:
        """Return this process's part: neighbours, as many as others have, or one more or less."""
        size = len(whole)
        return whole[size * self.rank // self.ranks : size * (self.rank + 1) // self.ranks]


def find_share(rank: int | None, ranks: int | None) -> Share:
    """Return the share that is asked for, or with None that of ``torch.distributed``.

    Raises:
        InputError: one without the other, out of range, or ``torchrun`` started several processes
            of which this has not joined yet.
    """
    if (rank is None) != (ranks is None):
        raise InputError(f"rank and ranks come together or not at all: got {rank} and {ranks}")
    if rank is not None and ranks is not None:
        if not 0 <= rank < ranks:
            raise InputError(f"rank must be within 0..ranks - 1: got {rank} of {ranks}")
        return Share(rank, ranks)
    if distributed.is_available() and distributed.is_initialized():
        return Share(distributed.get_rank(), distributed.get_world_size())
    started = int(os.environ.get("WORLD_SIZE", "1"))
    if started > 1:  # every one of them would read the whole stream
        raise InputError(
            f"one of {started} processes, but torch.distributed is not initialised: make the "
            "stream after init_process_group, or pass rank and ranks"
        )
    return Share(0, 1)
