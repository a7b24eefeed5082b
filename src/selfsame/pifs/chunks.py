"""A PIFS code as chunks: ``PIFS`` (required), ``ALPH`` (with an alpha channel)."""

from collections.abc import Callable

from selfsame.coding.container import (
    ALPHA_TAG,
    Chunk,
    Container,
    Record,
    alpha_chunks,
    read_alpha,
    sound,
)
from selfsame.errors import CorruptedError, InputError
from selfsame.pifs.code import MAX_STEP, STEP_UNIT, PifsCode, padded_planes, plane_shapes
from selfsame.pifs.stream import (
    BAND_UNIT,
    band_rows,
    bands_of,
    read_planes,
    stream_of,
    write_planes,
)

PIFS = Record((("flags", "B"), ("iterations", "B"), ("deblock", "B")))
"""Bit 0 of ``flags``: hybrid mode; bit 1: chroma planes of half resolution; bit 2: several bands.
One ``PLANE`` per plane follows, then the coded planes."""

PLANE = Record((("step", "H"),))
"""``step`` in units of ``STEP_UNIT``."""

PIFS_TAG = b"PIFS"
_HYBRID, _HALF_CHROMA, _BANDS = 1, 2, 4


def pack(code: PifsCode) -> list[Chunk]:
    """Return the chunks of a code; ``unpack`` gives an equal code back.

    Raises:
        InputError: a step between two that a file can hold, or planes that ``write_planes``
            refuses.
    """
    rows = band_rows(*code.planes[0].levels.shape)
    flags = (_HYBRID if code.mode == "hybrid" else 0) | (_HALF_CHROMA if code.half_chroma else 0)
    flags |= _BANDS if rows else 0
    payload = PIFS.pack({"flags": flags, "iterations": code.iterations, "deblock": code.deblock})
    for plane in code.planes:
        step = round(plane.step / STEP_UNIT)
        if step * STEP_UNIT != plane.step:
            raise InputError(f"a step is a multiple of {STEP_UNIT}: got {plane.step}")
        payload += PLANE.pack({"step": step})
    bands, _ = write_planes(code.planes)
    return [Chunk(PIFS_TAG, payload + stream_of(bands, rows)), *alpha_chunks(code.alpha)]


def unpack(container: Container) -> PifsCode:
    """Return the code that a container of this kind holds.

    Raises:
        FormatError: a chunk is missing, malformed or unknown, a number is out of its range.
    """
    return _Contents(container).code(None)


def unpack_part(container: Container, seen: Callable[[PifsCode, int], set[int]]) -> PifsCode:
    """Return a code that has only those bands of the picture that are seen.

    Args:
        seen: returns the bands, of so many rows of luma, that it needs of a code; bands that the
            code lacks have large blocks without maps.
    Raises:
        FormatError: as ``unpack``; what is not seen is not looked at.
    """
    contents = _Contents(container)
    if not contents.rows:
        return contents.code(None)
    read: set[int] = set()
    while True:
        code = contents.code(read)
        missing = seen(code, contents.rows * BAND_UNIT) - read
        if not missing:
            return code
        read |= missing


class _Contents:
    """The chunks of a container, checked, before any block is read.

    Raises:
        FormatError: as ``unpack``.
    """

    def __init__(self, container: Container) -> None:
        header = self.header = container.header
        self.fields, rest, payloads = container.contents(
            PIFS_TAG, PIFS, _HYBRID | _HALF_CHROMA | _BANDS, (ALPHA_TAG,)
        )
        self.half_chroma = bool(self.fields["flags"] & _HALF_CHROMA)
        if self.half_chroma and header.channels == 1:
            raise CorruptedError("a grey picture has no chroma of half resolution")
        layout = (header.height, header.width, header.channels, self.half_chroma)
        self.shapes, self.padded = plane_shapes(*layout), padded_planes(*layout)
        self.steps = []
        for _ in self.shapes:
            step = PLANE.unpack(rest, "a plane of chunk PIFS")["step"] * STEP_UNIT
            if not 0 < step <= MAX_STEP:
                raise CorruptedError(f"chunk PIFS: a step must be up to {MAX_STEP:g}: got {step:g}")
            self.steps.append(step)
            rest = rest[PLANE.size :]
        self.alpha = read_alpha(header, payloads)
        self.bands, self.rows = [bytes(rest)], 0
        if self.fields["flags"] & _BANDS:
            self.bands, self.rows = bands_of(rest, self.padded[0][0])

    def code(self, wanted: set[int] | None) -> PifsCode:
        """Return the code with these bands, or with all."""
        bands = [
            band if wanted is None or i in wanted else None for i, band in enumerate(self.bands)
        ]
        with sound("block code"):
            return PifsCode(
                self.header.width,
                self.header.height,
                "hybrid" if self.fields["flags"] & _HYBRID else "pure",
                read_planes(bands, self.rows, self.shapes, self.padded, self.steps),
                self.half_chroma,
                self.fields["iterations"],
                self.fields["deblock"],
                self.alpha,
            )
