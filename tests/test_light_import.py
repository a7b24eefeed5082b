import subprocess
import sys

HEAVY = ("torch", "numba", "llvmlite", "skimage", "matplotlib")

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
