"""Which part of the work is one process's of a training."""

import os
from dataclasses import dataclass

from selfsame.errors import InputError


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
    from torch import distributed

    if distributed.is_available() and distributed.is_initialized():
        return Share(distributed.get_rank(), distributed.get_world_size())
    started = int(os.environ.get("WORLD_SIZE", "1"))
    if started > 1:  # every one of them would read the whole stream
        raise InputError(
            f"one of {started} processes, but torch.distributed is not initialised: make the "
            "stream after init_process_group, or pass rank and ranks"
        )
    return Share(0, 1)
