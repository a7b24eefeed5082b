"""Codes into files of every format, chosen by the suffix."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from selfsame.codes.files import FORMS, Form
from selfsame.errors import SettingError
from selfsame.family import Code
from selfsame.ifs.code import IFSCode
from selfsame.io.files import check_writable, make_folder, write_bytes

if TYPE_CHECKING:
    from selfsame.ifs.exchange.flame import Flame


def output_paths(
    output: Path, count: int, *, overwrite: bool, inputs: Sequence[str | Path] = ()
) -> list[Path]:
    """Return where ``count`` codes go, checked before they are made.

    A name with a suffix is one file, which holds several codes if it is a ``.flame``; any other
    name is a folder, made if need be, of ``00000.ssm …``.

    Args:
        inputs: what the codes are read from.
    Raises:
        InputError: several codes for one file, another suffix, or not writable.
    """
    if output.suffix and not output.is_dir():
        if _form(output) != "flame" and count != 1:
            raise SettingError(
                f"{output} holds one code, and there are {count}; give a folder or pick one"
            )
        paths = [output]
    else:
        make_folder(output, "give a folder, or a name with suffix")
        paths = [output / f"{i:05d}.ssm" for i in range(count)]
    for path in paths:
        check_writable(path, overwrite=overwrite, inputs=inputs)
    return paths


def holds_any_family(output: Path) -> bool:
    """Return whether codes of every family can be written there; the other formats hold IFS."""
    return output.is_dir() or FORMS.get(output.suffix.lower(), "ssm") == "ssm"


def write_code_files(
    paths: Sequence[Path], codes: Sequence["Code | Flame"], *, overwrite: bool
) -> None:
    """Write codes to the paths that ``output_paths`` gave."""
    if len(paths) == 1 and _form(paths[0]) == "flame":
        from selfsame.ifs.exchange.flame import Flame, flame_from_code, write_flames

        flames = []
        for code in codes:
            assert isinstance(code, IFSCode | Flame), "holds_any_family says so"
            flames.append(flame_from_code(code) if isinstance(code, IFSCode) else code)
        write_flames(paths[0], flames, overwrite=overwrite)
        return
    from selfsame.codes.store import save

    for path, each in zip(paths, codes, strict=True):
        code = each if isinstance(each, Code) else each.code
        if _form(path) != "json":
            save(code, path, overwrite=overwrite)
            continue
        assert isinstance(code, IFSCode), "holds_any_family says so"
        from selfsame.ifs.exchange.json_code import code_to_values

        text = json.dumps(code_to_values(code), indent=1) + "\n"
        write_bytes(path, text.encode(), overwrite=overwrite)


def _form(path: Path) -> Form:
    suffix = path.suffix.lower()
    if suffix not in FORMS:
        raise SettingError(f"{path}: a code file ends in {', '.join(FORMS)}: got {suffix!r}")
    return FORMS[suffix]
