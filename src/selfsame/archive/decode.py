"""A folder of codes to a folder of pictures."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from selfsame.archive.listing import CODE_SUFFIX, FOLDER_HINT
from selfsame.errors import InputError
from selfsame.io.files import files_below, make_folder
from selfsame.io.pictures import check_picture_suffix, write_picture
from selfsame.run.processes import WorkerDiedError, available_cores, run_tasks


class _Task(NamedTuple):
    code: Path
    picture: Path
    scale: float
    model: Path | None
    threads: int | None
    overwrite: bool


def decode_folder(
    folder: str | os.PathLike[str],
    output: str | os.PathLike[str],
    *,
    suffix: str = ".png",
    scale: float = 1.0,
    model: Path | None = None,
    jobs: int | None = None,
    overwrite: bool = False,
    progress: Callable[[str, str | None], None] | None = None,
) -> dict[str, str | None]:
    """Decode every ``.ssm`` file of a folder and its sub-folders to a picture in ``output``.

    Args:
        suffix: of the pictures, which says their format.
        scale: output pixels per pixel of the original.
        model: of collages, if it is none of the package's.
        jobs: processes; default one per core.
        progress: called with each file that is settled, as in the result.
    Returns:
        By relative name of each code None, or the error that kept it from being decoded.
    Raises:
        InputError: no folder, no code in it, an unknown suffix, or ``output`` cannot be a folder.
    """
    source, target = Path(folder), Path(output)
    names = files_below(source, (CODE_SUFFIX,))
    check_picture_suffix(f"a{suffix}")
    make_folder(target, FOLDER_HINT)
    jobs = min(available_cores() if jobs is None else jobs, len(names))
    threads = 1 if jobs > 1 else None
    tasks = {
        _Task(
            source / name, (target / name).with_suffix(suffix), scale, model, threads, overwrite
        ): name
        for name in names
    }
    errors: dict[str, str | None] = {}
    for task, result in run_tasks(_decode_file, list(tasks), jobs):
        error = str(result) if isinstance(result, WorkerDiedError) else result
        errors[tasks[task]] = error
        if progress:
            progress(tasks[task], error)
    return {name: errors[name] for name in names}


def _decode_file(task: _Task) -> str | None:
    from selfsame.codes.render import decode
    from selfsame.codes.store import load

    try:
        if task.picture.exists() and not task.overwrite:
            raise InputError(f"output {task.picture} exists; pass --overwrite to replace it")
        task.picture.parent.mkdir(parents=True, exist_ok=True)
        if task.model is not None:
            from selfsame.collage.network.model import CollageModel

            CollageModel.from_pretrained(task.model)
        picture = decode(load(task.code), scale=task.scale, threads=task.threads)
        write_picture(task.picture, picture, overwrite=task.overwrite)
    except Exception as error:  # one bad file must not stop the rest
        return str(error) or type(error).__name__
    return None
