"""Build the browser's module from the native core: `make wasm`, or `make wasm WRITE=1`.

The compiler is ``ziglang`` in the version that constraints.txt pins: the same sources give the same
bytes on every machine. They are compared with ``src/selfsame/web/selfsame.wasm``, by SHA-256; with
``--write`` they replace it. The file is committed, so that whoever installs the package needs no
compiler for it.
"""

import argparse
import gzip
import hashlib
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
NATIVE = ROOT / "native"
OUTPUT = ROOT / "src" / "selfsame" / "web" / "selfsame.wasm"

MOST_GZIPPED = 120_000
"""Bytes, as a server sends the module."""

SOURCES = (
    "core/*.cpp",
    "coding/*.cpp",
    *(f"pifs/{name}.cpp" for name in (
        "attractor", "compose", "contexts", "deblock", "decode", "levels", "plane", "region",
        "stream", "transform",
    )),
    "collage/*.cpp",
    "mosaic/*.cpp",
    *(f"ifs/{name}.cpp" for name in (
        "cells", "depth", "histogram", "population", "recursion", "sampling", "scanlines",
    )),
    "browser/**/*.cpp",
)  # fmt: skip
"""The decoding half of the core."""

FAST = ("ifs/population.cpp",)
"""What is compiled for speed, all else for size: its inner loop is then twice as fast."""

TARGET = ("-target", "wasm32-wasi", "-msimd128")
COMPILER = (
    *("-std=c++20", "-fno-exceptions", "-fno-rtti", "-ffp-contract=off", "-flto"),
    *("-Wall", "-Wextra", "-Werror", "-I."),
)
LINKER = ("-mexec-model=reactor", "-s", "-Wl,-z,stack-size=262144")


def build(output: Path) -> None:
    """Write the module."""
    zig = [sys.executable, "-m", "ziglang", "c++", *TARGET, *COMPILER]
    sources = sorted(
        str(p.relative_to(NATIVE)) for pattern in SOURCES for p in NATIVE.glob(pattern)
    )
    with tempfile.TemporaryDirectory() as name:
        fast = Path(name) / "fast.o"
        subprocess.run([*zig, "-O2", "-c", *FAST, "-o", str(fast)], cwd=NATIVE, check=True)
        rest = [source for source in sources if source not in FAST]
        subprocess.run(
            [*zig, "-Os", *LINKER, *rest, str(fast), "-o", str(output)], cwd=NATIVE, check=True
        )


def main() -> None:
    """Read the command line, build, compare or write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help="replace the module in the package")
    write = parser.parse_args().write
    with tempfile.TemporaryDirectory() as name:
        built = Path(name) / OUTPUT.name
        build(built)
        data = built.read_bytes()
    packed = len(gzip.compress(data, 9))
    print(f"{OUTPUT.name}: {len(data)} bytes, {packed} gzipped, SHA-256 {digest(data)}")
    if packed > MOST_GZIPPED:
        sys.exit(f"the module has more than {MOST_GZIPPED} bytes, gzipped")
    if write:
        OUTPUT.write_bytes(data)
    elif data != OUTPUT.read_bytes():
        sys.exit(
            f"{OUTPUT.relative_to(ROOT)} is another: SHA-256 {digest(OUTPUT.read_bytes())}. "
            "After a change of native/, write it anew: make wasm WRITE=1"
        )


def digest(data: bytes) -> str:
    """Return the SHA-256 of a file."""
    return hashlib.sha256(data).hexdigest()


if __name__ == "__main__":
    main()
