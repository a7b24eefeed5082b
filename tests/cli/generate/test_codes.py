"""``selfsame generate`` with a diffusion."""

import json
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from selfsame.cli import main
from selfsame.codes.store import load
from selfsame.latents import CollageSpace, Latents
from selfsame.latents.pictures import picture_latents, token_mask
from selfsame.priors.conditioning.config import TextConfig
from selfsame.priors.conditioning.words import learn_vocabulary
from selfsame.priors.models import kind_of
from selfsame.run.progress import Progress
from support.small_latent_diffusion import small_latent_diffusion

QUICK = ["--steps", "2", "--quiet"]


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    small_latent_diffusion(folder, classes=2, class_names=("cat", "dog"))
    return folder


def made(home, arguments: list, capsys) -> dict:
    assert main(["generate", str(home / "model"), *map(str, arguments), *QUICK, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_what_is_shown_is_what_the_codes_decode_to(home, tmp_path, capsys):
    options = ["-n", 3, "--scale", 2.5, "--codes", tmp_path / "codes", "--columns", 3]
    values = made(home, ["-o", tmp_path / "a.png", *options], capsys)
    assert values["picture_size"] == [40, 40]
    assert values["labels"] == ["cat", "dog"]
    assert (values["sampler"], values["steps"], values["guidance"]) == ("heun", 2, 1.0)
    shown = np.asarray(Image.open(tmp_path / "a.png"))
    assert shown.shape == (40, 120)
    for number, path in enumerate(values["codes"]):
        assert load(path).model == "own"
        decode = ["decode", path, "-o", str(tmp_path / "b.png"), "--scale", "2.5", "--overwrite"]
        assert main([*decode, "--model", str(home / "own")]) == 0
        decoded = np.asarray(Image.open(tmp_path / "b.png"))
        assert np.array_equal(decoded, shown[:, 40 * number : 40 * number + 40])
        assert decoded.std() > 0


@pytest.mark.parametrize("model", ["own", "mnist"])
def test_progress_is_told_while_codes_are_made(home, tmp_path, monkeypatch, model):
    seen = []

    @contextmanager
    def shown(label, *, quiet):
        yield Progress(lambda done, total, _: seen.append((done, total)))

    monkeypatch.setattr("selfsame.cli.generate.shown_progress", shown)
    source, steps = (home / "model", ["--steps", "3"]) if model == "own" else (model, [])
    command = ["generate", str(source), "-n", "40", "-o", str(tmp_path / "a.png"), *steps]
    assert main(command) == 0
    assert seen == sorted(seen)
    assert seen[-1] == (40, 40)
    if model == "own":
        assert sum(done < 16 for done, _ in seen) >= 3
        assert {16 + drawn / 2 for drawn in range(1, 33)} <= {done for done, _ in seen}


def test_picture_k_of_a_seed_and_class_whatever_the_rest(home, tmp_path, capsys):
    many, few = tmp_path / "many", tmp_path / "few"
    made(home, ["-o", many, "--separate", "-n", 4, "--seed", 3], capsys)
    made(home, ["-o", few, "--separate", "-n", 2, "--seed", 3, "--sampler", "heun"], capsys)
    for name in ("00000.png", "00001.png"):
        assert (many / name).read_bytes() == (few / name).read_bytes()
    alone = made(home, ["-o", tmp_path / "dogs", "--separate", "-n", 2, "--label", "dog"], capsys)
    assert alone["labels"] == ["dog"]
    turn = made(home, ["-o", tmp_path / "turns", "--separate", "-n", 2], capsys)
    pairs = zip(alone["outputs"], turn["outputs"], strict=True)
    same = [Path(a).read_bytes() == Path(b).read_bytes() for a, b in pairs]
    assert same == [False, True]  # the second is a dog in both


def test_guidance_and_samplers_do_something(home, tmp_path, capsys):
    ways = ([], ["--guidance", 3], ["--sampler", "ddim"], ["--sampler", "ddim", "--eta", 1])
    pictures = set()
    for number, way in enumerate(ways):
        made(home, ["-o", tmp_path / f"{number}.png", "-n", 2, *way], capsys)
        pictures.add((tmp_path / f"{number}.png").read_bytes())
    assert len(pictures) == len(ways)


def test_nothing_is_made_that_cannot_be_written(home, tmp_path, capsys):
    codes = tmp_path / "codes"
    codes.mkdir()
    (codes / "00001.ssm").write_bytes(b"mine")
    command = ["generate", str(home / "model"), "-o", str(tmp_path / "a.png"), *QUICK, "-n", "2"]
    assert main([*command, "--codes", str(codes)]) == 1
    assert "exists" in capsys.readouterr().err
    assert [path.name for path in codes.iterdir()] == ["00001.ssm"]
    assert main([*command, "--codes", str(codes), "--overwrite"]) == 0
    assert (codes / "00001.ssm").read_bytes() != b"mine"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--temperature", "2"], "--temperature belongs to a vdvae: it is not used with a diff"),
        (["--reconstruct", "a.npz"], "--reconstruct belongs to a vdvae"),
        (["--label", "cow"], "the model knows no class 'cow': cat, dog"),
        (["--scale", "1e6"], "choose another scale"),
        (["--guidance", "-1"], "guidance"),
        (["--eta", "1"], "--eta belongs to --sampler ddim: it is not used with --sampler heun"),
    ],
)
def test_what_a_diffusion_does_not_do(home, tmp_path, capsys, options, message):
    command = ["generate", str(home / "model"), "-o", str(tmp_path / "a.png"), *QUICK]
    assert main([*command, *options]) == 2
    assert message in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--codes", "{}/codes", "--label", "cow"], "the model knows no class 'cow'"),
        (["--codes", "{}/a.png"], "--codes is a folder and OUTPUT a file"),
        (["--codes", "{}/codes/../a.png"], "--codes is a folder and OUTPUT a file"),
    ],
)
def test_what_is_wrong_makes_no_folder(home, tmp_path, capsys, options, message):
    command = ["generate", str(home / "model"), "-o", str(tmp_path / "a.png"), *QUICK, "-n", "1"]
    assert main([*command, *(option.format(tmp_path) for option in options)]) == 2
    assert message in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_guidance_needs_classes(tmp_path, capsys):
    small_latent_diffusion(tmp_path)
    command = ["generate", str(tmp_path / "model"), "-o", str(tmp_path / "a.png"), *QUICK]
    assert main([*command, "-n", "1"]) == 0
    assert main([*command, "--overwrite", "--guidance", "2"]) == 2
    assert "trained without labels" in capsys.readouterr().err


