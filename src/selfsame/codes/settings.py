"""What a picture is encoded to, checked once for the library, command line and Pillow alike."""

import math
import os
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np

from selfsame.errors import InputError
from selfsame.pifs.code import Mode

DEFAULT_QUALITY = 75.0
TARGETS = ("quality", "bpp", "bytes", "psnr")
PRESETS = ("neural-collages-baseline",)

MODELS = {"collage": "photo", "collage-aerial": "aerial"}
"""Trained models of the package, as the command line and as ``CollageModel.shipped`` call them."""

MAX_REFINE = 100_000

_MODEL_HELP = f"{', '.join(MODELS)}, or the path of a model"


@dataclass(frozen=True)
class EncodeSettings:
    """What a picture is encoded to; of ``quality``, ``bpp``, ``bytes`` and ``psnr`` at most one.

    Attributes:
        quality: above 0, at most 100; 75 if nothing else is asked for.
        bpp: most bits per pixel, every byte of the file counted.
        bytes: most bytes of the file.
        psnr: least PSNR of the decoded picture, in dB.
        mode: ``hybrid``, or ``pure``: nothing but self-similarity and the means and slopes of
            blocks.
        effort: 1 (fast) to 9 (small files).
        preset: another encoder, which chooses everything itself: ``neural-collages-baseline``
            has fixed blocks of ``range_size`` and all domains of ``domain_size`` pixels, 1, 2 or 4
            times as large.
        model: a neural collage instead of blocks: a key of ``MODELS``, or the path of a model.
        refine: steps of descent on the levels of each picture, 8 to 16 do most; of a model only.
        seed: of the refinement.
    Raises:
        InputError: more than one target, or a value out of its range.
    """

    quality: float | None = None
    bpp: float | None = None
    bytes: int | None = None
    psnr: float | None = None
    mode: Mode = "hybrid"
    effort: int = 5
    preset: str | None = None
    range_size: int = 8
    domain_size: int = 32
    model: str | None = None
    refine: int = 0
    seed: int = 0

    def __post_init__(self) -> None:
        given = [name for name in TARGETS if getattr(self, name) is not None]
        if len(given) > 1:
            raise InputError(f"give at most one of {', '.join(TARGETS)}: got {', '.join(given)}")
        for name in given:
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float | np.number):
                raise InputError(f"{name} must be a number: got {value!r}")
            limit = 100 if name in ("quality", "psnr") else math.inf
            if not 0 < value <= limit or not math.isfinite(value):
                top = f" and at most {limit}" if limit == 100 else " and finite"
                raise InputError(f"{name} must be above 0{top}: got {value}")
            if name == "bytes" and int(value) != value:
                raise InputError(f"bytes must be a whole number: got {value}")
            object.__setattr__(self, name, int(value) if name == "bytes" else float(value))
        if self.mode not in ("hybrid", "pure"):
            raise InputError(f"mode must be hybrid or pure: got {self.mode!r}")
        if self.effort not in range(1, 10):
            raise InputError(f"effort must be a whole number from 1 to 9: got {self.effort!r}")
        self._check_model()
        if self.preset is not None:
            if self.preset not in PRESETS:
                raise InputError(f"preset must be one of {', '.join(PRESETS)}: got {self.preset!r}")
            if given:
                raise InputError(f"preset {self.preset} takes no {given[0]}: it chooses by itself")
        elif not given:
            object.__setattr__(self, "quality", DEFAULT_QUALITY)

    def _check_model(self) -> None:
        for name, most in (("refine", MAX_REFINE), ("seed", 2**63 - 1)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | np.integer):
                raise InputError(f"{name} must be a whole number: got {value!r}")
            if not 0 <= value <= most:
                raise InputError(f"{name} must be 0 to {most}: got {value}")
            if value and self.model is None:
                raise InputError(f"{name} belongs to a model: give model, one of {_MODEL_HELP}")
            object.__setattr__(self, name, int(value))
        if self.model is None:
            return
        try:
            object.__setattr__(self, "model", os.fspath(self.model))
        except TypeError as error:
            raise InputError(f"model must be {_MODEL_HELP}: got {self.model!r}") from error
        for name, default in (("preset", None), ("mode", "hybrid"), ("effort", 5)):
            if getattr(self, name) != default:
                raise InputError(
                    f"model {self.model} takes no {name}: that is for block codes; leave one out"
                )

    @property
    def family(self) -> str:
        """Name of the family that encodes."""
        return "pifs" if self.model is None else "collage"

    def arguments(self, size: tuple[int, int]) -> dict[str, Any]:
        """Return the family's own settings for a picture of ``size``, (width, height)."""
        if self.preset is not None:
            return self.as_dict()
        most = self.bytes
        if self.bpp is not None:
            most = max(1, math.floor(self.bpp * size[0] * size[1] / 8))
        target = {"quality": self.quality, "bytes": most, "psnr": self.psnr}
        if self.model is None:
            return target | {"mode": self.mode, "effort": self.effort}
        model = MODELS.get(self.model, self.model)  # as CollageModel calls it
        return target | {"model": model, "refine": self.refine, "seed": self.seed}

    @classmethod
    def from_options(cls, options: dict[str, Any]) -> "EncodeSettings":
        """Return the settings that a dict of options describes.

        Raises:
            InputError: an unknown option, or as for the class.
        """
        known = [field.name for field in fields(cls)]
        for name in options:
            if name not in known:
                raise InputError(f"unknown option {name!r}; allowed are {', '.join(known)}")
        return cls(**options)

    def as_dict(self) -> dict[str, Any]:
        """Return the settings that matter, ready for JSON; equal for equal settings."""
        if self.preset is not None:
            return {
                "preset": self.preset,
                "range_size": self.range_size,
                "domain_size": self.domain_size,
            }
        values = asdict(self)
        target = next(name for name in TARGETS if values[name] is not None)
        if self.model is not None:
            return {
                target: values[target],
                "model": self.model,
                "refine": self.refine,
                "seed": self.seed,
            }
        return {target: values[target], "mode": self.mode, "effort": self.effort}
