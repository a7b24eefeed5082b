"""Reading sets of pictures, whatever holds them."""

import os
from pathlib import Path
from typing import Literal

from selfsame.datasets.npz import npz_splits, read_npz
from selfsame.datasets.pictures import Pictures
from selfsame.errors import InputError

Split = Literal["train", "test"]


def read_pictures(path: str | os.PathLike[str], split: Split | None = None) -> Pictures:
    """Return the pictures in a file."""
    source = Path(path)
    there = npz_splits(source, ("train", "test"))
    wanted = split or ""
    if wanted not in there:
        raise InputError(f"{source} has no split {wanted!r}: found {', '.join(there)}")
    return read_npz(source, *there[wanted])
