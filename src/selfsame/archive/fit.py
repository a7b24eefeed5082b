"""A set of pictures to a folder of codes of maps."""

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from selfsame.archive.listing import Entry, Results, open_codes
from selfsame.datasets.pictures import NamedPicture
from selfsame.ifs.distance.settings import DistanceSettings
from selfsame.ifs.fit.config import FitConfig
from selfsame.io.files import FilePart, write_bytes
from selfsame.io.pictures import Picture
from selfsame.run.executor import Executor, Failure, attempt_all
from selfsame.run.ledger import Row, file_digest
from selfsame.run.processes import Processes
from selfsame.run.progress import Progress
from selfsame.run.threads import limited_threads

if TYPE_CHECKING:
    from selfsame.ifs.code import IFSCode

KIND = "codes of maps"
FRAMES = 48
"""Codes that are kept on the way of a descent, spread evenly over its steps."""

LUMA = np.array([0.299, 0.587, 0.114], np.float32)


@dataclass(frozen=True)
class Fitting:
    """How a picture becomes a code of maps.

    Attributes:
        settings: of a descent through rendered points, or through distance maps.
        seed: of a descent through points; the other settings have their own.
        device: ``cpu``, ``cuda`` or ``auto``.
        invert: the figure is dark on bright.
        color: fit colours; None: where the picture has them and the method can.
    """

    settings: FitConfig | DistanceSettings
    seed: int = 0
    device: str = "auto"
    invert: bool = False
    color: bool | None = None

    def target(self, picture: Picture) -> Picture:
        """Return a picture inverted and in the colours that it is to be fitted in."""
        settings = self.settings
        if self.invert:
            picture = np.float32(1) - picture
        colored = isinstance(settings, FitConfig) and settings.objective != "density"
        if picture.ndim == 3 and not (colored if self.color is None else self.color):
            return (picture @ LUMA).astype(np.float32)
        if picture.ndim == 2 and self.color:
            return np.repeat(picture[..., None], 3, axis=2)
        return picture

    def identity(self) -> dict[str, Any]:
        """Return all that a code depends on but its picture, ready for JSON."""
        values = {"invert": self.invert, "color": self.color, **self.settings.as_dict()}
        if isinstance(self.settings, DistanceSettings):
            return {"method": "distance", **values}
        if self.settings.init == "encoder":
            from selfsame.ifs.encoder import SetEncoder

            values["encoder_digest"] = SetEncoder.from_pretrained(self.settings.encoder).digest()
        return {"method": "descent", "seed": self.seed, **values}

    @property
    def batch(self) -> int:
        """How many pictures of one shape are fitted together."""
        return self.settings.batch if isinstance(self.settings, FitConfig) else 1

    def check(self, target: Picture) -> None:
        """Raise ``InputError`` if a target cannot be fitted, before others share its batch."""
        if isinstance(self.settings, FitConfig):
            from selfsame.ifs.fit.objectives import prepare

            prepare([target], self.settings)

    def fit(
        self,
        targets: Sequence[Picture],
        progress: Progress | None = None,
        *,
        frames: list["IFSCode"] | None = None,
        checkpoint: Path | None = None,
    ) -> tuple[list["IFSCode"], list[float]]:
        """Return codes and losses of targets of one shape, which depend on nothing else.

        Args:
            progress: of steps.
            frames: gets the codes on the way.
            checkpoint: of the distance method, see ``fit_distance``.
        Raises:
            InputError, DivergedError: one of them cannot be fitted.
        """
        if isinstance(self.settings, FitConfig):
            from selfsame.ifs.fit.engine import fit

            every = max(1, self.settings.steps // FRAMES)

            def keep(step: int, _: object, snapshot: Callable[[], list["IFSCode"]]) -> None:
                if frames is not None and (step == 1 or step % every == 0):
                    frames.extend(snapshot())

            result = fit(
                targets,
                self.settings,
                seed=self.seed,
                device=self.device,
                callback=None if frames is None else keep,
                progress=progress,
            )
            return result.codes, result.losses.tolist()
        from selfsame.ifs.distance.fit import fit_distance

        losses = [float("nan")] * len(targets)

        def watch(told: Any) -> None:
            losses[told.picture] = told.loss
            if frames is not None:
                frames.append(told.code)

        codes = fit_distance(
            targets,
            device="cpu" if self.device == "auto" else self.device,
            callback=watch,
            checkpoint=checkpoint,
            **self.settings.as_dict(),
        )
        return codes, losses


@dataclass(frozen=True)
class Fits(Results):
    """What ``fit_set`` did; entries are in the order of the pictures.

    Attributes:
        kept: names of the pictures whose codes were there before.
    """

    kept: frozenset[str]

    @property
    def fitted(self) -> list[Entry]:
        """Entries of the pictures that were fitted now."""
        return [entry for entry in self.done if entry["source"] not in self.kept]


class _Task(NamedTuple):
    """``progress`` is of steps; only a task that runs in this process has one."""

    pictures: Sequence[NamedPicture]
    outputs: Sequence[Path]
    fitting: Fitting
    threads: int | None
    progress: Progress | None


_Outcome = tuple[str, Row | Failure]
"""The digest of a picture, and what became of it."""


def fit_set(
    pictures: Sequence[NamedPicture],
    output: str | os.PathLike[str],
    fitting: Fitting,
    *,
    source: Mapping[str, Any],
    executor: Executor | None = None,
    overwrite: bool = False,
    settled: Callable[[Entry], object] = lambda entry: None,
    progress: Progress | None = None,
) -> Fits:
    """Fit every picture of a set, each to a ``.ssm`` file in ``output``, named like the picture.

    Pictures of one shape are fitted together, ``fitting.batch`` at a time. What the ledger of
    ``output`` has of a picture with the same contents is kept; pictures may have come or gone. One
    that cannot be read or fitted is recorded and does not stop the rest.

    Args:
        pictures: with absolute paths, if they lie in files.
        source: what the set is, ready for JSON; a folder has the codes of one set.
        executor: where batches are fitted; default processes here, one per core.
        overwrite: allow to replace codes of other settings or of another set. Codes that agree are
            kept all the same.
        settled: called with the entry of each picture that is done or has failed.
        progress: of pictures.
    Raises:
        InputError: ``output`` cannot be a folder or holds files that only ``overwrite`` may
            replace, or another run writes to it.
        CancelledError: ``progress`` was cancelled.
    """
    executor = Processes() if executor is None else executor
    progress = Progress() if progress is None else progress
    named = {picture.name: picture for picture in pictures}
    with open_codes(
        Path(output).resolve(),
        named,
        KIND,
        {"source": {**source}, **fitting.identity()},
        former=("fit.json", ("method", "invert", "targets")),
        overwrite=overwrite,
        settled=settled,
        progress=progress,
    ) as codes:
        missing = codes.missing(lambda name: _digest(named[name]))
        batches, unusable = _batches([named[name] for name in missing], fitting)
        codes.record((name, failure, "") for name, failure in unusable.items())
        threads = executor.threads_each(len(batches))
        tasks, before = [], len(pictures) - sum(map(len, batches))
        for batch in batches:
            places = [codes.target / codes.outputs[picture.name] for picture in batch]
            part = progress.part(before, len(pictures), len(batch)) if threads is None else None
            tasks.append(_Task(batch, places, fitting, threads, part))
            before += len(batch)
        with _torch_threads_kept():
            for task, result in attempt_all(executor, _fit_batch, tasks):
                outcomes = (
                    [("", result)] * len(task.pictures) if isinstance(result, Failure) else result
                )
                # All at once: a kill between them would leave a batch of other members.
                codes.record(
                    (picture.name, outcome, digest)
                    for picture, (digest, outcome) in zip(task.pictures, outcomes, strict=True)
                )
    return Fits(codes.entries(), frozenset(named) - frozenset(missing))


@contextmanager
def _torch_threads_kept() -> Iterator[None]:
    """Let torch compute on as many threads afterwards as before; batches change that."""
    import torch

    before = torch.get_num_threads()
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _batches(
    pictures: Iterable[NamedPicture], fitting: Fitting
) -> tuple[list[list[NamedPicture]], dict[str, Failure]]:
    """Return the pictures that are fitted together, and why others, by name, cannot be."""
    shapes: dict[tuple[int, ...], list[NamedPicture]] = {}
    unusable = {}
    for picture in pictures:
        try:
            target = fitting.target(picture.read())
            fitting.check(target)
        except Exception as error:  # whatever a damaged file provokes
            unusable[picture.name] = Failure.of(error)
        else:
            shapes.setdefault(target.shape, []).append(picture)
    batches = [
        members[first : first + fitting.batch]
        for members in shapes.values()
        for first in range(0, len(members), fitting.batch)
    ]
    return batches, unusable


def _fit_batch(task: _Task) -> list[_Outcome]:
    """Fit a batch and write its codes; if that fails, each picture alone.

    Torch computes on one thread wherever a batch is fitted: on more its sums round differently.
    """
    import torch

    torch.set_num_threads(1)
    with limited_threads(task.threads):
        try:
            return _fitted(task)
        except Exception as error:  # whatever one picture provokes must not cost the others
            if len(task.pictures) == 1:
                return [("", Failure.of(error))]
    alone = [
        task._replace(pictures=[picture], outputs=[output], progress=None)
        for picture, output in zip(task.pictures, task.outputs, strict=True)
    ]
    return [outcome for one in alone for outcome in _fit_batch(one)]


def _fitted(task: _Task) -> list[_Outcome]:
    digests = [_digest(picture) for picture in task.pictures]
    targets = [task.fitting.target(picture.read()) for picture in task.pictures]
    codes, losses = task.fitting.fit(targets, task.progress)
    rows = [saved(*one, overwrite=True) for one in zip(codes, task.outputs, losses, strict=True)]
    return list(zip(digests, rows, strict=True))


def saved(code: "IFSCode", path: Path, loss: float, *, overwrite: bool) -> Row:
    """Write a code of maps; return what there is to say about it."""
    from selfsame.codes.store import pack

    data = pack(code)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(path, data, overwrite=overwrite)
    width, height = code.size
    return {
        "bytes": len(data),
        "bpp": 8 * len(data) / (width * height),
        "maps": len(code.system),
        "loss": loss,
        "size": [width, height],
    }


def _digest(picture: NamedPicture) -> str:
    """Return the digest of a picture's file, or of its pixels in an array."""
    if isinstance(picture.source, Path):
        return file_digest(picture.source)
    if isinstance(picture.source, FilePart):
        return hashlib.sha256(picture.source.read()).hexdigest()
    shape = ",".join(map(str, picture.source.shape))
    return hashlib.sha256(shape.encode() + picture.source.tobytes()).hexdigest()
