"""A folder of codes to a folder of pictures."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from selfsame.archive.listing import CODE_SUFFIX, FOLDER_HINT, absolute_model
from selfsame.errors import InputError
from selfsame.io.files import files_below, make_folder
from selfsame.io.pictures import check_picture_suffix, write_picture
from selfsame.run.executor import Executor, Failure, attempt_all
from selfsame.run.processes import Processes
from selfsame.run.progress import Progress


class _Task(NamedTuple):
    code: Path
    picture: Path
    scale: float
    model: str | None
    threads: int | None
    overwrite: bool


def decode_folder(
    folder: str | os.PathLike[str],
    output: str | os.PathLike[str],
    *,
    suffix: str = ".png",
    scale: float = 1.0,
    model: str | os.PathLike[str] | None = None,
    executor: Executor | None = None,
    overwrite: bool = False,
    settled: Callable[[str, str | None], object] = lambda name, error: None,
    progress: Progress | None = None,
) -> dict[str, str | None]:
    """Decode every ``.ssm`` file of a folder and its sub-folders to a picture in ``output``.

    Args:
        suffix: of the pictures, which says their format.
        scale: output pixels per pixel of the original.
        model: of collages, if it is none of the package's; as ``CollageModel.from_pretrained``.
        executor: where codes are decoded; default processes here, one per core.
        settled: called with each file that is done or has failed, as in the result.
        progress: of files.
    Returns:
        By relative name of each code None, or the error that kept it from being decoded.
    Raises:
        InputError: no folder, no code in it, an unknown suffix, or ``output`` cannot be a folder.
        CancelledError: ``progress`` was cancelled.
    """
    executor = Processes() if executor is None else executor
    progress = Progress() if progress is None else progress
    source, target = Path(folder).resolve(), Path(output).resolve()
    names = files_below(source, (CODE_SUFFIX,))
    check_picture_suffix(f"a{suffix}")
    make_folder(target, FOLDER_HINT)
    threads = executor.threads_each(len(names))
    tasks = {
        _Task(
            source / name,
            (target / name).with_suffix(suffix),
            scale,
            None if model is None else absolute_model(model),
            threads,
            overwrite,
        ): name
        for name in names
    }
    errors: dict[str, str | None] = {}
    for task, result in attempt_all(executor, _decode_file, list(tasks)):
        name, error = tasks[task], result.error if isinstance(result, Failure) else None
        errors[name] = error
        settled(name, error)
        progress(len(errors), len(names))
    return {name: errors[name] for name in names}


def _decode_file(task: _Task) -> None:
    from selfsame.codes.render import decode
    from selfsame.codes.store import load

    if task.picture.exists() and not task.overwrite:
        raise InputError(f"output {task.picture} exists; pass --overwrite to replace it")
    task.picture.parent.mkdir(parents=True, exist_ok=True)
    if task.model is not None:
        from selfsame.collage.network.model import CollageModel

        CollageModel.from_pretrained(task.model)
    picture = decode(load(task.code), scale=task.scale, threads=task.threads)
    write_picture(task.picture, picture, overwrite=task.overwrite)
