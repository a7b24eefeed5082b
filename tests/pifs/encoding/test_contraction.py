"""The proof of contraction against the matrix itself."""

import numpy as np
import pytest

from selfsame.pifs.code import HALF, NO_MAP, PlaneCode
from selfsame.pifs.decoding.attractor import apply_maps
from selfsame.pifs.decoding.transform import inverse_dct
from selfsame.pifs.encoding.contraction import (
    SETTLED,
    contraction_bounds,
    contractive_maps,
    settled,
)
from support.random_codes import random_code


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
    n = plane.levels.size
    zero = np.zeros(plane.levels.shape, np.float32)
    columns = []
    for i in range(n):
        unit = zero.copy()
        unit.flat[i] = 1
        columns.append(apply_maps(unit, zero, plane.blocks, plane.maps).ravel())
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
