"""The attractor against loops over pixels, the proof of contraction against the matrix itself."""

from dataclasses import replace

import numpy as np
import pytest

from selfsame.errors import InputError
from selfsame.pifs.code import CONTRACTION, COPY, HALF, LUMA, NO_MAP, PlaneCode
from selfsame.pifs.decoding.planes import (
    LIMIT,
    SETTLED,
    contractive_maps,
    inverse_dct,
    settled,
)
from support.attractors import contraction_bounds, reconstruct_plane
from support.random_codes import naive_isometry, random_code


def naive_application(x, b, plane, scale, luma):
    out = b.astype(np.float64)
    for block, row in zip(plane.blocks, plane.maps, strict=True):
        kind, domain_y, domain_x, isometry, index = (int(v) for v in row)
        if kind == NO_MAP:
            continue
        y, left, n = int(block[0]) * scale, int(block[1]) * scale, (1 << int(block[2])) * scale
        if kind == LUMA:
            k = len(luma) // len(b)
            source, top, side = luma, y * k, left * k
        else:
            k = CONTRACTION[kind]
            source, top, side = x, domain_y * scale, domain_x * scale
        pooled = np.empty((n, n))
        for i in range(n):
            for j in range(n):
                a, c = top + k * i, side + k * j
                pooled[i, j] = source[a : a + k, c : c + k].astype(np.float64).mean()
        moved = naive_isometry(pooled, isometry)
        out[y : y + n, left : left + n] += index / 8 * (moved - moved.mean())
    return out


@pytest.mark.parametrize("scale", [1, 2, 3])
@pytest.mark.parametrize("ratio", [1, 2])
def test_one_application_is_the_definition(scale, ratio):
    rng = np.random.default_rng(scale)
    plane = random_code(scale, 88, 72, channels=3).planes[1]
    assert set(plane.maps[:, 0]) == {0, 1, 2, 3, 4}
    assert set(plane.maps[:, 3]) == set(range(8))
    b = inverse_dct(plane, scale)
    x = rng.normal(0, 50, b.shape).astype(np.float32)
    luma = rng.normal(0, 50, (b.shape[0] * ratio, b.shape[1] * ratio)).astype(np.float32)
    got = reconstruct_plane(plane, 1, scale, luma, start=x)
    np.testing.assert_allclose(got, naive_application(x, b, plane, scale, luma), atol=2e-3)


def test_iteration_starts_from_b_and_applies_the_maps():
    plane = random_code(5, 72, 64).planes[0]
    b = inverse_dct(plane)
    x = b.astype(np.float64)
    for rounds in range(4):
        got = reconstruct_plane(plane, rounds)
        np.testing.assert_allclose(got, x, atol=5e-3)
        x = naive_application(x, b, plane, 1, None)
    np.testing.assert_array_equal(b, inverse_dct(plane))


def test_fixed_point_does_not_depend_on_the_start():
    plane = random_code(6, 96, 64).planes[0]
    rng = np.random.default_rng(0)
    start = rng.uniform(-128, 127, plane.levels.shape).astype(np.float32)
    kept = start.copy()
    one = reconstruct_plane(plane, 3, start=start)
    assert np.abs(one - reconstruct_plane(plane, 3)).max() > 1
    np.testing.assert_array_equal(start, kept)
    np.testing.assert_allclose(
        reconstruct_plane(plane, 60, start=start), reconstruct_plane(plane, 60), atol=1e-2
    )


def test_start_of_a_plane_without_maps_is_replaced_by_b():
    plane = random_code(6, 96, 64).planes[0]
    plane = replace(plane, maps=np.zeros_like(plane.maps))
    start = np.full(plane.levels.shape, 7, np.float32)
    np.testing.assert_array_equal(reconstruct_plane(plane, 1, start=start), inverse_dct(plane))
    np.testing.assert_array_equal(reconstruct_plane(plane, 0, start=start), start)


def test_maps_from_luma_alone_need_one_application():
    code = random_code(7, 80, 64, channels=3, half_chroma=True)
    maps = code.planes[1].maps.copy()
    maps[maps[:, 0] != LUMA] = 0
    plane = replace(code.planes[1], maps=maps)
    luma = reconstruct_plane(code.planes[0], 5)
    once = reconstruct_plane(plane, 1, luma=luma)
    expected = naive_application(once, inverse_dct(plane), plane, 1, luma)
    np.testing.assert_allclose(once, expected, atol=2e-3)
    np.testing.assert_array_equal(reconstruct_plane(plane, 9, luma=luma), once)


