import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selfsame import IFS, InputError
from selfsame.ifs.geometry.bounds import (
    bounding_ball,
    bounding_box,
    invariant_moments,
    is_eventually_contractive,
    joint_spectral_radius,
    word_cover,
)
from selfsame.ifs.geometry.dimension import affinity_dimension, similarity_dimension
from selfsame.ifs.geometry.svd_form import SVDForm, matrices_from_svd_form, svd_form_from_matrices
from selfsame.ifs.samples.library import classic, classic_names
from selfsame.ifs.samples.random import sample_anderson_farrell
from support.chaos_points import chaos_points

NORM_ABOVE_ONE = IFS([[[0.5, 1.2], [0, 0.3]], [[0.4, 0], [0.1, 0.4]]], [[0, 0], [1, 1]])
EXPANDING = IFS([[[1.1, 0], [0, 0.1]], [[0.5, 0], [0, 0.5]]], [[0, 0], [1, 0]])
ROTATION = IFS([[[0, -1], [1, 0]], [[0.5, 0], [0, 0.5]]], [[0, 0], [1, 0]])


# --- contraction ---


def test_word_cover_is_a_partition_of_the_infinite_words() -> None:
    # With equal maps of ratio 1/2 the shortest words of norm <= 1/8 are all words of 3 maps.
    gasket = classic("sierpinski-gasket")
    cover = word_cover(gasket, 0.125)
    assert cover is not None
    assert len(cover.norms) == 27
    # Kraft: probabilities of the words of a complete prefix code sum to 1. Here through the
    # norms s_w, as Σ s_i^D = 1 holds word by word.
    koch = classic("koch-snowflake")
    cover = word_cover(koch, 0.05)
    assert cover is not None
    assert (cover.norms**2).sum() == pytest.approx(1)
    assert len(np.unique(np.round(cover.norms, 9))) > 1


def test_word_cover_composes_in_the_right_order() -> None:
    system = NORM_ABOVE_ONE
    cover = word_cover(system, 0.9)
    assert cover is not None
    # Word (0, 1): first map 1, then map 0.
    expected = system.matrices[0] @ system.offsets[1] + system.offsets[0]
    assert np.isclose(cover.offsets, expected).all(axis=1).any()


def test_a_norm_above_one_may_contract_in_the_end() -> None:
    assert NORM_ABOVE_ONE.contraction > 1
    assert is_eventually_contractive(NORM_ABOVE_ONE)
    assert not is_eventually_contractive(EXPANDING)
    assert not is_eventually_contractive(ROTATION)
    assert not is_eventually_contractive(IFS(np.full((2, 2, 2), 1e200), np.zeros((2, 2))))
    assert not is_eventually_contractive(IFS(np.eye(2)[None], [[0, 0]]), max_words=500)


def test_joint_spectral_radius_of_known_pairs() -> None:
    # Blondel, Theys and Vladimirov's pair: the golden ratio, reached by the alternating product.
    lower, upper = joint_spectral_radius([[[1, 1], [0, 1]], [[1, 0], [1, 1]]])
    golden = (1 + np.sqrt(5)) / 2
    assert lower - 1e-12 <= golden <= upper + 1e-12
    assert upper - lower < 2e-3
    # Of symmetric and of triangular matrices it is the largest spectral radius.
    assert joint_spectral_radius([np.diag([0.3, -0.7]), 0.5 * np.eye(2)]) == pytest.approx(
        (0.7, 0.7), abs=2e-3
    )
    lower, upper = joint_spectral_radius([[[0.5, 9.0], [0, 0.4]], [[0.6, -9.0], [0, 0.1]]])
    assert lower == pytest.approx(0.6)
    assert lower <= upper < 1
    assert joint_spectral_radius(np.zeros((2, 3, 3))) == (0.0, 0.0)
    with pytest.raises(InputError, match="matrices must be finite"):
        joint_spectral_radius([[np.nan]])


@given(st.integers(0, 10**6))
@settings(max_examples=25, deadline=None)
def test_joint_spectral_radius_lies_between_brute_force_bounds(seed: int) -> None:
    A = np.random.default_rng(seed).normal(size=(2, 2, 2))
    lower, upper = joint_spectral_radius(A, max_words=4000)
    products, largest_radius, smallest_norm = A, 0.0, np.inf
    for length in range(1, 9):
        rates = np.linalg.norm(products, ord=2, axis=(1, 2)).max() ** (1 / length)
        smallest_norm = min(smallest_norm, rates)
        radius = np.abs(np.linalg.eigvals(products)).max() ** (1 / length)
        largest_radius = max(largest_radius, radius)
        products = (products[:, None] @ A).reshape(-1, 2, 2)
    assert lower <= smallest_norm * (1 + 1e-9)
    assert upper >= largest_radius * (1 - 1e-9)
    assert lower <= upper


