"""Codes of mosaics: what they refuse, how they compare, where their patches lie."""

from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest

from selfsame.errors import InputError
from selfsame.mosaic.code import Pieces, tree_order
from support.random_mosaics import random_code, random_pieces

CODE = random_code(grid=3, levels=2, seed=3)
N = len(CODE.cells)
CELLS = CODE.cells
PIECES = random_pieces(CODE)


def test_equal_codes_are_equal_and_hash_alike():
    again = random_code(grid=3, levels=2, seed=3)
    assert again == CODE
    assert hash(CODE) == hash(again)
    assert replace(CODE, pieces=PIECES) == replace(again, pieces=random_pieces(again))
    assert replace(CODE, pieces=PIECES) != CODE
    for other in (
        replace(CODE, tint=CODE.tint + 1),
        replace(CODE, means=CODE.means ^ 1),
        random_code(grid=3, levels=2, seed=4),
    ):
        assert other != CODE


def test_nothing_of_a_code_can_be_changed():
    means = CODE.means.copy()
    code = replace(CODE, means=means, pieces=PIECES)
    means[0] ^= 1
    assert np.array_equal(code.means, CODE.means)
    arrays = [getattr(code, name) for name in ("cells", "isometries", "contrasts", "slopes")]
    for array in (*arrays, code.means, code.pieces.picture, code.pieces.places):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0
    with pytest.raises(FrozenInstanceError, match="cannot assign"):
        code.tint = 3


def test_patches_lie_where_the_map_says():
    found = np.full((CODE.finest, CODE.finest), -1)
    for patch, (top, left, bottom, right) in enumerate(CODE.bounds.tolist()):
        assert (found[top:bottom, left:right] == -1).all()
        found[top:bottom, left:right] = patch
    assert np.array_equal(CODE.patch_map, found)


def test_the_order_of_a_tree():
    """A first patch that is cut twice, as docs/file-format.md draws it."""
    cells = [(1, 0, 2), (2, 0, 6), (2, 0, 7), (2, 1, 6), (2, 1, 7), (1, 1, 2), (1, 1, 3)]
    begins = tree_order(np.array(cells), 2, 2)
    assert begins.tolist() == [16, 20, 21, 22, 23, 24, 28]
    assert (np.diff(tree_order(CELLS, 3, 2)) == 4 ** (2 - CELLS[:-1, 0])).all()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"width": 0}, "width must be a whole number within 1..65535: got 0"),
        ({"height": 65536}, "height must be a whole number within 1..65535"),
        ({"width": 7.0}, "width must be a whole number within 1..65535: got 7.0"),
        ({"height": True}, "height must be a whole number within 1..65535: got True"),
        ({"grid": 1}, "grid must be a whole number within 2..512"),
        ({"levels": 7}, "levels must be a whole number within 0..6"),
        ({"grid": 512, "levels": 2}, "at most 1024: got 512 and 2"),
        ({"saturation": 256}, "saturation must be a whole number within 0..255"),
        ({"tint": -1}, "tint must be a whole number within 0..255"),
        ({"cells": CELLS.astype(np.int64)}, "cells must be int32"),
        ({"cells": CELLS.tolist()}, "cells must be int32"),
        ({"isometries": np.full(N, 8, np.uint8)}, "isometries are at most 7: got 8"),
        ({"isometries": np.zeros(N + 1, np.uint8)}, "isometries must be uint8"),
        ({"contrasts": np.full(N, 128, np.uint8)}, "contrasts are at most 127: got 128"),
        ({"means": np.zeros((N, 2), np.uint8)}, "one or three channels: got 2"),
        ({"means": np.zeros((N, 1), np.uint8)}, r"slopes must be int8 \(\d+, 1, 2\)"),
        ({"slopes": np.full((N, 3, 2), -128, np.int8)}, "slopes are at most 127: got 128"),
        ({"pieces": Pieces(PIECES.picture, PIECES.places[1:])}, "pieces must be"),
        ({"pieces": Pieces(PIECES.picture[..., :1], PIECES.places)}, "pieces must be"),
    ],
)
def test_what_a_code_refuses(changes, message):
    with pytest.raises(InputError, match=message):
        replace(CODE, **changes)


@pytest.mark.parametrize(
    "cells",
    [
        CELLS[::-1],
        np.concatenate([CELLS[:-1], CELLS[:1]]),
        np.add(CELLS, [0, -1, 0]),
        np.add(CELLS, [0, 0, 1]),
        np.add(CELLS, [3, 0, 0]),
        np.add(CELLS, [0, 2**31 - 20, 0]),
        np.zeros_like(CELLS),
    ],
    ids=["order", "twice", "above", "right", "levels", "overflow", "same"],
)
def test_patches_that_do_not_tile(cells):
    with pytest.raises(InputError, match=r"the patches must|cells must"):
        replace(CODE, cells=cells.astype(np.int32))


def test_a_gap_is_refused_wherever_it_is():
    fields = ("cells", "isometries", "contrasts", "means", "slopes")
    for gap in range(N):
        left = {name: np.delete(getattr(CODE, name), gap, axis=0) for name in fields}
        with pytest.raises(InputError, match="must tile the picture"):
            replace(CODE, **left)
    with pytest.raises(InputError, match="cells must have levels"):
        replace(CODE, **{name: getattr(CODE, name)[:0] for name in fields})


@pytest.mark.parametrize(
    ("picture", "places", "message"),
    [
        (PIECES.picture[..., 0], PIECES.places, "picture of pieces must be uint8"),
        (PIECES.picture[..., :2], PIECES.places, "one or three channels: got 2"),
        (PIECES.picture[:0], PIECES.places, "height of pieces must be a whole number within 1"),
        (PIECES.picture / 255, PIECES.places, "picture of pieces must be uint8"),
        (PIECES.picture, PIECES.places.astype(np.int16), "places of pieces must be int32"),
        (PIECES.picture, PIECES.places[:, :3], "places of pieces must be int32"),
        (PIECES.picture, np.array([[0, 0, 0, 1]], np.int32), "must lie within 40x30"),
        (PIECES.picture, np.array([[-1, 0, 2, 2]], np.int32), "must lie within 40x30"),
        (PIECES.picture, np.array([[0, 39, 1, 2]], np.int32), "must lie within 40x30"),
        (PIECES.picture, np.array([[30, 0, 1, 1]], np.int32), "must lie within 40x30"),
        (PIECES.picture, np.full((1, 4), 2**31 - 1, np.int32), "must lie within 40x30"),
    ],
)
def test_what_pieces_refuse(picture, places, message):
    with pytest.raises(InputError, match=message):
        Pieces(picture, places)
