"""The compiled core with the instruction set of one's choice instead of the processor's best:
`python -m support.instruction_sets LIBRARY` prints what a library computes, as digests.

Functions that are compiled for several sets are called through the address that their *resolver*
returns, which asks the processor itself: no environment variable changes its mind. So it is
overwritten, in a copy of the library, by two instructions that return the clone wanted.
"""

import importlib.util
import json
import struct
import sys
from importlib.machinery import ExtensionFileLoader
from pathlib import Path
from typing import NamedTuple

LEVELS = {
    "default": set[str](),
    "arch_x86_64_v3": {"avx2", "bmi2", "fma"},
    "arch_x86_64_v4": {"avx512bw", "avx512cd", "avx512dq", "avx512vl"},
}
"""The names that clones end on, and what tells of a processor that it can run them."""


class Symbol(NamedTuple):
    address: int
    offset: int
    """In the file."""
    size: int


def levels_here() -> list[str]:
    """The sets that this processor has, the best one last."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    flags = set(next(line for line in lines if line.startswith("flags")).split())
    return [level for level, needed in LEVELS.items() if needed <= flags]


def resolvers(library: bytes) -> dict[str, dict[str, Symbol]]:
    """The symbols of each function that has clones, by what their names end on."""
    functions: dict[str, dict[str, Symbol]] = {}
    for name, symbol in _symbols(library).items():
        function, _, suffix = name.partition(".")
        functions.setdefault(function, {})[suffix] = symbol
    return {name: known for name, known in functions.items() if "resolver" in known}


def with_level(library: bytes, level: str) -> bytes:
    """The library, all of whose resolvers return the clone of one level."""
    patched = bytearray(library)
    for known in resolvers(library).values():
        resolver, clone = known["resolver"], known[level]
        lea = b"\x48\x8d\x05" + struct.pack("<i", clone.address - resolver.address - 7)
        code = lea + b"\xc3"  # lea rax, [rip + …]; ret
        assert len(code) <= resolver.size
        patched[resolver.offset : resolver.offset + len(code)] = code
    return bytes(patched)


def take_core(path: Path) -> None:
    """Have ``selfsame`` compute with the library at ``path``; before its first import."""
    assert "selfsame" not in sys.modules
    loader = ExtensionFileLoader("selfsame._native", str(path))
    spec = importlib.util.spec_from_file_location("selfsame._native", path, loader=loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    sys.modules["selfsame._native"] = module


def _symbols(library: bytes) -> dict[str, Symbol]:
    """The named places of a 64-bit ELF file; System V ABI, chapter 4."""
    start, count = (
        struct.unpack_from("<Q", library, 40)[0],
        struct.unpack_from("<H", library, 60)[0],
    )
    # name, type, flags, address, offset, size, link, info, alignment, size of an entry
    sections = [struct.unpack_from("<IIQQQQIIQQ", library, start + 64 * i) for i in range(count)]
    found = {}
    for _, kind, _, _, offset, size, link, *_ in sections:
        if kind != 2:  # SHT_SYMTAB
            continue
        names = sections[link][4]
        for place in range(offset, offset + size, 24):
            name, _, _, section, address, length = struct.unpack_from("<IBBHQQ", library, place)
            if not 0 < section < count:
                continue
            begin = names + name
            text = library[begin : library.index(b"\0", begin)].decode()
            of = sections[section]
            found[text] = Symbol(address, address - of[3] + of[4], length)
    return found


if __name__ == "__main__":
    take_core(Path(sys.argv[1]))
    from support.core_results import digests

    print(json.dumps(digests()))
