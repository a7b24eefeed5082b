"""A diffusion together with the latent space that its samples are points of."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from selfsame.checked import checked
from selfsame.errors import CorruptedError, SettingError
from selfsame.family import Scale, checked_drawn_size
from selfsame.io import hub
from selfsame.io.model_place import WEIGHTS_NAME, local_weights
from selfsame.latents import load_space
from selfsame.latents.space import Latents, LatentSpace
from selfsame.priors.diffusion.backbone import UNCONDITIONAL, Condition
from selfsame.priors.diffusion.config import SamplerSettings
from selfsame.priors.diffusion.generation import sample_latents, sample_masks
from selfsame.priors.diffusion.model import DiffusionModel

SPACE = "space"
"""The folder of the space within that of the model."""


class LatentDiffusion(NamedTuple):
    """What makes up codes: latents from the one, codes of them from the other (Rombach et al.,
    "High-resolution image synthesis with latent diffusion models", 2022).

    Attributes:
        model: of the latents.
        space: that they are points of.
    """

    model: DiffusionModel
    space: LatentSpace[Any]

    @classmethod
    def from_pretrained(cls, source: str | Path) -> "LatentDiffusion":
        """Return a diffusion and its space.

        Args:
            source: as of ``Pretrained.from_pretrained``. The space lies in the model's folder; of
                a model that ships, it ships by the name that the model gives.
        Raises:
            CorruptedError: the space there is not the one that the model learned.
            Others as ``Pretrained.from_pretrained``.
        """
        model = DiffusionModel.from_pretrained(source)
        space = load_space(_space_of(model, source), model.config.space)
        if space.fingerprint.hex() != model.config.space_digest:
            raise CorruptedError(
                f"{source}: the latent space beside the model is not the one that it learned; one "
                "of them was replaced"
            )
        return cls(model, space)

    def save_pretrained(self, folder: str | Path, card: Mapping[str, Any] | None = None) -> None:
        """Write both to a folder, made if need be; see ``Pretrained.save_pretrained``."""
        self.model.save_pretrained(folder, card)
        self.space.save_pretrained(Path(folder) / SPACE)

    def sample(
        self,
        count: int,
        settings: SamplerSettings | None = None,
        *,
        condition: Condition = UNCONDITIONAL,
        seed: int = 0,
        first: int = 0,
        **options: Any,
    ) -> Latents:
        """Return latents that the model makes up, as codes hold them, on the CPU.

        A sample has as many tokens as those of the data have, by its class.

        Args:
            options: as of ``selfsame.priors.diffusion.generation.sample_latents``.
        """
        mask = sample_masks(self.model, count, labels=condition.labels, seed=seed, first=first)
        values = sample_latents(
            self.model,
            count,
            settings,
            condition=condition,
            mask=mask,
            seed=seed,
            first=first,
            **options,
        )
        return self.space.rounded(Latents(values, mask=mask))

    def drawn_side(self, scale: float) -> int:
        """Return the side in pixels of samples that are drawn at a scale.

        Raises:
            InputError: a scale out of its range, or at which pictures are too large.
        """
        side: int = max(1, round(self.space.side * checked("scale", scale, Scale)))
        checked_drawn_size((side, side))
        return side

    @property
    def classes(self) -> tuple[str, ...]:
        """What samples can be of: the names of the classes, or their numbers."""
        config = self.model.config
        return config.class_names or tuple(map(str, range(config.classes)))

    def labels(self, words: Sequence[str]) -> Tensor:
        """Return the numbers of classes, (N,).

        Raises:
            SettingError: the model knows no such class.
        """
        for word in words:
            if word not in self.classes:
                known = ", ".join(self.classes) or "it was trained without labels"
                raise SettingError(f"the model knows no class {word!r}: {known}")
        return torch.tensor([self.classes.index(word) for word in words])

    def texts(self, prompts: Sequence[str]) -> Tensor:
        """Return the pieces of prompts by number, (N, L), for ``DiffusionModel.condition``.

        Raises:
            SettingError: the model reads no text, or a prompt says nothing.
        """
        if not prompts:
            return torch.empty(0, 0, dtype=torch.int32)
        if self.model.config.text is None:
            raise SettingError(f"the model {self.model.name} reads no prompts")
        ids: Tensor = self.model.readers.text.ids(prompts)
        for prompt, row in zip(prompts, ids, strict=True):
            if not row.any():
                raise SettingError(f"a prompt must say something: got {prompt!r}")
        return ids


def _space_of(model: DiffusionModel, source: str | Path) -> str | Path:
    """Return where the space of a model is."""
    if str(source).startswith(hub.SCHEME):
        return hub.download(str(source), f"{SPACE}/{WEIGHTS_NAME}")[0]
    weights = local_weights(source)
    if str(source) in DiffusionModel.shipped() or weights is None:
        return model.config.space
    return weights.parent / SPACE
