"""Parts of data sets: whole, by class, and the same whatever is asked for."""

from dataclasses import replace

import numpy as np
import pytest

from selfsame.errors import InputError
from selfsame.fractals import SPLITS, split_of
from support.fractal_recipes import small


def test_every_class_has_the_same_share_of_every_part():
    recipe = small("custom", instances=50)
    parts = split_of(recipe, (0.8, 0.1, 0.1))
    assert parts.shape == (100,)
    assert SPLITS == ("train", "val", "test")
    for label in range(2):
        own = parts[label * 50 : (label + 1) * 50]
        assert np.bincount(own, minlength=3).tolist() == [40, 5, 5]
    assert not np.array_equal(parts[:50], parts[50:])
    assert (np.diff(parts[:50].astype(int)) != 0).sum() > 5  # no blocks


def test_a_part_does_not_depend_on_what_else_is_asked():
    recipe = small("custom", instances=50)
    parts = split_of(recipe, (0.6, 0.2, 0.2))
    chosen = [99, 3, 3, 57]
    assert np.array_equal(split_of(recipe, (0.6, 0.2, 0.2), chosen), parts[chosen])
    other = replace(recipe, side=64)
    assert np.array_equal(split_of(other, (0.6, 0.2, 0.2)), parts)
    assert not np.array_equal(split_of(replace(recipe, seed=1), (0.6, 0.2, 0.2)), parts)


@pytest.mark.parametrize(
    ("fractions", "counts"), [((1, 0, 0), [7, 0, 0]), ((0.5, 0.5, 0), [4, 3, 0])]
)
def test_shares_that_do_not_divide_are_rounded(fractions, counts):
    parts = split_of(small("custom", instances=7), fractions)
    assert np.bincount(parts[:7], minlength=3).tolist() == counts


@pytest.mark.parametrize(
    "fractions", [(0.5, 0.5), (0.5, 0.5, 0.1), (-0.1, 1, 0.1), (float("nan"), 0.5, 0.5)]
)
def test_unusable_fractions_are_named(fractions):
    with pytest.raises(InputError, match="fractions must be three numbers"):
        split_of(small("custom"), fractions)
