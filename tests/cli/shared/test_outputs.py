"""What every command owes its outputs, and its inputs."""

import json
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


@pytest.mark.parametrize(
    ("command", "name", "begins", "known"),
    [
        ("sample barnsley-fern", "a.json", b"{", False),
        ("sample barnsley-fern --overwrite", "a.json", b"{", False),
        ("render barnsley-fern --size 16x16", "o.png", b"\x89PNG", False),
        ("fractalize IN --scale 1", "o.png", b"\x89PNG", False),
        ("fractalize IN", "a.ssm", b"\xd3SSM", True),
        ("encode IN --effort 1", "a.ssm", b"\xd3SSM", True),
        ("fit IN --maps 2 --steps 2 --restarts 1", "a.ssm", b"\xd3SSM", True),
    ],
)
def test_outputs_go_through_a_fifo(
    picture, capsys, command: str, name: str, begins: bytes, known: bool
) -> None:
    fifo, got = picture.with_name(name), []
    os.mkfifo(fifo)
    reader = threading.Thread(target=lambda: got.append(fifo.read_bytes()), daemon=True)
    reader.start()
    words = [str(picture) if word == "IN" else word for word in command.split()]
    assert main([*words, "-o", str(fifo), "--json"]) == 0
    reader.join(10)
    assert fifo.is_fifo()
    assert got[0].startswith(begins)
    values = json.loads(capsys.readouterr().out)
    assert values.get("bytes") == (len(got[0]) if known else None)
