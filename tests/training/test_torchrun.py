"""The commands under ``torchrun``: two processes, one model, one report."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from selfsame.collage.network.model import CollageModel
from selfsame.priors.vdvae.network import Vdvae
from selfsame.training.logs import read_log

COMMON = ("--steps", "4", "--device", "cpu", "--set", "train.log_every=2", "--quiet", "--json")
COLLAGE = (
    *("--batch", "2", "--crop", "32", "--set", "model.width=4", "--set", "model.depth=1"),
    *("--set", "model.atoms=[3, 2]"),
)
VDVAE = (
    *("--batch", "4", "--set", "model.levels=[[1, 8, 2, 1, 1], [2, 8, 2, 1, 1]]"),
    *("--set", 'model.collage={"hidden": 8, "aux_blocks": 2}'),
)

SCRIPT = """
import json, sys
from selfsame.cli import main
assert [main(["train", *words]) for words in json.loads(sys.argv[1])] == [0, 0]
"""


@pytest.mark.slow
def test_torchrun_trains_one_model_of_each_kind_and_reports_once(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    (tmp_path / "pictures").mkdir()
    picture = random.integers(0, 256, (64, 80, 3), np.uint8)
    Image.fromarray(picture).save(tmp_path / "pictures" / "0.png")
    np.savez(tmp_path / "digits.npz", images=random.integers(0, 256, (20, 8, 8), np.uint8))
    collage, vdvae = tmp_path / "collage", tmp_path / "vdvae"
    commands = [
        ["collage", tmp_path / "pictures", "-o", collage, *COLLAGE, *COMMON],
        ["vdvae", tmp_path / "digits.npz", "-o", vdvae, *VDVAE, *COMMON],
    ]
    # One start for both: most of the time is that of the processes' imports.
    script = tmp_path / "commands.py"
    script.write_text(SCRIPT)
    launcher = ["-m", "torch.distributed.run", "--nproc-per-node", "2", "--standalone"]
    done = subprocess.run(
        [sys.executable, *launcher, str(script), json.dumps(commands, default=str)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert [json.loads(line)["step"] for line in done.stdout.splitlines()] == [4, 4]
    assert CollageModel.from_pretrained(collage / "model").config.width == 4
    assert Vdvae.from_pretrained(vdvae / "model").config.side == 8
    assert [read_log(folder)[0]["processes"] for folder in (collage, vdvae)] == [2, 2]
