"""Block codes as sequences of tokens."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from selfsame.codes.store import pack, unpack
from selfsame.errors import InputError
from selfsame.latents import block_fields, block_tokens
from selfsame.pifs.code import LUMA
from selfsame.pifs.decoding.planes import inverse_dct
from selfsame.pifs.stream import band_rows
from support.attractors import reconstruct_plane
from support.block_cases import BLOCK_CASES, plain_code, with_blocks
from support.random_codes import naive_isometry, random_code
from support.sample_codes import SMALLEST

CASES = pytest.mark.parametrize("code", BLOCK_CASES.values(), ids=BLOCK_CASES)
SIDES_OF_DOMAINS = {1: 2, 2: 4, 3: 1}


def named(code, cosines=4):
    """The tokens of a code, each a dict."""
    names = [field.name for field in block_fields(cosines)]
    (rows,) = block_tokens([code], cosines).values.tolist()
    return [dict(zip(names, row, strict=True)) for row in rows]


def boxes(tokens):
    """Top, left, height and width in pixels of the tokens of a plane, and its padded sides, by the
    tokens alone."""
    found = []
    for token in tokens:
        square = 64 >> int(token["depth"])
        height, width = square >> (token["cut"] == 1), square >> (token["cut"] == 2)
        sides = round(height / token["height"]), round(width / token["width"])
        top, left = round(token["top"] * sides[0]), round(token["left"] * sides[1])
        found.append((top, left, height, width))
    return found, sides


def wave(count, k):
    """k half waves along ``count`` pixels, of root mean square 1."""
    at = (np.arange(count) + 0.5) / count
    return np.cos(np.pi * k * at) * (math.sqrt(2) if k else 1)


def redrawn(tokens, cosines, rounds):
    """The planes of a code in value ranges, by the definition, from its tokens alone."""
    planes = []
    for number in range(3):
        chosen = [token for token in tokens if token["plane"] == number]
        if not chosen:
            break
        places, sides = boxes(chosen)
        b = np.full(sides, np.nan)
        for token, (y, x, h, w) in zip(chosen, places, strict=True):
            b[y : y + h, x : x + w] = token["mean"]
            for v in range(cosines):
                for u in range(cosines):
                    if amplitude := token.get(f"cosine {v} {u}"):
                        b[y : y + h, x : x + w] += amplitude * np.outer(wave(h, v), wave(w, u))
        x = b
        for _ in range(rounds):
            x = applied(chosen, places, x, b, planes[0] if planes else None)
        planes.append(x)
    return planes


def applied(tokens, places, x, b, luma):
    out = b.copy()
    for token, (top, left, n, _) in zip(tokens, places, strict=True):
        kind = int(token["kind"])
        if kind == LUMA:
            k = len(luma) // len(x)
            source, y, column = luma, top * k, left * k
        elif kind:
            k = SIDES_OF_DOMAINS[kind]
            y = round(top + n / 2 + token["down"] * x.shape[0] - k * n / 2)
            column = round(left + n / 2 + token["right"] * x.shape[1] - k * n / 2)
            source = x
        else:
            continue
        domain = source[y : y + k * n, column : column + k * n]
        moved = naive_isometry(domain.reshape(n, k, n, k).mean(axis=(1, 3)), int(token["isometry"]))
        place = slice(top, top + n), slice(left, left + n)
        out[place] += token["scale"] * (moved - moved.mean())
    return out.clip(-1024 / 255, 1024 / 255)


@CASES
def test_the_picture_is_drawn_from_its_tokens_alone(code):
    cosines = 64 if code.width * code.height < 4000 else 32
    tokens = named(code, cosines)
    assert max(token["rest"] for token in tokens) == 0
    luma = None
    planes = redrawn(tokens, cosines, rounds=3)
    assert len(planes) == code.channels
    for plane, found in zip(code.planes, planes, strict=True):
        x = reconstruct_plane(plane, 3, 1, luma)
        luma = x if luma is None else luma
        np.testing.assert_allclose(255 * found, x, atol=0.02)


@CASES
def test_tokens_are_the_blocks_in_coding_order(code):
    tokens = iter(named(code, 1))
    for number, plane in enumerate(code.planes):
        x = reconstruct_plane(plane, 0)
        for y, left, log_height, log_width in plane.blocks.tolist():
            token = next(tokens)
            (place,), sides = boxes([token])
            assert token["plane"] == number
            assert place == (y, left, 1 << log_height, 1 << log_width)
            assert sides == plane.levels.shape
            block = x[y : y + place[2], left : left + place[3]] / 255
            assert token["mean"] == pytest.approx(block.mean(), abs=1e-5)
            assert token["rest"] == pytest.approx(block.std(), abs=1e-5)
    assert not list(tokens)


@CASES
def test_numbers_lie_within_their_fields(code):
    values = block_tokens([code]).values
    assert values.dtype == torch.float32
    for field, column in zip(block_fields(), values[0].T, strict=True):
        assert field.low <= column.min(), field
        assert column.max() <= field.high, field
        if field.kind != "real":
            assert (column % field.quantum == 0).all(), field


def test_what_cosines_leave_is_the_rest():
    code = BLOCK_CASES["golden hybrid"]
    plane = code.planes[0]
    b = inverse_dct(plane) / 255
    wanted = [
        np.square(b[y : y + (1 << h), x : x + (1 << w)]).mean() for y, x, h, w in plane.blocks
    ]
    for cosines in (1, 2, 5):
        values = block_tokens([code], cosines).values[0, : len(plane.blocks), 12:]
        assert values.shape[1] == cosines**2 + 1
        np.testing.assert_allclose(values.square().sum(dim=1), wanted, rtol=1e-4, atol=1e-9)
    assert max(token["rest"] for token in named(BLOCK_CASES["golden pure"], 2)) == 0


def test_codes_of_a_batch_are_as_they_are_alone():
    codes = list(BLOCK_CASES.values())
    values, positions, mask = block_tokens(codes)
    counts = [sum(len(plane.blocks) for plane in code.planes) for code in codes]
    assert positions is None
    assert mask.sum(dim=1).tolist() == counts
    assert values.shape == (len(codes), max(counts), len(block_fields()))
    assert (values[~mask] == 0).all()
    for code, row, there in zip(codes, values, mask, strict=True):
        assert there[: int(there.sum())].all()
        assert torch.equal(row[there], block_tokens([code]).values[0])


def test_files_in_bands_give_the_tokens_of_their_codes():
    code = plain_code(64, 1536, 1088)
    assert band_rows(1088, 1536) > 0
    assert torch.equal(block_tokens([unpack(pack(code))]).values, block_tokens([code]).values)


def test_a_map_from_luma_does_not_move():
    tokens = [token for token in named(BLOCK_CASES["half chroma, alpha"]) if token["kind"] == LUMA]
    assert tokens
    assert all(token["down"] == token["right"] == 0 for token in tokens)


def test_a_block_without_a_map_has_none_of_its_numbers():
    code = random_code(5, 64, 64)
    plane = code.planes[0]
    maps = plane.maps.copy()
    maps[:, 0] = 0
    code = replace(code, planes=(replace(plane, maps=maps),))
    assert (block_tokens([code]).values[..., 7:12] == 0).all()


@pytest.mark.parametrize("cosines", [0, 65, 2.0, True])
def test_cosines_out_of_range_are_refused(cosines):
    with pytest.raises(InputError, match=r"cosines must be a whole number within 1\.\.64"):
        block_fields(cosines)
    with pytest.raises(InputError, match=r"cosines must be a whole number within 1\.\.64"):
        block_tokens([BLOCK_CASES["grey"]], cosines)


def test_other_codes_and_other_blocks_are_refused():
    code = BLOCK_CASES["one block"]
    with pytest.raises(InputError, match="codes must be one or more: got none"):
        block_tokens([])
    with pytest.raises(InputError, match="block codes, of the family pifs: got one of ifs"):
        block_tokens([code, SMALLEST])
    strips = [(y, 0, 4, 6) for y in range(0, 64, 16)]
    moved = [(0, 0, 4, 5), (16, 0, 5, 5), (48, 0, 4, 5), (0, 32, 6, 5)]
    for rows in (strips, moved):
        with pytest.raises(InputError, match="squares of a quadtree or halves"):
            block_tokens([with_blocks(code, rows)])
    plane = code.planes[0]
    of_luma = replace(plane, maps=np.array([[LUMA, 0, 0, 0, 1]], np.int32))
    with pytest.raises(InputError, match="draws from luma in the plane of luma"):
        block_tokens([replace(code, planes=(of_luma,))])
