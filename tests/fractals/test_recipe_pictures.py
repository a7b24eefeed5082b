"""The pictures of single recipes: FractalDB's grid, labels of composites, what they are made of."""

from dataclasses import replace
from itertools import islice

import numpy as np
import pytest

from selfsame.fractals.recipes.fractaldb import MAX_INSTANCES, grid_place, variation_weights
from selfsame.fractals.recipes.jitter import largest_singular_values
from selfsame.ifs.render.batch import render_batch, stack_systems
from selfsame.ifs.samples.random import filling_rate, sample_fractaldb
from selfsame.ifs.system import IFS
from support.fractal_recipes import small


def systems_of(recipe):
    systems = recipe.systems
    return [
        IFS(A[:n], b[:n], p[:n])
        for A, b, p, n in zip(*systems[:3], systems.counts.tolist(), strict=True)
    ]


def test_a_thousand_instances_are_the_grid():
    places = np.stack(grid_place(np.arange(MAX_INSTANCES)), axis=1)
    assert len(np.unique(places, axis=0)) == 25 * 4 * 10
    assert places.min() == 0
    assert places.max(axis=0).tolist() == [24, 3, 9]
    first = places[:10]
    assert [len(np.unique(first[:, i])) for i in range(3)] == [10, 4, 10]


def test_there_are_25_variations_one_parameter_each():
    weights = variation_weights(0.1)
    assert weights.shape == (25, 6)
    assert (weights[0] == 1).all()
    changed = np.argwhere(weights != 1)
    assert changed[:, 0].tolist() == list(range(1, 25))
    assert np.bincount(changed[:, 1]).tolist() == [4] * 6
    for parameter in range(6):
        factors = weights[weights[:, parameter] != 1, parameter]
        assert factors == pytest.approx([0.8, 0.9, 1.1, 1.2])


def test_classes_are_the_first_draws_that_fill_their_picture():
    recipe = small("fractaldb")
    draws = (sample_fractaldb(1, seed=5, start=i)[0] for i in range(100))
    filled = (system for system in draws if filling_rate(system, seed=5) >= 0.05)
    assert systems_of(recipe) == list(islice(filled, 2))


def find_instance(place):
    places = np.stack(grid_place(np.arange(MAX_INSTANCES)), axis=1)
    return int(np.flatnonzero((places == place).all(axis=1))[0])


@pytest.mark.parametrize("color", [False, True])
def test_flips_are_flips_of_the_same_picture(color):
    recipe = small("fractaldb", instances=1000, color=color)
    for label, variation, patch in ((0, 0, 0), (1, 13, 7)):
        first = label * 1000
        plain, left_right, top_bottom, both = recipe.pictures(
            [first + find_instance((variation, flip, patch)) for flip in range(4)]
        )
        assert not np.array_equal(plain, left_right)
        assert np.array_equal(left_right, plain[:, ::-1])
        assert np.array_equal(top_bottom, plain[::-1])
        assert np.array_equal(both, plain[::-1, ::-1])


@pytest.mark.parametrize("variation", [0, 4, 22])
def test_a_picture_stamps_the_points_of_the_varied_system(variation):
    recipe = small("fractaldb", instances=1000)
    index = 1000 + find_instance((variation, 0, 3))
    about = recipe.instance_parameters(index)
    a, b, c, d, e, f = about["weights"]
    category = systems_of(recipe)[1]
    system = IFS(
        category.matrices * [[a, b], [c, d]], category.offsets * [e, f], category.probabilities
    )
    points = render_batch(
        [system],
        (32, 32),
        3000,
        stretch=True,
        margin=6 / 500,
        seed=5,
        streams=[25 + variation],
    )[0]
    expected = np.zeros((34, 34), np.uint8)
    for i, j in np.argwhere(points):
        for di, dj in np.argwhere(about["patch"]):
            expected[i + di, j + dj] = 127
    assert np.array_equal(recipe.pictures([index])[0], expected[1:-1, 1:-1])


def test_ten_patches_none_empty():
    recipe = small("fractaldb", instances=1000)
    patches = np.array([recipe.instance_parameters(i)["patch"] for i in range(20)])
    assert len(np.unique(patches, axis=0)) == 10
    assert patches.any(axis=(1, 2)).all()


def test_color_paints_the_same_pixels_in_hues():
    grey = small("fractaldb").pictures(range(10))
    colored = small("fractaldb", color=True).pictures(range(10))
    assert colored.shape == (10, 32, 32, 3)
    assert np.array_equal(colored.any(axis=3), grey > 0)
    painted = colored[grey > 0]
    assert (painted.max(axis=1) == 191).all()  # value 0.75
    assert (painted.min(axis=1) == 48).all()  # saturation 0.75
    assert len(np.unique(painted, axis=0)) > 100


