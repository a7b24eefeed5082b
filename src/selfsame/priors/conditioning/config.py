"""Readers of conditions: their settings, without torch."""

from dataclasses import dataclass
from typing import Annotated

from selfsame.checked import Checked, Range
from selfsame.errors import SettingError

LABEL, TEXT, SEMANTIC = "label", "text", "semantic"
"""What samples are made for."""

MAX_WIDTH = 1 << 14

Width = Annotated[int, Range(1, MAX_WIDTH)]
Depth = Annotated[int, Range(0, 1000)]


def check_heads(width: int, heads: int) -> None:
    """Raise ``SettingError`` unless the heads of an attention divide the width of its tokens."""
    if width % heads:
        raise SettingError(f"heads must divide the width: got {heads} for a width of {width}")


@dataclass(frozen=True)
class ReaderConfig(Checked):
    """A transformer over tokens.

    Attributes:
        width: features of a token.
        depth: blocks.
        heads: of the attention; they divide the width.
    Raises:
        InputError: a value out of its range, or values that do not go together.
    """

    width: Width = 128
    depth: Depth = 2
    heads: Width = 4

    def __post_init__(self) -> None:
        super().__post_init__()
        check_heads(self.width, self.heads)


@dataclass(frozen=True)
class TextConfig(ReaderConfig):
    """A reader of words.

    Attributes:
        pieces: words and parts of words that it knows, two at least: nothing, and what is unknown.
        letters: bytes of its vocabulary.
        longest: pieces of a text that are read.
        taught: numbers of the embeddings that it was taught by; 0: none.
    """

    pieces: Annotated[int, Range(2, 1 << 20)] = 2
    letters: Annotated[int, Range(0, 1 << 26)] = 0
    longest: Annotated[int, Range(1, 4096)] = 24
    taught: Annotated[int, Range(0, MAX_WIDTH)] = 0


@dataclass(frozen=True)
class SemanticConfig(ReaderConfig):
    """An encoder of latents to a vector of what they show (Preechakul et al. 2022).

    Attributes:
        numbers: of the vector.
    """

    numbers: Width = 64
