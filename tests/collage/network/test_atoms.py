import numpy as np
import pytest

from selfsame.collage.code import GRID
from selfsame.collage.network.atoms import cosine_basis, lapped_basis, start_atoms


@pytest.mark.parametrize("hop", [4, 16])
def test_lapped_functions_are_orthonormal_and_so_are_their_shifts(hop):
    basis = lapped_basis(hop)
    assert basis.shape == (2 * hop, hop)
    np.testing.assert_allclose(basis.T @ basis, np.eye(hop), atol=1e-12)
    np.testing.assert_allclose(basis[hop:].T @ basis[:hop], 0, atol=1e-12)


def test_lapped_functions_reconstruct_any_signal():
    hop, count = 8, 6
    signal = np.random.default_rng(0).normal(size=hop * count)
    basis = lapped_basis(hop)
    matrix = np.zeros((hop * count, hop * count))  # periodic, so that there is no border
    for block in range(count):
        places = (np.arange(2 * hop) + block * hop) % (hop * count)
        matrix[places, block * hop : (block + 1) * hop] = basis
    np.testing.assert_allclose(matrix @ (matrix.T @ signal), signal, atol=1e-10)


def test_lapped_functions_come_by_rising_frequency():
    basis = lapped_basis(16)
    changes = [int((np.diff(np.sign(column)) != 0).sum()) for column in basis.T]
    assert changes[0] <= 2
    assert np.mean(changes[8:]) > np.mean(changes[:8])
    spectrum = np.abs(np.fft.rfft(basis, 256, axis=0)) ** 2
    centres = (np.arange(129)[:, None] * spectrum).sum(0) / spectrum.sum(0)
    assert (np.diff(centres) > 0).all()


def test_cosines_are_orthonormal():
    np.testing.assert_allclose(cosine_basis(16).T @ cosine_basis(16), np.eye(16), atol=1e-12)


@pytest.mark.parametrize(("overlap", "side"), [(0, 16), (8, 32)])
def test_start_atoms_have_the_side_of_a_block_and_a_bias_that_means(overlap, side):
    blocks, filters = start_atoms(overlap, 12)
    assert blocks.shape == (12, side, side)
    assert filters.shape == (13, side, side)
    assert filters[0].sum() == pytest.approx(1)
    assert GRID + 2 * overlap == side


def test_no_atoms_leave_the_bias():
    blocks, filters = start_atoms(8, 0)
    assert blocks.shape == (0, 32, 32)
    assert filters.shape == (1, 32, 32)
