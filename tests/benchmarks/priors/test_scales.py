"""The benchmark of enlargement: measures of known pictures, and a quick run of all of it."""

import json
import sys
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from benchmarks import harness
from benchmarks.harness.captions import CAPTION, GAP
from benchmarks.harness.kept import Kept
from benchmarks.priors import scales
from benchmarks.priors.enlarging import drawings, makers, network, patches, rows, sheets, truth
from benchmarks.priors.enlarging.truth import Truth, made_pictures
from selfsame.codes.render import draw_bytes
from selfsame.datasets import Pictures
from selfsame.errors import InputError
from selfsame.family import Run, View
from selfsame.io.pictures import read_picture, to_uint8
from selfsame.priors.diffusion.backbone import Condition
from selfsame.priors.diffusion.config import SamplerSettings
from support.small_latent_diffusion import small_latent_diffusion

RunScript = Callable[..., dict[str, Any]]


def edge(width: int) -> torch.Tensor:
    """Return a picture, (1, 3, 16, 33), that goes from 0 to 0.6 over so many columns."""
    column = torch.arange(33) - 16 + width // 2
    return (0.6 * column / width).clamp(0, 0.6).expand(1, 3, 16, 33)


def test_the_mean_gradient_of_an_edge_is_its_height_and_the_square_tells_its_width() -> None:
    for width in (1, 2, 8):
        found = drawings.sharpness(edge(width), edge(2))
        # 32 columns of differences; three channels are the sides of a cube.
        assert found["gradient"] == pytest.approx(0.6 * 3**0.5 / 32, rel=1e-5)
        assert found["squared_gradient"] == pytest.approx(3 * 0.36 / width / 32, rel=1e-5)
        # Of the columns with the edge, those that both have: a part of the narrower one's product.
        assert found["true_gradient"] == pytest.approx(3 * 0.36 / max(width, 2) / 32, rel=1e-5)
        turned = drawings.sharpness(edge(width).mT, edge(2).mT)
        assert all(turned[name] == pytest.approx(found[name]) for name in found)
    elsewhere = drawings.sharpness(edge(2)[..., 4:], edge(2)[..., :-4])
    assert elsewhere["true_gradient"] == pytest.approx(0, abs=1e-6)
    assert elsewhere["gradient"] == pytest.approx(0.6 * 3**0.5 / 28, rel=1e-5)


