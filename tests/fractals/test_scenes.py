"""The kernels of coloured pictures against slow references."""

import colorsys

import numpy as np
import pytest

from selfsame._native import testing as native
from selfsame._native.testing import Stream
from selfsame.fractals.randomness import random_words, uniforms
from selfsame.fractals.recipes.jitter import (
    area_probabilities,
    largest_singular_values,
    scaled_entries,
    scaled_map,
    scaled_parameters,
)
from selfsame.ifs.render.batch import stack_systems
from selfsame.ifs.samples.random import sample_anderson_farrell


def test_colors_are_those_of_hsv():
    rng = np.random.default_rng(0)
    for _ in range(200):
        h, s, v = rng.random(3)
        out = np.array(native.color_of(h + int(rng.integers(-2, 3)), s, v))
        assert out == pytest.approx(255 * np.array(colorsys.hsv_to_rgb(h, s, v)), abs=0.51)


def slow_surface(levels: int, decay: float, seed: int) -> np.ndarray:
    """Diamond-square with every midpoint asked for by its neighbours on a torus-like grid."""
    stream = Stream(seed, 0)

    def signed() -> float:
        return int(np.uint64(stream.next()).astype(np.int64)) * 2.0**-63

    last = 2**levels
    z = {(i, j): 0.5 + 0.5 * signed() for i in (0, last) for j in (0, last)}

    def around(i: int, half: int) -> tuple[int, int]:
        return (i - half if i > 0 else last - half), (i + half if i < last else half)

    for k in range(levels):
        half = last >> (k + 1)
        bound = 0.5 * np.exp(-decay * k)
        odd, every = range(half, last, 2 * half), range(0, last + 1, half)
        for i in odd:
            for j in odd:
                corners = [z[i + a, j + b] for a in (-half, half) for b in (-half, half)]
                z[i, j] = np.mean(corners) + bound * signed()
        for i in every:
            for j in every:
                if (i, j) not in z:
                    up, down = around(i, half)
                    left, right = around(j, half)
                    sides = [z[up, j], z[down, j], z[i, left], z[i, right]]
                    z[i, j] = np.mean(sides) + bound * signed()
    return np.array([[z[i, j] for j in range(last + 1)] for i in range(last + 1)])


@pytest.mark.parametrize(("levels", "decay"), [(1, 0.4), (3, 0.8), (4, 0.6)])
def test_surfaces_are_midpoint_displacements(levels, decay):
    heights = native.surface(9, 0, decay, levels)
    assert heights == pytest.approx(slow_surface(levels, decay, 9), abs=1e-5)


def test_surfaces_take_their_colors_from_heights():
    heights = np.linspace(-1.2, 2.2, 25, dtype=np.float32).reshape(5, 5)
    picture = np.zeros((4, 4, 3), np.uint8)
    colors = np.array([0.3, 0.2, 0.2, 0.5, 0.4, 0.5])
    native.paint_surface(heights, colors, picture)
    for i, j in np.ndindex(4, 4):
        x = float(np.clip(heights[i, j], -1, 2))
        hue, saturation, value = 0.3 * x + 0.2, 0.2 * x + 0.5, min(max(0.4 * x + 0.5, 0), 1)
        expected = 255 * np.array(colorsys.hsv_to_rgb(hue % 1, saturation, value))
        assert picture[i, j] == pytest.approx(expected, abs=2)


