"""What the commands of drawn sets share."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from selfsame.cli.shared.call import report
from selfsame.cli.shared.options import PATH, click_type, common_options
from selfsame.datasets.drawn.drawing import Share
from selfsame.datasets.fitting import Side
from selfsame.errors import SettingError
from selfsame.io.files import check_writable, file_bytes
from selfsame.run.progress import Progress, shown_progress

if TYPE_CHECKING:
    from selfsame.datasets.drawn.drawing import DrawnSet

F = TypeVar("F", bound=Callable[..., Any])


def drawn_options(side: int, source: str, kin: str) -> Callable[[F], F]:
    """Return what adds the options of such a command: of what, where to, how large.

    Args:
        side: the default.
        source: the help of ``--from``.
        kin: what is learned or measured as a whole; see ``DrawnSet.kin``.
    """

    def decorate(function: F) -> F:
        function = common_options("json", "quiet", "overwrite")(function)
        function = click.option(
            "--unseen",
            type=click_type(Share),
            default=0.0,
            show_default=True,
            help=f"Share of the {kin} that make a split of their own, test.",
        )(function)
        function = click.option(
            "--side",
            type=click_type(Side),
            default=side,
            show_default=True,
            help="Of the pictures, in pixels.",
        )(function)
        function = click.option(
            "-o", "--output", type=PATH, required=True, help="The .npz file to write."
        )(function)
        return click.option("--from", "source", type=PATH, required=True, help=source)(function)

    return decorate


def draw_to_file(
    make: Callable[[Progress], "DrawnSet"],
    output: Path,
    options: Mapping[str, Any],
    *,
    left_out: Mapping[str, int] | None = None,
    rows: str | None = None,
) -> None:
    """Draw a set into a file and say what is in it.

    Args:
        make: the set.
        options: those of ``drawn_options``.
        left_out: how many fonts were left out, by reason, once the set is made.
        rows: what the rows of a table are called.
    """
    from selfsame.datasets.drawn.drawing import unseen_rows, write_drawn

    side, unseen, overwrite = (options[name] for name in ("side", "unseen", "overwrite"))
    quiet = options["quiet"]
    if output.suffix.lower() != ".npz":
        raise SettingError(f"{output}: a set of pictures is written as .npz")
    check_writable(output, overwrite=overwrite)
    begin = time.perf_counter()
    with shown_progress("reading", quiet=quiet) as progress:
        drawn = make(progress)
    with shown_progress("drawing", quiet=quiet) as progress:
        write_drawn(output, drawn, side, unseen=unseen, overwrite=overwrite, progress=progress)
    values: dict[str, Any] = {
        "output": output,
        "pictures": len(drawn),
        "side": side,
        "channels": drawn.channels,
        "columns": list(drawn.columns),
        "unseen": int(unseen_rows(drawn.kin, unseen).sum()),
        "bytes": file_bytes(output),
        "seconds": round(time.perf_counter() - begin, 4),
    }
    text = f"{output}: {len(drawn)} pictures of {side}x{side} pixels"
    if rows is not None and drawn.characters is not None:
        values[rows] = len(drawn) // len(drawn.characters)
        text += f" of {values[rows]} {rows}"
    if left_out is not None:
        values["left_out"] = dict(left_out)
        reasons = ", ".join(f"{count} {reason}" for reason, count in left_out.items())
        text += f"; left out: {reasons}" if reasons else ""
    report(values, text)