def test_lanczos_is_that_of_pillow_channel_by_channel() -> None:
    small = torch.rand(2, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    large = drawings.lanczos(small, 2)
    one = Image.fromarray(small[1, 2].numpy()).resize((16, 16), Image.Resampling.LANCZOS)
    np.testing.assert_allclose(large[1, 2].numpy(), np.clip(np.asarray(one), 0, 1))


def test_references_are_of_the_truth() -> None:
    fine = truth.as_tensor(made_pictures(2, 0).images)
    found = drawings.references(fine)
    assert torch.equal(found["truth", 4], fine)
    means = fine.unflatten(3, (32, 2)).unflatten(2, (32, 2)).mean((3, 5))
    torch.testing.assert_close(found["truth", 2], means)
    small = found["truth", 1]
    assert torch.equal(found[drawings.LANCZOS_OF_TRUTH, 4], drawings.lanczos(small, 4))
    measures = drawings.compared(found, fine)
    assert measures["truth", 4]["psnr_db"].tolist() == [100, 100]
    soft, softer = (measures[f"truth, blurred by {b:g} px", 4] for b in drawings.BLURS)
    assert (soft["psnr_db"] > softer["psnr_db"]).all()
    assert (soft["squared_gradient"] > softer["squared_gradient"]).all()


def test_reconstructions_are_what_files_of_the_pictures_draw(tmp_path: Path) -> None:
    space = small_latent_diffusion(tmp_path).space
    fine = truth.as_tensor(made_pictures(3, 0).images)[:, :1]
    found = drawings.reconstructed(space, fine)
    small = fine.unflatten(3, (16, 4)).unflatten(2, (16, 4)).mean((3, 5))
    codes = space.codes(space.encode(small))
    for scale in (1, 2, 4):
        for code, picture in zip(codes, found[drawings.CODE, scale], strict=True):
            drawn = draw_bytes(code, View(scale=scale), Run()).astype(int)
            assert abs(drawn - to_uint8(picture[0].numpy())).max() <= 1
    for scale in patches.SCALES:
        enlarged = drawings.lanczos(found[drawings.CODE, 1], scale)
        assert torch.equal(found[drawings.LANCZOS, scale], enlarged)


def test_patches_lie_where_something_is_and_are_cut_there() -> None:
    small = torch.ones(1, 3, 32, 32)
    small[..., 20:24, 4:8] = 0
    places = patches.busy_places(small, 4, seed=0)
    assert places.shape == (1, patches.PER_PICTURE, 2)
    assert len({tuple(place) for place in places[0].tolist()}) == patches.PER_PICTURE
    near = (abs(places[0] + 4 - (22, 6)) < 6).all(1)
    assert near.mean() > 0.8
    whole = torch.arange(128 * 128.0).reshape(1, 1, 128, 128)
    cut = patches.cut(whole, places, 4)
    assert cut.shape == (patches.PER_PICTURE, 1, 32, 32)
    for patch, (top, left) in zip(cut, places[0] * 4, strict=True):
        assert patch[0, 0, 0] == top * 128 + left
        assert patch[0, -1, -1] == (top + 31) * 128 + left + 31
    assert not np.array_equal(places, patches.busy_places(small, 4, seed=1))
    # A picture that is smaller than a patch is one patch.
    tiny = patches.busy_places(small[..., :12, :12], 2, seed=0)
    assert tiny.tolist() == [[[0, 0]]]


def test_true_patches_come_picture_by_picture() -> None:
    levels = np.arange(70, dtype=np.uint8)
    images = np.broadcast_to(levels[:, None, None, None], (70, 64, 64, 1))
    for scale in patches.SCALES:
        found = patches.true_patches(images, scale, seed=0)
        count = len(found) // 70
        assert found.shape[1:] == (1, 32, 32)
        expected = torch.arange(70).repeat_interleave(count) / 255
        torch.testing.assert_close(found.mean((1, 2, 3)), expected)


def test_shares_of_gradients_know_sharpness_and_direction() -> None:
    def shares(picture: torch.Tensor) -> np.ndarray:
        found = patches.gradient_features(picture).reshape(2, 2, 8)
        np.testing.assert_allclose(found.sum(2), 1, rtol=1e-5)
        return found

    upright, lying = (torch.zeros(1, 3, 32, 32) for _ in range(2))
    upright[..., 16:] = 0.5
    lying[..., 16:, :] = 0.5
    at_once, lain = shares(upright), shares(lying)
    # One column of 31 has the step, between 0.32 and 0.64; all of it goes across.
    assert at_once[0, 0, 6] == pytest.approx(1 / 31)
    assert at_once[0, 1, 0] == pytest.approx(1, abs=1e-3)
    assert lain[0, 1, 4] == pytest.approx(1, abs=1e-3)
    np.testing.assert_allclose(at_once[:, 0], lain[:, 0])
    soft = upright.clone()
    soft[..., 12:20] = torch.linspace(0, 0.5, 8)
    assert shares(soft)[0, 0, 3] == pytest.approx(7 / 31)
    np.testing.assert_allclose(shares(upright[..., ::1].flip(3)), at_once, atol=1e-6)


def test_the_network_learns_to_tell_patches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "BATCH", 16)
    generator = torch.Generator().manual_seed(0)
    stripes = (torch.arange(32) % 7 < 3).float()
    labels = np.arange(256) % 2
    noise = 0.2 * torch.rand(256, 1, 32, 32, generator=generator)
    both = torch.stack([stripes.expand(32, 32), stripes[:, None].expand(32, 32)])
    seen = 0.8 * both[torch.from_numpy(labels)][:, None] + noise
    weights = network.train_network(seen, labels, 2, seed=1, epochs=3)
    learned = network.load_network(weights)
    assert network.accuracy(learned, seen.flip(2), labels) > 0.95
    half_known = np.where(np.arange(256) < 128, -1, labels)
    assert network.accuracy(learned, seen, half_known) > 0.95
    assert network.accuracy(learned, seen, 1 - labels) < 0.05
    features = network.network_features(learned, seen)
    assert features.shape == (256, network.FEATURES)
    assert abs(features).max() <= 1


