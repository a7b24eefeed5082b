"""The structure of the package in numbers: ``python tools/structure.py [--src src] [--walks]``.

Prints, as JSON: lines and files of Python, the folders with most files, names that packages export,
and, with ``--walks``, the hops of three journeys: a photo through ``encode``, a silhouette through
``fit``, a seed through ``generate``. A hop is a call from a function of one module to one of
another, each pair of modules counted once, as the program runs (compiled functions count as no
call). ``--src`` measures another checkout in the same way.
"""

import argparse
import json
import sys
import tempfile
from collections import Counter
from importlib import import_module
from pathlib import Path
from types import FrameType
from typing import Any

MOST_FOLDERS = 6


def sizes(package: Path) -> dict[str, Any]:
    """Return lines and files of a package, and the folders that hold most files."""
    files = [p for p in package.rglob("*.py") if "__pycache__" not in p.parts]
    folders = Counter(str(p.parent.relative_to(package.parent)) for p in files)
    return {
        "files": len(files),
        "lines": sum(len(p.read_text().splitlines()) for p in files),
        "folders": len(folders),
        "fullest": dict(folders.most_common(MOST_FOLDERS)),
    }


def exported(package: Path) -> dict[str, int]:
    """Return how many names each package of the first level says that it exports."""
    found = {}
    for init in sorted([package / "__init__.py", *package.glob("*/__init__.py")]):
        name = ".".join(init.parent.relative_to(package.parent).parts)
        module = import_module(name)
        names = getattr(module, "__all__", None) or getattr(module, "_HOME", ())
        if names:
            found[name] = len(names)
    return found


def hops(arguments: list[str]) -> int:
    """Return the hops of a command."""
    main = import_module("selfsame.cli").main
    pairs = set()

    def note(frame: FrameType, event: str, _: Any) -> None:
        if event != "call" or frame.f_back is None:
            return
        if "<module>" in (frame.f_code.co_name, frame.f_back.f_code.co_name):
            return  # a module that is being loaded
        here = frame.f_globals.get("__name__") or ""
        there = frame.f_back.f_globals.get("__name__") or ""
        if here != there and here.startswith("selfsame") and there.startswith("selfsame"):
            pairs.add((there, here))

    sys.setprofile(note)
    try:
        status = main(arguments)
    finally:
        sys.setprofile(None)
    assert status == 0, arguments
    return len(pairs)


def walks() -> dict[str, int]:
    """Return the hops of the three journeys, on small pictures."""
    from PIL import Image, ImageDraw

    with tempfile.TemporaryDirectory() as folder:
        photo, shape = f"{folder}/photo.png", f"{folder}/shape.png"
        Image.effect_noise((48, 48), 40).convert("RGB").save(photo)
        silhouette = Image.new("L", (48, 48))
        ImageDraw.Draw(silhouette).ellipse((8, 12, 40, 36), fill=255)
        silhouette.save(shape)
        common = ["--quiet", "--threads", "1"]
        return {
            "encode": hops(["encode", photo, "-o", f"{folder}/a.ssm", *common]),
            "fit": hops(["fit", shape, "-o", f"{folder}/b.ssm", "--steps", "3", *common]),
            "generate": hops(["generate", "mnist", "-n", "1", "-o", f"{folder}/c.png", *common]),
        }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--src", type=Path, default=Path(__file__).parents[1] / "src")
    parser.add_argument("--walks", action="store_true")
    options = parser.parse_args()
    sys.path.insert(0, str(options.src))
    package = options.src.resolve() / "selfsame"
    found = sizes(package) | {"exported": exported(package)}
    if options.walks:
        found["hops"] = walks()
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
