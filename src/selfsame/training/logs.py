"""The log of a training: JSON lines always, TensorBoard where it is installed."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from selfsame.io.files import write_bytes

LOG_NAME = "log.jsonl"
TENSORBOARD_FOLDER = "tensorboard"


class TrainingLog:
    """Writes one line of JSON for every call of ``write`` to ``log.jsonl`` in a folder.

    Args:
        folder: where to; it exists.
        after: what the log holds of later steps is deleted: a training that goes on from a
            checkpoint does these steps again.
    """

    def __init__(self, folder: Path, *, after: int) -> None:
        path = folder / LOG_NAME
        write_bytes(path, "".join(_lines_up_to(path, after)).encode())
        self._file = path.open("a", encoding="utf-8")
        self._board = _tensorboard(folder / TENSORBOARD_FOLDER, after)

    def write(self, kind: str, step: int, values: Mapping[str, Any]) -> None:
        """Write one line: ``{"kind": kind, "step": step, **values}``; numbers to TensorBoard."""
        line = json.dumps({"kind": kind, "step": step, **values})
        self._file.write(line + "\n")
        self._file.flush()
        if self._board is not None:
            for name, value in values.items():
                if isinstance(value, int | float):
                    self._board.add_scalar(f"{kind}/{name}", value, step)

    def close(self) -> None:
        """Close the files."""
        self._file.close()
        if self._board is not None:
            self._board.close()


def read_log(folder: Path) -> list[dict[str, Any]]:
    """Return the lines of the log in a folder; a half-written last line is left out."""
    return [json.loads(line) for line in _lines_up_to(folder / LOG_NAME, None)]


def _lines_up_to(path: Path, last: int | None) -> Iterator[str]:
    """Yield the whole lines of a log whose step is at most ``last``."""
    if not path.exists():
        return
    for line in path.read_text("utf-8").splitlines():
        try:
            step = json.loads(line)["step"]
        except (ValueError, KeyError, TypeError):  # cut off by a kill
            continue
        if last is None or step <= last:
            yield line + "\n"


def _tensorboard(folder: Path, after: int) -> Any:
    """Return a writer of TensorBoard's files, or None where none is installed."""
    try:
        from tensorboardX import SummaryWriter
    except ImportError:
        return None
    return SummaryWriter(str(folder), purge_step=after + 1)