@pytest.mark.parametrize("pattern", [0b000_010_000, 1, 0b101_010_111, 511])
def test_stamps_are_counted(pattern):
    rng = np.random.default_rng(pattern)
    cells = rng.integers(0, 5, (9, 9)).astype(np.uint32)  # the border holds what lies outside
    inner = cells[1:-1, 1:-1].copy()
    expected = np.zeros((9, 9))
    for i, j in np.ndindex(7, 7):
        for bit in range(9):
            if pattern >> bit & 1:
                expected[i + bit // 3, j + bit % 3] += inner[i, j]
    out = np.zeros((7, 7), np.uint32)
    native.count_stamps(cells, pattern, out)
    assert np.array_equal(out, expected[1:-1, 1:-1])


@pytest.mark.parametrize("turn", range(8))
@pytest.mark.parametrize(("left", "top"), [(2, 1), (-2, -3), (6, 4)])
def test_fractals_are_pasted_turned_and_cut(turn, left, top):
    stamps = np.random.default_rng(0).integers(0, 4, (5, 5)).astype(np.uint32)
    stamps[0, 0] = 4
    picture = np.full((8, 8, 3), 9, np.uint8)
    place = np.array([left, top, 5])
    color = np.array([0.1, 1.0, 1.0])
    native.paste(stamps, place, turn, color, picture)
    turned = stamps.T if turn & 1 else stamps
    turned = turned[:, ::-1] if turn & 2 else turned
    turned = turned[::-1] if turn & 4 else turned
    for i, j in np.ndindex(8, 8):
        inside = 0 <= i - top < 5 and 0 <= j - left < 5
        count = turned[i - top, j - left] if inside else 0
        expected = np.array([9, 9, 9])
        if count:
            hue = 0.1 + (count * 255 // 4) / 256
            expected = 255 * np.array(colorsys.hsv_to_rgb(hue % 1, 1, 1))
        assert picture[i, j] == pytest.approx(expected, abs=0.51)


def test_blurs_are_gaussians_of_three_pixels():
    picture = np.random.default_rng(1).integers(0, 256, (6, 6, 3)).astype(np.uint8)
    weights = np.exp(-0.5 * (np.arange(-1, 2) / 0.7) ** 2)
    weights /= weights.sum()
    padded = np.pad(picture.astype(float), ((1, 1), (1, 1), (0, 0)), mode="reflect")
    expected = sum(
        weights[a] * weights[b] * padded[a : a + 6, b : b + 6] for a in range(3) for b in range(3)
    )
    native.blur(picture, 0.7)
    assert picture == pytest.approx(expected, abs=0.51)


def test_uniform_numbers_are_uniform_and_their_own():
    u = uniforms(1, 2, range(20_000), 3)
    assert u.shape == (20_000, 3)
    assert 0 <= u.min() < u.max() < 1
    assert u.mean(axis=0) == pytest.approx([0.5] * 3, abs=0.01)
    assert u.std(axis=0) == pytest.approx([12**-0.5] * 3, abs=0.01)
    assert np.abs(np.corrcoef(u, rowvar=False) - np.eye(3)).max() < 0.03
    assert np.array_equal(uniforms(1, 2, [777], 2)[0], u[777, :2])
    words = [int(random_words(s, p, [0], 1)[0, 0]) for s in (1, 2**63 - 1) for p in (1, 2)]
    assert len(set(words)) == 4


def test_jitters_redraw_what_would_expand():
    systems = stack_systems(sample_anderson_farrell(50, seed=1, maps=(2, 4)))
    maps = systems.matrices.shape[1]
    u = uniforms(0, 0, range(50), 200)
    for changed, stronger in (
        (scaled_map(systems, u[:, :8].reshape(50, 4, 2), (0.8, 1.1)), 1.1),
        (scaled_entries(systems, u[:, : 4 * (1 + maps)].reshape(50, 4, -1), 0.4), 1.8),
        (scaled_parameters(systems, u[:, : 24 * maps].reshape(50, 4, maps, 6), 0.3), 1.3),
    ):
        assert largest_singular_values(changed.matrices).max() <= 1 + 1e-12
        assert not np.array_equal(changed.matrices, systems.matrices)
        assert (np.abs(changed.matrices) <= stronger * np.abs(systems.matrices) + 1e-12).all()
        assert changed.probabilities.sum(axis=1) == pytest.approx(np.ones(50))


def test_singular_values_and_areas_are_numpys():
    matrices = np.random.default_rng(0).normal(size=(6, 3, 2, 2))
    expected = np.linalg.norm(matrices, 2, axis=(2, 3))
    assert largest_singular_values(matrices) == pytest.approx(expected)
    matrices[1] = 0
    counts = np.array([3, 2, 3, 1, 2, 3])
    found = area_probabilities(matrices, counts)
    for i, n in enumerate(counts):
        area = np.abs(np.linalg.det(matrices[i, :n]))
        area = area / area.sum() if area.sum() else np.full(n, 1 / n)
        assert found[i, :n] == pytest.approx(area)
        assert (found[i, n:] == 0).all()
