"""What every command owes its outputs, and its inputs."""

import os
import threading

import numpy as np
import pytest
from PIL import Image

from selfsame.cli import main

PICTURE = np.random.default_rng(0).integers(0, 256, (40, 40), dtype=np.uint8)


@pytest.fixture
def picture(tmp_path):
    path = tmp_path / "a.png"
    Image.fromarray(PICTURE).save(path)
    return path


@pytest.mark.parametrize(
    "command",
    [
        ["encode", "IN"],
        ["fractalize", "IN"],
        ["fit", "IN"],
        ["generate", "mnist", "--reconstruct", "IN"],
        ["generate", "mnist", "--interpolate", "--from", "IN"],
        ["decode", "a.ssm", "--start", "IN"],
    ],
)
@pytest.mark.parametrize("through", ["itself", "a link"])
def test_no_command_overwrites_its_input(picture, capsys, command, through) -> None:
    output = picture
    if through == "a link":
        output = picture.with_name("link.png")
        output.symlink_to(picture.name)
    before = picture.read_bytes()
    arguments = [str(picture) if word == "IN" else word for word in command]
    assert main([*arguments, "-o", str(output), "--overwrite", "--quiet"]) == 1
    assert f"output {output} is the input" in capsys.readouterr().err
    assert picture.read_bytes() == before


@pytest.mark.parametrize("overwrite", [[], ["--overwrite"]])
def test_outputs_go_through_a_fifo(tmp_path, overwrite) -> None:
    fifo, got = tmp_path / "a.json", []
    os.mkfifo(fifo)
    reader = threading.Thread(target=lambda: got.append(fifo.read_bytes()), daemon=True)
    reader.start()
    assert main(["sample", "barnsley-fern", "-o", str(fifo), "--quiet", *overwrite]) == 0
    reader.join(10)
    assert fifo.is_fifo()
    assert got[0].startswith(b"{")
    assert got[0].endswith(b"}\n")
