"""What is to be made, before any of it is, and how it is written."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from selfsame.errors import SettingError
from selfsame.io.files import check_writable, make_folder
from selfsame.limits import MAX_PIXELS

if TYPE_CHECKING:
    from selfsame.io.pictures import Bytes

DEFAULT_COUNT = 64
MILLISECONDS = 60


class Plan(NamedTuple):
    """Pictures to be made.

    Attributes:
        model: its name.
        mode: ``samples``, or one of ``walks.MODES``.
        side: of a picture, in pixels.
        total: how many there will be.
        columns: in which they look best.
        pictures: some at a time; they tell how far they are.
        values: what else is to be reported.
    """

    model: str
    mode: str
    side: int
    total: int
    columns: int
    pictures: Iterator[list["Bytes"]]
    values: Mapping[str, Any] = {}


def numbered_files(
    folder: Path, count: int, suffix: str, option: str, overwrite: bool
) -> list[Path]:
    """Return the files of a folder, made if need be, in which ``count`` things are to be written.

    Args:
        option: that asks for the folder.
    Raises:
        InputError: a file is there already and not to be overwritten, or cannot be written.
    """
    make_folder(folder, f"{option} needs a folder")
    digits = max(5, len(str(count - 1)))
    paths = [folder / f"{number:0{digits}d}{suffix}" for number in range(count)]
    for path in paths:
        check_writable(path, overwrite=overwrite)
    return paths


def outputs(plan: Plan, output: Path, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return what to report of the files; what would fail when they are written fails now."""
    from selfsame.io.grids import grid_size
    from selfsame.io.pictures import check_animation_suffix, check_picture_suffix

    if plan.mode != "animate" and not options["separate"]:
        check_picture_suffix(output)
        cell = (plan.side, plan.side)
        height, width = grid_size(plan.total, plan.columns, cell, options["gap"])
        return {"output": output, "columns": plan.columns, "size": [width, height]}
    if plan.mode == "animate":
        check_animation_suffix(output)
    if plan.total * plan.side**2 > MAX_PIXELS:
        raise SettingError(
            f"{plan.total} pictures of {plan.side}x{plan.side} are more than {MAX_PIXELS} pixels; "
            "make fewer or smaller ones"
        )
    if plan.mode == "animate":
        return {"output": output, "size": [plan.side, plan.side]}
    overwrite = options["overwrite"]
    return {"outputs": numbered_files(output, plan.total, ".png", "--separate", overwrite)}


def write(
    plan: Plan,
    pictures: list["Bytes"],
    output: Path,
    written: Mapping[str, Any],
    options: Mapping[str, Any],
) -> None:
    """Write pictures as ``outputs`` has said."""
    from selfsame.io.grids import grid
    from selfsame.io.pictures import write_animation, write_picture

    overwrite = options["overwrite"]
    if plan.mode == "animate":
        write_animation(
            output,
            pictures,
            milliseconds=MILLISECONDS,
            hold_last=MILLISECONDS,
            overwrite=overwrite,
        )
    elif options["separate"]:
        for path, picture in zip(written["outputs"], pictures, strict=True):
            write_picture(path, picture, overwrite=overwrite)
    else:
        write_picture(output, grid(pictures, plan.columns, options["gap"]), overwrite=overwrite)
