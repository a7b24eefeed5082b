import csv
import json
import os
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image
from skimage import data

from selfsame import InputError, decode, load
from selfsame.archive import decode_folder, encode_folder, write_report
from selfsame.archive.listing import absolute_model, code_names
from selfsame.codes.encode import encode_source
from selfsame.codes.settings import EncodeSettings
from selfsame.errors import SettingError
from selfsame.io.files import files_below
from selfsame.io.pictures import SUFFIXES, read_picture, read_source, to_uint8
from selfsame.metrics.pictures import psnr_db, ssim
from selfsame.run.ledger import Entry, LedgerBusyError, SettingsChangedError, read_ledger
from selfsame.run.processes import Processes
from selfsame.run.progress import CancelledError, Progress

PHOTO = data.astronaut()[80:120, 200:240]
FAST = EncodeSettings(quality=40, effort=1)


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    (folder / "sub" / "deep").mkdir(parents=True)
    for i, name in enumerate(["a.png", "b.png", "sub/a.png", "sub/deep/c.png"]):
        Image.fromarray(PHOTO[i : i + 24, : 20 + i]).save(folder / name)
    return folder


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


def run(photos, out, settings=FAST, **options):
    return encode_folder(photos, out, settings, executor=Processes(1), **options)


def names_in(folder):
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def test_a_folder_is_not_made_with_the_name_of_a_code(photos, tmp_path) -> None:
    with pytest.raises(SettingError, match="named like a code; what comes of a folder needs"):
        run(photos, tmp_path / "a.ssm")
    assert not (tmp_path / "a.ssm").exists()
    (tmp_path / "a.ssm").mkdir()
    assert len(run(photos, tmp_path / "a.ssm").entries) == 4


CODES = ["a.ssm", "b.ssm", "ledger.jsonl", "sub/a.ssm", "sub/deep/c.ssm"]


# --- names ---


def test_files_below_are_sorted_visible_and_of_the_suffix(tmp_path) -> None:
    for name in ["b.PNG", "a.png", ".hidden.png", "n.txt", "z/y.png", ".git/x.png"]:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "z" / "loop").symlink_to(tmp_path)
    assert files_below(tmp_path, (".png",)) == ["a.png", "b.PNG", "z/y.png"]
    with pytest.raises(InputError, match=r"holds no file \.gif, \.jpg"):
        files_below(tmp_path, (".jpg", ".gif"))
    with pytest.raises(InputError, match="no such folder"):
        files_below(tmp_path / "none", (".png",))


@pytest.mark.parametrize(
    ("pictures", "codes"),
    [
        (["a.png", "b.jpg"], ["a.ssm", "b.ssm"]),
        (["a.jpg", "a.png", "b.png"], ["a.jpg.ssm", "a.png.ssm", "b.ssm"]),
        (["A.png", "a.jpg"], ["A.png.ssm", "a.jpg.ssm"]),
        (["d/a.png", "e/a.jpg"], ["d/a.ssm", "e/a.ssm"]),
        (["a.jpg", "a.png", "a.png.png"], ["a.jpg.ssm", "a.png.ssm", "a.png.png.ssm"]),
    ],
)
def test_codes_have_names_of_their_own(tmp_path, pictures, codes) -> None:
    for name in pictures:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert code_names(files_below(tmp_path, SUFFIXES)) == dict(zip(pictures, codes, strict=True))


# --- encoding ---


def test_every_picture_becomes_the_code_that_it_becomes_alone(photos, out) -> None:
    settled = []
    archive = run(photos, out, settled=lambda entry: settled.append(entry["source"]))
    assert names_in(out) == CODES
    sources = ["a.png", "b.png", "sub/a.png", "sub/deep/c.png"]
    assert [entry["source"] for entry in archive.entries] == settled == sources
    for entry in archive.done:
        source = read_source(photos / entry["source"])
        alone = encode_source(source, FAST)
        written = (out / entry["output"]).read_bytes()
        assert written == alone.data
        assert entry["bytes"] == len(written)
        assert entry["size"] == list(source.size)
        pair = alone.colors / 255, source.pixels / 255
        assert entry["psnr"] == pytest.approx(psnr_db(*pair))
        assert entry["ssim"] == pytest.approx(ssim(*pair))
    totals = archive.totals()
    total = sum(entry["bytes"] for entry in archive.done)
    assert (totals["files"], totals["encoded"], totals["kept"], totals["failed"]) == (4, 4, 0, [])
    assert totals["bytes"] == total
    assert totals["bpp"] == total * 8 / sum(24 * (20 + i) for i in range(4))
    assert totals["psnr"] == pytest.approx(np.mean([e["psnr"] for e in archive.done]))


