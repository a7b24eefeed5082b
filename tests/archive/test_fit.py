"""Sets of pictures to folders of codes of maps: what fails, what is kept, what shares a batch."""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from selfsame.archive.fit import Fits, Fitting, fit_set
from selfsame.codes.store import load
from selfsame.datasets import list_pictures
from selfsame.errors import DivergedError, InputError
from selfsame.ifs.code import IFSCode, Viewport
from selfsame.ifs.distance.settings import DistanceSettings
from selfsame.ifs.fit.config import FitConfig
from selfsame.ifs.system import IFS
from selfsame.io.pictures import Picture
from selfsame.run.executor import Executor
from selfsame.run.ledger import SettingsChangedError, read_ledger
from selfsame.run.processes import Processes
from selfsame.run.progress import Progress
from selfsame.run.threads import Threads

PAIRS = FitConfig(batch=2, size=16)
POISON = 77
"""The grey that no batch survives that holds it."""


@dataclass(frozen=True)
class Stub(Fitting):
    """Codes that tell which pictures were fitted together: probabilities by the batch's mean."""

    settings: FitConfig | DistanceSettings = PAIRS
    deadly: bool = False

    def fit(
        self, targets: Sequence[Picture], progress: Progress | None = None
    ) -> tuple[list[IFSCode], list[float]]:
        values = [round(255 * float(target.max())) for target in targets]
        if POISON in values:
            if self.deadly:
                os._exit(7)
            raise DivergedError("the descent left the finite numbers")
        if progress is not None:
            progress(1, 2)
            progress(2, 2)
        share = sum(values) / (256 * len(values))
        matrices = np.array([np.eye(2) / 2, np.eye(2) / 3])
        system = IFS(matrices, np.zeros((2, 2)), np.array([share, 1 - share]))
        window = Viewport(-1, -1, 1, 1)
        codes = [IFSCode(system, window, target.shape[1::-1]) for target in targets]
        return codes, [float(value) for value in values]


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    (folder / "sub").mkdir(parents=True)
    for grey, name in ((100, "a.png"), (120, "b.png"), (140, "sub/a.png"), (160, "sub/c.png")):
        draw(folder / name, grey)
    return folder


def draw(path: Path, grey: int, side: int = 16) -> None:
    pixels = np.zeros((side, side), np.uint8)
    pixels[4:9, 4:12] = grey
    Image.fromarray(pixels).save(path)


def run(folder: Path, out: Path, fitting: Fitting | None = None, **options: Any) -> Fits:
    options = {"executor": Processes(1), "source": {"path": str(folder)}, **options}
    return fit_set(list_pictures(folder), out, fitting or Stub(), **options)


