import os
import subprocess
import sys
from pathlib import Path

HEAVY = ("torch", "scipy", "sklearn", "numba", "skimage", "matplotlib", "fontTools", "resvg_py")

COMMANDS = (
    ["--help"],
    ["--version"],
    ["sample", "--list"],
    ["convert", "--help"],
    ["info", "--help"],
    ["fit", "--help"],
    ["encode", "--help"],
    ["decode", "--help"],
    ["render", "--help"],
    ["train", "collage", "--help"],
    ["train", "fractals", "--help"],
    ["train", "vdvae", "--help"],
    ["fractalize", "--help"],
    ["generate", "--help"],
    ["probe", "--help"],
    ["dataset", "--help"],
    ["dataset", "emoji", "--help"],
    ["dataset", "fractaldb", "--help"],
    ["dataset", "glyphs", "--help"],
    ["dataset", "--list"],
    ["dataset", "--list", "--json"],
)

CODE = (
    "import selfsame",
    "selfsame.IFS; selfsame.IFSCode; selfsame.load; selfsame.InputError",
    "selfsame.encode; selfsame.decode; selfsame.PifsCode",
    "import selfsame.ifs.samples.library, selfsame.ifs.geometry.bounds",
    "import selfsame.ifs.exchange.flame",
    "import selfsame.fractals.recipes.presets",
    "from selfsame.cli import main",
    *(f"assert main({command}) == 0" for command in COMMANDS),
)

# One process for all of them: the first line after which something heavy is there is to blame.
SCRIPT = f"""
import sys
for code in {CODE!r}:
    exec(code)
    heavy = [name for name in {HEAVY!r} if name in sys.modules]
    assert not heavy, (code, heavy)
"""


def test_nothing_heavy_is_imported() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


WITHOUT_LEARN = """
import sys
import numpy, selfsame
from support.absence import finders_without
sys.meta_path[:] = finders_without("torch", "scipy", "sklearn", "numba")
from selfsame.cli import main
picture = numpy.random.default_rng(0).integers(0, 255, (40, 56, 3), numpy.uint8)
"""

COMMANDS_OF_THE_REST = """
from PIL import Image
Image.fromarray(picture).save("a.png")
for command in (
    "encode a.png -o a.ssm --quality 50",
    "info a.ssm",
    "decode a.ssm -o b.png --scale 1.5",
    "render barnsley-fern -o fern.png --size 64x64",
    "sample sierpinski-gasket -o gasket.ssm",
    "render gasket.ssm -o depth.png --depth 3 --size 64x64",
    "convert gasket.ssm -o gasket.json",
    "fractalize a.png -o mosaic.ssm",
    "render mosaic.ssm -o mosaic.png",
    "dataset anderson-farrell -o set --classes 2 --instances 3 --size 32 --jobs 1",
):
    assert main([*command.split(), "--overwrite" if command[:7] == "convert" else "--json"]) == 0
assert main("fit a.png -o c.ssm".split()) == 1
"""


HINT = (
    "this needs the package torch: in a checkout of selfsame, "
    "pip install -c constraints.txt '.[learn]'"
)

LIBRARY = (
    "from selfsame import fit",
    "selfsame.encode(picture, model='collage')",
    "from selfsame.collage.network.model import CollageModel",
    "import selfsame.collage.operator.functional",
    "from selfsame.ifs.distance import fit_distance",
    "from selfsame.ifs.encoder import SetEncoder",
    "from selfsame.lab import Network",
    "from selfsame.priors import generate",
    "from selfsame.training import train",
)

NAMES_OF_THE_LIBRARY = f"""
import importlib.util
from selfsame.errors import MissingExtraError
for line in {LIBRARY!r}:
    try:
        exec(line)
    except MissingExtraError as error:
        assert str(error) == {HINT!r}, error
        assert error.name == "torch"
    else:
        raise AssertionError(line)
assert importlib.util.find_spec("torch") is None  # others may look for it
try:
    import torch
except ModuleNotFoundError as error:
    assert "checkout" not in str(error)
"""


def without_learn(folder: Path, code: str) -> str:
    """Return what code says that runs, and must not fail, in a process without the extra."""
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_LEARN + code],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent)},
    )
    assert done.returncode == 0, done.stderr
    return done.stderr


def test_what_needs_no_learning_runs_without_its_extra(tmp_path) -> None:
    assert without_learn(tmp_path, COMMANDS_OF_THE_REST).endswith(f"selfsame: {HINT}\n")


def test_whatever_needs_an_extra_says_how_to_get_it(tmp_path) -> None:
    assert without_learn(tmp_path, NAMES_OF_THE_LIBRARY) == ""
