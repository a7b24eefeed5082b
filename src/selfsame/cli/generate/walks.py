"""What a very deep VAE makes: pictures, ways between them, codings."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from selfsame.cli.generate.plan import DEFAULT_COUNT, Plan
from selfsame.errors import SettingError
from selfsame.run.progress import Progress

if TYPE_CHECKING:
    from torch import Tensor

    from selfsame.datasets.fitting import Binarise, Mode
    from selfsame.io.pictures import Bytes
    from selfsame.priors.vdvae.network import Vdvae

PIXELS_AT_A_TIME = 1 << 24
"""Of pictures as floats, before they become bytes."""

DEFAULT_CODED = 32
DEFAULT_ROWS = 8
DEFAULT_STOPS = 8
DEFAULT_STEPS = 10
DEFAULT_FRAMES = 16

MODES = ("interpolate", "animate", "reconstruct")
"""Other than made-up pictures, by the option that asks for each."""


def plan(source: str, mode: str, options: dict[str, Any], progress: Progress) -> Plan:
    """Return what a VDVAE is to make."""
    from selfsame.priors.generation import side_at
    from selfsame.priors.vdvae.network import Vdvae
    from selfsame.run.device import resolve_device

    model = Vdvae.from_pretrained(source).to(resolve_device(options["device"]))
    side = side_at(model, options["scale"])
    total, columns, pictures = _made(model, mode, options)
    return Plan(model.name, mode, side, total, columns, _told(pictures, total, progress))


def _told(
    pictures: Iterator[list["Bytes"]], total: int, progress: Progress
) -> Iterator[list["Bytes"]]:
    done = 0
    for made in pictures:
        done += len(made)
        progress(done, total)
        yield made


def _made(
    model: "Vdvae", mode: str, options: dict[str, Any]
) -> tuple[int, int, Iterator[list["Bytes"]]]:
    """Return how many pictures, in how many columns, and they, some at a time."""
    import torch

    from selfsame.io.grids import grid_columns
    from selfsame.io.pictures import to_arrays
    from selfsame.priors.generation import GROUP, generate, interpolate, reconstruct, side_at

    count, columns, scale = options["count"], options["columns"], options["scale"]
    at_a_time = max(1, min(GROUP, PIXELS_AT_A_TIME // side_at(model, scale) ** 2))
    if mode == "samples":
        count = count or DEFAULT_COUNT
        made = (
            generate(
                model,
                min(at_a_time, count - first),
                seed=options["seed"],
                first=first,
                temperature=options["temperature"],
                scale=scale,
                draw_pixels=options["draw_pixels"],
            )
            for first in range(0, count, at_a_time)
        )
        return count, columns or grid_columns(count), map(to_arrays, made)
    if mode == "reconstruct":
        originals = _originals(model, options["reconstruct"], count, DEFAULT_CODED)
        if not options["separate"]:
            return _codings(model, originals, columns, scale)
        groups = torch.split(originals, at_a_time)
        made = (reconstruct(model, group, scale=scale) for group in groups)
        return len(originals), grid_columns(len(originals)), map(to_arrays, made)
    steps, in_rows = options[mode], mode == "interpolate"
    ends = _ends(model, *((2, DEFAULT_ROWS) if in_rows else (1, DEFAULT_STOPS)), options)
    if len(ends) < 2:
        needs = (
            "a row needs 2 pictures as its ends" if in_rows else "a walk needs at least 2 pictures"
        )
        raise SettingError(f"{needs}: got {len(ends)}")
    if in_rows:  # an odd last end is left out
        pairs = list(zip(ends[::2], ends[1::2], strict=False))
        made = (interpolate(model, begin, end, steps, scale=scale) for begin, end in pairs)
    else:  # ends where it began; each stop is the first picture of its way, and no last one
        pairs = list(pairwise([*ends, ends[0]]))
        made = (interpolate(model, begin, end, steps + 1, scale=scale)[:-1] for begin, end in pairs)
    return len(pairs) * steps, steps, map(to_arrays, made)


def _ends(model: "Vdvae", each: int, default: int, options: dict[str, Any]) -> "Tensor":
    """Return the noise, (B, D), of the pictures between which the ways lead.

    Args:
        each: of them that --count counts as one.
        default: what it is unless it is given.
    """
    from selfsame.priors.generation import draw_noise, infer_noise, sample_generator

    wanted = None if options["count"] is None else each * options["count"]
    if options["source"] is not None:
        return infer_noise(model, _originals(model, options["source"], wanted, each * default))
    generators = (sample_generator(options["seed"], k) for k in range(wanted or each * default))
    return draw_noise(model, generators, options["temperature"])


def _codings(
    model: "Vdvae", originals: "Tensor", columns: int | None, scale: float
) -> tuple[int, int, Iterator[list["Bytes"]]]:
    """Return rows of pictures, each with a row of what they are coded and decoded to below it.

    Args:
        originals: (B, C, side, side) in [0, 1]; they are shown enlarged, pixel by pixel.
    """
    import numpy as np
    import torch

    from selfsame.io.grids import BACKGROUND, grid_columns
    from selfsame.io.pictures import to_arrays
    from selfsame.priors.generation import reconstruct, side_at

    columns = min(columns or grid_columns(len(originals), 2), len(originals))
    side = side_at(model, scale)
    nearest = (np.arange(side) * model.config.side) // side

    def pictures() -> Iterator[list["Bytes"]]:
        for row in torch.split(originals, columns):
            shown = to_arrays(row[:, :, nearest][..., nearest])
            blanks = [np.full_like(shown[0], BACKGROUND)] * (columns - len(row))
            yield [*shown, *blanks, *to_arrays(reconstruct(model, row, scale=scale)), *blanks]

    return -(-len(originals) // columns) * 2 * columns, columns, pictures()


def _originals(model: "Vdvae", path: Path, count: int | None, most: int) -> "Tensor":
    """Return the first pictures of a data set as a model takes them, (B, C, side, side) in [0, 1].

    Test pictures, if the set has any; for a model of zeros and ones, white from the middle on.

    Args:
        count: None: all, but at most ``most``.
    Raises:
        InputError: there are not as many, or as ``read_pictures``.
        FormatError: as ``read_pictures``.
    """
    from selfsame.datasets import Pictures, read_pictures
    from selfsame.datasets.batches import evaluation_pictures
    from selfsame.datasets.readers import unseen_split

    config = model.config
    mode: Mode = "grey" if config.channels == 1 else "rgb"
    found = read_pictures(path, unseen_split(path), config.side, mode)
    wanted = min(most, len(found)) if count is None else count
    if len(found) < wanted:
        raise SettingError(f"{path} has {len(found)} pictures, {wanted} are needed; lower -n")
    binarise: Binarise = "threshold" if config.likelihood == "bernoulli" else "none"
    return evaluation_pictures(Pictures(found.images[:wanted]), binarise)
