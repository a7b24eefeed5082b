import subprocess
import sys

import pytest

HEAVY = ("torch", "numba", "llvmlite", "skimage", "matplotlib")

SCRIPT = """
import sys
{code}
heavy = [name for name in {heavy} if name in sys.modules]
assert not heavy, heavy
"""


@pytest.mark.parametrize(
    "code",
    [
        "import selfsame",
        "import selfsame; selfsame.IFS; selfsame.IFSCode; selfsame.load; selfsame.InputError",
        "from selfsame.cli import main; assert main(['--help']) == 0",
        "from selfsame.cli import main; assert main(['--version']) == 0",
        "from selfsame.cli import main; assert main(['sample', '--list']) == 0",
        "from selfsame.cli import main; assert main(['convert', '--help']) == 0",
        "from selfsame.cli import main; assert main(['info', '--help']) == 0",
        "from selfsame.cli import main; assert main(['fit', '--help']) == 0",
        "from selfsame.cli import main; assert main(['encode', '--help']) == 0",
        "from selfsame.cli import main; assert main(['decode', '--help']) == 0",
        "import selfsame; selfsame.encode; selfsame.decode; selfsame.PifsCode",
        "from selfsame.cli import main; assert main(['render', '--help']) == 0",
        "from selfsame.cli import main; assert main(['train', 'collage', '--help']) == 0",
        "from selfsame.cli import main; assert main(['train', 'vdvae', '--help']) == 0",
        "from selfsame.cli import main; assert main(['fractalize', '--help']) == 0",
        "from selfsame.cli import main; assert main(['generate', '--help']) == 0",
        "from selfsame.cli import main; assert main(['dataset', '--help']) == 0",
        "import selfsame.ifs.library, selfsame.ifs.geometry, selfsame.ifs.flame",
    ],
)
def test_nothing_heavy_is_imported(code: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(code=code, heavy=HEAVY)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
