"""A folder of pictures to a folder of codes."""

import os
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from selfsame.archive.listing import Entry, Results, absolute_model, open_codes
from selfsame.codes.encode import encode_source, results
from selfsame.codes.models import SHIPPED
from selfsame.codes.settings import EncodeSettings
from selfsame.io.files import files_below, write_bytes
from selfsame.io.pictures import SUFFIXES, read_source
from selfsame.run.executor import Executor, Failure, attempt_all
from selfsame.run.ledger import Row, file_digest
from selfsame.run.processes import Processes
from selfsame.run.progress import Progress

KIND = "codes of pictures"


@dataclass(frozen=True)
class Archive(Results):
    """What ``encode_folder`` did; entries are sorted by name.

    Attributes:
        encoded, kept: how many were encoded now, and how many had been before.
        seconds: of the whole call.
    """

    encoded: int
    kept: int
    seconds: float

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


def encode_folder(
    folder: str | os.PathLike[str],
    output: str | os.PathLike[str],
    settings: EncodeSettings,
    *,
    executor: Executor | None = None,
    device: str = "cpu",
    overwrite: bool = False,
    settled: Callable[[Entry], object] = lambda entry: None,
    progress: Progress | None = None,
) -> Archive:
    """Encode every picture in a folder and its sub-folders to a ``.ssm`` file in ``output``.

    Codes keep the sub-folders; ``selfsame.archive.listing.code_names`` has their names. What the
    ledger of ``output`` has of a picture with the same bytes, encoded with the same settings and
    the same model, is kept. One that fails is recorded and does not stop the rest.

    Args:
        executor: where pictures are encoded; default processes here, one per core.
        overwrite: allow to replace codes of other settings, of another folder, or that are not
            of this archive. Codes that agree are kept all the same.
        settled: called with the entry of each picture that is done or has failed.
        progress: of pictures.
    Raises:
        InputError: no folder, no picture in it, no such model, ``output`` cannot be a folder or
            holds files that only ``overwrite`` may replace, or another run writes to it.
        CancelledError: ``progress`` was cancelled.
    """
    begin = time.perf_counter()
    executor = Processes() if executor is None else executor
    source, target = Path(folder).resolve(), Path(output).resolve()
    identity = settings.as_dict()
    if settings.model is not None and settings.model not in SHIPPED:
        from selfsame.codes.models import load_model

        model = absolute_model(settings.model)
        settings = replace(settings, model=model)
        identity["model_digest"] = load_model(model).digest()
    with open_codes(
        target,
        files_below(source, SUFFIXES),
        KIND,
        {"source": str(source), "settings": identity},
        former=("manifest.json", ("schema", "source", "settings", "files")),
        overwrite=overwrite,
        settled=settled,
        progress=progress,
    ) as codes:
        missing = codes.missing(lambda name: file_digest(source / name))
        # A network's sums round differently on more threads.
        threads = 1 if settings.model else executor.threads_each(len(missing))
        work = partial(_encode_file, settings=settings, threads=threads, device=device)
        tasks = [(name, source / name, target / codes.outputs[name]) for name in missing]
        for (name, *_), result in attempt_all(executor, work, tasks):
            digest, outcome = ("", result) if isinstance(result, Failure) else result
            codes.record([(name, outcome, digest)])
    entries = codes.entries()
    kept = len(entries) - len(missing)
    encoded = sum(entry["state"] == "done" for entry in entries) - kept
    return Archive(entries, encoded, kept, time.perf_counter() - begin)


def _encode_file(
    task: tuple[str, Path, Path], *, settings: EncodeSettings, threads: int | None, device: str
) -> tuple[str, Row]:
    """Encode one picture; return the digest of its file, and what is known of its code."""
    from selfsame.metrics.pictures import ssim

    begin = time.perf_counter()
    _, picture, output = task
    output.parent.mkdir(parents=True, exist_ok=True)
    digest = file_digest(picture)
    source = read_source(picture)
    encoded = encode_source(source, settings, threads=threads, device=device)
    values = results(source, encoded)
    values["ssim"] = ssim(source.pixels, encoded.colors)
    write_bytes(output, encoded.data)
    values["source_bytes"] = picture.stat().st_size
    values["seconds"] = round(time.perf_counter() - begin, 4)
    return digest, values


def _mean(values: Iterable[float]) -> float | None:
    numbers: Sequence[float] = list(values)
    return sum(numbers) / len(numbers) if numbers else None
