import numpy as np
import pytest
from random_codes import naive_isometry, random_code

from selfsame.pifs.attractor import apply_maps
from selfsame.pifs.code import CONTRACTION, LUMA, NO_MAP
from selfsame.pifs.transform import inverse_dct


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
    got = apply_maps(x, b, plane.blocks, plane.maps, scale, luma)
    np.testing.assert_allclose(got, naive_application(x, b, plane, scale, luma), atol=2e-3)
