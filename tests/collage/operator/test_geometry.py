"""Sizes and counts of a collage, and what is refused."""

from fractions import Fraction

import pytest

from selfsame.collage.operator.geometry import Geometry
from selfsame.errors import InputError


def test_counts_of_the_paper():
    # Ranges of 4 in a picture of 32 x 48; domains of 16 and 8 tile it.
    geometry = Geometry((4, 4), ((16, 16), (8, 8)))
    assert geometry.grid(32, 48) == (8, 12)
    assert geometry.range_count(32, 48) == 96
    assert geometry.domain_count(32, 48) == 2 * 3 + 4 * 6
    assert geometry.factors == ((4, 4), (2, 2))
    assert geometry.block_size == (4, 4)


def test_isometries_multiply_and_local_domains_do_not_grow_with_the_picture():
    geometry = Geometry((4, 4), ((8, 8), (16, 16)), (0, 1, 4), overlap=2, local=True)
    assert geometry.domain_count(16, 16) == geometry.domain_count(160, 4) == 6
    assert geometry.block_size == (8, 8)


def test_lists_become_tuples():
    listed = Geometry([4, 4], [[8, 8]], [0, 1])
    assert listed == Geometry((4, 4), ((8, 8),), (0, 1))
    assert len({listed, Geometry((4, 4), ((8, 8),), (0, 1))}) == 1


def test_scaled_takes_every_length_along():
    geometry = Geometry((4, 6), ((8, 6), (12, 12)), (2,), overlap=2)
    assert geometry.unit == 2
    expected = Geometry((6, 9), ((12, 9), (18, 18)), (2,), overlap=3)
    assert geometry.scaled(Fraction(3, 2)) == expected
    assert geometry.scaled(1) == geometry


@pytest.mark.parametrize(
    "geometry",
    [
        Geometry((6, 12), ((12, 12),)),
        Geometry((12, 12), ((24, 24),), overlap=4),
        Geometry((16, 16), ((24 * 2, 32),), local=True),
        Geometry((4, 4), ((8, 8),), local=True),
    ],
)
def test_unit_gives_all_factors_that_exist_and_no_others(geometry):
    for k in range(1, 3 * geometry.unit):
        geometry.scaled(Fraction(k, geometry.unit))
    for denominator in range(2, 40):
        if geometry.unit % denominator:
            with pytest.raises(InputError, match=f"1/{geometry.unit}"):
                geometry.scaled(Fraction(1, denominator))


@pytest.mark.parametrize("factor", [0, -1, Fraction(-1, 2), Fraction(1, 3)])
def test_bad_factor(factor):
    with pytest.raises(InputError, match="factor must be"):
        Geometry((4, 4), ((8, 8),)).scaled(factor)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (((0, 4), ((8, 8),)), r"range_size\[0\] must be a whole number from 1: got 0"),
        (((4,), ((8, 8),)), "range_size must be 2 values"),
        ((4, ((8, 8),)), "range_size must be 2 values"),
        (((4.0, 4), ((8, 8),)), "range_size.* must be a whole number"),
        (((True, 1), ((8, 8),)), "range_size.* must be a whole number"),
        (((4, 4), ()), "domain_sizes must be one or more, all different"),
        (((4, 4), ((8, 8), (8, 8))), "domain_sizes must be one or more, all different"),
        (((4, 4), 8), "domain_sizes must be a list"),
        (((4, 4), (8, 8)), r"domain_sizes\[0\] must be 2 values"),
        (((4, 4), ((8, 6),)), "multiple of the range"),
        (((4, 4), ((4, 4),)), "larger in one"),
        (((4, 4), ((8, 8),), ()), "isometries must be one or more, all different"),
        (((4, 4), ((8, 8),), (0, 0)), "isometries must be one or more, all different"),
        (((4, 4), ((8, 8),), (8,)), r"isometries\[0\] must be a whole number within 0\.\.7"),
        (((4, 4), ((8, 8),), ("0",)), "isometries.* must be a whole number"),
        (((4, 2), ((8, 8),), (4,)), "need square ranges"),
        (((4, 6), ((8, 6),), (0,), 3), "overlap must be at most half"),
        (((4, 4), ((8, 8),), (0,), -1), "overlap must be"),
        (((4, 4), ((8, 8),), (0,), 1.0), "overlap must be"),
        (((5, 4), ((10, 8),), (0,), 0, True), "even count"),
        (((4, 4), ((8, 8),), (0,), 0, 1), "local must be"),
    ],
)
def test_what_is_no_geometry(arguments, message):
    with pytest.raises(InputError, match=message):
        Geometry(*arguments)


@pytest.mark.parametrize(
    ("size", "message"),
    [
        ((18, 16), "ranges of 4x4 must tile the picture"),
        ((16, 12), "domains of 8x8 must tile the picture"),
        ((0, 16), "a picture's size.* must be a whole number from 1"),
        ((-16, 16), "a picture's size.* must be a whole number from 1"),
        ((16, 16.0), "a picture's size.* must be a whole number from 1"),
    ],
)
def test_pictures_that_are_not_tiled(size, message):
    with pytest.raises(InputError, match=message):
        Geometry((4, 4), ((8, 8),)).grid(*size)


def test_local_domains_need_not_tile():
    assert Geometry((4, 4), ((12, 12),), local=True).grid(16, 20) == (4, 5)
