"""The space of collages: a small grid of numbers, from which a network writes the collage."""

import math
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from selfsame.collage.grid.code import GridCode
from selfsame.collage.grid.codec import codes_of, levels_of
from selfsame.collage.grid.network.model import GridModel
from selfsame.errors import InputError
from selfsame.latents.space import Field, FieldKind, Latents

GROUP = 64
"""Pictures that go through the encoder at a time."""


class CollageSpace:
    """A ``LatentSpace`` of the grids of a model; a token is a cell.

    Attributes:
        model: encoder and decoder.
        card: of the model.
    """

    def __init__(self, model: GridModel, card: Mapping[str, Any] | None = None) -> None:
        config = model.config
        self.model, self.card = model, dict(card or {})
        self.name, self.fingerprint = model.name, model.decoder.fingerprint()
        self.tokens, self.side = config.rows**2, config.side
        self.channels: int = config.channels
        most = math.inf if config.regulariser == "kl" else 1.0
        kind: FieldKind = "level" if config.regulariser == "fsq" else "real"
        self.fields = tuple(
            Field(f"number {i}", kind, -most, most, config.quantum) for i in range(config.numbers)
        )

    @classmethod
    def from_pretrained(cls, source: str | Path, name: str | None = None) -> "CollageSpace":
        """Return the space of a model; see ``Pretrained.from_pretrained``.

        Args:
            name: that codes are to call it, if not that of its place.
        """
        model = GridModel.from_pretrained(source)
        model.name = name or model.name
        return cls(model, GridModel.card_of(source))

    def save_pretrained(self, folder: str | Path) -> None:
        """Write the model to a folder, made if need be; codes of one are codes of the other."""
        self.model.save_pretrained(folder, self.card, dtype="exact")

    def digest(self) -> str:
        """See ``LatentSpace``."""
        return self.model.digest()

    def encode(self, pictures: Tensor) -> Latents:
        """See ``LatentSpace``."""
        mean = torch.cat([self.model.encode(part).mean for part in torch.split(pictures, GROUP)])
        return Latents(mean.flatten(2).mT, self._positions(mean.device))

    def draw(self, latents: Latents, scale: float | Fraction = 1) -> Tensor:
        """See ``LatentSpace``."""
        drawn: Tensor = self.model.decoder(self._grid(latents), scale)
        return drawn

    def rounded(self, latents: Latents) -> Latents:
        """See ``LatentSpace``."""
        levels = levels_of(self.model, self._grid(latents)).to(latents.values)
        return latents._replace(values=(levels * self.model.config.quantum).flatten(2).mT)

    def codes(self, latents: Latents) -> list[GridCode]:
        """See ``LatentSpace``."""
        return codes_of(self.model, levels_of(self.model, self._grid(latents)))

    def _grid(self, latents: Latents) -> Tensor:
        """Return numbers as the model has them, (B, D, rows, columns)."""
        values, rows = latents.values, self.model.config.rows
        if values.shape[1:] != (self.tokens, len(self.fields)):
            raise InputError(
                f"values must be (B, {self.tokens}, {len(self.fields)}): got {tuple(values.shape)}"
            )
        return values.mT.reshape(len(values), len(self.fields), rows, rows)

    def _positions(self, device: torch.device) -> Tensor:
        places = torch.arange(self.model.config.rows, device=device)
        return torch.cartesian_prod(places, places)
