"""The baseline code against a plain collage and all pairs."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from skimage import data

from selfsame.codes import store
from selfsame.errors import InputError
from selfsame.isometries import transformed
from selfsame.metrics.pictures import psnr_db
from selfsame.pifs.code import CONTRACTION, COPY, NO_MAP, QUARTER, SCALE_STEP, PlaneCode
from selfsame.pifs.decoding.decode import decode
from selfsame.pifs.encoding.baseline import MEAN_STEP, encode_baseline


def grey(height: int, width: int) -> np.ndarray:
    return np.ascontiguousarray(data.astronaut()[:height, 100 : 100 + width, 1])


def centred(plane: np.ndarray, y: int, x: int, side: int, k: int) -> np.ndarray:
    block = plane[y : y + side, x : x + side].astype(np.float64)
    block = block.reshape(side // k, k, side // k, k).mean((1, 3))
    return block - block.mean()


def collage(plane: PlaneCode, original: np.ndarray) -> np.ndarray:
    """One application of the maps to the original, block by block."""
    result = np.empty(original.shape)
    for (y, x, log2, _), (kind, v, u, isometry, index) in zip(
        plane.blocks, plane.maps, strict=True
    ):
        n = 1 << log2
        block = np.full((n, n), plane.levels[y, x] * plane.step / n)
        if kind != NO_MAP:
            k = CONTRACTION[kind]
            domain = centred(original, v, u, k * n, k)
            block += index * SCALE_STEP * transformed(domain, isometry)
        result[y : y + n, x : x + n] = block
    return result


def test_it_decodes_as_well_as_it_encodes() -> None:
    picture = np.ascontiguousarray(data.astronaut()[..., 1])
    code = encode_baseline(picture)
    assert set(code.planes[0].maps[:, 0]) <= {NO_MAP, QUARTER}
    assert set(code.planes[0].maps[:, 3]) == set(range(8))
    expected = collage(code.planes[0], picture.astype(np.float64) - 128) + 128
    of_collage = psnr_db((expected / 255).clip(0, 1), picture)
    assert of_collage > 26.5
    decoded = psnr_db(decode(code), picture / 255)
    assert decoded > of_collage - 0.3


def test_a_few_applications_settle_it_whatever_the_scales() -> None:
    code = encode_baseline(grey(128, 128), ranges=8, domains=16, domain_step=8)
    assert np.abs(code.planes[0].maps[:, 4]).max() > 8  # beyond 1
    assert code.iterations <= 5  # 8 = 2^3: after three, domains are averages of means
    settled, longer = (decode(code, iterations=i) for i in (4, 30))
    np.testing.assert_allclose(settled, longer, atol=1e-5)


@pytest.mark.parametrize(
    ("ranges", "domains", "step", "isometries"), [(8, 32, None, 8), (16, 32, 16, 1)]
)
def test_no_domain_of_the_grid_is_better(
    ranges: int, domains: int, step: int | None, isometries: int
) -> None:
    picture = grey(64, 96)
    plane = encode_baseline(
        picture, ranges=ranges, domains=domains, domain_step=step, isometries=isometries
    ).planes[0]
    original = picture.astype(np.float64) - 128
    error = (collage(plane, original) - original) ** 2
    k, grid = domains // ranges, step or domains
    chosen = {
        (block[0], block[1]): (row[1], row[2])
        for block, row in zip(plane.blocks.tolist(), plane.maps.tolist(), strict=True)
    }
    for y in range(0, 64, ranges):
        for x in range(0, 96, ranges):
            block = centred(original, y, x, ranges, 1)
            best, energy = (block**2).sum(), 0.0
            for v in range(0, 64 - domains + 1, grid):
                for u in range(0, 96 - domains + 1, grid):
                    for t in range(isometries):
                        d = transformed(centred(original, v, u, domains, k), t)
                        s = np.clip((block * d).sum() / (d**2).sum(), -1.5, 1.5)
                        if ((block - s * d) ** 2).sum() < best:
                            best, energy = ((block - s * d) ** 2).sum(), (d**2).sum()
            d = centred(original, *chosen[y, x], domains, k)
            # A scale that rounds to 0 leaves no domain in the code.
            energy = max(energy, (d**2).sum())
            rounding = (SCALE_STEP / 2) ** 2 * energy + (MEAN_STEP / 2) ** 2 * ranges**2
            ours = error[y : y + ranges, x : x + ranges].sum()
            assert ours <= best * 1.0001 + rounding + 0.01


def test_copies_contract_and_come_from_elsewhere() -> None:
    code = encode_baseline(grey(64, 96), ranges=4, domains=4)
    plane = code.planes[0]
    mapped = plane.maps[:, 0] == COPY
    assert mapped.mean() > 0.5
    assert (np.abs(plane.blocks[:, :2] - plane.maps[:, 1:3]).max(1) >= 4)[mapped].all()
    settled, longer = (decode(code, iterations=i) for i in (code.iterations, 64))
    np.testing.assert_allclose(settled, longer, atol=1 / 255)


@pytest.mark.parametrize(
    ("height", "width", "channels", "ranges"),
    [(1, 1, 1, 8), (37, 53, 3, 8), (72, 200, 1, 16), (40, 72, 1, 32), (9, 130, 1, 4)],
)
def test_any_size_survives_its_bytes(height: int, width: int, channels: int, ranges: int) -> None:
    picture = data.astronaut()[:height, :width]
    if channels == 1:
        picture = picture[..., 0]
    code = encode_baseline(picture, ranges=ranges, domains=2 * ranges)
    again = store.unpack(store.pack(code))
    assert again.iterations == code.iterations
    for one, two in zip(code.planes, again.planes, strict=True):
        for name in ("blocks", "maps", "levels"):
            np.testing.assert_array_equal(getattr(one, name), getattr(two, name))
    decoded = decode(again)
    assert decoded.shape == picture.shape
    means = [replace(plane, maps=np.zeros_like(plane.maps)) for plane in code.planes]
    without = decode(replace(code, planes=tuple(means)))
    assert psnr_db(decoded, picture / 255) >= psnr_db(without, picture / 255) - 0.01


def test_colour_planes_are_matched_each_with_its_own() -> None:
    picture = data.astronaut()[:128, 100:228]
    code = encode_baseline(picture, threads=1)
    assert len(code.planes) == 3
    assert not code.half_chroma
    assert code.mode == "pure"
    assert psnr_db(decode(code), picture / 255) > 25
    assert (code.planes[0].maps != code.planes[1].maps).any()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"isometries": 0}, "isometries must be some of 0 to 7"),
        ({"domain_step": 0}, "step of the domains"),
    ],
)
def test_bad_arguments_are_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        encode_baseline(**{"picture": grey(64, 64), **change})
