import subprocess
import sys

HEAVY = ("torch", "scipy", "sklearn", "numba", "skimage", "matplotlib")

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


WITHOUT_LEARN = """
import sys
sys.modules.update(dict.fromkeys(("torch", "scipy", "sklearn", "numba")))
import numpy, selfsame
from selfsame.cli import main
picture = numpy.random.default_rng(0).integers(0, 255, (40, 56, 3), numpy.uint8)
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


def test_what_needs_no_learning_runs_without_its_extra(tmp_path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_LEARN],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.endswith(
        "selfsame: this needs the package torch: pip install 'selfsame[learn]'\n"
    )