# --- bounds ---


def test_bounds_of_known_attractors() -> None:
    center, radius = bounding_ball(classic("sierpinski-gasket"))
    assert center == pytest.approx([0.5, np.sqrt(1 / 12)], abs=2e-3)
    assert radius == pytest.approx(np.sqrt(1 / 3), rel=5e-3)
    low, high = bounding_box(classic("sierpinski-carpet"))
    assert low == pytest.approx([0, 0], abs=0.01)
    assert high == pytest.approx([1, 1], abs=0.01)


def test_a_single_map_has_a_point_as_its_attractor() -> None:
    system = IFS([[[0.5, 0], [0, -0.5]]], [[1, 3]])
    center, radius = bounding_ball(system)
    assert np.linalg.norm(center - [2, 2]) <= radius < 1e-2


@pytest.mark.parametrize("name", classic_names())
def test_bounds_contain_the_classics(name: str) -> None:
    system = classic(name)
    points = chaos_points(system, 20_000)
    center, radius = bounding_ball(system)
    assert np.linalg.norm(points - center, axis=1).max() <= radius
    low, high = bounding_box(system)
    assert (points >= low).all()
    assert (points <= high).all()
    extent = np.ptp(points, axis=0)
    assert (high - low <= 1.25 * extent + 0.12 * extent.max()).all()  # not only right, but tight


def test_bounds_contain_random_systems_and_maps_with_norms_above_one() -> None:
    systems = [*sample_anderson_farrell(12, seed=5), NORM_ABOVE_ONE]
    for system in systems:
        points = chaos_points(system, 5000)
        center, radius = bounding_ball(system, max_words=3000)
        assert np.linalg.norm(points - center, axis=1).max() <= radius


@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6), st.floats(1e-6, 1e6))
@settings(max_examples=20, deadline=None)
def test_the_ball_moves_and_grows_with_the_system(x: float, y: float, scale: float) -> None:
    gasket, shift = classic("sierpinski-gasket"), np.array([x, y])
    moved = IFS(gasket.matrices, scale * gasket.offsets + shift - gasket.matrices @ shift)
    center, radius = bounding_ball(moved, max_words=2000)
    corners = scale * np.array([[0, 0], [1, 0], [0.5, np.sqrt(0.75)]]) + shift
    assert (np.linalg.norm(corners - center, axis=1) <= radius * (1 + 1e-9) + 1e-9).all()
    assert radius < 0.7 * scale + 1e-8 * np.linalg.norm(shift)


def test_bounds_of_an_expanding_system_are_refused() -> None:
    for bound in (bounding_ball, bounding_box):
        with pytest.raises(InputError, match="not contractive"):
            bound(EXPANDING, max_words=2000)


# --- moments ---


@pytest.mark.parametrize("name", ["barnsley-fern", "maple-leaf", "fern-3d", "menger-sponge"])
def test_moments_agree_with_the_chaos_game(name: str) -> None:
    system = classic(name)
    mean, covariance = invariant_moments(system)
    points = chaos_points(system, 200_000)
    scale = np.sqrt(np.trace(covariance))
    assert np.abs(points.mean(axis=0) - mean).max() < 0.01 * scale
    assert np.abs(np.cov(points.T) - covariance).max() < 0.02 * scale**2


def test_moments_of_the_cantor_dust_are_known() -> None:
    mean, covariance = invariant_moments(classic("cantor-dust"))
    assert mean == pytest.approx([0.5, 0.5])
    assert covariance == pytest.approx(np.eye(2) / 8)  # the Cantor distribution has variance 1/8


def test_moments_need_contraction_on_average() -> None:
    with pytest.raises(InputError, match="no finite second moment"):
        invariant_moments(IFS([1.1 * np.eye(2)], [[1, 0]]))
    with pytest.raises(InputError, match="no finite second moment"):
        invariant_moments(IFS([1e200 * np.eye(2)], [[1, 0]]))
    mean, _ = invariant_moments(EXPANDING)  # its expanding map is rare enough
    assert np.isfinite(mean).all()


# --- dimensions ---


def test_similarity_dimension_solves_morans_equation() -> None:
    for name in ("koch-snowflake", "golden-dragon", "jerusalem-cube", "barnsley-fern"):
        system = classic(name)
        D = similarity_dimension(system)
        scales = np.linalg.norm(system.matrices, ord=2, axis=(1, 2))
        assert (scales**D).sum() == pytest.approx(1)


