"""The chaos game against an independent scalar one, closed forms and its own promises."""

import numpy as np
import pytest
from scipy import stats

from benchmarks.reference.chaos_scalar import binary_picture, chain
from selfsame.errors import InputError
from selfsame.ifs.chaos.games import burn_in_steps
from selfsame.ifs.code import Viewport
from selfsame.ifs.render.histogram import count_points, set_cells, sum_colors
from selfsame.ifs.render.points import sample_colored_points, sample_points
from selfsame.ifs.samples.library import classic
from selfsame.ifs.system import IFS
from support.chaos_points import invariant_moments

SKEWED = IFS(
    [[[0.5, 0.2], [-0.1, 0.4]], [[0.3, -0.4], [0.4, 0.3]], [[0.6, 0.0], [0.1, -0.3]]],
    [[0.0, 0.1], [0.7, -0.2], [-0.5, 0.6]],
    [0.5, 0.2, 0.3],
)
VIEW = Viewport(-2.0, -1.5, 2.0, 1.5)
SIZE = (16, 12)


def reference_counts(system: IFS, n: int, seed: int) -> np.ndarray:
    points = chain(system.matrices, system.offsets, system.probabilities, n, seed)
    width, height = SIZE
    column = np.floor((points[:, 0] - VIEW.x_min) / VIEW.width * width).astype(int)
    row = np.floor((VIEW.y_max - points[:, 1]) / VIEW.height * height).astype(int)
    inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
    cells = (row * width + column)[inside]
    return np.bincount(cells, minlength=width * height).reshape(height, width)


@pytest.fixture(scope="module")
def long_run() -> np.ndarray:
    """Probabilities of the cells by ten million points of the scalar chain."""
    return sum(reference_counts(SKEWED, 2_500_000, seed) for seed in range(4)) / 1e7


def chi_square(counts: np.ndarray, p: np.ndarray, n: int) -> tuple[float, int]:
    expected = n * p
    enough = expected >= 20
    rest = n - counts[enough].sum(), n * (1 - p[enough].sum())
    terms = (counts[enough] - expected[enough]) ** 2 / expected[enough]
    return float(terms.sum() + (rest[0] - rest[1]) ** 2 / max(rest[1], 1)), int(enough.sum())


def chain_inflation(p: np.ndarray, n: int, starts: int) -> float:
    """Mean chi-square per degree of independent scalar chains, for the points of a chain are
    not independent of their successors."""
    return float(
        np.mean(
            [
                np.divide(*chi_square(reference_counts(SKEWED, n, 100 + s), p, n))
                for s in range(starts)
            ]
        )
    )


def test_histogram_agrees_with_the_scalar_chain_on_both_sides(long_run):
    # A chain's points depend on their predecessors, which inflates chi-square; that factor is
    # measured on scalar chains. Ours must match it: larger is a wrong measure, smaller would be
    # a sampler that is more even than independent chains.
    n, runs = 200_000, 30
    ours = np.mean(
        [
            np.divide(*chi_square(count_points(SKEWED, VIEW, SIZE, n, seed=s), long_run, n))
            for s in range(runs)
        ]
    )
    theirs = chain_inflation(long_run, n, runs)
    assert 0.85 < ours / theirs < 1.15


def test_variance_of_counts_is_that_of_independent_chains(long_run):
    n, runs = 20_000, 300
    ours = np.array([count_points(SKEWED, VIEW, SIZE, n, seed=s) for s in range(runs)])
    theirs = np.array([reference_counts(SKEWED, n, 1000 + s) for s in range(runs)])
    busy = long_run > 0.005
    ratio = ours.var(axis=0)[busy] / theirs.var(axis=0)[busy]
    # Each variance has a relative error of sqrt(2 / 300) = 8 %; the mean of many cells, less.
    assert 0.93 < np.mean(ratio) < 1.07
    assert ratio.min() > 0.6
    assert ratio.max() < 1.6


def test_pairs_of_cells_covary_as_in_independent_chains(long_run):
    n, runs = 20_000, 300
    ours = np.array([count_points(SKEWED, VIEW, SIZE, n, seed=s).ravel() for s in range(runs)])
    theirs = np.array([reference_counts(SKEWED, n, 5000 + s).ravel() for s in range(runs)])
    busy = (long_run > 0.02).ravel()
    a, b = (np.corrcoef(x[:, busy].T) for x in (ours, theirs))
    off = ~np.eye(busy.sum(), dtype=bool)
    # Correlations are known to 1 / sqrt(300) = 0.058 each.
    assert np.abs((a - b)[off]).mean() < 0.08
    assert abs(float((a - b)[off].mean())) < 0.02


def test_moments_are_those_of_the_invariant_measure():
    points = sample_points(SKEWED, 1_000_000, seed=5).astype(np.float64)
    mean, covariance = invariant_moments(SKEWED)
    assert np.allclose(points.mean(axis=0), mean, atol=3e-3)
    assert np.allclose(np.cov(points.T), covariance, atol=3e-3)