def test_which_model_is_meant(home, tmp_path, capsys):
    assert kind_of(str(home / "model")) == "diffusion"
    assert kind_of("mnist") == "vdvae"
    for source, message in (
        (home / "own", "is a model of the kind 'grid': pictures are made up by vdvae or diffusion"),
        (home / "none", "`selfsame train vdvae` or `selfsame train diffusion` wrote"),
    ):
        assert main(["generate", str(source), "-o", str(tmp_path / "a.png")]) == 2
        assert message in capsys.readouterr().err
    command = ["generate", "mnist", "-o", str(tmp_path / "a.png"), "--label", "3"]
    assert main(command) == 2
    assert "--label belongs to a diffusion" in capsys.readouterr().err


def test_every_setting_of_a_sampler_can_be_given(home, tmp_path, capsys):
    ways = {
        "plain": [],
        "interval": ["--guidance", 3, "--interval", 0.5, 5],
        "everywhere": ["--guidance", 3],
        "langevin": ["--sampler", "langevin"],
        "longer": ["--sampler", "langevin", "--repeats", 3, "--step-size", 0.1],
        "ddpm": ["--sampler", "ddpm"],
        "large": ["--sampler", "ddpm", "--variance", "large"],
    }
    found = set()
    for name, options in ways.items():
        made(home, ["-o", tmp_path / f"{name}.png", "-n", 2, *options], capsys)
        found.add((tmp_path / f"{name}.png").read_bytes())
    assert len(found) == len(ways)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--interval", "0.5", "5"], "--interval is where --guidance acts"),
        (["--scale", "nan"], "scale"),
        (["--scale", "inf"], "scale"),
        (["--guidance", "2", "--interval", "5", "0.5"], "interval must rise"),
        (["--repeats", "3"], "--repeats"),
        (["--sampler", "ddim", "--variance", "large"], "--variance"),
    ],
)
def test_settings_of_another_sampler_are_refused(home, tmp_path, capsys, options, message):
    command = ["generate", str(home / "model"), "-o", str(tmp_path / "a.png"), *QUICK, "-n", "1"]
    assert main([*command, *options]) == 2
    assert message in capsys.readouterr().err


