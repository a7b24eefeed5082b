"""A PIFS code as chunks: ``PIFS`` (required), ``ALPH`` (with an alpha channel)."""

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
    from selfsame.pifs.stream import band_rows, stream_of, write_planes

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
    from selfsame.pifs.stream import bands_of, read_planes

    header = container.header
    fields, rest, payloads = container.contents(
        PIFS_TAG, PIFS, _HYBRID | _HALF_CHROMA | _BANDS, (ALPHA_TAG,)
    )
    half_chroma = bool(fields["flags"] & _HALF_CHROMA)
    if half_chroma and header.channels == 1:
        raise CorruptedError("a grey picture has no chroma of half resolution")
    layout = (header.height, header.width, header.channels, half_chroma)
    shapes, steps = plane_shapes(*layout), []
    for _ in shapes:
        step = PLANE.unpack(rest, "a plane of chunk PIFS")["step"] * STEP_UNIT
        if not 0 < step <= MAX_STEP:
            raise CorruptedError(f"chunk PIFS: a step must be up to {MAX_STEP:g}: got {step:g}")
        steps.append(step)
        rest = rest[PLANE.size :]
    alpha = read_alpha(header, payloads)
    padded = padded_planes(*layout)
    bands, rows = [bytes(rest)], 0
    if fields["flags"] & _BANDS:
        bands, rows = bands_of(rest, padded[0][0])
    with sound("block code"):
        return PifsCode(
            header.width,
            header.height,
            "hybrid" if fields["flags"] & _HYBRID else "pure",
            read_planes(bands, rows, shapes, padded, steps),
            half_chroma,
            fields["iterations"],
            fields["deblock"],
            alpha,
        )
