"""Data sets of fractals as files: complete, resumable, the same however they were made."""

import errno
import hashlib
import io
import json
import os
import signal
import subprocess
import sys
import tarfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from safetensors.numpy import load_file

from selfsame.errors import InputError
from selfsame.fractals.files import write as writing
from selfsame.fractals.files.layout import SPLITS, Layout, plan_shards, split_of
from selfsame.fractals.files.shards import png_bytes
from selfsame.fractals.files.write import write_dataset
from selfsame.run.executor import WorkerDiedError
from selfsame.run.ledger import LedgerBusyError, read_ledger
from selfsame.run.processes import Processes
from selfsame.run.progress import Progress
from support import SUPPORT
from support.small_recipe import noise

SPLIT = (0.6, 0.2, 0.2)
SIDECARS = {"README.md", "classes.json", "classes.safetensors", "dataset.json", "ledger.jsonl"}
LAYOUTS = [
    Layout("folder", None, 4),
    Layout("folder", SPLIT, 7),
    Layout("webdataset", None, 4),
    Layout("webdataset", SPLIT, 4),
]


def tree(folder: Path) -> dict[str, bytes]:
    """The contents of every file below a folder, hidden ones too."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def rows(folder: Path) -> dict[str, Any]:
    """What the ledger says of every finished shard, in its order."""
    entries = read_ledger(folder / "ledger.jsonl").entries
    return {name: entry.row for name, entry in entries.items() if entry.row is not None}


def run(recipe, folder, layout=LAYOUTS[0], **options):
    return write_dataset(recipe, folder, layout, **{"executor": Processes(1), **options})


def interrupted_after(pictures: int) -> Progress:
    """A progress that ends the run like Ctrl-C once it has made so many pictures."""
    begun = []

    def show(done: float, total: float, label: str) -> None:
        begun.append(done)
        if done - begun[0] >= pictures:
            raise KeyboardInterrupt

    return Progress(show)


def tar_samples(data: bytes) -> dict[str, dict[str, bytes]]:
    samples: dict[str, dict[str, bytes]] = {}
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        for member in tar.getmembers():
            assert (member.mtime, member.uid, member.gid, member.uname) == (0, 0, 0, "")
            stem, suffix = member.name.split(".")
            samples.setdefault(stem, {})[suffix] = tar.extractfile(member).read()
    return samples


# --- pictures ---


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 70), st.integers(1, 70), st.sampled_from([1, 3]), st.integers(1, 256))
def test_pngs_are_read_as_they_were(height, width, channels, levels) -> None:
    shape = (height, width, channels)[: 2 if channels == 1 else 3]
    pixels = np.random.default_rng(height).integers(levels, size=shape).astype(np.uint8)
    image = Image.open(io.BytesIO(png_bytes(pixels)))
    assert image.mode == ("L" if channels == 1 else "RGB")
    assert np.array_equal(np.asarray(image), pixels)
    image = Image.open(io.BytesIO(png_bytes(pixels)))
    image.verify()  # the checksums


# --- plans ---


@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, 9),
    st.integers(5, 40),
    st.integers(1, 50),
    st.sampled_from([None, SPLIT, (1.0, 0.0, 0.0), (0.5, 0.5, 0.0)]),
    st.sampled_from(["folder", "webdataset"]),
)
def test_every_picture_is_in_one_shard_and_in_its_split(classes, n, size, split, form) -> None:
    recipe = noise(classes, n)
    shards = plan_shards(recipe, Layout(form, split, size))
    indices = np.concatenate([shard.indices for shard in shards])
    assert sorted(indices.tolist()) == list(range(len(recipe)))
    assert len({shard.name for shard in shards}) == len(shards)
    assert all(1 <= len(shard.indices) <= size for shard in shards)
    if split is None:
        assert all(shard.parts is None for shard in shards)
    else:
        parts = np.concatenate([shard.parts for shard in shards])
        assert np.array_equal(parts, split_of(recipe, split)[indices])


def test_shards_of_a_stream_mix_the_classes_and_folders_do_not() -> None:
    recipe = noise(10, 100)
    (first, *_) = plan_shards(recipe, Layout("webdataset", None, 100))
    assert len(set((first.indices // 100).tolist())) == 10
    (other, *_) = plan_shards(noise(10, 100, seed=1), Layout("webdataset", None, 100))
    assert not np.array_equal(first.indices, other.indices)
    (first, *_) = plan_shards(recipe, Layout("folder", None, 100))
    assert set((first.indices // 100).tolist()) == {0}


def test_unusable_layouts() -> None:
    with pytest.raises(InputError, match="format must be one of folder, webdataset: got 'zip'"):
        Layout("zip")
    with pytest.raises(InputError, match="shard_size"):
        Layout(shard_size=0)
    with pytest.raises(InputError, match=r"0\.6,0\.2,0\.2 leaves .* without one in test"):
        plan_shards(noise(3, 2), Layout("folder", SPLIT))
    with pytest.raises(InputError, match="sum 1"):
        plan_shards(noise(), Layout("folder", (0.5, 0.1, 0.1)))


# --- files ---


@pytest.mark.parametrize("color", [False, True])
@pytest.mark.parametrize("split", [None, SPLIT])
def test_folders_hold_every_picture_in_its_place(tmp_path, split, color) -> None:
    recipe = noise(color=color)
    settled = []
    written = run(
        recipe,
        tmp_path / "out",
        Layout("folder", split, 7),
        progress=Progress(lambda *told: settled.append(told)),
    )
    files = tree(tmp_path / "out")
    pictures = {name: data for name, data in files.items() if name.endswith(".png")}
    assert set(files) - set(pictures) == SIDECARS
    parts = np.zeros(30, int) if split is None else split_of(recipe, split)
    for index in range(30):
        folder = "" if split is None else f"{SPLITS[parts[index]]}/"
        data = pictures.pop(f"{folder}{index // 10:05d}/{index % 10:05d}.png")
        pixels = np.asarray(Image.open(io.BytesIO(data)))
        assert np.array_equal(pixels, recipe.pictures([index])[0])
    assert pictures == {}
    assert (written.pictures, written.made, written.kept) == (30, 30, 0)
    assert settled[0] == (0, 30, "")
    assert settled[-1] == (30, 30, "")
    splits = {"all": 30} if split is None else {"train": 18, "val": 6, "test": 6}
    assert written.splits == splits
    assert written.bytes == sum(len(d) for n, d in files.items() if n.endswith(".png"))


@pytest.mark.parametrize("several", [False, True])
@pytest.mark.parametrize("split", [None, SPLIT])
def test_tars_hold_every_picture_with_its_label(tmp_path, split, several) -> None:
    recipe = noise(several=several)
    run(recipe, tmp_path / "out", Layout("webdataset", split, 7))
    tars = {n: data for n, data in tree(tmp_path / "out").items() if n.endswith(".tar")}
    assert min(tars) == ("000000.tar" if split is None else "test/000000.tar")
    found = []
    for name, data in tars.items():
        for key, sample in tar_samples(data).items():
            index = int(key)
            found.append(index)
            assert set(sample) == {"png", "cls", *(["json"] if several else [])}
            assert int(sample["cls"]) == index // 10
            if several:
                shown = sorted({index // 10, (index // 10 + 1) % 3})
                assert json.loads(sample["json"]) == {"labels": shown}
            pixels = np.asarray(Image.open(io.BytesIO(sample["png"])))
            assert np.array_equal(pixels, recipe.pictures([index])[0])
            if split is not None:
                assert name.startswith(SPLITS[split_of(recipe, split, [index])[0]])
    assert sorted(found) == list(range(30))


def test_the_digests_are_those_of_the_files(tmp_path) -> None:
    run(noise(), tmp_path / "a", LAYOUTS[0])
    (first, *_) = rows(tmp_path / "a").values()
    names = [f"00000/{i:05d}.png" for i in range(4)]
    lines = "".join(
        f"{hashlib.sha256((tmp_path / 'a' / name).read_bytes()).hexdigest()}  {name}\n"
        for name in names
    )
    assert first["sha256"] == hashlib.sha256(lines.encode()).hexdigest()
    run(noise(), tmp_path / "b", LAYOUTS[3])
    for name, record in rows(tmp_path / "b").items():
        data = (tmp_path / "b" / f"{name}.tar").read_bytes()
        assert record["sha256"] == hashlib.sha256(data).hexdigest()
        assert record["bytes"] == len(data)


def test_classes_lie_beside_the_pictures(tmp_path) -> None:
    recipe = noise(several=True)
    run(recipe, tmp_path / "out", LAYOUTS[1])
    arrays = load_file(tmp_path / "out" / "classes.safetensors")
    for name, array in recipe.class_parameters().items():
        assert np.array_equal(arrays.pop(name), array)
    assert arrays == {}
    classes = json.loads((tmp_path / "out" / "classes.json").read_text())
    assert [entry["label"] for entry in classes] == [0, 1, 2]
    assert classes[1]["matrices"] == recipe.systems.matrices[1].tolist()
    lines = (tmp_path / "out" / "labels.jsonl").read_text().splitlines()
    labels = {(entry := json.loads(line))["file"]: entry["labels"] for line in lines}
    assert len(labels) == 30
    for name, shown in labels.items():
        label = int(name.split("/")[1])
        assert shown == sorted({label, (label + 1) % 3})
        assert (tmp_path / "out" / name).exists()
    text = (tmp_path / "out" / "README.md").read_text()
    for words in ("3 classes of 10", "16×16", "train/00000/", "18 pictures", "labels.jsonl"):
        assert words in text


@pytest.mark.parametrize("layout", [LAYOUTS[1], pytest.param(LAYOUTS[3], marks=pytest.mark.slow)])
def test_processes_make_the_same_files(tmp_path, layout) -> None:
    run(noise(color=True), tmp_path / "one", layout)
    run(noise(color=True, threads=3), tmp_path / "two", layout, executor=Processes(4))
    assert tree(tmp_path / "one") == tree(tmp_path / "two")


# --- again ---


@pytest.mark.parametrize("layout", LAYOUTS)
def test_an_interrupted_run_goes_on_where_it_stopped(tmp_path, layout, monkeypatch) -> None:
    run(noise(), tmp_path / "whole", layout)
    out = tmp_path / "out"
    for pictures in (8, 1):
        with pytest.raises(KeyboardInterrupt):
            run(noise(), out, layout, progress=interrupted_after(pictures))
        assert not json.loads((out / "dataset.json").read_text())["complete"]
    written = run(noise(), out, layout)
    assert written.kept >= 8
    assert written.made == 30 - written.kept > 0
    assert tree(out) == tree(tmp_path / "whole")
    monkeypatch.setattr(writing, "write_shard", None)  # may not be called
    again = run(noise(), out, layout)
    assert (again.made, again.kept, again.bytes) == (0, 30, written.bytes)
    assert tree(out) == tree(tmp_path / "whole")


@pytest.mark.parametrize("layout", LAYOUTS)
def test_what_is_lost_or_cut_is_made_again(tmp_path, layout) -> None:
    out = tmp_path / "out"
    run(noise(), out, layout)
    before = tree(out)
    first, *_, last = sorted(n for n in before if n.endswith((".png", ".tar")))
    (out / first).unlink()
    (out / last).write_bytes(before[last][:-1])
    (out / ".partial" / "left").mkdir(parents=True)
    (out / "README.md").unlink()
    written = run(noise(), out, layout)
    assert 0 < written.made < 30
    assert tree(out) == before
    assert not (out / ".partial").exists()


def test_a_line_that_a_kill_cut_short_costs_its_shard_only(tmp_path) -> None:
    out = tmp_path / "out"
    run(noise(), tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        run(noise(), out, progress=interrupted_after(8))
    ledger = out / "ledger.jsonl"
    assert len(rows(out)) == 2
    ledger.write_text(ledger.read_text()[:-9])
    with pytest.raises(KeyboardInterrupt):
        run(noise(), out, progress=interrupted_after(4))
    assert run(noise(), out).kept == 8
    assert tree(out) == tree(tmp_path / "whole")


def test_another_data_set_needs_overwrite(tmp_path) -> None:
    out = tmp_path / "out"
    run(noise(4), out)
    (out / "notes.txt").write_text("mine")
    (out / "00003" / "mine.txt").write_text("mine")
    before = tree(out)
    cases = [
        (noise(3), LAYOUTS[0], "classes is 4 there and 3 here.*another folder"),
        (noise(4, seed=2), LAYOUTS[0], "seed is 0 there and 2 here"),
        (
            noise(4),
            LAYOUTS[1],
            r"layout\.split is null there and \[0.6.*shard_size is 4 there and 7",
        ),
        (noise(4), LAYOUTS[2], 'format is "folder" there and "webdataset" here'),
        (noise(4, color=True), LAYOUTS[0], "channels is 1 .*color is false there and true"),
    ]
    for recipe, layout, message in cases:
        with pytest.raises(InputError, match=message):
            run(recipe, out, layout)
    assert tree(out) == before
    for layout in (LAYOUTS[3], LAYOUTS[1], LAYOUTS[0]):
        run(noise(3), out, layout, overwrite=True)
        run(noise(3), tmp_path / "fresh", layout, overwrite=True)
        mine = {"notes.txt": b"mine", "00003/mine.txt": b"mine"}
        assert tree(out) == tree(tmp_path / "fresh") | mine


def test_other_systems_are_another_data_set(tmp_path) -> None:
    recipe = noise()
    run(recipe, tmp_path / "out")
    recipe.systems.offsets[0, 0, 0] += 1e-9
    with pytest.raises(InputError, match=r"other settings: recipe\.systems is "):
        run(recipe, tmp_path / "out")


def test_foreign_folders_are_left_alone(tmp_path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "00000.png").write_text("mine")
    with pytest.raises(InputError, match=r"holds 00000\.png but no ledger\.jsonl"):
        run(noise(), out, overwrite=True)
    assert set(tree(out)) == {"00000.png"}
    with pytest.raises(InputError, match="is a file; give a new"):
        run(noise(), out / "00000.png")
    with pytest.raises(InputError, match="does not exist; create it first"):
        run(noise(), out / "no" / "no")


# --- trouble ---


def test_a_full_disk_is_named_and_loses_nothing(tmp_path, monkeypatch) -> None:
    out = tmp_path / "out"
    left = [11]

    def full(pixels):
        left[0] -= 1
        if left[0] < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return png_bytes(pixels)

    monkeypatch.setattr("selfsame.fractals.files.shards.png_bytes", full)
    with pytest.raises(InputError, match="No space left on device; finished shards are kept"):
        run(noise(), out)
    monkeypatch.undo()
    assert run(noise(), out).kept == 8
    run(noise(), tmp_path / "whole")
    assert tree(out) == tree(tmp_path / "whole")


@pytest.mark.parametrize("layout", LAYOUTS)
def test_files_appear_whole_or_not_at_all(tmp_path, layout, monkeypatch) -> None:
    rename = os.replace

    def refuse(source, target):
        if Path(target).suffix in (".png", ".tar"):
            raise OSError(errno.EIO, "no renaming")
        rename(source, target)

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(InputError, match="no renaming"):
        run(noise(), tmp_path / "out", layout)
    assert set(tree(tmp_path / "out")) == SIDECARS
    assert not (tmp_path / "out" / ".partial").exists()


def test_a_folder_that_cannot_be_written_is_named(tmp_path, monkeypatch) -> None:
    def refuse(*_, **__):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr("selfsame.fractals.files.write.write_bytes", refuse)
    with pytest.raises(InputError, match="out cannot be written: Permission denied"):
        run(noise(), tmp_path / "out")


def test_data_sets_of_earlier_versions_are_named(tmp_path) -> None:
    out = tmp_path / "out"
    run(noise(), tmp_path / "new")
    run(noise(4), out)
    (out / "ledger.jsonl").unlink()
    old = {"schema": 1, "recipe": {}, "layout": {}, "splits": {}, "complete": True, "shards": []}
    (out / "dataset.json").write_text(json.dumps(old))
    (out / "shards.jsonl").touch()
    before = tree(out)
    with pytest.raises(InputError, match=r"dataset\.json is the record of an earlier version"):
        run(noise(), out)
    assert tree(out) == before
    run(noise(), out, overwrite=True)
    assert tree(out) == tree(tmp_path / "new")


class Deadly(Processes):
    """Processes of which the one that makes shard 000002 dies."""

    def run(self, function, tasks):
        for task in tasks:
            dies = task.shard.name == "000002"
            yield task, WorkerDiedError() if dies else function(task)


def test_shards_whose_process_died_are_named_and_the_others_kept(tmp_path) -> None:
    with pytest.raises(InputError, match="made shards 000002 died"):
        run(noise(), tmp_path / "out", executor=Deadly())
    assert run(noise(), tmp_path / "out").kept == 26


@pytest.mark.skipif(sys.platform == "win32", reason="no such locks")
def test_two_runs_do_not_write_to_one_folder(tmp_path) -> None:
    def second(*_: object) -> None:
        with pytest.raises(LedgerBusyError, match="another run is writing to"):
            run(noise(), tmp_path / "out")

    run(noise(), tmp_path / "out", progress=Progress(second))
    assert run(noise(), tmp_path / "out").kept == 30


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
@pytest.mark.parametrize("form", ["folder", "webdataset"])
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_killed_run_goes_on_to_the_same_bytes(tmp_path, form, jobs) -> None:
    script = str(SUPPORT / "small_recipe.py")
    out = tmp_path / "out"
    command = [sys.executable, script, str(out), form, "0.02", jobs]
    process = subprocess.Popen(command, start_new_session=True)
    end = time.monotonic() + 60
    ledger = out / "ledger.jsonl"
    while not (ledger.exists() and ledger.read_text().count("\n") >= 4):
        assert process.poll() is None
        assert time.monotonic() < end
        time.sleep(0.005)
    time.sleep(0.03)
    os.killpg(process.pid, signal.SIGKILL)  # and its processes: they might write a little longer
    process.wait()
    assert not json.loads((out / "dataset.json").read_text())["complete"]
    layout = Layout(form, SPLIT, 4)
    written = run(noise(), out, layout)
    assert 12 <= written.kept < 30
    run(noise(), tmp_path / "whole", layout)
    assert tree(out) == tree(tmp_path / "whole")
