"""A folder of codes to a folder of pictures."""

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

from selfsame.archive.listing import CODE_SUFFIX, FOLDER_HINT, absolute_model
from selfsame.errors import InputError
from selfsame.io.files import files_below, make_folder
from selfsame.io.pictures import check_picture_suffix, write_picture
from selfsame.run.executor import Executor, Failure, attempt_all
from selfsame.run.processes import Processes
from selfsame.run.progress import Progress


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
        model: of collages or grids, if it is none of the package's; see
            ``selfsame.codes.models.load_model``.
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
    work = partial(
        _decode_file,
        source=source,
        target=target,
        suffix=suffix,
        scale=scale,
        model=None if model is None else absolute_model(model),
        threads=executor.threads_each(len(names)),
        overwrite=overwrite,
    )
    errors: dict[str, str | None] = {}
    for name, result in attempt_all(executor, work, names):
        errors[name] = result.error if isinstance(result, Failure) else None
        settled(name, errors[name])
        progress(len(errors), len(names))
    return {name: errors[name] for name in names}


def _decode_file(
    name: str,
    *,
    source: Path,
    target: Path,
    suffix: str,
    scale: float,
    model: str | None,
    threads: int | None,
    overwrite: bool,
) -> None:
    from selfsame.codes.render import draw_bytes
    from selfsame.codes.store import load
    from selfsame.family import Run, View

    path = (target / name).with_suffix(suffix)
    if path.exists() and not overwrite:
        raise InputError(f"output {path} exists; pass --overwrite to replace it")
    path.parent.mkdir(parents=True, exist_ok=True)
    if model is not None:
        from selfsame.codes.models import load_model

        load_model(model)
    view = View(scale=None if scale == 1 else scale)
    write_picture(path, draw_bytes(load(source / name), view, Run(threads)))
