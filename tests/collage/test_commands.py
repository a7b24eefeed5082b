"""Collages on the command line, from a model of one's own: encode, decode, info, folders."""

import json

import numpy as np
import pytest
from PIL import Image
from skimage import data

import selfsame
from selfsame.cli import main
from selfsame.collage.network.model import CollageModel
from selfsame.io.pictures import to_uint8
from selfsame.metrics.pictures import psnr_db
from selfsame.run.ledger import read_ledger
from support.small_model import small_model

PHOTO = np.ascontiguousarray(data.astronaut()[80:112, 200:240])


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / "own"
    small_model().save_pretrained(path)
    return path


@pytest.fixture
def photo(tmp_path):
    Image.fromarray(PHOTO).save(tmp_path / "photo.png")
    return tmp_path / "photo.png"


@pytest.fixture
def code(photo, model):
    path = photo.with_name("a.ssm")
    assert main(["encode", str(photo), "-o", str(path), "--model", str(model), "--quiet"]) == 0
    return path


def run(capsys, *arguments) -> tuple[int, dict, str]:
    """Exit status, the JSON object of standard output, and standard error."""
    status = main([*map(str, arguments), "--json"])
    out, err = capsys.readouterr()
    return status, json.loads(out) if out else {}, err


def pixels(path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image)


def test_json_tells_what_the_file_is(photo, model, capsys) -> None:
    output = photo.with_name("a.ssm")
    status, values, err = run(
        capsys, "encode", photo, "-o", output, "--model", model, "--bpp", 3, "--refine", 1
    )
    assert (status, err) == (0, "")
    size = output.stat().st_size
    code = selfsame.load(output)
    assert isinstance(code, selfsame.CollageCode)
    assert values.pop("encode_seconds") < values.pop("seconds")
    assert values == {
        "output": str(output),
        "size": [40, 32],
        "bytes": size,
        "bpp": 8 * size / (40 * 32),
        "psnr": pytest.approx(psnr_db(to_uint8(selfsame.decode(code)) / 255, PHOTO / 255)),
        "model": "own",
        "step": code.step,
        "effort": None,
        "settings": {"bpp": 3, "model": str(model), "refine": 1, "seed": 0},
        "notes": [],
    }
    assert values["bpp"] <= 3


def test_the_library_gives_the_same_bytes(code, model) -> None:
    made = selfsame.encode(PHOTO, model=model)
    again = code.with_name("b.ssm")
    selfsame.save(made, again)
    assert again.read_bytes() == code.read_bytes()
    with_alpha = selfsame.encode(np.dstack([PHOTO, PHOTO[..., 0]]), model=str(model), quality=40)
    picture = selfsame.decode(with_alpha)
    assert picture.shape == (32, 40, 4)
    assert np.array_equal(to_uint8(picture[..., 3]), PHOTO[..., 0])


def test_the_folder_of_a_training_will_do_and_is_read_anew_when_it_went_on(tmp_path) -> None:
    training = tmp_path / "mine"
    training.mkdir()
    codes = []
    for seed in range(2):
        small_model(seed).save_pretrained(training / "model")
        codes += [selfsame.encode(PHOTO, model=path) for path in (training, training / "model")]
    assert codes[0] == codes[1]
    assert codes[2] == codes[3]
    assert codes[0] != codes[2]


def test_pillow_saves_and_opens(model, tmp_path) -> None:
    Image.fromarray(PHOTO[..., 1]).save(tmp_path / "grey.ssm", model=str(model), quality=60)
    with Image.open(tmp_path / "grey.ssm") as image:
        assert (image.size, image.mode) == ((40, 32), "L")
        picture = selfsame.decode(selfsame.load(tmp_path / "grey.ssm"))
        assert np.array_equal(np.asarray(image), to_uint8(picture))


def test_decode_as_any_code(code, model, capsys) -> None:
    output = code.with_name("out.png")
    loaded = selfsame.load(code)
    for arguments, options in (
        ([], {}),
        (["--scale", 2.5], {"scale": 2.5}),
        (["--size", "9x70"], {"size": (9, 70)}),
        (["--steps", 0, "--threads", 1], {"iterations": 0}),
        (["--steps", 1, "--start", "grey"], {"iterations": 1, "start": np.full((32, 40), 0.5)}),
    ):
        status, values, err = run(
            capsys, "decode", code, "-o", output, "--overwrite", "--model", model, *arguments
        )
        assert (status, err) == (0, "")
        assert values["kind"] == "collage"
        assert np.array_equal(pixels(output), to_uint8(selfsame.decode(loaded, **options)))


def test_an_animation_shows_every_step(code, capsys) -> None:
    moving, output = code.with_name("a.gif"), code.with_name("out.png")
    arguments = ["--start", "noise", "--steps", 2, "--animate", moving]
    assert run(capsys, "decode", code, "-o", output, *arguments)[0] == 0
    with Image.open(moving) as image:
        assert (image.n_frames, image.size) == (3, (40, 32))