def test_average_of_a_finer_decoding_is_the_decoding():
    plane = random_code(8, 96, 64).planes[0]
    means = np.zeros_like(plane.levels)
    tops, lefts = plane.blocks[:, 0], plane.blocks[:, 1]
    means[tops, lefts] = plane.levels[tops, lefts]
    steps = replace(plane, levels=means)
    for kept, tolerance in ((steps, 1e-5), (plane, 1.5)):
        fine = reconstruct_plane(kept, 6, scale=2)
        averaged = fine.reshape(fine.shape[0] // 2, 2, fine.shape[1] // 2, 2).mean(axis=(1, 3))
        coarse = reconstruct_plane(kept, 6)
        assert coarse.std() > 20
        assert np.sqrt(np.mean((averaged - coarse) ** 2)) < tolerance


def test_expanding_maps_are_clipped():
    levels = np.zeros((8, 8), np.int32)
    levels[0, 1] = 5
    block, row = np.array([[0, 0, 3, 3]], np.int32), np.array([[COPY, 0, 0, 0, 12]], np.int32)
    values = reconstruct_plane(PlaneCode(8, 8, 20.0, block, row, levels), 64)
    assert (np.sort(np.unique(values)) == [-LIMIT, LIMIT]).all()


def test_maps_from_missing_luma_are_refused():
    plane = random_code(7, 80, 64, channels=3).planes[1]
    assert (plane.maps[:, 0] == LUMA).any()
    with pytest.raises(InputError, match="luma"):
        reconstruct_plane(plane, 1)


def full_plane(seed, side=24, scale=12):
    """A plane of 8 × 8 blocks that all have maps of the same large scale, beyond a proof."""
    rng = np.random.default_rng(seed)
    blocks = np.array(
        [[y, x, 3, 3] for y in range(0, side, 8) for x in range(0, side, 8)], np.int32
    )
    maps = np.zeros((len(blocks), 5), np.int32)
    maps[:, 0] = HALF
    maps[:, 1:3] = rng.integers(0, side - 16 + 1, (len(blocks), 2))
    maps[:, 3] = rng.integers(0, 8, len(blocks))
    maps[:, 4] = scale
    levels = np.zeros((side, side), np.int32)
    levels[::8, ::8] = rng.integers(-50, 50, (side // 8, side // 8))
    return PlaneCode(side, side, 8.0, blocks, maps, levels)


def matrix(plane):
    """S, column by column."""
    linear = replace(plane, levels=np.zeros_like(plane.levels))
    columns = []
    for i in range(plane.levels.size):
        unit = np.zeros(plane.levels.shape, np.float32)
        unit.flat[i] = 1
        columns.append(reconstruct_plane(linear, 1, start=unit).ravel())
    return np.array(columns).T


@pytest.mark.parametrize("seed", range(3))
def test_the_bound_holds(seed):
    plane = full_plane(seed, scale=6)
    radius = np.abs(np.linalg.eigvals(matrix(plane))).max()
    bound = contraction_bounds(plane.blocks, plane.maps, plane.levels.shape).max()
    assert radius**2 <= bound


@pytest.mark.parametrize("seed", range(4))
def test_scales_are_lowered_until_it_contracts(seed):
    plane = full_plane(seed)
    shape = plane.levels.shape
    assert contraction_bounds(plane.blocks, plane.maps, shape).max() > 1
    maps = contractive_maps(plane.blocks, plane.maps, shape)
    assert contraction_bounds(plane.blocks, maps, shape).max() < 1
    assert (np.abs(maps[:, 4]) <= np.abs(plane.maps[:, 4])).all()
    assert (maps[maps[:, 0] == NO_MAP] == 0).all()
    tamed = PlaneCode(24, 24, 8.0, plane.blocks, maps, plane.levels)
    assert np.abs(np.linalg.eigvals(matrix(tamed))).max() < 1


def test_maps_that_contract_are_left_alone():
    plane = random_code(3, 64, 64).planes[0]
    mild = plane.maps.copy()
    mild[:, 4] = np.sign(mild[:, 4])
    assert (contractive_maps(plane.blocks, mild, plane.levels.shape) == mild).all()


@pytest.mark.parametrize("seed", range(3))
def test_the_settled_picture_is_the_fixed_point(seed):
    plane = full_plane(seed, scale=5)
    x, count = settled(plane, None)
    s, b = matrix(plane).astype(np.float64), inverse_dct(plane).ravel().astype(np.float64)
    exact = np.linalg.solve(np.eye(len(b)) - s, b).reshape(x.shape)
    assert count > 1
    assert np.abs(x - exact).max() < 2 * SETTLED


def test_a_plane_without_maps_is_settled():
    plane = random_code(1, 64, 64).planes[0]
    plain = PlaneCode(64, 64, 2.0, plane.blocks, np.zeros_like(plane.maps), plane.levels)
    x, count = settled(plain, None)
    assert count == 0
    assert (x == inverse_dct(plain)).all()
