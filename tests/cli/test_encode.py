import json

import numpy as np
import pytest
from PIL import Image
from skimage import data

from selfsame import decode, load
from selfsame.cli import main
from selfsame.io.pictures import to_uint8
from selfsame.metrics.pictures import psnr_db

PHOTO = data.astronaut()[80:112, 200:240]


@pytest.fixture
def photo(tmp_path):
    Image.fromarray(PHOTO).save(tmp_path / "photo.png")
    return tmp_path / "photo.png"


def run(capsys, *arguments) -> tuple[int, dict, str]:
    """Exit status, the JSON object of standard output, and standard error."""
    status = main(["encode", *map(str, arguments), "--effort", "1", "--json"])
    out, err = capsys.readouterr()
    return status, json.loads(out) if out else {}, err


def test_json_tells_what_the_file_is(photo, tmp_path, capsys) -> None:
    output = tmp_path / "a.ssm"
    status, values, err = run(capsys, photo, "-o", output, "--mode", "pure")
    assert (status, err) == (0, "")
    size = output.stat().st_size
    decoded = to_uint8(decode(load(output)))
    seconds, alone = values.pop("seconds"), values.pop("encode_seconds")
    assert 0 < alone < seconds
    assert values == {
        "output": str(output),
        "size": [40, 32],
        "bytes": size,
        "bpp": 8 * size / (40 * 32),
        "psnr": pytest.approx(psnr_db(decoded / 255, PHOTO / 255), abs=1e-9),
        "mode": "pure",
        "effort": 1,
        "settings": {"quality": 75, "mode": "pure", "effort": 1},
        "notes": [],
    }


def test_without_json_one_line_on_standard_error(photo, tmp_path, capsys) -> None:
    arguments = ["encode", str(photo), "--effort", "1", "-o"]
    assert main([*arguments, str(tmp_path / "a.ssm")]) == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert "a.ssm: " in err
    assert " bits per pixel, " in err
    assert main([*arguments, str(tmp_path / "b.ssm"), "--quiet"]) == 0
    assert capsys.readouterr() == ("", "")
    assert (tmp_path / "a.ssm").read_bytes() == (tmp_path / "b.ssm").read_bytes()


