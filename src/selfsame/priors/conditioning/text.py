"""A reader of words: a text as tokens to look at, and as one vector of what it means."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from selfsame.errors import InputError
from selfsame.io.model_file import Pretrained
from selfsame.nn.transformer import TransformerBlock, normed
from selfsame.priors.conditioning.config import TextConfig
from selfsame.priors.conditioning.words import NOTHING, Vocabulary, learn_vocabulary


class TextEncoder(Pretrained):
    """A transformer over the pieces of a text.

    Attributes:
        config: its shape.
        vocabulary: its pieces.
    """

    file_format = "selfsame text 1"
    config_type = TextConfig
    home: ClassVar[str] = "selfsame.priors.conditioning"
    made_by = "selfsame train text"

    config: TextConfig
    letters: Tensor

    def __init__(self, config: TextConfig) -> None:
        super().__init__()
        self.config = config
        width = config.width
        self.register_buffer("letters", torch.zeros(config.letters, dtype=torch.uint8))
        self.pieces = nn.Embedding(config.pieces, width)
        self.places = nn.Parameter(0.02 * torch.randn(config.longest, width))
        self.blocks = nn.ModuleList(
            TransformerBlock(width, config.heads) for _ in range(config.depth)
        )
        nn.init.normal_(self.pieces.weight, std=0.02)
        if config.taught:
            self.meaning = nn.Linear(width, config.taught)

    @classmethod
    def least_tensors(cls, config: Any) -> int:
        """Return a number of tensors that the blocks have at least."""
        return 10 * int(config.depth)

    @classmethod
    def of_vocabulary(cls, vocabulary: Vocabulary, config: TextConfig) -> "TextEncoder":
        """Return a new encoder of the pieces of a vocabulary, of a shape like ``config``."""
        shape = replace(config, pieces=len(vocabulary), letters=len(vocabulary.data))
        encoder = cls(shape)
        encoder.letters.copy_(torch.frombuffer(bytearray(vocabulary.data), dtype=torch.uint8))
        return encoder

    @property
    def vocabulary(self) -> Vocabulary:
        """The pieces that the network knows.

        Raises:
            CorruptedError: they are damaged.
            MissingExtraError: the extra ``learn`` is not installed.
        """
        return Vocabulary(self.letters.cpu().numpy().tobytes())

    def ids(self, texts: Sequence[str]) -> Tensor:
        """Return what ``forward`` reads of texts, (N, longest)."""
        return self.vocabulary.ids(texts, self.config.longest)

    def forward(self, ids: Tensor) -> tuple[Tensor, Tensor]:
        """Return features of every piece, (B, L, width), and whether there is one, (B, L).

        Args:
            ids: pieces by number, (B, L), ``NOTHING`` after the last.
        """
        there = ids != NOTHING
        # The first place is looked at in a text of nothing: a mean of no token is none.
        looked_at = there.clone()
        looked_at[:, 0] = True
        x = self.pieces(ids.long()) + self.places[: ids.shape[1]]
        for block in self.blocks:
            x = block(x, looked_at[:, None, None])
        return normed(x), there

    def meanings(self, ids: Tensor) -> Tensor:
        """Return a vector of length 1 for each text, (B, taught).

        Raises:
            InputError: an encoder that was taught none.
        """
        if not self.config.taught:
            raise InputError(f"{self.name} was taught no meanings")
        features, there = self(ids)
        share = there[..., None].to(features)
        mean = (features * share).sum(1) / share.sum(1).clamp(min=1)
        found: Tensor = self.meaning(mean)
        return nn.functional.normalize(found, dim=1)


def new_encoder(texts: Sequence[str], config: TextConfig, *, pieces: int, seed: int) -> TextEncoder:
    """Return an untrained encoder that knows the words of texts.

    Args:
        config: its shape, but for the vocabulary.
        pieces: of the vocabulary, at most.
        seed: of the weights.
    Raises:
        InputError: as ``learn_vocabulary``.
    """
    vocabulary = learn_vocabulary(texts, pieces)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return TextEncoder.of_vocabulary(vocabulary, config)


def chosen_text(ids: Tensor, generator: torch.Generator | None) -> Tensor:
    """Return one of the texts of each sample, (B, L), of several, (B, V, L).

    Args:
        generator: chooses among those that say something, the first as often as all others
            together; None: the first.
    """
    if generator is None or ids.shape[1] == 1:
        return ids[:, 0]
    says = (ids[:, :, 0] != NOTHING).float()
    others = says[:, 1:].sum(1)
    says[:, 0] *= others.clamp(min=1)
    says[:, 0] += says.sum(1) == 0  # of a sample without any
    chosen = torch.multinomial(says, 1, generator=generator)[:, 0]
    return ids[torch.arange(len(ids), device=ids.device), chosen]
