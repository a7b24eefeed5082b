"""Sheets of enlarged pictures, for ``scales.py``."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor

from benchmarks.harness.captions import GAP, captioned
from benchmarks.priors.enlarging.drawings import CODE, LANCZOS, drawn, lanczos, reconstructed
from benchmarks.priors.enlarging.makers import Made, Subject
from benchmarks.priors.enlarging.truth import FINEST, Truth, as_tensor, reduced
from benchmarks.priors.figures import busiest
from selfsame.io.grids import grid
from selfsame.io.pictures import Bytes, to_uint8, write_picture
from selfsame.latents import Latents

SHOWN = 8
"""Pictures on a sheet."""

ZOOM = 16
ZOOMED = 4
"""Pictures that are shown in part, at ``ZOOM`` times the size."""

WINDOW = 16
"""Pixels at scale 1 of the side of the part."""


def write_sheets(folder: Path, name: str, subjects: Sequence[Subject], truth: Truth) -> None:
    """Write NAME_pictures.png, unseen pictures at ``FINEST`` times the size at which they are
    coded: the truth, what codes of each space draw, their drawings at scale 1 by Lanczos's filter;
    and NAME_zooms.png, the busiest part of some at ``ZOOM`` times."""
    fine = as_tensor(truth.test.spread(SHOWN).images)
    panels = {"truth": fine}
    for label, space in subjects:
        drawings = reconstructed(space, fine)
        for way, of_way in ((CODE, f"{label}"), (LANCZOS, f"{label}, Lanczos of 1x")):
            panels[of_way] = drawings[way, FINEST]
    write_picture(folder / f"{name}_pictures.png", _columns(panels))
    write_picture(folder / f"{name}_zooms.png", zooms(subjects, fine[:: SHOWN // ZOOMED]))


def write_samples(folder: Path, name: str, made: Made) -> None:
    """Write NAME_samples.png: samples at ``FINEST`` times the size at which they were made, and
    their drawings at scale 1 by Lanczos's filter."""
    panels = {}
    for maker, latents in made.values():
        some = Latents(latents.values[:: max(1, len(latents.values) // SHOWN)][:SHOWN])
        drawings = drawn(maker.diffusion.space, some)
        panels[maker.label] = drawings[CODE, FINEST]
        panels[f"{maker.label}, Lanczos"] = drawings[LANCZOS, FINEST]
    write_picture(folder / f"{name}_samples.png", _columns(panels))


def zooms(subjects: Sequence[Subject], fine: Tensor) -> Bytes:
    """Return parts of pictures, (N, C, 4S, 4S): of the truth, its pixels as squares, and of what
    codes draw and the filter makes of their drawings at scale 1."""
    small = reduced(fine, 1)
    side = min(WINDOW, small.shape[-1])
    corners = [busiest(one, side) for one in small.mean(1).numpy()]
    panels = {f"truth at {FINEST}x": _as_squares(_parts(fine, corners, side, FINEST))}
    for label, space in subjects:
        with torch.no_grad():
            latents = space.rounded(space.encode(small))
            large = [space.draw(Latents(one[None]), ZOOM).clamp(0, 1) for one in latents.values]
            own = space.draw(latents).clamp(0, 1)
        panels[f"{label} at {ZOOM}x"] = _parts(torch.cat(large), corners, side, ZOOM)
        panels[f"{label}, Lanczos of 1x"] = _parts(lanczos(own, ZOOM), corners, side, ZOOM)
    return _columns(panels)


def _parts(pictures: Tensor, corners: Sequence[tuple[int, int]], side: int, scale: int) -> Tensor:
    """Return parts of pictures at a scale; corners and side are in pixels of scale 1."""
    size = side * scale
    parts = [
        picture[:, top * scale :, left * scale :][:, :size, :size]
        for picture, (top, left) in zip(pictures, corners, strict=True)
    ]
    return torch.stack(parts)


def _as_squares(pictures: Tensor) -> Tensor:
    """Return parts of the truth as large as those at ``ZOOM`` times."""
    times = ZOOM // FINEST
    return pictures.repeat_interleave(times, 2).repeat_interleave(times, 3)


def _columns(panels: Mapping[str, Tensor]) -> Bytes:
    """Return pictures, (N, C, H, W) by caption, in a column each."""
    columns = {}
    for caption, pictures in panels.items():
        planes = to_uint8(pictures.numpy().transpose(0, 2, 3, 1))
        cells = [plane[..., 0] if plane.shape[2] == 1 else plane for plane in planes]
        columns[caption] = grid(cells, 1, GAP)
    return captioned(columns)