def measures(count: int, seed: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    found = {name: rng.uniform(1, 2, count) for name in ("psnr_db", *rows.SHARPNESS)}
    return found | {name: rng.normal(0, 1, (count, 4, 3)) for name in network.NAMES}


def test_figures_are_those_of_the_pictures_that_are_drawn() -> None:
    known = measures(5, 0)
    shifted = {name: values + 0.5 for name, values in known.items()}
    chosen = np.array([0, 0, 3, 4, 4])
    found = rows.statistics(shifted, known, chosen, chosen)
    assert found["psnr_db"] == pytest.approx(known["psnr_db"][chosen].mean() + 0.5)
    ratio = 1 + 0.5 / known["gradient"][chosen].mean()
    assert found["gradient_ratio"] == pytest.approx(ratio)
    assert found["gradient_miss"] == pytest.approx(np.log(ratio))
    # Laws of equal covariance: the distance is that of the means, three features.
    assert found["frechet_network"] == pytest.approx(3 * 0.25)
    assert found["frechet_gradients"] == pytest.approx(3 * 0.25)
    same = rows.statistics(known, known, chosen, chosen)
    assert same["gradient_miss"] == 0
    assert same["frechet_network"] == pytest.approx(0, abs=1e-9)
    only = rows.statistics({"network": known["network"]}, known, chosen, chosen)
    assert set(only) == {"frechet_network"}


def test_differences_are_paired_and_above_zero_where_the_first_is_better() -> None:
    known, good = measures(40, 0), measures(40, 1)
    bad = {name: values + 1 for name, values in good.items()} | {"psnr_db": good["psnr_db"] - 1}
    chosen = [np.random.default_rng(k).integers(0, 40, 40) for k in range(30)]
    draws = rows.Draws(chosen, chosen)
    first, second = (rows.figures(one, known, draws) for one in (good, bad))
    better = rows.difference(first, second)
    assert all(better[f"{name}_low"] > 0 for name in rows.BETTER)
    assert better["psnr_db"] == pytest.approx(1)
    assert better["psnr_db_high"] == pytest.approx(1)
    worse = rows.difference(second, first)
    assert worse["frechet_network_low"] == pytest.approx(-better["frechet_network_high"])
    own = rows.row(first)
    assert own["psnr_db_high"] - own["psnr_db"] > 0.01
    (cell,) = rows.cells([{"set": "a", **own}], ["psnr_db", "none"])
    assert cell["set"] == "a"
    assert cell["psnr_db"].startswith(f"{own['psnr_db']:.4g} ± ")


def test_classes_are_those_of_the_training_pictures() -> None:
    images = np.zeros((3, 8, 8, 1), np.uint8)

    def pictures(groups: list[str], styles: list[str]) -> Pictures:
        columns = {"groups": np.array(groups), "styles": np.array(styles)}
        return Pictures(images, np.array([1, 0, 1]), columns=columns)

    both = Truth(
        pictures(["a", "b", "a"], ["x", "x", "y"]), pictures(["a", "a", "b"], list("xyy")), ""
    )
    train, test, classes = truth.told(both, None)
    assert classes == 3
    assert len(set(train.tolist())) == 3
    assert test.tolist() == [train[0], train[2], -1]
    train, test, classes = truth.told(both, ["groups"])
    assert (train.tolist(), test.tolist(), classes) == ([0, 1, 0], [0, 0, 1], 2)
    with pytest.raises(InputError, match="no column sorts; there are groups, styles"):
        truth.told(both, ["sorts"])
    bare = Pictures(images, np.array([4, 0, 4]))
    assert truth.told(Truth(bare, bare, ""), None)[2] == 2
    other = Pictures(images, np.array([1, 2, 3]))
    with pytest.raises(InputError, match="no test picture is of a class"):
        truth.told(Truth(bare, other, ""), None)
    nothing = Pictures(images)
    with pytest.raises(InputError, match="--tell COLUMN"):
        truth.told(Truth(nothing, nothing, ""), None)


def test_kin_are_concepts_without_gender_and_tone_or_families() -> None:
    images = np.zeros((2, 8, 8, 1), np.uint8)
    concepts = np.array(["1f44b-1f3fb", "1f44b-1f3ff"])
    assert len(set(truth.kin(Pictures(images, columns={"concepts": concepts})))) == 1
    families = np.array(["Serif", "Sans"])
    assert truth.kin(Pictures(images, columns={"families": families})).tolist() == ["Serif", "Sans"]
    assert truth.kin(Pictures(images)).tolist() == [0, 1]


@pytest.fixture
def run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> RunScript:
    """Return a function that runs the script and returns the document that it writes."""

    def call(*arguments: str) -> dict[str, Any]:
        monkeypatch.setattr(sys, "argv", ["scales", "--quick", "-o", str(tmp_path), *arguments])
        scales.main()
        capsys.readouterr()
        (path,) = tmp_path.glob("*.json")
        document = json.loads(path.read_text())
        harness.check_result(document)
        return dict(document)

    monkeypatch.setattr(truth, "MADE_TRAIN", 12)
    monkeypatch.setattr(truth, "MADE_TEST", 6)
    monkeypatch.setattr(sheets, "SHOWN", 2)
    monkeypatch.setattr(sheets, "ZOOMED", 1)
    return call


def test_a_quick_run_measures_two_small_spaces(run: RunScript, tmp_path: Path) -> None:
    document = run("--data", str(tmp_path))  # which a quick run without spaces does not need
    results = document["results"]
    assert "untrained" in document["notes"][-1]
    assert [space["set"] for space in results["spaces"]] == ["detail 4", "detail 1"]
    table = {(row["set"], row["way"], row["scale"]): row for row in results["rows"]}
    # The truth enlarged and blurred twice; training pictures; of each space two ways, and scale 1.
    assert len(table) == 2 * 3 + 2 + 2 * (2 * 2 + 1)
    code = table["detail 1", drawings.CODE, 4]
    other = table["detail 1", drawings.LANCZOS, 4]
    first = results["differences"][3]
    assert (first["set"], first["than"], first["scale"]) == ("detail 1", drawings.LANCZOS, 4)
    assert first["psnr_db"] == pytest.approx(code["psnr_db"] - other["psnr_db"])
    gain = other["frechet_network"] - code["frechet_network"]
    assert first["frechet_network"] == pytest.approx(gain)
    assert results["differences"][-1]["than"] == "detail 4"
    soft, softer = (
        table[scales.NO_CODE, f"truth, blurred by {blur:g} px", 4] for blur in drawings.BLURS
    )
    assert soft["frechet_gradients"] < softer["frechet_gradients"]
    side = 4 * truth.MADE_SIDE
    sheet = read_picture(tmp_path / "scales_made_pictures.png")
    assert sheet.shape == (CAPTION + 2 * side + GAP, 5 * side + 4 * GAP, 3)
    assert sheet[CAPTION:].std() > 0.1
    zoomed = read_picture(tmp_path / "scales_made_zooms.png")
    assert zoomed.shape == (CAPTION + 4 * side, 5 * 4 * side + 4 * GAP, 3)


def grey_data(folder: Path) -> Path:
    """Write grey pictures of 64×64 with groups into a file."""
    arrays = {}
    for number, (split, count) in enumerate((("train", 10), ("test", 6))):
        pictures = made_pictures(count, number)
        arrays[f"{split}_images"] = pictures.images[..., 0]
        arrays[f"{split}_groups"] = pictures.columns["groups"]
    np.savez(folder / "grey.npz", **arrays)
    return folder / "grey.npz"


def test_samples_are_measured_and_kept(
    run: RunScript, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "made").mkdir()
    made = small_latent_diffusion(tmp_path / "made", classes=2, class_names=("bars", "disks"))
    given = ["--data", str(grey_data(tmp_path)), "--space", f"ours={tmp_path}/made/own"]
    given += ["--model", f"it={tmp_path}/made/model", "--label", "groups", "--steps", "2"]
    given += ["--keep", str(tmp_path / "kept")]
    results = run(*given)["results"]
    assert results["models"][0]["fingerprint"] == made.model.digest()
    sampled = [row for row in results["rows"] if row["set"] == "samples of it"]
    assert [(row["way"], row["scale"]) for row in sampled] == [
        (way, scale) for way in (drawings.CODE, drawings.LANCZOS) for scale in (2, 4)
    ]
    assert all(row["frechet_network"] > 0 for row in sampled)
    assert all("psnr_db" not in row for row in sampled)
    assert (tmp_path / "scales_grey_samples.png").is_file()

    def never(*_: object) -> None:
        raise AssertionError

    for module, name in ((scales, "measured"), (scales, "measured_samples")):
        monkeypatch.setattr(module, name, never)
    assert run(*given)["results"] == results


def test_samples_are_of_the_classes_of_the_pictures(tmp_path: Path) -> None:
    made = small_latent_diffusion(tmp_path, classes=3, class_names=("bars", "cats", "disks"))
    maker = makers.Maker("it", made, {})
    pictures = made_pictures(5, 0)
    options = Namespace(steps=2, guidance=1.5, seed=3, label="groups")
    kept = Kept(None, "scales", scales.SOURCES, ())
    ((name, (_, latents)),) = makers.samples([maker], pictures, kept, options).items()
    settings = SamplerSettings(steps=2, guidance=1.5)
    expected = made.sample(5, settings, condition=Condition(torch.tensor([0, 2, 0, 2, 0])), seed=3)
    assert name == "samples of it"
    assert torch.equal(latents.values, expected.values)
    turns = makers.labels_for(maker, pictures, None)
    assert turns is not None
    assert turns.tolist() == [0, 1, 2, 0, 1]
    (tmp_path / "without").mkdir()
    without = small_latent_diffusion(tmp_path / "without")
    assert makers.labels_for(makers.Maker("it", without, {}), pictures, None) is None
    with pytest.raises(InputError, match="--label: no column 'sorts'; there are groups"):
        makers.labels_for(maker, pictures, "sorts")


def test_what_does_not_fit_is_refused(tmp_path: Path) -> None:
    both = Truth(made_pictures(2, 0), made_pictures(2, 1), "made")
    small_latent_diffusion(tmp_path)
    place = str(tmp_path / "own")
    with pytest.raises(InputError, match="own has pictures of 16x16, 1 channels"):
        makers.load_subjects([place], both)
    grey = Truth(*(Pictures(p.images[..., :1]) for p in both[:2]), "grey")
    assert [s.label for s in makers.load_subjects([place, f"b={place}"], grey)] == ["own", "b"]
    with pytest.raises(InputError, match="--space: two have one name, own, own"):
        makers.load_subjects([place, place], grey)
    assert makers.named("/a/run/model") == ("run", "/a/run/model")
    assert makers.named("x=/a/b") == ("x", "/a/b")
    arrays = {f"{split}_images": np.zeros((2, 6, 6), np.uint8) for split in ("train", "test")}
    np.savez(tmp_path / "odd.npz", **arrays)
    with pytest.raises(InputError, match=r"squares of 4 times .* 6x6"):
        truth.load_truth(Namespace(data=tmp_path / "odd.npz", count=None, quick=False, space=[]))
