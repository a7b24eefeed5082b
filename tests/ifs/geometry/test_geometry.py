import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from selfsame import IFS, InputError
from selfsame.ifs.geometry.bounds import (
    STRICTLY_BELOW_ONE,
    bounding_ball,
    bounding_box,
    word_cover,
)
from selfsame.ifs.geometry.dimension import affinity_dimension, similarity_dimension
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
    assert word_cover(NORM_ABOVE_ONE, STRICTLY_BELOW_ONE) is not None
    huge = IFS(np.full((2, 2, 2), 1e200), np.zeros((2, 2)))
    still = IFS(np.eye(2)[None], [[0, 0]])
    for system in (EXPANDING, ROTATION, huge, still):
        assert word_cover(system, STRICTLY_BELOW_ONE, max_words=2000) is None


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
