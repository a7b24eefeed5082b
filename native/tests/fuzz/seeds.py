"""What fuzzing starts from: the payloads of the golden files, and the tables that files start from.

Nothing of it is kept in the repository: all is in the golden files and the package. Each function
that yields inputs says what its target reads; see ``targets``.
"""

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

import selfsame.collage.stream
import selfsame.pifs.stream
from selfsame.codes.store import pack
from selfsame.coding.container import Container, read_container
from selfsame.collage.chunks import CLGE
from selfsame.collage.code import FINGERPRINT_BYTES
from selfsame.mosaic.chunks import MOSA, PIEC
from selfsame.pifs.chunks import PIFS, PLANE
from selfsame.pifs.code import ALIGNMENT
from support.framed_files import frames, joined
from support.random_codes import random_code

GOLDEN = Path(__file__).parents[3] / "tests" / "golden"
RANDOM_SIZES = ((8, 256), (40, 24), (1, 1), (72, 100))
"""Widths and heights of random block codes; bands need 256 rows."""


def tables() -> str:
    """Return the source of the arrays that ``tables.hpp`` declares."""
    lines = ['#include "tables.hpp"', "namespace selfsame::fuzz {"]
    for name, module in (("Pifs", selfsame.pifs.stream), ("Collage", selfsame.collage.stream)):
        slots, weights = module.initial_tables()
        for kind, type_name, values in (
            ("Slots", "std::uint32_t", slots),
            ("Weights", "std::int32_t", weights),
        ):
            numbers = ",".join(map(str, values.reshape(-1).tolist()))
            lines.append(f"const {type_name} k{name}{kind}[] = {{{numbers}}};")
    return "\n".join([*lines, "}", ""])


def write_seeds(folder: Path) -> None:
    """Write a folder of inputs for every target."""
    made: dict[str, list[bytes]] = {}
    for file in _files():
        for target, data in _inputs(read_container(file)):
            made.setdefault(target, []).append(data)
        made.setdefault("browser", []).extend(_of_browser(file))
    rng = np.random.default_rng(0)
    for target in ("range_coder", "mosaic_drawing", "ifs_recursion", "ifs_points"):
        made[target] = [rng.bytes(size) for size in (64, 256, 1024, 1024, 4096)]
    for target, inputs in made.items():
        (folder / target).mkdir(parents=True, exist_ok=True)
        for i, data in enumerate(inputs):
            (folder / target / f"{i:02}").write_bytes(data)


def _files() -> Iterator[bytes]:
    for path in sorted(GOLDEN.glob("v*/*.ssm")):
        yield path.read_bytes()
    for seed, (width, height) in enumerate(RANDOM_SIZES):
        for channels, half_chroma in ((1, False), (3, False), (3, True)):
            code = random_code(seed, width, height, channels, half_chroma)
            yield pack(code)


def _inputs(container: Container) -> Iterator[tuple[str, bytes]]:
    """Yield target and input for what a file holds."""
    payloads = {chunk.tag: chunk.payload for chunk in container.chunks}
    if b"PIFS" in payloads:
        data = _of_pifs(container, payloads[b"PIFS"])
        yield "pifs_stream", data
        yield "pifs_pixels", struct.pack("<6H2H2H", 0, 3, 4, 512, 512, 512, 0, 65535, 0, 0) + data
        yield "pifs_pixels", struct.pack("<6H2H2H", 1, 4, 2, 512, 512, 512, 5000, 9000, 1, 2) + data
    elif b"CLGE" in payloads:
        yield "collage", _of_collage(container, payloads[b"CLGE"])
    elif b"MOSA" in payloads:
        yield "mosaic", _of_mosaic(container, payloads[b"MOSA"])


def _of_browser(file: bytes) -> Iterator[bytes]:
    """The whole file, and again with what its zlib streams hold in their place."""
    yield bytes(1) + file
    pieces = frames(file)
    for i, (tag, payload) in enumerate(pieces):
        if tag in (b"ALPH", b"PIEC"):
            start = PIEC.size if tag == b"PIEC" else 0
            plain = payload[:start] + zlib.decompress(payload[start:])
            yield b"\x80" + joined([*pieces[:i], [tag, plain], *pieces[i + 1 :]])


def _of_pifs(container: Container, payload: bytes) -> bytes:
    """``read_pifs`` of ``pifs_file.hpp``."""
    header = container.header
    stored = PIFS.unpack(payload, "chunk PIFS")["flags"]
    flags = (header.channels == 3) | stored & 6
    units = [-(-side // ALIGNMENT) - 1 for side in (header.height, header.width)]
    data = payload[PIFS.size + header.channels * PLANE.size :]
    if stored & 4:  # heights are units less one there
        data = struct.pack("<H", int.from_bytes(data[:2], "little") - 1) + data[2:]
    return bytes([flags, *units]) + data


def _of_collage(container: Container, payload: bytes) -> bytes:
    fields = CLGE.unpack(payload, "chunk CLGE")
    header, side = container.header, fields["range_size"]
    rows, columns = -(-header.height // side), -(-header.width // side)
    head = (header.channels == 3, fields["domains"], fields["step"], rows - 1, columns - 1)
    return bytes(head) + payload[CLGE.size + FINGERPRINT_BYTES + fields["name"] :]


def _of_mosaic(container: Container, payload: bytes) -> bytes:
    fields = MOSA.unpack(payload, "chunk MOSA")
    head = (container.header.channels == 3, fields["levels"], fields["grid"] - 1, fields["tint"])
    return bytes(head) + payload[MOSA.size :]