def test_variations_that_escape_are_drawn_as_their_category():
    slow = IFS([np.eye(2) * 0.6, np.eye(2) * 0.5], [[0.5, 0.0], [0.0, 0.7]], [0.9, 0.1])
    wild = IFS([np.diag([1.2, 0.5]), np.diag([0.9, 0.6])], [[0.5, 0.1], [0.3, 0.7]], [0.5, 0.5])
    recipe = small("fractaldb", instances=1000, interval=0.5)
    recipe = replace(recipe, systems=stack_systems([slow, wild]), points=100_000)
    doubled = find_instance((4, 0, 0))  # a times 2
    plain = find_instance((0, 0, 0))
    pictures = recipe.pictures([1000 + doubled, 1000 + plain])
    assert pictures.any(axis=(1, 2)).all()
    assert np.array_equal(pictures[0], pictures[1])
    assert recipe.instance_parameters(1000 + doubled)["weights"] == [1.0] * 6
    # What grows so slowly that 32-bit numbers last is drawn.
    assert recipe.instance_parameters(doubled)["weights"][0] == 2


def test_labels_of_composites_are_those_of_their_fractals():
    recipe = small("multifractal", classes=40, instances=30)
    matrix = recipe.label_matrix(range(len(recipe)))
    numbers = []
    for index in range(0, len(recipe), 7):
        fractals = recipe.instance_parameters(index)["fractals"]
        labels = [fractal["label"] for fractal in fractals]
        assert labels[0] == recipe.label(index)
        assert sorted(set(labels)) == np.flatnonzero(matrix[index]).tolist()
        numbers.append(len(labels))
    assert sorted(set(numbers)) == [1, 2, 3, 4, 5]
    assert np.mean(numbers) == pytest.approx(3, abs=0.4)
    # Fractals beyond the first come from all classes alike.
    others = matrix.sum(axis=0) - 30
    assert others.min() > 20


def test_composites_lie_where_they_say():
    recipe = small("multifractal", objects=(1, 1), background=False, points=20_000, side=64)
    for index, picture in enumerate(recipe.pictures(range(len(recipe)))):
        about = recipe.instance_parameters(index)
        assert about["background"] is None
        left, top, side = about["fractals"][0]["place"]
        assert 0.15 * 64 - 1 <= side <= 0.6 * 64
        assert 0 <= left + side // 2 < 64
        assert 0 <= top + side // 2 < 64
        reach = 2 if about["blur_sigma"] else 1  # a blur spills by one pixel
        rows, columns = np.nonzero(picture.any(axis=2))
        assert rows.min() >= top - reach + 1
        assert columns.min() >= left - reach + 1
        assert rows.max() < top + side + reach - 1
        assert columns.max() < left + side + reach - 1


def test_jitter_of_anderson_farrell_scales_one_map_and_keeps_contractions():
    recipe = small("anderson-farrell", instances=200)
    given = systems_of(recipe)
    unchanged = 0
    for index in range(0, len(recipe), 5):
        fractal = recipe.instance_parameters(index)["fractals"][0]
        system = given[recipe.label(index)]
        ratio = np.array(fractal["matrices"]) / system.matrices
        factors = ratio.mean(axis=(1, 2))
        assert ratio == pytest.approx(np.broadcast_to(factors[:, None, None], ratio.shape))
        scaled = np.flatnonzero(np.abs(factors - 1) > 1e-12)
        assert len(scaled) <= 1
        unchanged += len(scaled) == 0
        assert ((factors >= 0.8) & (factors <= 1.1)).all()
        assert largest_singular_values(np.array(fractal["matrices"])).max() <= 1 + 1e-12
        area = np.abs(np.linalg.det(fractal["matrices"]))
        assert fractal["probabilities"] == pytest.approx(area / area.sum())
    assert unchanged < 10


def test_perturbations_are_factors_near_one_of_one_fractal():
    recipe = small("1p", classes=20, instances=1)
    matrices = recipe.systems.matrices
    assert recipe.systems.counts.tolist() == [2] * 20
    # Signs and sizes agree: two factors within 0.9..1.1 differ by no more than 11/9.
    ratio = matrices / matrices[:1]
    assert ((ratio >= 9 / 11) & (ratio <= 11 / 9)).all()
    assert len(np.unique(matrices[:, 0, 0, 0])) == 20
    assert np.ptp(recipe.systems.probabilities, axis=0) == pytest.approx([0, 0])
    assert all(filling_rate(system, seed=5) >= 0.05 for system in systems_of(recipe))
    still = small("1p", classes=2, delta=0.0)
    assert np.array_equal(still.systems.matrices[0], still.systems.matrices[1])
    sigma = np.linalg.svd(still.systems.matrices[0], compute_uv=False)
    assert 3.5 <= (sigma * [1, 2]).sum() <= 3.6


def test_custom_starts_with_the_system_as_given():
    recipe = small("custom")
    about = recipe.instance_parameters(6)
    given = systems_of(recipe)[1]
    assert np.array_equal(about["matrices"], given.matrices)
    assert not about["flip_horizontal"]
    jittered = recipe.instance_parameters(7)
    nonzero = given.matrices != 0
    ratio = np.array(jittered["matrices"])[nonzero] / given.matrices[nonzero]
    assert ((ratio >= 0.9) & (ratio <= 1.1)).all()
    assert not np.allclose(ratio, 1)
    assert np.array_equal(jittered["probabilities"], given.probabilities)
    still = small("custom", jitter=0, flips=False)
    assert np.array_equal(still.instance_parameters(8)["matrices"], given.matrices)
