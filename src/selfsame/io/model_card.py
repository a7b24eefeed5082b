"""Model cards: what people should know of a model, as the README of its folder.

Front matter as the Hugging Face Hub reads it, its values as JSON, which YAML contains; then the
card's entries as a table, those that are tables themselves as sections.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

REPLACED = "<!-- written by selfsame, and anew whenever the model is; to keep it, delete this -->"
"""Stands in every card: a README without it is somebody's own."""

_LICENCE_NAME = re.compile(r"[a-z0-9][a-z0-9.-]*")


def card_text(title: str, kind: str, card: Mapping[str, Any]) -> str:
    """Return the README of a model, in Markdown.

    Args:
        title: what the model is called.
        kind: of model, one word.
        card: ready for JSON. ``licence`` also goes into the front matter; ``data``,
            ``training_seconds`` and ``validation``, a mapping of figures, are what a card should
            have.
    """
    values = {key: value for key, value in card.items() if not isinstance(value, Mapping)}
    tables = {key: value for key, value in card.items() if isinstance(value, Mapping)}
    front = {**_licence(card.get("licence")), "library_name": "selfsame", "tags": ["image", kind]}
    lines = [
        "---",
        *(f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in front.items()),
        "---",
        REPLACED,
        f"# {title}",
        f"A model of the kind `{kind}` of Selfsame: the weights are in `model.safetensors`, its "
        "shape and this card in `config.json`.",
    ]
    if values:
        lines += ["", *_table(values)]
    for key, table in tables.items():
        lines += ["", f"## {_words(key).capitalize()}", *_table(table)]
    return "\n".join(lines) + "\n"


def _licence(licence: Any) -> dict[str, str]:
    """Return the entries of the front matter: one of the Hub's short names, or a name of its own.

    What is unsaid is ``unknown``.
    """
    if not licence:
        return {"license": "unknown"}
    name = str(licence).lower()
    if _LICENCE_NAME.fullmatch(name):
        return {"license": name}
    return {"license": "other", "license_name": str(licence)}


def _table(values: Mapping[str, Any]) -> list[str]:
    return ["| | |", "|---|---|", *(f"| {_words(k)} | {_cell(v)} |" for k, v in values.items())]


def _words(key: str) -> str:
    return key.replace("_", " ")


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.5g}"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return " ".join(text.split()).replace("|", "\\|")
