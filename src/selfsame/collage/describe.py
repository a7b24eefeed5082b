"""What ``selfsame info`` says of a collage."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from selfsame.collage.code import CollageCode
from selfsame.family import PLANE_NAMES, Description, bit_rows


def describe(code: CollageCode) -> Description:
    """Return what people and programs want to know of a code; ``_values`` names the values."""
    values = _values(code)
    return Description(values, _rows(values), [_weight_table(values)])


def _values(code: CollageCode) -> dict[str, Any]:
    """Return what a code consists of, ready for JSON.

    ``bits`` counts the coded planes by syntax element. Of each plane: ``atoms``, ``nonzero``
    weights of atoms and ``domains`` weights of domains other than zero, per range, ``reach``, the
    mean index behind the last weight other than zero, and ``largest``, the largest magnitude.
    """
    from selfsame.collage.stream import write_symbols

    rows, columns = code.symbols[0].shape[1:]
    names = PLANE_NAMES[len(code.symbols)]
    return {
        "kind": "collage",
        "size": list(code.size),
        "model": code.model,
        "fingerprint": code.fingerprint.hex(),
        "step": code.step,
        "alpha": code.alpha is not None,
        "range_size": code.range_size,
        "ranges": [columns, rows],
        "domains": code.domains,
        "iterations": code.iterations,
        "bits": write_symbols(code.symbols, code.domains, code.step)[1],
        "planes": [
            {"name": name, **_describe_plane(plane, atoms)}
            for name, plane, atoms in zip(names, code.symbols, code.atoms, strict=True)
        ],
    }


def _describe_plane(plane: NDArray[np.int32], atoms: int) -> dict[str, Any]:
    ranges = plane[0].size
    weights = plane[1 : 1 + atoms] != 0
    reach = (weights * np.arange(1, atoms + 1)[:, None, None]).max(axis=0, initial=0)
    return {
        "atoms": atoms,
        "nonzero": int(weights.sum()) / ranges,
        "reach": float(reach.mean()),
        "domains": int(np.count_nonzero(plane[1 + atoms :])) / ranges,
        "largest": int(np.abs(plane[1:]).max(initial=0)),
    }


def _rows(values: dict[str, Any]) -> list[tuple[str, str]]:
    """Return names and values for people."""
    width, height = values["size"]
    color = "grey" if len(values["planes"]) == 1 else "sRGB"
    color += ", with alpha" if values["alpha"] else ""
    columns, rows = values["ranges"]
    side, domains = values["range_size"], values["domains"]
    return [
        ("size", f"{width}x{height} pixels, {color}"),
        ("model", f"{values['model']} ({values['fingerprint']}), step {values['step']}"),
        ("ranges", f"{columns}x{rows} of {side}x{side} pixels, {domains} domains each"),
        ("decoding", f"{values['iterations']} iterations"),
        *bit_rows(values["bits"]),
    ]


def _weight_table(values: dict[str, Any]) -> list[list[str]]:
    """Return a row of cells per plane: atoms, and the weights of a range on average."""
    return [
        ["plane", "atoms", "weights a range", "reach", "domains a range", "largest"],
        *(
            [
                plane["name"],
                str(plane["atoms"]),
                f"{plane['nonzero']:.2f}",
                f"{plane['reach']:.1f}",
                f"{plane['domains']:.3f}",
                str(plane["largest"]),
            ]
            for plane in values["planes"]
        ),
    ]
