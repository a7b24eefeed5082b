"""Build a wheel, install it in an empty environment, try it: `python tools/try_wheel.py [-o DIR]`.

The environment gets no more than ``LIGHT``: what encodes and opens a picture needs nothing else.
With ``--without-compiler`` the build sees no C++ compiler of the system and takes that of the
registry.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).parents[1]
COMPILERS = ("c++", "g++", "clang++", "gcc", "cc", "clang", "ar", "ranlib", "ld", "as")

LIGHT = ("lazy_loader", "numpy", "pillow")
"""What encoding, saving and opening a picture in Python takes."""

TRIAL = """
import numpy, selfsame
y, x = numpy.mgrid[:96, :128]
picture = numpy.stack([x, y, x ^ y], axis=2).astype(numpy.uint8)
code = selfsame.encode(picture, quality=80, threads=1)
selfsame.save(code, "trial.ssm")
from PIL import Image
with Image.open("trial.ssm") as opened:
    error = numpy.abs(numpy.asarray(opened, int) - picture).mean()
assert error < 20, error
print("encoded, saved, opened: mean error", error)
"""


def main() -> None:
    """Build, install, try."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-o", "--output", type=Path, help="where the wheel goes [default: nowhere]")
    parser.add_argument("--without-compiler", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        output = (options.output or folder / "dist").absolute()
        environment = os.environ | (hidden_compilers(folder) if options.without_compiler else {})
        build = [sys.executable, "-m", "build", "--wheel", "-o", os.fspath(output), os.fspath(ROOT)]
        subprocess.run(build, env=environment, check=True)
        wheel = max(output.glob("*.whl"), key=lambda path: path.stat().st_mtime)
        print(f"{wheel.name}: {wheel.stat().st_size / 1e6:.1f} MB", flush=True)
        venv.create(folder / "venv", with_pip=True)
        python = os.fspath(folder / "venv" / "bin" / "python")
        pip = [python, "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        subprocess.run([*pip, *LIGHT, "-c", os.fspath(ROOT / "constraints.txt")], check=True)
        subprocess.run([*pip, "--no-deps", os.fspath(wheel)], check=True)
        subprocess.run([python, "-c", TRIAL], cwd=folder, check=True)


def hidden_compilers(folder: Path) -> dict[str, str]:
    """Return an environment whose PATH has every program of the system's but its compilers."""
    programs = folder / "bin"
    programs.mkdir()
    for path in reversed(os.environ["PATH"].split(os.pathsep)):
        for program in Path(path).glob("*"):
            if not is_compiler(program.name):
                link = programs / program.name
                link.unlink(missing_ok=True)
                link.symlink_to(program.resolve())
    environment = {"PATH": os.fspath(programs), "CC": "", "CXX": ""}
    assert not any(shutil.which(name, path=environment["PATH"]) for name in COMPILERS)
    return environment


def is_compiler(name: str) -> bool:
    """Return whether this is the name of a compiler or of one of its tools, versions included."""
    plain = name.rsplit("linux-gnu-", 1)[-1]
    return any(plain == tool or plain.startswith(f"{tool}-") for tool in COMPILERS)


if __name__ == "__main__":
    main()
