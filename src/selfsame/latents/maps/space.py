"""The space of sets of affine maps: every token a map, every set of them an IFS."""

import hashlib
from collections.abc import Mapping
from dataclasses import astuple
from fractions import Fraction
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from selfsame.errors import InputError
from selfsame.ifs.code import IFSCode, Viewport
from selfsame.ifs.fit.maps import dyadic_probabilities
from selfsame.ifs.system import IFS
from selfsame.io.model_file import Pretrained
from selfsame.latents.maps.config import MapsConfig
from selfsame.latents.maps.drawing import draw_maps
from selfsame.latents.maps.encoding import fitted_tokens, map_counts
from selfsame.latents.maps.tokens import FIELDS, maps_of, rounded_set
from selfsame.latents.space import Field, Latents

WINDOW = Viewport(-1.0, -1.0, 1.0, 1.0)
"""Of the plane, that a picture shows."""


class MapsModel(Pretrained):
    """What there is to keep of a space of sets of maps: its settings. No weights are learned."""

    file_format = "selfsame maps 1"
    config_type = MapsConfig
    noun: ClassVar[str] = "latent space"
    made_by = "selfsame latents maps"

    config: MapsConfig

    def __init__(self, config: MapsConfig | None = None) -> None:
        super().__init__()
        self.config = config or MapsConfig()


class MapsSpace:
    """A ``LatentSpace`` whose pictures are unordered sets of contractive maps, drawn grey.

    A picture is coded by descent on what is drawn, see ``selfsame.latents.maps.encoding``; what a
    token says is in ``selfsame.latents.maps.tokens``.

    Attributes:
        model: its settings, and what it is called.
        card: of the model.
    """

    channels = 1
    fields: tuple[Field, ...] = FIELDS

    def __init__(self, model: MapsModel, card: Mapping[str, Any] | None = None) -> None:
        self.model, self.config, self.card = model, model.config, dict(card or {})
        self.tokens, self.side = self.config.maps, self.config.side
        self.name = model.name
        settings = repr((model.file_format, *astuple(self.config)))
        self.fingerprint = hashlib.sha256(settings.encode()).digest()[:8]

    @classmethod
    def from_pretrained(cls, source: str | Path, name: str | None = None) -> "MapsSpace":
        """Return the space of a folder; see ``Pretrained.from_pretrained``.

        Args:
            name: that it is to have, if not that of its place.
        """
        model = MapsModel.from_pretrained(source)
        model.name = name or model.name
        return cls(model, MapsModel.card_of(source))

    def save_pretrained(self, folder: str | Path) -> None:
        """Write the settings to a folder, made if need be."""
        self.model.save_pretrained(folder, self.card)

    def digest(self) -> str:
        """See ``LatentSpace``."""
        return self.fingerprint.hex()

    def encode(self, pictures: Tensor) -> Latents:
        """See ``LatentSpace``; the more pictures at a time, the faster.

        Raises:
            InputError: a black picture, or pictures of another shape.
        """
        if pictures.ndim != 4 or pictures.shape[1:] != (1, self.side, self.side):
            raise InputError(
                f"pictures must be (B, 1, {self.side}, {self.side}): got {tuple(pictures.shape)}"
            )
        counts = map_counts(pictures, self.config)
        values = pictures.new_zeros(len(pictures), self.tokens, len(FIELDS))
        for count in torch.unique(counts).tolist():
            chosen = torch.nonzero(counts == count)[:, 0]
            values[chosen, :count] = fitted_tokens(pictures[chosen], count, self.config)
        return Latents(values, mask=torch.arange(self.tokens).to(counts) < counts[:, None])

    def draw(self, latents: Latents, scale: float | Fraction = 1) -> Tensor:
        """See ``LatentSpace``."""
        values, mask = self._checked(latents)
        side = max(1, round(self.side * scale))
        pen = self.config.pen * (side / self.side) ** 2
        counts = mask.sum(1)
        first = mask.int().argsort(dim=1, descending=True, stable=True)  # those that are there
        drawn = values.new_zeros(len(values), 1, side, side)
        for count in torch.unique(counts).tolist():
            chosen = torch.nonzero(counts == count)[:, 0]
            there = first[chosen, :count, None].expand(-1, -1, len(FIELDS))
            maps = maps_of(values[chosen].gather(1, there))
            picture = draw_maps(maps, side, count * self.config.dots, pen)
            drawn = drawn.index_copy(0, chosen, picture)
        return drawn

    def rounded(self, latents: Latents) -> Latents:
        """See ``LatentSpace``; the maps come in an order of their own, from the likeliest on."""
        values, mask = self._checked(latents)
        held = torch.zeros_like(values)
        for row, tokens, there in zip(held, values, mask, strict=True):
            row[: int(there.sum())] = rounded_set(tokens[there])
        counts = mask.sum(1, keepdim=True)
        return Latents(held, mask=torch.arange(values.shape[1]).to(counts) < counts)

    def codes(self, latents: Latents) -> list[IFSCode]:
        """See ``LatentSpace``: legal systems, whose maps all contract."""
        held = self.rounded(latents)
        assert held.mask is not None
        return [
            self._code(tokens[there])
            for tokens, there in zip(held.values.double(), held.mask, strict=True)
        ]

    def _code(self, tokens: Tensor) -> IFSCode:
        maps = maps_of(tokens[None])
        matrices, offsets, log_p = (part[0].cpu().numpy() for part in maps[:3])
        # Single precision: files store it in half the bytes.
        system = IFS(
            matrices.astype(np.float32), offsets.astype(np.float32), dyadic_probabilities(log_p)
        )
        return IFSCode(system, WINDOW, (self.side, self.side))

    def _checked(self, latents: Latents) -> tuple[Tensor, Tensor]:
        """Return values and mask; every set has a map.

        Raises:
            InputError: values or a mask of other shapes, or a set without maps.
        """
        values, mask = latents.values, latents.mask
        if values.dim() != 3 or not 1 <= values.shape[1] <= self.tokens:
            wrong = True
        else:
            wrong = values.shape[2] != len(FIELDS)
        if wrong:
            raise InputError(
                f"values must be (B, T, {len(FIELDS)}), T up to {self.tokens}: got "
                f"{tuple(values.shape)}"
            )
        if mask is None:
            mask = torch.ones(values.shape[:2], dtype=torch.bool, device=values.device)
        if mask.shape != values.shape[:2] or not bool(mask.any(1).all()):
            raise InputError("mask must say of each token whether it is there, and of each set one")
        return values, mask.bool()
