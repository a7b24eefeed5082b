"""What a picture is encoded to, checked once for the library, command line and Pillow alike."""

import math
import os
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Annotated, Any, Literal, get_args

from selfsame.checked import Checked, Range, Seed
from selfsame.codes.models import kind_of, name_of
from selfsame.errors import SettingError
from selfsame.pifs.code import Mode

DEFAULTS: dict[str, Any] = {
    "mode": "hybrid",
    "effort": 5,
    "range_size": 8,
    "domain_size": 32,
    "refine": 0,
    "seed": 0,
}
"""Of the settings that some methods use alone: there they take the place of None."""

DEFAULT_QUALITY = 75.0
TARGETS = ("quality", "bpp", "bytes", "psnr")

Preset = Literal["neural-collages-baseline"]
PRESETS: tuple[str, ...] = get_args(Preset)

METHODS = {
    "block codes": (*TARGETS, "mode", "effort"),
    "a preset": ("preset", "range_size", "domain_size"),
    "a model": (*TARGETS, "model", "refine", "seed"),
    "a latent space": ("model",),
}
"""The ways to encode, and the settings that each uses."""


def method_of(preset: str | None, model: str | None) -> str:
    """Return the key of ``METHODS`` that a preset or a model, where given, stands for."""
    if model is not None and not preset:
        return "a latent space" if kind_of(model) == "grid" else "a model"
    return "a preset" if preset else "block codes"


Percentage = Annotated[float, Range(0, 100, open_low=True)]


@dataclass(frozen=True)
class EncodeSettings(Checked):
    """What a picture is encoded to; of ``quality``, ``bpp``, ``bytes`` and ``psnr`` at most one.

    Attributes:
        quality: up to 100. None: 75 if nothing else is asked for.
        bpp: most bits per pixel, every byte of the file counted.
        bytes: most bytes of the file.
        psnr: least PSNR of the decoded picture, in dB.
        mode: hybrid, or pure: nothing but self-similarity and the means and slopes of blocks. None:
            hybrid.
        effort: 1 is fast, 9 gives small files. None: 5.
        preset: another encoder, with fixed blocks, all domains, no rate control.
        range_size: side of a preset's blocks, in pixels. None: 8.
        domain_size: side of a preset's domains, 1, 2 or 4 times as large. None: 32.
        model: a neural collage instead of blocks: collage, collage-aerial, or the path of a model
            of one's own; or a latent space, which codes a picture in as few numbers as it has:
            digits, glyphs, emoji, or a path.
        refine: steps of descent on a model's code of each picture; 8 to 16 do most of it. None: 0.
        seed: of the refinement. None: 0.
    What a method does not use stays None; of the others None becomes the default.

    Raises:
        InputError: more than one target, a value out of its range, or one that is not used with
            the other values, see ``METHODS``.
    """

    quality: Percentage | None = None
    bpp: Annotated[float, Range(0, open_low=True)] | None = None
    bytes: Annotated[int, Range(1)] | None = None
    psnr: Percentage | None = None
    mode: Mode | None = None
    effort: Annotated[int, Range(1, 9)] | None = None
    preset: Preset | None = None
    range_size: Literal[4, 8, 16, 32, 64] | None = None
    domain_size: Annotated[int, Range(4, 256)] | None = None
    model: str | None = None
    refine: Annotated[int, Range(0, 100_000)] | None = None
    seed: Seed | None = None

    def __post_init__(self) -> None:
        if isinstance(self.model, os.PathLike):
            object.__setattr__(self, "model", os.fspath(self.model))
        if isinstance(self.bytes, float) and self.bytes.is_integer():  # of a computed budget
            object.__setattr__(self, "bytes", int(self.bytes))
        super().__post_init__()
        for field in fields(self):
            name, value = field.name, getattr(self, field.name)
            if value is None and name in METHODS[self.method]:
                object.__setattr__(self, name, DEFAULTS.get(name))
            elif value is not None and name not in METHODS[self.method]:
                users = [method for method, names in METHODS.items() if name in names]
                raise SettingError(
                    f"{name} belongs to {' or '.join(users)}: it is not used with "
                    f"{self.method}; leave one out"
                )
        if self.range_size and self.domain_size not in [n * self.range_size for n in (1, 2, 4)]:
            raise SettingError(
                f"domain_size must be 1, 2 or 4 times range_size, {self.range_size}: "
                f"got {self.domain_size}"
            )
        given = [name for name in TARGETS if getattr(self, name) is not None]
        if len(given) > 1:
            raise SettingError(f"give at most one of {', '.join(TARGETS)}: got {', '.join(given)}")
        if not given and "quality" in METHODS[self.method]:
            object.__setattr__(self, "quality", DEFAULT_QUALITY)

    @cached_property
    def method(self) -> str:
        """A key of ``METHODS``; of a model it is looked up in the model's file."""
        return method_of(self.preset, self.model)

    @property
    def family(self) -> str:
        """Name of the family that encodes."""
        return {"a model": "collage", "a latent space": "grid"}.get(self.method, "pifs")

    def arguments(self, size: tuple[int, int]) -> dict[str, Any]:
        """Return the family's own settings for a picture of ``size``, (width, height)."""
        if self.preset is not None:
            return self.as_dict()
        if self.method == "a latent space":
            return {"model": self.model}
        most = self.bytes
        if self.bpp is not None:
            most = max(1, math.floor(self.bpp * size[0] * size[1] / 8))
        target = {"quality": self.quality, "bytes": most, "psnr": self.psnr}
        if self.model is None:
            return target | {"mode": self.mode, "effort": self.effort}
        return target | {"model": name_of(self.model), "refine": self.refine, "seed": self.seed}

    def as_dict(self) -> dict[str, Any]:
        """Return the settings that matter, ready for JSON; equal for equal settings."""
        values = super().as_dict()
        return {name: values[name] for name in METHODS[self.method] if values[name] is not None}