def test_targets(photo, tmp_path, capsys) -> None:
    output = tmp_path / "a.ssm"
    for option, value in (("--bpp", 2), ("--bytes", 400), ("--psnr", 30), ("--quality", 20)):
        status, values, _ = run(capsys, photo, "-o", output, option, value, "--overwrite")
        assert status == 0
        assert values["settings"][option[2:]] == value
        assert values["bytes"] == output.stat().st_size
        assert option != "--bpp" or 1 < values["bpp"] <= 2
        assert option != "--bytes" or 200 < values["bytes"] <= 400
        assert option != "--psnr" or values["psnr"] >= 30


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--bpp", "1", "--bytes", "100"], "only one of --bpp, --bytes"),
        (["--bpp", "0"], "--bpp"),
        (["--quality", "101"], "--quality"),
        (["--effort", "10"], "--effort"),
        (["--mode", "best"], "--mode"),
        (["--jobs", "2"], "--jobs belongs to a folder: it is not used with a single picture"),
        (["--report", "r.html"], "--report belongs to a folder"),
        (["--range-size", "8"], "--range-size belongs to a preset: it is not used with block"),
        (["--domain-size", "32"], "--domain-size belongs to a preset"),
        (["--seed", "0"], "--seed belongs to a model: it is not used with block codes"),
        (["--refine", "0"], "--refine belongs to a model"),
        (["--model", "collage", "--mode", "hybrid"], "--mode belongs to block codes"),
        (["--preset", "best"], "--preset"),
        (["--preset", "neural-collages-baseline", "--model", "m"], "one of --preset, --model"),
        (
            ["--preset", "neural-collages-baseline", "--bpp", "1"],
            "--bpp belongs to block codes or a model: it is not used with a preset",
        ),
        (["--preset", "neural-collages-baseline", "--effort", "1"], "--effort belongs to block"),
        (["--preset", "neural-collages-baseline", "--device", "cpu"], "--device belongs to block"),
    ],
)
def test_wrong_usage(photo, tmp_path, capsys, arguments, words) -> None:
    assert main(["encode", str(photo), "-o", str(tmp_path / "a.ssm"), *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert words in err
    assert not (tmp_path / "a.ssm").exists()


def test_unusable_files_fail_with_one_line(photo, tmp_path, capsys, monkeypatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    text, output = tmp_path / "text.png", tmp_path / "a.ssm"
    text.write_text("hello")
    output.write_bytes(b"mine")
    for arguments, words in (
        ([tmp_path / "none.png", "-o", tmp_path / "b.ssm"], "no such file"),
        ([text, "-o", tmp_path / "b.ssm"], "cannot be read as a picture"),
        ([photo, "-o", output], "pass --overwrite"),
        ([photo, "-o", tmp_path / "no" / "b.ssm"], "does not exist; create it"),
        ([photo, "-o", tmp_path / "b.ssm", "--bytes", 20], "bytes"),
        ([photo, "-o", tmp_path / "b.ssm", "--device", "cuda"], "device cuda is not available"),
    ):
        status, values, err = run(capsys, *arguments)
        assert (status, values) == (1, {})
        assert words in err
        assert err.count("\n") == 1
    assert output.read_bytes() == b"mine"
    assert not (tmp_path / "b.ssm").exists()


def test_notes_are_shown_and_reported(tmp_path, capsys) -> None:
    Image.fromarray(PHOTO).convert("CMYK").save(tmp_path / "a.tif")
    arguments = [tmp_path / "a.tif", "-o", tmp_path / "a.ssm"]
    _, values, err = run(capsys, *arguments)
    assert values["notes"] == ["CMYK converted to sRGB"]
    assert err == f"{tmp_path / 'a.tif'}: CMYK converted to sRGB\n"
    _, values, err = run(capsys, *arguments, "--overwrite", "--quiet")
    assert values["notes"] == ["CMYK converted to sRGB"]
    assert err == ""


@pytest.mark.parametrize(("width", "height"), [(1, 1), (1, 37), (67, 2), (65, 63)])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_every_size_and_alpha_come_back(tmp_path, capsys, width, height, channels) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, channels), dtype=np.uint8)
    pixels[..., -1] //= 2  # so that alpha is never opaque everywhere
    Image.fromarray(pixels.squeeze(2) if channels == 1 else pixels).save(tmp_path / "a.png")
    status, values, _ = run(capsys, tmp_path / "a.png", "-o", tmp_path / "a.ssm")
    assert (status, values["size"]) == (0, [width, height])
    assert main(["decode", str(tmp_path / "a.ssm"), "-o", str(tmp_path / "b.png")]) == 0
    with Image.open(tmp_path / "b.png") as image:
        back = np.asarray(image)
    assert back.shape[:2] == (height, width)
    if channels in (2, 4):
        assert np.array_equal(back[..., -1], pixels[..., -1])


def test_a_folder_becomes_an_archive_with_a_report(photo, tmp_path, capsys) -> None:
    folder, out = tmp_path / "in", tmp_path / "out"
    (folder / "sub").mkdir(parents=True)
    for name in ("a.png", "sub/b.png"):
        (folder / name).write_bytes(photo.read_bytes())
    report = tmp_path / "r.html"
    arguments = [folder, "-o", out, "--jobs", 1, "--bpp", 1]
    status, values, err = run(capsys, *arguments, "--report", report)
    assert (status, err) == (0, "")
    assert (values["files"], values["encoded"], values["kept"], values["failed"]) == (2, 2, 0, [])
    assert values["settings"] == {"bpp": 1, "mode": "hybrid", "effort": 1}
    assert values["bpp"] <= 1
    assert load(out / "sub" / "b.ssm").size == (40, 32)
    assert report.read_text().startswith("<!DOCTYPE html>")
    (folder / "bad.png").write_text("hello")
    status, values, err = run(capsys, *arguments)
    assert (status, values["kept"], len(values["failed"])) == (1, 2, 1)
    assert err.startswith("bad.png: ")
    assert main(["encode", str(folder), "-o", str(out), "--threads", "1"]) == 2


def test_a_report_may_lie_in_the_folder_that_is_made(photo, tmp_path, capsys) -> None:
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    (folder / "a.png").write_bytes(photo.read_bytes())
    status, _, err = run(capsys, folder, "-o", out, "--jobs", 1, "--report", out / "r.csv")
    assert (status, err) == (0, "")
    assert (out / "r.csv").read_text().startswith("source,")
    status, _, err = run(capsys, folder, "-o", out, "--report", tmp_path / "none" / "r.csv")
    assert status == 1
    assert "none of the output does not exist" in err


@pytest.mark.parametrize("suffix", ["html", "csv"])
def test_a_job_that_goes_on_writes_its_report_anew_and_replaces_nothing_else(
    photo, tmp_path, capsys, suffix
) -> None:
    folder, report, foreign = tmp_path / "in", tmp_path / f"r.{suffix}", tmp_path / f"x.{suffix}"
    folder.mkdir()
    (folder / "a.png").write_bytes(photo.read_bytes())
    foreign.write_text("dear to somebody")

    def call(out: str, table) -> tuple[int, str]:
        status, _, err = run(capsys, folder, "-o", tmp_path / out, "--jobs", 1, "--report", table)
        return status, err

    assert call("out", report) == (0, "")
    (folder / "b.png").write_bytes(photo.read_bytes())
    assert call("out", report) == (0, "")
    assert "b.png" in report.read_text()
    for out, table in (("out", foreign), ("other", report)):
        before = table.read_bytes()
        status, err = call(out, table)
        assert status == 1
        assert "exists; pass --overwrite" in err
        assert table.read_bytes() == before


def test_the_preset_is_another_encoder(photo, tmp_path, capsys) -> None:
    pytest.importorskip("selfsame.pifs.encoding.baseline")
    arguments = [photo, "-o", tmp_path / "a.ssm", "--preset", "neural-collages-baseline"]
    assert main(["encode", *map(str, arguments), "--json"]) == 0
    values = json.loads(capsys.readouterr().out)
    assert values["effort"] is None
    assert values["settings"]["range_size"] == 8
    assert values["psnr"] > 15
