"""What a diffusion is told of each picture of a set that it learns from."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from selfsame.datasets.pictures import Pictures
from selfsame.errors import SettingError
from selfsame.priors.conditioning.attributes import Attributes, attributes_of
from selfsame.priors.conditioning.config import LABEL, SEMANTIC, TEXT, SemanticConfig, TextConfig
from selfsame.priors.conditioning.text import TextEncoder, new_encoder
from selfsame.priors.conditioning.words import text_columns, text_ids

PIECES = 8000
"""Of a vocabulary that is learned from the texts of a set, at most."""


class Told(NamedTuple):
    """What a diffusion is told.

    Attributes:
        known: of N pictures, by name: ``labels``, (N,), and ``text``, (N, V, L).
        classes: names of the labels.
        readers: settings of the model that follow.
        encoder: of texts, which the model begins with.
        attributes: by which semantic vectors are to be changed.
    """

    known: dict[str, Tensor]
    classes: tuple[str, ...]
    readers: dict[str, Any]
    encoder: TextEncoder | None
    attributes: Attributes


def told_of(
    pictures: Pictures,
    conditions: Sequence[str],
    shapes: Mapping[str, Any],
    *,
    columns: Sequence[str] = (),
    encoder: TextEncoder | None = None,
    seed: int = 0,
) -> Told:
    """Return what a diffusion is told of pictures.

    Args:
        conditions: ``label``, ``text``, ``semantic``; none: labels, of pictures that have some.
        shapes: settings of the readers that were asked for, by name, where they are not those by
            default; and ``context``.
        columns: that say what pictures show; see ``text_columns``.
        encoder: of texts, to begin with; None: a new one that knows their words.
        seed: of the weights of a new one.
    Raises:
        SettingError: pictures without labels or captions that were asked for.
    """
    attributes: Attributes = {}
    asked = tuple(conditions) or ((LABEL,) if pictures.labels is not None else ())
    known: dict[str, Tensor] = {}
    readers: dict[str, Any] = {}
    if LABEL in asked:
        if pictures.labels is None:
            raise SettingError("the pictures have no labels: name a column of theirs as --label")
        known["labels"] = torch.from_numpy(pictures.labels.copy())
    if TEXT in asked:
        texts = text_columns(pictures.columns, columns)
        if encoder is None:
            said = [text for column in texts for text in column if text]
            shape = TextConfig.from_dict(shapes.get(TEXT) or {})
            encoder = new_encoder(said, shape, pieces=PIECES, seed=seed)
        known[TEXT] = text_ids(encoder.vocabulary, texts, encoder.config.longest)
        readers[TEXT] = encoder.config.as_dict()
    if SEMANTIC in asked:
        readers[SEMANTIC] = SemanticConfig.from_dict(shapes.get(SEMANTIC) or {}).as_dict()
        attributes = attributes_of(pictures.columns)
    if readers:
        widths = [part["width"] for part in readers.values()]
        readers["context"] = shapes.get("context") or max(widths)
    if attributes:
        readers["attributes"] = tuple(attributes)
    classes = (pictures.classes or ()) if "labels" in known else ()
    return Told(known, classes, readers, encoder if TEXT in asked else None, attributes)
