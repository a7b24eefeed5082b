import gzip
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from selfsame.cli import main
from selfsame.codes.store import load

FAST = ["--steps", "12", "--restarts", "1", "--quiet"]


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    image = np.zeros((28, 28), np.uint8)
    image[6:22, 9:19] = 255
    path = tmp_path / "target.png"
    Image.fromarray(image).save(path)
    return path


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    images = np.zeros((3, 28, 28), np.uint8)
    for i in range(3):
        images[i, 5 : 15 + i, 6:20] = 255
    path = tmp_path / "targets.npz"
    np.savez(path, images=images)
    return path


def test_a_picture_becomes_a_code(
    picture: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.ssm"
    assert main(["fit", str(picture), "-o", str(out), "--json", "--maps", "7", *FAST]) == 0
    printed = capsys.readouterr()
    values = json.loads(printed.out)
    assert values["maps"] == 7
    assert values["bytes"] == out.stat().st_size
    assert values["size"] == [28, 28]
    assert printed.err == ""
    assert len(load(out).system) == 7
    assert main(["fit", str(picture), "-o", str(out), *FAST]) == 1
    assert "--overwrite" in capsys.readouterr().err


def test_an_archive_becomes_a_folder_and_resumes(
    archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "codes"
    arguments = ["fit", str(archive), "-o", str(out), "--json", *FAST]
    assert main(arguments) == 0
    names = ["00000.ssm", "00001.ssm", "00002.ssm"]
    assert sorted(p.name for p in out.glob("*.ssm")) == names
    before = {name: (out / name).read_bytes() for name in names}
    values = json.loads(capsys.readouterr().out)
    assert [row["output"] for row in values["fitted"]] == [str(out / name) for name in names]
    assert [row["bytes"] for row in values["fitted"]] == [len(before[name]) for name in names]
    assert main(arguments) == 0
    assert json.loads(capsys.readouterr().out)["kept"] == 3
    (out / "00001.ssm").unlink()
    assert main(arguments) == 0
    assert json.loads(capsys.readouterr().out)["kept"] == 2
    assert load(out / "00001.ssm").size == (28, 28)
    del before["00001.ssm"]
    assert {name: (out / name).read_bytes() for name in before} == before
    assert main([*arguments, "--seed", "5"]) == 1
    assert "seed is 0 there and 5 here" in capsys.readouterr().err


def test_a_folder_is_taken_in_order_of_names(picture: Path, tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for name, box in (("b.png", (2, 2, 12, 26)), ("a.png", (16, 2, 26, 26))):
        image = Image.new("L", (28, 28))
        image.paste(255, box)
        image.save(folder / name)
    out = tmp_path / "codes"
    assert main(["fit", str(folder), "-o", str(out), *FAST]) == 0
    first, second = (load(out / f"{name}.ssm").system for name in "ab")
    # a.png lies on the right, b.png on the left.
    assert first.probabilities @ first.offsets[:, 0] > second.probabilities @ second.offsets[:, 0]


def test_invert_colour_animation_and_distance(picture: Path, tmp_path: Path) -> None:
    dark = tmp_path / "dark.png"
    Image.fromarray(255 - np.asarray(Image.open(picture))).save(dark)
    out, film = tmp_path / "o.ssm", tmp_path / "o.gif"
    assert main(["fit", str(dark), "--invert", "-o", str(out), "--animate", str(film), *FAST]) == 0
    with Image.open(film) as opened:
        assert opened.n_frames > 3  # type: ignore[attr-defined]
    code = load(out)
    assert abs(code.system.probabilities @ code.system.offsets[:, 0]) < 0.3
    colored = tmp_path / "c.ssm"
    assert main(["fit", str(picture), "--color", "-o", str(colored), *FAST]) == 0
    assert load(colored).system.colors is not None
    apart = tmp_path / "d.ssm"
    distance = ["--method", "distance", "--layout", "squares:2", "--depth", "2"]
    assert main(["fit", str(picture), "-o", str(apart), *distance, *FAST]) == 0
    assert load(apart).primitive is not None


def test_a_point_cloud_becomes_a_code(tmp_path: Path) -> None:
    points = np.random.default_rng(0).normal(size=(300, 3))
    np.save(tmp_path / "cloud.npy", points)
    out = tmp_path / "cloud.ssm"
    assert main(["fit", str(tmp_path / "cloud.npy"), "-o", str(out), *FAST]) == 0
    assert load(out).system.dimension == 3


def test_codes_of_two_encoders_do_not_mix(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from selfsame.ifs.encoder import EncoderConfig, SetEncoder

    pictures = np.zeros((1, 16, 16), np.uint8)
    pictures[:, 4:9, 3:12] = 255
    np.savez(tmp_path / "p.npz", images=pictures)
    network = tmp_path / "mine"
    options = [str(tmp_path / "p.npz"), "-o", str(tmp_path / "codes"), "--steps", "1", "--quiet"]
    options += ["--maps", "3", "--size", "16", "--init", "encoder", "--encoder", str(network)]
    for seed, status in ((0, 0), (0, 0), (1, 1)):
        torch.manual_seed(seed)
        shape = EncoderConfig(side=16, width=16, layers=1, heads=2, rounds=1)
        SetEncoder(shape).save_pretrained(network)
        assert main(["fit", *options]) == status
    assert "other settings: encoder_digest is " in capsys.readouterr().err


@pytest.mark.parametrize("name", ["keras.npz", "rows.npz", "idx", "folder"])
def test_sets_of_all_kinds_are_targets(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    pictures = np.zeros((3, 16, 16), np.uint8)
    pictures[:, 4:9, 3:12] = 255
    path = tmp_path / name
    if name == "keras.npz":
        np.savez(path, x_train=pictures[:2], x_test=pictures)
    elif name == "rows.npz":
        np.savez(path, data=pictures[:2].reshape(2, 256).astype(int))
    elif name == "idx":
        path.mkdir()
        head = b"\0\0\x08\x03" + np.array([2, 16, 16], ">u4").tobytes()
        (path / "train-images-idx3-ubyte.gz").write_bytes(
            gzip.compress(head + pictures[:2].tobytes())
        )
    else:
        for i in range(2):
            (path / f"{i}").mkdir(parents=True)
            Image.fromarray(pictures[i]).save(path / f"{i}" / "a.png")
    options = [str(path), "-o", str(tmp_path / "codes"), "--steps", "1", "--maps", "3", "--json"]
    assert main(["fit", *options, "--size", "16", "--quiet"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["count"] == 2
    codes = tmp_path / "codes"
    names = ["0/a.ssm", "1/a.ssm"] if name == "folder" else ["00000.ssm", "00001.ssm"]
    assert sorted(p.relative_to(codes).as_posix() for p in codes.rglob("*.ssm")) == names
    if name == "keras.npz":
        options = [str(path), "-o", str(tmp_path / "unseen"), "--split", "test", *options[3:]]
        assert main(["fit", *options, "--size", "16", "--quiet"]) == 0
        assert json.loads(capsys.readouterr().out)["count"] == 3


def test_failures_leave_nothing_behind(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    black = tmp_path / "black.png"
    Image.new("L", (20, 20)).save(black)
    out = tmp_path / "out.ssm"
    assert main(["fit", str(black), "-o", str(out), *FAST]) == 1
    assert "no pixel above the threshold" in capsys.readouterr().err
    assert main(["fit", str(tmp_path / "absent.png"), "-o", str(out), *FAST]) == 1
    assert main(["fit", str(black), "-o", str(tmp_path / "out.txt"), *FAST]) == 2
    assert main(["fit", str(black), "-o", str(out), "--preset", "none"]) == 2
    assert main(["fit", str(black)]) == 2
    assert main(["fit", str(black), "-o", str(out), "--encoder", "doodles"]) == 2
    assert sorted(p.name for p in tmp_path.iterdir()) == ["black.png"]


DESCENT = "--method descent"
DISTANCE = "--method distance"


@pytest.mark.parametrize(
    ("target", "options", "flag", "method"),
    [
        *(
            ("p.png", f"{DISTANCE} {option}", option.split()[0], DISTANCE)
            for option in (
                *("--maps 3", "--size 33", "--points 9", "--init uniform", "--encoder doodles"),
                *("--objective density", "--preset best", "--grey-values", "--color", "--no-color"),
            )
        ),
        *(
            ("p.png", option, option.split()[0], DESCENT)
            for option in ("--layout squares:3", "--depth 3", "--checkpoint state")
        ),
        *(
            ("cloud.npy", option, option.split()[0], "a point cloud")
            for option in (
                *(DESCENT, DISTANCE, "--layout segments:9", "--depth 2", "--preset fast"),
                *("--size 9", "--threshold 0.9", "--objective density", "--points 7", "--invert"),
                *("--init mixture", "--encoder doodles", "--color", "--grey-values"),
                *("--checkpoint state", "--animate film.gif"),
            )
        ),
        *(
            ("p.png", f"--objective density {option}", option.split()[0], "--objective density")
            for option in ("--threshold 0.3", "--points 9", "--color", "--grey-values")
        ),
        ("p.png", "--encoder doodles", "--encoder", "--init mixture"),
        ("p.png", "--preset paper --encoder doodles", "--encoder", "--init uniform"),
        ("p.png", "--color --threshold 0.3", "--threshold", "pictures in colour"),
        ("p.png", "--split train", "--split", "a single picture"),
        ("p.png", "--jobs 2", "--jobs", "a single picture"),
        ("cloud.npy", "--engine threads", "--engine", "a point cloud"),
        ("cloud.npy", "--split train", "--split", "a point cloud"),
        (".", "--animate film.gif", "--animate", "several pictures"),
        (".", f"{DISTANCE} --checkpoint state", "--checkpoint", "several pictures"),
    ],
)
def test_an_option_that_does_nothing_is_refused(
    target: str,
    options: str,
    flag: str,
    method: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    Image.new("L", (20, 20), 255).save("p.png")
    np.save("cloud.npy", np.random.default_rng(0).random((50, 2)))
    assert main(["fit", target, "-o", "out.ssm", *options.split(), "--quiet"]) == 2
    message = capsys.readouterr().err
    assert f"{flag} belongs to " in message
    assert message.rstrip().endswith(f"it is not used with {method}")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cloud.npy", "p.png"]


def test_every_option_says_what_uses_it() -> None:
    from selfsame.cli import fit

    everywhere = {"target", "output", "threads", "as_json", "quiet", "overwrite"}
    named = set().union(*fit.METHODS.options.values())
    assert {parameter.name for parameter in fit.command.params} - named == everywhere


def test_a_threshold_and_grey_values_exclude_each_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Image.new("L", (20, 20), 255).save(tmp_path / "p.png")
    arguments = [str(tmp_path / "p.png"), "-o", str(tmp_path / "a.ssm")]
    assert main(["fit", *arguments, "--threshold", "0.3", "--grey-values"]) == 2
    assert "give only one of --threshold, --grey-values" in capsys.readouterr().err