def test_moments_in_three_dimensions():
    fern = classic("fern-3d")
    points = sample_points(fern, 1_000_000, seed=5).astype(np.float64)
    mean, covariance = invariant_moments(fern)
    spread = np.sqrt(np.trace(covariance))
    assert np.allclose(points.mean(axis=0), mean, atol=0.01 * spread)
    assert np.allclose(np.cov(points.T), covariance, atol=0.02 * spread**2)


def test_points_come_in_no_order():
    points = sample_points(SKEWED, 100_000, seed=2)
    first, second = points[:50_000, 0], points[50_000:, 0]
    assert stats.ks_2samp(first, second).pvalue > 1e-4
    neighbours = np.corrcoef(points[:-1, 0], points[1:, 0])[0, 1]
    assert abs(neighbours) < 0.02


def test_gasket_never_hits_its_hole():
    gasket = IFS(np.tile(np.eye(2) / 2, (3, 1, 1)), [[0, 0], [0.5, 0], [0, 0.5]])
    points = sample_points(gasket, 200_000, seed=1)
    x, y = points.T
    # The open triangle (½, 0) (0, ½) (½, ½), and the sides of the outer one.
    hole = (x < 0.5 - 1e-6) & (y < 0.5 - 1e-6) & (x + y > 0.5 + 1e-6)
    assert not hole.any()
    assert x.min() >= 0
    assert y.min() >= 0
    assert (x + y).max() <= 1 + 1e-6


def test_zero_probability_is_never_chosen():
    system = IFS(np.zeros((3, 2, 2)), [[0, 0], [1, 1], [2, 2]], [0.5, 0.0, 0.5])
    points = sample_points(system, 50_000)
    assert set(np.unique(points)) == {0.0, 2.0}
    assert abs((points[:, 0] == 0).mean() - 0.5) < 0.02


@pytest.mark.parametrize("n", [1, 127, 1024, 1025, 300_000])
def test_counts_hold_exactly_the_points_asked_for(n):
    view = Viewport(-10.0, -10.0, 10.0, 10.0)
    counts = count_points(SKEWED, view, (5, 7), n)
    assert counts.shape == (7, 5)
    assert counts.sum() == n
    assert sample_points(SKEWED, n).shape == (n, 2)


def test_results_depend_on_the_seed_but_not_on_threads():
    n = 9_000_000  # several shares
    one = count_points(SKEWED, VIEW, SIZE, n, seed=3, threads=1)
    two = count_points(SKEWED, VIEW, SIZE, n, seed=3, threads=2)
    other = count_points(SKEWED, VIEW, SIZE, n, seed=4, threads=2)
    assert np.array_equal(one, two)
    assert not np.array_equal(one, other)
    points = [sample_points(SKEWED, 3_000_000, seed=3, threads=t) for t in (1, 3)]
    assert np.array_equal(*points)
    sums = [sum_colors(SKEWED, VIEW, SIZE, 900_000, seed=3, threads=t) for t in (1, 3)]
    assert all(np.array_equal(a, b) for a, b in zip(*sums, strict=True))
    cells = [set_cells(SKEWED, VIEW, (640, 480), seed=3, threads=t) for t in (1, 3)]
    assert np.array_equal(*cells)


def test_many_maps_share_the_points_by_their_probabilities():
    p = np.random.default_rng(0).dirichlet(np.ones(1000))
    offsets = np.stack([np.arange(1000) + 0.5, np.zeros(1000)], axis=1)
    system = IFS(np.zeros((1000, 2, 2)), offsets, p)
    counts = count_points(system, Viewport(0.0, -1.0, 1000.0, 1.0), (1000, 1), 1_000_000)[0]
    chi2, _ = float(((counts - 1e6 * p) ** 2 / (1e6 * p)).sum()), 999
    assert 1e-4 < stats.chi2.cdf(chi2, 999) < 1 - 1e-4


def test_colour_is_the_blend_of_the_last_maps():
    # Constant maps: the point tells the last map, its colour is (c_last + blend before) / 2.
    colors = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.5]]
    system = IFS(np.zeros((2, 2, 2)), [[0, 0], [1, 0]], [0.25, 0.75], colors)
    points, c = sample_colored_points(system, 200_000, seed=1)
    stationary = 0.25 * np.array(colors[0]) + 0.75 * np.array(colors[1])
    for i in (0, 1):
        mean = c[points[:, 0] == i].mean(axis=0)
        assert np.allclose(mean, (np.array(colors[i]) + stationary) / 2, atol=5e-3)
    sums, counts = sum_colors(system, Viewport(-0.5, -0.5, 1.5, 0.5), (2, 1), 200_000)
    assert np.allclose(sums[0, 0] / counts[0, 0], (np.array(colors[0]) + stationary) / 2, atol=5e-3)
    assert counts.sum() == 200_000


