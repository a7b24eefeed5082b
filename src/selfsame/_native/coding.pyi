"""The range coder."""

import numpy
from numpy.typing import NDArray


MAX_INPUTS: int = 8

def tables() -> tuple[NDArray[numpy.int64], NDArray[numpy.int64], NDArray[numpy.int64]]:
    """Return the tables that the format fixes: stretch, squash, rates."""

class Encoder:
    """A range coder that writes single decisions."""

    def __init__(self, slots: NDArray[numpy.uint32], weights: NDArray[numpy.int32]) -> None: ...

    def mixed(self, bit: int, slots: tuple[int, int, int], set: int) -> int:
        """Code a bit predicted by three slots and a set of weights; return it."""

    def adaptive(self, bit: int, slot: int) -> int:
        """Code a bit predicted by one slot; return it."""

    def plain(self, bit: int) -> int:
        """Code an equiprobable bit; return it."""

    @property
    def slots(self) -> NDArray[numpy.uint32]:
        """The slots as they stand."""

    @property
    def weights(self) -> NDArray[numpy.int32]:
        """The weights as they stand."""

    def finished(self) -> bytes:
        """The bytes so far, ended."""

    @property
    def spent(self) -> float:
        """Bits so far."""

class Decoder:
    """A range coder that reads single decisions."""

    def __init__(self, slots: NDArray[numpy.uint32], weights: NDArray[numpy.int32], data: bytes) -> None: ...

    def mixed(self, bit: int, slots: tuple[int, int, int], set: int) -> int:
        """Code a bit predicted by three slots and a set of weights; return it."""

    def adaptive(self, bit: int, slot: int) -> int:
        """Code a bit predicted by one slot; return it."""

    def plain(self, bit: int) -> int:
        """Code an equiprobable bit; return it."""

    @property
    def slots(self) -> NDArray[numpy.uint32]:
        """The slots as they stand."""

    @property
    def weights(self) -> NDArray[numpy.int32]:
        """The weights as they stand."""

    @property
    def is_overrun(self) -> bool:
        """Whether more was read than a sound stream has."""
