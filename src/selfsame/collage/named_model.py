"""Models that files name: by a fingerprint of what decoding depends on, and a name for people."""

import copy
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar, Protocol, Self, cast

import torch
from torch import nn

from selfsame.errors import InputError
from selfsame.io.model_file import Pretrained
from selfsame.io.model_place import local_weights
from selfsame.io.model_weights import FileDtype, rounded


class Named(Protocol):
    """A code that names its model."""

    @property
    def model(self) -> str: ...

    @property
    def fingerprint(self) -> bytes: ...


class NamedModel(Pretrained):
    """A model whose module ``decoder`` is what files made with it need, and name by its method
    ``fingerprint``.

    Attributes:
        loaded: by fingerprint, the decoders of every model of the class that was loaded.
    """

    loaded: ClassVar[dict[bytes, nn.Module]]

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.loaded = {}

    @classmethod
    def from_pretrained(cls, source: str | Path) -> Self:
        """As ``Pretrained`` says; files made with the model can be decoded from then on."""
        model = super().from_pretrained(source)
        decoder = cast(Any, model).decoder
        # A copy: the model may be trained or rounded, and is then another.
        cls.loaded[decoder.fingerprint()] = copy.deepcopy(decoder)
        return model

    def save_pretrained(
        self,
        folder: str | Path,
        card: Mapping[str, Any] | None = None,
        *,
        dtype: FileDtype | None = None,
    ) -> None:
        """As ``Pretrained`` says; the model itself is rounded to the numbers in the file.

        Its fingerprint must be that of the file, which codes name.
        """
        super().save_pretrained(folder, card, dtype=dtype)
        with torch.no_grad():
            for parameter in self.parameters():
                parameter.copy_(rounded(parameter, dtype or self.file_dtype))

    @classmethod
    def decoder_of(cls, code: Named) -> Any:
        """Return the decoder that a code needs: of a model that was loaded, or that ships.

        Raises:
            InputError: no model at hand has the fingerprint that the code names.
        """
        if code.fingerprint not in cls.loaded and code.model in cls.shipped():
            cls.from_pretrained(code.model)
        if code.fingerprint not in cls.loaded:
            raise InputError(
                f"the file was made with model {code.model!r} (fingerprint "
                f"{code.fingerprint.hex()}), which is not at hand; give its folder (--model PATH, "
                f"or {cls.__name__}.from_pretrained)"
            )
        return cls.loaded[code.fingerprint]

    @classmethod
    def kept(cls, source: str) -> Self:
        """Return a model by name or path; the last one is kept, for a folder's pictures."""
        weights = local_weights(source)
        kind: Any = cls
        return cast(Self, _kept(kind, source, 0 if weights is None else weights.stat().st_mtime_ns))


@lru_cache(maxsize=1)
def _kept(kind: type[NamedModel], source: str, changed: int) -> NamedModel:
    return kind.from_pretrained(source)
