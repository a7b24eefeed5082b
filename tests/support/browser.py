"""Codes opened and drawn by the browser's module in Node, and the numbers that Python has."""

import base64
import json
import shutil
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from selfsame.collage.code import CollageCode
from selfsame.collage.grid.code import GridCode
from selfsame.ifs.code import IFSCode
from selfsame.mosaic.code import MosaicCode
from selfsame.pifs.code import PifsCode

RUN = Path(__file__).parents[1] / "web" / "run.mjs"

needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="Node is not installed")


@dataclass(frozen=True)
class Job:
    """A file to open, and views of it to draw: options as ``Code.render`` takes them."""

    file: bytes
    renders: list[dict[str, Any]] = field(default_factory=list)
    model: bytes | None = None
    base: str | None = None


def in_node(*jobs: Job) -> list[dict[str, Any]]:
    """What became of each: attributes, ``fields`` and ``pictures`` of a code, of which those that
    were drawn are (H, W, 4) bytes; or ``error`` and ``message``."""

    def text(data):
        return None if data is None else base64.b64encode(data).decode()

    entries = [
        {"file": text(j.file), "model": text(j.model), "base": j.base, "renders": j.renders}
        for j in jobs
    ]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "jobs.json"
        path.write_text(json.dumps(entries))
        run = subprocess.run(["node", RUN, path, folder], capture_output=True, text=True)
        assert run.returncode == 0, run.stderr
        results = json.loads(run.stdout)
        for result in results:
            if "fields" in result:
                result["fields"] = _arrays(result["fields"])
                result["pictures"] = [_pixels(picture) for picture in result["pictures"]]
    return results


_TYPES = {
    "Uint8Array": np.uint8,
    "Int8Array": np.int8,
    "Int32Array": np.int32,
    "Float64Array": np.float64,
}


def _arrays(value):
    if isinstance(value, list):
        return [_arrays(part) for part in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"type", "data"}:
        return np.frombuffer(base64.b64decode(value["data"]), _TYPES[value["type"]])
    return {key: _arrays(part) for key, part in value.items()}


def _pixels(picture):
    if "error" in picture:
        return picture
    shape = picture["height"], picture["width"], 4
    return np.frombuffer(Path(picture["name"]).read_bytes(), np.uint8).reshape(shape)


def numbers(code):
    """The numbers of a code by the names that the browser's module gives them."""
    width, height = code.size
    return {
        "width": width,
        "height": height,
        "channels": code.channels,
        **_NUMBERS[type(code)](code),
    }


def _ifs(code: IFSCode):
    primitive, system = code.primitive, code.system
    shapes = (None, "disk", "rectangle", "segment")
    return {
        "dimension": system.dimension,
        "viewport": np.array(code.viewport),
        "matrices": system.matrices,
        "offsets": system.offsets,
        "probabilities": system.probabilities,
        "colors": np.empty(0) if system.colors is None else system.colors,
        "shape": shapes.index(primitive and primitive.kind),
        "parameters": np.array(primitive.parameters if primitive else [], np.float64),
        "notes": dict(code.notes),
    }


def _pifs(code: PifsCode):
    planes = [
        {
            name: getattr(plane, name)
            for name in ("height", "width", "step", "blocks", "maps", "levels")
        }
        for plane in code.planes
    ]
    return {
        "mode": code.mode,
        "halfChroma": int(code.half_chroma),
        "iterations": code.iterations,
        "deblock": code.deblock,
        "planes": planes,
        "alpha": _alpha(code),
    }


def _collage(code: CollageCode):
    planes = [
        {"atoms": atoms, "rows": plane.shape[1], "columns": plane.shape[2], "symbols": plane}
        for atoms, plane in zip(code.atoms, code.symbols, strict=True)
    ]
    return {
        "model": code.model,
        "fingerprint": np.frombuffer(code.fingerprint, np.uint8),
        "step": code.step,
        "rangeSize": code.range_size,
        "domains": code.domains,
        "iterations": code.iterations,
        "planes": planes,
        "alpha": _alpha(code),
    }


def _mosaic(code: MosaicCode):
    names = (
        "grid",
        "levels",
        "saturation",
        "tint",
        "cells",
        "isometries",
        "contrasts",
        "means",
        "slopes",
    )
    found = {name: getattr(code, name) for name in names}
    if code.pieces is None:
        return found
    height, width = code.pieces.picture.shape[:2]
    second = {"picture": code.pieces.picture, "places": code.pieces.places}
    return found | {"pieces": {"width": width, "height": height, **second}}


def _alpha(code):
    return np.empty(0, np.uint8) if code.alpha is None else code.alpha


def _grid(code: GridCode):
    numbers, rows, columns = code.levels.shape
    return {
        "model": code.model,
        "fingerprint": np.frombuffer(code.fingerprint, np.uint8),
        "numbers": numbers,
        "rows": rows,
        "columns": columns,
        "levels": code.levels,
        "alpha": _alpha(code),
    }


_NUMBERS = {
    GridCode: _grid,
    IFSCode: _ifs,
    PifsCode: _pifs,
    CollageCode: _collage,
    MosaicCode: _mosaic,
}


def assert_same_numbers(found, expected, path="code"):
    """Equal by name, type and value, arrays in the order of memory."""
    if isinstance(expected, dict):
        assert set(found) == set(expected), path
        for name, part in expected.items():
            assert_same_numbers(found[name], part, f"{path}.{name}")
    elif isinstance(expected, list):
        assert len(found) == len(expected), path
        for i, part in enumerate(expected):
            assert_same_numbers(found[i], part, f"{path}.{i}")
    elif isinstance(expected, np.ndarray):
        np.testing.assert_array_equal(found, expected.ravel(), path, strict=True)
    else:
        assert found == expected, path


def as_pixels(picture):
    """A picture of Python's, floats in [0, 1], as (H, W, 4) whole numbers."""
    values = np.rint(picture.reshape(*picture.shape[:2], -1) * 255).astype(int)
    colors, alpha = values, np.full(values.shape[:2], 255)
    if values.shape[2] in (2, 4):
        colors, alpha = values[..., :-1], values[..., -1]
    return np.dstack([np.broadcast_to(colors, (*alpha.shape, 3)), alpha])
