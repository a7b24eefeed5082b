"""What a prior needs to know of a latent space, and all that it knows.

A picture is T tokens of D numbers. What a token holds, the space says by its fields; where it
stands, if anywhere, by its position. Whatever tokens a prior makes up, the space turns into legal
codes, which save, open and zoom like any other.
"""

from fractions import Fraction
from pathlib import Path
from typing import Literal, NamedTuple, Protocol, TypeVar

from torch import Tensor

from selfsame.family import Code

FieldKind = Literal["real", "level", "choice"]


class Field(NamedTuple):
    """One number of a token.

    Attributes:
        name: for people.
        kind: ``real``; ``level``, whole multiples of ``quantum``; ``choice``, one of the whole
            numbers ``low`` to ``high``, without an order.
        low, high: its range; infinite where there is none.
        quantum: what codes round it to.
    """

    name: str
    kind: FieldKind
    low: float
    high: float
    quantum: float


class Latents(NamedTuple):
    """Pictures as tokens.

    Attributes:
        values: (B, T, D), a number per field.
        positions: (T, 2), row and column of each token from 0, the same for all pictures; None:
            tokens without an order.
        mask: (B, T), False where a picture has no token; None: all are there.
    """

    values: Tensor
    positions: Tensor | None = None
    mask: Tensor | None = None

    def rows(self, chosen: slice) -> "Latents":
        """Return those of some of the pictures."""
        mask = None if self.mask is None else self.mask[chosen]
        return Latents(self.values[chosen], self.positions, mask)


C = TypeVar("C", bound=Code)


class LatentSpace(Protocol[C]):
    """A way to write pictures as tokens.

    Attributes:
        name: of the model that it belongs to.
        fingerprint: 8 bytes of what drawing depends on.
        fields: of a token.
        tokens: T, at most.
        channels: of its pictures, 1 or 3.
        side: of its pictures, in pixels, at scale 1.
    """

    name: str
    fingerprint: bytes
    fields: tuple[Field, ...]
    tokens: int
    channels: int
    side: int

    def digest(self) -> str:
        """Return a short hash of all that coding and drawing depend on."""

    def encode(self, pictures: Tensor) -> Latents:
        """Return what pictures, (B, C, side, side) in [0, 1], are coded to, not yet rounded."""

    def draw(self, latents: Latents, scale: float | Fraction = 1) -> Tensor:
        """Return the pictures, (B, C, S, S) with S = round(side · scale), differentiable by the
        values, not clipped."""

    def rounded(self, latents: Latents) -> Latents:
        """Return the tokens as codes hold them."""

    def codes(self, latents: Latents) -> list[C]:
        """Return the codes of pictures; those of equal rounded tokens are equal."""

    def save_pretrained(self, folder: str | Path) -> None:
        """Write the space to a folder, made if need be, for ``selfsame.latents.load_space``; codes
        of one are codes of the other."""
