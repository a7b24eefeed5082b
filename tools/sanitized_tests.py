"""Run tests with the address and the undefined-behaviour sanitizer in the native core:
`python tools/sanitized_tests.py [ARGUMENT of pytest ...]`.

Installs the package anew, its core built with ``SELFSAME_SANITIZE``, into ``build/sanitized``, an
environment that takes everything else from the one that this is run in. Needs g++. What is found
ends the tests, with the place in the sources.
"""

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "build" / "sanitized"
PYTHON = FOLDER / "bin" / "python"
TESTS = (
    "tests/test_native.py",
    "tests/test_native_calls.py",
    "tests/coding",
    "tests/pifs",
    "tests/collage",
    "tests/mosaic",
    "tests/ifs",
    "tests/fractals",
    "tests/golden",
)


def install() -> None:
    """Build the core and install it with the package."""
    if not PYTHON.exists():
        subprocess.run([sys.executable, "-m", "venv", str(FOLDER)], check=True)
        theirs = Path(sysconfig.get_path("purelib", vars={"base": str(FOLDER)}))
        (theirs / "others.pth").write_text(sysconfig.get_path("purelib") + "\n")
    command = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    command += ["--no-deps", "--force-reinstall", "-C", "cmake.define.SELFSAME_SANITIZE=ON"]
    command += ["-C", f"build-dir={FOLDER / 'objects'}", str(ROOT)]
    subprocess.run(command, check=True, env={**os.environ, "CXX": "g++"})


def library(name: str) -> str:
    """Return the path of a library of the compiler."""
    command = ["g++", f"-print-file-name={name}"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def main() -> None:
    """Install, then run the tests."""
    install()
    # libstdc++ must be there when the sanitizer looks for what throws exceptions.
    preloaded = f"{library('libasan.so')} {library('libstdc++.so')}"
    environment = {
        **os.environ,
        "LD_PRELOAD": preloaded,
        # Python frees little at its end; a claim beyond all memory is a MemoryError, no finding.
        "ASAN_OPTIONS": "detect_leaks=0:allocator_may_return_null=1",
        "UBSAN_OPTIONS": "print_stacktrace=1",
    }
    arguments = sys.argv[1:] or ["-m", "not slow", *TESTS]
    command = [str(PYTHON), "-m", "pytest", "-p", "no:cacheprovider", *arguments]
    sys.exit(subprocess.run(command, env=environment, cwd=ROOT).returncode)


if __name__ == "__main__":
    main()