@pytest.fixture(scope="module")
def reader(tmp_path_factory):
    """A model that reads words."""
    folder = tmp_path_factory.mktemp("reader")
    vocabulary = learn_vocabulary(["red apple", "green heart"] * 4, 30)
    text = TextConfig(width=8, heads=2, pieces=len(vocabulary), letters=len(vocabulary.data))
    made_by = small_latent_diffusion(folder, context=6, text=text)
    encoder = made_by.model.readers.text
    encoder.letters.copy_(torch.frombuffer(bytearray(vocabulary.data), dtype=torch.uint8))
    made_by.save_pretrained(folder / "model")
    return folder


def test_prompts_take_turns(reader, tmp_path, capsys):
    prompts = ["--prompt", "red apple", "--prompt", "Green HEART"]
    values = made(reader, ["-o", tmp_path / "a.png", "-n", 4, *prompts, "--guidance", 3], capsys)
    assert values["prompts"] == ["red apple", "Green HEART"]
    assert (values["labels"], values["columns"]) == ([], 2)
    shown = np.asarray(Image.open(tmp_path / "a.png"))
    one = ["-n", 1, "--prompt", "red apple", "--guidance", 3]
    made(reader, ["-o", tmp_path / "b.png", *one], capsys)
    alone = np.asarray(Image.open(tmp_path / "b.png"))
    assert np.array_equal(alone, shown[:16, :16])
    made(reader, ["-o", tmp_path / "c.png", "-n", 1, "--prompt", "heart"], capsys)
    assert not np.array_equal(np.asarray(Image.open(tmp_path / "c.png")), alone)


def test_samples_like_a_picture_keep_what_the_mask_leaves_black(home, tmp_path, capsys):
    picture = np.random.default_rng(0).integers(0, 256, (16, 16), dtype=np.uint8)
    Image.fromarray(picture).save(tmp_path / "p.png")
    mask = np.zeros((32, 32), np.uint8)
    mask[20:24, 2:4] = 255  # the cell below at the left
    Image.fromarray(mask).save(tmp_path / "m.png")
    like = ["--like", tmp_path / "p.png"]
    space = CollageSpace.from_pretrained(home / "own")
    known = space.rounded(Latents(picture_latents(space, tmp_path / "p.png"))).values
    assert token_mask(space, tmp_path / "m.png").tolist() == [[False, False, True, False]]
    options = ["-n", 2, *like, "--mask", tmp_path / "m.png", "--codes", tmp_path / "codes"]
    values = made(home, ["-o", tmp_path / "a.png", *options], capsys)
    for path in values["codes"]:
        found = torch.from_numpy(load(path).levels * space.model.config.quantum).float()
        off = (found.reshape(3, 4).T - known[0]).abs().amax(1)
        assert (off > 0.01).tolist() == [False, False, True, False]


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (["--prompt", "x"], "reads no prompts"),
        (["--strength", "0.5"], "--strength belongs to --like: it is not used with no --like"),
        (["--mask", "p.png"], "--mask belongs to --like"),
    ],
)
def test_what_cannot_be_asked_for_is_refused(home, tmp_path, capsys, monkeypatch, options, text):
    monkeypatch.chdir(tmp_path)
    command = ["generate", str(home / "model"), "-o", "a.png", *options, *QUICK]
    assert main(command) == 2
    assert text in capsys.readouterr().err


def test_a_missing_picture_is_named(home, tmp_path, capsys):
    command = ["generate", str(home / "model"), "-o", str(tmp_path / "a.png"), *QUICK]
    assert main([*command, "--like", str(tmp_path / "p.png")]) == 1
    assert f"no such file: {tmp_path / 'p.png'}" in capsys.readouterr().err


def test_a_prompt_that_says_nothing_is_refused(reader, tmp_path, capsys):
    command = ["generate", str(reader / "model"), "-o", str(tmp_path / "a.png"), *QUICK]
    assert main([*command, "--prompt", "  "]) == 2
    assert "a prompt must say something" in capsys.readouterr().err
    assert main([*command, "--guidance", "2"]) == 2
    assert "give it a --prompt" in capsys.readouterr().err
