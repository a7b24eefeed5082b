"""Measures of enlarged samples: ramps, discs and waves of known width, length and share."""

import numpy as np
import pytest
import torch

from benchmarks.harness.captions import CAPTION, GAP, captioned
from benchmarks.priors import figures, subjects, upsampling
from benchmarks.priors.subjects import Subject


def grid(side: int) -> tuple[np.ndarray, np.ndarray]:
    rows, columns = np.mgrid[:side, :side] + 0.5
    return rows, columns


@pytest.mark.parametrize("angle", [0.0, 0.4, 1.2])
def test_a_ramp_has_its_own_width(angle: float) -> None:
    rows, columns = grid(200)
    across = (columns - 100) * np.cos(angle) + (rows - 100) * np.sin(angle)
    ramp = np.clip(0.5 + across / 50, 0, 1).astype(np.float32)
    width, length = upsampling.edges(ramp, 10)
    assert width == pytest.approx(4.0, rel=0.03)  # 0.8 · 50 / 10
    crossing = 200 / max(np.cos(angle), np.sin(angle))  # of the square by a line at this angle
    assert length == pytest.approx(crossing / 10, rel=0.03)


def test_a_disc_has_its_outline_whatever_its_softness() -> None:
    rows, columns = grid(400)
    radius = np.hypot(rows - 200, columns - 200)
    for softness in (3.0, 6.0):
        disc = 1 / (1 + np.exp((radius - 120) / softness))
        width, length = upsampling.edges(disc.astype(np.float32), 4)
        assert length == pytest.approx(2 * np.pi * 120 / 4, rel=0.02)
        assert width == pytest.approx(2 * np.log(9) * softness / 4, rel=0.03)  # logistic


def test_a_step_and_an_even_picture_have_no_edge_to_measure() -> None:
    step = np.zeros((20, 20), np.float32)
    step[:, 10:] = 1
    assert upsampling.edges(step, 2) == (0, 0)
    assert upsampling.edges(np.full((20, 20), 0.5, np.float32), 2) == (0, 0)


def test_waves_count_as_fine_from_half_a_cycle_on() -> None:
    columns = np.arange(280) / 10  # in pixels trained at
    for frequency, expected in ((0.25, 0), (0.5, 0), (0.75, 1), (2.0, 1)):
        wave = np.broadcast_to(np.cos(2 * np.pi * frequency * columns), (280, 280))
        assert upsampling.fine_share(wave.astype(np.float32), 10) == pytest.approx(
            expected, abs=1e-6
        )
        assert upsampling.fine_share(wave.T.astype(np.float32), 10) == pytest.approx(
            expected, abs=1e-6
        )
    assert upsampling.fine_share(np.ones((8, 8), np.float32), 2) == 0


def test_seams_show_where_they_are() -> None:
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(240, 240)).astype(np.float32)
    assert upsampling.seam_ratio(noise, 40) == pytest.approx(1, abs=0.1)
    cells = np.kron(rng.normal(size=(6, 6)), np.ones((40, 40))).astype(np.float32)
    assert upsampling.seam_ratio(cells, 40) > 30
    assert upsampling.seam_ratio(np.roll(cells, 3, (0, 1)), 40) < 0.1
    rows, columns = grid(240)
    slope = (rows + 2 * columns).astype(np.float32) / 720
    assert upsampling.seam_ratio(slope + 1e-3 * noise, 40) == pytest.approx(1, abs=0.1)


def test_consistency_is_of_area_means() -> None:
    small = np.random.default_rng(0).random((28, 28)).astype(np.float32)
    large = small.repeat(10, 0).repeat(10, 1)
    rows, _ = grid(280)
    wave = np.cos(2 * np.pi * rows / 10).astype(np.float32)  # one per pixel: the means stay
    assert upsampling.consistency_db(large + 0.1 * wave, small) == 100
    shifted = upsampling.consistency_db(large * 0 + 20 / 255, small * 0)
    assert shifted == pytest.approx(20 * np.log10(255 / 20), abs=1e-3)


def test_every_method_enlarges_the_same_samples() -> None:
    subject = Subject("collage", subjects.untrained("collage"), {})
    features = upsampling.samples(subject, 2, 0, 1.0)
    small = upsampling.drawn_small(subject, features)
    np.testing.assert_allclose(small.pictures, 1 / (1 + np.exp(-small.logits)), rtol=1e-5)
    found = upsampling.all_methods(subject, features, 4)
    assert list(found) == [*upsampling.METHODS, upsampling.COLLAGE]
    for large in found.values():
        assert large.shape == (2, 112, 112)
        for one, picture in zip(large, small.pictures, strict=True):
            assert upsampling.consistency_db(one, picture) > 25
    np.testing.assert_array_equal(found["nearest"][:, ::4, ::4], small.pictures)
    with torch.no_grad():
        expected = subject.model.render(features, 4)[:, 0].numpy()
    np.testing.assert_array_equal(found["collage"], expected)


def test_enlarged_logits_stay_within_black_and_white() -> None:
    logits = np.full((1, 8, 8), -20, np.float32)
    logits[:, :, 4:] = 20
    pictures = 1 / (1 + np.exp(-logits))
    small = upsampling.Small(pictures, logits)
    of_logits, of_pictures = (
        upsampling.METHODS[n](small, 10)[0] for n in ("bicubic of logits", "bicubic")
    )
    assert of_logits.min() >= 0
    assert of_logits.max() <= 1
    assert upsampling.edges(of_logits, 10)[0] < upsampling.edges(of_pictures, 10)[0]


def test_measures_of_all_methods_and_samples() -> None:
    subject = Subject("collage", subjects.untrained("collage"), {})
    found = upsampling.measured(subject, 3, 0, 1.0)
    assert all(values.shape == (5, 3) for values in found.values())
    assert (found["consistency_db"][0] == 100).all()  # nearest


def test_panels_side_by_side() -> None:
    sheet = np.arange(220, dtype=np.uint8).reshape(11, 20)
    named = captioned({"a": sheet, "b": sheet.T[:11, ::-1]})
    assert named.shape == (11 + CAPTION, 20 + 11 + GAP)
    np.testing.assert_array_equal(named[CAPTION:, :20], sheet)
    assert (named[CAPTION:, 20 : 20 + GAP] == 255).all()
    np.testing.assert_array_equal(named[CAPTION:, 20 + GAP :], sheet.T[:11, ::-1])
    assert named[:CAPTION, :20].min() < 128 > named[:CAPTION, 20 + GAP :].min()


def test_the_busiest_window() -> None:
    picture = np.zeros((9, 9), np.float32)
    picture[5:7, 2:4] = [[0, 1], [1, 0]]
    assert figures.busiest(picture, 2) == (5, 2)
