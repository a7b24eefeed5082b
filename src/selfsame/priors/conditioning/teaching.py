"""Teaching a small encoder of texts what a large one knows, in other languages too.

A text and its translations are to mean what the teacher says of the English one.

Source: Hinton et al., "Distilling the knowledge in a neural network", 2015; in other languages
Reimers and Gurevych, "Making monolingual sentence embeddings multilingual using knowledge
distillation", EMNLP 2020.
"""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from selfsame.datasets.batches import TensorBatches
from selfsame.datasets.columns import TAGS, Columns, text_kind
from selfsame.io.files import atomic_file, make_folder
from selfsame.priors.conditioning.sentences import SentenceModel
from selfsame.priors.conditioning.text import TextEncoder
from selfsame.run.progress import Progress
from selfsame.training.batches import Batch
from selfsame.training.task import Means, Metrics, Task
from selfsame.version import __version__

GROUP = 2048
"""Texts whose meanings are asked for at a time, and kept in a file."""


class Lessons(NamedTuple):
    """Texts, and what they mean in English.

    Attributes:
        texts: in any language.
        english: the text that has the meaning of each.
    """

    texts: list[str]
    english: list[str]


def lessons_of(columns: Columns, words: Sequence[str]) -> Lessons:
    """Return what there is to be learned: words, captions, tags alone and together, and what the
    latter two are in other languages. None comes twice.

    Args:
        columns: of a set of pictures.
    """
    pairs = dict.fromkeys((word, word) for word in words)
    for name, column in columns.items():
        kind = text_kind(name)
        if kind is None or kind not in columns:
            continue
        for text, english in zip(column.tolist(), columns[kind].tolist(), strict=True):
            if text and english:
                pairs[text, english] = None
                if name == TAGS:
                    pairs |= dict.fromkeys((tag, tag) for tag in text.split())
    return Lessons([text for text, _ in pairs], [english for _, english in pairs])


def meanings_of(
    teacher: SentenceModel, texts: Sequence[str], keep: Path, progress: Progress | None = None
) -> Tensor:
    """Return what a teacher says that texts mean, (N, E).

    Args:
        keep: folder in which meanings are kept as they come, and looked for.
        progress: of texts.
    """
    make_folder(keep, "meanings are kept in a folder")
    parts = []
    for first in range(0, len(texts), GROUP):
        group = texts[first : first + GROUP]
        state = repr((__version__, teacher.digest, group))
        place = keep / f"{hashlib.sha256(state.encode()).hexdigest()[:32]}.npy"
        if not place.exists():
            told = None if progress is None else progress.part(first, len(texts), len(group))
            found = teacher.meanings(group, told)
            with atomic_file(place) as file:
                np.save(file, found.numpy().astype(np.float16))
        parts.append(torch.from_numpy(np.load(place)))
        if progress is not None:
            progress(first + len(group), len(texts))
    return F.normalize(torch.cat(parts).float(), dim=1)


class LessonBatches:
    """Texts with their meanings, every one once per epoch; see ``selfsame.datasets.epochs``.

    Args:
        ids: pieces of the texts, (N, L).
        meanings: of English texts, (M, E).
        which: of these is that of each text, (N,).
        batch: texts of a step, of all processes together.
    """

    def __init__(self, ids: Tensor, meanings: Tensor, which: Tensor, batch: int) -> None:
        self._texts, self._meanings = TensorBatches({"ids": ids, "which": which}, batch), meanings
        digest = hashlib.sha256(repr((tuple(ids.shape), tuple(meanings.shape), batch)).encode())
        for part in (ids, meanings, which):
            digest.update(part.contiguous().numpy().tobytes())
        self.fingerprint = digest.hexdigest()[:16]
        """Digest of all that the batches depend on but the seed."""

    def __len__(self) -> int:
        """Return the number of texts."""
        return len(self._texts)

    def batch(self, seed: int, step: int, indices: Sequence[int]) -> Batch:
        """Return texts ``indices`` of a step, ``ids``, (len(indices), L), and ``meanings``,
        (len(indices), E)."""
        texts = self._texts.batch(seed, step, indices)
        return {"ids": texts["ids"], "meanings": self._meanings[texts["which"]]}


class TextTask(Task):
    """An encoder that learns meanings, for ``selfsame.training.train``.

    Attributes:
        model: what is trained.
        validation: a batch on which it is measured.
    """

    model: TextEncoder

    def __init__(self, model: TextEncoder, validation: Mapping[str, Tensor] | None = None) -> None:
        self.model, self.validation = model, validation

    def loss(
        self, batch: Mapping[str, Tensor], step: int, generator: torch.Generator
    ) -> tuple[Tensor, Metrics]:
        """Return one minus the cosine of what is said and what it means, in the mean."""
        loss = _distance(self.model, batch)
        return loss, {"distance": loss}

    @torch.no_grad()
    def validate(self, model: nn.Module, shard: slice) -> Means:
        """Return the loss of the validation batch."""
        assert isinstance(model, TextEncoder)
        if self.validation is None:
            return super().validate(model, shard)
        device = model.pieces.weight.device
        part = {name: each[shard].to(device) for name, each in self.validation.items()}
        return Means({"distance": float(_distance(model, part))}, len(part["ids"]))


def _distance(model: TextEncoder, batch: Mapping[str, Tensor]) -> Tensor:
    return 1 - (model.meanings(batch["ids"]) * batch["meanings"]).sum(1).mean()
