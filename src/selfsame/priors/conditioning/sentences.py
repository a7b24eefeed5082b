"""A frozen sentence model of others: texts to vectors of what they mean.

Source: Reimers and Gurevych, "Sentence-BERT", EMNLP 2019.
"""

import hashlib
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from selfsame.errors import InputError
from selfsame.run.progress import Progress

_GROUP = 64
"""Texts that are read at a time."""

_FOLDER = "model"
"""Of a Python package that holds a model."""


class SentenceModel:
    """A transformer whose mean feature is the meaning of a text.

    Args:
        source: a folder as ``transformers`` writes it, or an installed Python package with such a
            folder, ``model``, in it.
    Raises:
        InputError: there is none.
        MissingExtraError: the extra ``text`` is not installed.
    """

    def __init__(self, source: str | Path) -> None:
        from transformers import AutoModel, AutoTokenizer

        folder = _folder(source)
        try:
            self._tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
            self._model = AutoModel.from_pretrained(folder, local_files_only=True).eval()
        except (OSError, ValueError) as error:
            raise InputError(f"{source} is no sentence model: {error}") from error

        weights = next(iter(sorted(folder.glob("*.safetensors"))), None)
        self.digest = "" if weights is None else hashlib.sha256(weights.read_bytes()).hexdigest()
        """Of the weights; empty if the folder has them in another file."""

    @property
    def words(self) -> list[str]:
        """Whole words that the model has pieces of their own for, sorted."""
        return sorted(word for word in self._tokenizer.get_vocab() if word.isalpha())

    @torch.no_grad()
    def meanings(self, texts: Sequence[str], progress: Progress | None = None) -> Tensor:
        """Return a vector of length 1 of each text, (N, E).

        Args:
            progress: of texts.
        """
        order = sorted(range(len(texts)), key=lambda number: len(texts[number]))
        found: list[Tensor] = []
        for first in range(0, len(order), _GROUP):
            group = [texts[number] for number in order[first : first + _GROUP]]
            read: Any = self._tokenizer(group, padding=True, truncation=True, return_tensors="pt")
            share = read["attention_mask"][..., None].float()
            features = self._model(**read).last_hidden_state
            found.append(F.normalize((features * share).sum(1) / share.sum(1), dim=1))
            if progress is not None:
                progress(first + len(group), len(order))
        whole = torch.cat(found)
        return torch.empty_like(whole).index_copy_(0, torch.tensor(order), whole)


def _folder(source: str | Path) -> Path:
    """Return the folder of a sentence model; see ``SentenceModel``."""
    if Path(source).is_dir():
        return Path(source)
    name = str(source).replace("-", "_")
    spec = find_spec(name) if name.isidentifier() else None
    if spec is None or spec.origin is None or not (Path(spec.origin).parent / _FOLDER).is_dir():
        raise InputError(f"{source} is no folder, and no package with a sentence model")
    return Path(spec.origin).parent / _FOLDER