def test_info(code, capsys) -> None:
    status, values, _ = run(capsys, "info", code)
    assert status == 0
    loaded = selfsame.load(code)
    assert values["kind"] == "collage"
    assert (values["model"], values["step"]) == ("own", loaded.step)
    assert values["ranges"] == [3, 2]
    assert values["fingerprint"] == loaded.fingerprint.hex()
    assert [plane["name"] for plane in values["planes"]] == ["Y", "Cb", "Cr"]
    luma = loaded.symbols[0][1:21]
    assert values["planes"][0]["nonzero"] == np.count_nonzero(luma) / 6
    assert values["planes"][0]["largest"] == np.abs(loaded.symbols[0][1:]).max()
    reach = [max([k + 1 for k in range(20) if luma[k, r, s]], default=0) for r in (0, 1)
             for s in range(3)]  # fmt: skip
    assert values["planes"][0]["reach"] == pytest.approx(np.mean(reach))
    payload = next(c["length"] for c in values["chunks"] if c["tag"] == "CLGE")
    assert sum(values["bits"].values()) / 8 == pytest.approx(payload, abs=30)
    assert main(["info", str(code)]) == 0
    text = capsys.readouterr().out
    assert "model         own (" in text
    assert "3x2 of 16x16 pixels" in text
    assert "weights a range" in text
    assert main(["info", str(code), "--plot", str(code.with_name("p.png"))]) == 2
    assert "of the family collage" in capsys.readouterr().err


def test_folders(photo, model, tmp_path, capsys) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    photo.rename(folder / "photo.png")
    codes, back = tmp_path / "codes", tmp_path / "back"
    arguments = ["--jobs", 1, "--model", model]
    status, values, _ = run(capsys, "encode", folder, "-o", codes, *arguments)
    assert (status, values["encoded"]) == (0, 1)
    (entry,) = read_ledger(codes / "ledger.jsonl").entries.values()
    assert entry.row is not None
    assert entry.row["model"] == "own"
    status, values, _ = run(capsys, "decode", codes, "-o", back, *arguments)
    assert (status, values["files"], values["failed"]) == (0, 1, [])
    expected = to_uint8(selfsame.decode(selfsame.load(codes / "photo.ssm")))
    assert np.array_equal(pixels(back / "photo.png"), expected)


def test_a_folder_of_codes_knows_its_model_by_what_it_holds(photo, tmp_path, capsys) -> None:
    folder, own, codes = tmp_path / "pictures", tmp_path / "own", tmp_path / "codes"
    folder.mkdir()
    photo.rename(folder / "photo.png")
    small_model(0).save_pretrained(own)
    words = ("encode", folder, "-o", codes, "--jobs", 1, "--model", own)
    assert [run(capsys, *words)[1]["kept"] for _ in range(2)] == [0, 1]
    small_model(1).save_pretrained(own)
    status, _, err = run(capsys, *words)
    assert (status, "settings.model_digest is" in err) == (1, True)
    assert run(capsys, *words, "--overwrite")[1]["encoded"] == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            ["--model", "collage", "--mode", "pure"],
            "--mode belongs to block codes: it is not",
        ),
        (["--model", "collage", "--effort", "3"], "--effort belongs to block codes"),
        (
            ["--model", "collage", "--preset", "neural-collages-baseline"],
            "give only one of --preset, --model",
        ),
        (["--model", "collage", "--range-size", "8"], "--range-size belongs to a preset"),
        (["--refine", "3"], "--refine belongs to a model"),
        (["--seed", "3"], "--seed belongs to a model"),
        (["--model", "collage", "--refine", "-1"], "--refine"),
        (["--model", "collage", "--bpp", "1", "--psnr", "30"], "only one of --bpp, --psnr"),
    ],
)
def test_wrong_usage(photo, capsys, arguments, words) -> None:
    output = photo.with_name("a.ssm")
    assert main(["encode", str(photo), "-o", str(output), *arguments]) == 2
    assert words in capsys.readouterr().err
    assert not output.exists()


def test_unusable_models_and_options_fail_with_one_line(photo, code, model, capsys) -> None:
    broken = photo.with_name("broken.safetensors")
    broken.write_bytes(b"not a model")
    new, picture = photo.with_name("b.ssm"), photo.with_name("out.png")
    for arguments, expected, words in (
        (["encode", photo, "-o", new, "--model", photo.with_name("none")], 2, "no model"),
        (["encode", photo, "-o", new, "--model", "glyph"], 2, "digits, glyphs, emoji, the folder"),
        (["encode", photo, "-o", new, "--model", broken], 1, "is no model: it does not say"),
        (["encode", photo, "-o", new, "--model", model, "--bytes", 30], 1, "only 30 bytes"),
        (["decode", code, "-o", picture, "--model", broken], 1, "is no model: it does not say"),
    ):
        status, values, err = run(capsys, *arguments)
        assert (status, values) == (expected, {})
        assert words in err
        assert err.count("\n") == 1
    assert not new.exists()


def test_a_collage_has_no_regions(code, capsys) -> None:
    picture = code.with_name("out.png")
    assert main(["decode", str(code), "-o", str(picture), "--region", "0,0,8,8"]) == 2
    assert "--region belongs to codes with regions" in capsys.readouterr().err
    assert not picture.exists()


def test_a_code_of_an_absent_model_names_it(code, model, capsys, monkeypatch) -> None:
    monkeypatch.setattr(CollageModel, "loaded", {})
    output = code.with_name("out.png")
    status, _, err = run(capsys, "decode", code, "-o", output)
    fingerprint = CollageModel.from_pretrained(model).decoder.fingerprint().hex()
    assert status == 1
    assert "'own'" in err
    assert fingerprint in err
    assert "--model PATH" in err
