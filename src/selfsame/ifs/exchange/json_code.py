"""Codes as JSON objects: what ``selfsame info --json`` prints, and back."""

import json
from typing import Any

from selfsame.errors import CorruptedError, InputError, UnsupportedError
from selfsame.ifs.code import IFSCode, Primitive, Viewport
from selfsame.ifs.system import IFS

MAX_FILE_BYTES = 1 << 25
"""Largest JSON file that is read: the parameters of ``MAX_MAPS`` maps in full precision."""


def code_to_values(code: IFSCode) -> dict[str, Any]:
    """Return a code as plain lists, numbers and strings; numbers keep all their bits in JSON."""
    system, primitive = code.system, code.primitive
    return {
        "kind": "ifs",
        "matrices": system.matrices.tolist(),
        "offsets": system.offsets.tolist(),
        "probabilities": system.probabilities.tolist(),
        "colors": None if system.colors is None else system.colors.tolist(),
        "viewport": list(code.viewport),
        "size": list(code.size),
        "primitive": primitive
        and {"kind": primitive.kind, "parameters": [float(v) for v in primitive.parameters]},
        "notes": dict(code.notes),
    }


def code_from_values(values: Any) -> IFSCode:
    """Return the code that ``code_to_values`` described.

    ``kind, matrices, offsets, viewport`` and ``size`` are needed, the rest may be missing or
    null; other keys are ignored.

    Raises:
        FormatError: UnsupportedError for another kind of code, else CorruptedError.
    """
    if not isinstance(values, dict):
        raise CorruptedError(f"a code is a JSON object: got {type(values).__name__}")
    if values.get("kind") != "ifs":
        raise UnsupportedError(f"kind must be 'ifs': got {values.get('kind')!r:.80}")
    missing = [k for k in ("matrices", "offsets", "viewport", "size") if values.get(k) is None]
    if missing:
        raise CorruptedError(f"the code lacks {', '.join(missing)}")
    notes, primitive, size = values.get("notes") or {}, values.get("primitive"), values["size"]
    if not isinstance(notes, dict) or not all(isinstance(v, str) for v in notes.values()):
        raise CorruptedError("notes must be an object of strings")
    if not (isinstance(size, list) and [type(side) for side in size] == [int, int]):
        raise CorruptedError(f"size must be two integers: got {size!r:.80}")
    try:
        system = IFS(
            values["matrices"], values["offsets"], values.get("probabilities"), values.get("colors")
        )
        shape = primitive and Primitive(
            primitive["kind"], tuple(float(v) for v in primitive["parameters"])
        )
        view = Viewport(*values["viewport"])
        return IFSCode(system, view, (size[0], size[1]), shape, notes)
    except InputError as error:
        raise CorruptedError(str(error)) from error
    except OverflowError as error:
        raise CorruptedError("a number is larger than floats can be") from error
    except (TypeError, ValueError, KeyError, IndexError) as error:
        raise CorruptedError(f"viewport or primitive cannot be read: {error!r:.80}") from error


def code_from_json(data: bytes) -> IFSCode:
    """Return the code in the bytes of a JSON file.

    Raises:
        FormatError: as ``code_from_values``, or no JSON.
    """
    try:
        values = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise CorruptedError(f"not JSON: {error}") from error
    return code_from_values(values)
