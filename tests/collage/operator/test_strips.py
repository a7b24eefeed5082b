import pytest
import torch

from selfsame.collage.operator.functional import CollageParameters, constant_term, domain_term
from selfsame.collage.operator.geometry import Geometry
from selfsame.collage.operator.strips import constant_in_strips, domain_in_strips


@pytest.mark.parametrize("overlap", [0, 2])
@pytest.mark.parametrize("rows", [1, 5, 23])
def test_strips_make_up_the_whole(overlap, rows):
    geometry = Geometry((4, 4), ((8, 8), (16, 16)), overlap=overlap, local=True)
    generator = torch.Generator().manual_seed(rows)

    def random(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    ranges, side = rows * 3, 4 + 2 * overlap
    params = CollageParameters(
        random(2, 1, 2, ranges),
        random(2, 3, ranges),
        random(2, 1, 5, ranges),
        random(5, 1, side, side),
    )
    size = rows * 4, 12
    x = random(2, 3, *size)
    for most in (1, 200, 1 << 20):
        torch.testing.assert_close(
            constant_in_strips(params, geometry, size, most), constant_term(params, geometry, size)
        )
        torch.testing.assert_close(
            domain_in_strips(x, params.weights, geometry, most),
            domain_term(x, params.weights, geometry),
        )
