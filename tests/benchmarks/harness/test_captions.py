"""Panels side by side keep their colours."""

import numpy as np

from benchmarks.harness.captions import CAPTION, GAP, captioned


def test_panels_with_colours_keep_them_beside_grey_ones() -> None:
    rng = np.random.default_rng(0)
    colour = rng.integers(0, 256, (12, 30, 3), dtype=np.uint8)
    grey = rng.integers(0, 256, (12, 20), dtype=np.uint8)
    whole = captioned({"a": colour, "b": grey})
    assert whole.shape == (12 + CAPTION, 30 + GAP + 20, 3)
    np.testing.assert_array_equal(whole[CAPTION:, :30], colour)
    np.testing.assert_array_equal(whole[CAPTION:, 30 + GAP :], np.stack([grey] * 3, 2))
    assert (whole[CAPTION:, 30 : 30 + GAP] == 255).all()
    assert whole[:CAPTION, :30].min() < 128  # a name
