"""A PIFS code as chunks: ``PIFS`` (required), ``ALPH`` (with an alpha channel)."""

from selfsame.coding.alpha import ALPHA_TAG, pack_alpha, read_alpha
from selfsame.coding.container import Chunk, Container
from selfsame.coding.fields import Record
from selfsame.errors import CorruptedError, InputError, UnsupportedError
from selfsame.pifs.code import (
    MAX_DEBLOCK,
    MAX_ITERATIONS,
    MAX_STEP,
    STEP_UNIT,
    Mode,
    PifsCode,
    PlaneCode,
    padded_planes,
    plane_shapes,
)

PIFS = Record((("flags", "B"), ("iterations", "B"), ("deblock", "B")))
"""Bit 0 of ``flags``: hybrid mode; bit 1: chroma planes of half resolution. One ``PLANE`` per plane
follows, then the coded planes."""

PLANE = Record((("step", "H"),))
"""``step`` in units of ``STEP_UNIT``."""

_PIFS_TAG = b"PIFS"
_TAGS = frozenset((_PIFS_TAG, ALPHA_TAG))
_HYBRID, _HALF_CHROMA = 1, 2


def pack(code: PifsCode) -> list[Chunk]:
    """Return the chunks of a code; ``unpack`` gives an equal code back.

    Raises:
        InputError: a step between two that a file can hold.
    """
    from selfsame.pifs.syntax.stream import write_planes

    flags = (_HYBRID if code.mode == "hybrid" else 0) | (_HALF_CHROMA if code.half_chroma else 0)
    payload = PIFS.pack({"flags": flags, "iterations": code.iterations, "deblock": code.deblock})
    for plane in code.planes:
        step = round(plane.step / STEP_UNIT)
        if step * STEP_UNIT != plane.step:
            raise InputError(f"a step is a multiple of {STEP_UNIT}: got {plane.step}")
        payload += PLANE.pack({"step": step})
    data, _ = write_planes(code.planes)
    chunks = [Chunk(_PIFS_TAG, payload + data)]
    if code.alpha is not None:
        chunks.append(Chunk(ALPHA_TAG, pack_alpha(code.alpha)))
    return chunks


def unpack(container: Container) -> PifsCode:
    """Return the code that a container of this kind holds.

    Raises:
        FormatError: a chunk is missing, malformed or unknown, a number is out of its range.
    """
    from selfsame.pifs.syntax.stream import PlaneLayout, read_planes

    header = container.header
    payloads = container.payloads(_TAGS)
    if _PIFS_TAG not in payloads:
        raise CorruptedError("a PIFS needs chunk PIFS: the file has none")
    payload = payloads[_PIFS_TAG]
    fields = PIFS.unpack(payload, "chunk PIFS")
    flags = fields["flags"]
    if flags & ~(_HYBRID | _HALF_CHROMA):
        raise UnsupportedError(f"chunk PIFS sets flags that this build does not know: {flags:#04x}")
    _check("iterations", fields["iterations"], 0, MAX_ITERATIONS)
    _check("deblock", fields["deblock"], 0, MAX_DEBLOCK)
    channels = header.channels
    half_chroma = bool(flags & _HALF_CHROMA)
    if half_chroma and channels == 1:
        raise CorruptedError("a grey picture has no chroma of half resolution")
    position = PIFS.size
    layouts = []
    for shape in plane_shapes(header.height, header.width, channels, half_chroma):
        plane = PLANE.unpack(payload[position : position + PLANE.size], "a plane of chunk PIFS")
        _check("step", plane["step"], 1, round(MAX_STEP / STEP_UNIT))
        layouts.append(PlaneLayout(*shape, plane["step"] * STEP_UNIT))
        position += PLANE.size
    alpha = read_alpha(payloads, header.height, header.width, expected=header.has_alpha)
    padded = padded_planes(header.height, header.width, channels, half_chroma)
    planes: tuple[PlaneCode, ...] = read_planes(payload[position:], layouts, padded)
    mode: Mode = "hybrid" if flags & _HYBRID else "pure"
    try:
        return PifsCode(
            header.width,
            header.height,
            mode,
            planes,
            half_chroma,
            fields["iterations"],
            fields["deblock"],
            alpha,
        )
    except InputError as error:  # the type checks the ranges of its contents
        raise CorruptedError(f"the file holds an impossible block code: {error}") from error


def _check(name: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        raise CorruptedError(f"chunk PIFS: {name} must be {least} to {most}: got {value}")