def test_processes_make_the_same_files(photos, out, tmp_path) -> None:
    run(photos, out)
    encode_folder(photos, tmp_path / "two", FAST, executor=Processes(2))
    for name in CODES:
        if name.endswith(".ssm"):
            assert (tmp_path / "two" / name).read_bytes() == (out / name).read_bytes()


def test_a_failing_picture_is_recorded_and_does_not_stop_the_rest(photos, out) -> None:
    (photos / "b.png").write_text("hello")
    (photos / "sub" / "a.png").chmod(0o644)
    archive = run(photos, out)
    assert [entry["source"] for entry in archive.failed] == ["b.png"]
    assert "cannot be read as a picture" in archive.failed[0]["error"]
    assert len(archive.done) == 3
    assert archive.totals()["failed"] == [{"source": "b.png", "error": archive.failed[0]["error"]}]
    assert not (out / "b.ssm").exists()
    again = run(photos, out)
    assert (again.kept, len(again.failed)) == (3, 1)
    Image.fromarray(PHOTO).save(photos / "b.png")
    mended = run(photos, out)
    assert (mended.kept, mended.encoded, mended.failed) == (3, 1, [])


def test_nothing_is_encoded_twice(photos, out, monkeypatch) -> None:
    first = run(photos, out)
    times = {name: (out / name).stat().st_mtime_ns for name in CODES if name.endswith(".ssm")}
    monkeypatch.setattr("selfsame.archive.encode.encode_source", None)  # may not be called
    settled = []
    second = run(photos, out, settled=settled.append)
    assert (second.kept, second.encoded) == (4, 0)
    assert second.entries == first.entries == settled
    assert times == {name: (out / name).stat().st_mtime_ns for name in times}


def test_an_interrupted_run_goes_on_where_it_stopped(photos, out) -> None:
    def interrupt(entry):
        if entry["source"] == "b.png":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(photos, out, settled=interrupt)
    assert names_in(out) == ["a.ssm", "b.ssm", "ledger.jsonl"]
    archive = run(photos, out)
    assert (archive.kept, archive.encoded) == (2, 2)
    assert names_in(out) == CODES


def test_a_code_that_a_killed_run_did_not_record_is_made_again(photos, out) -> None:
    """The file was renamed into place, and the process killed before the ledger had its line."""
    run(photos, out)
    path = out / "ledger.jsonl"
    lines = path.read_text().splitlines()
    lines[2] = '{"item": "b.ssm"}'
    path.write_text("\n".join([*lines, '{"item": "b.ssm", "inp']))
    (out / "b.ssm").write_bytes(b"of another time")
    archive = run(photos, out)
    assert (archive.kept, archive.encoded) == (3, 1)
    assert load(out / "b.ssm").size == (21, 24)


def test_the_plan_is_written_before_the_first_picture(photos, out, monkeypatch) -> None:
    found = []

    def die(*_, **__):
        found.extend(read_ledger(out / "ledger.jsonl").entries.values())
        raise SystemExit("killed")

    monkeypatch.setattr("selfsame.archive.encode.encode_source", die)
    with pytest.raises(SystemExit, match="killed"):
        run(photos, out)
    assert found == [Entry(name) for name in CODES if name != "ledger.jsonl"]


def test_pictures_come_and_go_without_the_others(photos, out) -> None:
    run(photos, out)
    (photos / "a.png").unlink()
    Image.fromarray(PHOTO[:8, :8]).save(photos / "aa.png")
    archive = run(photos, out)
    assert (archive.kept, archive.encoded) == (3, 1)
    Image.fromarray(PHOTO[:24, :20]).save(photos / "a.png")  # as it was
    archive = run(photos, out)
    assert (archive.kept, archive.encoded) == (5, 0)
    assert [e["source"] for e in archive.entries] == [
        *("a.png", "aa.png", "b.png", "sub/a.png", "sub/deep/c.png"),
    ]


def test_a_second_picture_of_a_name_moves_both_codes(photos, out) -> None:
    run(photos, out)
    (photos / "a.webp").write_bytes((photos / "b.png").read_bytes())
    archive = run(photos, out)
    assert (archive.kept, archive.encoded) == (3, 2)
    assert (out / "a.png.ssm").read_bytes() == (out / "a.ssm").read_bytes()
    assert (out / "a.webp.ssm").read_bytes() == (out / "b.ssm").read_bytes()


