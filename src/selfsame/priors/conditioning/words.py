"""Texts as numbers of pieces: words, and parts of words where a word is rare."""

import io
from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

from selfsame.datasets.columns import CAPTIONS, TAGS, Columns, no_column, text_kind
from selfsame.errors import CorruptedError, InputError, SettingError

NOTHING, UNKNOWN = 0, 1
"""Numbers of the pieces that stand for no piece, and for a letter that is not known."""


class Vocabulary:
    """Pieces of texts in lower case.

    Args:
        data: as ``learn_vocabulary`` and ``data`` give it.
    Raises:
        CorruptedError: the bytes are no vocabulary.
        MissingExtraError: the extra ``learn`` is not installed.
    Source: Kudo, "Subword regularization", ACL 2018 (unigram pieces).
    """

    def __init__(self, data: bytes) -> None:
        from sentencepiece import SentencePieceProcessor

        self.data = data
        try:
            self._processor = SentencePieceProcessor(model_proto=data)
            special = self._processor.pad_id(), self._processor.unk_id()
        except (RuntimeError, OSError, UnicodeDecodeError) as error:
            raise CorruptedError(f"the vocabulary of a model is damaged: {error}") from error
        if special != (NOTHING, UNKNOWN):
            raise CorruptedError("the vocabulary of a model is damaged: it has no padding")

    def __len__(self) -> int:
        """Return the number of pieces."""
        return int(self._processor.get_piece_size())

    def ids(self, texts: Sequence[str], longest: int) -> Tensor:
        """Return the pieces of texts by number, (N, longest), cut there; ``NOTHING`` after them."""
        ids = torch.full((len(texts), longest), NOTHING, dtype=torch.int32)
        for row, found in zip(ids, self._processor.encode(list(texts)), strict=True):
            some = found[:longest]
            row[: len(some)] = torch.tensor(some, dtype=torch.int32)
        return ids


def learn_vocabulary(texts: Iterable[str], size: int) -> Vocabulary:
    """Return the pieces, ``size`` at most, that write texts best; the same each time.

    Raises:
        InputError: no text, or too few pieces for their letters.
        MissingExtraError: the extra ``learn`` is not installed.
    """
    from sentencepiece import SentencePieceTrainer

    found = io.BytesIO()
    try:
        SentencePieceTrainer.train(
            sentence_iterator=iter(texts),
            model_writer=found,
            vocab_size=size,
            model_type="unigram",
            normalization_rule_name="nmt_nfkc_cf",
            character_coverage=1.0,
            hard_vocab_limit=False,
            pad_id=NOTHING,
            unk_id=UNKNOWN,
            bos_id=-1,
            eos_id=-1,
            num_threads=1,
            minloglevel=2,
        )
    except (RuntimeError, OSError) as error:
        raise InputError(f"no vocabulary of {size} pieces can be learned: {error}") from error
    return Vocabulary(found.getvalue())


def text_columns(columns: Columns, chosen: Sequence[str] = ()) -> list[list[str]]:
    """Return what is said of each picture, column by column.

    Args:
        chosen: names of columns; none: captions and tags, in all languages that there are.
    Raises:
        SettingError: no such column, or none that says something.
    """
    names = list(chosen) or [
        name for kind in (CAPTIONS, TAGS) for name in columns if text_kind(name) == kind
    ]
    for name in names:
        if name not in columns:
            raise no_column(columns, name)
    texts = [[str(value) for value in columns[name].tolist()] for name in names]
    if not any(text for column in texts for text in column):
        raise SettingError("the pictures have no captions: nothing is said of any of them")
    return texts


def text_ids(vocabulary: Vocabulary, texts: Sequence[Sequence[str]], longest: int) -> Tensor:
    """Return the pieces of V texts for each of N pictures, (N, V, longest), see ``Vocabulary.ids``.

    Args:
        texts: V columns of N.
    """
    return torch.stack([vocabulary.ids(column, longest) for column in texts], 1)
