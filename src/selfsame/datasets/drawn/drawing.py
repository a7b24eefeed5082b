"""A set of pictures that can be drawn at any size, and the file that it becomes."""

import hashlib
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from selfsame.checked import Range, checked
from selfsame.datasets.columns import CHARACTERS, Column, Columns
from selfsame.datasets.fitting import Side
from selfsame.datasets.pictures import Bytes
from selfsame.errors import InputError, SettingError
from selfsame.io.arrays import check_shape
from selfsame.io.files import atomic_file
from selfsame.run.progress import Progress

Share = Annotated[float, Range(0, 1, open_high=True)]


@dataclass(frozen=True, eq=False)
class DrawnSet:
    """Pictures by number, none of which is drawn until it is asked for.

    Attributes:
        columns: what is known of each picture, (N,) each; see ``Pictures``.
        keys: the columns whose values together are those of one picture only.
        kin: whose pictures are so much alike that none may be learned where another is measured,
            (N,): values that pictures share with their kin.
        channels: 1 or 3.
        picture: draws the picture of a number with a side: (side, side, channels) bytes.
        characters: (K,) if the pictures are a table, K characters of every font; or None.
    """

    columns: Columns
    keys: tuple[str, ...]
    kin: Column
    channels: int
    picture: Callable[[int, int], Bytes]
    characters: Column | None = None

    def __len__(self) -> int:
        """Return the number of pictures."""
        return len(self.columns[self.keys[0]])

    def draw(
        self,
        side: int,
        rows: Iterable[int] | None = None,
        *,
        progress: Progress | None = None,
    ) -> Bytes:
        """Return pictures at a size: (n, side, side, channels) bytes.

        Args:
            rows: numbers of pictures; None: all.
        Raises:
            InputError: no such picture, or ``side`` out of its range.
            FormatError: one that cannot be drawn, or all together are beyond the limits.
        """
        side = checked("side", side, Side)
        wanted = np.arange(len(self)) if rows is None else np.asarray([*rows], np.int64)
        if len(wanted) and not (wanted.min() >= 0 and wanted.max() < len(self)):
            raise InputError(
                f"rows must lie within 0..{len(self) - 1}: got {wanted.min()}..{wanted.max()}"
            )
        shape = (len(wanted), side, side, self.channels)
        check_shape(shape, 1, f"the set at {side}x{side} pixels")
        images = np.empty(shape, np.uint8)
        tell = progress or Progress()
        for done, row in enumerate(wanted):
            tell(done, len(wanted))
            images[done] = self.picture(int(row), side)
        return images

    def find(self, columns: Mapping[str, Column]) -> NDArray[np.int64]:
        """Return which pictures those of another set of the same kind are, by their keys.

        So pictures of a file that was written earlier can be drawn at another size.

        Args:
            columns: of the other set; those of ``keys`` are looked at.
        Returns:
            (M,), -1 for a picture that is not there.
        Raises:
            InputError: a key is missing.
        """
        missing = [key for key in self.keys if key not in columns]
        if missing:
            raise InputError(
                f"pictures are found by {', '.join(self.keys)}: there is no column {missing[0]}"
            )
        numbers = {key: number for number, key in enumerate(self._names(self.columns))}
        return np.array([numbers.get(key, -1) for key in self._names(columns)], np.int64)

    def _names(self, columns: Columns) -> Iterable[tuple[object, ...]]:
        return zip(*(columns[key].tolist() for key in self.keys), strict=True)


def write_drawn(
    path: str | os.PathLike[str],
    drawn: DrawnSet,
    side: int,
    *,
    unseen: float = 0,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> None:
    """Draw a whole set into an ``.npz`` file, which ``read_pictures`` reads.

    It has ``images`` and the columns; of a table ``images`` are (R, K, side, side), ``characters``
    (K,), and the other columns have a value a row. The same set gives the same bytes.

    Args:
        unseen: about the share of kin that make the split ``test``: arrays are then called
            ``train_images``, ``test_images`` and so on. Whose, a digest of their value says: sets
            of other sizes, and with other pictures besides, are split alike.
    Raises:
        InputError, FormatError: as ``DrawnSet.draw`` and ``atomic_file``; or one of the splits
            would be empty.
    """
    checked("unseen", unseen, Share)
    is_test = unseen_rows(drawn.kin, unseen)
    if unseen and is_test.all() == is_test.any():
        empty = "train" if is_test.all() else "test"
        raise SettingError(
            f"unseen {unseen:g} leaves the split {empty} empty, of {len(set(drawn.kin))} kin; give "
            "another share"
        )
    images = drawn.draw(side, progress=progress)
    arrays: dict[str, Any] = dict(drawn.columns)
    if drawn.channels == 1:
        images = images[..., 0]
    if drawn.characters is not None:
        count = len(drawn.characters)
        images = images.reshape(-1, count, side, side)
        arrays = {name: column[::count] for name, column in arrays.items()}
        is_test = is_test[::count]
    arrays = {"images": images, **arrays}
    if unseen:
        parts = {"train": ~is_test, "test": is_test}
        arrays = {f"{k}_{name}": a[of] for k, of in parts.items() for name, a in arrays.items()}
    if drawn.characters is not None:
        arrays[CHARACTERS] = drawn.characters
    with atomic_file(path, overwrite=overwrite) as stream:
        np.savez_compressed(stream, allow_pickle=False, **arrays)


def unseen_rows(kin: Column, share: float) -> NDArray[np.bool_]:
    """Return which pictures belong to the split ``test``, (N,); see ``write_drawn``."""
    values, where = np.unique(kin, return_inverse=True)
    digests = [hashlib.sha256(str(value).encode()).digest() for value in values]
    chosen = np.array([int.from_bytes(digest[:8], "big") < share * 2**64 for digest in digests])
    return chosen[where]
