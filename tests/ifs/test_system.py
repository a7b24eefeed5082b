import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from selfsame import IFS, InputError
from selfsame.ifs.system import MAX_MAPS, SUM_TOLERANCE, default_probabilities

HALF = [[[0.5, 0], [0, 0.5]], [[0.5, 0], [0, 0.25]]]
OFFSETS = [[0, 0], [1, 0]]


def test_arrays_are_copied_converted_and_read_only() -> None:
    matrices = np.array(HALF, np.float32)
    system = IFS(matrices, OFFSETS)
    matrices[:] = 7
    assert system.matrices.dtype == np.float64
    assert system.matrices[0, 0, 0] == 0.5
    for array in (system.matrices, system.offsets, system.probabilities):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


def test_default_probabilities_follow_the_area_with_a_floor() -> None:
    assert IFS(HALF, OFFSETS).probabilities == pytest.approx([2 / 3, 1 / 3])
    floored = default_probabilities([np.eye(2), 1e-9 * np.eye(2)])
    assert floored == pytest.approx([1 / 1.01, 0.01 / 1.01])
    assert default_probabilities(np.zeros((4, 3, 3))) == pytest.approx([0.25] * 4)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([[1, 0], [0, 1]], [0, 0]), r"matrices must be \(N, 2, 2\) or \(N, 3, 3\)"),
        ((np.zeros((1, 4, 4)), np.zeros((1, 4))), "matrices must be"),
        ((np.zeros((0, 2, 2)), np.zeros((0, 2))), "1 to 65536 maps: got 0"),
        ((np.zeros((MAX_MAPS + 1, 2, 2)), np.zeros((MAX_MAPS + 1, 2))), "got 65537"),
        ((HALF, [[0, 0]]), "offsets must be"),
        ((HALF, [[0, 0, 0], [0, 0, 0]]), "offsets must be"),
        ((HALF, [[0, 0], [0, np.nan]]), "offsets must be finite"),
        (([[[np.inf, 0], [0, 1]]], [[0, 0]]), "matrices must be finite"),
        (([["a", "b"]], OFFSETS), "matrices must be an array of numbers"),
        ((HALF, OFFSETS, [1]), "probabilities must be"),
        ((HALF, OFFSETS, [1.5, -0.5]), "probabilities must be"),
        ((HALF, OFFSETS, [0.5, 0.4]), "sum 0.9"),
        ((HALF, OFFSETS, [1e308, 1e308]), "probabilities must be"),
        ((HALF, OFFSETS, None, [[0, 0, 0]]), "colors must be"),
        ((HALF, OFFSETS, None, [[0, 0, 0], [0, 0, 1.1]]), "colors must be"),
    ],
)
def test_what_cannot_be_a_system_is_refused(arguments: tuple, message: str) -> None:
    with pytest.raises(InputError, match=message):
        IFS(*arguments)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40).filter(lambda w: sum(w) > 1e-3))
def test_rebuilding_a_system_changes_no_probability(weights: list[float]) -> None:
    p = np.array(weights) / np.sum(weights)
    count = len(p)
    system = IFS(np.zeros((count, 2, 2)), np.zeros((count, 2)), p)
    again = IFS(system.matrices, system.offsets, system.probabilities)
    assert again == system
    assert abs(system.probabilities.sum() - 1) < 1e-11


def test_probabilities_that_nearly_sum_to_one_are_scaled() -> None:
    system = IFS(HALF, OFFSETS, [0.5, 0.5 + SUM_TOLERANCE / 2])
    assert system.probabilities.sum() == pytest.approx(1, abs=1e-15)


def test_equality_sees_every_part() -> None:
    system = IFS(HALF, OFFSETS, [0.5, 0.5], [[1, 0, 0], [0, 1, 0]])
    assert system == IFS(HALF, OFFSETS, [0.5, 0.5], [[1, 0, 0], [0, 1, 0]])
    assert system != IFS(HALF, OFFSETS, [0.5, 0.5])
    assert system != IFS(HALF, OFFSETS, [0.4, 0.6], [[1, 0, 0], [0, 1, 0]])
    assert system != IFS(HALF, [[0, 0], [1, 1]], [0.5, 0.5], [[1, 0, 0], [0, 1, 0]])
    assert system != "a string"
    assert hash(system) == hash(IFS(HALF, OFFSETS, [0.5, 0.5], [[1, 0, 0], [0, 1, 0]]))


def test_contraction_is_the_largest_singular_value() -> None:
    shear = [[1.0, 1.0], [0.0, 1.0]]
    golden = (1 + np.sqrt(5)) / 2
    assert IFS([shear], [[0, 0]]).contraction == pytest.approx(golden)
    assert IFS(HALF, OFFSETS).contraction == 0.5
    assert IFS(np.zeros((1, 3, 3)), [[0, 0, 0]]).dimension == 3
    assert len(IFS(HALF, OFFSETS)) == 2
