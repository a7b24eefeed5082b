"""``selfsame latents``."""

import json

import numpy as np

from selfsame.cli import main
from support.small_grid import small_grid_model


def test_inspect_prints_ranges_bytes_and_errors(tmp_path, capsys):
    small_grid_model().save_pretrained(tmp_path / "own")
    images = np.random.default_rng(0).integers(0, 256, (5, 40, 40), dtype=np.uint8)
    np.savez(tmp_path / "a.npz", images=images)
    command = ["latents", "inspect", str(tmp_path / "own"), str(tmp_path / "a.npz"), "-n", "3"]
    assert main([*command, "--json"]) == 0
    values = json.loads(capsys.readouterr().out)
    assert (values["space"], values["pictures"], len(values["channels"])) == ("own", 3, 3)
    assert set(values["psnr"]) == {"1", "2"}
    assert main(command) == 0
    text = capsys.readouterr().out
    assert text.startswith("own: 3 pictures, ")
    assert "dB at 2x, 0 of 3 numbers dead" in text
    assert len(text.splitlines()) == 5
