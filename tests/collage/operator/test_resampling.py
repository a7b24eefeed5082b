"""Area averages and their inverse."""

from fractions import Fraction

import numpy as np
import pytest
import torch

from selfsame.collage.operator.resampling import area_resize, upscale_aux
from selfsame.errors import InputError


def noise(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize("size", [(12, 20), (6, 5), (5, 7), (1, 1), (11, 19)])
def test_area_resize_is_the_mean_of_a_finer_grid(size):
    # With every pixel repeated to the least common multiple, areas are whole blocks.
    x = noise(2, 12, 20)
    fine = x.repeat_interleave(size[0], 1).repeat_interleave(size[1], 2)
    expected = fine.view(2, size[0], 12, size[1], 20).mean((2, 4))
    torch.testing.assert_close(area_resize(x, size), expected)


@pytest.mark.parametrize("scale", [1, 2, 3, Fraction(3, 2), Fraction(7, 6), Fraction(31, 6)])
def test_area_means_of_upscaled_blocks_are_the_blocks(scale):
    blocks = noise(3, 1, 6, 12)
    large = upscale_aux(blocks, scale)
    assert large.shape[-2:] == (6 * scale, 12 * scale)
    torch.testing.assert_close(area_resize(large, (6, 12)), blocks)


def test_upscaling_is_smooth():
    # A slow cosine's area means, four times larger, follow the cosine itself.
    def means(count):
        edges = np.sin(np.pi * np.arange(count + 1) / count)
        return torch.from_numpy(np.diff(edges) * count / np.pi)

    small, large = (means(n)[None].repeat(4 * n // 16, 1) for n in (16, 64))
    error = (upscale_aux(small, 4) - large).abs().max()
    assert error < 0.01


@pytest.mark.parametrize("scale", [Fraction(1, 2), Fraction(3, 2), 4])
def test_mirrored_blocks_resample_mirrored(scale):
    blocks = noise(2, 6, 12)
    torch.testing.assert_close(
        upscale_aux(blocks.flip(-2, -1), scale), upscale_aux(blocks, scale).flip(-2, -1)
    )


@pytest.mark.parametrize("scale", [Fraction(1, 2), Fraction(1, 3), Fraction(5, 6)])
def test_downscaled_blocks_are_area_means(scale):
    blocks = noise(2, 6, 12)
    expected = area_resize(blocks, (int(6 * scale), int(12 * scale)))
    torch.testing.assert_close(upscale_aux(blocks, scale), expected)


def test_constants_stay_and_single_pixels_work():
    for scale in (Fraction(1, 2), 2, Fraction(5, 2)):
        torch.testing.assert_close(
            upscale_aux(torch.full((1, 4, 6), 0.3), scale),
            torch.full((1, int(4 * scale), int(6 * scale)), 0.3),
        )
    torch.testing.assert_close(
        upscale_aux(torch.full((1, 1, 1), 2.0), 3), torch.full((1, 3, 3), 2.0)
    )


@pytest.mark.parametrize("scale", [0, -1, Fraction(1, 4), Fraction(4, 3)])
def test_scales_that_are_not_whole(scale):
    with pytest.raises(InputError, match="scale must make blocks of 6x7 whole"):
        upscale_aux(noise(6, 7), scale)


@pytest.mark.parametrize("size", [(0, 1), (13, 4), (4, 21)])
def test_sizes_out_of_range(size):
    with pytest.raises(InputError, match=r"size must be 1 to \(12, 20\)"):
        area_resize(noise(12, 20), size)