def test_similarity_dimension_at_the_edges() -> None:
    assert similarity_dimension(IFS([np.eye(2) / 2], [[0, 0]])) == 0
    assert similarity_dimension(IFS(np.zeros((3, 2, 2)), np.zeros((3, 2)))) == 0
    one_flat = IFS([np.eye(2) / 2, np.eye(2) / 2, np.zeros((2, 2))], np.zeros((3, 2)))
    assert similarity_dimension(one_flat) == pytest.approx(1)
    assert (
        similarity_dimension(IFS(np.tile(0.999999 * np.eye(2), (2, 1, 1)), np.zeros((2, 2)))) > 1e5
    )
    with pytest.raises(InputError, match="norms below 1: got 1"):
        similarity_dimension(IFS([np.eye(2)], [[0, 0]]))


def test_affinity_dimension_equals_the_similarity_dimension_of_similitudes() -> None:
    for name in ("sierpinski-gasket", "koch-snowflake", "heighway-dragon", "menger-sponge"):
        system = classic(name)
        assert affinity_dimension(system) == pytest.approx(similarity_dimension(system), abs=1e-6)


def test_affinity_dimension_knows_of_flat_maps() -> None:
    # Maps diag(1/2, 1/8): for s in [1, 2] 4 · 1/2 · 8^-(s-1) = 1, so s = 1 + 1/3.
    flat = IFS(np.tile(np.diag([0.5, 0.125]), (4, 1, 1)), np.arange(8).reshape(4, 2))
    assert affinity_dimension(flat) == pytest.approx(4 / 3)
    assert similarity_dimension(flat) == pytest.approx(2)
    # Beyond d it counts areas: 8 maps of area 1/4 give 8 · 4^(-s/2) = 1, so s = 3.
    full = IFS(np.tile(np.diag([0.5, 0.5]), (8, 1, 1)), np.zeros((8, 2)))
    assert affinity_dimension(full) == pytest.approx(3)
    assert affinity_dimension(IFS([np.diag([0.5, 0.0])] * 2, np.zeros((2, 2)))) == pytest.approx(1)
    assert affinity_dimension(IFS([np.diag([0.5, 0.0])] * 4, np.zeros((4, 2)))) == pytest.approx(1)


def test_affinity_dimension_of_norms_above_one() -> None:
    assert 0 < affinity_dimension(NORM_ABOVE_ONE) < 2
    with pytest.raises(InputError, match="contracts"):
        affinity_dimension(EXPANDING)


# --- SVD form ---

FINITE = st.floats(-1e150, 1e150) | st.sampled_from([0.0, 1.0, -1.0, 1e-310, 5e-324, 1e300])


@given(st.lists(FINITE, min_size=4, max_size=4))
@settings(max_examples=200, deadline=None)
def test_svd_form_round_trip(entries: list[float]) -> None:
    A = np.array(entries).reshape(2, 2)
    form = svd_form_from_matrices(A)
    assert (np.abs(form.signs) == 1).all()
    assert form.sigma[0] >= form.sigma[1] >= 0
    assert max(abs(form.theta), abs(form.phi)) <= np.pi
    scale = np.abs(A).max()
    assert matrices_from_svd_form(form) == pytest.approx(A, abs=1e-14 * scale + 1e-320)


def test_svd_form_is_the_product_of_equation_10() -> None:
    theta, s1, s2, phi = 0.7, 2.0, 0.5, -1.9
    signs = np.array([-1.0, 1.0])

    def rotation(t: float) -> np.ndarray:
        return np.array([[np.cos(t), -np.sin(t)], [np.sin(t), np.cos(t)]])

    expected = rotation(theta) @ np.diag([s1, s2]) @ rotation(phi) @ np.diag(signs)
    form = SVDForm(np.array(theta), np.array([s1, s2]), np.array(phi), signs)
    assert matrices_from_svd_form(form) == pytest.approx(expected)


def test_svd_form_takes_any_leading_shape() -> None:
    A = np.random.default_rng(0).normal(size=(3, 5, 2, 2))
    form = svd_form_from_matrices(A)
    assert form.theta.shape == (3, 5)
    assert form.sigma.shape == form.signs.shape == (3, 5, 2)
    assert matrices_from_svd_form(form) == pytest.approx(A)
    assert form.sigma == pytest.approx(np.linalg.svd(A, compute_uv=False))
    assert matrices_from_svd_form(svd_form_from_matrices(np.zeros((0, 2, 2)))).shape == (0, 2, 2)


@pytest.mark.parametrize(
    "bad", [np.zeros((2, 3)), np.zeros(4), [[np.nan, 0], [0, 1]], np.full((2, 2), 1e305)]
)
def test_svd_form_refuses_other_shapes_and_nan(bad: np.ndarray) -> None:
    with pytest.raises(InputError, match=r"matrices must be \(..., 2, 2\) within"):
        svd_form_from_matrices(bad)
