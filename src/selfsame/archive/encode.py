"""A folder of pictures to a folder of codes."""

import os
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from selfsame.archive import manifest
from selfsame.archive.listing import FOLDER_HINT, code_names
from selfsame.archive.manifest import Entry, Manifest
from selfsame.codes.encode import encode_source, results
from selfsame.codes.settings import EncodeSettings
from selfsame.io.files import make_folder, write_bytes
from selfsame.io.pictures import read_source
from selfsame.run.processes import WorkerDiedError, available_cores, run_tasks


@dataclass(frozen=True)
class Archive:
    """What ``encode_folder`` did.

    Attributes:
        entries: of all pictures, sorted by name.
        encoded, kept: how many were encoded now, and how many had been before.
        seconds: of the whole call.
    """

    entries: list[Entry]
    encoded: int
    kept: int
    seconds: float

    @property
    def done(self) -> list[Entry]:
        """Entries of the pictures that have a code."""
        return [entry for entry in self.entries if entry["state"] == "done"]

    @property
    def failed(self) -> list[Entry]:
        """Entries of the pictures that could not be encoded."""
        return [entry for entry in self.entries if entry["state"] == "failed"]

    def totals(self) -> dict[str, Any]:
        """Return sums and means over the pictures that have a code, ready for JSON.

        ``bpp`` is that of all bytes over all pixels; means are per picture; None without pictures.
        """
        done = self.done
        pixels = sum(entry["size"][0] * entry["size"][1] for entry in done)
        total = sum(entry["bytes"] for entry in done)
        return {
            "files": len(self.entries),
            "encoded": self.encoded,
            "kept": self.kept,
            "failed": [{"source": e["source"], "error": e["error"]} for e in self.failed],
            "source_bytes": sum(entry["source_bytes"] for entry in done),
            "bytes": total,
            "bpp": 8 * total / pixels if pixels else None,
            "psnr": _mean(entry["psnr"] for entry in done),
            "ssim": _mean(entry["ssim"] for entry in done),
            "encode_seconds": round(sum(entry["encode_seconds"] for entry in done), 4),
            "seconds": round(self.seconds, 4),
        }


class _Task(NamedTuple):
    source: Path
    output: Path
    settings: EncodeSettings
    threads: int | None
    device: str


def encode_folder(
    folder: str | os.PathLike[str],
    output: str | os.PathLike[str],
    settings: EncodeSettings,
    *,
    jobs: int | None = None,
    device: str = "cpu",
    overwrite: bool = False,
    progress: Callable[[Entry], None] | None = None,
) -> Archive:
    """Encode every picture in a folder and its sub-folders to a ``.ssm`` file in ``output``.

    Codes keep the sub-folders. ``a.png`` becomes ``a.ssm``; where another picture has that name
    too, ``a.png.ssm``. A picture whose size and time of change are those of the manifest, encoded
    with the same settings, is kept. One that fails is recorded and does not stop the rest.

    Args:
        jobs: processes; default one per core. With 1 everything runs in this one, on all cores.
        overwrite: allow to replace codes of other settings, of another folder, or that are not
            of this archive. Codes that agree are kept all the same.
        progress: called with the entry of each picture that is settled.
    Raises:
        InputError: no folder, no picture in it, ``output`` cannot be a folder or holds files that
            only ``overwrite`` may replace.
    """
    begin = time.perf_counter()
    source, target = Path(folder), Path(output)
    entries = [_planned(source, name, code) for name, code in code_names(source)]
    make_folder(target, FOLDER_HINT)
    record = Manifest(target / manifest.NAME, source, settings, entries)
    kept = record.take_over(overwrite=overwrite)
    record.write()
    for entry in entries:
        if entry["state"] == "done" and progress:
            progress(entry)
    jobs = available_cores() if jobs is None else jobs
    threads = 1 if jobs > 1 else None
    tasks = {
        _Task(source / e["source"], target / e["output"], settings, threads, device): e
        for e in entries
        if e["state"] == "pending"
    }
    try:
        for task, result in run_tasks(_encode_file, list(tasks), min(jobs, max(1, len(tasks)))):
            entry = tasks[task]
            if isinstance(result, WorkerDiedError):
                result = {"state": "failed", "error": str(result)}
            entry.update(result)
            record.write_now_and_then()
            if progress:
                progress(entry)
    finally:
        record.write()
    encoded = sum(entry["state"] == "done" for entry in entries) - kept
    return Archive(entries, encoded, kept, time.perf_counter() - begin)


def _encode_file(task: _Task) -> Entry:
    """Encode one picture; return what its entry gains. Runs in a process of its own."""
    from selfsame.metrics.pictures import ssim

    begin = time.perf_counter()
    try:
        task.output.parent.mkdir(parents=True, exist_ok=True)
        source = read_source(task.source)
        encoded = encode_source(source, task.settings, threads=task.threads, device=task.device)
        values = results(source, encoded)
        values["ssim"] = ssim(source.pixels / 255.0, encoded.colors / 255.0)
        write_bytes(task.output, encoded.data)
    except Exception as error:  # whatever a damaged picture provokes must not stop the rest
        return {"state": "failed", "error": str(error) or type(error).__name__}
    return {"state": "done", **values, "seconds": round(time.perf_counter() - begin, 4)}


def _planned(folder: Path, name: str, output: str) -> Entry:
    status = (folder / name).stat()
    return {
        "source": name,
        "output": output,
        "source_bytes": status.st_size,
        "source_mtime_ns": status.st_mtime_ns,
        "state": "pending",
    }


def _mean(values: Iterable[float]) -> float | None:
    numbers: Sequence[float] = list(values)
    return sum(numbers) / len(numbers) if numbers else None
