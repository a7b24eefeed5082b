"""Several processes that train one model, as ``torchrun`` starts them."""

import importlib
import itertools
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import distributed, nn
from torch.distributed.distributed_c10d import PrefixStore
from torch.distributed.rendezvous import rendezvous

from selfsame.errors import InputError, SettingError
from selfsame.run.device import resolve_device

T = TypeVar("T")


@dataclass(frozen=True)
class Processes:
    """The processes of a training, seen from one of them.

    Attributes:
        rank: number of this process; 0 writes the files.
        ranks: how many there are.
        device: where this one computes.
    """

    rank: int
    ranks: int
    device: torch.device

    @property
    def leads(self) -> bool:
        """Whether this process writes the files."""
        return self.rank == 0

    def share(self, batch: int) -> range:
        """Return which samples of a batch are this process's.

        Raises:
            InputError: the batch cannot be split evenly.
        """
        if batch % self.ranks:
            raise SettingError(
                f"batch must be a multiple of the {self.ranks} processes: got {batch}"
            )
        own = batch // self.ranks
        return range(self.rank * own, (self.rank + 1) * own)

    def spread(self, tensors: Iterable[torch.Tensor]) -> None:
        """Give every process the tensors of the first."""
        if self.ranks > 1:
            for tensor in tensors:
                distributed.broadcast(tensor.detach(), 0)

    @torch.no_grad()
    def average_gradients(self, parameters: Sequence[nn.Parameter]) -> None:
        """Give the parameters the mean of every process's gradients, in one message.

        ``DistributedDataParallel`` sends while gradients are computed, but knows one loss only.
        """
        if self.ranks == 1:
            return
        gradients = []
        for parameter in parameters:
            if parameter.grad is None:  # it may have one elsewhere
                parameter.grad = torch.zeros_like(parameter)
            gradients.append(parameter.grad)
        joint = self.mean(torch.cat([gradient.flatten() for gradient in gradients]))
        sizes = [gradient.numel() for gradient in gradients]
        for gradient, part in zip(gradients, torch.split(joint, sizes), strict=True):
            gradient.copy_(part.view_as(gradient))

    def mean(self, values: torch.Tensor) -> torch.Tensor:
        """Return the mean of every process's values."""
        if self.ranks > 1:
            distributed.all_reduce(values)
            values /= self.ranks
        return values

    def largest(self, value: int) -> int:
        """Return the largest of the processes' values."""
        if self.ranks == 1:
            return value
        shared = torch.tensor(value, device=self.device)
        distributed.all_reduce(shared, op=distributed.ReduceOp.MAX)
        return int(shared)

    def gathered(self, value: T) -> list[T]:
        """Return every process's value, which can be pickled, by their numbers."""
        if self.ranks == 1:
            return [value]
        values: list[T | None] = [None] * self.ranks
        distributed.all_gather_object(values, value)
        return values  # type: ignore[return-value]

    def wait(self) -> None:
        """Wait until every process has come here."""
        self.largest(0)


@contextmanager
def join_processes(device: str) -> Iterator[Processes]:
    """Yield the processes that ``torchrun`` started, or the one there is.

    Each process takes the CUDA device of its local rank. Messages go by NCCL between CUDA devices,
    by gloo between CPUs. A process group that the caller has set up is used and left alone.

    Args:
        device: ``auto``, ``cpu``, ``cuda`` or, for one process, ``cuda:1``.
    Raises:
        InputError: no such device, or fewer CUDA devices than processes.
    """
    chosen = resolve_device(device)
    foreign = distributed.is_available() and distributed.is_initialized()
    if not foreign and int(os.environ.get("WORLD_SIZE", "1")) == 1:
        yield Processes(0, 1, chosen)
        return
    if chosen.type == "cuda":
        local = int(os.environ.get("LOCAL_RANK", "0"))
        if local >= torch.cuda.device_count():
            raise InputError(
                f"process {local} of this machine needs a CUDA device of its own: there are "
                f"{torch.cuda.device_count()}; start fewer processes or pass --device cpu"
            )
        chosen = torch.device("cuda", local)
        torch.cuda.set_device(chosen)
    if not foreign:
        _begin_group("nccl" if chosen.type == "cuda" else "gloo")
    try:
        yield Processes(distributed.get_rank(), distributed.get_world_size(), chosen)
    finally:
        if not foreign:
            distributed.destroy_process_group()


def _begin_group(backend: str) -> None:
    """Begin a process group, under a name of its own in the store that the processes share.

    torch uses one name for all: a process that begins its second training before another has ended
    its first would find addresses there that nobody listens at any more, and wait for ever.
    """
    # The functions of this module have the group as a default, as it is when they are imported,
    # which torch's optimisers do. Imported with a group there, they would keep it for ever, and its
    # threads could still run when the interpreter ends, which aborts the process.
    importlib.import_module("torch.distributed.nn.functional")
    store, rank, ranks = next(rendezvous("env://"))
    name = f"selfsame-{next(_begun)}"
    distributed.init_process_group(
        backend, store=PrefixStore(name, store), rank=rank, world_size=ranks
    )


_begun = itertools.count()
"""Groups that this process has begun; the others have begun as many."""
