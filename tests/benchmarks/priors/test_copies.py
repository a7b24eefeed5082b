"""Copies of training pictures are found."""

import numpy as np
import pytest
import torch

from benchmarks.priors import copies


def test_the_nearest_iou_against_sets_of_pixels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copies, "AT_ONCE", 3)
    random = torch.Generator().manual_seed(0)
    pictures, known = (torch.rand(n, 1, 5, 5, generator=random) for n in (7, 11))
    pictures[3] = known[4]
    pictures[5] = 0
    found = copies.nearest_iou(pictures, known)
    for picture, iou in zip(pictures, found, strict=True):
        ours = {tuple(p) for p in np.argwhere(picture[0].numpy() > 0.5)}
        theirs = [{tuple(p) for p in np.argwhere(k[0].numpy() > 0.5)} for k in known]
        assert iou == pytest.approx(max(len(ours & k) / len(ours | k) for k in theirs))
    assert found[3] == 1
    assert found[5] == 0
    row = copies.copied(pictures, known)
    assert row["nearest_iou"] == pytest.approx(found.mean())
    assert row["copies"] == pytest.approx(1 / 7)