def test_changed_pictures_and_lost_codes_are_made_again(photos, out) -> None:
    run(photos, out)
    os.utime(photos / "a.png", (0, 0))  # its bytes are the same
    Image.fromarray(PHOTO[:9, :9]).save(photos / "b.png")
    (out / "sub" / "a.ssm").unlink()
    (out / "sub" / "deep" / "c.ssm").write_bytes(b"short")
    archive = run(photos, out)
    assert (archive.kept, archive.encoded) == (1, 3)
    assert load(out / "b.ssm").size == (9, 9)
    assert load(out / "sub" / "deep" / "c.ssm").size == (23, 24)


def test_other_settings_or_pictures_need_overwrite(photos, out, tmp_path) -> None:
    run(photos, out)
    before = (out / "a.ssm").read_bytes()
    other = EncodeSettings(quality=30, effort=1)
    moved = tmp_path / "moved"
    moved.mkdir()
    Image.fromarray(PHOTO).save(moved / "a.png")
    for folder, settings, words in (
        (photos, other, r"settings\.quality is 40\.0 there and 30\.0 here.*--overwrite"),
        (moved, FAST, r"source is .*photos\" there and .*moved\" here.*--overwrite"),
    ):
        with pytest.raises(SettingsChangedError, match=words):
            run(folder, out, settings)
    assert (out / "a.ssm").read_bytes() == before
    assert run(photos, out).kept == 4
    assert run(photos, out, other, overwrite=True).encoded == 4
    assert len((out / "a.ssm").read_bytes()) < len(before)
    assert run(photos, out, other).kept == 4


def test_foreign_files_need_overwrite(photos, out) -> None:
    out.mkdir()
    (out / "b.ssm").write_bytes(b"mine")
    with pytest.raises(InputError, match=r"b\.ssm exists and is not of this archive"):
        run(photos, out)
    assert names_in(out) == ["b.ssm"]
    assert (out / "b.ssm").read_bytes() == b"mine"
    assert run(photos, out, overwrite=True).encoded == 4


def test_archives_of_earlier_versions_are_named(photos, out) -> None:
    out.mkdir()
    old = {"schema": 1, "source": str(photos), "settings": {}, "files": []}
    (out / "manifest.json").write_text(json.dumps(old))
    with pytest.raises(InputError, match=r"manifest\.json is the record of an earlier version"):
        run(photos, out)
    assert names_in(out) == ["manifest.json"]
    assert run(photos, out, overwrite=True).encoded == 4
    assert names_in(out) == CODES
    (out / "manifest.json").write_text("{}")  # of something else
    assert run(photos, out).kept == 4


def test_two_runs_do_not_write_to_one_folder(photos, out) -> None:
    def second(_) -> None:
        with pytest.raises(LedgerBusyError, match="another run is writing to"):
            run(photos, out)

    assert run(photos, out, settled=second).encoded == 4


def test_progress_counts_pictures_and_ends_the_run(photos, out) -> None:
    told = []
    progress = Progress(lambda done, total, label: told.append((done, total)))
    run(photos, out, progress=progress)
    assert told == [(n, 4) for n in (1, 2, 3, 4)]
    progress.cancel()
    with pytest.raises(CancelledError, match="cancelled"):
        run(photos, out, progress=progress)
    assert run(photos, out).kept == 4


def test_codes_may_lie_beside_their_pictures(photos) -> None:
    assert run(photos, photos).encoded == 4
    assert run(photos, photos).kept == 4
    assert (photos / "sub" / "deep" / "c.ssm").exists()


def test_outputs_that_cannot_be_folders(photos, tmp_path) -> None:
    with pytest.raises(InputError, match="is a file"):
        run(photos, photos / "a.png")
    with pytest.raises(InputError, match="does not exist; create it first"):
        run(photos, tmp_path / "no" / "out")


# --- reports ---


class Page(HTMLParser):
    """Counts the elements of a page and checks that they are closed."""

    VOID = frozenset({"meta", "img"})

    def __init__(self, text):
        super().__init__()
        self.open, self.seen, self.sources, self.text = [], [], [], ""
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.seen.append(tag)
        if tag == "img":
            self.sources.append(dict(attributes)["src"])
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, text):
        self.text += text + " "