def test_a_deep_zoom_agrees_with_the_plain_game():
    # The corner of the gasket at (0, 0) is a copy of the whole, scaled by 2**-10.
    gasket = IFS(np.tile(np.eye(2) / 2, (3, 1, 1)), [[0, 0], [0.5, 0], [0, 0.5]])
    n = 400_000
    whole = count_points(gasket, Viewport(0.0, 0.0, 1.0, 1.0), (32, 32), n, seed=1)
    s = 2.0**-10
    corner = count_points(gasket, Viewport(0.0, 0.0, s, s), (32, 32), n, seed=2)
    # Points on the sides of the gasket lie on pixel borders; rounding may put a few across.
    assert np.array_equal(whole > 20, corner > 20)
    a, b = whole / whole.sum(), corner / corner.sum()
    assert np.abs(a - b).max() < 6 * np.sqrt(a.max() / corner.sum() * 4)


def test_an_empty_window_is_empty():
    gasket = classic("sierpinski-gasket")
    far = Viewport(50.0, 50.0, 51.0, 51.0)
    assert count_points(gasket, far, (8, 8), 1000).sum() == 0
    assert set_cells(gasket, far, (8, 8)).sum() == 0
    assert sum_colors(gasket, far, (8, 8), 1000)[1].sum() == 0


def test_the_scalar_binary_picture_is_ours():
    # The two share no random numbers: compare what both have filled.
    view = Viewport(-2.0, -2.0, 2.0, 2.0)
    maps = np.concatenate([SKEWED.matrices.reshape(-1, 4), SKEWED.offsets], axis=1)
    theirs = binary_picture(maps, SKEWED.probabilities, 3_000_000, np.array(view), 64, 0)
    ours = set_cells(SKEWED, view, (64, 64), 3_000_000)
    assert (theirs != ours).mean() < 0.005
    assert ours.mean() > 0.04


EXPANDING = IFS([[[1.5, 0], [0, 1.5]], [[1.4, 0.2], [0.1, 1.6]]], [[1, 0], [0, 1]])


def test_escaping_points_are_an_error_that_names_the_cause():
    view = Viewport(-1.0, -1.0, 1.0, 1.0)
    for work in (
        lambda: sample_points(EXPANDING, 1000),
        lambda: sample_colored_points(EXPANDING, 1000),
        lambda: count_points(EXPANDING, view, (8, 8), 100_000),
        lambda: set_cells(EXPANDING, view, (8, 8), 100_000),
        lambda: sum_colors(EXPANDING, view, (8, 8), 100_000),
    ):
        with pytest.raises(InputError, match="escape to infinity"):
            work()


def test_one_expanding_map_among_contracting_ones_is_fine():
    system = IFS([np.eye(2) * 1.2, np.eye(2) * 0.3], [[0.5, 0], [0, 0.5]], [0.3, 0.7])
    counts = count_points(system, Viewport(-100.0, -100.0, 100.0, 100.0), (4, 4), 500_000)
    assert counts.sum() > 400_000
    assert np.isfinite(sample_points(system, 100_000)).all()


@pytest.mark.parametrize("value", [1e39, 1e300])
def test_numbers_beyond_single_precision_do_no_harm(value):
    far = IFS([np.eye(2) * 0.5], [[value, 0.0]])
    assert count_points(far, Viewport(0.0, 0.0, 1.0, 1.0), (4, 4), 5000).sum() == 0
    with pytest.raises(InputError, match="escape"):
        sample_points(far, 100)
    with pytest.raises(InputError, match="escape"):
        sample_points(IFS([np.eye(3) * value], [[1.0, 1.0, 1.0]]), 100)


@pytest.mark.parametrize("points", [0, -1, 2**32, 1.5])
def test_unusable_numbers_of_points_are_refused(points):
    with pytest.raises(InputError, match="points must be"):
        sample_points(SKEWED, points)
    with pytest.raises(InputError, match="points must be"):
        count_points(SKEWED, VIEW, SIZE, points)


def test_too_much_memory_is_refused_before_it_is_taken():
    with pytest.raises(InputError, match="GiB"):
        sum_colors(SKEWED, VIEW, (16_384, 16_384), 10)
    with pytest.raises(InputError, match="pixels"):
        count_points(SKEWED, VIEW, (65_535, 65_535), 10)
    with pytest.raises(InputError, match="GiB"):
        sample_points(SKEWED, 4_000_000_000)


@pytest.mark.parametrize(
    ("scale", "steps"), [(0.0, 16), (0.25, 16), (0.5, 24), (0.9, 158), (1.0, 1000), (3.0, 1000)]
)
def test_burn_in_shrinks_differences_below_single_precision(scale, steps):
    matrices = np.tile(np.eye(2) * scale, (3, 1, 1))
    p = np.array([0.2, 0.3, 0.5])
    assert burn_in_steps(matrices, p) == steps
    pair = np.stack([matrices, matrices / 2]), np.stack([p, p])
    assert burn_in_steps(*pair)[0] == steps  # batches row by row