def tree(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_every_picture_has_a_code_of_its_name(pictures: Path, tmp_path: Path) -> None:
    told = []
    progress = Progress(lambda done, total, label: told.append((done, total)))
    settled: list[str] = []
    out = tmp_path / "out"
    fits = run(
        pictures, out, progress=progress, settled=lambda entry: settled.append(entry["source"])
    )
    names = ["a.ssm", "b.ssm", "sub/a.ssm", "sub/c.ssm"]
    assert sorted(tree(out)) == [*names[:2], "ledger.jsonl", *names[2:]]
    assert [entry["output"] for entry in fits.entries] == names
    assert (
        settled
        == [entry["source"] for entry in fits.fitted]
        == [*("a.png", "b.png", "sub/a.png", "sub/c.png")]
    )
    assert [entry["loss"] for entry in fits.entries] == [100, 120, 140, 160]
    assert [entry["bytes"] for entry in fits.entries] == [len(tree(out)[name]) for name in names]
    assert told == [(1, 4), (2, 4), (1, 4), (2, 4), (3, 4), (4, 4), (3, 4), (4, 4)]


def test_bad_pictures_are_named_and_the_rest_is_done(pictures: Path, tmp_path: Path) -> None:
    (pictures / "aa.png").write_text("hello")
    draw(pictures / "ab.png", 0)
    fits = run(pictures, tmp_path / "out")
    assert {entry["source"] for entry in fits.failed} == {"aa.png", "ab.png"}
    errors = {entry["source"]: entry["error"] for entry in fits.failed}
    assert "cannot be read as a picture" in errors["aa.png"]
    assert "has no pixel above the threshold" in errors["ab.png"]
    run(pictures_without(pictures, "aa.png", "ab.png"), tmp_path / "good", source={})
    for name, data in tree(tmp_path / "good").items():
        if name.endswith(".ssm"):
            assert (tmp_path / "out" / name).read_bytes() == data
    entries = read_ledger(tmp_path / "out" / "ledger.jsonl").entries
    assert entries["aa.ssm"].error == errors["aa.png"]
    draw(pictures / "aa.png", 200)
    mended = run(pictures, tmp_path / "out")
    assert [entry["source"] for entry in mended.fitted] == ["aa.png"]
    assert [entry["source"] for entry in mended.failed] == ["ab.png"]


def pictures_without(folder: Path, *names: str) -> Path:
    copy = folder.with_name("copy")
    for path in folder.rglob("*.png"):
        name = path.relative_to(folder).as_posix()
        if name not in names:
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            (copy / name).write_bytes(path.read_bytes())
    return copy


@pytest.mark.parametrize("deadly", [False, True])
def test_a_picture_that_spoils_its_batch_is_lost_alone(
    pictures: Path, tmp_path: Path, deadly: bool
) -> None:
    draw(pictures / "sub" / "b.png", POISON)
    executor = Processes(2) if deadly else Threads(2)
    fits = run(pictures, tmp_path / "out", Stub(deadly=deadly), executor=executor)
    failed = {entry["source"]: entry["error"] for entry in fits.failed}
    if deadly:  # what it shared its process with goes down with it
        assert set(failed) == {"sub/a.png", "sub/b.png"}
        assert "the process died" in failed["sub/b.png"]
    else:
        assert failed == {"sub/b.png": "the descent left the finite numbers"}
    assert len(fits.fitted) == 5 - len(failed)


def test_pictures_come_and_go_without_the_others(pictures: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run(pictures, out)
    before = tree(out)
    (pictures / "b.png").unlink()
    draw(pictures / "aa.png", 200)
    draw(pictures / "sub" / "a.png", 250)
    fits = run(pictures, out)
    assert [entry["source"] for entry in fits.fitted] == ["aa.png", "sub/a.png"]
    assert fits.kept == {"a.png", "sub/c.png"}
    after = tree(out)
    for name in ("a.ssm", "sub/c.ssm"):
        assert after[name] == before[name]
    assert after["sub/a.ssm"] != before["sub/a.ssm"]


def test_a_run_that_was_stopped_ends_with_the_same_codes(pictures: Path, tmp_path: Path) -> None:
    draw(pictures / "big.png", 100, side=20)

    def stop(entry: dict[str, Any]) -> None:
        if entry["source"] == "a.png":  # the first of its batch
            raise KeyboardInterrupt

    run(pictures, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        run(pictures, tmp_path / "out", settled=stop)
    fits = run(pictures, tmp_path / "out")
    assert fits.kept == {"a.png", "b.png"}
    assert tree(tmp_path / "out") == tree(tmp_path / "whole")
    run(pictures, tmp_path / "two", executor=Processes(2))
    assert tree(tmp_path / "two") == tree(tmp_path / "whole")


class Counting(Stub):
    """Losses that tell on how many threads torch computes."""

    def fit(
        self, targets: Sequence[Picture], progress: Progress | None = None
    ) -> tuple[list[IFSCode], list[float]]:
        codes, _ = super().fit(targets, progress)
        return codes, [float(torch.get_num_threads())] * len(targets)


@pytest.mark.parametrize("executor", [Processes(1), Processes(2), Threads(2)])
def test_torch_computes_on_one_thread_wherever_a_batch_is_fitted(
    pictures: Path, tmp_path: Path, executor: Executor
) -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        fits = run(pictures, tmp_path / "out", Counting(), executor=executor)
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)
    assert {entry["loss"] for entry in fits.entries} == {1}


def test_other_settings_and_sets_need_overwrite(pictures: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run(pictures, out)
    before = tree(out)
    for fitting, source, words in (
        (Stub(seed=1), {"path": str(pictures)}, "seed is 0 there and 1 here"),
        (Stub(FitConfig(maps=3)), {"path": str(pictures)}, "maps is null there and 3 here"),
        (Stub(), {"path": "elsewhere"}, r"source\.path is .* and \"elsewhere\" here"),
        (Fitting(DistanceSettings()), {"path": str(pictures)}, 'method is "descent" there'),
    ):
        with pytest.raises(SettingsChangedError, match=words):
            run(pictures, out, fitting, source=source)
    assert tree(out) == before
    assert run(pictures, out, overwrite=True).kept == {"a.png", "b.png", "sub/a.png", "sub/c.png"}
    assert len(run(pictures, out, Stub(seed=1), overwrite=True).fitted) == 4


def test_foreign_codes_and_earlier_versions_are_left_alone(pictures: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "b.ssm").write_bytes(b"mine")
    with pytest.raises(InputError, match=r"b\.ssm exists and is not of this archive"):
        run(pictures, out)
    (out / "fit.json").write_text(json.dumps({"method": "descent", "invert": False, "targets": []}))
    with pytest.raises(InputError, match=r"fit\.json is the record of an earlier version"):
        run(pictures, out)
    assert sorted(tree(out)) == ["b.ssm", "fit.json"]
    assert len(run(pictures, out, overwrite=True).fitted) == 4
    assert "fit.json" not in tree(out)


def test_arrays_have_numbers_for_names(tmp_path: Path) -> None:
    images = np.zeros((3, 16, 16), np.uint8)
    images[:, 4:9, 4:12] = np.array([100, 120, 140])[:, None, None]
    np.savez(tmp_path / "set.npz", images=images)
    out = tmp_path / "out"
    run(tmp_path / "set.npz", out)
    images[1, 4:9, 4:12] = 90
    np.savez(tmp_path / "set.npz", images=images)
    fits = run(tmp_path / "set.npz", out)
    assert [entry["output"] for entry in fits.fitted] == ["00001.ssm"]
    assert load(out / "00001.ssm").size == (16, 16)


def test_targets_are_inverted_and_in_the_colours_asked_for() -> None:
    grey, color = np.zeros((2, 3), np.float32), np.zeros((2, 3, 3), np.float32)
    color[..., 1] = 1
    assert Fitting(FitConfig()).target(color).shape == (2, 3, 3)
    assert Fitting(FitConfig(), color=True).target(grey).shape == (2, 3, 3)
    assert Fitting(FitConfig(), color=False).target(color) == pytest.approx(0.587)
    assert Fitting(DistanceSettings()).target(color) == pytest.approx(0.587)
    assert Fitting(FitConfig(objective="density")).target(color).ndim == 2
    assert Fitting(FitConfig(), invert=True).target(grey) == pytest.approx(1)
