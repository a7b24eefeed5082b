"""All that a network is told besides classes, as tokens of one width."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from selfsame.errors import InputError
from selfsame.priors.conditioning.config import SEMANTIC, TEXT, SemanticConfig, TextConfig
from selfsame.priors.conditioning.semantic import SemanticEncoder
from selfsame.priors.conditioning.text import TextEncoder


class Readers(nn.Module):
    """Readers of what is given, whose tokens lie side by side.

    Args:
        context: numbers of a token.
        tokens, numbers: of latents, which a semantic vector is of.
    """

    def __init__(
        self,
        context: int,
        tokens: int,
        numbers: int,
        text: TextConfig | None,
        semantic: SemanticConfig | None,
    ) -> None:
        super().__init__()
        self.enter = nn.ModuleDict()
        if text is not None:
            self.text = TextEncoder(text)
            self.enter[TEXT] = nn.Linear(text.width, context)
        if semantic is not None:
            self.semantic = SemanticEncoder(semantic, tokens, numbers)
            self.enter[SEMANTIC] = nn.Linear(semantic.numbers, context)

    def forward(self, given: Mapping[str, Tensor]) -> tuple[Tensor, Tensor] | None:
        """Return tokens to look at, (B, L, context), and which there are, (B, L); None: nothing is
        given.

        Args:
            given: some of ``text``, pieces of words by number, (B, L), and ``semantic``, vectors,
                (B, numbers).
        Raises:
            InputError: something is given that is not read.
        """
        unknown = [name for name in given if name not in self.enter]
        if unknown:
            read = ", ".join(self.enter) or "nothing"
            raise InputError(f"this model is told {read}: it reads no {unknown[0]}")
        tokens, masks = [], []
        for name, enter in self.enter.items():
            if name not in given:
                continue
            features, there = self._read(name, given[name])
            tokens.append(enter(features))
            masks.append(there)
        return (torch.cat(tokens, 1), torch.cat(masks, 1)) if tokens else None

    def _read(self, name: str, given: Tensor) -> tuple[Tensor, Tensor]:
        """Return features to look at, (B, L, ...), and which there are, (B, L)."""
        if name == TEXT:
            read: tuple[Tensor, Tensor] = self.text(given)
            return read
        return given[:, None], torch.ones(len(given), 1, dtype=torch.bool, device=given.device)
