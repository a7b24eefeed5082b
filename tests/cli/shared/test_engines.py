"""Folders and sets on every engine: the same files, whatever dies on the way."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from selfsame.archive import Fitting, encode_folder, fit_set
from selfsame.archive.listing import Entry
from selfsame.cli import main
from selfsame.codes.settings import EncodeSettings
from selfsame.datasets import list_pictures
from selfsame.ifs.fit.config import FitConfig
from selfsame.run.cluster import Cluster
from selfsame.run.processes import Processes
from support.clusters import kill_one, local_cluster

ENCODE = ["--effort", "1", "--quality", "30"]
FIT = ["--maps", "2", "--steps", "2", "--restarts", "1", "--size", "16"]


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for i in range(6):
        pixels = np.zeros((16 + i, 16), np.uint8)
        pixels[4:9, 4 : 8 + i] = 250
        Image.fromarray(pixels).save(folder / f"{i}.png")
    return folder


def codes(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("*.ssm")}


@pytest.mark.slow
@pytest.mark.parametrize(("command", "options"), [("encode", ENCODE), ("fit", FIT)])
def test_every_engine_makes_the_same_codes(pictures, tmp_path, capsys, command, options) -> None:
    (pictures / "bad.png").write_text("hello")
    with local_cluster(1) as cluster:
        engines = {
            "one": ["--jobs", "1"],
            "processes": ["--jobs", "2"],
            "threads": ["--engine", "threads", "--jobs", "2"],
            "dask": ["--engine", "dask", "--scheduler", cluster.scheduler_address],
        }
        for name, engine in engines.items():
            arguments = [command, str(pictures), "-o", str(tmp_path / name), *options, *engine]
            assert main([*arguments, "--json"]) == 1
            shown = capsys.readouterr()
            assert shown.err.startswith("bad.png: ")
            assert "cannot be read as a picture" in shown.err
            assert len(json.loads(shown.out)["failed"]) == 1
    made = codes(tmp_path / "one")
    assert sorted(made) == [f"{i}.ssm" for i in range(6)]
    for name in engines:
        assert codes(tmp_path / name) == made


def encoded(folder: Path, output: Path, **options: Any) -> list[Entry]:
    return encode_folder(folder, output, EncodeSettings(quality=30, effort=1), **options).entries


def fitted(folder: Path, output: Path, **options: Any) -> list[Entry]:
    fitting = Fitting(FitConfig(maps=2, steps=2, restarts=1, size=16), device="cpu")
    pictures = list_pictures(folder)
    return fit_set(pictures, output, fitting, source={}, **options).entries


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
@pytest.mark.parametrize("work", [encoded, fitted])
def test_folders_survive_the_death_of_a_worker(pictures, tmp_path, work) -> None:
    killed = []

    def kill(_: object) -> None:
        if not killed:
            killed.append(kill_one(cluster))

    with local_cluster(2) as cluster:
        executor = Cluster(cluster.scheduler_address)
        entries = work(pictures, tmp_path / "dask", executor=executor, settled=kill)
    assert killed
    assert [entry["state"] for entry in entries] == ["done"] * 6
    work(pictures, tmp_path / "here", executor=Processes(1))
    assert codes(tmp_path / "dask") == codes(tmp_path / "here")


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
def test_a_cluster_without_workers_is_told_of(pictures, tmp_path) -> None:
    with local_cluster(0) as cluster:
        address = cluster.scheduler_address
        words = ["encode", str(pictures), "-o", str(tmp_path / "out"), *ENCODE]
        words += ["--engine", "dask", "--scheduler", address, "--quiet"]
        process = subprocess.Popen(
            [sys.executable, "-m", "selfsame", *words], stderr=subprocess.PIPE, text=True
        )
        try:
            assert process.stderr is not None
            begin = time.monotonic()
            assert f"{address} has no workers" in process.stderr.readline()
            assert time.monotonic() - begin < 60
        finally:
            process.send_signal(signal.SIGKILL)
            process.communicate()
    assert not codes(tmp_path / "out")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--engine", "dask"], "--engine dask needs --scheduler"),
        (["--scheduler", "tcp://a:1"], "--scheduler belongs to --engine dask"),
        (
            ["--engine", "dask", "--scheduler", "tcp://a:1", "--jobs", "2"],
            "--jobs belongs to --engine",
        ),
        (["--threads", "1", "--jobs", "2"], "--threads"),
    ],
)
@pytest.mark.parametrize("command", ["encode", "fit"])
def test_wrong_usage_of_engines(pictures, tmp_path, capsys, command, arguments, words) -> None:
    assert main([command, str(pictures), "-o", str(tmp_path / "out"), *arguments]) == 2
    assert words in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_single_picture_takes_no_engine(pictures, tmp_path, capsys) -> None:
    picture, out = str(pictures / "0.png"), str(tmp_path / "a.ssm")
    for command in ("encode", "fit"):
        assert main([command, picture, "-o", out, "--engine", "threads"]) == 2
        assert "--engine belongs to" in capsys.readouterr().err
