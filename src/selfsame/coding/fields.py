"""Fixed-size records declared once, as data, for the writer and the reader alike."""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import SupportsIndex

from selfsame.errors import CorruptedError


@dataclass(frozen=True)
class Record:
    """A little-endian record of unsigned integers without padding.

    Attributes:
        fields: (name, ``struct`` code) in file order; ``B``, ``H`` and ``I`` are unsigned
            integers of 1, 2 and 4 bytes.
    """

    fields: tuple[tuple[str, str], ...]

    @property
    def layout(self) -> str:
        """The ``struct`` format of the whole record."""
        return "<" + "".join(code for _, code in self.fields)

    @property
    def size(self) -> int:
        """Length in bytes."""
        return struct.calcsize(self.layout)

    def pack(self, values: Mapping[str, SupportsIndex]) -> bytes:
        """Return the bytes of ``values``, which hold one integer per field."""
        return struct.pack(self.layout, *(values[name] for name, _ in self.fields))

    def unpack(self, data: bytes | memoryview, owner: str) -> dict[str, int]:
        """Return the fields at the start of ``data`` by name.

        Raises:
            CorruptedError: ``data`` is shorter than the record; ``owner`` names it.
        """
        if len(data) < self.size:
            raise CorruptedError(f"{owner} needs at least {self.size} bytes: got {len(data)}")
        names = (name for name, _ in self.fields)
        return dict(zip(names, struct.unpack_from(self.layout, data), strict=True))