def test_html_shows_every_picture_before_and_after(photos, out, tmp_path) -> None:
    (photos / "<b>&.png").write_bytes((photos / "a.png").read_bytes())
    (photos / "b.png").write_text("hello")
    Image.fromarray(np.dstack([PHOTO, PHOTO[..., 0]])).save(photos / "alpha.png")
    archive = run(photos, out)
    write_report(tmp_path / "r.html", archive, photos, out, FAST)
    text = (tmp_path / "r.html").read_text()
    page = Page(text)
    assert page.seen.count("tr") == 1 + 6
    assert len(page.sources) == 2 * 5
    assert all(source.startswith("data:image/webp;base64,") for source in page.sources)
    assert not re.search(r"https?:", text)
    assert "<b>&.png" in page.text
    assert "cannot be read as a picture" in page.text
    totals = archive.totals()
    for figure in (f"{totals['bpp']:.3f}", f"{totals['psnr']:.2f} dB", "quality 40", "failed"):
        assert figure in page.text


def test_long_reports_stop_showing_pictures(photos, out, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("selfsame.archive.report.THUMBNAILS", 1)
    archive = run(photos, out)
    (out / "a.ssm").unlink()  # a picture that is gone leaves its row
    write_report(tmp_path / "r.html", archive, photos, out, FAST)
    page = Page((tmp_path / "r.html").read_text())
    assert (len(page.sources), page.seen.count("tr")) == (1, 5)


def test_csv_has_a_line_per_picture_and_the_totals(photos, out, tmp_path) -> None:
    (photos / "b.png").write_text("hello")
    archive = run(photos, out)
    write_report(tmp_path / "r.csv", archive, photos, out, FAST)
    rows = list(csv.DictReader((tmp_path / "r.csv").read_text().splitlines()))
    assert [row["state"] for row in rows] == ["done", "failed", "done", "done", ""]
    for row, entry in zip(rows, archive.entries, strict=False):
        if entry["state"] == "done":
            assert (int(row["bytes"]), float(row["psnr_db"])) == (entry["bytes"], entry["psnr"])
            assert [int(row["width"]), int(row["height"])] == entry["size"]
    assert int(rows[-1]["bytes"]) == sum(entry["bytes"] for entry in archive.done)
    assert "cannot be read" in rows[1]["notes"]


def test_reports_of_nothing_but_failures(photos, out, tmp_path) -> None:
    for name in files_below(photos, (".png",)):
        (photos / name).write_text("hello")
    archive = run(photos, out)
    assert (archive.totals()["bpp"], archive.totals()["psnr"]) == (None, None)
    for suffix in ("html", "csv"):
        write_report(tmp_path / f"r.{suffix}", archive, photos, out, FAST)
        assert "cannot be read" in (tmp_path / f"r.{suffix}").read_text()
    with pytest.raises(InputError, match=r"to \.html or \.csv"):
        write_report(tmp_path / "r.txt", archive, photos, out, FAST)


# --- decoding ---


def test_codes_return_as_pictures(photos, out, tmp_path) -> None:
    archive = run(photos, out)
    (out / "sub" / "bad.ssm").write_bytes(b"hello")
    back = tmp_path / "back"
    settled = []
    errors = decode_folder(
        out, back, executor=Processes(1), settled=lambda *pair: settled.append(pair)
    )
    assert settled == list(errors.items())
    assert "not a Selfsame file" in errors.pop("sub/bad.ssm")
    assert errors == dict.fromkeys([entry["output"] for entry in archive.done])
    assert names_in(back) == ["a.png", "b.png", "sub/a.png", "sub/deep/c.png"]
    for entry in archive.done:
        decoded = to_uint8(decode(load(out / entry["output"])))
        assert np.array_equal(to_uint8(read_picture(back / entry["source"])), decoded)
    assert all(
        "--overwrite" in e
        for n, e in decode_folder(out, back, executor=Processes(1)).items()
        if "bad" not in n
    )
    decode_folder(out, back, executor=Processes(2), scale=2, overwrite=True)
    assert read_picture(back / "b.png").shape == (48, 42, 3)
    decode_folder(out, back, executor=Processes(1), suffix=".webp")
    assert (back / "sub" / "deep" / "c.webp").exists()


def test_a_model_means_the_same_in_another_folder(tmp_path, monkeypatch) -> None:
    (tmp_path / "own").mkdir()
    monkeypatch.chdir(tmp_path)
    assert absolute_model("own") == str(tmp_path / "own")
    for name in ("photo", "hf://owner/name@main", "hf://own/own"):
        assert absolute_model(name) == name
